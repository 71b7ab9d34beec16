"""Replacements of all spans of a data set, in bulk.

`Rewriter.add` takes the spans of one column of strings, `finish` gives the text that takes the place of each. Between
the two every value has been seen, so numbers, surrogates and vault tokens are consistent over the whole data set, and no
surrogate is a value that the data hold. Results depend on the data and the key, never on threads or on the order in which
equal values were drawn.

Where a type only needs its placeholder, nothing is kept. Otherwise each distinct value is kept once, in memory and
nowhere else: a million distinct values are some 100 MB. Cost: one to two microseconds a span, 5 to 50 for each distinct
value that gets a surrogate.

Rows that are JSON texts stay valid JSON: a value is read with its escapes undone and its replacement is escaped again; a
bare number becomes a quoted text, or for a surrogate another number. Where that cannot be done the placeholder is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.privacy.book import Book
from curate.privacy.canonical import canonical
from curate.privacy.jsonrows import is_json
from curate.privacy.keys import derived
from curate.privacy.operators.choice import NEED_VALUES, Choice
from curate.privacy.operators.simple import HASH_CHARACTERS, code, hashed, masked, without_gap
from curate.privacy.spans import Spans
from curate.privacy.surrogates import Surrogates
from curate.privacy.types import CODE, PiiType

Ints = npt.NDArray[np.int64]
TOKEN_CHARACTERS = 10
TOKEN = rf"\[[A-Z][A-Z0-9_]*_[A-Z2-7]{{{TOKEN_CHARACTERS}}}\]"
"""What a token of a vault looks like."""
_NUMBERED = r"\[[A-Z][A-Z0-9_]*_[1-9][0-9]{0,9}\]"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


@dataclass(frozen=True)
class Rewritten:
    """What takes the place of each span of one column; arrays as in its spans."""

    replacement: list[str]
    start: Ints
    end: Ints
    """The range replaced; wider than the span where a redaction takes a space with it."""


@dataclass(frozen=True)
class _Column:
    spans: Spans
    rows: Ints
    value: Ints
    """Index of the value of each span, -1 where its operator needs none."""
    escaped: npt.NDArray[np.bool_]
    """The span stands in a string inside JSON and its value was read with escapes undone."""
    unreadable: npt.NDArray[np.bool_]
    start: Ints
    end: Ints


class Rewriter:
    """Collects spans, then says what takes their place."""

    def __init__(
        self, choice: Choice, known: Book, *, key: bytes | None = None, seed: str = "", region: str = "US"
    ) -> None:
        """`key`: of hashes, tokens and surrogates; without one surrogates are keyed by `seed` alone."""
        self._known, self._region = known, region.upper()
        self._operators = [choice.of(kind.name) for kind in known.types]
        needing = [operator in NEED_VALUES for operator in self._operators]
        # No surrogate may be a real value, so with surrogates every value must be known.
        self._needs = np.array(needing) | ("surrogate" in self._operators)
        self._key = key
        self._secret = derived(key, "surrogates") if key else derived(b"", f"surrogates without a key {seed}")
        self._values: dict[str, int] = {}
        self._columns: list[_Column] = []
        self._held: set[str] = set()
        self._staying: set[tuple[str, str]] = set()

    def add(self, texts: pa.Array, spans: Spans, rows: Ints) -> None:
        """Take the spans of one column; `rows` int64[spans]: the row of the data set that each stands in.

        Columns without spans are for looking at too: they may hold what looks like a token.
        """
        if "vault" in self._operators:
            self._held |= _held(texts, TOKEN)
        if {"numbered", "numbered_row"} & set(self._operators):
            self._held |= _held(texts, _NUMBERED)
        n = len(spans)
        if not n:
            return
        value = np.full(n, -1, np.int64)
        escaped, unreadable = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        start, end = spans.start.copy(), spans.end.copy()
        wanted = np.flatnonzero(self._needs[spans.code])
        if len(wanted):
            places, where = np.unique(spans.row[wanted], return_inverse=True)
            raw = texts.take(pa.array(places)).to_pylist()
            jsons = [is_json(text.encode("utf-8", "replace")) for text in raw]
            redacted = [operator == "redact" for operator in self._operators]
            for at, string in zip(wanted.tolist(), where.tolist()):
                text, first, last = raw[string], int(start[at]), int(end[at])
                found = text[first:last]
                if jsons[string] and not spans.quoted[at]:
                    plain = _unescaped(found)
                    escaped[at], unreadable[at] = True, plain is None
                    found = found if plain is None or self._operators[int(spans.code[at])] == "vault" else plain
                value[at] = self._values.setdefault(found, len(self._values))
                if redacted[int(spans.code[at])] and not spans.quoted[at]:
                    wide, end[at] = without_gap(text, first, last)
                    taken = int(end[at - 1]) if at and spans.row[at - 1] == spans.row[at] else 0
                    start[at] = max(wide, min(taken, first))  # the span before may have taken that blank
        self._columns.append(_Column(spans, np.asarray(rows, np.int64), value, escaped, unreadable, start, end))

    def know(self, texts: pa.Array, spans: Spans) -> None:
        """Take note of values that stay in the data: no surrogate may be one of them."""
        if "surrogate" in self._operators:
            names = spans.type.to_pylist()
            for row, start, end, name in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), names):
                self._staying.add((name, texts[row].as_py()[start:end]))

    def finish(self) -> list[Rewritten]:
        """What takes the place of the spans of each column that was added with any, in the order of adding."""
        values = list(self._values)
        if not values:
            return [Rewritten(c.spans.replacements(), c.start, c.end) for c in self._columns]
        makers = self._makers(values)
        out = []
        for number, column in enumerate(self._columns):
            made = column.spans.replacements()
            for at in np.flatnonzero(column.value >= 0).tolist():
                kind = int(column.spans.code[at])
                make = makers.get(self._operators[kind])
                if make is None or (column.unreadable[at] and self._operators[kind] != "vault"):
                    continue
                made[at] = self._fitted(make(number, at), made[at], column, at)
            out.append(Rewritten(made, column.start, column.end))
        return out

    def _fitted(self, new: str | None, placeholder: str, column: _Column, at: int) -> str:
        """The replacement as it can stand in its row; the placeholder where there is none."""
        if new is None:
            return placeholder
        if column.spans.quoted[at]:
            operator = self._operators[int(column.spans.code[at])]
            return new if operator == "surrogate" and _NUMBER.fullmatch(new) else json.dumps(new)
        return json.dumps(new, ensure_ascii=False)[1:-1] if column.escaped[at] else new

    def _label(self, kind: int) -> str:
        return label(self._known.types[kind])

    def _makers(self, values: list[str]) -> dict[str, Callable[[int, int], str | None]]:
        """For each operator a function from (column, span in it) to its replacement."""
        memory: dict[tuple[str, int, int], str] = {}

        def once(operator: str, make: Callable[[int, str], str]) -> Callable[[int, int], str | None]:
            def replacement(number: int, at: int) -> str | None:
                column = self._columns[number]
                place = (operator, int(column.spans.code[at]), int(column.value[at]))
                if place not in memory:
                    memory[place] = make(place[1], values[place[2]])
                return memory[place]

            return replacement

        names = [kind.name for kind in self._known.types]
        makers: dict[str, Callable[[int, int], str | None]] = {
            "mask": once("mask", lambda kind, value: masked(names[kind], value)),
            "redact": once("redact", lambda kind, value: ""),
        }
        used = set(self._operators)
        if self._key is not None and "hash" in used:
            secret = derived(self._key, "hash")
            makers["hash"] = once(
                "hash", lambda kind, value: hashed(secret, self._label(kind), names[kind], value, self._region)
            )
        for operator in used & {"numbered", "numbered_row"}:
            makers[operator] = self._numbered(operator, values)
        if "vault" in used and self._key is not None:
            makers["vault"] = self._tokens(derived(self._key, "tokens"), values)
        if "surrogate" in used:
            made = self._surrogates(values)
            makers["surrogate"] = lambda number, at: made.get((number, at))
        return makers

    def _in_order(self) -> list[tuple[int, int]]:
        """(column, span) of every span with a value, by row, then as the row is read."""
        keys = []
        for number, column in enumerate(self._columns):
            at = np.flatnonzero(column.value >= 0)
            keys.append(
                np.column_stack(
                    [column.rows[at], np.full(len(at), number), column.spans.row[at], column.spans.start[at], at]
                )
            )
        every = np.concatenate(keys)
        order = np.lexsort((every[:, 3], every[:, 2], every[:, 1], every[:, 0]))
        return [(int(number), int(at)) for number, at in every[order][:, [1, 4]]]

    def _numbered(self, operator: str, values: list[str]) -> Callable[[int, int], str | None]:
        """Numbers by first appearance, in the data set or in each row anew."""
        in_row = operator == "numbered_row"
        places: dict[tuple[int, int, str], int] = {}
        counts: dict[tuple[int, int], int] = {}
        made: dict[tuple[int, int], str] = {}
        spelled: dict[tuple[int, int], str] = {}
        for number, at in self._in_order():
            column = self._columns[number]
            kind = int(column.spans.code[at])
            if self._operators[kind] != operator:
                continue
            which = (kind, int(column.value[at]))
            if which not in spelled:
                spelled[which] = canonical(self._known.types[kind].name, values[which[1]], self._region)
            row = int(column.rows[at]) if in_row else -1
            place = (row, kind, spelled[which])
            if place not in places:
                count = counts.get((row, kind), 0) + 1
                while f"[{self._label(kind)}_{count}]" in self._held:
                    count += 1
                places[place] = counts[row, kind] = count
            made[number, at] = f"[{self._label(kind)}_{places[place]}]"
        return lambda number, at: made.get((number, at))

    def _tokens(self, secret: bytes, values: list[str]) -> Callable[[int, int], str | None]:
        """Tokens of the vault: one for each raw text, none that the data hold already, none for two texts."""
        asked = set()
        for column in self._columns:
            for at in np.flatnonzero(column.value >= 0).tolist():
                kind = int(column.spans.code[at])
                if self._operators[kind] == "vault":
                    asked.add((self._label(kind), bool(column.spans.quoted[at]), values[int(column.value[at])]))
        taken, made = set(self._held), {}
        for label, quoted, value in sorted(asked):
            attempt = 0
            while (token := f"[{label}_{code(secret, f'{attempt} {quoted} {value}', TOKEN_CHARACTERS)}]") in taken:
                attempt += 1
            taken.add(token)
            made[label, quoted, value] = token

        def replacement(number: int, at: int) -> str | None:
            column = self._columns[number]
            kind = int(column.spans.code[at])
            return made[self._label(kind), bool(column.spans.quoted[at]), values[int(column.value[at])]]

        return replacement

    def _surrogates(self, values: list[str]) -> dict[tuple[int, int], str | None]:
        """Made-up values, drawn when all real ones are known."""
        work = Surrogates(self._secret, self._region, {r.name: r.checksum for r in self._known.types if r.checksum})
        for name, value in self._staying:
            work.real(name, value)
        by_row: dict[int, list[tuple[str, str]]] = {}
        asked: list[tuple[tuple[int, int], str, str, str, list[tuple[str, str]], int]] = []
        for number, at in self._in_order():
            column = self._columns[number]
            kind = int(column.spans.code[at])
            name, value = self._known.types[kind].name, values[int(column.value[at])]
            work.real(name, value)
            row = by_row.setdefault(int(column.rows[at]), [])
            if self._operators[kind] == "surrogate":
                asked.append(((number, at), name, self._known.names[int(column.spans.kind[at])], value, row, len(row)))
            row.append((name, value))
        for _, name, kind_name, value, row, where in asked:
            work.want(name, kind_name, value, row, where)
        return {
            place: work.surrogate(name, kind_name, value, row, where)
            for place, name, kind_name, value, row, where in asked
        }


def label(kind: PiiType) -> str:
    """What a numbered or hashed placeholder begins with: the type, or a custom recogniser's own placeholder."""
    return kind.name if kind.name in CODE else kind.placeholder[1:-1]


def stand_ins(choice: Choice, known: Book) -> tuple[str, ...]:
    """By kind, what replacements look like to a scanner that reads on around them: words of a placeholder are context."""
    tails = {"numbered": "1", "numbered_row": "1", "hash": "A" * HASH_CHARACTERS, "vault": "A" * TOKEN_CHARACTERS}
    out = []
    for code_, placeholder in zip(known.type_of.tolist(), known.placeholders):
        kind = known.types[code_]
        tail = tails.get(choice.of(kind.name))
        out.append(placeholder if tail is None else f"[{label(kind)}_{tail}]")
    return tuple(out) if tuple(out) != known.placeholders else ()


def _unescaped(text: str) -> str | None:
    """A stretch of a JSON string as it reads; None where it begins or ends inside an escape."""
    if "\\" not in text:
        return text if '"' not in text else None
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return None


def _held(texts: pa.Array, pattern: str) -> set[str]:
    """What looks like a replacement of ours in the texts already: it must go on meaning what it meant."""
    hits = pc.match_substring_regex(texts, pattern).fill_null(False)
    return {token for text in texts.filter(hits).to_pylist() for token in re.findall(pattern, text)}
