"""Columns that are read together with the one that holds the prompt or the text.

Two rows are copies where all that a model is given agrees. A question under another system prompt, about another passage
or with other choices is another question, so these columns belong to the prompt; the title of a review belongs to its text.
Names decide which, contents only whether they can be: text, or nested values where the name says choices or history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curate.dataset import names as known
from curate.dataset.shapes import Facts


def prompt_columns(main: Sequence[str], free: Mapping[str, Facts], taken: Sequence[str]) -> list[str]:
    """`main` with what stands before and behind it, in the order of `names.BEFORE` and `names.BEHIND`."""
    if any(free[name].conversation for name in main if name in free):
        return list(main)  # turns say who speaks, and open with the system's words themselves
    apart = {*main, *taken}
    before = [name for name in _named(free, known.BEFORE) if name not in apart]
    behind = [name for name in _named(free, known.BEHIND) if name not in apart]
    return [*before, *main, *behind]


def text_columns(main: Sequence[str], texts: Sequence[str], free: Mapping[str, Facts], taken: Sequence[str]) -> list[str]:
    """`main` and the texts beside it that are a part of what is read, in the order of the columns.

    A column that spells another one anew (`clean_text`) and values that repeat like categories are no part of it; where
    spans point into the text, nothing joins it.
    """
    if not main or any(known.plain(name) in known.SPANS for name in free):
        return list(main)
    wanted = {*main}
    for name in texts:
        fact = free.get(name)
        if fact is None or name in wanted or name in taken or _reworked(name):
            continue
        if known.rank(name, known.NAMES["text"]) is not None and fact.median_words >= 2 and not fact.repeats:
            wanted.add(name)
    parts = [name for name in known.BEFORE if name not in known.OPENING]
    wanted |= {name for name in _named(free, (*parts, *known.CHOICES)) if name not in taken and not _reworked(name)}
    return [name for name in free if name in wanted]


def _named(free: Mapping[str, Facts], names: Sequence[str]) -> list[str]:
    by_name = {known.plain(name): name for name, fact in free.items() if _part(fact)}
    return [by_name[name] for name in names if name in by_name]


def _part(fact: Facts) -> bool:
    return fact.filled > 0 and (fact.text_share > 0.5 or fact.nested) and not fact.numeric


def _reworked(name: str) -> bool:
    return not known.REWORKED.isdisjoint(known.plain(name).split("_"))
