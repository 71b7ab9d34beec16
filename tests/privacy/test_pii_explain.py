"""Explaining one text: it agrees with the scan, names what decided, and shows no value unless asked."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from curate.cli import cli
from curate.privacy import ScanConfig, scan
from curate.privacy.explain import MOST, explain_text
from curate.privacy.reading import LONG
from curate.privacy.types import ALL

TEXTS = [
    "call me at 212-555-0134, ssn 219-09-9999, card 4111 1111 1111 1111",
    "order 4111111111111112 and version 10.2.3.4",
    "😀 jane [at] example [dot] com, Tel. ０３０ １２３４５６７",
    '{"phone": "\\u002b49 30 1234567", "card": 4111111111111111}',
    "CPF 529.982.247-25, cpf 529.982.247-26",
    "password = hunter2hunter2 and ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "",
    "plain words",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_spans_explained_are_those_of_the_scan(text: str) -> None:
    story = explain_text(text)
    spans = scan(pa.array([text], pa.large_string()))
    found = set(zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist()))
    told = {(v.start, v.end, v.type) for t in story.candidates for v in t.verdicts if v.outcome == "found"}
    assert told == found
    assert {(f["start"], f["end"], f["type"]) for f in story.found} == found


def test_a_rejected_candidate_says_which_check_it_failed() -> None:
    (told,) = explain_text("order 4111111111111112").candidates
    assert not told.verdicts
    assert any("Luhn: fails" in note for note in told.notes)
    story = explain_text("cpf 529.982.247-26")
    assert any("br_cpf" in note and "fails" in note for note in story.candidates[0].notes)


def test_words_nearby_have_their_places_and_what_they_add_is_told() -> None:
    text = "😀 my phone: 030 1234567"
    (told,) = explain_text(text).candidates
    assert [(w["word"], w["start"], w["end"]) for w in told.words] == [("phone", 5, 10)]
    assert text[5:10] == "phone"
    (verdict,) = told.verdicts
    assert verdict.score > verdict.alone


def test_an_overlap_says_which_span_took_the_place() -> None:
    story = explain_text("Tel CPF 529.982.247-25")
    lost = [v for t in story.candidates for v in t.verdicts if v.outcome != "found"]
    assert any(v.outcome.startswith("overlaps TAX_ID") for v in lost)


def test_output_shows_no_digit_of_a_value_unless_asked() -> None:
    for args in ([], ["--json"]):
        out = CliRunner().invoke(cli, ["pii-explain", TEXTS[0], *args]).output
        for value in ("555-0134", "219-09", "4111"):
            assert value not in out
    assert "219-09-9999" in CliRunner().invoke(cli, ["pii-explain", TEXTS[0], "--show-raw"]).output


def test_the_text_comes_from_an_argument_a_file_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    file.write_text(TEXTS[0], encoding="utf-8")
    outs = [CliRunner().invoke(cli, ["pii-explain", "--json", *args], input=TEXTS[0]).stdout
            for args in ([TEXTS[0]], ["-"], ["--file", str(file)])]  # fmt: skip
    assert outs[0] == outs[1] == outs[2]
    assert len(json.loads(outs[0])["found"]) == 3
    assert CliRunner().invoke(cli, ["pii-explain"], standalone_mode=False).exception is not None


def test_without_names_it_says_that_they_are_not_looked_for_and_what_a_run_flags() -> None:
    text = "Yours sincerely, Jennifer Miller"
    done = CliRunner().invoke(cli, ["pii-explain", text])
    assert "not looked for without --names" in done.output
    assert "17-32  PERSON" in done.output
    assert "Jennifer" not in done.output
    assert json.loads(CliRunner().invoke(cli, ["pii-explain", text, "--json"]).output)["flagged"][0]["type"] == "PERSON"
    assert not explain_text(text, ScanConfig(types=ALL)).flagged


def test_a_name_says_what_the_lists_the_phrase_and_the_column_say() -> None:
    out = CliRunner().invoke(cli, ["pii-explain", "--names", "--column", "author", "My name is Jennifer Qzmirth"]).output
    assert "word 1: a first name" in out
    assert "word 2: in no list" in out
    assert "a phrase, title or greeting announces it" in out
    assert "the name of the column speaks of names" in out
    assert "not looked for" not in out
    assert "Jennifer" not in out


def test_of_a_long_text_the_first_candidates_are_told_and_the_others_counted() -> None:
    text = "call 212-555-0134, my password is Kumquat#88, ssn 219-09-9999. " * 2000
    story = explain_text(text)
    spans = scan(pa.array([text], pa.large_string()))
    assert len(story.found) == len(spans) >= 6000
    told = sorted({(t.start, t.end) for t in story.candidates})
    assert MOST <= len(told) <= 2 * MOST
    assert story.left_out > 3000
    assert any("tells a password" in t.rule for t in story.candidates)
    assert "212-555-0134" not in story.masked
    shown = CliRunner().invoke(cli, ["pii-explain", text]).output
    assert "left out" in shown.splitlines()[-3] + shown.splitlines()[-1]


def test_of_a_flood_no_more_is_read_than_is_told_and_it_says_so(tmp_path: Path) -> None:
    text = "call (212) 555-0134, ask for Jennifer Miller. " * 20_000
    story = explain_text(text)
    read = len(text) - story.unread
    assert read < 50_000
    spans = scan(pa.array([text[:read]], pa.large_string()))
    assert len(story.found) == len(spans) > MOST
    assert MOST <= len(story.candidates) <= 2 * MOST
    assert "Jennifer" not in story.masked
    file = tmp_path / "flood.txt"
    file.write_text(text, encoding="utf-8")
    shown = CliRunner().invoke(cli, ["pii-explain", "--file", str(file)]).output
    assert f"{story.unread:,} characters behind these not read" in shown
    assert "Jennifer" not in shown


@pytest.mark.parametrize(("head", "piece"), [
    ("", "my pin is 4417. "), ("username,password\n", "mbell44,oak!Leaf41\n"), ("", "Mot de passe : Galet!Bleu#x\n"),
    ("INSERT INTO t (id, password) VALUES ", "(7, 'Fen&Moor12'), "),
])  # fmt: skip
def test_a_flood_of_what_no_candidate_stands_for_is_not_read_to_its_end_either(head: str, piece: str) -> None:
    text = head + piece * (400_000 // len(piece))
    story = explain_text(text)
    read = text[: len(text) - story.unread]
    assert len(read) < 50_000
    assert len(story.candidates) >= MOST
    assert len(story.found) == len(scan(pa.array([read], pa.large_string())))


def test_a_long_text_with_few_candidates_is_read_to_its_end_and_masked_as_far_as_names_are_looked_for() -> None:
    text = "The bridge was built in spring. Jennifer Miller saw it. " * 6000 + "Call (212) 555-0134. Jennifer Miller"
    story = explain_text(text)
    assert not story.unread
    assert [t.start for t in story.candidates] == [text.index("(212)")]
    assert 0 < story.unnamed < len(text)
    assert "Jennifer" not in story.masked
    assert max(int(str(f["end"])) for f in story.flagged) <= len(text) - story.unnamed
    assert explain_text(text[:2000]).unnamed == 0


def test_a_long_text_in_disguise_is_cut_between_its_own_characters() -> None:
    text = "Tel. ０３０ １２３４５６７, 😀 " * 20_000
    story = explain_text(text)
    assert 0 < story.unread < len(text)
    assert {text[t.start : t.end] for t in story.candidates} == {"０３０ １２３４５６７"}


@pytest.mark.parametrize("piece", [
    "IBAN DE89 3704 0044 0532 0130 00 ", "4111 1111 1111 1111 ", "AKIAQ3EGRNDVKX52TLMA,", "jane.doe@mailhost.com,",
    "call (212) 555-0134 ", "https://bob:Xk9!kqz@db.example.com/a,",
])  # fmt: skip
def test_no_piece_of_what_the_cut_goes_through_is_shown(piece: str) -> None:
    raw = set(piece.replace(",", " ").split()) - {"IBAN", "call"}
    for shift in range(0, len(piece), 5):
        text = "o" * shift + " " + piece * (140_000 // len(piece))
        story = explain_text(text)
        assert len(story.candidates) >= MOST
        assert story.unread
        behind = story.masked.rsplit("]", 1)[1].strip(" ,")
        assert not behind or not any(part.startswith(behind) or behind.startswith(part[:6]) for part in raw), behind
        assert max(int(str(f["end"])) for f in story.found) <= len(text) - story.unread


def test_no_piece_of_a_name_stands_where_nobody_looks_any_further() -> None:
    fill, who = "The lamp was lit in the hall. ", "He wrote to Jennifer Miller at 45 Oak Street. "
    for shift in range(14, len(who), 3):
        story = explain_text((fill * (LONG // len(fill) + 1))[: LONG - shift - 1] + " " + who + fill * 1000)
        assert story.unnamed
        assert not any(part in story.masked for part in ("45", "Oak", "Jennifer", "Miller"))


def test_a_text_that_is_shown_whole_is_not_said_to_go_on(tmp_path: Path) -> None:
    file = tmp_path / "flood.txt"
    file.write_text("call (212) 555-0134, " * 8000, encoding="utf-8")
    outs = (CliRunner().invoke(cli, ["pii-explain", "--file", str(file), *more]).output for more in ([], ["--show-raw"]))
    first, raw = (out.splitlines()[0] for out in outs)
    assert first.endswith(" …")
    assert not raw.endswith("…")


def test_values_of_a_statement_say_so() -> None:
    story = explain_text("INSERT INTO t (dob, password) VALUES ('1980-05-01', 'Fen&Moor12')")
    rules = {v.type: t.rule for t in story.candidates for v in t.verdicts if v.outcome == "found"}
    assert "statement" in rules["DATE_OF_BIRTH"]
    assert "statement" in rules["SECRET"]
