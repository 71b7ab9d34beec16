"""What can go wrong in a review: foreign, cut and edited files, several people, closed terminals, sheets of all kinds."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_runs import curate, findings, review_of

from audit.review import reliability
from curate import workflow
from curate.errors import ConfigError, DataError
from curate.ledger.decisions import ACCEPT, REJECT, Decision, decide, effect, read_journal
from curate.ledger.decisions import _line as line_of
from curate.recipe import Recipe
from curate.review.sheet import Taken, _as_written, _inert, read_sheet, take, write_sheet
from curate.review.words import check_value, told


def test_a_decision_file_of_other_data_is_refused_and_nothing_of_it_is_taken(run: Path, tmp_path: Path) -> None:
    line = {"decision_id": "d", "verdict": "accept", "finding_ids": ["ab" * 16], "seen": ["x"], "actor": "bo"}
    (tmp_path / "other.jsonl").write_text(json.dumps(line) + "\n")
    done = curate(run, "--merge", str(tmp_path / "other.jsonl"))
    assert done.returncode == 2
    assert "they are about other data" in done.stderr
    assert not (run / "decisions.jsonl").exists()


def test_a_decision_file_edited_by_hand_is_named_with_its_line_and_one_cut_off_goes_on(run: Path) -> None:
    review = review_of(run)
    for index in review.queue("label_issues", "random")[:2].tolist():
        review.decide(index, "accept", actor="ada")
    path = run / "decisions.jsonl"
    whole = path.read_bytes()
    first = whole.split(b"\n", 1)[0]
    path.write_bytes(first.replace(b'"accept"', b'"yes"') + b"\n" + whole)
    done = curate(run, "--status")
    assert done.returncode == 2
    assert "line 1 is not a decision" in done.stderr
    path.write_bytes(whole + first[:30])
    with pytest.warns(UserWarning, match="cut short"):
        done = curate(run, "--stage", "label_issues", said="x\nq\n")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["verdict"] for line in path.read_text().splitlines()] == ["accept", "accept", "reject"]


def test_two_people_at_once_lose_nothing(run: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "curate", "review", str(run), "--stage", "pii", "--order", "random", "--actor", who],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=run.parent,
        )
        for who in ("ada", "bo")
    ]  # fmt: skip
    for process in both:
        assert process.stdin is not None
        process.stdin.write("a\nx\n" * 8)
        process.stdin.close()
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    actors = [json.loads(line)["actor"] for line in (run / "decisions.jsonl").read_text().splitlines()]
    assert {who: actors.count(who) for who in ("ada", "bo")} == {"ada": 16, "bo": 16}


def test_a_terminal_that_is_closed_in_the_middle_loses_no_answer(run: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "curate", "review", str(run), "--stage", "pii", "--actor", "ada"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=run.parent,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("a\nx\na")  # the third answer is never sent off
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("3 of "):
            break
    process.kill()
    process.wait()
    assert [d.verdict for d in review_of(run).session.state.journal.decisions] == ["accept", "reject"]


def test_merging_a_cut_file_takes_its_whole_lines_and_an_edited_one_nothing(run: Path, tmp_path: Path) -> None:
    review = review_of(run)
    queue = review.queue("label_issues", "random")[:3].tolist()
    lines = [line_of(decide(review.session.findings, [i], "accept", actor="bo")) for i in queue]
    theirs = tmp_path / "bo.jsonl"
    theirs.write_bytes(lines[0] + lines[1].replace(b'"accept"', b'"approve"') + lines[2])
    done = curate(run, "--merge", str(theirs))
    assert done.returncode == 2
    assert f"{theirs}: line 2 is not a decision" in done.stderr
    assert not (run / "decisions.jsonl").exists()
    theirs.write_bytes(lines[0] + lines[1] + lines[2][:40])
    with pytest.warns(UserWarning, match="cut short"):
        done = curate(run, "--stage", "label_issues", "--merge", str(theirs))
    assert "2 decisions taken in" in done.stderr
    assert "from 2 random and 0 other decisions" in done.stdout
    for name, content, words in (("empty", b"", "holds no decision"), ("sheet.csv", b"a,b\n", "line 1 is not a decision")):
        (tmp_path / name).write_bytes(content)
        done = curate(run, "--merge", str(tmp_path / name))
        assert done.returncode == 2
        assert words in done.stderr


def test_findings_of_other_data_among_others_are_kept_listed_and_of_no_effect(run: Path, tmp_path: Path) -> None:
    review = review_of(run)
    mine = decide(review.session.findings, review.queue("pii", "random")[:1].tolist(), "accept", actor="\x1b[31mbo")
    strange = {**json.loads(line_of(mine)), "decision_id": "s", "finding_ids": ["ab" * 16], "seen": ["x"]}
    (tmp_path / "bo.jsonl").write_bytes(line_of(mine) + orjson.dumps(strange) + b"\n")
    review.decide(review.queue("pii", "random")[0], "reject", actor="ada")
    done = curate(run, "--stage", "pii", "--merge", str(tmp_path / "bo.jsonl"))
    assert f"1 finding is not in this run; kept, and of no effect:\n  {'ab' * 16}" in done.stderr
    assert "1 finding decided on is not in this run" in done.stdout
    assert "\x1b" not in done.stdout, "a name in somebody's file writes nothing but itself"
    assert len((run / "decisions.jsonl").read_text().splitlines()) == 3


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6,
)  # fmt: skip
FIELDS = [field.name for field in dataclasses.fields(Decision)]


def test_a_line_edited_in_any_way_is_named_or_harmless(run: Path) -> None:
    """Whatever stands in a field: the file and the line are named, or the review goes on."""
    review = review_of(run)
    made = decide(review.session.findings, [0], "override", value="x")
    lines = [line_of(made), line_of(review.rows.decision(3, "clean", (), ""))]
    path = run.parent / "edited.jsonl"

    @settings(max_examples=100, deadline=None)
    @given(st.sampled_from(FIELDS), ANYTHING, st.sampled_from(lines))
    def edited(name: str, value: object, line: bytes) -> None:
        path.write_bytes(orjson.dumps({**json.loads(line), name: value}) + b"\n" + line)
        try:
            journal = read_journal(path)
        except DataError as error:
            assert "line 1 is not a decision" in str(error)  # noqa: PT017 - most edits are harmless
            return
        review.session.detected.resolve(journal)
        reliability(journal)
        assert all("\x1b" not in told(review, decision) for decision in journal.live())

    edited()


def test_who_undoes_takes_back_their_own_and_not_what_another_said_since(run: Path) -> None:
    review, other = review_of(run), review_of(run)
    first, second = review.queue("label_issues", "random")[:2].tolist()
    review.decide(first, "accept", actor="ada")
    other.decide(second, "reject", actor="bo")
    done = curate(run, "--stage", "label_issues", "--order", "random", "--actor", "ada", said="u\nu\nq\n")
    assert "undone: relabel of row" in done.stdout
    assert "nothing of yours to undo" in done.stdout
    live = read_journal(run / "decisions.jsonl").live()
    assert [(d.actor, d.verdict) for d in live] == [("bo", "reject")]
    assert read_journal(run / "decisions.jsonl").decisions[-1].actor == "ada"


def test_several_answers_are_taken_back_one_after_the_other_and_asked_again_in_their_places(run: Path) -> None:
    done = curate(run, "--stage", "label_issues", "--order", "random", "--limit", "4", said="a\nx\nu\nu\nx\na\nA\nX\n")
    assert done.returncode == 0
    heads = [line for line in done.stdout.splitlines() if line.endswith(" of 4")]
    assert [head.split()[0] for head in heads] == ["1", "2", "3", "2", "1", "2", "3", "4"]
    review = review_of(run)
    queue = [bytes.fromhex(d.finding_ids[0]) for d in review.session.state.live]
    rows = review.session.findings["finding_id"].to_pylist()
    assert [d.verdict for d in review.session.state.live] == ["reject", "accept", "accept", "reject"]
    assert len({rows.index(i) for i in queue}) == 4


def test_keys_that_are_no_text_and_labels_that_nobody_has_are_asked_about(run: Path) -> None:
    said = "\x1b[A\ne refund statuss\ne refund statuss\ne\nq\n"
    done = curate(run, "--stage", "label_issues", "--order", "random", said=said)
    assert "that line holds keys or bytes that are no text" in done.stdout
    assert done.stdout.count("no row has that label") == 1
    assert "e takes the text to put there" in done.stdout
    (line,) = (run / "decisions.jsonl").read_text().splitlines()
    assert json.loads(line)["value"] == "refund statuss", "said twice, it is a new label"
    review = review_of(run)
    masked = [str(action) for action in review.session.findings["action"].to_pylist()]
    for action in sorted({*masked} - {"relabel", "replace"}):
        with pytest.raises(ConfigError, match=f"not to a {action}"):
            check_value(review, masked.index(action), "x")


def test_a_terminal_that_hangs_up_loses_no_answer_and_shows_no_control_characters(run: Path) -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict"}
    process = subprocess.Popen(
        [sys.executable, "-c", _HANG_UP, str(run)], stdin=slave, stdout=slave, stderr=slave, cwd=run.parent,
        env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    for wanted, said in ((b"1 of ", b"a\r"), (b"2 of ", b"x\r"), (b"3 of ", b"a")):  # the third is never sent off
        shown += _until(master, lambda seen, wanted=wanted: wanted in seen and seen.rstrip(b" ").endswith(b">"))  # type: ignore[misc]
        os.write(master, said)
    os.close(master)
    assert process.wait(timeout=300) in (-signal.SIGHUP, 1)  # the signal, or a terminal that is not there any more
    assert b"\x1b" not in shown
    assert b"Traceback" not in shown
    assert [d.verdict for d in review_of(run).session.state.journal.decisions] == ["accept", "reject"]


_HANG_UP = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from curate.cli import main
main(["review", sys.argv[1], "--stage", "pii", "--actor", "ada"])
"""


def _until(terminal: int, enough: Callable[[bytes], bool], seconds: float = 300.0) -> bytes:
    seen, end = b"", time.monotonic() + seconds
    while not enough(seen):
        assert time.monotonic() < end, seen
        seen += os.read(terminal, 65536)
    return seen


def rewritten(sheet: Path, delimiter: str, encoding: str) -> None:
    """The sheet as a spreadsheet of another country saves it."""
    rows = list(csv.reader(sheet.open(encoding="utf-8-sig", newline="")))
    with sheet.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-16"), (",", "utf-8-sig")])
def test_a_sheet_comes_back_from_spreadsheets_of_any_country(
    run: Path, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    review, sheet = review_of(run), tmp_path / "queue.csv"
    write_sheet(sheet, review, [*findings(review.queue("label_issues", "random")[:2]), ("row", 5)])
    assert sheet.read_bytes().startswith(b"\xef\xbb\xbf"), "or other scripts are shown as noise"
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig", newline="")))
    ids = [row[name] for row in rows for name in ("finding_id", "seen")]
    assert all(name[0].isalpha() and "-" in name for name in ids), "an id of digits alone is a number to a spreadsheet"
    rows[0] |= {"verdict": "accept", "why": "größer; 大"}
    rows[2] |= {"verdict": "clean"}
    with sheet.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    rewritten(sheet, delimiter, encoding)
    said = read_sheet(sheet, review)
    assert [(f[1], f[3]) for f in said.findings] == [("accept", "größer; 大")]
    assert [(row, answer) for row, answer, _, _ in said.rows] == [(5, "clean")]


def test_no_cell_can_run_whatever_separates_them(tmp_path: Path) -> None:
    before, signs = (";", '; "', ";\t", '";"', ';"";', '"', ' "', ";'"), ("=", "+", "-", "@", "\t", "\r", "\uff1d")
    texts = ['please help;"=HYPERLINK(1);thanks', 'a, b;"', *(f"say, {b}{s}1;x" for b in before for s in signs),
             *(f"{b}{s}1, x" for b in ("", *before) for s in signs)]  # fmt: skip
    data, sheet = tmp_path / "t.jsonl", tmp_path / "queue.csv"
    data.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text in texts for label in ("a", "=b")))
    recipe = Recipe.parse({"data": {"input": str(data)}, "run": {"stages": ["exact_duplicates"]}})
    workflow.run(recipe, out=tmp_path / "run", train=False)
    review = review_of(tmp_path / "run")
    write_sheet(sheet, review, [("row", row) for row in range(len(review.session.dataset))])
    assert all(_as_written(_inert(text)) == text for text in texts if ";" not in text), "an answer comes back as it was"
    raw = io.StringIO()
    csv.writer(raw).writerows([f"row-{n}", _inert(text), ""] for n, text in enumerate(texts))  # breaks are kept here
    written = [sheet.read_bytes().decode("utf-8-sig"), raw.getvalue()]
    for delimiter in ",;\t":
        cells = [cell for form in written for row in csv.reader(io.StringIO(form, newline=""), delimiter=delimiter)
                 for cell in row]  # fmt: skip
        assert len(cells) > len(texts)
        assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]


def test_a_sheet_taken_twice_counts_once_and_a_changed_line_takes_the_old_answer_back(run: Path, tmp_path: Path) -> None:
    review, sheet = review_of(run), tmp_path / "queue.csv"
    queue = review.queue("label_issues", "random")[:7]
    write_sheet(sheet, review, findings(queue))

    def fill(*verdicts: str) -> None:
        rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig", newline="")))
        with sheet.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            for row, verdict in zip(rows, verdicts, strict=True):
                writer.writerow(row | {"verdict": verdict})

    fill(*["accept"] * 6, "")
    assert "6 decisions saved" in curate(run, "--import", str(sheet), "--actor", "ada").stderr
    fill("reject", *["accept"] * 6)
    done = curate(run, "--import", str(sheet), "--actor", "ada")
    assert "2 decisions saved" in done.stderr
    assert "(1 in place of what you said before; 5 more were taken before)" in done.stderr
    review = review_of(run)
    assert [d.verdict for d in review.session.state.live] == ["accept"] * 5 + ["reject", "accept"]
    assert review.reliability().repeats == 0, "nobody was asked twice"
    assert take(review, read_sheet(sheet, review), "bo").new == 7, "another person's answers are their own"


def test_a_line_of_a_sheet_leaves_the_other_findings_of_a_decision_as_they_were_decided(run: Path, tmp_path: Path) -> None:
    review, sheet = review_of(run), tmp_path / "queue.csv"
    three = review.queue("label_issues", "random")[:3].tolist()
    review.save([decide(review.session.findings, three, "reject", actor="ada")])
    write_sheet(sheet, review, findings(three[:1]))
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig", newline="")))

    def says(verdict: str) -> tuple[list[int], Taken]:
        with sheet.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerow(rows[0] | {"verdict": verdict})
        taken = take(review, read_sheet(sheet, review), "ada")
        return effect(review.session.state.journal, review.session.findings).verdict[three].tolist(), taken

    assert says("reject") == ([REJECT] * 3, Taken(0, 0, 1)), "said alike of this one"
    assert says("accept") == ([ACCEPT, REJECT, REJECT], Taken(1, 1, 0))
    assert says("accept") == ([ACCEPT, REJECT, REJECT], Taken(0, 0, 1))
    assert says("reject") == ([REJECT] * 3, Taken(1, 1, 0))
    assert [len(d.finding_ids) for d in review.session.state.live] == [3, 1], "its own line is taken back"


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda raw: b"PK\x03\x04" + raw, "is a workbook; save the sheet as CSV"),
    (lambda raw: raw.decode().replace("accept", "acc\u00e9pt").encode("latin-1", "replace"), "is not UTF-8 text"),
    (lambda raw: raw[: raw.rindex(b'"')], "cannot be read as CSV"),
    (lambda raw: raw + raw.split(b"\n", 1)[1].replace(b"accept", b"reject"), "it says otherwise than line 2"),
    (lambda raw: raw.replace(b"verdict", b"Urteil"), "has no column 'verdict'"),
])  # fmt: skip
def test_a_sheet_that_was_cut_or_saved_as_something_else_is_named(
    run: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], words: str
) -> None:
    review, sheet = review_of(run), tmp_path / "queue.csv"
    write_sheet(sheet, review, findings(review.queue("label_issues", "score")[:1]))
    raw = sheet.read_bytes().removeprefix(b"\xef\xbb\xbf")
    sheet.write_bytes(spoil(raw.rstrip(b"\r\n").removesuffix(b",,,").removesuffix(b",,") + b',accept,,"because"\r\n'))
    done = curate(run, "--import", str(sheet))
    assert done.returncode == 2
    assert words in done.stderr
    assert not (run / "decisions.jsonl").exists()
