"""Answers about rows: what a person saw in a row that no detector had found, and that nothing was to be seen.

A *sighting* is a finding that a person could have made: stage `people`, rule `missed_<kind>`, its id hashed like any other
finding's. So an answer about a row is an ordinary decision: "clean" rejects the row's sightings, "wrong" accepts the one
that was made, "cannot tell" flags them. The journal's line also holds the row's id and what was seen (places and labels,
and a hash of the text that a place is in; never text of the row), so that accepted sightings become findings, `applied` by
that very decision, whenever a run that has the row is opened. The last live answer about a row holds. An answer also says
which kinds had been found there when it was given: it is silent about those.

What a sighting proposes: a label given with it relabels, a place of personal data is replaced, a row named as the original
makes it a duplicate (stage `people_duplicates`: `resolve` sees to a surviving copy), `drop` takes the row out; anything
less is a flag, which changes no data. Cost: nothing where no row was answered about; else one look-up of row ids.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.dataset.pointer import parse_pointer
from curate.ledger.apply import reader
from curate.ledger.decisions import Decision, Journal, decide
from curate.ledger.findings import concat_findings, empty_findings, make_findings

if TYPE_CHECKING:
    from curate.dataset import Dataset

STAGE, DUPLICATES = "people", "people_duplicates"
PRIVATE = "[REMOVED]"
"""What takes the place of personal data that a person saw."""
MISSED_PRIVACY = "missed_privacy"
"""Rule of the sightings of personal data."""
_SURE = 0.5
"""A sighting applies by its decision, and never by its score."""
Answer = Literal["clean", "wrong", "unsure"]
_VERDICT: dict[Answer, Literal["accept", "reject", "flag"]] = {"clean": "reject", "wrong": "accept", "unsure": "flag"}
_ANSWER: dict[str, Answer] = {verdict: answer for answer, verdict in _VERDICT.items()}
REASONS = {
    "label": "a person saw a wrong label that no detector had found",
    "privacy": "a person saw personal data that no detector had found",
    "duplicate": "a person saw that the row repeats another, which no detector had found",
    "quality": "a person saw a fault that no detector had found",
}
_OTHER = "a person saw an error of a kind that no detector looks for"


@dataclass(frozen=True)
class Sighting:
    """One error that a person saw in a row."""

    kind: str
    action: str = "flag"
    field: str | None = None
    start: int | None = None
    end: int | None = None
    replacement: str | None = None
    witness: str | None = None
    """Hex id of the row that it repeats."""
    text_hash: str | None = None
    """`text_hash` of the whole text that its place is in: a row id does not cover every column."""


@dataclass(frozen=True)
class RowAnswer:
    """What one person said of one row."""

    row_id: str
    answer: Answer
    kinds: frozenset[str]
    """Kinds that were asked about."""
    found: frozenset[str]
    """Kinds that had been found in the row: nothing is said of them."""
    wrong: frozenset[str]
    actor: str = ""
    seen: tuple[Sighting, ...] = field(default=())


def row_decision(
    row_id: str,
    answer: Answer,
    kinds: Sequence[str],
    found: Iterable[str] = (),
    seen: Sequence[Sighting] = (),
    actor: str = "",
    why: str = "",
) -> Decision:
    """Make (not save) the decision that an answer about a row is. `seen` names the errors of a row that is wrong."""
    if (answer == "wrong") != bool(seen):
        raise ValueError("a row is wrong by what was seen in it, and only then")
    about = seen if seen else [Sighting(kind) for kind in kinds]
    table = concat_findings([_finding(bytes.fromhex(row_id), 0, one, None) for one in about])
    made = decide(table, range(table.num_rows), _VERDICT[answer], actor=actor, why=why)
    row = {
        "row_id": row_id,
        "kinds": sorted(kinds),
        "found": sorted(found),
        "wrong": sorted({one.kind for one in seen}),
        "seen": [{k: v for k, v in one.__dict__.items() if v is not None} for one in seen],
    }
    return replace(made, row=row)


def answer_of(decision: Decision) -> RowAnswer | None:
    """What a decision says of a row; None where it is about findings."""
    said = decision.row
    if said is None or decision.verdict not in _ANSWER:
        return None
    known = Sighting.__dataclass_fields__
    seen = tuple(Sighting(**{k: v for k, v in one.items() if k in known}) for one in said.get("seen", ()) if "kind" in one)
    kinds, found, wrong = (frozenset(said.get(name, ())) for name in ("kinds", "found", "wrong"))
    return RowAnswer(str(said["row_id"]), _ANSWER[decision.verdict], kinds, found, wrong, decision.actor, seen)


def answers(journal: Journal) -> list[RowAnswer]:
    """Every live answer about a row, oldest first."""
    return [said for d in journal.live() if (said := answer_of(d)) is not None]


def last_answers(journal: Journal) -> dict[str, RowAnswer]:
    """The answer that holds for each row, by its id."""
    return {said.row_id: said for said in answers(journal)}


def text_hash(text: str) -> str:
    """16 hex digits of XXH3-64 of a field's whole text, to know it again. It tells texts apart and keeps no secret: it
    is of personal text, and stays in the journal."""
    return xxhash.xxh3_64_hexdigest(text.encode("utf-8", "surrogatepass"))


def sighted(
    journal: Journal, row_ids: pa.Array, columns: Container[str], value_at: Callable[[str, int], object]
) -> pa.Table:
    """The findings that people made: what the answers that hold say was wrong, in rows that are there, in row order.

    `value_at` gives what stands at a field of a row. What names a column that is not among `columns` (a file that somebody
    edited), or a place in a text that is another by now, proposes nothing any more, and waits."""
    holding = [said for said in last_answers(journal).values() if said.answer == "wrong"]
    if not holding:
        return empty_findings()
    place = places(row_ids, [i for said in holding for i in (said.row_id, *(s.witness for s in said.seen if s.witness))])
    made = [
        _finding(bytes.fromhex(said.row_id), place[said.row_id], one, place.get(one.witness or ""))
        for said in sorted(holding, key=lambda a: place.get(a.row_id, -1)) if said.row_id in place
        for one in dict.fromkeys(_doable(one, columns, place[said.row_id], value_at) for one in said.seen)
    ]  # fmt: skip
    return concat_findings(made)


def _doable(one: Sighting, columns: Container[str], row: int, value_at: Callable[[str, int], object]) -> Sighting:
    known = one.field is None or parse_pointer(one.field)[0] in columns
    complete = {"relabel": one.field and one.replacement, "replace": one.field and one.replacement and one.end}
    if not known or not complete.get(one.action, True):
        return Sighting(one.kind)
    return one if one.action != "replace" or _still_there(one, row, value_at) else Sighting(one.kind)


def _still_there(one: Sighting, row: int, value_at: Callable[[str, int], object]) -> bool:
    """Whether the text that a place was seen in is still the one that the row has there."""
    try:
        text = value_at(one.field or "", row)
    except KeyError:
        return False  # the row has no such field by now
    if not isinstance(text, str) or not (one.start or 0) < (one.end or 0) <= len(text):
        return False
    return one.text_hash == text_hash(text)


def places(row_ids: pa.Array, wanted: Iterable[str]) -> dict[str, int]:
    """Positions of rows by their hex ids; those that are not there are left out."""
    ids = sorted({i for i in wanted if _is_id(i)})
    if not ids:
        return {}
    values = pa.array([bytes.fromhex(i) for i in ids], row_ids.type)
    at = pc.index_in(values, value_set=row_ids).to_pylist()
    return {i: n for i, n in zip(ids, at, strict=True) if n is not None}


def _is_id(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 16
    except ValueError:
        return False


def _finding(row_id: bytes, row: int, one: Sighting, witness: int | None) -> pa.Table:
    """A sighting as a finding. Its id, and the hash of what it proposes, are those that its decision speaks of."""
    stage = DUPLICATES if one.kind == "duplicate" and one.action == "drop" else STAGE
    made = make_findings(
        stage, pa.array([row_id], pa.binary(16)), row=np.zeros(1, np.int64), rule=f"missed_{one.kind}", action=one.action,
        score=_SURE, reason=REASONS.get(one.kind, _OTHER), field=one.field, start=_one(one.start), end=_one(one.end),
        replacement=one.replacement, witness_row=_one(witness),
    )  # fmt: skip
    return made.set_column(made.column_names.index("row"), "row", pa.array([row], pa.int64()))


def _one(value: int | None) -> list[int] | None:
    return None if value is None else [value]


def with_sightings(findings: pa.Table, journal: Journal, dataset: Dataset) -> pa.Table:
    """Findings of detectors, and behind them those of people; the same table where there are none."""
    if not any(d.row is not None for d in journal.decisions):
        return findings
    mine = sighted(journal, dataset.row_ids, dataset.columns, lambda field, row: reader(dataset, field)(row))
    return findings if not mine.num_rows else concat_findings([findings, mine])
