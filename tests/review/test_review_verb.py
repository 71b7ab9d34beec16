"""`curate review` over a pipe, in a spreadsheet, by rule, by several people; the sample data's truth as a reviewer."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from review_runs import TRUTH, curate, findings, over_a_pipe, review_of

from curate import workflow
from curate.errors import ConfigError
from curate.gating import red_checks
from curate.recipe import Recipe
from curate.review.sheet import COLUMNS, read_sheet, write_sheet
from curate.review.value import expected, red_lines, reds_of, toward_green


def test_a_session_over_a_pipe_decides_undoes_and_says_what_that_certifies(run: Path) -> None:
    said = "a\nx\n\nu\nx\nnonsense\na\nq\n"
    done = over_a_pipe(run, "--stage", "label_issues", "--order", "random", "--actor", "ada", said=said)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (run / "decisions.jsonl").read_text().splitlines()]
    assert [d["verdict"] for d in lines] == ["accept", "reject", "undo", "reject", "accept"]
    assert {d["actor"] for d in lines} == {"ada"}, "who takes back is who answered"
    assert lines[3]["finding_ids"] == lines[1]["finding_ids"], "what was taken back is asked again at once"
    assert "proposed:" in done.stdout
    assert "undone" in done.stdout
    assert "label_issues:" in done.stdout


def test_a_reviewer_who_knows_the_truth_gets_an_interval_that_holds_it(run: Path) -> None:
    wrong = {t["row"] for t in map(json.loads, TRUTH.read_text().splitlines()) if t.get("kind") == "wrong_label"}
    review = review_of(run)
    mine = review.population("label_issues")
    rows = review.session.findings["row"].to_numpy()
    truth = sum(int(rows[i]) in wrong for i in mine) / len(mine)
    for index in review.queue("label_issues", "mixed")[:60].tolist():
        review.decide(index, "accept" if int(rows[index]) in wrong else "reject", actor="truth")
    (rate,) = review.rates("label_issues", 0.2)
    assert rate.findings.low <= truth <= rate.findings.high
    assert rate.findings.random >= 30
    done = curate(run, "--stage", "label_issues", "--status", "--json")
    assert json.loads(done.stdout)["rates"][0]["findings"]["low"] == pytest.approx(rate.findings.low)


@pytest.mark.parametrize("error", [0.0, 0.1])
def test_over_500_reviews_by_a_scripted_reviewer_intervals_hold_the_truth_of_the_sample_data(
    run: Path, error: float
) -> None:
    from benchmarks.bench_review import simulated, truth_of

    review = review_of(run)
    held = simulated(review, truth_of(review, TRUTH), error, reviews=500, decisions=30)
    least = 0.95 - 2 * (0.95 * 0.05 / 500) ** 0.5
    assert held.known >= least
    assert held.told >= least or error > 0, "repeats need more answers to tell an error rate"
    if error:
        assert held.naive < held.known


def test_what_applies_already_is_said_and_so_is_that_a_flag_changes_nothing(run: Path) -> None:
    done = curate(run, "--stage", "label_issues", "--order", "random", "--limit", "30", said="\n" * 30)
    review = review_of(run)
    asked = review.queue("label_issues", "random")[:30].tolist()
    applied = sum(str(review.session.plan.table["status"][i]) == "applied" for i in asked)
    assert 0 < applied < 30
    assert done.stdout.count("now: applies by itself; x leaves the data as it was") == applied
    index = review.queue("pii", "random")[0]
    flags = [i for i in review.population("pii").tolist() if str(review.session.findings["action"][i]) == "flag"]
    if flags:
        assert "changes no data" in review.standing(flags[0])
    review.decide(int(index), "reject", actor="ada")
    assert review.standing(int(index)) == "rejected by a person"


def test_a_known_error_rate_takes_the_place_of_what_repeats_tell(run: Path) -> None:
    review = review_of(run)
    for index in review.queue("label_issues", "random")[:20].tolist():
        review.decide(index, "accept", actor="ada")
    plain, known = (json.loads(curate(run, "--stage", "label_issues", "--status", "--json", *more).stdout)["rates"][0]
                    for more in ((), ("--error-rate", "0.1")))  # fmt: skip
    assert known["findings"]["high"] >= plain["findings"]["high"]
    assert known["findings"] != plain["findings"]


def test_what_is_shown_holds_no_raw_personal_data(run: Path) -> None:
    review = review_of(run)
    texts = review.session.dataset.content().to_pylist()
    found = review.session.findings
    done = curate(run, "--stage", "pii", "--limit", "60", said="\n" * 60)
    assert "replace (pii." in done.stdout
    for i in review.population("pii").tolist()[:200]:
        finding = found.slice(i, 1).to_pylist()[0]
        if finding["action"] == "replace" and finding["field"] == "text":
            value = texts[finding["row"]][finding["start"] : finding["end"]]
            assert len(value) < 6 or value not in done.stdout


def test_a_sheet_comes_back_and_no_cell_can_run(run: Path, tmp_path: Path) -> None:
    review = review_of(run)
    queue = review.queue("label_issues", "score")[:12].tolist()
    sheet = tmp_path / "queue.csv"
    write_sheet(sheet, review, findings(queue))
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig")))
    assert tuple(rows[0]) == COLUMNS
    assert not any(value.startswith(("=", "+", "-", "@", "\t")) for row in rows for value in row.values())
    rows[0]["verdict"], rows[1]["verdict"], rows[2]["verdict"], rows[2]["value"] = "accept", "Reject", "override", "'=x"
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    said = read_sheet(sheet, review)
    assert said.findings == [
        (queue[0], "accept", None, ""), (queue[1], "reject", None, ""), (queue[2], "override", "=x", ""),
    ]  # fmt: skip
    assert said.rows == []
    done = curate(run, "--import", str(sheet))
    assert done.returncode == 0, done.stderr
    assert "1 line: no row has that label" in done.stderr
    assert len((run / "decisions.jsonl").read_text().splitlines()) == 3


def test_a_sheet_names_the_file_of_each_row_where_the_data_lies_in_several(tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    for name, who in (("a.jsonl", "ada"), ("b.jsonl", "bob")):
        said = [{"text": f"case {i} of the {name}"} for i in range(5)] + [{"text": f"write to {who}@mail.example.org now"}]
        (shards / name).write_text("".join(json.dumps(row) + "\n" for row in said))
    recipe = Recipe.parse({"data": {"input": str(shards)}, "run": {"stages": ["pii"]}})
    workflow.run(recipe, out=tmp_path / "run", train=False)
    review = review_of(tmp_path / "run")
    write_sheet(tmp_path / "queue.csv", review, findings(range(review.session.findings.num_rows)))
    rows = list(csv.DictReader((tmp_path / "queue.csv").open(encoding="utf-8-sig")))
    addresses = [row for row in rows if row["rule"] == "pii.email_address"]
    assert [(Path(r["file"]), r["line"]) for r in addresses] == [(shards / "a.jsonl", "6"), (shards / "b.jsonl", "6")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "maybe"}, "line 2: verdict is none of"),
        ({"verdict": "accept", "finding_id": "00" * 16}, "line 2: this run has no such finding"),
        ({"verdict": "accept", "seen": "0"}, "line 2: the run proposes something else"),
        ({"verdict": "override"}, "line 2: override needs a value"),
    ],
)
def test_one_wrong_line_of_a_sheet_is_named_and_nothing_is_taken(
    run: Path, tmp_path: Path, change: dict[str, str], words: str
) -> None:
    review = review_of(run)
    sheet = tmp_path / "queue.csv"
    write_sheet(sheet, review, findings(review.queue("label_issues", "score")[:3]))
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig")))
    rows[0] |= change
    rows[1]["verdict"] = "accept"
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(ConfigError, match=words):
        read_sheet(sheet, review)
    assert curate(run, "--import", str(sheet)).returncode == 2
    assert not (run / "decisions.jsonl").exists()


def test_a_rule_is_proposed_applied_as_one_and_undone_as_one(run: Path) -> None:
    review = review_of(run)
    rules = review.session.findings.take(review.population("pii"))["rule"].to_pylist()
    rule = max(sorted(set(rules)), key=rules.count)
    of_rule = [i for i in review.queue("pii", "random").tolist()
               if str(review.session.findings["rule"][i]) == rule]  # fmt: skip
    for index in of_rule[:7]:
        review.decide(index, "reject", actor="ada")
    listed = curate(run, "--rules")
    assert f"1. reject pii/{rule}" in listed.stdout
    assert curate(run, "--apply-rule", "1").returncode == 0
    review.session.read_again()
    last = review.session.state.journal.decisions[-1]
    assert len(last.finding_ids) == len(of_rule) - 7
    (rate,) = review.rates("pii", 0.2)
    assert rate.findings.random + rate.findings.other == 7, "what a rule decides is no answer about a finding"
    assert review.rules() == []
    assert curate(run, "--stage", "pii", said="u\nq\n").returncode == 0
    review.session.read_again()
    assert review.session.state.journal.next_undo() != last


def test_two_peoples_files_merge_and_what_they_differ_on_is_named(run: Path, tmp_path: Path) -> None:
    review = review_of(run)
    queue = review.queue("label_issues", "random")[:6].tolist()
    for index in queue:
        review.decide(index, "accept", actor="bo")
    theirs = (run / "decisions.jsonl").rename(tmp_path / "bo.jsonl")
    review.session.read_again()
    for index in queue[:4]:
        review.decide(index, "reject" if index == queue[0] else "accept", actor="ada")
    done = curate(run, "--stage", "label_issues", "--merge", str(theirs))
    assert "6 decisions taken in, 1 question on which people differ" in done.stderr
    assert review.session.findings["finding_id"][queue[0]].as_py().hex() in done.stderr
    assert "ada and bo: 4 questions, 75% alike, kappa" in done.stdout
    again = curate(run, "--stage", "label_issues", "--merge", str(theirs))
    assert "0 decisions taken in" in again.stderr


def test_a_question_comes_back_after_ten_answers_and_is_not_said_to(run: Path) -> None:
    done = curate(run, "--stage", "label_issues", "--order", "score", "--limit", "14", said="a\n" * 20)
    decided = [json.loads(line)["finding_ids"][0] for line in (run / "decisions.jsonl").read_text().splitlines()]
    assert len(decided) == len(set(decided)) + 1
    assert "asked twice: 1 question, 1 answered alike" in done.stdout
    heads = [line for line in done.stdout.splitlines() if line.endswith(" of 14")]
    assert len(heads) == 15
    assert len(set(heads)) == 14


def test_a_stage_that_found_nothing_is_named(run: Path) -> None:
    done = curate(run, "--stage", "lable_issues")
    assert done.returncode == 2
    assert "label_issues" in done.stderr


def test_by_gate_come_findings_that_make_a_check_red_before_all_others(run: Path) -> None:
    from audit.gate import parse_policy
    from curate.gating import gate

    review = review_of(run)
    shown = curate(run, "--order", "gate", said="q\n").stdout
    assert shown.startswith("Wrong labels, fail: ")
    assert "  expected: a decision goes about " in shown
    found = gate(run, parse_policy(review.session.detected.recipe.gate)).result
    red = {p for c in found.checks if c.verdict in ("fail", "warn") for p in c.findings}
    queue = review.queue(None, "gate").tolist()
    is_red = [index in red for index in queue]
    assert sorted(queue) == sorted(review.queue(None, "value").tolist())
    assert any(is_red)
    assert is_red == sorted(is_red, reverse=True)
    nearer = toward_green(review.session)
    assert (np.diff(nearer[queue]) <= 0).all()

    def judged() -> tuple[float, float]:
        (check,) = [c for c, _ in reds_of(review.session) if c.name == "label_error_rate"]
        assert check.high is not None
        assert check.fail is not None
        return check.high, check.high - check.fail

    labels = set(review.population("label_issues").tolist())
    first = [i for i in queue if i in labels and str(review.session.findings["action"][i]) == "relabel"][:8]
    before, distance = judged()
    review.decide_all([(index, "accept", None, "") for index in first])
    assert (before - judged()[0]) / distance == pytest.approx(nearer[first].sum(), rel=1e-6), "as far as was said"


def test_the_gate_is_asked_once_for_every_state_of_a_session(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def counted(detected: Any, plan: Any, *rest: Any) -> Any:
        asked.append(plan)
        return red_checks(detected, plan, *rest)

    monkeypatch.setattr("curate.review.value.red_checks", counted)
    review = review_of(run)
    red_lines(review.session)
    queue = review.queue(None, "gate").tolist()
    told = expected(review, "gate")
    before = [told(index) for index in queue]
    assert before[0]
    assert asked == [review.session.plan]
    review.decide(queue[0], "accept")
    assert told(queue[0]) == "", "it is settled"
    after = [told(index) for index in queue[1:]]
    assert asked[1:] == [review.session.plan]
    assert after != before[1:], "the rest is a larger part of what is left"
