"""A review in a spreadsheet: the queue as CSV, and the answers back.

No cell can run: a text that a spreadsheet would take for a formula is led by an apostrophe (and loses it on the way back).
`seen` is the hash of what was proposed; where the run proposes something else by now, the line is refused, not guessed.
A row that nothing was found in is a line as well: its `finding_id` starts `row-`, its verdict is clean, wrong or unsure,
and `value` says what is wrong, in the words of line mode (`label=billing`, `privacy`, `duplicate=17`).
Nothing is taken from a file of which one line is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from curate.dataset import atomic_write_text
from curate.errors import ConfigError, nearest
from curate.ledger.decisions import seen_hashes
from curate.safetext import safe_text

if TYPE_CHECKING:
    from curate.ledger.sightings import Answer, Sighting
    from curate.reviewing import Question, Review
    from curate.row_review import RowSaid

COLUMNS = ("finding_id", "seen", "stage", "rule", "action", "row", "file", "line", "score", "reason", "text", "like",
           "proposal", "verdict", "value", "why")  # fmt: skip
VERDICTS = ("accept", "reject", "override")
OF_ROWS = ("clean", "wrong", "unsure")
ROW = "row-"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_sheet(path: Path, review: Review, queue: Sequence[Question]) -> None:
    """Write questions (`finding` or `row`, and its position) in order, with empty columns for verdict, value and why."""
    like = review.rows.nearest(wanted) if (wanted := [row for of, row in queue if of == "row"]) else {}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for of, index in queue:
        values = _of_finding(review, index) if of == "finding" else _of_row(review, index, like.get(index))
        writer.writerow([_inert(str(value)) for value in (*values, "", "", "")])
    atomic_write_text(path, out.getvalue())


def _of_finding(review: Review, index: int) -> tuple[object, ...]:
    table = review.session.findings.slice(index, 1)
    found, e = table.to_pylist()[0], review.example(index)
    return (
        found["finding_id"].hex(), seen_hashes(table)[0], found["stage"], e.rule, e.action, found["row"],
        *_place(review, found["row"]), f"{e.score:.4f}", e.reason, "" if e.text is None else e.text.plain,
        "" if e.witness is None else e.witness.plain, review.proposal(index, e),
    )  # fmt: skip


def _of_row(review: Review, row: int, like: tuple[int, float] | None) -> tuple[object, ...]:
    from curate.cli.review_rows import LIKE_WIDTH, WIDTH

    rows = review.rows
    label, found = review.previews.label(row), rows.found_in(row)
    text = f"{f'[{label}] ' if label else ''}{review.previews.row(row, WIDTH)}"
    other = "" if like is None else f"row {like[0]}, {like[1]:.0%} alike: {review.previews.row(like[0], LIKE_WIDTH)}"
    asked = f"is anything {'else ' if found else ''}wrong with this row? one or more of: {', '.join(rows.kinds)}"
    return (
        ROW + rows.row_id(row), _found_hash(found), "", "", "", row, *_place(review, row), "", asked, text, other,
        f"found there already: {', '.join(found)}" if found else "",
    )  # fmt: skip


def _place(review: Review, row: int) -> tuple[str, int]:
    """The file that a row stands in, and its line there."""
    file, line = review.session.dataset.place(row)
    return safe_text(file), line


def _found_hash(found: Sequence[str]) -> str:
    return xxhash.xxh3_64_hexdigest("\x1f".join(found).encode())


def read_sheet(path: Path, review: Review) -> tuple[list[tuple[int, str, str | None, str]], list[RowSaid]]:
    """(finding, verdict, value, why) and (row, answer, what was seen, why) of every line that has a verdict; ConfigError
    names the first wrong line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no file at {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as UTF-8 text ({type(error).__name__})") from None
    try:
        return _answers(path, csv.DictReader(io.StringIO(text, newline="")), review)
    except csv.Error as error:
        raise ConfigError(f"{path} cannot be read as CSV ({error}); save the sheet as CSV again") from None


def _answers(
    path: Path, rows: csv.DictReader[str], review: Review
) -> tuple[list[tuple[int, str, str | None, str]], list[RowSaid]]:
    missing = [name for name in ("finding_id", "seen", "verdict") if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path} has no column {missing[0]!r}; `curate review RUN --export` writes them all")
    table = review.session.findings
    place = {i.hex(): n for n, i in enumerate(table["finding_id"].to_pylist())}
    out: list[tuple[int, str, str | None, str]] = []
    of_rows: list[RowSaid] = []
    for row in rows:
        where = f"{path}: line {rows.line_num}"
        verdict = (row["verdict"] or "").strip().lower()
        if not verdict:
            continue
        name = (row["finding_id"] or "").strip()
        known = OF_ROWS if name.startswith(ROW) else VERDICTS
        if verdict not in known:
            raise ConfigError(f"{where}: verdict is none of {', '.join(known)}; {nearest(verdict, known)}")
        if name.startswith(ROW):
            of_rows.append(_row_said(where, name, verdict, row, review))
            continue
        index = place.get(name)
        if index is None:
            raise ConfigError(f"{where}: this run has no such finding; was the sheet exported from another run?")
        if (row["seen"] or "").strip() != seen_hashes(table.slice(index, 1))[0]:
            raise ConfigError(f"{where}: the run proposes something else by now; export again")
        value = _as_written(row.get("value") or "") if verdict == "override" else None
        if value == "":
            raise ConfigError(f"{where}: override needs a value")
        out.append((index, verdict, value, _as_written(row.get("why") or "")))
    return out, of_rows


def _row_said(where: str, name: str, verdict: str, line: dict[str, str], review: Review) -> RowSaid:
    from curate.ledger.sightings import places
    from curate.row_answers import parse_seen

    rows, row_id = review.rows, name.removeprefix(ROW)
    at = places(rows.dataset.row_ids, [row_id]).get(row_id)
    if at is None:
        raise ConfigError(f"{where}: this data has no such row; was the sheet exported from another run?")
    if (line["seen"] or "").strip() != _found_hash(rows.found_in(at)):
        raise ConfigError(f"{where}: something else was found in the row by now; export again")
    said = _as_written(line.get("value") or "").strip()
    if verdict != "wrong":
        if said:
            raise ConfigError(f"{where}: a row that is {verdict} takes no value; say wrong, or empty the value")
        seen: list[Sighting] = []
    else:
        try:
            seen = parse_seen(rows, at, said)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
    answer: Answer = "wrong" if verdict == "wrong" else "clean" if verdict == "clean" else "unsure"
    return at, answer, seen, _as_written(line.get("why") or "")


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _as_written(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
