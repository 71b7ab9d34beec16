"""Reads what the screens say of findings out of a session.

Every string that comes from data, labels, field names or evidence passes through the masked preview on its way here, so
a screen holds no personal data that the scanner knows and nothing that a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.ledger.apply import reader
from curate.ledger.plan import STATUSES
from curate.ledger.private import READ, PrivateValues
from curate.outputs import looked_for
from curate.pipeline import DUPLICATES
from curate.privacy.preview import masked_preview, masked_previews
from curate.review.session import Session
from curate.review.words import beside, spoken
from curate.safetext import safe_text
from curate.stages.private import private_values
from curate.stages.registry import concern_of
from tui.evidence import Evidence, Line, Member, Neighbour, Side
from tui.words import MANY, stage_title

EDITABLE = ("relabel", "replace")
"""Actions that put a value there."""
DETAIL_WIDTH = 4000
ROW_WIDTH = 240
LABEL_WIDTH = 60
REPLACEMENT_WIDTH = 120
SPAN_WIDTH = 600
SHOWN_OF_PLAN = ("replacement", "value", "witness_row")
"""What a line of the queue takes from the plan."""
SLACK = 256
"""Code points read beyond what is shown, so that a value cut by the edge is still recognised and masked."""
CACHED_ROWS = 50_000
NEIGHBOURS = 5
MOST_MEMBERS = 9
"""Rows of a cluster that keys 1 to 9 can choose."""
LEAD = 12
"""Characters shown before a replaced span in the queue."""


class Reader:
    """Reads a session for the screens, a block of rows at a time, and remembers what it has read."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._looked_for = looked_for(session.detected.recipe)
        self._previews: dict[int, str] = {}
        self._words: dict[str, str] = {}
        self._fields: dict[str, Callable[[int], Any]] = {}

    @cached_property
    def _private(self) -> PrivateValues:
        return private_values(self.session.dataset, self.session.findings)

    def warm(self) -> None:
        """Load what masking needs, so that the first picture does not wait for it."""
        masked_preview("warm", 8, self._looked_for)

    def line(self, indices: np.ndarray, at: int) -> Line:
        """The finding at position `at` of a queue."""
        index = int(indices[at])
        return self.lines(np.array([index]))[index]

    def lines(self, indices: np.ndarray) -> dict[int, Line]:
        """Some findings of a queue, their texts read together; 0.3 ms each, so never while the screen is drawn."""
        held = self.session.rows_of[indices]
        previews = self._read([int(row) for row in held if row >= 0])
        return {
            int(i): self._line(int(i), self._judged(int(i), int(row), ROW_WIDTH) or previews.get(int(row)))
            for i, row in zip(indices, held, strict=True)
        }

    def _judged(self, index: int, row: int, width: int, reveal: bool = False) -> str:
        """The text that a finding on quality is about; empty for other findings, and where that is not one text."""
        field, stage = (self.session.findings[name][index].as_py() for name in ("field", "stage"))
        raw = self._value(field, row) if row >= 0 and field is not None and concern_of(stage) == "quality" else None
        if not isinstance(raw, str):
            return ""
        text = raw[: width + SLACK]
        return self._shown(text if reveal else self._private.hidden(row, text), width, reveal)

    def planned(self, index: int) -> int:
        """A hash of what the plan in force says of a finding and its line shows: where this is the same, so is the line.
        A hash, since whoever remembers it would remember what a person typed there, unmasked."""
        plan = self.session.plan.table
        return hash(tuple(plan[name][index].as_py() for name in SHOWN_OF_PLAN))

    def _line(self, index: int, preview: str | None) -> Line:
        session = self.session
        row = session.findings["row"][index].as_py()
        found = {name: session.findings[name][index].as_py() for name in ("action", "field", "score", "reason")}
        proposal = self.proposal(index, found["action"], self._of_one_column(found["field"], row), row)
        text = self._told(index, found["reason"]) if row is None else preview or ""
        if found["action"] == "replace":
            text = _around(text, proposal.removeprefix("→ "))
        flagged = bool(session.state.flags) and self.flagged(index)
        return Line(STATUSES[session.state.status[index]], row, found["score"], proposal, text, flagged)

    def _told(self, index: int, reason: str) -> str:
        """Why there is a finding about the dataset; before it, what tells one group's line from the next."""
        numbers = self._numbers(self.session.findings["evidence"][index].as_py())
        group, others, needed = (numbers.get(name) for name in ("group_value", "rest_value", "rows_needed"))
        if numbers.get("value") is not None and group is not None and others is not None:
            return f"{group:.2f} vs {others:.2f}: {safe_text(reason)}"
        return f"about {needed:,} rows would settle it: {safe_text(reason)}" if needed else safe_text(reason)

    @staticmethod
    def _numbers(evidence: str | None) -> dict[str, Any]:
        return orjson.loads(evidence) if evidence else {}

    def _of_one_column(self, field_name: str | None, row: int | None) -> str | None:
        """A group's part of the name of a comparison, where all groups are of one column: a queue has no room for more."""
        first, _, rest = (field_name or "").partition("/")
        return rest if row is None and rest and self.session.dataset.roles.group == (first,) else field_name

    def flagged(self, index: int) -> bool:
        """Whether somebody asked for another look at a finding."""
        return self.session.findings["finding_id"][index].as_py().hex() in self.session.state.flags

    def heading(self, group: str, value: tuple[Any, ...]) -> str:
        """What the findings under a heading have in common."""
        if group == "change":
            given, put = value
            if given is None and put is None:
                return "no label changes"
            return f"{self.label(given)} → {self.label(put)}" if put is not None else f"label {self.label(given)}"
        if group == "partner":
            return f"copies of row {value[0]}"
        if group == "state":
            return MANY[value[0]]
        return self.word(str(value[0]).replace("_", " "))

    def proposal(self, index: int, action: str, field_name: str | None, row: int | None) -> str:
        """What a finding asks for, in a few words."""
        plan = self.session.plan.table
        if action == "drop":
            witness = plan["witness_row"][index].as_py()
            return "drop" if witness is None else f"drop, like {witness}"
        if action == "relabel" and row is not None:
            return f"{self.label(self._value(field_name, row))} → {self.label(plan['replacement'][index].as_py())}"
        if action == "replace":
            return f"→ {self.replacement(index) or '(nothing)'}"
        if action == "reweight":
            return f"weight {plan['value'][index].as_py():.3g}"
        if action == "flag" and row is None:
            return self.word((field_name or "the dataset").replace("/", " / "))
        return {"flag": "look", "add": "add a row"}.get(action, action)

    def replacement(self, index: int) -> str:
        """What takes the place of a span. What the privacy stage proposes holds nothing real, and a surrogate is shown as
        it will be written; what a person put there instead is masked like any text."""
        value = self.session.plan.table["replacement"][index].as_py() or ""
        findings = self.session.findings
        if concern_of(findings["stage"][index].as_py()) != "privacy" or findings["replacement"][index].as_py() != value:
            return self.word(value)
        shown = safe_text(value)
        return shown if len(shown) <= REPLACEMENT_WIDTH else f"{shown[: REPLACEMENT_WIDTH - 1]}…"

    def evidence(self, index: int, *, reveal: bool = False) -> Evidence:
        """All that the detail pane says of one finding; `reveal` leaves its texts unmasked (and still harmless)."""
        session = self.session
        found = session.findings.slice(index, 1).to_pylist()[0]
        planned = session.plan.table.slice(index, 1).to_pylist()[0]
        row, witness = found["row"], planned["witness_row"]
        numbers = self._numbers(found["evidence"])
        relabel = found["action"] == "relabel" and row is not None
        finding_id = found["finding_id"].hex()
        return Evidence(
            index=index,
            finding_id=finding_id,
            stage=found["stage"],
            rule=safe_text(found["rule"]),
            action=found["action"],
            proposal=self.proposal(index, found["action"], found["field"], row),
            reason=safe_text(found["reason"]),
            status=planned["status"],
            why=self._why(planned["why"]),
            score=found["score"],
            place=self.word(found["field"] or ""),
            side=None if row is None else self._side(row, reveal),
            about="" if row is None else self._judged(index, row, DETAIL_WIDTH, reveal),
            witness=None if witness is None else self._side(witness, reveal),
            beside={} if row is None else self._beside(row, reveal),
            span=self._span(index, found, planned, reveal) if found["action"] == "replace" else None,
            kind=safe_text(found["rule"]).rpartition(".")[2].replace("_", " ") if found["action"] == "replace" else "",
            members=self._members(index),
            flagged=finding_id in session.state.flags,
            revealed=reveal,
            given=self.label(self._value(found["field"], row)) if relabel else "",
            suggested=self.label(planned["replacement"]) if relabel else "",
            top=tuple((self.label(name), float(p)) for name, p in _pairs(numbers.pop("top", ()))),
            neighbours=self._neighbours(numbers.pop("neighbours", ())),
            numbers={self.word(str(k)): self._clean(v) for k, v in numbers.items() if v is not None},
            decisions=tuple(self._decisions(finding_id)),
        )

    def _why(self, why: str) -> str:
        """Why a finding is in its state, with stages by the names that the screen has for them."""
        names = "|".join(sorted(map(re.escape, self.session.stages), key=len, reverse=True))
        return safe_text(re.sub(rf"(?<![\w-])(?:{names})(?![\w-])", lambda name: stage_title(name[0]), why))

    def editable(self, index: int) -> bool:
        """Whether this kind of finding puts a value there that could be another."""
        return self.session.findings["action"][index].as_py() in EDITABLE

    def proposes_values(self, stage: str) -> bool:
        """Whether any finding of a stage is of that kind."""
        actions = self.session.findings["action"].take(pa.array(self.session.of_stage(stage)))
        return any(action in EDITABLE for action in pc.unique(actions).to_pylist())

    def start(self, index: int) -> str:
        """The value an edit starts from: the proposal in force."""
        value = self.session.plan.table["replacement"][index].as_py() or ""
        # What cannot be shown as it is cannot be edited as it is: start from nothing instead of from its mask.
        return value if masked_preview(value, ROW_WIDTH, self._looked_for) == value else ""

    def given(self, index: int) -> Any:
        """The value that stands where a finding points, raw."""
        found = self.session.findings
        return self._value(found["field"][index].as_py(), found["row"][index].as_py())

    def likeliest(self, index: int) -> list[str]:
        """The labels that keys 1 to 9 stand for, as the data spells them."""
        raw = self.session.findings["evidence"][index].as_py()
        return [str(name) for name, _ in _pairs(orjson.loads(raw).get("top", ()) if raw else ())[:9]]

    def labels(self) -> list[str]:
        """Label names that can be shown, most frequent first."""
        labels = self.session.detected.canonical_labels()
        if labels is None:
            return []
        counted = pa.chunked_array([labels]).value_counts() if isinstance(labels, pa.Array) else labels.value_counts()
        names = sorted(counted.to_pylist(), key=lambda c: -c["counts"])
        return [n["values"] for n in names[:500] if n["values"] and self.label(n["values"]) == n["values"]]

    def is_label(self, name: str) -> bool:
        """Whether some row has this label, as it was given or under its unified spelling."""
        held = (self.session.dataset.labels(), self.session.detected.canonical_labels())
        return any(labels is not None and pc.index(labels, pa.scalar(name, labels.type)).as_py() >= 0 for labels in held)

    def label(self, value: Any) -> str:
        """A label for the eye."""
        if value is None:
            return "(none)"
        shown = self.word(str(value), LABEL_WIDTH)
        # Spellings that differ by a space at the end must not look the same.
        return shown if shown and shown == shown.strip() else f"'{shown}'"

    def word(self, text: str, width: int = 120) -> str:
        """A short text from outside, masked and harmless."""
        known = self._words.get(text)
        if known is None:
            if len(self._words) > CACHED_ROWS:
                self._words = {}
            known = self._words[text] = masked_preview(text, width, self._looked_for)
        return known

    def _value(self, field_name: str | None, row: int) -> Any:
        if field_name is None:
            return None
        if field_name not in self._fields:
            self._fields[field_name] = reader(self.session.dataset, field_name)
        return self._fields[field_name](row)

    def _side(self, row: int, reveal: bool = False) -> Side:
        text = spoken(self.session.dataset, row)[:READ]
        text = self._shown(text if reveal else self._private.hidden(row, text), DETAIL_WIDTH, reveal)
        return Side(row, text, bool(self.session.plan.dropped[row]))

    def _beside(self, row: int, reveal: bool) -> dict[str, str]:
        told = {name: text[:READ] for name, text in beside(self.session.dataset, row).items()}
        hidden = told if reveal else {name: self._private.hidden(row, text) for name, text in told.items()}
        return {self.word(name): self._shown(text, SPAN_WIDTH, reveal) for name, text in hidden.items()}

    def _shown(self, text: str, width: int, reveal: bool) -> str:
        return safe_text(text[: width - 1]) if reveal else masked_preview(text, width, self._looked_for)

    def partners(self, index: int) -> list[int]:
        """Findings of the duplicates stage about the rows of this finding's cluster, this one first, then by row; empty
        for other findings. One of exact copies or direct partners, not chains of them."""
        session = self.session
        stage = str(session.findings["stage"][index])
        outcome = session.detected.outcomes.get(stage)
        row = int(session.rows_of[index])
        if stage not in DUPLICATES or outcome is None or outcome.detection.scores is None or row < 0:
            return []
        scores = outcome.detection.scores
        if "group" in scores.column_names:
            group = scores["group"].to_numpy()
            own = group[scores["row"].to_numpy() == row]
            rows = scores["row"].to_numpy()[group == own[0]] if len(own) and own[0] >= 0 else np.empty(0, np.int64)
        else:
            a, b = scores["a"].to_numpy(), scores["b"].to_numpy()
            rows = np.union1d(b[a == row], a[b == row])
        mine = session.of_stage(stage)
        near = mine[np.isin(session.rows_of[mine], rows) & (session.rows_of[mine] != row)]
        return [index, *(int(i) for i in near[np.argsort(session.rows_of[near])])]

    def _members(self, index: int) -> tuple[Member, ...]:
        partners = self.partners(index)[:MOST_MEMBERS]
        rows = [int(self.session.rows_of[i]) for i in partners]
        previews = self._read(rows)
        return tuple(Member(r, bool(self.session.plan.dropped[r]), previews[r]) for r in dict.fromkeys(rows))

    def _span(
        self, index: int, found: dict[str, Any], planned: dict[str, Any], reveal: bool = False
    ) -> tuple[str, str, str, str] | None:
        start, end = planned["start"], planned["end"]
        text = None if found["row"] is None else self._value(found["field"], found["row"])
        if not isinstance(text, str):
            return None
        if start is None:
            start, end = 0, len(text)
        ends = (max(0, start - SPAN_WIDTH - SLACK), start), (end, min(len(text), end + SPAN_WIDTH + SLACK))
        head, tail = (text[first:last] for first, last in ends)
        if not reveal:
            row, field = found["row"], found["field"]
            parts = (self._private.stretch(text, row, field, first, last) for first, last in ends)
            head, tail = (self._private.hidden(row, part) for part in parts)
        before = self._shown(head, SPAN_WIDTH + SLACK, reveal)[-SPAN_WIDTH:]
        if head[-1:].isspace():
            before = before.rstrip() + " "
        if start > SPAN_WIDTH + SLACK:
            before = f"…{before}"
        after = self._shown(tail, SPAN_WIDTH, reveal)
        stood = safe_text(text[start:end])[:REPLACEMENT_WIDTH] if reveal else ""
        return before, stood, self.replacement(index), after

    def _neighbours(self, given: Any) -> tuple[Neighbour, ...]:
        n_rows = self.session.dataset.n_rows
        near = [n for n in given if isinstance(n, dict) and isinstance(n.get("row"), int) and 0 <= n["row"] < n_rows]
        near = near[:NEIGHBOURS]
        previews = self._read([n["row"] for n in near])
        return tuple(
            Neighbour(n["row"], self.label(n.get("label")), float(n.get("similarity") or 0.0), previews[n["row"]])
            for n in near
        )

    def _decisions(self, finding_id: str) -> list[str]:
        return [
            safe_text(f"{d.at[:16].replace('T', ' ')}  {d.actor or 'someone'}: {d.verdict}")
            + (f" with {self.word(d.value)!r}" if d.value is not None else "")
            + (f" ({self.word(d.why)})" if d.why else "")
            for d in self.session.state.on(finding_id)
        ]

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.word(value)
        if isinstance(value, dict):
            return {self.word(str(k)): self._clean(v) for k, v in value.items()}
        return [self._clean(v) for v in value] if isinstance(value, list) else value

    def previews(self, rows: Sequence[int], width: int) -> list[str]:
        """Masked previews of rows, read together."""
        taken = pa.array(rows, pa.int64())
        texts = self._private.hidden_in(taken, self.session.dataset.content().take(taken))
        return [shown or "" for shown in masked_previews(texts, width, self._looked_for)]

    def _read(self, rows: Sequence[int]) -> dict[int, str]:
        """Masked previews of rows; those that were read before are remembered."""
        wanted = dict.fromkeys(rows)
        known = {r: p for r in wanted if (p := self._previews.get(r)) is not None}
        missing = [r for r in wanted if r not in known]
        if missing:
            fresh = dict(zip(missing, self.previews(missing, ROW_WIDTH), strict=True))
            if len(self._previews) > CACHED_ROWS:
                self._previews = {}  # another one: a thread that reads along keeps what it holds
            self._previews.update(fresh)
            known.update(fresh)
        return known


def _around(text: str, what: str) -> str:
    """A preview that starts shortly before what it is about."""
    at = text.find(what)
    return text if at <= 2 * LEAD else f"…{text[at - LEAD :]}"


def _pairs(given: Any) -> list[tuple[Any, float]]:
    return [(p[0], p[1]) for p in given if isinstance(p, list) and len(p) == 2 and isinstance(p[1], int | float)]
