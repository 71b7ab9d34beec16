"""The generator writes what is committed, and what the truth files say is so."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from stdnum import iban, luhn
from stdnum.us import ssn

REPO = Path(__file__).parents[2]
if str(REPO) not in sys.path:
    sys.path.insert(0, str(REPO))

from sample_data import _shingles, _tickets, generate  # noqa: E402

Record = dict[str, Any]
SHAPES = {
    "EMAIL_ADDRESS": r"[\w.+-]+@(?:[a-z]+\.)?example\.(?:com|org|net|edu)",
    "PHONE_NUMBER": r"[+(\d][\d ().-]{8,}\d",
    "CREDIT_CARD": r"\d(?:[ -]?\d){13,18}",
    "IBAN": r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4})+",
    "US_SSN": r"\d{3}-\d{2}-\d{4}",
    "IP_ADDRESS": r"(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}|2001:db8:[0-9a-f:]+",
    "URL_CREDENTIALS": r"[^\s:/@]+:[^\s:/@]+",
}
REGIONS = ("US", "GB", "FR", "DE", "AU", "SE")


def _lines(content: bytes) -> list[Record]:
    return [json.loads(line) for line in content.decode().splitlines()]


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return generate.files()


@pytest.fixture(scope="module")
def tickets(made: dict[str, bytes]) -> list[Record]:
    return _lines(made["support_tickets.jsonl"])


@pytest.fixture(scope="module")
def truth(made: dict[str, bytes]) -> list[Record]:
    return _lines(made["support_tickets.truth.jsonl"])


@pytest.fixture(scope="module")
def chats(made: dict[str, bytes]) -> list[Record]:
    return _lines(made["assistant_chat.jsonl"])


@pytest.fixture(scope="module")
def chat_truth(made: dict[str, bytes]) -> list[Record]:
    return _lines(made["assistant_chat.truth.jsonl"])


def _of(truth: list[Record], kind: str) -> list[Record]:
    return [t for t in truth if t["kind"] == kind]


def _value(row: Record, fact: Record) -> str:
    here: Any = row
    for part in fact["field"].split("/"):
        here = here[int(part)] if isinstance(here, list) else here[part]
    return str(here[fact["start"] : fact["end"]])


def test_the_committed_files_are_what_the_script_writes(made: dict[str, bytes]) -> None:
    for name, content in made.items():
        assert (REPO / "sample_data" / name).read_bytes() == content, name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(made: dict[str, bytes]) -> None:
    assert generate.files() == made
    other = generate.files(generate.SEED + 1)
    assert all(other[name] != content for name, content in made.items())


def test_check_tells_a_changed_file_from_a_right_one(
    tmp_path: Path, made: dict[str, bytes], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "files", lambda: made)  # made once for all tests here
    assert generate.main(["--out", str(tmp_path)]) == 0
    assert generate.main(["--out", str(tmp_path), "--check"]) == 0
    changed = tmp_path / "assistant_chat.jsonl"
    changed.write_bytes(changed.read_bytes()[:-2])
    assert generate.main(["--out", str(tmp_path), "--check"]) == 1
    assert "assistant_chat.jsonl" in capsys.readouterr().err


def test_the_files_stay_small_enough_to_read(made: dict[str, bytes]) -> None:
    assert sum(map(len, made.values())) < 2_500_000


def test_the_shares_are_as_the_readme_says(tickets: list[Record], truth: list[Record]) -> None:
    n, n_train = len(tickets), sum(r["split"] == "train" for r in tickets)
    count = Counter(t["kind"] for t in truth)
    assert 3_900 <= n <= 4_100
    assert n - n_train == 600
    assert len({r["ticket_id"] for r in tickets}) == n
    assert count["exact_duplicate"] / n == pytest.approx(0.03, abs=0.005)
    assert count["near_duplicate"] / n == pytest.approx(0.05, abs=0.005)
    assert count["wrong_label"] / n_train == pytest.approx(0.08, abs=0.008)
    assert count["label_spelling"] / n == pytest.approx(0.02, abs=0.002)
    assert count["leak"] == 40
    assert len({t["row"] for t in _of(truth, "pii")}) / n == pytest.approx(0.10, abs=0.015)
    how = Counter(t["how"] for t in _of(truth, "wrong_label"))
    assert 0.35 <= how["confusable"] / count["wrong_label"] <= 0.65
    words = [len(r["text"].split()) for r in tickets]
    assert min(words) >= 3
    assert max(words) <= 64


def test_every_truth_row_is_a_row_of_the_file(
    tickets: list[Record], truth: list[Record], chats: list[Record], chat_truth: list[Record]
) -> None:
    for rows, facts in ((tickets, truth), (chats, chat_truth)):
        for fact in facts:
            for key in ("row", "of", "train_row", "test_row"):
                assert 0 <= fact.get(key, 0) < len(rows)


def _passes_its_check(kind: str, value: str) -> bool:
    if kind == "CREDIT_CARD":
        return bool(luhn.is_valid(re.sub(r"\D", "", value)))
    if kind == "IBAN":
        return bool(iban.is_valid(value))
    if kind == "US_SSN":
        return bool(ssn.is_valid(value))
    if kind == "PHONE_NUMBER":
        regions = (None,) if value.startswith("+") else REGIONS
        return any(phonenumbers.is_valid_number(phonenumbers.parse(value, region)) for region in regions)
    return True


def test_every_planted_span_holds_what_it_says(
    tickets: list[Record], truth: list[Record], chats: list[Record], chat_truth: list[Record]
) -> None:
    for rows, facts in ((tickets, truth), (chats, chat_truth)):
        planted = _of(facts, "pii")
        assert {t["type"] for t in planted} == set(SHAPES)
        for fact in planted:
            value = _value(rows[fact["row"]], fact)
            assert re.fullmatch(SHAPES[fact["type"]], value), fact
            assert _passes_its_check(fact["type"], value), fact


def test_planted_credentials_stand_inside_an_address(
    tickets: list[Record], truth: list[Record], chats: list[Record], chat_truth: list[Record]
) -> None:
    for rows, facts in ((tickets, truth), (chats, chat_truth)):
        for fact in facts:
            if fact.get("type") == "URL_CREDENTIALS":
                text = _value(rows[fact["row"]], {**fact, "start": 0, "end": None})
                assert text[: fact["start"]].endswith("://")
                assert re.match(r"@[a-z.]+example\.", text[fact["end"] :])


def test_no_look_alike_is_what_it_looks_like(tickets: list[Record], truth: list[Record]) -> None:
    traps = _of(truth, "distractor")
    assert len({t["type"] for t in traps}) >= 5
    for fact in traps:
        value = _value(tickets[fact["row"]], fact)
        if fact["type"] in ("CREDIT_CARD", "IBAN", "US_SSN"):
            assert not _passes_its_check(fact["type"], value), fact
        if fact["type"] == "EMAIL_ADDRESS":
            assert not re.search(r"\w@\w", value), fact
        if fact["type"] == "IP_ADDRESS":
            with pytest.raises(ValueError, match="does not appear to be"):
                ipaddress.ip_address(value)


def test_no_value_is_planted_without_being_in_the_truth(tickets: list[Record], truth: list[Record]) -> None:
    known = Counter(t["row"] for t in _of(truth, "pii") if t["type"] in ("EMAIL_ADDRESS", "URL_CREDENTIALS"))
    for row, record in enumerate(tickets):
        assert len(re.findall(r"\S@\S*example\.", record["text"])) == known[row]


def test_copies_are_what_they_claim(tickets: list[Record], truth: list[Record]) -> None:
    for fact in _of(truth, "exact_duplicate"):
        row, of = tickets[fact["row"]], tickets[fact["of"]]
        assert row["text"] == of["text"]
        assert row["split"] == of["split"] == "train"
        assert (row["intent"] != of["intent"]) == fact.get("conflicting_label", False)
    bands: Counter[str] = Counter()
    for fact in _of(truth, "near_duplicate"):
        row, of = tickets[fact["row"]], tickets[fact["of"]]
        similarity = _shingles.jaccard(_shingles.shingles(row["text"]), _shingles.shingles(of["text"]))
        assert row["text"] != of["text"]
        assert row["intent"] == of["intent"]
        assert similarity == pytest.approx(fact["jaccard"], abs=1e-4)
        low, high = {"form": (1.0, 1.0), "below": (0.55, 0.76), "close": (0.82, 0.96)}[fact["how"]]
        assert low <= similarity <= high
        bands[fact["how"]] += 1
    assert min(bands.values()) >= 20


def test_leaks_join_a_train_row_to_a_test_row(tickets: list[Record], truth: list[Record]) -> None:
    for fact in _of(truth, "leak"):
        train, test = tickets[fact["train_row"]], tickets[fact["test_row"]]
        assert (train["split"], test["split"]) == ("train", "test")
        assert (train["text"] == test["text"]) == (fact["how"] == "exact")


def test_no_unplanted_pair_is_similar(
    tickets: list[Record], truth: list[Record], chats: list[Record], chat_truth: list[Record]
) -> None:
    said = ["\n".join(m["content"] or json.dumps(m["tool_calls"]) for m in row["messages"]) for row in chats]
    for texts, facts, most in (([r["text"] for r in tickets], truth, 0.55), (said, chat_truth, 0.7)):
        group = list(range(len(texts)))
        for fact in facts:
            pair = [fact[k] for k in ("row", "of", "train_row", "test_row") if k in fact]
            if len(pair) == 2:
                group = [group[pair[0]] if g == group[pair[1]] else g for g in group]
        close = [(a, b, s) for a, b, s in _shingles.similar_pairs(texts, 0.4) if group[a] != group[b]]
        assert max((s for *_, s in close), default=0.0) < most


def test_only_train_labels_are_wrong_or_misspelt(tickets: list[Record], truth: list[Record]) -> None:
    spelt = {t["row"]: t for t in _of(truth, "label_spelling")}
    wrong = {t["row"]: t for t in _of(truth, "wrong_label")}
    assert not spelt.keys() & wrong.keys()
    for row, record in enumerate(tickets):
        if row in spelt or row in wrong:
            assert record["split"] == "train"
        assert (record["intent"] in _tickets.INTENTS) == (row not in spelt)
    for row, fact in spelt.items():
        assert tickets[row]["intent"] == fact["written"]
        assert re.sub(r"\W|_", "", fact["written"]).casefold() == fact["canonical"].replace("_", "")
    for row, fact in wrong.items():
        assert tickets[row]["intent"] == fact["written"] != fact["true"]
        near = fact["written"] in _tickets.CONFUSABLE[fact["true"]]
        assert near == (fact["how"] == "confusable")


def test_one_group_has_more_wrong_labels_and_one_is_tiny(tickets: list[Record], truth: list[Record]) -> None:
    bias, small = _of(truth, "group_bias")[0], _of(truth, "small_group")[0]
    wrong = {t["row"] for t in _of(truth, "wrong_label")}
    rows: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for row, record in enumerate(tickets):
        if record["split"] == "train":
            rows[record["customer_group"]] += 1
            bad[record["customer_group"]] += row in wrong
    assert rows[small["group"]] == small["rows"] == 4
    rates = {g: bad[g] / rows[g] for g in rows if g != small["group"]}
    biased = rates.pop(bias["group"])
    assert biased > 2.5 * max(rates.values())


def test_tool_call_arguments_stay_json_and_hold_planted_values(chats: list[Record], chat_truth: list[Record]) -> None:
    inside = [t for t in _of(chat_truth, "pii") if t["field"].endswith("arguments")]
    assert sum(t["type"] == "EMAIL_ADDRESS" for t in inside) >= 10
    for fact in inside:
        turn = chats[fact["row"]]["messages"][int(fact["field"].split("/")[1])]
        arguments = turn["tool_calls"][0]["function"]["arguments"]
        assert _value(chats[fact["row"]], fact) in json.dumps(json.loads(arguments), ensure_ascii=False)


def test_repeated_prompts_have_other_answers_and_copies_do_not(chats: list[Record], chat_truth: list[Record]) -> None:
    def prompt(row: int) -> list[str]:
        return [m["content"] for m in chats[row]["messages"] if m["role"] == "user"]

    repeated = _of(chat_truth, "repeated_prompt")
    assert len(repeated) >= 10
    for fact in repeated:
        assert prompt(fact["row"]) == prompt(fact["of"])
        assert chats[fact["row"]]["messages"] != chats[fact["of"]]["messages"]
    for fact in _of(chat_truth, "exact_duplicate"):
        assert chats[fact["row"]]["messages"] == chats[fact["of"]]["messages"]
    assert any(m["role"] == "system" for row in chats for m in row["messages"])
