"""Prompt, response and rejected answer of rows in the shapes that people have."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, content, load
from curate.errors import DataError
from train.examples import conversation

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def of(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return load(path, **options)


def parts(data: Dataset) -> dict[str, list[str]]:
    return {name: texts.to_pylist() for name, texts in data.parts().items()}


def test_instruction_rows_have_a_prompt_of_all_its_columns_and_a_response(tmp_path: Path) -> None:
    rows = [{"instruction": "do it", "input": "now", "output": "done"}, {"instruction": "x", "input": "", "output": "y"}]
    assert parts(of(tmp_path, rows, task="sft")) == {"prompt": ["do it\nnow", "x"], "response": ["done", "y"]}


@pytest.mark.parametrize("names", [("role", "content", "user", "assistant"), ("from", "value", "human", "gpt")])
def test_in_conversations_the_assistant_answers_and_all_others_ask(tmp_path: Path, names: tuple[str, ...]) -> None:
    who, what, user, assistant = names
    turns = [("system", "s"), (user, "q1"), (assistant, "a1"), (user, "q2"), (assistant, "a2")]
    data = of(tmp_path, [{"messages": [{who: w, what: t} for w, t in turns]}, {"messages": [{who: user, what: "q"}]}])
    assert parts(data) == {"prompt": ["s\nq1\nq2", "q"], "response": ["a1\na2", ""]}


def test_a_parquet_file_that_mixes_both_ways_to_write_turns_says_the_same(tmp_path: Path) -> None:
    turns = [[("user", "q1"), ("assistant", "a1")], [("human", "q2"), ("gpt", "a2")]]
    names = (("role", "content"), ("from", "value"))
    talks = [[{who: w, what: t} for w, t in some] for some, (who, what) in zip(turns, names, strict=True)]
    pq.write_table(pa.table({"messages": pa.array(talks)}), tmp_path / "a.parquet")  # every turn has all four fields
    data = load(tmp_path / "a.parquet", roles={"messages": ["messages"]}, task="chat")
    assert data.content().to_pylist() == ["q1\na1", "q2\na2"]
    assert parts(data) == {"prompt": ["q1", "q2"], "response": ["a1", "a2"]}
    _, said = conversation(data.values("messages")[1].as_py())
    assert (said["role"], said["content"]) == ("assistant", "a2")


_PAIR = (
    lambda t: [{"role": w, "content": s} for w, s in t],
    lambda t: json.dumps([{"from": w, "value": s} for w, s in t]),
    lambda t: "".join(f"\n\n{'Human' if w == 'user' else 'Assistant'}: {s}" for w, s in t),
)


@pytest.mark.parametrize("written", _PAIR)
@pytest.mark.parametrize("prompt", [None, "q2"])
def test_of_pairs_of_whole_conversations_only_what_differs_is_an_answer(
    tmp_path: Path, written: Any, prompt: str | None
) -> None:
    begun = [("user", "q1"), ("assistant", "a1"), ("user", "q2")]
    same = written([("user", "q2"), ("assistant", "x")])
    rows = [{"chosen": written([*begun, ("assistant", "good")]), "rejected": written([*begun, ("assistant", "bad")])},
            {"chosen": same, "rejected": same}]  # fmt: skip
    rows = [row | ({} if prompt is None else {"prompt": prompt}) for row in rows]
    found = parts(of(tmp_path, rows, task="preference"))
    assert (found["response"], found["rejected"]) == (["good", "x"], ["bad", "x"])
    assert found["prompt"] == (["q1\na1\nq2", "q2"] if prompt is None else ["q2", "q2"])


def test_pairs_of_answers_without_their_prompts_are_read_whole(tmp_path: Path) -> None:
    turns = [{"role": "assistant", "content": "a"}], [{"role": "assistant", "content": "b"}]
    rows: list[dict[str, Any]] = [{"prompt": "q", "chosen": turns[0], "rejected": turns[1]}]
    assert parts(of(tmp_path, rows, task="preference")) == {"prompt": ["q"], "response": ["a"], "rejected": ["b"]}
    rows = [{"prompt": "q", "chosen": "Human: a", "rejected": "Human: b"}]
    told = {"prompt": ["q"], "response": ["Human: a"], "rejected": ["Human: b"]}
    assert parts(of(tmp_path, rows, task="preference")) == told


def test_calls_of_tools_are_answers_and_their_results_are_not(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    data = of(tmp_path, [{"messages": [{"role": "user", "content": "q"}, call, {"role": "tool", "content": "t"}]}])
    assert parts(data) == {"prompt": ["q\nt"], "response": ['[{"function":{"name":"f","arguments":"{}"}}]']}


def test_preferences_have_the_chosen_answer_as_response_and_the_rejected_one(tmp_path: Path) -> None:
    row = {"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": "b"}
    assert parts(of(tmp_path, [row])) == {"prompt": ["q"], "response": ["a"], "rejected": ["b"]}


def test_single_texts_have_no_parts(tmp_path: Path) -> None:
    data = of(tmp_path, [{"text": "a plain text of some words"}] * 3, task="text")
    assert (data.parts(), data.prompt(), data.response()) == ({}, None, None)


@pytest.mark.skipif(not SHARED.exists(), reason="measurement data not here")
@pytest.mark.parametrize("name", ["alpaca_en_demo", "dpo_en_demo", "glaive_toolcall_en_demo", "kto_en_demo"])
def test_real_files_of_every_shape_have_a_full_prompt_and_response(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.json"
    path.write_bytes(gzip.decompress((SHARED / "chat_formats" / f"{name}.json.gz").read_bytes()))
    for texts in load(path).parts().values():
        filled = [bool(text.strip()) for text in texts.to_pylist()]
        assert sum(filled) >= 0.99 * len(filled)


SAYS = st.sampled_from(["", "hello", "two\nlines", None, 5, ["a", {"type": "text", "text": "b"}], {"text": "c"}])
NAMES = st.sampled_from(["user", "assistant", " Assistant ", "GPT", "human", "", None, 3])
TURNS = st.one_of(
    st.fixed_dictionaries({"role": NAMES, "content": SAYS}),
    st.fixed_dictionaries({"from": NAMES, "value": SAYS}),
    st.fixed_dictionaries({"role": NAMES, "value": SAYS}),
    st.fixed_dictionaries({"role": NAMES, "from": NAMES, "content": SAYS, "value": SAYS}),
    st.fixed_dictionaries({"role": NAMES, "content": SAYS, "tool_calls": st.just([{"name": "f"}])}),
    st.fixed_dictionaries({"content": SAYS}),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(TURNS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_turns_of_a_speaker_and_a_text_are_read_quickly_and_alike(tmp_path: Path, rows: list[list[dict[str, Any]]]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"id": i, "messages": row}) for i, row in enumerate(rows)))

    def read() -> tuple[list[str], dict[str, list[str]]]:
        data = load(path, task="chat", roles={"messages": "messages"}, on_bad_row="skip")
        return data.content().to_pylist(), parts(data)

    with contextlib.suppress(DataError):  # no row that is a conversation
        quick = read()
        with patch.object(content, "plainly_said", lambda turn: None):
            assert read() == quick
        data = load(path, task="chat", roles={"messages": "messages"}, on_bad_row="skip")
        assert content.content(data.roles, "chat", data.columns, data._column, data.n_rows).to_pylist() == quick[0]
        some = data.select(range(0, data.n_rows, 2))
        alone = (some.content().to_pylist(), parts(some))
        assert data.parts()
        again = data.select(range(0, data.n_rows, 2))
        assert (again.content().to_pylist(), parts(again)) == alone


def test_parts_of_rows_that_were_taken_are_those_of_the_rows_alone(tmp_path: Path) -> None:
    """Whether a column of texts holds conversations is judged by the rows that there are."""
    talk = '[{"role": "user", "content": "Name a %s"}]'
    rows = [{"prompt": what, "response": "x"} for what in ("What is two?", talk % "colour", talk % "town")]
    data = of(tmp_path, rows, task="sft", roles={"prompt": "prompt", "completion": "response"})
    cold = data.select([1, 2]).parts()["prompt"].to_pylist()
    assert data.parts()["prompt"].to_pylist()[0] == "What is two?"
    warm = data.select([1, 2])
    assert warm.parts()["prompt"].to_pylist() == cold
    assert [text.split("\n")[0] for text in warm.content().to_pylist()] == cold
