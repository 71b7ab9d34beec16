"""Choosing findings by words: the filter of the terminal interface and of `curate decide --where`.

    state:waits rule:likely_wrong score>=0.8 from=refund text:"late parcel" -flag:yes

Terms are joined by *and*; `-` before a term turns it round. `key:words` looks for words inside, `key=word` for the whole
of it, without regard to case, commas meaning *or* among names and states; a bare word is looked for in the row's text, in
what is put there, and in the rule. Cost: one vectorised pass over the findings a term; texts are read only for words, and
only of rows that the terms before left.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import ConfigError, nearest
from curate.ledger.decisions import FILTER_KEYS
from curate.ledger.plan import STATUSES
from curate.review.session import Session

COLUMNS = ("stage", "rule", "action", "field")
KEYS = (*COLUMNS, "state", "score", "row", "from", "to", "text", "flag", "near")
STATE_WORDS = {"waits": ("pending", "stale"), "applies": ("applied",)}
"""What screens call a status."""
_TERM = re.compile(r"^(-?)(?:([a-z]+)(>=|<=|[:=<>]))?(.*)$", re.DOTALL)
Mask = np.ndarray


@dataclass(frozen=True)
class Term:
    """One condition."""

    key: str
    op: str
    value: str
    turned: bool = False


@dataclass(frozen=True)
class Choice:
    """A parsed filter."""

    text: str
    terms: tuple[Term, ...] = ()

    def journal_filter(self, stages: tuple[str, ...] = ()) -> dict[str, Any]:
        """What a bulk decision's `filter` can say of this choice; the ids beside it say all of it."""
        out: dict[str, Any] = {"stage": stages[0]} if len(stages) == 1 else {}
        for term in self.terms:
            if not term.turned and term.op == "=" and term.key in FILTER_KEYS:
                out[term.key] = term.value
            elif not term.turned and term.key == "score" and term.op in (">=", "<="):
                out["min_score" if term.op == ">=" else "max_score"] = float(term.value)
        return out


def parse(text: str) -> Choice:
    """A filter from its words; ConfigError says what cannot be understood."""
    try:
        words = shlex.split(text, posix=True)
    except ValueError:
        words = text.replace('"', " ").replace("'", " ").split()  # a quote that is still being typed
    return Choice(text.strip(), tuple(_term(word) for word in words))


def quoted(key: str, value: str) -> str:
    """A term that takes exactly this value."""
    return shlex.quote(f"{key}={value}") if value else f"{key}=''"


def choose(session: Session, choice: Choice, among: np.ndarray) -> np.ndarray:
    """Of these finding indices, those that every term takes, in their order."""
    chosen = np.asarray(among, np.int64)
    for term in sorted(choice.terms, key=lambda t: t.key == "text"):
        took = _LOOKS.get(term.key, _column)(session, term, chosen)
        chosen = chosen[~took if term.turned else took]
    return chosen


def _term(word: str) -> Term:
    sign, key, op, value = _TERM.match(word).groups()  # type: ignore[union-attr] # the pattern takes everything
    if key is None:
        return Term("text", ":", value, bool(sign) and bool(value))
    if key not in KEYS:
        if op in (":", "=") and "/" in value[:2]:  # an address, not a key
            return Term("text", ":", word, False)
        raise ConfigError(f"there is no key {key!r} to choose by; {nearest(key, KEYS)}")
    if op not in (":", "=") and key not in ("score", "row"):
        raise ConfigError(f"{key} has no order; write {key}:{value}")
    if key == "score":
        try:
            float(value)
        except ValueError:
            raise ConfigError(f"score needs a number, such as score>=0.8, not {value!r}") from None
    if key in ("row", "near") and not re.fullmatch(r"\d+(-\d+)?", value):
        raise ConfigError(f"{key} needs a number, or a first and a last: row:10-20")
    if key == "flag" and value not in ("yes", "no"):
        raise ConfigError("flag is yes or no")
    for state in value.split(",") if key == "state" else ():
        if state not in (*STATUSES, *STATE_WORDS):
            raise ConfigError(f"there is no state {state!r}; {nearest(state, (*STATE_WORDS, *STATUSES))}")
    return Term(key, op, value, bool(sign))


def _column(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    column = session.findings[term.key].combine_chunks()
    names = column.dictionary.cast(pa.string())
    fits = np.zeros(len(names), bool)
    for value in term.value.split(","):
        fits |= _fits(names, Term(term.key, term.op, value))
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[chosen]
    found: Mask = np.append(fits, False)[codes]
    return found


def _state(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    names = [name for value in term.value.split(",") for name in STATE_WORDS.get(value, (value,))]
    wanted = [STATUSES.index(name) for name in names]
    return np.isin(session.state.status[chosen], wanted)


def _score(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    return _ordered(session.findings["score"].to_numpy()[chosen], term.op, np.float32(term.value))


def _row(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    rows = session.findings["row"].fill_null(-1).to_numpy()[chosen]
    return _numbered(rows, term)


def _near(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    return _numbered(session.plan.table["witness_row"].fill_null(-1).to_numpy()[chosen], term)


def _numbered(rows: np.ndarray, term: Term) -> Mask:
    low, _, high = term.value.partition("-")
    if high:
        found: Mask = (rows >= int(low)) & (rows <= int(high))
        return found
    return _ordered(rows, term.op, int(low))


def _ordered(values: np.ndarray, op: str, bound: Any) -> Mask:
    compare: Mapping[str, Callable[[Any, Any], Any]] = {
        ">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less,
    }  # fmt: skip
    found: Mask = compare.get(op, np.equal)(values, bound)
    return found


def _flag(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    flagged = pa.array([bytes.fromhex(i) for i in session.state.flags], pa.binary(16))
    has = _is_in(session.findings["finding_id"].take(pa.array(chosen)), flagged)
    return has if term.value == "yes" else ~has


def _from(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    labels = session.dataset.labels()
    if labels is None:
        return np.zeros(len(chosen), bool)
    rows = session.findings["row"].take(pa.array(chosen))
    return _fits(labels.take(rows.combine_chunks()), term)


def _to(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    return _fits(session.plan.table["replacement"].take(pa.array(chosen)), term)


def _text(session: Session, term: Term, chosen: np.ndarray) -> Mask:
    if not term.value:
        return np.ones(len(chosen), bool)
    rows = session.findings["row"].take(pa.array(chosen)).combine_chunks()
    found = _fits(session.dataset.content().take(rows), term)
    found |= _to(session, term, chosen) | _column(session, Term("rule", term.op, term.value), chosen)
    return found


def _fits(values: Any, term: Term) -> Mask:
    if term.op == "=":
        took = pc.equal(pc.utf8_lower(values), pa.scalar(term.value.lower(), values.type))
    else:
        took = pc.match_substring(values, term.value, ignore_case=True)
    return _mask(took)


def _is_in(values: Any, wanted: pa.Array) -> Mask:
    return _mask(pc.is_in(values, value_set=wanted))


def _mask(took: Any) -> Mask:
    filled = pc.fill_null(took, False)
    whole = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    found: Mask = np.asarray(whole.to_numpy(zero_copy_only=False), bool)
    return found


_LOOKS: dict[str, Callable[[Session, Term, np.ndarray], Mask]] = {
    "state": _state, "score": _score, "row": _row, "near": _near, "flag": _flag, "from": _from, "to": _to, "text": _text,
}  # fmt: skip
