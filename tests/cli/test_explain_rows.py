"""An auditor finds a row by what he has at hand, and hears what was found then, whatever version asks."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Curate

ROWS = [{"id": f"T-{n:03d}", "text": f"Question {n} about parcels, refunds and opening hours of shop {n * 7}.",
         "label": "nuetral" if n == 5 else ("neutral", "happy")[n % 2]} for n in range(60)]  # fmt: skip
ROWS[41] = {**ROWS[40], "id": "T-041"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from curate import run as curate_run

    folder = tmp_path_factory.mktemp("explained")
    data = folder / "tickets.jsonl"
    data.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    curate_run(str(data), out=folder / "run", train=False)
    return folder / "run"


@pytest.mark.parametrize("which", ["41", "T-041", "id=T-041", "tickets.jsonl:42", "./tickets.jsonl:42", ":42"])
def test_a_row_is_found_by_number_by_its_own_id_and_by_its_line(run: Path, inside: Curate, which: str) -> None:
    story = json.loads(inside("explain", run, which, "--json").stdout)
    assert (story["row"], story["line"]) == (41, 42)
    assert story["outcome"] == "removed by exact_duplicates"


def test_a_row_that_stays_names_the_rows_that_went_for_it(run: Path, inside: Curate) -> None:
    gone = json.loads(inside("explain", run, "41", "--json").stdout)
    (witness,) = {f["witness_row"] for f in gone["findings"]}
    assert gone["stands_for"] == []
    kept = json.loads(inside("explain", run, str(witness), "--json").stdout)
    assert kept["outcome"] == "kept as it was"
    assert 41 in kept["stands_for"]
    said = inside("explain", run, str(witness)).stdout
    assert "stays in the place of" in said
    assert "no stage found anything" not in said


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("60", "numbered 0 to 59"),
        ("7" * 5000, "numbered 0 to 59"),
        ("\udcff", "there is no row"),
        ("T-999", "there is no row 'T-999'"),
        ("label=happy", "rows are 'label=happy' (rows 1, 3, 7"),
        ("other.jsonl:42", "there is no row"),
        ("f" * 32, "no row has the id"),
        ("id=T-999", "no row has 'T-999' in its column 'id'"),
        ("ids=T-041", "the data has no column 'ids'; did you mean 'id'?"),
    ],
)
def test_what_names_no_row_or_several_is_told(run: Path, inside: Curate, which: str, words: str) -> None:
    done = inside("explain", run, which)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_row_that_goes_over_several_lines_is_found_by_each_of_them(inside: Curate, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(ROWS[38:44], indent=1))
    inside("run", tmp_path / "a.json", "--no-train", "--stages", "exact_duplicates", "--out", tmp_path / "run")
    lines = (tmp_path / "a.json").read_text().splitlines()
    at = next(n for n, line in enumerate(lines, 1) if "T-041" in line)
    for line in (at - 1, at, at + 2):
        assert json.loads(inside("explain", tmp_path / "run", f"a.json:{line}", "--json").stdout)["row"] == 3
    for line in (1, len(lines), len(lines) + 9):
        assert "there is no row" in inside("explain", tmp_path / "run", f"a.json:{line}").stderr


def test_rows_of_a_file_without_lines_are_counted_as_records(inside: Curate, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS[38:44]), tmp_path / "t.parquet")
    inside("run", tmp_path / "t.parquet", "--no-train", "--stages", "exact_duplicates", "--out", tmp_path / "run")
    told = inside("explain", tmp_path / "run", "3").stdout
    assert "row 3 (record 4 of " in told
    assert "justified by row 2 (record 3)" in told
    assert "record 4: the same text stands in another row" in inside("gate", tmp_path / "t.parquet").stdout


def test_of_many_findings_of_one_rule_some_are_told_and_the_others_counted(inside: Curate, tmp_path: Path) -> None:
    mails = " ".join(f"u{n}@example{n}.org" for n in range(75))
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": f"{mails} call 212-555-0143"}) + "\n")
    inside("pii", tmp_path / "a.jsonl", "--out", tmp_path / "run")
    told = inside("explain", tmp_path / "run", "0").stdout
    assert told.count("pii / pii.email_address: replace in text characters") == 20
    assert "pii / pii.email_address: replace, applied: 55 more like these; --limit 0 tells all" in told
    assert told.count("pii / pii.phone_number: replace in text characters") == 1
    assert inside("explain", tmp_path / "run", "0", "--limit", "0").stdout.count("pii.email_address: replace in text") == 75
    assert len(json.loads(inside("explain", tmp_path / "run", "0", "--json").stdout)["findings"]) == 76


def test_the_digits_that_explain_shows_are_enough_to_decide(run: Path, inside: Curate) -> None:
    told = inside("explain", run, "41").stdout
    shown = [line.split()[1] for line in told.splitlines() if line.startswith("  finding ")]
    done = inside("decide", run, "reject", shown[0], "--dry-run")
    assert (done.returncode, "1 finding; nothing was saved" in done.stderr) == (0, True)


def test_a_relabel_names_the_label_of_before(run: Path, inside: Curate) -> None:
    assert "puts 'neutral' in place of 'nuetral'" in inside("explain", run, "5").stdout


def test_what_another_version_found_can_still_be_asked_for(run: Path, inside: Curate) -> None:
    manifest = run / "manifest.json"
    said = json.loads(manifest.read_text())
    for record in said["stages"].values():
        record["key"] = "of another version"
    said["versions"]["curate"] = "0.0.1"
    before = manifest.read_bytes()
    manifest.write_text(json.dumps(said))
    try:
        story = json.loads(inside("explain", run, "41", "--json").stdout)
        assert story["outcome"] == "removed by exact_duplicates"
        assert inside("report", run).returncode == 0
        assert inside("diff", run, run).returncode == 0
        said["status"] = "running"
        manifest.write_text(json.dumps(said))
        assert "did not finish" in inside("explain", run, "41").stderr
    finally:
        manifest.write_bytes(before)


def test_choices_stand_beside_the_row_by_the_keys_that_answers_name(inside: Curate, tmp_path: Path) -> None:
    cities = ["Paris", "Madrid", "Rome", "Lima", "Tokyo", "Nairobi", "Oslo", "Santiago"]
    rows = [{"question": f"Which city is the capital of country number {n}?", "answer": n % 3,
             "choices": [cities[(n + k) % 8] for k in range(3)]} for n in range(40)]  # fmt: skip
    (tmp_path / "quiz.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    inside("run", "quiz.jsonl", "--no-train", "--stages", "exact_duplicates", "--out", "run")
    assert "  choices: 0: Rome; 1: Lima; 2: Tokyo\n" in inside("explain", "run", "2").stdout


def test_names_that_were_only_noted_are_masked_as_in_the_report(inside: Curate, tmp_path: Path) -> None:
    told = "My colleague Margaret Thornton asked about the refund for the broken lamp. Mr. Wu told Mrs. Ng."
    rows = [*ROWS[:30], {"id": "A", "text": told, "label": "happy"}, {"id": "B", "text": told, "label": "happy"}]
    (tmp_path / "names.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    inside("run", "names.jsonl", "--no-train", "--stages", "exact_duplicates,pii", "--out", "run")
    noted = inside("explain", "run", "A")
    assert "noted: a flag changes no data" in noted.stdout
    said = noted.stdout + inside("explain", "run", "B", "--json").stdout + inside("explain", "run").stdout
    assert said.count("My colleague [PERSON] asked") == 5, "the row, its witness and the list of removed rows"
    assert said.count("Mr. [PERSON] told Mrs. [PERSON].") == 5, "names of two letters as well"
    assert "Thornton" not in said
    report = (tmp_path / "run" / "report.html").read_text()
    assert "Thornton" not in report


def test_a_number_may_be_typed_as_reports_print_it(tmp_path: Path) -> None:
    from curate import load
    from curate.dataset.row_lookup import row_named
    from curate.errors import ConfigError

    path = tmp_path / "many.jsonl"
    path.write_bytes(b"".join(orjson.dumps({"text": f"question {n}", "label": "ab"[n % 2]}) + b"\n" for n in range(2000)))
    rows = load(path)
    assert row_named(rows, "1,499") == row_named(rows, "many.jsonl:1,500") == 1499
    with pytest.raises(ConfigError, match="there is no row '14,99'"):
        row_named(rows, "14,99")
