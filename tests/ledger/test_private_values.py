"""What no view shows of a row: short names too, at their place and elsewhere, and not a part of another word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from audit.report.safe import Previews
from curate.dataset import Dataset, load
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.private import PrivateValues

PERSON = "pii.person"


def found(data: Dataset, *spans: tuple[int, str, int, int, str]) -> pa.Table:
    """Flags of row, field, start, end and rule."""
    one = {"row_ids": data.row_ids, "score": 1.0, "reason": "because", "stage": "pii", "action": "flag"}
    return concat_findings(
        [make_findings(**one, row=[r], field=f, start=a, end=b, rule=rule) for r, f, a, b, rule in spans]
    )


def read(folder: Path, *rows: dict[str, Any], **roles: Any) -> Dataset:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path, **roles)


TEXT: dict[str, Any] = {"task": "text", "roles": {"text": "text"}}


@pytest.mark.parametrize(
    ("text", "value", "rule", "shown"),
    [
        ("My name is Bob, and Bob's dog is Bobby.", "Bob", PERSON, "My name is [PERSON], and [PERSON]'s dog is Bobby."),
        ("Mr. Wu told Wu that Wuhan is far.", "Wu", PERSON, "Mr. [PERSON] told [PERSON] that Wuhan is far."),
        ("Mark lives in Markdorf, _Mark_ says.", "Mark", PERSON, "[PERSON] lives in Markdorf, _[PERSON]_ says."),
        ("我叫张伟，今天张伟来了，Bob说。", "张伟", PERSON, "我叫[PERSON]，今天[PERSON]来了，Bob说。"),
        ("我叫Bob，今天Bob来了。", "Bob", PERSON, "我叫[PERSON]，今天[PERSON]来了。"),
        ("राम और रामायण", "राम", PERSON, "[PERSON] और रामायण"),
        ("김수는 김수가", "김수", PERSON, "[PERSON]는 [PERSON]가"),
        ("A is J, and J is a letter.", "J", PERSON, "A is [PERSON], and J is a letter."),
        ("Bobby, said as Bob", "Bob", PERSON, "[PERSON]by, said as [PERSON]"),
        ("pin 123 of room 123", "123", "pii.secret", "pin [SECRET] of room 123"),
        ("key abcd, then xabcdx", "abcd", "pii.secret", "key [SECRET], then x[SECRET]x"),
    ],
)  # fmt: skip
def test_a_value_is_hidden_at_its_place_and_where_its_row_repeats_it(
    tmp_path: Path, text: str, value: str, rule: str, shown: str
) -> None:
    data = read(tmp_path, {"text": text}, **TEXT)
    at = text.index(value)
    private = PrivateValues(data, found(data, (0, "text", at, at + len(value), rule)), ["pii"])
    assert private.hidden(0, text) == shown
    assert private.hidden_in(pa.array([0]), data.content()).to_pylist() == [shown]


def test_of_two_values_the_longer_one_is_hidden_and_no_placeholder_is_read_again(tmp_path: Path) -> None:
    text = "Bob Stone met Bob. Mr. PERSON met Bob Stone."
    data = read(tmp_path, {"text": text}, **TEXT)
    spans = [(0, "text", a, b, PERSON) for a, b in ((0, 9), (14, 17), (23, 29))]
    private = PrivateValues(data, found(data, *spans), ["pii"])
    assert private.hidden(0, text) == "[PERSON] met [PERSON]. Mr. [PERSON] met [PERSON]."


def test_a_text_that_ends_inside_a_field_is_hidden_up_to_there(tmp_path: Path) -> None:
    text = f"{'so it was said of them ' * 5}by Bob Stone"
    data = read(tmp_path, {"text": text}, **TEXT)
    private = PrivateValues(data, found(data, (0, "text", text.index("Bob"), len(text), PERSON)), ["pii"])
    assert private.hidden(0, text[:-3]) == text[: text.index("Bob")] + "[PERSON]"


def test_what_stands_in_one_field_is_hidden_in_the_others_of_its_row_alone(tmp_path: Path) -> None:
    row = {"question": "Ann or Annual?", "answer": "A", "choices": ["Ann", "Bonn"]}
    data = read(tmp_path, row, row, task="sft",
                roles={"prompt": "question", "completion": "answer", "context": "choices"})  # fmt: skip
    private = PrivateValues(data, found(data, (0, "choices/0", 0, 3, PERSON)), ["pii"])
    assert private.hidden_in(pa.array([1, 0, 0]), data.content().take(pa.array([1, 0, 0]))).to_pylist() == [
        "Ann or Annual?\nA", "[PERSON] or Annual?\nA", "[PERSON] or Annual?\nA",
    ]  # fmt: skip
    assert private.hidden(0, "A: Ann; B: Bonn") == "A: [PERSON]; B: Bonn"


def test_a_review_shows_no_short_name_around_what_it_asks_about(tmp_path: Path) -> None:
    text = "我叫张伟，李娜也来了，电话 +49 171 2345678，张伟说。"
    data = read(tmp_path, {"text": text}, **TEXT)
    spans = [(0, "text", text.index(name), text.index(name) + 2, PERSON) for name in ("张伟", "李娜")]
    asked = (text.index("+49"), text.index("，张伟"), None, "pii.phone_number")
    shown = Previews(data, found(data, *spans)).span(0, "text", *asked)
    assert shown is not None
    said = "".join(piece.text for piece in shown.pieces)
    assert said == "我叫[PERSON]，[PERSON]也来了，电话 [PHONE]，[PERSON]说。"


def test_findings_of_many_rows_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = read(tmp_path, *({"text": f"Bob wrote {n}"} for n in range(300)), **TEXT)
    private = PrivateValues(data, found(data, *((n, "text", 0, 3, PERSON) for n in range(0, 300, 2))), ["pii"])
    reads: list[int] = []
    once = PrivateValues._taken

    def counted(self: PrivateValues, where: Any) -> Any:
        reads.append(len(where))
        return once(self, where)

    monkeypatch.setattr(PrivateValues, "_taken", counted)
    shown = private.hidden_in(pa.array(range(300)), data.content()).to_pylist()
    assert shown == [f"{'Bob' if n % 2 else '[PERSON]'} wrote {n}" for n in range(300)]
    assert reads == [150]


def test_a_long_field_is_read_once_for_all_that_is_hidden_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(f"Bob{n} wrote." for n in range(500))
    data = read(tmp_path, {"text": text}, **TEXT)
    spans = [(0, "text", at, at + 3, PERSON) for at in range(len(text)) if text.startswith("Bob", at)]
    private = PrivateValues(data, found(data, *spans), ["pii"])
    reads: list[str] = []
    raw = PrivateValues.raw
    monkeypatch.setattr(PrivateValues, "raw", lambda self, row, field: reads.append(field) or raw(self, row, field))
    assert "Bob" not in private.hidden(0, text)
    assert reads == ["text"]
