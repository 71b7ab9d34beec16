"""Rows in `curate review`: the question that a row is, in plain lines, and what a person may answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from curate.words import plural

if TYPE_CHECKING:
    from curate.review.rows import RowReview


def keys(rows: RowReview) -> str:
    """What may be answered about a row."""
    kinds = ", ".join(rows.kinds)
    example = "w label=VALUE" if "label" in rows.kinds else "w quality=drop"
    return (f"c: nothing wrong  w KIND: wrong ({kinds}; {example} says what is right)  f: cannot tell  "
            "Enter or space: skip  u: undo  r: rates  ?: more  q: stop")  # fmt: skip


def help_lines(rows: RowReview) -> Iterator[str]:
    """More about what may be answered."""
    yield keys(rows)
    yield "  first letters do: w l is w label; several kinds: w privacy, quality"
    if "label" in rows.kinds:
        yield "  w label=VALUE         wrong label; VALUE is the right one, and `curate apply` puts it there"
    yield "  w privacy=WORDS       personal data that is still to be read there; its place is kept, not the words"
    yield "  w duplicate=ROW       the row repeats that one, and goes"
    yield "  w quality=drop        a fault for which the row should go; other=drop the same"
    yield "  without = a sighting counts in the rates and is noted; the data stays as it is"


def shown(rows: RowReview, row: int, like: tuple[int, float] | None) -> Iterator[str]:
    """A row in plain lines. What was found is masked; what nobody found stands there as it is."""
    from curate.privacy.preview import masked_preview
    from curate.review.words import LIKE_WIDTH, ROW_WIDTH

    previews = rows.review.previews
    found = rows.found_in(row)
    told = f"found there already: {', '.join(found)}" if found else "nothing was found there"
    yield f"is anything {'else ' if found else ''}wrong with this row? ({told})"
    yield f"  row {row}{_label(previews, row)}: {previews.row(row, ROW_WIDTH) or '(empty)'}"
    others = _other_columns(rows, row)
    if others:
        yield "  " + ", ".join(f"{masked_preview(name, 40)} {masked_preview(value, OTHER_WIDTH)}" for name, value in others)
    if like is not None:
        other, score = like
        yield f"  most like it, row {other}{_label(previews, other)}, {score:.0%} alike: {previews.row(other, LIKE_WIDTH)}"


def _label(previews: Any, row: int) -> str:
    label = previews.label(row)
    return f" [{label}]" if label else ""


OTHER_WIDTH = 160
_SHOWN = ("context", "group", "split", "source", "time")


def _other_columns(rows: RowReview, row: int) -> list[tuple[str, str]]:
    """Columns that are neither content nor label: personal data hides there, too."""
    from curate.review.words import in_words

    roles = rows.dataset.roles
    told = {name for role, names in roles.items() for name in names if role not in _SHOWN}
    values = rows.dataset.row(row)
    others = [name for name in rows.dataset.columns if name not in told and values.get(name) is not None]
    return [(name, in_words(values[name])) for name in others]


def answered(rows: RowReview, row: int, said: str, actor: str) -> str | None:
    """The id of the decision that an answer about a row is, on disk by now; None where nothing was answered. ConfigError
    says what does not fit."""
    from curate.review.answers import parse_seen

    key, _, rest = said.partition(" ")
    key = key.lower()
    if key in ("c", "f") and not rest:
        return rows.say(row, "clean" if key == "c" else "unsure", actor=actor)
    if key == "w":
        return rows.say(row, "wrong", parse_seen(rows, row, rest), actor=actor)
    for line in help_lines(rows) if said == "?" else [f"that answers no question about a row; {keys(rows)}"]:
        click.echo(line)
    return None


def say_rates(found: Any, rows: RowReview, width: float) -> None:
    """What the answers about rows certify."""
    from curate.review.rows import sentences

    if found is not None:
        for line in sentences(found, width):
            click.echo(line)
    if rows.strangers:
        these = plural(rows.strangers, "row answered about is", "rows answered about are")
        click.echo(f"{these} not in this data; kept, and of no effect")
