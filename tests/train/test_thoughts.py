"""Thinking and tool calls under the templates of models that think: all of an answer is learned, or none of it."""

from __future__ import annotations

import ast
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from thinking import (
    AGAIN,
    ASK,
    CALL,
    CALL_WRITTEN,
    CALLS,
    CHANNELS,
    FIELD_ONLY,
    FIRST_CALL_ONLY,
    HARMONY,
    HERE,
    KIMI,
    NEMOTRON,
    PLAIN,
    QWEN3,
    QWEN3_NOTHINK,
    R1,
    SAID,
    TALKS,
    THINKS,
    TOOLS,
    V3,
    answer,
    encoded,
    learned,
    user,
)
from tiny_base import CHATML

from curate.errors import DataError
from train.adapt import Workbench
from train.base import load_tokenizer, resolve_base
from train.config import TrainConfig
from train.decode import write_answers
from train.encoding import Encoder
from train.examples import Examples
from train.lora import open_workbench
from train.preference.rows import paired
from train.thoughts import words_of


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(resolve_base(str(base)))


@pytest.fixture
def bench(quick: TrainConfig) -> Workbench:
    return open_workbench(quick.replace(max_length_tokens=512))


@pytest.mark.parametrize(
    ("template", "thinking"),
    [(R1, "<think>\n"), (V3, "<think>\n"), (NEMOTRON, "<think>\n"), (FIELD_ONLY, "<think>\n"), (QWEN3, "")],
)
def test_the_last_answer_is_learned_behind_the_prompt_with_its_thought_or_an_empty_one(
    tokenizer: Any, template: str, thinking: str
) -> None:
    opening = "" if thinking else "<think>\n"
    for talk, thought in ((PLAIN, ""), (THINKS, "or there")):
        found = encoded(tokenizer, template, talk)
        assert learned(tokenizer, found)[-1] == f"{opening}{thought}\n</think>\n\nover there<|im_end|>"
        prompt = tokenizer.apply_chat_template(list(talk[:3]), tokenize=False, add_generation_prompt=True)
        if template is not FIELD_ONLY:  # which shows earlier thoughts in the field that the row does not have
            assert tokenizer.decode(found.tokens[0]).startswith(prompt)
        assert bool(found.report.thoughtless_answers) is not bool(thought)
    assert found.report.only_read_answers == (0 if template is FIELD_ONLY else 1)


def test_a_thought_in_a_field_of_its_own_is_learned_whatever_the_template_reads(tokenizer: Any, base: Path) -> None:
    talk = (ASK, answer("over there", reasoning_content="or there"))
    for template in (R1, QWEN3, NEMOTRON, FIELD_ONLY, CHATML):
        (text,) = learned(tokenizer, encoded(tokenizer, template, talk))
        assert text.removeprefix("<think>\n") == "or there\n</think>\n\nover there<|im_end|>"


def test_a_thought_of_a_field_that_the_template_does_not_know_is_written_into_every_answer_and_told(tokenizer: Any) -> None:
    here, there = (answer(words, reasoning_content=f"{words}?") for words in ("here it is", "over there"))
    talk = (ASK, here, AGAIN, there)
    found = encoded(tokenizer, CHATML, talk)
    assert learned(tokenizer, found) == [
        "<think>\nhere it is?\n</think>\n\nhere it is<|im_end|>", "<think>\nover there?\n</think>\n\nover there<|im_end|>",
    ]  # fmt: skip
    assert found.report.only_read_answers == 0
    assert any("Thoughts written into the text: 2 answers" in words for words in found.report.words())
    for template, known in ((QWEN3, talk), (CHATML, THINKS)):
        assert encoded(tokenizer, template, known).report.thoughts_as_text == 0


def test_a_thought_in_the_text_goes_where_a_template_with_marks_of_its_own_writes_thoughts(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gpt-oss and Gemma 4: between the marks of others it would be learned as words that are shown."""
    for talk in (THINKS[:2], (ASK, answer("here it is", reasoning_content="maybe here"))):
        found = encoded(bench.tokenizer, CHANNELS, talk)
        lead = "<|im_start|>final "
        assert learned(bench.tokenizer, found) == [f"<|im_start|>thinks maybe here{lead}here it is<|im_end|>"]
    found = encoded(bench.tokenizer, CHANNELS, THINKS)
    assert learned(bench.tokenizer, found) == [f"<|im_start|>thinks or there{lead}over there<|im_end|>"]
    assert found.report.only_read_answers == 1
    bench.encoder.chat.take(CHANNELS)
    said = [f"<|im_start|>thinks hm{lead}here it is<|im_end|>", f"{lead}here it is<|im_end|>"]
    rows = Examples("chat", np.arange(2), messages=(THINKS[:2], PLAIN[:2]))
    monkeypatch.setattr("train.decode._generated", lambda *_: [bench.tokenizer(text)["input_ids"] for text in said])
    assert write_answers(None, bench, rows, 9) == (["here it is"] * 2, ["here it is"] * 2, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("template", [R1, QWEN3, NEMOTRON, FIELD_ONLY, CHANNELS, CHATML])
def test_both_answers_of_a_pair_follow_one_prompt_whatever_either_thinks(tokenizer: Any, template: str) -> None:
    """And pairs of which one thinks are told: they teach that before anything else (jingyaogong/minimind#829)."""
    tokenizer.chat_template = template
    kinds = (answer("yes"), answer("<think>\nhm\n</think>\n\nyes"), answer("yes", reasoning_content="hm"))
    for before in (THINKS[:1], PLAIN[:3], THINKS[:3]):
        for good in kinds:
            for bad in kinds:
                worse = {name: text.replace("yes", "no") for name, text in bad.items()}
                rows = Examples("sft", np.array([7]), messages=((*before, good),), rejected=((*before, worse),))
                pairs = paired(rows, Encoder(tokenizer, 4096))
                sides = (pairs.chosen, pairs.rejected)
                one, two = (learned(tokenizer, side)[-1] for side in sides)
                assert ("hm" in one, "hm" in two) == (good is not kinds[0], bad is not kinds[0])
                if ("hm" in one) == ("hm" in two):
                    assert one.replace("yes", "no") == two
                texts = [tokenizer.decode(side.tokens[0]) for side in sides]
                assert texts[0].removesuffix(one) == texts[1].removesuffix(two)
                told = [words for words in pairs.chosen.report.words() if "one side only: 1 pairs (rows 7)" in words]
                assert bool(told) is (("hm" in one) != ("hm" in two))


def test_a_thought_is_not_learned_behind_an_empty_one(tokenizer: Any) -> None:
    """A template that takes no thought out of the text wrote one twice: once empty, and once among the words."""
    found = encoded(tokenizer, FIELD_ONLY, THINKS)
    assert learned(tokenizer, found) == [
        "maybe here\n</think>\n\nhere it is<|im_end|>", "or there\n</think>\n\nover there<|im_end|>",
    ]  # fmt: skip


def test_calls_are_learned_behind_the_empty_thought_that_the_template_takes_from_them(tokenizer: Any) -> None:
    empty = "<think>\n\n</think>\n\n"
    found = encoded(tokenizer, QWEN3, CALLS, tools=True)
    assert learned(tokenizer, found) == [f"{empty}{CALL_WRITTEN}", f"{empty}it is locked<|im_end|>"]
    assert found.report.thoughtless_answers == 2
    more = (*CALLS, AGAIN, answer("", tool_calls=[CALL, CALL]), SAID, answer("open"))
    longer = encoded(tokenizer, QWEN3, more, tools=True)
    both = CALL_WRITTEN.removesuffix("<|im_end|>") + CALL_WRITTEN
    assert learned(tokenizer, longer) == [f"{empty}{CALL_WRITTEN}", f"{empty}{both}", f"{empty}open<|im_end|>"]
    assert longer.report.only_read_answers == 1
    thought = (ASK, answer("<think>\nlook\n</think>\n\n", tool_calls=[CALL]), *CALLS[2:])
    own = learned(tokenizer, encoded(tokenizer, QWEN3, thought, tools=True))
    assert own[0] == f"<think>\nlook\n</think>\n\n{CALL_WRITTEN}"


def test_calls_of_an_earlier_exchange_are_learned_where_the_prompt_opens_thoughts(tokenizer: Any) -> None:
    found = encoded(tokenizer, NEMOTRON, (*CALLS, AGAIN, answer("over there")), tools=True)
    written = "<call>find_cardvisa</call><|im_end|>"
    assert learned(tokenizer, found) == [f"\n</think>{written}", "\n</think>\n\nover there<|im_end|>"]
    assert found.report.only_read_answers == 1


def test_arguments_that_a_template_joins_to_texts_are_handed_to_it_as_text(tokenizer: Any) -> None:
    found = encoded(tokenizer, V3, CALLS)
    call = '\n</think>\n\n<call>find_card {"kind": "visa", "n": 2}<|im_end|>'
    assert learned(tokenizer, found) == [call, "\n</think>\n\nit is locked<|im_end|>"]


@pytest.mark.parametrize(
    ("template", "talk", "reason", "help_"),
    [
        (R1, CALLS, "one after the other", "end each conversation with the answer"),
        (V3, CALLS, "does not show the tools", "write the tools into the system turn"),
        (
            FIRST_CALL_ONLY,
            (ASK, answer("", tool_calls=[CALL, CALL]), SAID, answer("ok")),
            "drops a tool call",
            "write calls as text",
        ),
    ],
)
def test_what_cannot_be_proved_is_refused_with_the_way_on(
    tokenizer: Any, template: str, talk: tuple[dict[str, Any], ...], reason: str, help_: str
) -> None:
    with pytest.raises(DataError, match=rf"({reason}).*{help_}"):
        encoded(tokenizer, template, talk, tools=True)


def test_calls_that_a_template_tells_by_their_ids_alone_are_given_ids_that_name_them(tokenizer: Any) -> None:
    again = {**CALL, "id": "call00002"}
    talk = (
        ASK,
        answer("I use find_card", tool_calls=[CALL, again]),
        SAID,
        answer("", tool_calls=[CALL]),
        SAID,
        answer("ok"),
    )
    found = encoded(tokenizer, KIMI, talk, tools=True)
    calls = [f'<call>functions.find_card:{i} {{"kind": "visa", "n": 2}}' for i in range(3)]
    assert learned(tokenizer, found) == [
        f"I use find_card{calls[0]}{calls[1]}<|im_end|>",
        f"{calls[2]}<|im_end|>",
        "ok<|im_end|>",
    ]
    assert "<|im_start|>tool functions.find_card:2locked" in tokenizer.decode(found.tokens[0])
    for wrong in (" {{ c['function']['arguments'] | tojson }}", "{{ c['id'] }} "):
        with pytest.raises(DataError, match="drops a tool call"):
            encoded(tokenizer, KIMI.replace(wrong, ""), talk, tools=True)


@pytest.mark.parametrize("kind", ["it's", 'a "visa"', """it's "a" visa""", "a\nb's", "C:\\new's"])
def test_arguments_in_single_quotes_are_found_whatever_they_hold(tokenizer: Any, kind: str) -> None:
    pairs = (("'\\\\'", "'\\\\\\\\'"), ("quote", "'\\\\' + quote"), ("'\\n'", "'\\\\n'"))
    escaped = "c['function']['arguments']['kind']" + "".join(f" | replace({a}, {b})" for a, b in pairs)
    quoted = '{% set quote = "\'" %}' + QWEN3.replace("c['function']['arguments'] | tojson", f"quote + ({escaped}) + quote")
    call = {**CALL, "function": {"name": "find_card", "arguments": {"kind": kind}}}
    talk = (ASK, answer("", tool_calls=[call]))
    (text,) = learned(tokenizer, encoded(tokenizer, quoted, talk, tools=True))
    assert ast.literal_eval(text.partition("find_card ")[2].partition("</call>")[0]) == kind
    with pytest.raises(DataError, match="drops a tool call"):
        encoded(tokenizer, quoted.replace("['kind'] |", "['kind'][1:] |"), talk, tools=True)


def test_a_call_whose_arguments_are_dropped_is_refused(tokenizer: Any) -> None:
    dropped = QWEN3.replace(" {{ c['function']['arguments'] | tojson }}", "")
    with pytest.raises(DataError, match="drops a tool call"):
        encoded(tokenizer, dropped, CALLS, tools=True)


@pytest.mark.skipif(find_spec("trl") is None, reason="the templates come with TRL")
def test_under_every_template_that_trl_knows_an_answer_is_learned_whole_or_not_at_all(tokenizer: Any) -> None:
    import trl  # type: ignore[import-untyped]

    paths = sorted((Path(trl.__file__).parent / "chat_templates").glob("*.jinja"))
    counted: Counter[str] = Counter()
    for path in (p for p in paths if not p.stem.endswith("_training")):
        for name, talk in TALKS.items():
            tools = "call" in name
            try:
                found = encoded(tokenizer, path.read_text(encoding="utf-8"), talk, tools=tools)
            except DataError as error:
                counted["no way on"] += "chat_template = 'plain'" not in str(error)
                counted[f"refused {name}"] += 1
                continue
            counted[name] += 1
            said = "".join(learned(tokenizer, found))
            answers = [turn for turn in talk if turn["role"] == "assistant"]
            assert str(answers[-1]["content"]).rpartition("</think>")[2].strip() in said, (path.stem, name)
            for thought in ("or there", "look") if name in ("field", "call and thought") else ():
                assert thought not in str(talk) or thought in said, (path.stem, name)
            calls = sum(len(turn.get("tool_calls", ())) for turn in answers)
            assert said.count("visa") == calls, (path.stem, name)
    assert counted["no way on"] == 0
    assert counted["refused one"] == counted["refused two"] <= 4  # models that look at pictures take no plain texts
    assert counted["thought"] >= counted["one"] - 1
    assert counted["call"] >= 20


def test_turns_behind_the_last_answer_do_not_change_what_is_learned(tokenizer: Any) -> None:
    for template in (QWEN3, QWEN3_NOTHINK, NEMOTRON, R1, FIELD_ONLY, CHANNELS, CHATML):
        for talk in (PLAIN,) if template is QWEN3_NOTHINK else (THINKS, PLAIN):
            whole = [encoded(tokenizer, template, turns) for turns in (talk, (*talk, user("thanks")))]
            assert np.array_equal(whole[0].tokens[0], whole[1].tokens[0])
            assert np.array_equal(whole[0].supervised[0], whole[1].supervised[0])


@pytest.mark.parametrize("template", [QWEN3, NEMOTRON, CHATML, FIELD_ONLY, "{{ bos_token }}" + QWEN3])
def test_a_conversation_may_begin_with_an_answer(tokenizer: Any, template: str) -> None:
    found = encoded(tokenizer, template, (answer("welcome"), *PLAIN))
    text = tokenizer.decode(found.tokens[0])
    assert text.removeprefix("None").startswith("<|im_start|>assistant\n")
    assert text.count("welcome") == 1
    assert learned(tokenizer, found)[-1].endswith("over there<|im_end|>")
    first = "welcome<|im_end|>" in "".join(learned(tokenizer, found))
    assert first or found.report.only_read_answers > 0
    assert first is (template != NEMOTRON)  # which writes thoughts of no words into answers that are not the last
    with pytest.raises(DataError, match="no turn stands before the answer"):
        encoded(tokenizer, template, (answer("welcome"), user("hello")))


@pytest.mark.parametrize("template", [QWEN3, NEMOTRON])
def test_an_earlier_call_that_lost_its_thought_is_read_as_a_model_finds_it(tokenizer: Any, template: str) -> None:
    """Agents that think: once a question follows, templates take the thoughts out, and whole conversations were refused."""
    call = answer("", reasoning_content="look", tool_calls=[CALL])
    talk = (ASK, call, *CALLS[2:], AGAIN, answer("over there", reasoning_content="or there"))
    found = encoded(tokenizer, template, talk, tools=True)
    (text,) = learned(tokenizer, found)
    assert text.endswith("or there\n</think>\n\nover there<|im_end|>")
    assert found.report.only_read_answers == 2
    assert "look" not in tokenizer.decode(found.tokens[0])
    dropped = template.replace("m['tool_calls'] or []", "[]")
    with pytest.raises(DataError, match=r"drops a tool call|rewrites|one after the other"):
        encoded(tokenizer, dropped, talk)


def test_an_answer_behind_calls_is_learned_behind_their_thoughts_where_its_prompt_holds_them(tokenizer: Any) -> None:
    """Harmony: thoughts go along until a final answer is given; a conversation that holds that answer shows none."""
    call = answer("", thinking="look", tool_calls=[CALL])
    last = answer("it is locked", thinking="so")
    written = f"thinks look<|im_start|>assistant\n{CALL_WRITTEN}"
    final = "thinks so<|im_start|>assistant\nfinal it is locked<|im_end|>"
    earlier = (ASK, answer("here it is", thinking="maybe here"), AGAIN)
    for talk in ((ASK, call, SAID, last), (ASK, call, SAID, call, SAID, last), (*earlier, call, SAID, last)):
        found = encoded(tokenizer, HARMONY, talk, tools=True)
        calls = sum("tool_calls" in turn for turn in talk)
        assert learned(tokenizer, found) == [*[written] * calls, final]
        asked = Encoder(tokenizer, 4096).chat.render(talk[:-1], TOOLS, prompt=True)
        assert tokenizer.decode(found.tokens[0]) == asked + final
        assert found.report.only_read_answers == (talk[1] is not call)
    later = (ASK, call, SAID, last, AGAIN, call, SAID, answer("over there"))
    assert learned(tokenizer, encoded(tokenizer, HARMONY, later, tools=True)) == [written, "final over there<|im_end|>"]
    spoken = (ASK, answer("look", tool_calls=[CALL]), SAID, last)
    assert learned(tokenizer, encoded(tokenizer, HARMONY, spoken, tools=True)) == [written, final]
    for both in (answer("let me", thinking="look", tool_calls=[CALL]), answer(f"{HERE} let me", tool_calls=[CALL])):
        with pytest.raises(DataError, match="rejects the order"):  # and learns no marks that the model does not know
            encoded(tokenizer, HARMONY, (ASK, both), tools=True)
    # What an answer looks like must not depend on the thoughts that it loses.
    counts = HARMONY.replace("{{ 'final '", "{{ 'final %d ' % (messages | selectattr('thinking') | list | length)")
    with pytest.raises(DataError, match="one after the other"):
        encoded(tokenizer, counts, (ASK, call, SAID, last), tools=True)


def test_words_that_speak_of_marks_are_no_thought(tokenizer: Any) -> None:
    for words in ("the tag </think> ends it", "tail = s.split('</think>')[-1]", "write <think>x</think> first"):
        assert words_of(words) == words
        assert words_of(f"<think>\nhm\n</think>\n\n{words}") == words
        (text,) = learned(tokenizer, encoded(tokenizer, FIELD_ONLY, (ASK, answer(words))))
        assert text == f"\n</think>\n\n{words}<|im_end|>"
        (text,) = learned(tokenizer, encoded(tokenizer, CHATML, (ASK, answer(words))))
        assert text == f"{words}<|im_end|>"
        if "<think>" not in words:
            with pytest.raises(DataError, match="rewrites or drops an answer"):  # rather than learn it torn in two
                encoded(tokenizer, QWEN3, (ASK, answer(words)))
    assert words_of("hm\n</think>\nhere") == "here"
    field = (ASK, answer("there", reasoning_content="<think>\nhm\n</think>"))
    assert learned(tokenizer, encoded(tokenizer, FIELD_ONLY, field)) == ["hm\n</think>\n\nthere<|im_end|>"]
    with pytest.raises(DataError, match="rewrites or drops an answer"):
        encoded(tokenizer, FIELD_ONLY, (ASK, answer("<think>\nnever ends")))


def test_an_earlier_answer_may_begin_with_a_line_break(tokenizer: Any) -> None:
    talk = (ASK, answer("\n here it is \n"), AGAIN, answer("over there"))
    found = encoded(tokenizer, QWEN3, talk)
    assert learned(tokenizer, found) == ["<think>\n\n</think>\n\nover there<|im_end|>"]
    assert found.report.only_read_answers == 1


def test_history_that_is_only_read_is_what_a_model_finds_there(tokenizer: Any) -> None:
    found = encoded(tokenizer, NEMOTRON, PLAIN)
    assert "assistant\n<think></think>here it is<|im_end|>" in tokenizer.decode(found.tokens[0])


def test_a_call_is_not_found_in_the_words_or_the_thought(tokenizer: Any) -> None:
    dropped = QWEN3.replace("m['tool_calls'] or []", "[]")
    for words in ("I use find_card for visa.", "<think>\nfind_card, visa\n</think>\n\n"):
        talk = (ASK, answer(words, tool_calls=[CALL]), *CALLS[2:])
        with pytest.raises(DataError, match=r"drops a tool call|drops an answer"):
            encoded(tokenizer, dropped, talk, tools=True)
