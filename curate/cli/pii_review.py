"""`curate pii-review`: read a sample of rows and say what the scanner missed."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.errors import ConfigError
from curate.words import plural

if TYPE_CHECKING:
    from curate.ledger.private import PrivateValues
    from curate.privacy.residual import Read
    from curate.review.residual import Sample

ASK = "Which marks are personal data? (numbers; +1 for one that no mark shows; Enter: none; s: skip; q: stop)"
_ANSWER = re.compile(r"(?:\d{1,4}|\+\d{1,4})(?:[ ,]+(?:\d{1,4}|\+\d{1,4}))*")


@click.command("pii-review", epilog="\b\nExamples:\n"
    "  curate pii-review runs/tickets                        read 50 rows in the terminal\n"
    "  curate pii-review runs/tickets --sample 200           go on to 200\n"
    "  curate pii-review runs/tickets --list > rows.jsonl    places only, no text\n"
    "  curate pii-review runs/tickets --answers rows.jsonl   with real = [1, 3] and more = 0 filled in")  # fmt: skip
@click.argument("run", type=click.Path())
@click.option("--sample", "rows", type=click.IntRange(1), default=50, show_default=True, help="Rows to read in all.")
@click.option("--list", "listing", is_flag=True, help="Print the rows still to be read as JSON lines, without their text.")
@click.option("--answers", type=click.Path(), help="Take the answers from a file of such lines instead of asking.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimate as JSON on stdout.")
def pii_review_command(run: str, rows: int, listing: bool, answers: str | None, as_json: bool) -> int:
    """Say what the scanner missed in a sample of rows, which narrows the estimate of what is left.

    Half of the rows hold something that only a weak detector marked, half hold nothing of the kind. Text is shown as it
    is, what the scanner found replaced by its type; of the answers only yes, no and a count are kept.
    """
    import orjson

    from curate import workflow
    from curate.review import residual
    from curate.rundir import REVIEW_FILE, RunDir
    from curate.stages.private import private_values

    directory = RunDir.open(run)
    detected = workflow.reopen(directory)
    sample = residual.sample_of(detected)
    if sample is None:
        raise ConfigError(f"{run} was not scanned for personal data, so there is nothing to review")
    path = directory.path / REVIEW_FILE
    read, _ = residual.read_review(path, sample)
    queue = residual.queue(sample, read, rows)
    lines = detected.dataset.lines
    if listing:
        for row in queue:
            click.echo(orjson.dumps(_place(sample, row, int(lines[sample.rows[row]]))).decode())
        return 0
    if answers is not None:
        said = _from_file(Path(answers), sample)
    else:
        private = private_values(detected.dataset, detected.findings)
        said = _asked(sample, queue, [int(lines[sample.rows[row]]) for row in queue], private)
    kept = 0
    for row, answer in said:
        residual.append_review(path, sample, row, answer.real, answer.more)
        kept += 1
    if kept and "plan" in directory.manifest():
        found = workflow.reapply(run).manifest.get("residual") or {}
    else:
        found = residual.numbers(sample, *residual.read_review(path, sample))
    click.echo(f"{plural(kept, 'row')} read; kept in {path}", err=True)
    click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() if as_json else found["sentence"])
    return 0


def _place(sample: Sample, row: int, line: int) -> dict[str, Any]:
    from curate.privacy.residual import KINDS
    from curate.safetext import safe_text

    marks = [
        {"mark": n, "field": safe_text(sample.fields[u.text]), "start": u.start, "end": u.end, "kind": KINDS[u.kind][0]}
        for n, u in enumerate(sample.candidates(row), 1)
    ]
    return {"row": int(sample.rows[row]), "line": line, "marks": marks, "real": None, "more": None}


def _from_file(path: Path, sample: Sample) -> list[tuple[int, Read]]:
    """The answers of a file, all of them checked before any is kept."""
    import orjson

    from curate.privacy.residual import Read
    from curate.review.residual import is_count

    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    row_of = {int(position): row for row, position in enumerate(sample.rows)}
    out = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ConfigError(f"{where} is not JSON") from None
        named = said.get("row") if isinstance(said, Mapping) else None
        if not isinstance(named, int) or isinstance(named, bool) or named not in row_of:
            raise ConfigError(f"{where} names no row of the sample; `--list` prints them")
        real, more = said.get("real"), said.get("more")
        if real is None and more is None:
            continue  # not answered yet
        row = row_of[named]
        many = len(sample.candidates(row))
        chosen = real if isinstance(real, list) else [0]
        good = all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= many for n in chosen)
        if not good or not is_count(more):
            raise ConfigError(f"{where}: real must list marks of the row (1 to {many}; [] for none), more must be a count")
        out.append((row, Read(tuple(n + 1 in chosen for n in range(many)), more)))
    return out


def _asked(sample: Sample, queue: Sequence[int], lines: Sequence[int], private: PrivateValues) -> Any:
    """Ask about one row after the other; each answer is given out as soon as it is there."""
    from curate.privacy.residual import KINDS, kind_of_type

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("rows are shown as they are, so this runs in a terminal; elsewhere use --list and --answers")
    kinds = sorted(set(kind_of_type(sample.types).values()))
    click.echo(f"Counted: {', '.join(KINDS[kind][0] for kind in kinds)}. Nothing else, such as names, is counted.")
    for number, (row, line) in enumerate(zip(queue, lines, strict=True), 1):
        click.echo(f"\n{number} of {len(queue)}: row {sample.rows[row]} (line {line})")
        for field, text in _shown(sample, row, private):
            click.echo(f"  {field}: {text}")
        answer = _answer(len(sample.candidates(row)))
        if answer is None:
            continue
        if answer == "stop":
            return
        yield row, answer


def _answer(marks: int) -> Any:
    from curate.privacy.residual import Read
    from curate.review.residual import MOST_SEEN

    while True:
        said = click.prompt(ASK, default="", show_default=False, prompt_suffix=" ").strip().lower()
        if said in ("s", "q"):
            return None if said == "s" else "stop"
        words = re.split("[ ,]+", said) if said else []
        known = not said or _ANSWER.fullmatch(said) is not None
        real = {int(w) for w in words if known and w.isdecimal()}
        if known and all(1 <= n <= marks for n in real):
            more = min(MOST_SEEN, sum(int(w[1:]) for w in words if w.startswith("+")))
            return Read(tuple(n + 1 in real for n in range(marks)), more)
        click.echo(f"  marks run from 1 to {marks}; for example: 1 3 +1" if marks else "  no mark here; for example: +1")


def _shown(sample: Sample, row: int, private: PrivateValues) -> list[tuple[str, str]]:
    """The strings of a row: what the run found as its type, names that it only noted too, for they are not asked about;
    what only weak detectors marked between «n: », also inside a value that was noted."""
    from curate.safetext import safe_text

    numbers = {id(u): n for n, u in enumerate(sample.candidates(row), 1)}
    out = []
    for at, item in enumerate(sample.texts):
        if item.row != row or not item.text.strip():
            continue
        marked = [u for u in sample.units if u.text == at and not u.main]
        cuts = [(u.start, u.end, f"«{numbers[id(u)]}: ", "»") for u in marked]
        cuts += [(start, end, f"[{kind}]", "") for start, end, kind in item.spans]
        taken = [(start, end) for start, end, *_ in cuts]
        cuts += [
            (span.start, span.end, span.mark, "") for span in private.of(int(sample.rows[row]))
            if span.field == sample.fields[at] and not any(start < span.end and span.start < end for start, end in taken)
        ]  # fmt: skip
        pieces, place = [], 0
        for start, end, before, after in sorted(cuts):
            inside = item.text[max(start, place) : end] if after else ""
            pieces += [item.text[place : max(start, place)], before, inside, after]
            place = max(place, end)
        out.append((safe_text(sample.fields[at]), safe_text("".join([*pieces, item.text[place:]]))))
    return out
