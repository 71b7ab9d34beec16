"""What a model is given beside the text: a system prompt, a passage, choices. Under another setting nothing is a copy.

Roles name one main text; "Which of these is true?" with the same answer is asked a hundred times of other choices, and
dropping ninety-nine of them would be wrong. So two rows of one split are copies (or contradict one another) only where what
such columns say is the same but for white space. A row whose text an evaluation split holds is a leak under any system
prompt, and beside any column that has no role; where passages, choices or turns have the role `context`, they are a part
of what is asked, and a row of another context is no leak. Nor is one of another system prompt where the same is asked again
and again ("Summarise this."), each time under another that says something else: then that is what it is about.

What such a column says, and that a date or an id under its name says nothing, is decided value by value
(`curate.dataset.given`), each row by itself; only what is asked again and again is counted, in all rows. A column of
another name that the role `context` was given to counts wherever it is filled. So do further answers or conversations
beside those that are read (`response_0` and `response_1`, `conversation_b`), lists of labels, a label that is a number
with a fraction (also the score of two texts side by side), and prose without a role whose values say different things,
where the texts that are read come twice in the mean or more often (a page beside each of many claims). Where they come
again more seldom, such prose keeps rows of the very same text that it says different things beside: what is made of a text
(cleaned, translated) is the same beside the same text, and may differ as little as nearly the same texts do.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.dataset import Dataset
from curate.dataset.column import Column
from curate.dataset.content import as_text, loaded
from curate.dataset.given import answers_side_by_side, choice_columns, filled_choices, opened, says, words_in
from curate.dataset.inner import holder_of
from curate.dataset.names import CHOICES, LISTED_CHOICES, PASSAGES, SURE_LABELS, SYSTEM, TURNS_BEFORE, about_row, plain
from curate.dataset.types import CONTENT_ROLES
from curate.dataset.unread import unread_prose
from curate.similarity.exact import exact_groups
from curate.similarity.partners import Ints

_ASKED_OFTEN = 5
"""System prompts under which the same is asked, from which on the question says nothing by itself."""
_ASKED_OF = 3
"""Different questions under one system prompt, in the median: a persona is asked more."""
_OWN_WORDS = 8
"""Words of a system prompt, in the median, that most others under which the same is asked do not hold: more than a name and
a date."""
_PROSE = 4
"""The same of a column of prose; what a server writes of a row has a date, a name and a number of its own."""
_ALIKE, _MANY, _GROUPS = 0.5, 30, 20_000
"""Share of the runs of letters that an edited copy of prose has in common with it; things said beside one text, and texts,
of which that is asked."""
_SAMPLE = 50
_LISTS_OF_LABELS = ("label", "labels", "_tags")
"""How names of columns end that hold the labels of a row as a list, which the role of one label does not read."""
_OF_PAIRS = ("score", "similarity", "relatedness")
"""How names of columns end that hold the number that two texts side by side are given; of one text it may be anything."""
_LETTERS = re.compile(r"[^\W\d_]+")
_LONGEST = 4000
_LONG = 32
"""Blanks from which on nobody counts words."""


def setting_of(dataset: Dataset, threads: int) -> Ints | None:
    """One number a setting; None where no row is given anything beside its text."""
    found: Ints | None = _looked(dataset, threads)[1]
    return found


def setting_across(dataset: Dataset, threads: int) -> Ints | None:
    """One number for what rows of different splits must have in common; None where no role names anything of the kind."""
    found: Ints | None = _looked(dataset, threads)[2]
    return found


def settings_of(dataset: Dataset, threads: int = 1) -> list[str]:
    """The columns that say what rows are given beside their text."""
    return list(_looked(dataset, threads)[0])


def untrained(dataset: Dataset) -> list[str]:
    """System prompts and passages that training could read, and does not."""
    if dataset.task == "text":
        return []
    whole = [name for name in settings_of(dataset) if not dataset.is_json(name) and name not in dataset.roles.context]
    return [name for name in whole if plain(name) in SYSTEM or plain(name) in PASSAGES]


def unread(dataset: Dataset) -> list[str]:
    """Columns of prose that no role names and that tell no rows apart, or only those of the very same text."""
    found = unread_prose(dataset)
    if not found:
        return []
    apart = set(settings_of(dataset)).difference(_beside_same_texts(dataset))
    return [name for name in found if name not in apart]


def _looked(dataset: Dataset, threads: int) -> tuple[list[str], Any, Any]:
    found = dataset.memo.get("setting")
    if found is None:
        n, names = dataset.n_rows, []
        codes, across = np.zeros(n, np.int64), None
        persona = {name for name in dataset.roles.context if plain(name) in SYSTEM}
        about = set(dataset.roles.context) - persona
        for columns, texts in () if dataset.is_table else _said(dataset):
            blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
            if blank.all():
                continue
            names += columns
            group = exact_groups(texts, threads=threads)
            first = np.where(blank, n, np.where(group >= 0, group, np.arange(n)))
            codes = _both(codes, first)
            if persona.intersection(columns):
                first = np.where(_contents(dataset, columns[0], threads), first, n)  # else it is a persona
            if about.intersection(columns) or (persona.intersection(columns) and (first < n).any()):
                across = _both(np.zeros(n, np.int64) if across is None else across, first)
        found = dataset.memo["setting"] = (names, codes if names else None, across)
    return found


def _contents(dataset: Dataset, name: str, threads: int) -> Any:
    """bool: rows whose system prompt, in the column `name`, is what they are about: the same is asked ("Summarise this.")
    under many, none of which is asked much else, and which say different things. Personas are asked many things, and one
    that names the user and the hour says the same but for these. Decided once, on all rows: what is looked at again when
    some went is told apart as before.
    """
    whole, rows = _before_any_went(dataset)
    if ("contents", name) not in whole.memo:
        whole.memo["contents", name] = _are_contents(whole, _column(whole, name, plain(name)), threads)
    found: Any = whole.memo["contents", name][rows]
    return found


def _before_any_went(dataset: Dataset) -> tuple[Dataset, Any]:
    """All rows of which these were selected, and the places of these among them."""
    rows: Any = np.arange(dataset.n_rows)
    while dataset.origin is not None:
        dataset, index = dataset.origin
        rows = index[rows]
    return dataset, rows


def _are_contents(dataset: Dataset, texts: pa.LargeStringArray, threads: int) -> NDArray[np.bool_]:
    n, prompts = dataset.n_rows, dataset.prompt()
    told = np.asarray(pc.not_equal(texts, ""))
    if prompts is None or not told.any():
        return np.zeros(n, np.bool_)
    asked, under = (np.where((g := exact_groups(t, threads=threads)) >= 0, g, np.arange(n)) for t in (prompts, texts))
    pairs = np.flatnonzero(told)
    pairs = pairs[np.unique(asked[pairs] * n + under[pairs], return_index=True)[1]]  # a copy says nothing more
    kinds, questions = np.bincount(asked[pairs], minlength=n), np.bincount(under[pairs], minlength=n)
    generic = np.zeros(n, np.bool_)
    pairs = pairs[np.argsort(asked[pairs], kind="stable")]
    begin = np.searchsorted(asked[pairs], np.flatnonzero(kinds >= _ASKED_OFTEN))
    for start in begin.tolist():
        rows = pairs[start : start + kinds[asked[pairs[start]]]]
        rows = rows[:: max(1, len(rows) // _SAMPLE)]
        few = np.median(questions[under[rows]]) <= _ASKED_OF
        if few and _own_words(texts.take(pa.array(rows)).to_pylist()) >= _OWN_WORDS:
            generic[asked[rows[0]]] = True
    found: NDArray[np.bool_] = generic[asked] & told
    return found


def _own_words(texts: list[str]) -> float:
    """Words of a text, in the median, that most of the others do not hold."""
    held = [_LETTERS.findall(text[:_LONGEST].lower()) for text in texts]
    common = Counter(word for words in held for word in set(words))
    return float(np.median([words_in(" ".join(w for w in words if 2 * common[w] < len(held))) for words in held]))


def _both(codes: Ints, more: Ints) -> Ints:
    """One number for two; `more` is at most the number of rows."""
    both: Ints = np.unique(codes * (len(more) + 1) + more, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return both


def _said(dataset: Dataset) -> Iterator[tuple[list[str], pa.LargeStringArray]]:
    """Columns, and what they say in each row: empty where that is nothing."""
    taken = {name for role, columns in dataset.roles.items() if role != "context" for name in columns}
    taken |= {holder_of(name, dataset.columns) for name in dataset.roles.columns()}  # what a role reads inside is read
    free = {name: plain(name) for name in (*dataset.columns, *dataset.roles.context) if name not in taken}
    read = {name for role in CONTENT_ROLES if role != "label" for name in getattr(dataset.roles, role)}
    grouped, answers = list(choice_columns(list(free))), answers_side_by_side(dataset.columns, read)
    prose = _told_by_prose(dataset)
    together = {name for members, _ in grouped for name in members}
    for name, known in free.items():
        known = "choices" if known in LISTED_CHOICES and name in dataset.roles.context else known
        if known in SYSTEM or known in PASSAGES or known in TURNS_BEFORE or known in CHOICES:
            yield [name], _column(dataset, name, known)
        elif name in answers and name not in together:
            yield [name], _column(dataset, name, "system")  # as few words
        elif known.endswith(_LISTS_OF_LABELS) and dataset.is_json(name):  # the name first: asking the data reads it
            yield [name], _labels(dataset, name)
        elif _is_graded(dataset, name, known):
            yield [name], dataset.values(name).cast(pa.large_string()).fill_null("")
        elif name in prose:
            yield [name], dataset.texts(name).fill_null("")
        elif name in dataset.roles.context and name not in together:
            yield [name], as_text(Column(dataset.values(name), dataset.is_json(name))).fill_null("")
    for members, votes in grouped:
        yield members, _row_by_row(dataset, members, votes=votes)
    for name, texts in _beside_same_texts(dataset).items():
        if name in free and name not in prose and name not in together:
            yield [name], texts


def _is_graded(dataset: Dataset, name: str, known: str) -> bool:
    """Whether a column holds the answer as a number with a fraction, which is no class and so has no role."""
    pair = len(dataset.roles.text) == 2 and known.endswith(_OF_PAIRS)
    if dataset.roles.label or not dataset.roles.text or not (known in SURE_LABELS or pair):
        return False
    return not dataset.is_json(name) and pa.types.is_floating(dataset.values(name).type)


def _told_by_prose(dataset: Dataset) -> list[str]:
    """Prose without a role where the texts that are read come again and again: each document beside many claims."""
    whole, _ = _before_any_went(dataset)
    if whole.task not in ("text", "classification") or not (found := unread_prose(whole, 0)):
        return []
    found = [name for name in found if not about_row(name) and _own_words(_sample(whole, name)) >= _PROSE]
    texts = whole.content()
    return found if 2 * pc.count_distinct(texts).as_py() < len(texts) else []


def _beside_same_texts(dataset: Dataset) -> dict[str, pa.LargeStringArray]:
    """Prose without a role, in the rows whose texts come again beside prose that says something else; empty in others.
    Decided once, on all rows."""
    whole, rows = _before_any_went(dataset)
    if "beside same texts" not in whole.memo:
        whole.memo["beside same texts"] = _prose_beside(whole)
    found: dict[str, pa.LargeStringArray] = whole.memo["beside same texts"]
    return found if whole is dataset else {name: texts.take(pa.array(rows)) for name, texts in found.items()}


def _prose_beside(dataset: Dataset) -> dict[str, pa.LargeStringArray]:
    names = [name for name in unread_prose(dataset) if not about_row(name) and not dataset.is_json(name)]
    names = [name for name in names if _own_words(_sample(dataset, name)) >= _PROSE]
    group = exact_groups(dataset.content()) if names else np.zeros(0, np.int64)
    again = np.flatnonzero(group >= 0)
    found = {}
    for name in names if len(again) else ():
        texts = dataset.texts(name).fill_null("")
        few = texts.take(pa.array(again))
        same = exact_groups(few)
        said = _edited_once(few, group[again], np.where(same >= 0, same, np.arange(len(again))))
        pairs = np.unique(np.stack([group[again], said]), axis=1)
        several = np.isin(group[again], np.flatnonzero(np.bincount(pairs[0]) > 1))
        if several.any():
            mask, source = np.zeros(len(texts), np.bool_), np.arange(len(texts))
            mask[again[several]], source[again] = True, again[said]
            found[name] = pc.if_else(pa.array(mask), texts.take(pa.array(source)), "")
    return found


def _edited_once(texts: pa.LargeStringArray, group: Ints, said: Ints) -> Ints:
    """The first place of a text that says the same as each, or nearly: of one group, with half of the runs of letters. Of
    groups that say very many things, and of very many groups, only the same texts are."""
    pairs = np.unique(np.stack([group, said]), axis=1)
    starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
    firsts = [held for held in np.split(pairs[1], starts[1:]) if 1 < len(held) <= _MANY][:_GROUPS]
    instead = np.arange(len(said))
    for held in firsts:
        kept: list[tuple[int, set[str]]] = []
        for place in held.tolist():
            runs = _runs(texts[place].as_py())
            like = next((k for k, others in kept if len(runs & others) >= _ALIKE * len(runs | others)), None)
            if like is None:
                kept.append((place, runs))
            else:
                instead[place] = like
    return instead[said]


def _runs(text: str) -> set[str]:
    text = text[:_LONGEST].lower()
    return {text[k : k + 4] for k in range(max(1, len(text) - 3))}


def _sample(dataset: Dataset, name: str) -> list[str]:
    spread = pa.array(range(0, dataset.n_rows, max(1, dataset.n_rows // _SAMPLE)))
    return [text for text in dataset.texts(name).take(spread).to_pylist() if text]


def _column(dataset: Dataset, name: str, known: str) -> pa.LargeStringArray:
    values = dataset.values(name)
    nested = dataset.is_json(name)
    if not nested and not pa.types.is_large_string(values.type):
        return pa.array([""] * len(values), pa.large_string())
    words = pc.dictionary_encode(values)
    distinct = words.dictionary.cast(pa.large_string())
    blanks = pc.count_substring(distinct, " ").to_numpy(zero_copy_only=False)
    said = np.zeros(len(distinct), np.bool_) if nested else blanks >= _LONG
    for i in np.flatnonzero(~said).tolist():
        value = distinct[i].as_py()
        said[i] = says(loaded(value) if nested else opened(value), known)
    kept = pc.if_else(pa.array(said), distinct, "")
    return pc.fill_null(kept.take(words.indices), "")


def _labels(dataset: Dataset, name: str) -> pa.LargeStringArray:
    """Lists of labels in one order; empty where there is none, and where they are degrees rather than labels."""
    told: list[str] = []
    for text in dataset.values(name).to_pylist():
        labels = None if text is None else loaded(text)
        labels = labels if isinstance(labels, list) and all(isinstance(one, str | int) for one in labels) else []
        told.append(json.dumps(sorted(map(str, labels))) if labels else "")
    return pa.array(told, pa.large_string())


def _row_by_row(dataset: Dataset, names: list[str], *, votes: bool) -> pa.LargeStringArray:
    """Choices that stand in columns of their own, as JSON."""
    columns = []
    for name in names:
        values = dataset.values(name).to_pylist()
        columns.append([loaded(v) if v is not None else None for v in values] if dataset.is_json(name) else values)
    rows = (filled_choices(row, votes=votes) for row in zip(*columns, strict=True))
    return pa.array([json.dumps(row) if row else "" for row in rows], pa.large_string())
