"""What rules leave alone, beside what they still find: each case was once a wrong flag or a missed row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curate.quality import Pieces, QualityConfig, judge, prepare

SOUND = "Rivers carry water from the hills to the sea, and people build towns beside them."

SPANISH = "El río lleva el agua desde las montañas hasta el mar azul."
TABLE = "| Year | Ice |\n|------|------|\n|      |      |\n|      |      |\n|      |      |"


def _strings(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def _rules(prompt: str, answer: str, given: str = "") -> set[str]:
    """The rules that mark an answer among sound ones; `given` is a second part of its prompt."""
    n = 80
    asked = [prompt] + [f"Say something about river number {i} and its towns." for i in range(n)]
    told = [answer] + [f"River {i} is long. {SOUND}" for i in range(n)]
    inputs = [given] + [""] * n
    whole = ["\n".join(filter(None, pair)) for pair in zip(asked, inputs, strict=True)]
    pieces = Pieces(_strings(told), np.arange(n + 1), _strings(whole), (_strings(asked), _strings(inputs)))
    measured, _ = prepare(pieces)
    return {one.rule for one in judge(measured, QualityConfig()) if 0 in one.at.tolist()}


@pytest.mark.parametrize(
    ("rule", "prompt", "answer", "given", "found"),
    [
        ("template_leftover", "Write an email to your landlord.", f"Dear Sir,\n{SOUND}\nYours,\n[Your Name]", "", False),
        ("template_leftover", "Describe our product.", f"We at [Company Name] are proud. {SOUND}", "", True),
        ("template_leftover", "Write an email to your landlord.", f"Dear Sir,\n{SOUND} {{{{signature}}}}", "", True),
        ("template_leftover", "Greet the user in a script.", "```js\nconsole.log(`Hello ${userName}`);\n```", "", False),
        ("template_leftover", "Thank a customer.", f"Dear ${{customer}}, thank you. {SOUND}", "", True),
        ("template_leftover", "Count the words of {{name}}.", f"The words of {{{{name}}}} are two. {SOUND}", "", False),
        ("template_leftover", "Ask how large a given city is.", "How large is the old [city] by now?", "", False),
        ("template_leftover", "Design a chair.", "Here it is: [Image of a chair]", "", True),
        ("template_leftover", "Tell me about rivers.", f"{SOUND}//EOM//", "", True),
        ("placeholder_input", "Tell me about rivers.", SOUND, "<no input>", True),
        ("placeholder_input", "Tell me about rivers.", SOUND, "(no input)", True),
        ("placeholder_input", "Tell me about rivers.", SOUND, "Put no input into the machine.", False),
        ("prompt_echoed", "Sort the words.", "animal, bird, owl, eagle", "animal, bird, owl, eagle", False),
        ("prompt_echoed", "Translate the words into rhyme.", "animal, bird, owl, eagle", "animal, bird, owl, eagle", True),
        ("refusal", "Will it rain tomorrow?", f"It is not possible to give an exact answer. {SOUND} {SOUND}", "", False),
        ("refusal", "Will it rain tomorrow?", "It is not possible to answer this.", "", True),
        ("refusal", "Write a support ticket.", f"Subject: Pages. Description: {SOUND} I am unable to view it.", "", False),
        ("refusal", "Write a support ticket.", "I'm sorry, but I cannot help with that.", "", True),
        ("cut_off", "Predict what is asked.", f"{SOUND} Will it rise and flood the town this year? Yes/No", "", False),
        ("cut_off", "What does the boat cost?", f"{SOUND} After all of that the boat would cost them $", "", True),
        ("cut_off", "What does the boat cost?", f"{SOUND} After all of that the boat would cost them 40 $", "", False),
        ("broken_json", "Call the tools.", "{\"weather\": weather('London'), \"news\": news('UK')}", "", False),
        ("broken_json", "Answer in JSON.", "{\"weather\": weather('London'), \"news\": news('UK')}", "", True),
        ("broken_json", "Call the tools.", "{\"weather\": [\"sun\", \"rain\"", "", True),
        ("too_short", "Is it true or false that rivers run?", "1", "", False),
        ("too_short", "Help me to be better at geotags.", "Use ge", "", True),
        ("wrong_language", "Say this using Spanish.", SPANISH, "", False),
        ("wrong_language", "Say this to me.", SPANISH, "", True),
        ("garbled", "Draw a table.", TABLE, "", False),
    ],
)
def test_rules_know_their_exceptions(rule: str, prompt: str, answer: str, given: str, found: bool) -> None:
    assert (rule in _rules(prompt, answer, given)) is found


@pytest.mark.parametrize(("turn", "marked"), [("Great, that is all I need, {}!", False), ("What about {} then?", True)])
def test_thanks_late_in_a_conversation_are_rightly_met_with_one_courtesy(turn: str, marked: bool) -> None:
    words = ("rain", "trains", "soup", "maps", "tyres", "stamps", "wool", "chess")
    asked = [text for word in words for text in (f"Tell me in a few words about {word}, please.", turn.format(word))]
    courtesy = "Glad to help, come back any time you like."
    told = [text for word in words for text in (f"There is much to say of {word}.", courtesy)]
    given = Pieces(pa.array(told, pa.large_string()), np.arange(16) // 2, pa.array(asked, pa.large_string()))
    measured, _ = prepare(given)
    found = [one for one in judge(measured, QualityConfig()) if one.rule == "stock_answer"]
    assert sum(map(len, found)) == (8 if marked else 0)


def test_one_answer_to_one_question_in_many_words_is_no_stock_answer() -> None:
    ways = ["What is", "Tell me", "Show me", "Give me", "Print", "Find", "Read out"]
    prompts = [f"{way} the current weather in London now" for way in ways] + [f"Judge sentence {i} here" for i in range(7)]
    told = ["The current weather in London is sunny."] * 7 + ["There are no mistakes at all in it."] * 7
    prompts += [f"Say something about river {i}." for i in range(200)]
    told += [f"River {i} is long. {SOUND}" for i in range(200)]
    measured, _ = prepare(Pieces(_strings(told), np.arange(214), _strings(prompts)))
    (found,) = (one for one in judge(measured, QualityConfig()) if one.rule == "stock_answer")
    assert found.at.tolist() == list(range(7, 14))


def test_texts_of_one_size_have_no_outliers_at_twice_the_length() -> None:
    told = [f"River {i} is long. {SOUND}" for i in range(200)] + [f"{SOUND} {SOUND} {SOUND}", f"{SOUND} " * 40]
    measured, _ = prepare(Pieces(_strings(told), np.arange(202)))
    found = {one.rule: one.at.tolist() for one in judge(measured, QualityConfig())}
    assert found["too_long"] == [201]
