"""Rows as questions: asked, answered in lines and in a sheet, journalled, made findings of, told in rates and report."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from review_runs import curate, over_a_pipe, review_of

from audit.gate.facts import Evidence, gather
from audit.report import render_html, render_markdown
from curate import workflow
from curate.cli.review_rows import shown
from curate.errors import ConfigError
from curate.ledger.decisions import Journal, append_decisions, decide, read_journal
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import RowFacts
from curate.ledger.resolve import Policy, resolve
from curate.ledger.sightings import DUPLICATES, STAGE, Sighting, row_decision, sighted, text_hash
from curate.recipe import Recipe
from curate.review.answers import parse_seen
from curate.review.rows import RowReview
from curate.review.sheet import read_sheet, write_sheet
from curate.review.words import in_words

SECRET = "Harrowgate Lane 7"
WORDS = ("lamp", "parcel", "invoice", "password", "courier", "refund", "mirror", "voucher")


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty short rows, two of them copies; looked at for copies alone, so all else was missed."""
    folder = tmp_path_factory.mktemp("rows")
    rows = [{"text": f"case {i}: my {WORDS[i % 8]} and the {WORDS[(i * 3 + 1) % 8]} of week {i}", "label": "ab"[i % 2]}
            for i in range(60)]  # fmt: skip
    rows[5] = dict(rows[4])
    rows[11]["text"] += f", please send it to {SECRET} now"
    rows[21] = {**rows[20], "text": "please " + rows[20]["text"]}
    data = folder / "cases.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    roles = {"text": ["text"], "label": ["label"]}
    recipe = Recipe.parse({"data": {"input": str(data), "roles": roles}, "run": {"stages": ["exact_duplicates"]}})
    workflow.run(recipe, out=folder / "run", train=False)
    return folder / "run"


@pytest.fixture
def small(small_run: Path) -> Path:
    """The same, without a decision."""
    (small_run / "decisions.jsonl").unlink(missing_ok=True)
    return small_run


def rows_of(run: Path) -> RowReview:
    return review_of(run).rows


def curated(run: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (run / "curated.jsonl").read_text().splitlines()]


def test_choices_stand_behind_the_key_that_an_answer_names() -> None:
    assert in_words({"text": ["W", "Cu"], "label": ["A", "B"]}) == "A: W; B: Cu"
    assert in_words(["W", "Cu"]) == "0: W; 1: Cu"
    assert (in_words("chemistry"), in_words(7)) == ("chemistry", "7")


def test_rows_are_asked_about_in_lines_and_every_answer_is_on_disk(small: Path) -> None:
    said = "c\nw\nw nonsense\nw label=b\nf\n?\nw quality, privacy\nu\nc\nr\nq\n"
    done = over_a_pipe(small, "--ask", "rows", "--order", "random", "--actor", "ada", said=said)
    assert done.returncode == 0, done.stderr
    decisions = read_journal(small / "decisions.jsonl").decisions
    rows = rows_of(small)
    asked = [d for d in decisions if d.row is not None]
    labels = rows.dataset.labels()
    second = [rows.row_id(r) for r in range(rows.n)].index(asked[1].row["row_id"]) if asked[1].row else -1
    if labels is not None and labels[second].as_py() == "b":
        assert "that is the label which the row has" in done.stdout
    else:
        assert [d.verdict for d in decisions] == ["reject", "accept", "flag", "accept", "undo", "reject"]
        assert asked[1].row is not None
        assert asked[1].row["wrong"] == ["label"]
    assert done.stdout.count("is anything wrong with this row? (nothing was found there)") >= 4
    assert "there is no kind of error by that name" in done.stdout
    assert "first letters do" in done.stdout
    assert "wrong still, of 59 rows that stay" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_sighting_becomes_a_finding_of_a_person_and_applies(small: Path) -> None:
    rows = rows_of(small)
    rows.say(10, "wrong", parse_seen(rows, 10, "label=b"), "ada")
    rows.say(11, "wrong", parse_seen(rows, 11, f"privacy={SECRET}"), "ada")
    rows.say(21, "wrong", parse_seen(rows, 21, "duplicate=20"), "ada")
    rows.say(30, "wrong", parse_seen(rows, 30, "quality=drop"), "ada")
    rows.say(40, "wrong", parse_seen(rows, 40, "o"), "ada")
    assert SECRET not in (small / "decisions.jsonl").read_text()
    before = {tuple(row.items()) for row in curated(small)}
    result = workflow.reapply(small)
    after = curated(small)
    assert len(after) == 57, "a copy, the row that repeats another and the one that should go"
    assert {row["label"] for row in after if row["text"].startswith("case 10:")} == {"b"}
    assert any(row["text"].endswith("send it to [REMOVED] now") for row in after if row["text"].startswith("case 11:"))
    assert any(row["text"].startswith("case 20:") for row in after)
    assert {tuple(row.items()) for row in after if row["text"].startswith("case 40:")} <= before
    counts = result.plan.counts()
    assert (counts[STAGE]["applied"], counts[DUPLICATES]["applied"]) == (4, 1)
    assert result.plan.orphans == ()
    assert SECRET not in (small / "report.html").read_text()
    assert SECRET not in (small / "report.json").read_text()
    explained = review_of(small).session.plan.table.filter(
        np.asarray([s == STAGE for s in review_of(small).session.plan.table["stage"].to_pylist()])
    )
    assert set(explained["why"].to_pylist()) == {"accepted by a person"}


def test_a_copy_that_a_person_saw_never_takes_its_last_survivor_with_it(small: Path) -> None:
    rows = rows_of(small)
    rows.say(20, "wrong", parse_seen(rows, 20, "duplicate=21"), "ada")
    rows.say(21, "wrong", parse_seen(rows, 21, "duplicate=20"), "bo")
    workflow.reapply(small)
    assert sum("case 20:" in row["text"] for row in curated(small)) == 1


def test_undone_or_contradicted_a_sighting_is_no_finding(small: Path) -> None:
    rows = rows_of(small)
    rows.say(10, "wrong", parse_seen(rows, 10, "label=b"), "ada")
    rows.session.undo()
    rows.say(12, "wrong", parse_seen(rows, 12, "label=b"), "ada")
    rows.say(12, "clean", actor="bo")
    assert STAGE not in set(review_of(small).session.findings["stage"].to_pylist())
    assert [said.answer for said in rows.answers.values()] == ["clean"]
    conflicts = rows.review.reliability().conflicts
    assert conflicts == (f"row {rows.row_id(12)}",)


def test_answers_follow_their_row_and_strangers_are_counted_and_kept(small: Path) -> None:
    rows = rows_of(small)
    stranger = row_decision("ab" * 16, "clean", rows.kinds, actor="bo")
    rows.say(3, "clean", actor="ada")
    append_decisions(small / "decisions.jsonl", [stranger])
    again = rows_of(small)
    assert list(again.answers) == [3]
    assert again.strangers == 1
    done = curate(small, "--status")
    assert "1 row answered about is not in this data; kept, and of no effect" in done.stdout


def test_no_answer_moves_a_row_to_another_stratum_and_a_review_goes_on_where_it_stopped(run: Path) -> None:
    rows = rows_of(run)
    whole, strata = rows.queue("random", 40), rows.stratum.copy()
    for row in whole[:15]:
        rows.say(row, "wrong", [Sighting("quality")], "ada")
    again = rows_of(run)
    assert (again.stratum == strata).all()
    assert again.queue("random", 25) == whole[15:]
    mixed = again.queue("mixed", 60)
    assert len(mixed) == len(set(mixed))
    assert not set(mixed) & set(whole[:15])
    assert again.queue("value", 5) == [row for row in again.near.tolist() if row not in whole[:15]][:5]


def test_near_misses_are_rows_without_a_finding_that_scored_highest_or_that_a_weak_detector_marked(run: Path) -> None:
    rows = rows_of(run)
    assert not any(mask[rows.near].any() for mask in rows.found.values())
    free = ~np.any(list(rows.found.values()), axis=0)
    scores = rows.session.detected.outcomes["label_issues"].detection.scores
    assert scores is not None
    known = zip(scores["row"].to_pylist(), scores["score"].to_pylist(), strict=True)
    best = max((score, -row) for row, score in known if free[row])
    assert -best[1] in rows.near[:2], "the first in turn of each detector that scores"
    assert len(rows.near) <= free.sum() // 5


def test_when_every_row_and_finding_was_answered_the_rates_are_those_of_counting(small: Path) -> None:
    review = review_of(small)
    wrong = {10: "label", 11: "privacy", 21: "duplicate"}
    for row in range(review.rows.n):
        seen = [Sighting(wrong[row])] if row in wrong else []
        review.rows.say(row, "wrong" if seen else "clean", seen, "ada")
    for index in review.population("exact_duplicates").tolist():
        review.decide(index, "accept", actor="ada")
    rates = review.rows.rates()
    recall = {kind.kind: (kind.recall.low, kind.recall.high) for kind in rates.kinds}
    found = int(review.rows.found["duplicate"].sum())
    assert recall["duplicate"] == pytest.approx((found / (found + 1),) * 2)
    assert recall["label"] == (0.0, 0.0)
    assert (rates.wrong.low, rates.wrong.high) == pytest.approx(((found + 3) / 60,) * 2)
    assert (rates.left.low, rates.left.high) == pytest.approx((3 / 59,) * 2)
    assert rates.more == 0


def test_without_an_answer_about_a_row_nothing_is_claimed_about_what_was_missed(small: Path) -> None:
    assert rows_of(small).rates() is None
    done = curate(small, "--status", "--json")
    assert json.loads(done.stdout)["rows"] is None


def test_a_row_asked_twice_is_one_repeat(small: Path) -> None:
    rows = rows_of(small)
    for answer in ("clean", "clean"):
        rows.say(3, answer, actor="ada")
    how = rows.review.reliability()
    assert (how.repeats, how.agreeing) == (1, 1)


def test_findings_and_rows_come_in_turn_and_one_in_ten_comes_back(run: Path) -> None:
    review = review_of(run)
    queue = review.questions(None, "mixed", "both", 30)
    assert [of for of, _ in queue] == ["finding", "row"] * 15
    assert len(set(queue)) == 30
    assert review.due(queue[:9]) is None
    assert review.due(queue[:10]) in queue[:5]


def filled(path: Path, answers: dict[int, dict[str, str]]) -> None:
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig")))
    for at, change in answers.items():
        rows[at] |= change
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_rows_go_to_a_spreadsheet_and_come_back(small: Path, tmp_path: Path) -> None:
    review, sheet = review_of(small), tmp_path / "rows.csv"
    write_sheet(sheet, review, [("row", row) for row in (8, 10, 11, 12)])
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig")))
    assert rows[0]["finding_id"] == f"row-{review.rows.row_id(8)}"
    assert rows[0]["reason"].startswith("is anything wrong with this row?")
    filled(sheet, {
        0: {"verdict": "clean"}, 1: {"verdict": "Wrong", "value": "label=b", "why": "seen it"},
        2: {"verdict": "wrong", "value": f"privacy={SECRET}"}, 3: {"verdict": "unsure"},
    })  # fmt: skip
    done = curate(small, "--import", str(sheet))
    assert done.returncode == 0, done.stderr
    assert "4 decisions saved" in done.stderr
    again = rows_of(small)
    assert {row: said.answer for row, said in again.answers.items()} == {8: "clean", 10: "wrong", 11: "wrong", 12: "unsure"}
    assert again.answers[11].seen[0].field == "text"
    assert SECRET not in (small / "decisions.jsonl").read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "accept"}, "line 2: verdict is none of clean, wrong, unsure"),
        ({"verdict": "clean", "finding_id": "row-" + "00" * 16}, "line 2: this data has no such row"),
        ({"verdict": "clean", "finding_id": "row-x"}, "line 2: this data has no such row"),
        ({"verdict": "clean", "seen": "0"}, "line 2: something else was found in the row by now"),
        ({"verdict": "clean", "value": "label"}, "line 2: a row that is clean takes no value"),
        ({"verdict": "wrong"}, "line 2: say which kind of error"),
        ({"verdict": "wrong", "value": "label=zebra"}, "line 2: no row has that label"),
        ({"verdict": "wrong", "value": "duplicate=999"}, "line 2: duplicate= takes the number of another row"),
        ({"verdict": "wrong", "value": "duplicate=9"}, "line 2: that row has another label"),
        ({"verdict": "wrong", "value": "privacy=not in the row"}, "line 2: these words do not stand in the row"),
        ({"verdict": "wrong", "value": "quality=burn"}, "line 2: quality= takes drop"),
    ],
)
def test_a_wrong_line_about_a_row_is_named_and_nothing_is_taken(
    small: Path, tmp_path: Path, change: dict[str, str], words: str
) -> None:
    review, sheet = review_of(small), tmp_path / "rows.csv"
    write_sheet(sheet, review, [("row", 8), ("row", 9)])
    filled(sheet, {0: change, 1: {"verdict": "clean"}})
    with pytest.raises(ConfigError, match=words):
        read_sheet(sheet, review)
    assert curate(small, "--import", str(sheet)).returncode == 2
    assert not (small / "decisions.jsonl").exists()


def test_another_persons_answers_about_rows_merge_and_those_of_other_data_are_refused(small: Path, tmp_path: Path) -> None:
    rows = rows_of(small)
    theirs = tmp_path / "bo.jsonl"
    said = [row_decision(rows.row_id(r), "clean", rows.kinds, actor="bo") for r in (1, 2, 3)]
    append_decisions(theirs, said)
    rows.say(1, "wrong", [Sighting("quality")], "ada")
    done = curate(small, "--merge", str(theirs))
    assert "3 decisions taken in, 1 question on which people differ" in done.stderr
    assert f"row {rows.row_id(1)}" in done.stderr
    assert "ada and bo: 1 question" in done.stdout
    other = tmp_path / "other.jsonl"
    append_decisions(other, [row_decision("cd" * 16, "clean", rows.kinds, actor="bo")])
    assert curate(small, "--merge", str(other)).returncode == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"row_id":"', b'"row_id":"zz'), (b'"action":"relabel"', b'"action":"burn"'),
        (b'"wrong":["label"]', b'"wrong":"label"'), (b'"kind":"label"', b'"kind":7'),
    ],
)  # fmt: skip
def test_an_answer_that_somebody_edited_badly_is_named_with_its_line(small: Path, before: bytes, after: bytes) -> None:
    rows = rows_of(small)
    rows.say(8, "clean", actor="ada")
    rows.say(10, "wrong", parse_seen(rows, 10, "label=b"), "ada")
    path = small / "decisions.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second.replace(before, after))
    done = curate(small, "--status")
    assert done.returncode == 2
    assert "line 2 is not a decision" in done.stderr


def test_an_answer_edited_to_name_a_column_that_is_not_there_waits_and_writes_nothing(small: Path) -> None:
    rows = rows_of(small)
    rows.say(10, "wrong", parse_seen(rows, 10, "label=b"), "ada")
    path = small / "decisions.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"field":"label"', b'"field":"elsewhere"'))
    result = workflow.reapply(small)
    assert STAGE not in result.plan.counts() or result.plan.counts()[STAGE]["applied"] == 0
    assert {row["label"] for row in curated(small) if row["text"].startswith("case 10:")} == {"a"}


def with_notes(folder: Path, note: object) -> Path:
    """A run over three rows with a nested column that no row id covers."""
    folder.mkdir()
    rows = [{"text": f"my {word} is late", "label": "a", "meta": {"note": note}} for word in WORDS[:3]]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    roles = {"text": ["text"], "label": ["label"]}
    data = {"input": str(folder / "cases.jsonl"), "roles": roles}
    recipe = Recipe.parse({"data": data, "run": {"stages": ["exact_duplicates"]}})
    workflow.run(recipe, out=folder / "run", train=False)
    return folder / "run"


def test_a_place_is_replaced_in_the_text_it_was_seen_in_and_waits_in_any_other(tmp_path: Path) -> None:
    first = with_notes(tmp_path / "first", f"lives at {SECRET}, {SECRET}")
    rows = rows_of(first)
    rows.say(1, "wrong", parse_seen(rows, 1, f"privacy={SECRET}"), "ada")
    journal = (first / "decisions.jsonl").read_bytes()
    assert SECRET.encode() not in journal
    workflow.reapply(first)
    second = (first / "curated.jsonl").read_text().splitlines()[1]
    assert json.loads(second)["meta"] == {"note": "lives at [REMOVED], [REMOVED]"}
    for number, note in enumerate((None, "short", "a note of the same length, or longer than that one", ["x"])):
        other = with_notes(tmp_path / str(number), note)
        before = (other / "curated.jsonl").read_bytes()
        (other / "decisions.jsonl").write_bytes(journal)
        counts = workflow.reapply(other).plan.counts()
        assert (counts[STAGE]["applied"], counts[STAGE]["pending"]) == (0, 1)
        assert (other / "curated.jsonl").read_bytes() == before


def test_personal_data_that_a_person_saw_and_that_stays_counts_in_the_gate() -> None:
    said = row_decision("ab" * 16, "wrong", ["privacy"], seen=[Sighting("privacy")], actor="ada")
    journal, ids = Journal((said,)), pa.array([b"\xab" * 16, bytes(16)], pa.binary(16))
    found = sighted(journal, ids, ["text"], lambda field, row: "")
    plan = resolve(found, journal, Policy(), facts=RowFacts.plain(2))
    for is_curated in (False, True):
        evidence = Evidence(2, 0, found, plan.table, plan.dropped, {}, None, np.ones(2, np.bool_), False, None,
                            curated=is_curated)  # fmt: skip
        assert gather(evidence)["pii_rows"].value == 0.5
    unasked = gather(dataclasses.replace(evidence, ran={"pii": "it is not part of the recipe"}))["pii_rows"]
    assert unasked.value is None, "what people saw is no share of rows that nobody looked at"
    assert unasked.why_missing.endswith("it is not part of the recipe, and in 1 row a person saw it")


def test_a_persons_removal_of_personal_data_goes_before_another_accepted_edit_of_the_text() -> None:
    place = Sighting("privacy", "replace", "text", 2, 4, "[REMOVED]", text_hash=text_hash("a secret"))
    said = row_decision("ab" * 16, "wrong", ["privacy"], seen=[place])
    ids = pa.array([b"\xab" * 16], pa.binary(16))
    whole = make_findings("text_quality", ids, row=[0], rule="r", action="replace", score=0.2, reason="x", field="text",
                          replacement="a secret, tidied")  # fmt: skip
    journal = Journal((said, decide(whole, [0], "accept")))
    found = concat_findings([whole, sighted(journal, ids, ["text"], lambda field, row: "a secret")])
    plan = resolve(found, journal, Policy(), facts=RowFacts.plain(1))
    assert plan.table["status"].to_pylist() == ["superseded", "applied"]


def test_a_column_name_reaches_the_terminal_masked_and_a_word_in_too_many_places_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    row = {"text": "lamp " * 201, "label": "a", "\x1b[2Jada@example.com": "x"}
    (folder / "cases.jsonl").write_text(json.dumps(row) + "\n")
    data = {"input": str(folder / "cases.jsonl"), "roles": {"text": ["text"], "label": ["label"]}}
    recipe = Recipe.parse({"data": data, "run": {"stages": ["exact_duplicates"]}})
    workflow.run(recipe, out=folder / "run", train=False)
    rows = rows_of(folder / "run")
    told = "\n".join(shown(rows, 0, None))
    assert "\x1b" not in told
    assert "ada@example.com" not in told
    with pytest.raises(ConfigError, match="stand in 201 places of the row, and one answer names 200 at most"):
        parse_seen(rows, 0, "privacy=lamp")


def test_the_report_tells_what_people_certified(small: Path) -> None:
    review = review_of(small)
    for row in review.rows.queue("random", 30):
        review.rows.say(row, "clean", actor="ada")
    workflow.reapply(small)
    told = workflow.build_report(review.session.run)
    assert told.reviewed is not None
    assert told.reviewed.about_rows == 30
    assert "1 person answered about 30 rows. Of the rows that stay, 0% [0%," in told.reviewed.sentence
    for page in (render_html(told), render_markdown(told)):
        assert "Wrong rows, still" in page
    (small / "decisions.jsonl").unlink()
    workflow.reapply(small)
    assert workflow.build_report(review.session.run).reviewed is None
