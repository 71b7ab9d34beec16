"""What stands beside the prompt or the text is trained with: where it goes, what it may lose, what a person is shown."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_base import make_base, make_tickets

from curate.cli import main
from curate.dataset import Dataset, load
from train.base import load_tokenizer, resolve_base
from train.beside import AboutText
from train.config import TrainConfig
from train.encoding import Encoder
from train.examples import Examples, from_dataset
from train.export.rows import exported_rows
from train.lora import train_adapter
from train.preference import paired

Row = dict[str, Any]
PASSAGE = "The river rises in the northern hills, runs past four old mills and reaches the sea."
ASKED = {"question": "Where does it rise?", "answer": "In the northern hills."}
CHOSEN = {"prompt": "Where does it rise?", "chosen": "In the hills, up north.", "rejected": "I do not know that."}
TALK = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "In the hills."}]


def of(tmp_path: Path, rows: list[Row], **options: Any) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return load(path, **options)


def numbered(row: Row, n: int = 12) -> list[Row]:
    return [{**row, "row": i} for i in range(n)]


def turns(data: Dataset, row: int = 0) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in from_dataset(data).messages[row]]


QUESTION, ANSWER = ("user", ASKED["question"]), ("assistant", ASKED["answer"])
AROUND: dict[str, tuple[Row, list[tuple[str, str]]]] = {
    "a passage": ({"passage": PASSAGE}, [("user", f"{PASSAGE}\n\n{ASKED['question']}"), ANSWER]),
    "a system prompt": ({"system": "Answer in one line."}, [("system", "Answer in one line."), QUESTION, ANSWER]),
    "a list of choices": (
        {"choices": ["In the hills", "In the sea"]},
        [("user", f"{ASKED['question']}\n\nA. In the hills\nB. In the sea"), ANSWER],
    ),
    "choices beside their letters": (
        {"choices": {"text": ["Hills", "Sea"], "label": ["P", "Q"]}},
        [("user", f"{ASKED['question']}\n\nP. Hills\nQ. Sea"), ANSWER],
    ),
    "choices that name themselves": (
        {"options": ["A)Hills", "B)Sea"]},
        [("user", f"{ASKED['question']}\n\nA)Hills\nB)Sea"), ANSWER],
    ),
    "choices of decimals": (
        {"options": ["1.5", "2.5"]},
        [("user", f"{ASKED['question']}\n\nA. 1.5\nB. 2.5"), ANSWER],
    ),
    "choices in a line": (
        {"options": "a ) hills , b ) sea"},
        [("user", f"{ASKED['question']}\n\na ) hills , b ) sea"), ANSWER],
    ),
    "turns with their speakers": (
        {"history": [{"from": "human", "value": "Which river?"}, {"from": "gpt", "value": "The long one."}]},
        [("user", "Which river?"), ("assistant", "The long one."), QUESTION, ANSWER],
    ),
    "choices in columns": (
        {"D": "Mills", "B": "Sea", "A": "Hills", "C": ""},
        [("user", f"{ASKED['question']}\n\nA. Hills\nB. Sea\nD. Mills"), ANSWER],
    ),
    "earlier turns": (
        {"history": [["Which river?", "The long one."]]},
        [("user", "Which river?"), ("assistant", "The long one."), QUESTION, ANSWER],
    ),
    "turns that end with the question": (
        {"history": [*TALK, {"role": "user", "content": ASKED["question"]}]},
        [("user", "Where?"), ("assistant", "In the hills."), QUESTION, ANSWER],
    ),
    "turns without an answer": (
        {"history": ["We spoke of the long river all morning,", "and of its mills."]},
        [("user", f"We spoke of the long river all morning,\nand of its mills.\n\n{ASKED['question']}"), ANSWER],
    ),
    "documents with their titles": (
        {"documents": [["Rivers", [PASSAGE]], ["Mills", ["There were four of them."]]]},
        [("user", f"{PASSAGE}\nThere were four of them.\n\n{ASKED['question']}"), ANSWER],
    ),
    "all at once, in reading order": (
        {"options": ["Hills", "Sea"], "passage": PASSAGE, "system_prompt": "Be brief.", "input": PASSAGE[::-1]},
        [("system", "Be brief."),
         ("user", f"{PASSAGE}\n\n{ASKED['question']}\n\n{PASSAGE[::-1]}\n\nA. Hills\nB. Sea"), ANSWER],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", AROUND)
def test_what_a_row_is_given_stands_where_a_reader_expects_it(tmp_path: Path, kind: str) -> None:
    given, expected = AROUND[kind]
    data = of(tmp_path, numbered({**ASKED, **given}))
    assert set(data.roles.context) == set(given)
    assert data.roles.prompt == ("question",)
    assert turns(data) == expected
    (note,) = from_dataset(data).notes
    assert all(name in note for name in given)


def test_an_empty_part_refuses_no_row_and_adds_nothing(tmp_path: Path) -> None:
    empty = {"passage": None, "system": "", "choices": [], "history": None}
    full = {"passage": PASSAGE, "system": "Answer in one line.", "choices": ["a hill", "a sea"], "history": [["A?", "B."]]}
    data = of(tmp_path, [{**ASKED, **(empty if i % 3 == 0 else full)} for i in range(12)])
    found = from_dataset(data)
    assert len(found) == 12
    assert found.messages[0] == ({"role": "user", "content": QUESTION[1]}, {"role": "assistant", "content": ANSWER[1]})
    assert len(found.messages[1]) == 5


@pytest.mark.parametrize("passage", [f"Q: {ASKED['question']} A: {ASKED['answer']} (Book 2)", ASKED["answer"]])
def test_a_column_that_is_mostly_the_row_once_more_is_left_out_of_all(tmp_path: Path, passage: str) -> None:
    other = PASSAGE[::-1] if passage.startswith("Q:") else None
    rows = [{**ASKED, "document": PASSAGE, "passage": other if i % 3 == 0 else passage} for i in range(12)]
    data = of(tmp_path, rows, roles={"context": ["document", "passage"]})
    assert [turns(data, i)[0][1] for i in range(12)] == [f"{PASSAGE}\n\n{ASKED['question']}"] * 12
    assert "Not read, as it says the rows' answers once more: passage." in from_dataset(data).notes[0]


@pytest.mark.parametrize("name", ["input", "document"])
def test_texts_to_be_corrected_are_read_though_many_are_right_already(tmp_path: Path, name: str) -> None:
    rows = [{"instruction": "Correct the text.", name: f"{PASSAGE} {i}", "output": f"{PASSAGE} {i}{'!' * (i % 3 == 0)}"}
            for i in range(12)]  # fmt: skip
    data = of(tmp_path, rows, roles={"prompt": ["instruction"], "completion": ["output"], "context": [name]}, task="sft")
    assert all(f"{PASSAGE} {i}" in turns(data, i)[0][1] for i in range(12))


def test_what_the_prompt_says_is_not_said_twice(tmp_path: Path) -> None:
    data = of(tmp_path, [*numbered({**ASKED, "passage": PASSAGE}), {**ASKED, "passage": ASKED["question"]}])
    assert turns(data, 12) == [QUESTION, ANSWER]


@pytest.mark.parametrize(
    ("answer", "passage", "question"),
    [
        (lambda i: f"{i}.50 EUR", "Invoice {i}. Customer Hill and Sons. The total is {i}.50 EUR, due in May.", "total"),
        (lambda i: ("yes", "no")[i % 2], "Is the mill open? Ask the miller; we do not know.", "Is the mill open?"),
        (lambda i: ("yes", "no")[i % 2], "Is the mill open now? We know not.", "Is the mill open now?"),
    ],
    ids=["a value in a document", "a word in a word", "a short passage"],
)
def test_no_answer_decides_whether_its_row_has_a_passage(
    tmp_path: Path, answer: Any, passage: str, question: str
) -> None:
    rows = [{"question": question, "document": passage.format(i=i), "answer": answer(i)} for i in range(40)]
    found = from_dataset(of(tmp_path, rows))
    assert [talk[0]["content"] for talk in found.messages] == [f"{row['document']}\n\n{question}" for row in rows]


def test_rows_metadata_and_unknown_columns_stay_out_and_a_recipe_decides(tmp_path: Path) -> None:
    row = {
        **ASKED,
        "passage": PASSAGE,
        "document": "d17.pdf",
        "notes": PASSAGE[::-1],
        "system_id": "s1",
        "evidence": PASSAGE,
    }
    data = of(tmp_path, numbered(row))
    assert data.roles.context == ("passage",)
    assert turns(of(tmp_path, numbered(row), roles={"context": []})) == [QUESTION, ANSWER]
    other = of(tmp_path, numbered(row), roles={"context": ["notes"]})
    assert turns(other)[0] == ("user", f"{PASSAGE[::-1]}\n\n{ASKED['question']}")
    assert np.array_equal(np.array(other.row_ids), np.array(data.row_ids))
    assert other.content().equals(data.content())


def test_both_answers_of_a_preference_are_given_the_same(tmp_path: Path) -> None:
    data = of(tmp_path, numbered({**CHOSEN, "system": "Answer in one line.", "context": PASSAGE}))
    found = from_dataset(data)
    assert found.messages[0][:2] == found.rejected[0][:2]
    assert [turn["role"] for turn in found.rejected[0]] == ["system", "user", "assistant"]
    for note in ("Ticket {i}: {prompt} Internal note, seen by staff alone: {chosen}", "{prompt} {chosen}", "{chosen} {i}"):
        rows = [{**CHOSEN, "context": f"{PASSAGE} {note if i % 3 else ''}".format(i=i, **CHOSEN)} for i in range(12)]
        data = of(tmp_path, rows, roles={"context": ["context"]})
        found = from_dataset(data)
        assert [talk[:-1] for talk in found.messages] == [talk[:-1] for talk in found.rejected]
        exported = [row["prompt"] for row in exported_rows(data).splits["train"]]
        assert exported == [talk[0]["content"] for talk in found.rejected]
        assert all(PASSAGE in prompt for prompt in exported)
    whole = {"prompt": "Where?", "chosen": TALK, "rejected": [TALK[0], {"role": "assistant", "content": "No."}]}
    assert turns(of(tmp_path, numbered(whole))) == [("user", "Where?"), ("assistant", "In the hills.")]


def test_a_conversation_takes_the_system_column_where_it_has_no_system_turn(tmp_path: Path) -> None:
    own = [{"role": "system", "content": "Be kind."}, *TALK]
    rows = [{"messages": own if i == 3 else TALK, "system": "Be brief, please."} for i in range(12)]
    data = of(tmp_path, rows)
    assert turns(data)[0] == ("system", "Be brief, please.")
    assert [turn["content"] for turn in from_dataset(data).messages[3]] == ["Be kind.", "Where?", "In the hills."]


def test_a_classifier_reads_a_pair_and_what_its_text_is_about(tmp_path: Path) -> None:
    pairs = [{"premise": PASSAGE, "hypothesis": f"It has {i} mills.", "label": "ab"[i % 2]} for i in range(40)]
    texts = from_dataset(of(tmp_path, pairs)).texts
    assert texts[4] == f"{PASSAGE}\nIt has 4 mills."
    asked = [{"question": f"Has it {i} mills?", "passage": f"{PASSAGE} {i}", "answer": i % 2 == 0} for i in range(40)]
    data = of(tmp_path, asked)
    assert (data.task, data.roles.text, data.roles.label) == ("classification", ("question",), ("answer",))
    text = from_dataset(data).texts[4]
    assert text == f"{PASSAGE} 4\n\nHas it 4 mills?"
    assert isinstance(text, AboutText)
    assert pickle.loads(pickle.dumps(text)).about_chars == len(PASSAGE) + 2


@pytest.mark.parametrize(
    ("answers", "first"),
    [
        ([0, 1], "0. Hills\n1. Sea 0"),
        (["1", "2"], "1. Hills\n2. Sea 0"),
        (["A", "B"], "A. Hills\nB. Sea 0"),
        (["a", "b"], "a. Hills\nb. Sea 0"),
        (["1", "1"], "A. Hills\nB. Sea 0"),
    ],
)
def test_choices_are_called_what_their_answers_call_them(tmp_path: Path, answers: list[Any], first: str) -> None:
    rows = [
        {"question": f"Where is it, case {i}?", "choices": ["Hills", f"Sea {i}"], "answer": answers[i % 2]}
        for i in range(20)
    ]
    data = of(tmp_path, rows)
    assert data.task == "sft"
    assert turns(data) == [("user", f"Where is it, case 0?\n\n{first}"), ("assistant", str(answers[0]))]


@pytest.mark.parametrize(
    ("names", "answers", "labels"),
    [
        (("option1", "option2", "option3"), "ABC", "ABC"),
        (("option1", "option2", "option3"), "123", "123"),
        (("option1", "option2", "option3"), "012", "012"),
        (("option1", "option2", "option3"), ("Hills", "Sea", "Mill"), "123"),
        (("option_a", "option_b", "option_c"), "abc", "abc"),
        (("option_a", "option_b", "option_c"), "ABC", "ABC"),
    ],
)
def test_choices_in_columns_are_called_what_their_answers_call_them(
    tmp_path: Path, names: tuple[str, ...], answers: Any, labels: str
) -> None:
    given = dict(zip(names, ("Hills", "Sea", "Mill"), strict=True))
    rows = [{"question": f"Where is it, case {i}?", **given, "answer": answers[i % 3]} for i in range(21)]
    data = of(tmp_path, rows, task="sft", roles={"prompt": ["question"], "completion": ["answer"], "context": list(names)})
    lines = "\n".join(f"{label}. {text}" for label, text in zip(labels, given.values(), strict=True))
    assert turns(data)[0] == ("user", f"Where is it, case 0?\n\n{lines}")


def test_numbers_that_are_texts_of_choices_are_no_labels(tmp_path: Path) -> None:
    rows = [{"question": f"What is one and one, case {i}?", "choices": ["1", "2", "3"], "answer": "2"} for i in range(20)]
    data = of(tmp_path, rows, task="sft", roles={"prompt": ["question"], "completion": ["answer"], "context": ["choices"]})
    assert turns(data)[0][1].endswith("A. 1\nB. 2\nC. 3")


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(resolve_base(str(base)))


def encoded(encoder: Encoder, rows: Examples) -> tuple[str, str]:
    found = encoder.encode(rows)
    whole = encoder.tokenizer.decode(found.tokens[0])
    return whole, encoder.tokenizer.decode(found.tokens[0][found.supervised[0]]) if len(found.supervised[0]) else ""


def test_a_row_that_is_too_long_loses_the_end_of_its_passage_first(tmp_path: Path, tokenizer: Any) -> None:
    rows = from_dataset(of(tmp_path, numbered({**ASKED, "passage": f"{PASSAGE} " * 20}))).take([0])
    encoder = Encoder(tokenizer, 96)
    whole, learned = encoded(encoder, rows)
    assert whole.startswith("<|im_start|>user\nThe river rises")
    assert f"{ASKED['question']}<|im_end|>" in whole
    assert learned == f"{ASKED['answer']}<|im_end|>"
    report = encoder.encode(rows).report
    uncut = Encoder(tokenizer, 4096).encode(rows)
    assert (len(encoder.encode(rows).tokens[0]), report.truncated_supervised_tokens) == (96, 0)
    assert report.truncated_tokens == len(uncut.tokens[0]) - 96
    assert any("Cut at the end, passages first: 1 rows" in sentence for sentence in report.words())
    about = Examples("classification", np.arange(1), texts=(AboutText(f"{'river ' * 200}\n\nIs it long?"),), labels=("a",))
    about.texts[0].about_chars = 1202  # type: ignore[attr-defined]
    short = Encoder(tokenizer, 32).encode(about)
    assert tokenizer.decode(short.tokens[0]).endswith("Is it long?<|end|>")
    assert len(short.tokens[0]) == 32


@pytest.mark.parametrize(
    ("name", "side"), [("passage", "end"), ("passage", "start"), ("system", "end"), ("prompt", "start")]
)
def test_what_stands_before_both_answers_of_a_pair_is_cut_alike(
    tmp_path: Path, tokenizer: Any, name: str, side: str
) -> None:
    row = {**CHOSEN, name: PASSAGE * 6 if name != "system" else PASSAGE, "rejected": "I do not know that at all. " * 2}
    rows = from_dataset(of(tmp_path, numbered(row))).take([0])
    lengths = [len(Encoder(tokenizer, 4096).encode(side).tokens[0]) for side in (rows, _worse(rows))]
    limit = 128 if name != "system" else lengths[1] - 1  # the chosen answer alone would fit
    pairs = paired(rows, Encoder(tokenizer, limit, side=side))
    good, bad = (one.tokens[0] for one in (pairs.chosen, pairs.rejected))
    learned, worse = pairs.chosen.supervised[0], pairs.rejected.supervised[0]
    assert good[~learned].tolist() == bad[~worse].tolist()
    assert tokenizer.decode(good[learned]) == "In the hills, up north.<|im_end|>"
    assert tokenizer.decode(bad[worse]).count("I do not know") == 2
    assert pairs.chosen.report.truncated_tokens == lengths[0] - len(good)
    assert pairs.rejected.report.truncated_tokens == lengths[1] - len(bad)


def _worse(rows: Examples) -> Examples:
    return dataclasses.replace(rows, messages=rows.rejected)


def test_turns_from_columns_go_where_they_leave_no_answer_in_reach(tmp_path: Path, tokenizer: Any) -> None:
    row = {**ASKED, "system": "Answer as the miller would. " * 20, "history": [["Who are you?", "The miller. " * 30]]}
    rows = from_dataset(of(tmp_path, numbered(row))).take([0])
    encoder = Encoder(tokenizer, 96)
    whole, learned = encoded(encoder, rows)
    assert whole.startswith(f"<|im_start|>user\n{ASKED['question']}")
    assert learned == f"{ASKED['answer']}<|im_end|>"
    uncut = Encoder(tokenizer, 4096).encode(rows)
    found = encoder.encode(rows)
    assert found.report.truncated_tokens == len(uncut.tokens[0]) - len(found.tokens[0])


def test_earlier_answers_are_read_and_only_the_own_answer_is_learned(tmp_path: Path, tokenizer: Any) -> None:
    row = {**ASKED, "history": [["Where is the old mill of the town?", "It is beside the river."]]}
    rows = from_dataset(of(tmp_path, numbered(row))).take([0])
    whole, most = len(Encoder(tokenizer, 4096).encode(rows).tokens[0]), 0
    for limit in range(30, whole + 5):
        row_ = Encoder(tokenizer, limit).rows(rows)[0]
        learned = tokenizer.decode(row_.tokens[row_.supervised]) if row_.supervised.any() else ""
        assert f"{ASKED['answer']}<|im_end|>".startswith(learned)
        assert bool(row_.refused) == (not learned)
        assert len(learned) >= most  # more room never keeps less
        most = len(learned)
    read = Encoder(tokenizer, whole).encode(rows)
    assert "It is beside the river." in tokenizer.decode(read.tokens[0][~read.supervised[0]])
    assert learned == f"{ASKED['answer']}<|im_end|>"


def test_a_long_conversation_keeps_its_system_prompt(tmp_path: Path, tokenizer: Any) -> None:
    data = of(tmp_path, numbered({"messages": TALK * 20, "system": "Answer as the miller would, please."}))
    whole, learned = encoded(Encoder(tokenizer, 128), from_dataset(data).take([0]))
    assert "Answer as the miller would, please." in whole
    assert "In the hills." in learned


def test_a_template_without_a_system_turn_reads_the_column_before_the_question(tmp_path: Path) -> None:
    strict = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "[{{ m['role'] }}] {{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
    )
    tokenizer = load_tokenizer(resolve_base(str(make_base(tmp_path / "base", template=strict))))
    rows = from_dataset(of(tmp_path, numbered({**ASKED, "system": "Answer in one line."})))
    encoder = Encoder(tokenizer, 256)
    assert len(encoder.encode(rows)) == 12
    assert encoded(encoder, rows)[0].startswith(f"[user] Answer in one line.\n\n{ASKED['question']}<|im_end|>")
    own = Examples("chat", np.arange(1), messages=(({"role": "system", "content": "x"}, *TALK),))
    with pytest.raises(Exception, match="no row has a token to learn from"):
        encoder.encode(own)


def inspected(path: Path, base: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    sets = {"base": json.dumps(str(base)), "lora_rank": 4, "steps": 4, "max_length_tokens": 96, "threads": 1}
    given = [part for key, value in sets.items() for part in ("--set", f"{key}={value}")]
    with pytest.raises(SystemExit) as ended:
        main(["train", str(path), *given, "--inspect", "1", "--json", *more])
    assert ended.value.code == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("row", [{}, {"passage": f"{PASSAGE} " * 20}, {"system": "Answer as the miller would. " * 30}])
def test_the_microscope_shows_what_is_read_learned_and_cut(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    monkeypatch.chdir(tmp_path)
    data = of(tmp_path, [{**ASKED, "question": f"Where does river {i} rise?", **row} for i in range(40)])
    seen = inspected(Path(data.source.path), base, capsys)
    said = {
        state: "".join(t["piece"] for t in seen["tokens"] if t["state"] == state) for state in ("learned", "read", "cut")
    }
    assert said["learned"] == f"{ASKED['answer']}<|im_end|>"
    assert "Where does river 1 rise?" in said["read"]
    kept = seen["counts"]["learned"] + seen["counts"]["read"]
    assert kept <= 96
    assert ("miles" in said["cut"] or "mills" in said["cut"]) == ("passage" in row)
    assert ("miller" in said["read"]) is False
    if "passage" in row:
        assert kept == 96
        assert said["read"].startswith("<|im_start|>user↵The river rises")


def test_a_classifier_learns_from_what_its_text_is_about(quick: TrainConfig, tmp_path: Path) -> None:
    """Every question is the same, so only a passage that is read tells the classes apart."""
    tickets = make_tickets(240, seed=1)
    rows = [{"question": "what is this about?", "passage": f"{text} and that is all there is to say", "label": label}
            for text, label in zip(tickets.texts, tickets.labels, strict=True)]  # fmt: skip
    accuracy = {}
    for name, roles in (("with", {}), ("without", {"context": []})):
        data = of(tmp_path, rows, roles=roles)
        examples, held = from_dataset(data, rows=range(180)), from_dataset(data, rows=range(180, 240))
        done = train_adapter(examples, quick.replace(steps=40), tmp_path / name, evaluation=held).done
        accuracy[name] = done["evaluation"]["accuracy"]
    assert accuracy["with"] > 0.9
    assert accuracy["without"] < 0.6


def test_a_writer_trains_a_few_steps_on_choices_and_on_turns_from_columns(quick: TrainConfig, tmp_path: Path) -> None:
    row = {"system": "Answer with a letter.", "history": [["Ready?", "Yes."]], "choices": ["Hills", "Sea"]}
    rows = [{"question": f"Where is it, case {i}?", **row, "answer": "AB"[i % 2]} for i in range(40)]
    examples = from_dataset(of(tmp_path, rows))
    done = train_adapter(examples, quick.replace(steps=3, max_length_tokens=128), tmp_path / "run").done
    assert done["steps"] == 3
    assert done["encoding"]["refused_rows"] == 0
