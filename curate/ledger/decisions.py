"""Decisions: what people said about findings, in `decisions.jsonl`, the only journal.

One JSON object a line, appended and flushed to disk before a caller is told it is saved; nothing is ever rewritten.
Undo appends an *inverse*; redo appends the inverse of that inverse. What counts for a finding is the last decision on
it that no live inverse cancels, so the order of decisions on different findings does not matter.

`seen` is a hash of the action and replacement a person had before them. When a later run proposes something else for
the same finding, a rejection or an override still binds, but an acceptance goes stale and back to review.

A flag decides nothing: somebody should look again. It changes no plan, and is taken back like a decision.

An *answer about a row* is a decision too: on the sightings that a person could have made there (see `sightings`). It names
its row, so that a sighting that was accepted becomes a finding whenever the run is opened again.
"""

from __future__ import annotations

import datetime as dt
import getpass
import os
import uuid
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import DataError
from curate.ledger.appending import append_lines
from curate.ledger.lookup import places, seen_hashes

Verdict = Literal["accept", "reject", "override", "flag", "undo"]
VERDICTS: tuple[Verdict, ...] = ("accept", "reject", "override", "flag", "undo")
SIGHTED_ACTIONS = ("flag", "relabel", "replace", "drop")
"""What an error that a person saw may propose."""
FILTER_KEYS = ("stage", "rule", "action", "field", "min_score", "max_score")


@dataclass(frozen=True)
class Decision:
    """One line of the journal."""

    decision_id: str
    verdict: Verdict
    finding_ids: tuple[str, ...] = ()
    """Hex ids of the findings it binds; for a bulk decision, what its filter matched."""
    seen: tuple[str, ...] = ()
    """For each finding id, the hash of the action and replacement that the person saw."""
    value: str | None = None
    """The text or label that an override puts in place of the proposal."""
    filter: Mapping[str, Any] | None = None
    """How a bulk decision was asked for (keys: stage, rule, action, field, min_score, max_score)."""
    standing: bool = False
    """Whether the filter also binds findings that later runs bring."""
    actor: str = ""
    at: str = ""
    why: str = ""
    inverse_of: str | None = None
    schema_version: int = 1
    row: Mapping[str, Any] | None = None
    """For an answer about a row: its id, the kinds of error that were asked about and found before, and what was seen
    (`curate.ledger.sightings`)."""

    @cached_property
    def bound(self) -> frozenset[str]:
        """The ids of the findings again, to look one up in."""
        return frozenset(self.finding_ids)


@dataclass(frozen=True)
class Journal:
    """The decisions of one run, in the order they were made."""

    decisions: tuple[Decision, ...] = ()

    def live(self) -> list[Decision]:
        """Decisions that no live inverse cancels, undo lines themselves left out, oldest first."""
        cancelled: set[str] = set()
        out: list[Decision] = []
        for decision in reversed(self.decisions):
            if decision.decision_id in cancelled:
                continue
            if decision.inverse_of is not None:
                cancelled.add(decision.inverse_of)
            else:
                out.append(decision)
        return out[::-1]

    def next_undo(self) -> Decision | None:
        """The newest decision that can be undone."""
        live = self.live()
        return live[-1] if live else None

    def next_redo(self) -> Decision | None:
        """The inverse that a redo would cancel: the newest live undo with no later fresh decision."""
        live = {d.decision_id for d in self.live()}
        cancelled = {d.inverse_of for d in self.decisions if d.inverse_of}
        for decision in reversed(self.decisions):
            if decision.decision_id in live:
                return None
            fresh_undo = decision.inverse_of is not None and decision.decision_id not in cancelled
            if fresh_undo and not _undoes_an_undo(decision, self.decisions):
                return decision
        return None


def _undoes_an_undo(decision: Decision, decisions: Sequence[Decision]) -> bool:
    return any(d.decision_id == decision.inverse_of and d.inverse_of for d in decisions)


@dataclass
class Effect:
    """What the live decisions say about each finding of one table."""

    verdict: np.ndarray
    """int8[n]: 0 none, 1 accept, 2 reject, 3 override, 4 accepted but stale."""
    value: dict[int, str | None] = field(default_factory=dict)
    """Replacement by finding index, for overrides."""
    orphans: list[str] = field(default_factory=list)
    """Ids of decided findings that this run did not bring."""


NONE, ACCEPT, REJECT, OVERRIDE, STALE = range(5)
_CODE = {"accept": ACCEPT, "reject": REJECT, "override": OVERRIDE}


def decide(
    findings: pa.Table,
    indices: Sequence[int],
    verdict: Literal["accept", "reject", "override", "flag"],
    *,
    value: str | None = None,
    actor: str = "",
    why: str = "",
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the journal's own word
    standing: bool = False,
) -> Decision:
    """Make (not save) a decision on the findings at `indices` of a findings table."""
    if verdict == "override" and value is None:
        raise ValueError("an override needs the value to put in place")
    chosen = findings.select(["finding_id", "action", "replacement"]).take(pa.array(indices, pa.int64()))
    return Decision(
        decision_id=uuid.uuid4().hex,
        verdict=verdict,
        finding_ids=tuple(i.hex() for i in chosen["finding_id"].to_pylist()),
        seen=tuple(seen_hashes(chosen)),
        value=value,
        filter=filter,
        standing=standing,
        actor=actor or login_name(),
        at=_now(),
        why=why,
    )


def login_name() -> str:
    """Who is at work: $USER, else the login name; empty where the system knows none (a container's bare number)."""
    try:
        return os.environ.get("USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def undo(decision: Decision, *, actor: str = "") -> Decision:
    """Make the inverse of a decision (or, for a redo, of an inverse)."""
    return Decision(uuid.uuid4().hex, "undo", actor=actor or login_name(), at=_now(), inverse_of=decision.decision_id)


def read_journal(path: Path) -> Journal:
    """Read `decisions.jsonl`; a missing file is an empty journal, a torn last line is left out with a warning."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Journal()
    lines = raw.split(b"\n")
    tail = lines.pop()
    decisions = read_lines(path, lines)
    if tail.strip():
        try:
            decisions.append(_parse(tail))
        except (ValueError, TypeError, KeyError):
            warnings.warn(f"{path.name}: the last line was cut short and is left out", stacklevel=2)
    return Journal(tuple(decisions))


def read_lines(path: Path, lines: Iterable[bytes], before: int = 0) -> list[Decision]:
    """The decisions on whole lines of a journal, `before` of which came earlier; DataError names the line that is none."""
    decisions: list[Decision] = []
    for number, line in enumerate(lines, start=before + 1):
        if not line.strip():
            continue
        try:
            decisions.append(_parse(line))
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path}: line {number} is not a decision ({error}); restore the file or remove it") from None
    return decisions


def append_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Append decisions and return only when they are on disk; where they cannot all be written (OSError), none is."""
    append_lines(path, b"".join(_line(d) for d in decisions))


def newcomers(journal: Journal, earlier: Journal) -> tuple[list[Decision], int]:
    """Which decisions of an earlier run's journal to append to this one's, and how many give way.

    In a journal the last word wins, and what was decided here is the later word: whatever speaks of a finding or a row
    that somebody decided on here is left out, and so is its undoing.
    """
    theirs, have = ({d.decision_id for d in j.decisions} for j in (earlier, journal))
    own = [d for d in journal.live() if d.decision_id not in theirs]
    findings = {finding for d in own for finding in d.finding_ids}
    rows = {d.row["row_id"] for d in own if d.row is not None}
    out: list[Decision] = []
    for decision in earlier.decisions:
        if decision.decision_id in have:
            continue
        if decision.inverse_of is not None:
            wanted = decision.inverse_of in have
        else:
            known = decision.row is not None and decision.row["row_id"] in rows
            wanted = not known and findings.isdisjoint(decision.finding_ids)
        if wanted:
            out.append(decision)
            have.add(decision.decision_id)
    gave_way = sum(d.decision_id not in have and d.inverse_of is None for d in earlier.decisions)
    return out, gave_way


def effect(journal: Journal, findings: pa.Table) -> Effect:
    """Apply the live decisions to one findings table, last word winning for each finding."""
    out = Effect(np.zeros(findings.num_rows, np.int8))
    everything = journal.live()
    live = [decision for decision in everything if decision.verdict != "flag"]
    if not live:
        return out
    holding = {d.row["row_id"]: d.decision_id for d in everything if d.row is not None}
    for decision, (at, as_seen) in zip(live, places(findings, live), strict=True):
        code, here = _CODE[decision.verdict], at >= 0
        out.verdict[at[here]] = np.where(as_seen[here], code, STALE) if code == ACCEPT else code
        bound = at[here]
        # What a person did not see in a row is no finding that got lost, nor is what a later answer took back.
        if decision.row is None or (code == ACCEPT and holding[decision.row["row_id"]] == decision.decision_id):
            out.orphans += [decision.finding_ids[k] for k in np.flatnonzero(~here)]
        if decision.standing and decision.filter is not None:
            alike = match(findings, decision.filter)
            out.verdict[alike] = code
            bound = np.concatenate([bound, alike])
        if code == OVERRIDE:
            out.value.update(dict.fromkeys(bound.tolist(), decision.value))
    return out


def match(findings: pa.Table, filter: Mapping[str, Any]) -> np.ndarray:  # noqa: A002 - the journal's own word
    """Indices of the findings that a bulk filter selects."""
    keep = np.ones(findings.num_rows, bool)
    for key, wanted in filter.items():
        if key not in FILTER_KEYS:
            raise DataError(f"unknown filter key {key!r} in a decision; known: {', '.join(FILTER_KEYS)}")
        if key in ("min_score", "max_score"):
            score = findings["score"].to_numpy()
            keep &= score >= np.float32(wanted) if key == "min_score" else score <= np.float32(wanted)
        else:
            same = pc.equal(findings[key].cast(pa.string()), pa.scalar(wanted, pa.string()))
            keep &= pc.fill_null(same, False).to_numpy(zero_copy_only=False)
    return np.flatnonzero(keep)


def _parse(line: bytes) -> Decision:
    raw = orjson.loads(line)
    if not isinstance(raw, dict):
        raise ValueError("not an object")
    if raw.get("verdict") not in VERDICTS:
        raise ValueError("unknown verdict")
    for name, kinds in _TYPES.items():
        if not isinstance(raw.get(name, ""), kinds):
            raise ValueError(f"{name} is of another type")
    ids, seen = (_texts(raw, name) for name in ("finding_ids", "seen"))
    if not all(len(bytes.fromhex(finding_id)) == 16 for finding_id in ids):
        raise ValueError("a finding id is not 16 bytes")
    if raw["verdict"] == "override" and raw.get("value") is None:
        raise ValueError("an override without a value")
    if raw.get("filter") is not None:
        _check_filter(raw["filter"])
    if raw.get("row") is not None:
        check_row(raw["row"])
    known = {k: v for k, v in raw.items() if k in Decision.__dataclass_fields__}
    return Decision(**{**known, "finding_ids": ids, "seen": seen, "standing": bool(raw.get("standing"))})


_TYPES: dict[str, Any] = {
    "decision_id": str, "actor": str, "at": str, "why": str, "value": str | None, "inverse_of": str | None,
}  # fmt: skip


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = raw.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} is no list of texts")
    return tuple(values)


def _check_filter(filter: Any) -> None:  # noqa: A002 - the journal's own word
    if not isinstance(filter, dict) or not set(filter) <= set(FILTER_KEYS):
        raise ValueError(f"a filter has other keys than {', '.join(FILTER_KEYS)}")
    for key, wanted in filter.items():
        number = isinstance(wanted, int | float) and not isinstance(wanted, bool)
        if number != key.endswith("_score") or not isinstance(wanted, str | int | float):
            raise ValueError(f"{key} of a filter is of another type")


def check_row(said: Any) -> None:
    """ValueError where this is not what an answer about a row says of it."""
    if not isinstance(said, dict) or len(bytes.fromhex(str(said.get("row_id")))) != 16:
        raise ValueError("a row id is not 16 bytes")
    for name in ("kinds", "found", "wrong"):
        words = said.get(name, [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{name} of a row is no list of words")
    seen = said.get("seen", [])
    if not isinstance(seen, list) or not all(_is_sighting(one) for one in seen):
        raise ValueError("what was seen in a row is no list of sightings")


def _is_sighting(one: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("kind"), str):
        return False
    texts = all(isinstance(one.get(name), str | None) for name in ("field", "replacement", "witness", "text_hash"))
    places = all(type(one.get(name, 0)) is int and one.get(name, 0) >= 0 for name in ("start", "end"))
    return texts and places and one.get("action", "flag") in SIGHTED_ACTIONS


def _line(decision: Decision) -> bytes:
    said = asdict(decision)
    if decision.row is None:
        del said["row"]
    return orjson.dumps(said) + b"\n"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
