"""Conversations under templates of every kind: what they drop is found out, and there is a way on."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tiny_base import CHATML, make_talks

from curate.dataset import load
from curate.errors import DataError
from train.adapters import load_adapter
from train.base import load_tokenizer, resolve_base
from train.beside import MARK
from train.chat import DROPS, FALLBACK, PLAIN_TEMPLATE, ChatTemplate
from train.config import TrainConfig
from train.decode import last_answer
from train.encoding import Encoder
from train.examples import Examples, conversation, from_dataset
from train.lora import open_workbench, train_adapter
from train.merge import merge_adapter
from train.microscope import LEARNED, LEFT, look

SYSTEM = (
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "my card is locked"},
    {"role": "assistant", "content": "which card?"},
)
CALL = {"type": "function", "function": {"name": "find_card", "arguments": '{"kind": "visa"}'}}
TOOLS = ({"type": "function", "function": {"name": "find_card", "parameters": {}}},)
CALLS = (
    {"role": "user", "content": "my card"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "locked"},
    {"role": "assistant", "content": "it is locked"},
)
NO_SYSTEM = CHATML.replace("{% for m in messages %}", "{% for m in messages if m['role'] != 'system' %}")
ENDED = CHATML + "{% if not add_generation_prompt %}<|end|>{% endif %}"
REFUSES_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML
SHIFTS = CHATML.replace("<|im_start|>{{ m['role'] }}", "<|im_start|>{{ messages | length }}{{ m['role'] }}")
WITH_TOOLS = (
    "{% if tools %}<|im_start|>{% for t in tools %}{{ t['function']['name'] }}{% endfor %}<|im_end|>{% endif %}"
    + CHATML.replace(
        "{{ m['content'] }}<|im_end|>",
        "{{ m['content'] }}{% for c in m['tool_calls'] or [] %}{{ c['function']['name'] }}"
        "({{ c['function']['arguments']['kind'] }}){% endfor %}<|im_end|>",
    )
)


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(resolve_base(str(base)))


def encoder(tokenizer: Any, template: str, *, plain: bool = False, limit: int = 256, side: str = "end") -> Encoder:
    tokenizer.chat_template = template
    return Encoder(tokenizer, limit, plain_template=plain, side=side)


def chat(*conversations: tuple[dict[str, Any], ...], tools: tuple[Any, ...] = ()) -> Examples:
    return Examples("chat", np.arange(len(conversations)), messages=conversations, tools=tools)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (NO_SYSTEM, "drops the system turn"),
        (REFUSES_SYSTEM, "rejects the order or the roles"),
        (SHIFTS, "does not render the turns one after the other"),
    ],
)
def test_a_template_that_drops_or_moves_turns_is_refused_and_the_way_on_is_named(
    tokenizer: Any, template: str, reason: str
) -> None:
    with pytest.raises(DataError, match=rf"{reason}.*chat_template = 'plain'"):
        encoder(tokenizer, template).encode(chat(SYSTEM, SYSTEM))
    row = encoder(tokenizer, template, plain=True).encode(chat(SYSTEM))
    learned = tokenizer.decode(row.tokens[0][row.supervised[0]])
    assert learned == "which card?<|end|>"
    whole = "system:\nbe kind\nuser:\nmy card is locked\nassistant:\nwhich card?<|end|>"
    assert tokenizer.decode(row.tokens[0]) == whole


def test_rows_that_a_template_fails_are_listed_by_number_and_the_others_are_trained_on(tokenizer: Any) -> None:
    examples = Examples("chat", np.array([7, 8, 9]), messages=(SYSTEM, SYSTEM[1:], SYSTEM))
    report = encoder(tokenizer, NO_SYSTEM).encode(examples).report
    assert report.refused_row_numbers == {"the chat template drops the system turn": [7, 9]}
    assert any("rows 7, 9" in words and "plain" in words for words in report.words())


def test_tool_calls_are_learned_and_what_tools_say_is_only_read(tokenizer: Any) -> None:
    found = encoder(tokenizer, WITH_TOOLS).encode(chat(CALLS, tools=(TOOLS,)))
    assert tokenizer.decode(found.tokens[0][found.supervised[0]]) == "find_card(visa)<|im_end|>it is locked<|im_end|>"


def test_a_template_that_shows_no_tool_calls_or_no_tools_is_refused(tokenizer: Any) -> None:
    with pytest.raises(DataError, match="drops a tool call"):
        encoder(tokenizer, CHATML).encode(chat(CALLS, tools=(TOOLS,)))
    with pytest.raises(DataError, match="does not show the tools"):
        encoder(tokenizer, CHATML).encode(chat(CALLS[:1] + CALLS[3:], tools=(TOOLS,)))
    plain = encoder(tokenizer, CHATML, plain=True).encode(chat(CALLS, tools=(TOOLS,)))
    assert "find_card" in tokenizer.decode(plain.tokens[0][plain.supervised[0]])


def test_sharegpt_function_calls_become_tool_calls() -> None:
    rows = [
        {"from": "human", "value": "my card"},
        {"from": "function_call", "value": json.dumps({"name": "find_card", "arguments": {"kind": "visa"}})},
        {"from": "observation", "value": "locked"},
        {"from": "gpt", "value": "it is locked"},
    ]
    turns = conversation(rows)
    assert [t["role"] for t in turns] == ["user", "assistant", "tool", "assistant"]
    assert turns[1]["tool_calls"][0]["function"]["name"] == "find_card"


def test_calls_in_turns_of_their_own_are_learned_as_the_calls_of_one_answer() -> None:
    """ms-swift's format: read as turns of an unknown role, they were never learned, and the answer behind them was."""
    call = {"role": "tool_call", "content": json.dumps({"name": "find_card", "arguments": {"kind": "visa"}})}
    said = {"role": "tool_response", "content": "locked"}
    ends = {"role": "assistant", "content": "both are locked"}
    turns = conversation([{"role": "user", "content": "my cards"}, call, call, said, said, ends])
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "tool", "assistant"]
    assert [c["function"]["name"] for c in turns[1]["tool_calls"]] == ["find_card"] * 2


@pytest.mark.parametrize(
    "said",
    [
        {"function_call": {"name": "find_card", "arguments": '{"kind": "visa"}'}},
        {"tool_calls": [CALL], "function_call": {"name": None, "arguments": None}},
        {"tool_calls": json.dumps([CALL])},
        {"tool_calls": [{"name": "find_card", "arguments": {"kind": "visa"}}]},
        {"tool_calls": [{"function": "find_card", "arguments": {"kind": "visa"}}]},
    ],
)
@pytest.mark.parametrize("who", ["tool", "function"])
def test_calls_are_learned_in_whatever_field_they_stand(tokenizer: Any, said: dict[str, Any], who: str) -> None:
    """A template that does not read the field wrote the answer without its call, and that was learned."""
    turn = {"role": "assistant", "content": None, **said}
    turns = conversation([CALLS[0], turn, {"role": who, "content": "locked"}, CALLS[3]])
    rows = Examples("chat", np.array([1]), messages=(turns,), tools=(TOOLS,))
    found = encoder(tokenizer, WITH_TOOLS).encode(rows)
    assert tokenizer.decode(found.tokens[0][found.supervised[0]]) == "find_card(visa)<|im_end|>it is locked<|im_end|>"


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "find_card", "description": "finds", "parameters": {"type": "object"}}},
        {"function": {"name": "find_card", "description": "finds", "parameters": {"type": "object"}}},
        {"name": "find_card", "description": "finds", "parameters": {"type": "object"}},
        {"type": "function", "name": "find_card", "description": "finds", "parameters": {"type": "object"}},
        {"name": "find_card", "description": "finds", "input_schema": {"type": "object"}},
        {"api_name": "find_card", "description": "finds", "parameters": {"type": "object"}},
    ],
)
def test_tools_are_told_as_a_model_gets_them_in_use(tmp_path: Path, tool: dict[str, Any]) -> None:
    """Templates of gpt-oss and Gemma 4 read OpenAI's shape alone, and refused 191 of 300 rows of glaive's."""
    path = tmp_path / "rows.jsonl"
    rows = [{"messages": [{**CALLS[0], "content": f"card {i}"}, *CALLS[1:]], "tools": json.dumps([tool])} for i in range(4)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    inner = {"name": "find_card", "description": "finds", "parameters": {"type": "object"}}
    assert from_dataset(load(path)).tools[0] == ({"type": "function", "function": inner},)


def test_answers_that_their_turns_keep_out_of_the_loss_are_read(tokenizer: Any, base: Path) -> None:
    """OpenAI's and Mistral's `weight` of 0, axolotl's `train`."""
    said = [{"role": role, "content": f"{role} {k}"} for k in range(3) for role in ("user", "assistant")]
    for none in ({"weight": 0}, {"weight": 0.0}, {"train": False}):
        turns = conversation([*said[:1], {**said[1], **none}, *said[2:5], {**said[5], **none}])
        rows = Examples("chat", np.array([1]), messages=(turns,))
        found = encoder(tokenizer, CHATML).encode(rows)
        assert tokenizer.decode(found.tokens[0][found.supervised[0]]) == "assistant 1<|im_end|>"
        assert "assistant 0<|im_end|>" in tokenizer.decode(found.tokens[0])
        with pytest.raises(DataError, match="no assistant turn is to be learned"):
            encoder(tokenizer, CHATML).encode(Examples("chat", np.array([1]), messages=(turns[:2],)))
        bench = open_workbench(TrainConfig(base=str(base)))
        asked = last_answer(bench, turns)
        assert (asked.words, asked.prompt[-len("user 1<|im_end|>\n<|im_start|>assistant\n") :]) == (
            "assistant 1", "user 1<|im_end|>\n<|im_start|>assistant\n",
        )  # fmt: skip
    weighed = conversation([said[0], {**said[1], "weight": 1, "train": True}])
    assert encoder(tokenizer, CHATML).encode(Examples("chat", np.array([1]), messages=(weighed,))).report.rows == 1


def test_a_system_prompt_of_a_column_stands_in_no_answer(tokenizer: Any) -> None:
    greeted = ({**SYSTEM[0], MARK: True}, {"role": "assistant", "content": "welcome"}, *SYSTEM[1:])
    found = encoder(tokenizer, NO_SYSTEM).encode(Examples("chat", np.array([1]), messages=(greeted,)))
    learned = tokenizer.decode(found.tokens[0][found.supervised[0]])
    assert learned == "welcome<|im_end|>which card?<|im_end|>"
    assert "user\nbe kind\n\nmy card is locked" in tokenizer.decode(found.tokens[0])


def test_turns_without_calls_have_none_and_developers_speak_for_the_system() -> None:
    """Templates ask whether there are calls, not how many: Llama 3.1 refused rows with an empty list of them."""
    for none in ([], "[]", None, [{"function": {"name": None, "arguments": None}}]):
        (turn,) = conversation([{"role": "assistant", "content": "hi", "tool_calls": none, "function_call": None}])
        assert turn == {"role": "assistant", "content": "hi"}
    (turn,) = conversation(
        [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": None}}]}]
    )
    assert turn["tool_calls"][0]["function"]["arguments"] == {}
    (turn,) = conversation([{"role": "assistant", "content": "", "tool_calls": [{"unheard": "of"}]}])
    assert turn["tool_calls"] == [{"unheard": "of"}]
    assert [turn["role"] for turn in conversation([{"role": "developer", "content": "be kind"}])] == ["system"]


@pytest.mark.parametrize("template", [CHATML, None])
def test_prefixes_of_a_conversation_learn_the_same_tokens(tokenizer: Any, template: str | None) -> None:
    """What is learned of the first answer does not depend on what follows it."""
    talk = (*SYSTEM, {"role": "user", "content": "visa"}, {"role": "assistant", "content": "done"})
    whole, part = (encoder(tokenizer, template or "", plain=not template).encode(chat(t)) for t in (talk, talk[:3]))
    size = len(part.tokens[0])
    assert list(whole.tokens[0][:size]) == list(part.tokens[0])
    assert list(whole.supervised[0][:size]) == list(part.supervised[0])


def learned_of(tokenizer: Any, found: Any) -> str:
    return str(tokenizer.decode(found.tokens[0][found.supervised[0]]))


TURNS = (*SYSTEM, {"role": "user", "content": "visa"}, {"role": "assistant", "content": "done"})


def test_words_behind_a_special_token_of_an_answer_are_learned_and_end(tokenizer: Any) -> None:
    """A channel's mark before the words (gpt-oss, GLM), and no mark of an end behind them."""
    marked = CHATML.replace(
        "{{ m['content'] }}<|im_end|>", "{% if m['role'] == 'assistant' %}<|im_end|>{% endif %}{{ m['content'] }}"
    )
    found = encoder(tokenizer, marked).encode(chat(TURNS))
    assert learned_of(tokenizer, found) == "<|im_end|>which card?\n<|im_end|>done\n<|end|>"


def test_an_end_of_the_text_behind_the_last_turn_leaves_the_ends_of_others(tokenizer: Any) -> None:
    """What follows a turn in the middle and at the end begins with the same characters, `<|`, and is another token."""
    found = encoder(tokenizer, ENDED).encode(chat(TURNS))
    assert learned_of(tokenizer, found) == "which card?<|im_end|>done<|im_end|>\n<|end|>"


THINKS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}"
    "{% set thought = m['content'].split('</think>')[0] if '</think>' in m['content'] else '' %}"
    "{% if loop.last %}<think>{{ thought }}</think>{% endif %}"
    "{{ m['content'].split('</think>')[-1] }}{% for c in m['tool_calls'] or [] %}{{ c['function']['name'] }}{% endfor %}"
    "{% else %}{{ m['content'] }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_earlier_answers_without_their_thinking_are_read_and_the_last_is_learned(tokenizer: Any) -> None:
    thought = (*TURNS[:2], {"role": "assistant", "content": "Hm.\n</think>which card?"}, *TURNS[3:])
    for talk in (TURNS, thought):
        found = encoder(tokenizer, THINKS).encode(Examples("chat", np.array([5]), messages=(talk,)))
        assert learned_of(tokenizer, found) == "<think></think>done<|im_end|>"
        assert "assistant\nwhich card?<|im_end|>" in tokenizer.decode(found.tokens[0])
        assert (found.report.only_read_answers, found.report.only_read_row_numbers) == (1, [5])
        assert any("Read and not learned: 1 answers" in words and "rows 5" in words for words in found.report.words())
    ended = encoder(tokenizer, THINKS).encode(chat(SYSTEM))
    assert learned_of(tokenizer, ended) == "<think></think>which card?<|im_end|>"
    assert ended.report.only_read_answers == 0
    with pytest.raises(DataError, match="drops a tool call"):  # a call that would not be learned is no row to learn from
        encoder(tokenizer, THINKS).encode(chat(CALLS))
    shouted = THINKS.replace("split('</think>')[-1]", "split('</think>')[-1] | upper")
    with pytest.raises(DataError, match="rewrites or drops an answer"):
        encoder(tokenizer, shouted).encode(chat(TURNS))


TOOLS_LAST = (  # Mistral 7B v0.3: what stood before an answer has lost the tools once turns follow it
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m['role'] == 'user' %}{% set ns.last = loop.index0 %}"
    "{% endif %}{% endfor %}{% for m in messages %}{% if m['role'] == 'user' %}{% if tools and loop.index0 == ns.last %}"
    "[TOOLS] {{ tools | tojson }}{% endif %}[INST] {{ m['content'] }}[/INST]"
    "{% else %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
ONLY_LAST = CHATML.replace("{% for m in messages %}", "{% for m in messages if m['role'] == 'user' or m == messages[-1] %}")
OPEN = (
    {"role": "user", "content": "yes or no: is it open"},
    {"role": "assistant", "content": "yes"},
    {"role": "user", "content": "and on Sunday, yes"},
    {"role": "assistant", "content": "no"},
)


@pytest.mark.parametrize(
    ("template", "answer", "reason"),
    [
        (TOOLS_LAST, "yes", "does not render the turns one after the other"),
        (ONLY_LAST, "yes", "does not render the turns one after the other"),
        (ONLY_LAST, "Hm.</think>yes", "rewrites or drops an answer|one after the other"),  # the words are the user's
        (THINKS, "Hm.</think>", "rewrites or drops an answer"),
    ],
)
def test_only_thinking_that_is_taken_from_an_earlier_answer_is_excused(
    tokenizer: Any, template: str, answer: str, reason: str
) -> None:
    talk = (OPEN[0], {"role": "assistant", "content": answer}, *OPEN[2:])
    shown = (TOOLS,) if template == TOOLS_LAST else ()
    with pytest.raises(DataError, match=rf"({reason}).*chat_template = 'plain'"):
        encoder(tokenizer, template).encode(chat(talk, tools=shown))


def test_thinking_that_the_prompt_opens_is_excused_too(tokenizer: Any) -> None:
    """Prompts end with `<think>`, earlier answers have none (DeepSeek R1, Qwen3 2507)."""
    opened = THINKS.replace("<|im_start|>assistant\n{% endif %}", "<|im_start|>assistant\n<think>{% endif %}")
    assert opened != THINKS
    found = encoder(tokenizer, opened).encode(chat(TURNS))
    assert learned_of(tokenizer, found) == "</think>done<|im_end|>"
    assert found.report.only_read_answers == 1


def test_what_a_tool_said_may_stand_there_as_a_string_of_json(tokenizer: Any) -> None:
    content = "{{ m['content'] | tojson if m['role'] == 'tool' else m['content'] }}"
    quoted = WITH_TOOLS.replace("{{ m['content'] }}", content)
    said = '{"stand": "gesperrt – 止", "of": 2}'
    talk = (*CALLS[:2], {"role": "tool", "content": said}, CALLS[3])
    found = encoder(tokenizer, quoted).encode(chat(talk, tools=(TOOLS,)))
    assert learned_of(tokenizer, found) == "find_card(visa)<|im_end|>it is locked<|im_end|>"


def test_cutting_at_the_start_keeps_the_last_answer(tokenizer: Any) -> None:
    long = ({"role": "user", "content": "why " * 120}, {"role": "assistant", "content": "because"})
    found = encoder(tokenizer, CHATML, limit=32, side="start").encode(chat(long))
    assert len(found.tokens[0]) == 32
    assert tokenizer.decode(found.tokens[0][found.supervised[0]]) == "because<|im_end|>"
    assert found.report.truncated_side == "start"


def test_rendering_says_what_the_tokenizer_itself_says(tokenizer: Any) -> None:
    tokenizer.chat_template = CHATML
    ours = ChatTemplate(tokenizer).render(SYSTEM)
    assert ours == tokenizer.apply_chat_template(list(SYSTEM), tokenize=False)


@pytest.mark.parametrize(("content", "text"), [
    ([{"type": "text", "text": "Hello"}, {"type": "image_url", "image_url": {}}, " there"], "Hello there"),
    ([{"type": "text", "text": None}], ""), ([], ""), (None, ""),
])  # fmt: skip
def test_parts_are_read_for_their_text(content: object, text: str) -> None:
    assert conversation([{"role": "user", "content": content}]) == ({"role": "user", "content": text},)


def test_names_of_roles_are_known_however_they_are_written() -> None:
    turns = conversation([{"role": "Prompter", "content": "a"}, {"from": " ChatGPT", "value": "b"}, {"role": "Fun"}])
    assert [turn["role"] for turn in turns] == ["user", "assistant", "Fun"]


@pytest.mark.parametrize("template", [CHATML, THINKS, WITH_TOOLS, ENDED])
def test_the_microscope_shows_what_is_learned_of_any_template(tokenizer: Any, template: str) -> None:
    rows = chat(TURNS)
    ours = encoder(tokenizer, template)
    row = ours.encode(rows)
    seen = look(rows, 0, SimpleNamespace(encoder=ours, tokenizer=tokenizer))  # type: ignore[arg-type]
    kept = [token for token in seen.tokens if token.state != LEFT]
    assert [token.id for token in kept] == row.tokens[0].tolist()
    assert [token.state == LEARNED for token in kept] == row.supervised[0].tolist()


def test_the_microscope_names_the_way_on_where_a_template_fails(tokenizer: Any) -> None:
    bench: Any = SimpleNamespace(encoder=encoder(tokenizer, NO_SYSTEM), tokenizer=tokenizer)
    assert look(chat(SYSTEM), 0, bench).refused == f"{DROPS['system']}; {FALLBACK}"


def test_an_adapter_is_asked_with_the_template_that_it_learned(base: Path, quick: TrainConfig, tmp_path: Path) -> None:
    """Also when the plain one is another by now, or the base's tokenizer writes another; and so are merged weights."""
    run = train_adapter(make_talks(40), quick.replace(chat_template="plain", steps=4), tmp_path / "run", watch=False)
    told = tmp_path / "run" / "adapter" / "curate_adapter.json"
    about = json.loads(told.read_text())
    assert about["chat_template"] == PLAIN_TEMPLATE
    asked = ({"role": "user", "content": "say 1"},)
    assert load_adapter(run.directory).bench.encoder.chat.render(asked, prompt=True) == "user:\nsay 1\nassistant:\n"
    told.write_text(json.dumps({**about, "chat_template": "{% for m in messages %}<{{ m['content'] }}>{% endfor %}"}))
    loaded = load_adapter(run.directory)
    assert loaded.bench.encoder.chat.render(asked, prompt=True) == "<say 1>"
    merge_adapter(run.directory, tmp_path / "full")
    assert load_adapter(tmp_path / "full").bench.encoder.chat.render(asked, prompt=True) == "<say 1>"
    assert load_tokenizer(resolve_base(str(tmp_path / "full"))).apply_chat_template(asked, tokenize=False) == "<say 1>"
    assert load_tokenizer(resolve_base(str(base))).chat_template == CHATML
    model = train_adapter(make_talks(40), quick.replace(steps=2, method="full"), tmp_path / "whole", watch=False)
    assert "<|im_start|>user" in load_adapter(model.directory).bench.encoder.chat.render(asked)


def test_an_adapter_that_names_no_template_is_asked_as_its_version_wrote_turns(quick: TrainConfig, tmp_path: Path) -> None:
    run = train_adapter(make_talks(40), quick.replace(chat_template="plain", steps=4), tmp_path / "run", watch=False)
    told, done = tmp_path / "run" / "adapter" / "curate_adapter.json", tmp_path / "run" / "done.json"
    about = json.loads(told.read_text())
    del about["chat_template"]
    told.write_text(json.dumps(about))
    talk = ({"role": "user", "content": "say 1"},)

    def asked() -> str:
        return load_adapter(run.directory).bench.encoder.chat.render(talk, prompt=True)

    assert asked() == "user:\nsay 1\nassistant:\n"  # `done.json` names a version with line breaks
    done.write_text(json.dumps({k: v for k, v in json.loads(done.read_text()).items() if k != "encoding_version"}))
    assert asked() == "user:\nsay 1assistant:\n"
    done.unlink()
    assert asked() == "user:\nsay 1assistant:\n"
