"""Scoring the scanner on gold sets: formats, matching, intervals, and what is refused."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.pii_eval import read_gold, score
from audit.pii_eval.errors import examples
from audit.pii_eval.gold import Gold, GoldSpan
from audit.pii_eval.predict import from_findings, predict
from audit.pii_eval.typemap import map_types
from curate.cli import cli
from curate.errors import ConfigError, DataError
from curate.privacy import ScanConfig
from curate.privacy.types import ALL

MAIL = "Write to jane@example.com or call 212-555-0134."


def record(text: str, *spans: tuple[str, str]) -> dict[str, object]:
    """One document of this project's own format; spans by (value, type)."""
    return {"text": text, "spans": [
        {"start": text.index(v), "end": text.index(v) + len(v), "type": t} for v, t in spans]}  # fmt: skip


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def evaluate(path: Path, **options: object):  # type: ignore[no-untyped-def]
    gold = read_gold(path)
    types = map_types(gold.types(), ALL, **options)  # type: ignore[arg-type]
    found = predict(gold, ScanConfig())
    return gold, found, types, score(gold, found, types)


def test_one_text_says_the_same_in_every_format(tmp_path: Path) -> None:
    a, b = MAIL.index("jane@"), MAIL.index("212")
    ends = (a, a + len("jane@example.com")), (b, b + len("212-555-0134"))
    write(tmp_path / "own.jsonl", record(MAIL, ("jane@example.com", "EMAIL"), ("212-555-0134", "PHONE")))
    (tmp_path / "presidio.json").write_text(json.dumps([{
        "full_text": MAIL, "masked": "", "template_id": 1, "spans": [
            {"entity_type": t, "entity_value": MAIL[s:e], "start_position": s, "end_position": e}
            for t, (s, e) in zip(("EMAIL", "PHONE"), ends)]}]))  # fmt: skip
    (tmp_path / "lists.jsonl").write_text(json.dumps({
        "source_text": MAIL, "privacy_mask": [[*ends[0], "EMAIL"], [*ends[1], "PHONE"]]}))  # fmt: skip
    brat = tmp_path / "brat"
    brat.mkdir()
    (brat / "a.txt").write_text(MAIL)
    (brat / "a.ann").write_text("".join(
        f"T{n}\t{t} {s} {e}\t{MAIL[s:e]}\n" for n, (t, (s, e)) in enumerate(zip(("EMAIL", "PHONE"), ends)))
        + "R1\tOf Arg1:T0 Arg2:T1\n")  # fmt: skip
    spans = [GoldSpan(0, *ends[0], "EMAIL"), GoldSpan(0, *ends[1], "PHONE")]
    for name, form in (("own.jsonl", "curate"), ("presidio.json", "presidio"), ("lists.jsonl", "curate"), ("brat", "brat")):
        gold = read_gold(tmp_path / name)
        assert (gold.format, gold.texts, gold.spans) == (form, [MAIL], spans), name


CONLL = {
    "BIO, two columns": "Call O\nJane B-PER\nDoe I-PER\nnow O\n\nParis B-LOC\n",
    "IOB1": "Call O\nJane I-PER\nDoe I-PER\nnow O\n\nParis I-LOC\n",
    "BILOU": "Call O\nJane B-PER\nDoe L-PER\nnow O\n\nParis U-LOC\n",
    "IOBES, tabs": "Call\tO\nJane\tB-PER\nDoe\tE-PER\nnow\tO\n\nParis\tS-LOC\n",
    "four columns": "Call VB X O\nJane NNP X B-PER\nDoe NNP X I-PER\nnow RB X O\n\nParis NNP X B-LOC\n",
    "CoNLL-U": "# sent 1\n1\tCall\tO\tx\n2\tJane\tB-PER\tx\n3\tDoe\tI-PER\tx\n4\tnow\tO\tx\n\n1\tParis\tB-LOC\tx\n",
    "DOCSTART": "-DOCSTART- O\n\nCall O\nJane B-PER\nDoe I-PER\nnow O\n\nParis B-LOC\n",
}


@pytest.mark.parametrize("layout", sorted(CONLL))
def test_conll_layouts_give_the_same_spans(tmp_path: Path, layout: str) -> None:
    (tmp_path / "x.conll").write_text(CONLL[layout])
    gold = read_gold(tmp_path / "x.conll")
    assert gold.texts == ["Call Jane Doe now", "Paris"]
    assert gold.spans == [GoldSpan(0, 5, 13, "PER"), GoldSpan(1, 0, 5, "LOC")]
    assert len(set(gold.documents)) == (1 if layout == "DOCSTART" else 2)


def test_adjacent_entities_stay_apart_and_space_after_no_joins_tokens(tmp_path: Path) -> None:
    (tmp_path / "x.conll").write_text("a\tB-PER\t_\nb\tB-PER\tSpaceAfter=No\nc\tI-PER\t_\nd\tO\t_\n")
    gold = read_gold(tmp_path / "x.conll")
    assert gold.texts == ["a bc d"]
    assert gold.spans == [GoldSpan(0, 0, 1, "PER"), GoldSpan(0, 2, 4, "PER")]


BAD = {
    "outside": ({"text": "short", "spans": [{"start": 2, "end": 9, "type": "EMAIL"}]}, "do not lie in a text of 5"),
    "backwards": ({"text": "short", "spans": [{"start": 3, "end": 3, "type": "EMAIL"}]}, "do not lie"),
    "no type": ({"text": "short", "spans": [{"start": 0, "end": 3}]}, "no type"),
    "words": ({"text": "short", "spans": [{"start": "0", "end": 3, "type": "EMAIL"}]}, "whole numbers"),
    "value": ({"text": "secret word", "spans": [{"start": 0, "end": 3, "type": "X", "value": "wor"}]}, "code points"),
    "overlap": ({"text": "secret", "spans": [[0, 4, "EMAIL"], [2, 6, "PHONE"]]}, "overlapping spans"),
    "no text": ({"words": "x", "spans": []}, "no text"),
    "no spans": ({"text": "x"}, "no list of spans"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_gold_set_is_refused_with_its_place_and_without_its_text(tmp_path: Path, name: str) -> None:
    bad, message = BAD[name]
    path = write(tmp_path / "gold.jsonl", record(MAIL, ("jane@example.com", "EMAIL")), bad)
    with pytest.raises(DataError, match=message) as error:
        read_gold(path)
    assert "secret" not in str(error.value)
    assert name == "overlap" or "line 2" in str(error.value)
    out = CliRunner().invoke(cli, ["pii-eval", str(path)])
    assert isinstance(out.exception, DataError)


def test_overlapping_gold_can_be_scored_on_request(tmp_path: Path) -> None:
    path = write(tmp_path / "gold.jsonl", {"text": "abcdef", "spans": [[0, 4, "EMAIL"], [2, 6, "PHONE"]]})
    assert len(read_gold(path, overlaps=True).spans) == 2


def test_offsets_are_code_points_behind_emoji_and_lone_surrogates(tmp_path: Path) -> None:
    text = "😀 \ud83d jane@example.com"
    _, _, _, result = evaluate(write(tmp_path / "g.jsonl", record(text, ("jane@example.com", "EMAIL"))))
    assert result.lines[0].strict.f1 == 1.0


def test_gold_names_of_many_sets_map_to_ours_and_unknown_ones_are_named() -> None:
    wanted = {"us_ssn": "US_SSN", "SOCIALNUM": "US_SSN", "TELEPHONENUM": "PHONE_NUMBER",
              "private_email": "EMAIL_ADDRESS",
              "CREDITCARDNUMBER": "CREDIT_CARD", "IBAN_CODE": "IBAN", "ID_NUM": "NATIONAL_ID",
              "VEHICLEVRM": "LICENSE_PLATE", "PIN": "SECRET", "CREDITCARDCVV": "SECRET", "OTP": "SECRET",
              "US_DRIVER_LICENSE": "DRIVER_LICENSE", "DateOfBirth": "DATE_OF_BIRTH", "IPv4": "IP_ADDRESS"}  # fmt: skip
    types = map_types([*wanted, "PRODUCT_NAME", "DATE_TIME"], ALL)
    assert types.scored == wanted
    assert set(types.not_scored) == {"PRODUCT_NAME", "DATE_TIME"}
    assert types.accepts["ID_NUM"] >= {"TAX_ID", "PASSPORT"}
    assert map_types(["EMP_NO"], ALL, {"EMP_NO": "NATIONAL_ID"}).scored == {"EMP_NO": "NATIONAL_ID"}
    assert not map_types(["EMAIL"], ALL, {"EMAIL": "none"}).scored
    assert map_types(["EMAIL", "PHONE"], ALL, only=["phone_number"]).scored == {"PHONE": "PHONE_NUMBER"}
    for wrong in ({"NOPE": "EMAIL_ADDRESS"}, {"EMAIL": "NOPE"}):
        with pytest.raises(ConfigError):
            map_types(["EMAIL"], ALL, wrong)
    with pytest.raises(ConfigError):
        map_types(["EMAIL"], ALL, only=["NOPE"])


def test_what_the_gold_set_does_not_mark_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "g.jsonl", record(MAIL + " 10.20.30.40 is the ip", ("jane@example.com", "EMAIL")))
    _, _, _, result = evaluate(path)
    assert result.lines[-1].strict.precision.value == 1.0
    assert result.apart == {"IP_ADDRESS": 1, "PHONE_NUMBER": 1}


def brute_force(gold: list[GoldSpan], found: list[GoldSpan], strict: bool) -> tuple[float, float]:
    """Precision and recall by comparing every pair."""
    def fits(a: GoldSpan, b: GoldSpan) -> bool:
        same = a.row == b.row and a.type == b.type
        return same and ((a[1:3] == b[1:3]) if strict else (max(a.start, b.start) < min(a.end, b.end)))
    p = sum(any(fits(f, g) for g in gold) for f in found) / len(found)
    r = sum(any(fits(f, g) for f in found) for g in gold) / len(gold)
    return p, r


def test_counts_equal_those_of_comparing_every_pair() -> None:
    rng = random.Random(7)
    gold = Gold("curate")
    for _ in range(60):
        gold.add("x" * 60)

    def some() -> list[GoldSpan]:
        out = set()
        for _ in range(150):
            start = rng.randrange(50)
            kind = rng.choice(["EMAIL_ADDRESS", "PHONE_NUMBER"])
            out.add(GoldSpan(rng.randrange(60), start, start + rng.randint(1, 9), kind))
        return sorted(out)

    gold.spans, found = some(), some()
    result = score(gold, found, map_types(gold.types(), ALL))
    for line in result.lines:
        g = [s for s in gold.spans if line.type in ("all", s.type)]
        f = [s for s in found if line.type in ("all", s.type)]
        for strict in (True, False):
            p, r = brute_force(g, f, strict)
            m = line.strict if strict else line.overlap
            assert (m.precision.value, m.recall.value) == (p, r)
            assert m.f1 == pytest.approx(2 * p * r / (p + r) if p + r else 0)
            assert m.f1_interval is not None
            assert m.f1_interval[0] <= m.f1 <= m.f1_interval[1]
    assert score(gold, found, map_types(gold.types(), ALL)) == result


def test_the_interval_of_f1_does_not_collapse_on_a_handful_of_spans() -> None:
    gold = Gold("curate")
    gold.spans = [GoldSpan(gold.add("a b"), 0, 1, "PHONE_NUMBER")]
    gold.add("c d")
    told = score(gold, list(gold.spans), map_types(gold.types(), ALL)).lines[0].strict
    assert told.f1 == 1.0
    assert told.f1_interval is not None
    assert told.f1_interval == told.recall.interval == told.precision.interval, "one span shows as little of all three"


def test_a_type_without_predictions_has_no_precision_rather_than_zero() -> None:
    gold = Gold("curate")
    gold.spans = [GoldSpan(gold.add("a b"), 0, 1, "PHONE"), GoldSpan(gold.add("a b"), 0, 1, "PHONE")]
    result = score(gold, [], map_types(["PHONE"], ALL))
    assert result.lines[0].strict.precision.value is None
    assert result.lines[0].strict.recall.value == 0


def test_examples_of_errors_hold_no_marked_value_unless_asked(tmp_path: Path) -> None:
    text = "Jane Roe, badge Q-77182, mail jane@example.com"
    path = write(tmp_path / "g.jsonl", record(text, ("Jane Roe", "NICKNAME"), ("Q-77182", "PASSPORT")))
    gold, found, types, _ = evaluate(path)
    missed, wrong = examples(gold, found, types, 5)
    assert [(e.type, e.outcome) for e in missed] == [("PASSPORT", "missed")]
    assert "⟦A-99999⟧" in missed[0].shown
    for value in ("Jane", "77182", "jane@"):
        assert value not in missed[0].shown
    assert not wrong
    assert "77182" in examples(gold, found, types, 5, raw=True)[0][0].shown
    out = CliRunner().invoke(cli, ["pii-eval", str(path), "--errors", "3"]).output
    assert "77182" not in out
    out = CliRunner().invoke(cli, ["pii-eval", str(path), "--errors", "3", "--show-raw"]).output
    assert "77182" in out


def test_the_verb_prints_a_table_or_json_and_says_when_nothing_can_be_scored(tmp_path: Path) -> None:
    path = write(tmp_path / "g.jsonl", record(MAIL, ("jane@example.com", "EMAIL"), ("call", "VERB")))
    out = CliRunner().invoke(cli, ["pii-eval", str(path)])
    assert "EMAIL_ADDRESS" in out.stdout
    assert "VERB (1) is not scored" in out.stderr
    told = json.loads(CliRunner().invoke(cli, ["pii-eval", str(path), "--json"]).stdout)
    assert told["types"]["EMAIL_ADDRESS"]["strict"]["f1"] == 1.0
    assert told["not_scored"] == {"VERB": "we look for nothing of this name"}
    only = CliRunner().invoke(cli, ["pii-eval", str(write(tmp_path / "v.jsonl", record(MAIL, ("call", "VERB"))))],
                              standalone_mode=False)  # fmt: skip
    assert only.return_value == 3


def test_the_findings_of_a_run_can_be_scored(tmp_path: Path) -> None:
    texts = [MAIL, "nothing here", "Ring 212-555-0199 today"]
    rows = [record(MAIL, ("jane@example.com", "EMAIL"), ("212-555-0134", "PHONE")), record(texts[1]),
            record(texts[2], ("212-555-0199", "PHONE"))]  # fmt: skip
    gold = read_gold(write(tmp_path / "gold.jsonl", *rows))
    data = write(tmp_path / "data.jsonl", *({"text": t} for t in texts))
    run = CliRunner().invoke(cli, ["pii", str(data), "--out", str(tmp_path / "run"), "-q"])
    assert run.exit_code == 0, run.output
    assert from_findings(gold, tmp_path / "run") == predict(gold, ScanConfig())
    short = Gold("curate", ["x"], [], [0])
    with pytest.raises(DataError, match="outside the gold texts"):
        from_findings(short, tmp_path / "run")


def test_names_are_looked_for_where_the_gold_set_marks_them(tmp_path: Path) -> None:
    text = "Dear Mr. William Johnson, thank you for calling."
    path = write(tmp_path / "g.jsonl", record(text, ("William Johnson", "PER")))
    told = json.loads(CliRunner().invoke(cli, ["pii-eval", str(path), "--json"]).stdout)
    assert told["types"]["PERSON"]["overlap"]["recall"] == 1.0
    assert "PERSON" not in json.loads(CliRunner().invoke(cli, ["pii-eval", str(
        write(tmp_path / "n.jsonl", record(text, ("calling", "PHONE")))), "--json"]).stdout)["found_apart"]  # fmt: skip
