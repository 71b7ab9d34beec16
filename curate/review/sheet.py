"""A review in a spreadsheet: the queue as CSV, and the answers back.

No cell can run: a text that a spreadsheet would take for a formula is led by an apostrophe (and loses it on the way back),
also behind a separator of another country's sheets. No id can be taken for a number: each begins with a word. The file says
by its first bytes that it is UTF-8, or spreadsheets take other scripts for noise; it comes back in whatever form they save:
commas, semicolons or tabs, UTF-8 or UTF-16.

`seen` is the hash of what was proposed; where the run proposes something else by now, the line is refused, not guessed.
A row that nothing was found in is a line as well: its `finding_id` starts `row-`, its verdict is clean, wrong or unsure,
and `value` says what is wrong, in the words of line mode (`label=billing`, `privacy`, `duplicate=17`).
Nothing is taken from a file of which one line is wrong. A sheet may be filled in bit by bit: what the same person has said
alike before is not taken again (it would count as a question asked twice), and what they changed takes the old one back.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import xxhash

from curate.dataset import atomic_write_text
from curate.errors import ConfigError, nearest
from curate.ledger.decisions import Decision, undo
from curate.ledger.lookup import seen_hashes
from curate.review.words import LIKE_WIDTH, ROW_WIDTH, check_value, proposal
from curate.safetext import safe_text

if TYPE_CHECKING:
    from curate.ledger.sightings import Answer, Sighting
    from curate.review.findings import Question, Review
    from curate.review.rows import RowSaid

COLUMNS = ("finding_id", "seen", "stage", "rule", "action", "row", "file", "line", "score", "reason", "text", "like",
           "proposal", "verdict", "value", "why")  # fmt: skip
VERDICTS = ("accept", "reject", "override")
OF_ROWS = ("clean", "wrong", "unsure")
FINDING, ROW, SEEN = "finding-", "row-", "seen-"
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# Quotes may stand before the sign: CSV doubles them, and behind a separator two of them are an empty text, which what
# follows is joined to.
_RUNS = f"[\\s\"]*[{_STARTS}]|[ \"]*[\\t\\r]"
_FORMULA = re.compile(f"^(?={_RUNS}|\\n)")
_INNER = re.compile(f"(?<=[;\\t\\r\\n])(?={_RUNS})")
_SEPARATORS = ",;\t"


@dataclass
class Sheet:
    """What a filled-in sheet says."""

    findings: list[tuple[int, str, str | None, str]] = field(default_factory=list)
    """Finding, verdict, value and why."""
    rows: list[RowSaid] = field(default_factory=list)
    """Row, answer, what was seen, and why."""
    new_labels: dict[str, int] = field(default_factory=dict)
    """What is said of labels that no row has, and the lines that give one."""


@dataclass(frozen=True)
class Taken:
    """What became of a sheet's answers."""

    new: int
    changed: int
    """Of these, those that take the place of an earlier answer of the same person."""
    known: int
    """Those that were given alike before."""


def write_sheet(path: Path, review: Review, queue: Sequence[Question]) -> None:
    """Write questions (`finding` or `row`, and its position) in order, with empty columns for verdict, value and why."""
    like = review.rows.nearest(wanted) if (wanted := [row for of, row in queue if of == "row"]) else {}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for of, index in queue:
        values = _of_finding(review, index) if of == "finding" else _of_row(review, index, like.get(index))
        writer.writerow([_inert(str(value)) for value in (*values, "", "", "")])
    atomic_write_text(path, "\ufeff" + out.getvalue())


def take(review: Review, sheet: Sheet, actor: str) -> Taken:
    """Save the answers of a sheet in one write, but for those that this person gave alike before."""
    last: dict[str, Decision] = {}
    for d in review.session.state.live:
        if d.actor == actor and d.filter is None and (d.row is not None or d.verdict != "flag"):
            last |= dict.fromkeys(d.finding_ids, d) if d.row is None else {str(d.row["row_id"]): d}
    out: list[Decision] = []
    new = changed = known = 0
    for made in review.decisions(sheet.findings, actor, sheet.rows):
        old = last.get(made.finding_ids[0] if made.row is None else str(made.row["row_id"]))
        if old is not None and _alike(old, made):
            known += 1
            continue
        if old is not None:
            changed += 1
            # One that speaks of other findings as well stands for those; about this one the newest word wins anyway.
            if old.row is not None or len(old.finding_ids) == 1:
                out.append(undo(old, actor=actor))
        new += 1
        out.append(made)
    review.save(out)
    return Taken(new, changed, known)


def _alike(old: Decision, made: Decision) -> bool:
    """Whether an earlier decision says the same of what the new one is about."""
    if (old.verdict, old.value) != (made.verdict, made.value):
        return False
    if made.row is not None or old.row is not None:
        return (old.finding_ids, old.seen, old.row) == (made.finding_ids, made.seen, made.row)
    seen = dict(zip(old.finding_ids, old.seen, strict=False))  # a line written by hand may have fewer of these
    return seen.get(made.finding_ids[0]) == made.seen[0]


def _of_finding(review: Review, index: int) -> tuple[object, ...]:
    table = review.session.findings.slice(index, 1)
    found, e = table.to_pylist()[0], review.example(index)
    return (
        FINDING + found["finding_id"].hex(), SEEN + seen_hashes(table)[0], found["stage"], e.rule, e.action, found["row"],
        *_place(review, found["row"]), f"{e.score:.4f}", e.reason, "" if e.text is None else e.text.plain,
        "" if e.witness is None else e.witness.plain, proposal(review, index, e),
    )  # fmt: skip


def _of_row(review: Review, row: int, like: tuple[int, float] | None) -> tuple[object, ...]:
    rows = review.rows
    label, found = review.previews.label(row), rows.found_in(row)
    text = f"{f'[{label}] ' if label else ''}{review.previews.row(row, ROW_WIDTH)}"
    other = "" if like is None else f"row {like[0]}, {like[1]:.0%} alike: {review.previews.row(like[0], LIKE_WIDTH)}"
    asked = f"is anything {'else ' if found else ''}wrong with this row? one or more of: {', '.join(rows.kinds)}"
    return (
        ROW + rows.row_id(row), SEEN + _found_hash(found), "", "", "", row, *_place(review, row), "", asked, text, other,
        f"found there already: {', '.join(found)}" if found else "",
    )  # fmt: skip


def _place(review: Review, row: int) -> tuple[str, int]:
    """The file that a row stands in, and its line there."""
    file, line = review.session.dataset.place(row)
    return safe_text(file), line


def _found_hash(found: Sequence[str]) -> str:
    return xxhash.xxh3_64_hexdigest("\x1f".join(found).encode())


def read_sheet(path: Path, review: Review) -> Sheet:
    """What every line with a verdict says; ConfigError names the first wrong line."""
    text = _text(path)
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=head.count), strict=True)
    try:
        missing = [name for name in ("finding_id", "seen", "verdict") if name not in (reader.fieldnames or ())]
        if missing:
            raise ConfigError(f"{path} has no column {missing[0]!r}; `curate review RUN --export` writes them all")
        return _Reading(path, review).all_of(reader)
    except csv.Error as error:
        where = f"{path}: line {reader.line_num}"
        raise ConfigError(f"{where} cannot be read as CSV ({error}); save the sheet as CSV again") from None


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"there is no file at {path}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None
    if raw.startswith(b"PK\x03\x04"):
        raise ConfigError(f"{path} is a workbook; save the sheet as CSV (UTF-8) and import that")
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save the sheet as CSV in UTF-8") from None


class _Reading:
    """The lines of one sheet, held against one run."""

    def __init__(self, path: Path, review: Review) -> None:
        self.path, self.review = path, review
        self.sheet = Sheet()
        self._where = ""
        self._told: dict[str, tuple[str, str, str]] = {}
        """Where each finding or row was answered before, and how."""

    def all_of(self, reader: csv.DictReader[str]) -> Sheet:
        """Every line that has a verdict."""
        from curate.ledger.sightings import places

        lines = [(reader.line_num, line) for line in reader if (line["verdict"] or "").strip()]
        names = [_bare(line["finding_id"]) for _, line in lines]
        table = self.review.session.findings
        wanted = {name for name in names if not name.startswith(ROW)}
        place = {i: n for n, i in enumerate(b.hex() for b in table["finding_id"].to_pylist()) if i in wanted}
        rows = [name.removeprefix(ROW) for name in names if name.startswith(ROW)]
        row_at = places(self.review.session.dataset.row_ids, rows) if rows else {}
        for (number, line), name in zip(lines, names, strict=True):
            self._where = f"{self.path}: line {number}"
            verdict = (line["verdict"] or "").strip().lower()
            known = OF_ROWS if name.startswith(ROW) else VERDICTS
            if verdict not in known:
                self._refuse(f"verdict is none of {', '.join(known)}; {nearest(verdict, known)}")
            said = (verdict, _as_written(line.get("value") or "").strip())
            where, *before = self._told.get(name, ("", *said))
            if tuple(before) != said:
                self._refuse(f"it says otherwise than {where.rpartition(': ')[2]}, which is about the same")
            if where:
                continue
            self._told[name] = (self._where, *said)
            if name.startswith(ROW):
                self._row(row_at.get(name.removeprefix(ROW)), line, *said)
            else:
                self._finding(place.get(name), line, *said)
        return self.sheet

    def _finding(self, index: int | None, line: dict[str, str], verdict: str, value: str) -> None:
        if index is None:
            self._refuse("this run has no such finding; was the sheet exported from another run?")
        if _bare(line["seen"]) != seen_hashes(self.review.session.findings.slice(index, 1))[0]:
            self._refuse("the run proposes something else by now; export again")
        if verdict == "override":
            if not value:
                self._refuse("override needs a value")
            try:
                new = check_value(self.review, index, value)
            except ConfigError as error:
                self._refuse(str(error))
            if new:
                self.sheet.new_labels[new] = self.sheet.new_labels.get(new, 0) + 1
        kept = value if verdict == "override" else None
        self.sheet.findings.append((index, verdict, kept, _as_written(line.get("why") or "")))

    def _row(self, row: int | None, line: dict[str, str], verdict: str, value: str) -> None:
        from curate.review.answers import parse_seen

        rows = self.review.rows
        if row is None:
            self._refuse("this data has no such row; was the sheet exported from another run?")
        if _bare(line["seen"]) != _found_hash(rows.found_in(row)):
            self._refuse("something else was found in the row by now; export again")
        if verdict != "wrong" and value:
            self._refuse(f"a row that is {verdict} takes no value; say wrong, or empty the value")
        try:
            seen: list[Sighting] = parse_seen(rows, row, value) if verdict == "wrong" else []
        except ConfigError as error:
            self._refuse(str(error))
        answer: Answer = "wrong" if verdict == "wrong" else "clean" if verdict == "clean" else "unsure"
        self.sheet.rows.append((row, answer, seen, _as_written(line.get("why") or "")))

    def _refuse(self, why: str) -> NoReturn:
        raise ConfigError(f"{self._where}: {why}") from None


def _bare(name: str | None) -> str:
    """An id without the word that kept it from being taken for a number."""
    return (name or "").strip().removeprefix(FINDING).removeprefix(SEEN)


def _inert(text: str) -> str:
    return _FORMULA.sub("'", _INNER.sub("'", text), count=1)


def _as_written(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
