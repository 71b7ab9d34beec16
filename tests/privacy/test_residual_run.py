"""A whole run: what was missed stands in the manifest, the report and the gate, and a review narrows it."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from audit.gate import Fact, judge, parse_policy
from audit.gate.facts import gather
from audit.gate.policy import PRESETS, Limit, Policy
from curate import workflow
from curate.cli.gate import gate_command
from curate.cli.pii_review import _shown, pii_review_command
from curate.errors import ConfigError, CurateError, DataError
from curate.pipeline import Detected
from curate.recipe import Recipe
from curate.review import residual
from curate.review.residual import Sample
from curate.rundir import REVIEW_FILE, RunDir
from curate.stages.private import private_values

CHECK = "pii_residual_per_1000_rows"
WORDS = ["the", "parcel", "came", "late", "nobody", "knew", "where", "it", "had", "been", "all", "week", "we", "wrote"]


def rows(n: int = 400, missed: int = 4) -> list[dict[str, Any]]:
    """Chat rows; a third hold an address or number that the scanner finds, a few one that says nothing to it."""
    rng = random.Random(3)
    out = []
    for i in range(n):
        text = " ".join(rng.sample(WORDS, 9))
        if i % 3 == 0:
            text += f" write to user{i}@example.org"
        if i % 9 == 1:
            text += f" or call (212) 555-{2000 + i}"
        if i < missed:
            text += f" then 3{i}8 22 33 416"
        out.append({"text": text, "label": "ab"[i % 2], "meta": {"note": "none"}})
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("residual")
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    workflow.run(Recipe().with_(input=str(data), stages=["pii"]), out=folder / "run", train=False)
    return folder / "run"


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-r", str(run), str(tmp_path / "run")], check=True)
    return tmp_path / "run"


def review(*args: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(pii_review_command, list(map(str, args)), standalone_mode=False)
    if isinstance(result.exception, CurateError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout


def found(run: Path) -> dict[str, Any]:
    out: dict[str, Any] = RunDir.open(run).manifest()["residual"]
    return out


def test_a_run_says_what_it_missed_at_most_and_that_nobody_looked(run: Path) -> None:
    total = found(run)["total"]
    assert (total["value"], total["low"]) == (None, 0.0)
    assert {"PERSON", "STREET_ADDRESS"} <= set(found(run)["not_covered"])
    assert total["high"] > 1000 * 4 / 400
    words = r"At most \d+ missed spans .* from 400 sampled rows.*nobody has read the sample.*"
    assert re.fullmatch(words, found(run)["sentence"])
    report = json.loads((run / "report.json").read_text())
    assert report["residual"]["sentence"] == found(run)["sentence"]
    assert report["residual"]["total"]["rate"]["high"] == total["high"]
    assert "missed spans of personal data" in (run / "report.html").read_text()


def test_a_bound_of_more_than_one_span_a_row_is_told_as_not_known(run: Path) -> None:
    """Rows full of numbers: no reader can do anything with "at most 408,708 in 1,000 rows"."""
    wide = found(run) | {"total": found(run)["total"] | {"high": 408_708.0}}
    said = residual.sentence(wide)
    assert said.startswith("How much personal data was missed is not known:")
    assert "408" not in said
    assert "curate pii-review" in said
    assert residual.sentence(wide | {"total": wide["total"] | {"high": 999.0}}).startswith("At most 999")


def test_the_sample_is_the_same_on_every_look(run: Path) -> None:
    one, two = (residual.sample_of(workflow.reopen(RunDir.open(run))) for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.row_ids == two.row_ids
    assert one.units == two.units
    assert residual.numbers(one, {}) == found(run)


def test_answers_of_a_person_narrow_the_interval_and_stand_in_the_report(copy: Path, tmp_path: Path) -> None:
    code, out = review(copy, "--list", "--sample", "60")
    asked = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(asked) == 60
    assert any(item["marks"] for item in asked)
    assert any(not item["marks"] for item in asked)
    answers = tmp_path / "answers.jsonl"
    for item in asked:  # every mark on the four planted rows is real
        item |= {"real": [m["mark"] for m in item["marks"]] if item["row"] < 4 else [], "more": 0}
    answers.write_text("".join(json.dumps(item) + "\n" for item in asked))
    before = found(copy)["total"]
    code, out = review(copy, "--answers", answers)
    after = found(copy)["total"]
    assert code == 0
    assert out.strip() == found(copy)["sentence"]
    assert "a person who read 60 of the rows" in out
    assert after["low"] <= 10 <= after["high"] < before["high"]
    assert json.loads((copy / "report.json").read_text())["residual"]["reviewed_rows"] == 60
    assert review(copy, "--list", "--sample", "60") == (0, "")


def test_a_review_speaks_only_of_the_marks_that_were_read(copy: Path) -> None:
    sample = residual.sample_of(workflow.reopen(RunDir.open(copy)))
    assert sample is not None
    row = residual.queue(sample, {}, 10)[0]
    path = copy / REVIEW_FILE
    residual.append_review(path, sample, row, [True] * len(sample.candidates(row)), 0)
    assert residual.read_review(path, sample)[0].keys() == {row}
    path.write_text(path.read_text().replace(sample.marks(row), "0" * 16))
    assert residual.read_review(path, sample) == ({}, 1)
    with path.open("a") as file:
        file.write('{"torn')
    residual.append_review(path, sample, row, [False] * len(sample.candidates(row)), 2)
    read, stale = residual.read_review(path, sample)
    assert (read[row].more, stale) == (2, 0)
    path.write_text("nonsense\n" + path.read_text())
    with pytest.raises(DataError, match="line 1 is no review"):
        residual.read_review(path, sample)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        {"marks": None}, {"marks": 1}, {"row_id": [1]}, {"real": "yes"}, {"real": [1]}, {"more": -1}, {"more": True},
        {"more": "2"}, {"more": 1e400}, {"more": 2**63},
    ],
)  # fmt: skip
def test_a_line_that_is_no_review_is_named_wherever_it_stands(copy: Path, change: dict[str, Any], last: bool) -> None:
    sample = residual.sample_of(workflow.reopen(RunDir.open(copy)))
    assert sample is not None
    line = {"row_id": sample.row_ids[0], "marks": sample.marks(0), "real": [], "more": 0} | change
    text = json.dumps({key: value for key, value in line.items() if value is not None}) + "\n"
    path = copy / REVIEW_FILE
    path.write_text(text if last else text + json.dumps(line | {"row_id": "0", "marks": "0", "real": [], "more": 0}) + "\n")
    with pytest.raises(DataError, match="line 1 is no review"):
        residual.read_review(path, sample)
    assert review(copy, "--list")[0] == DataError.exit_code


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"row": [1], "real": [], "more": 0}, "names no row"),
        ({"row": {"a": 1}}, "names no row"),
        ({"row": True, "real": [], "more": 0}, "names no row"),
        ({"row": 1.0, "real": [], "more": 0}, "names no row"),
        ([1], "names no row"),
        ({"row": 1, "real": [True], "more": 0}, "must list marks"),
        ({"row": 1, "real": [[1]], "more": 0}, "must list marks"),
        ({"row": 1, "real": [], "more": [0]}, "must be a count"),
        ({"row": 1, "real": [], "more": 2**63}, "must be a count"),
    ],
)
def test_an_answer_of_another_form_is_refused_by_its_line(copy: Path, tmp_path: Path, line: Any, words: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(line) + "\n")
    code, said = review(copy, "--answers", path)
    assert code == ConfigError("").exit_code
    assert "line 1" in said
    assert words in said
    assert not (copy / REVIEW_FILE).exists()


def test_neither_the_list_nor_the_review_holds_text_of_the_data(copy: Path, tmp_path: Path) -> None:
    _, out = review(copy, "--list", "--sample", "400")
    sample = residual.sample_of(workflow.reopen(RunDir.open(copy)))
    assert sample is not None
    for row in residual.queue(sample, {}, 20):
        residual.append_review(copy / REVIEW_FILE, sample, row, [True] * len(sample.candidates(row)), 0)
    for text in (out, (copy / REVIEW_FILE).read_text(), (copy / "manifest.json").read_text()):
        assert "parcel" not in text
        assert "example.org" not in text
        assert "22 33" not in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "is not JSON"),
        ('{"row": 100000, "real": [], "more": 0}', "names no row of the sample"),
        ('{"row": ROW, "real": [99], "more": 0}', "real must list marks"),
        ('{"row": ROW, "real": [], "more": -1}', "more must be a count"),
        ('{"row": ROW, "real": true, "more": 0}', "real must list marks"),
    ],
)
def test_wrong_answers_are_refused_before_any_is_kept(copy: Path, tmp_path: Path, line: str, words: str) -> None:
    first = json.loads(review(copy, "--list", "--sample", "2")[1].splitlines()[0])
    answers = tmp_path / "answers.jsonl"
    good = json.dumps({**first, "real": [], "more": 0})
    answers.write_text(good + "\n" + line.replace("ROW", str(first["row"])) + "\n")
    code, said = review(copy, "--answers", answers)
    assert code == 2
    assert words in said
    assert "line 2" in said
    assert not (copy / REVIEW_FILE).exists()


def test_without_a_terminal_no_row_is_shown(copy: Path) -> None:
    code, said = review(copy)
    assert code == 2
    assert "--list and --answers" in said


def test_in_a_terminal_rows_are_shown_with_marks_and_the_answers_are_kept(copy: Path) -> None:
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "curate", "pii-review", str(copy), "--sample", "4"],
        stdin=child, stdout=child, stderr=child, close_fds=True,
    )
    os.close(child)
    os.write(parent, b"1\nx\n\n+1\nq\n")  # a mark; nonsense, then none; one more; stop
    shown = b""
    while True:
        try:
            shown += os.read(parent, 65536)
        except OSError:
            break
    assert process.wait(timeout=60) == 0
    os.close(parent)
    text = shown.decode()
    assert re.search(r"«1: 3\d8 22 33 416»", text), "what is asked about is marked"
    assert "@example.org" not in text, "what the scanner found stands as its type"
    lines = [json.loads(line) for line in (copy / REVIEW_FILE).read_text().splitlines()]
    assert [(any(line["real"]), line["more"]) for line in lines] == [(True, 0), (False, 0), (False, 1)]


def test_readers_are_believed_where_they_see_more_than_the_detectors_allow(run: Path) -> None:
    sample = residual.sample_of(workflow.reopen(RunDir.open(run)))
    assert sample is not None
    read = {row: residual.Read((False,) * len(sample.candidates(row)), 3) for row in residual.queue(sample, {}, 80)}
    out = residual.numbers(sample, read)
    assert out["believed"] == "readers"
    assert out["total"] == out["readers"]
    assert 2000 < out["total"]["value"] < 4000
    assert "they saw more than the detectors allow for" in out["sentence"]


def test_a_run_without_the_stage_has_no_estimate_and_cannot_be_reviewed(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows(50)))
    workflow.run(Recipe().with_(input=str(data), stages=["exact_duplicates"]), out=tmp_path / "run", train=False)
    assert "residual" not in RunDir.open(tmp_path / "run").manifest()
    code, said = review(tmp_path / "run", "--list")
    assert code == ConfigError.exit_code
    assert "nothing to review" in said


# -- the gate -------------------------------------------------------------------------------------------------------------


def verdict(fact: Fact, **limit: float) -> Any:
    import datetime as dt

    result = judge({CHECK: fact}, Policy({CHECK: Limit(**limit)}), today=dt.date(2026, 6, 1))
    return result.checks[0], result.exit_code()


def test_a_bound_passes_below_the_limit_and_settles_nothing_above_it() -> None:
    assert verdict(Fact(3.0, 2000, bound=True), fail=5)[1] == 0
    check, code = verdict(Fact(7.0, 2000, bound=True), fail=5)
    assert (check.verdict, code) == ("insufficient evidence", 3)
    assert "At most 7 spans" in check.sentence
    assert "curate pii-review" in check.sentence
    assert verdict(Fact(3.0, 2000, bound=True), warn=2, fail=5)[0].verdict == "warn"


def test_an_estimate_is_judged_by_its_upper_end() -> None:
    fact = Fact(3.0, 2000, low=1.0, high=6.0)
    assert verdict(fact, fail=5)[0].verdict == "fail"
    assert verdict(fact, fail=6)[0].verdict == "pass"
    assert "95% interval 1 to 6" in verdict(fact, fail=6)[0].sentence


def test_the_preset_for_regulated_data_asks_and_the_starter_does_not() -> None:
    assert CHECK in PRESETS["regulated"]
    assert CHECK not in PRESETS["starter"]
    assert gather.__module__ == "audit.gate.facts"
    with pytest.raises(ConfigError):
        parse_policy({"checks": {CHECK: {"fail": -1}}})


def test_the_gate_judges_a_file_and_counts_a_review_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))

    def check(limit: float) -> dict[str, Any]:
        Path("policy.toml").write_text(f"[checks.{CHECK}]\nfail = {limit}\n")
        args = ["data.jsonl", "--policy", "policy.toml", "--format", "json", "--out", "gated", "-q"]
        result = CliRunner().invoke(gate_command, args, standalone_mode=False)
        assert result.exception is None, result.exception
        return next(c for c in json.loads(result.stdout)["checks"] if c["name"] == CHECK)

    bound = check(1000)["value"]
    before = check(bound - 1)
    assert before["verdict"] == "insufficient evidence"
    answers = [json.loads(line) for line in review("gated", "--list", "--sample", "200")[1].splitlines()]
    for item in answers:
        item |= {"real": [], "more": 0}  # somebody finds that they were order numbers
    Path("answers.jsonl").write_text("".join(json.dumps(item) + "\n" for item in answers))
    assert review("gated", "--answers", "answers.jsonl")[0] == 0
    after = check(bound - 1)
    assert after["verdict"] == "pass"
    assert after["low"] is not None
    assert not Path("gated/curated.jsonl").exists()


def test_a_reviewed_run_is_never_pruned(copy: Path) -> None:
    from curate.runs import find_runs

    assert [line.decisions for line in find_runs(copy.parent)] == [False]
    sample = residual.sample_of(workflow.reopen(RunDir.open(copy)))
    assert sample is not None
    residual.append_review(copy / REVIEW_FILE, sample, 0, [False] * len(sample.candidates(0)), 0)
    assert [line.decisions for line in find_runs(copy.parent)] == [True]


def first_shown(tmp_path: Path, said: str) -> tuple[Detected, Sample, str]:
    """A run over thirty rows that say so, its review sample, and what a reviewer sees of the first row of it."""
    data = tmp_path / "t.jsonl"
    data.write_text("".join(json.dumps({"text": said.format(n=n % 10)}) + "\n" for n in range(30)))
    workflow.run(Recipe().with_(input=str(data), stages=["pii"]), out=tmp_path / "run", train=False)
    detected = workflow.reopen(RunDir.open(tmp_path / "run"))
    sample = residual.sample_of(detected)
    assert sample is not None
    ((_, text),) = _shown(sample, 0, private_values(detected.dataset, detected.findings))
    return detected, sample, text


def test_names_that_were_only_noted_are_hidden_and_what_is_asked_about_is_not(tmp_path: Path) -> None:
    said = "My name is Olga Petrova and I wrote on day {n}, then 3{n}8 22 33 416"
    detected, sample, text = first_shown(tmp_path, said)
    assert re.fullmatch(r"My name is \[PERSON\] and I wrote on day \d, then «1: 3\d8 22 33 416»", text)
    at = text.index("[PERSON]") - 3  # a value that was noted around what a weak detector marked stays to be read
    over = detected.findings.slice(0, 1).to_pylist()[0] | {"row": int(sample.rows[0]), "start": at, "end": 80}
    noted = pa.Table.from_pylist([over], detected.findings.schema)
    ((_, text),) = _shown(sample, 0, private_values(detected.dataset, noted))
    assert "«1: 3" in text


def test_what_was_replaced_is_hidden_where_a_weak_mark_lies_over_it_too(tmp_path: Path) -> None:
    said = "account number 1234567{n} x4111 1111 1111 111{n} please"
    text = first_shown(tmp_path, said)[2]
    assert text.startswith("account number [")
    assert "1234567" not in text
