"""Gold spans for extraction: read from a column, turned into BIO tags of tokens, and read back from predictions.

The column that `spans_column` names holds, in each row, one of

- a list (or its JSON) of objects with `start` and `end` (code points into the row's text, half-open) and a `label`;
  `start_position`, `end_position`, `begin`, `entity_type`, `type`, `tag` and `entity` are understood too. Where a span
  also quotes its text (`text`, `value`, `entity_value`), the quote must match, or the row is refused: offsets that a
  scrubber or an editor moved would teach nonsense;
- a list of tags, one for each item of a column `tokens` or `words`, as in CoNLL files (BIO, or bare types). The text is
  then the tokens joined by blanks.

Overlapping spans cannot be written in BIO: the longer one is kept, and the number lost is told. Linear cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import ConfigError, DataError, nearest
from train.examples import Span
from train.turns import value_of

if TYPE_CHECKING:
    from curate.dataset import Dataset

OUTSIDE = "O"
_START, _END = ("start", "start_position", "begin", "start_offset"), ("end", "end_position", "stop", "end_offset")
_LABEL = ("label", "entity_type", "type", "tag", "entity", "entity_group")
_QUOTE = ("text", "value", "entity_value", "word")
_TOKENS = ("tokens", "words")


def texts_and_spans(dataset: Dataset, column: str) -> tuple[list[str | None], list[tuple[Span, ...]], str]:
    """The text (None where the row cannot be used) and the spans of each row, and a note on what was lost.

    Raises `ConfigError` for a column that is not there, `DataError` where no row holds a span.
    """
    if column not in dataset.columns:
        raise ConfigError(f"spans_column is {column!r}, which the data does not have; {nearest(column, dataset.columns)}")
    values = [value_of(value) for value in dataset.values(column).to_pylist()]
    words = next((name for name in _TOKENS if name in dataset.columns), None)
    if _are_tags(values) and words is None:
        raise DataError(f"column {column!r} holds tags, and there is no column of tokens; name it 'tokens'")
    if _are_tags(values):
        assert words is not None
        given = [value_of(value) for value in dataset.values(words).to_pylist()]
        pairs = [_from_tags(w, t) for w, t in zip(given, values, strict=True)]
    else:
        texts = dataset.content().to_pylist()
        pairs = [_from_objects(text, value) for text, value in zip(texts, values, strict=True)]
    if not any(spans for _, spans, _ in pairs):
        raise DataError(f"no row has a usable span in column {column!r}; see docs/training.md for what it may hold")
    broken = sum(text is None for text, _, _ in pairs)
    lost = sum(number for _, _, number in pairs)
    note = f"{broken} rows have spans that do not fit their text. " if broken else ""
    note += f"{lost} spans overlap a longer one and are not trained on." if lost else ""
    return [text for text, _, _ in pairs], [spans for _, spans, _ in pairs], note.strip()


def holds_tags(dataset: Dataset, column: str) -> bool:
    """Whether the column holds tags beside tokens, and not spans with their places."""
    return column in dataset.columns and _are_tags([value_of(value) for value in dataset.values(column).to_pylist()])


def moved(spans: Iterable[Span], edits: Iterable[tuple[int, int, int]]) -> tuple[Span, ...]:
    """The spans of a text after stretches of it (start, end) were replaced by others of so many characters.

    Stretches lie apart and have offsets into the text before. An end of a span that lies inside of one goes to that end of
    what replaced it, so a name keeps its label as a placeholder; what shrinks to nothing is lost.
    """
    ordered = sorted(edits)

    def place(at: int, *, first: bool) -> int:
        shift = 0
        for start, end, length in ordered:
            if at >= end if first else at > start and at >= end:
                shift += length - (end - start)
            elif start < at:
                return start + shift + (0 if first else length)
        return at + shift

    found = [(place(s, first=True), place(e, first=False), label) for s, e, label in spans]
    return _apart([span for span in found if span[0] < span[1]])


def tag_names(spans: Iterable[Sequence[Span]]) -> list[str]:
    """`O`, then `B-` and `I-` of each label, in order of label."""
    labels = sorted({label for row in spans for _, _, label in row})
    return [OUTSIDE, *(f"{part}-{label}" for label in labels for part in "BI")]


def tags_of_tokens(offsets: np.ndarray, spans: Sequence[Span], column: Mapping[str, int]) -> np.ndarray:
    """int32[tokens]: the tag of each token, given its code points int64[tokens, 2]; a label not in `column` is O.

    A token belongs to the span that it shares a character with; the first such token begins it.
    """
    tags = np.zeros(len(offsets), dtype=np.int32)
    for start, end, label in spans:
        inside = np.flatnonzero((offsets[:, 0] < end) & (offsets[:, 1] > start) & (offsets[:, 1] > offsets[:, 0]))
        inside = inside[tags[inside] == 0]
        if len(inside) and f"B-{label}" in column:
            tags[inside] = column[f"I-{label}"]
            tags[inside[0]] = column[f"B-{label}"]
    return tags


def spans_of_tags(tags: Sequence[str], offsets: Sequence[tuple[int, int]]) -> list[Span]:
    """Spans that a sequence of BIO tags means; an I without a B of its label before it begins a span."""
    found: list[Span] = []
    open_ = False
    for tag, (start, end) in zip(tags, offsets, strict=True):
        part, _, label = tag.partition("-")
        if tag == OUTSIDE or end <= start:
            part = OUTSIDE
        if part == "I" and found and open_ and found[-1][2] == label:
            found[-1] = (found[-1][0], end, label)
        elif part != OUTSIDE:
            found.append((start, end, label))
        open_ = part != OUTSIDE
    return found


def _are_tags(values: Sequence[Any]) -> bool:
    return any(isinstance(value, list) and value and isinstance(value[0], str) for value in values)


def _from_objects(text: Any, value: Any) -> tuple[str | None, tuple[Span, ...], int]:
    if not isinstance(text, str) or not (value is None or isinstance(value, list)):
        return None, (), 0
    found: list[Span] = []
    for item in value or ():
        if not isinstance(item, Mapping):
            return None, (), 0
        start, end, label = _first(item, _START), _first(item, _END), _first(item, _LABEL)
        quote = _first(item, _QUOTE)
        fits = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text) and label is not None
        if not fits or (isinstance(quote, str) and quote != text[start:end]):
            return None, (), 0
        found.append((start, end, str(label)))
    kept = _apart(found)
    return text, kept, len(found) - len(kept)


def _from_tags(words: Any, tags: Any) -> tuple[str | None, tuple[Span, ...], int]:
    if not (isinstance(words, list) and isinstance(tags, list) and len(words) == len(tags) and words):
        return None, (), 0
    at, offsets = 0, []
    for word in words:
        offsets.append((at, at + len(str(word))))
        at += len(str(word)) + 1
    bio = all(str(tag) == OUTSIDE or str(tag)[:2] in ("B-", "I-") for tag in tags)
    names = [str(tag) if bio or str(tag) == OUTSIDE else f"I-{tag}" for tag in tags]
    return " ".join(map(str, words)), tuple(spans_of_tags(names, offsets)), 0


def _apart(spans: list[Span]) -> tuple[Span, ...]:
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda s: (s[0] - s[1], s)):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    return tuple(sorted(kept))


def _first(item: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)
