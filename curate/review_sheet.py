"""A review in a spreadsheet: the queue as CSV, and the answers back.

No cell can run: a text that a spreadsheet would take for a formula is led by an apostrophe (and loses it on the way back).
`seen` is the hash of what was proposed; where the run proposes something else by now, the line is refused, not guessed.
Nothing is taken from a file of which one line is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from curate.dataset import atomic_write_text
from curate.errors import ConfigError, nearest
from curate.ledger.decisions import seen_hashes

if TYPE_CHECKING:
    from curate.reviewing import Review

COLUMNS = ("finding_id", "seen", "stage", "rule", "action", "row", "line", "score", "reason", "text", "like", "proposal",
           "verdict", "value", "why")  # fmt: skip
VERDICTS = ("accept", "reject", "override")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_sheet(path: Path, review: Review, queue: Sequence[int]) -> None:
    """Write findings in order, with empty columns for verdict, value and why."""
    table = review.session.findings.take(pa.array(queue, pa.int64()))
    lines = review.session.dataset.lines
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for index, found, seen in zip(queue, table.to_pylist(), seen_hashes(table), strict=True):
        e = review.example(int(index))
        values = (
            found["finding_id"].hex(), seen, found["stage"], e.rule, e.action, found["row"],
            int(lines[found["row"]]), f"{e.score:.4f}", e.reason, "" if e.text is None else e.text.plain,
            "" if e.witness is None else e.witness.plain, review.proposal(int(index), e), "", "", "",
        )  # fmt: skip
        writer.writerow([_inert(str(value)) for value in values])
    atomic_write_text(path, out.getvalue())


def read_sheet(path: Path, review: Review) -> list[tuple[int, str, str | None, str]]:
    """(finding, verdict, value, why) of every line that has a verdict; ConfigError names the first wrong line."""
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


def _answers(path: Path, rows: csv.DictReader[str], review: Review) -> list[tuple[int, str, str | None, str]]:
    missing = [name for name in ("finding_id", "seen", "verdict") if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path} has no column {missing[0]!r}; `curate review RUN --export` writes them all")
    table = review.session.findings
    place = {i.hex(): n for n, i in enumerate(table["finding_id"].to_pylist())}
    out: list[tuple[int, str, str | None, str]] = []
    for row in rows:
        where = f"{path}: line {rows.line_num}"
        verdict = (row["verdict"] or "").strip().lower()
        if not verdict:
            continue
        if verdict not in VERDICTS:
            raise ConfigError(f"{where}: verdict is none of {', '.join(VERDICTS)}; {nearest(verdict, VERDICTS)}")
        index = place.get((row["finding_id"] or "").strip())
        if index is None:
            raise ConfigError(f"{where}: this run has no such finding; was the sheet exported from another run?")
        if (row["seen"] or "").strip() != seen_hashes(table.slice(index, 1))[0]:
            raise ConfigError(f"{where}: the run proposes something else by now; export again")
        value = _as_written(row.get("value") or "") if verdict == "override" else None
        if value == "":
            raise ConfigError(f"{where}: override needs a value")
        out.append((index, verdict, value, _as_written(row.get("why") or "")))
    return out


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _as_written(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
