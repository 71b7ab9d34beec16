"""Preference rows as people have them: the prompt as text, or the turns before the answer as messages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from curate.dataset import load
from train.config import TrainConfig
from train.examples import Examples, from_dataset
from train.lora import open_workbench
from train.microscope import look
from train.preference.rows import before_training, paired, with_marks
from train.turns import transcript

TURNS = [{"from": "human", "value": "Name a colour."}]
BETTER, WORSE = {"from": "gpt", "value": "Blue."}, {"from": "gpt", "value": "Seven."}


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": TURNS, "chosen": BETTER, "rejected": WORSE},
        {"prompt": "Name a colour.", "chosen": "Blue.", "rejected": "Seven."},
    ],
    ids=["messages", "text"],
)
def test_the_turns_before_the_answer_come_first_whatever_their_shape(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(4)))
    examples = from_dataset(load(path))
    assert [(m["role"], m["content"]) for m in examples.messages[0]] == [
        ("user", "Name a colour."),
        ("assistant", "Blue."),
    ]


SYSTEM, ASKED = {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Name a colour."}
TWO = "\n\nHuman: Hello\n\nAssistant: Yes:\n\n* ask\n\nHuman: Name a colour.\n\nAssistant: "


@pytest.mark.parametrize(
    ("prompt", "before", "roles"),
    [
        ("Name a colour. ", [ASKED], "user assistant"),
        ("Name a colour.", [SYSTEM, ASKED], "system user assistant"),
        ([SYSTEM, ASKED], [ASKED], "system user assistant"),
        ([SYSTEM, ASKED], [], "system user assistant"),
        (None, [SYSTEM, ASKED], "system user assistant"),
        (TWO, "", "user assistant user assistant"),
        (None, TWO, "user assistant user assistant"),
    ],
)
def test_no_turn_of_a_pair_comes_twice_or_stays_in_a_text(
    tmp_path: Path, prompt: object, before: object, roles: str
) -> None:
    def side(said: str) -> object:
        return f"{before}{said}" if isinstance(before, str) else [*before, {"role": "assistant", "content": said}]  # type: ignore[misc]

    row = {"chosen": side("Blue."), "rejected": side("Seven."), **({"prompt": prompt} if prompt else {})}
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(4)))
    examples = from_dataset(load(path, task="preference"))
    for turns, answer in ((examples.messages[0], "Blue."), (examples.rejected[0], "Seven.")):
        assert " ".join(turn["role"] for turn in turns) == roles
        assert [turn["content"] for turn in turns[-2:]] == ["Name a colour.", answer]
    assert "* ask" in str(examples.messages[0]) or len(roles.split()) < 4


def test_a_text_that_only_speaks_of_humans_is_no_transcript() -> None:
    for text in ("Human: is it", "Assistant: a\n\nHuman: b", "Human: a\nAssistant: b", "See Human: a\n\nAssistant: b"):
        assert transcript(text) == ()


def test_the_microscope_shows_both_sides_as_the_objective_learns_them(base: Path) -> None:
    def talk(*said: str) -> tuple[dict[str, str], ...]:
        return tuple({"role": role, "content": words} for role, words in zip(("user", "assistant") * 2, said, strict=False))

    one = talk("where", "which card", "visa " * 14, "here it is")
    two = talk("where", "which card", "visa " * 14, "no " * 30)
    rows = Examples("chat", np.array([4]), messages=(one,), rejected=(two,))
    for side in ("start", "end"):
        bench = open_workbench(TrainConfig(base=str(base), max_length_tokens=64, truncation_side=side))
        plain = look(rows, 0, bench)
        assert plain.rejected is not None
        assert plain.counts()["learned"] > 0
        assert plain.rejected.counts()["learned"] == 0
        for objective in ("dpo", "ranking"):
            seen = look(rows, 0, bench, objective=objective)
            pairs = paired(rows, bench.encoder)
            for shown, encoded in ((seen, pairs.chosen), (seen.rejected, pairs.rejected)):
                assert shown is not None
                kept = [token for token in shown.tokens if token.state in ("learned", "read")]
                assert [token.id for token in kept] == encoded.tokens[0].tolist()
                assert [token.state == "learned" for token in kept] == encoded.supervised[0].tolist()
            assert seen.to_json()["rejected"]["tokens"]


def test_pairs_that_cannot_be_compared_are_refused_and_both_sides_are_told_of(base: Path) -> None:
    """Answers to different turns (conversations that part early), the same answer twice, or twice the same once cut."""

    def talk(*said: str) -> tuple[dict[str, str], ...]:
        return tuple({"role": role, "content": words} for role, words in zip(("user", "assistant") * 2, said, strict=False))

    good = (
        talk("a", "b", "c", "d"),
        talk("a", "same"),
        talk("a", "no " * 80 + "x"),
        talk("a", "b"),
        talk("a", "b", "c " * 80, "d"),
    )
    bad = (
        talk("a", "x", "c", "e"),
        talk("a", "same"),
        talk("a", "no " * 80 + "y"),
        talk("a", "no " * 90),
        talk("a", "b", "c " * 80, "e"),
    )
    rows = Examples("chat", np.arange(4, 9), messages=good, rejected=bad)
    bench = open_workbench(TrainConfig(base=str(base), max_length_tokens=64, objective="dpo"))
    pairs = paired(rows, bench.encoder)
    assert pairs.chosen.ids.tolist() == [7]
    refused = pairs.chosen.report.refused_row_numbers
    assert sorted(refused.values()) == [[4], [5, 6], [8]]
    assert refused["the answer lies beyond the maximal length"] == [8]  # and the earlier one is not taken for it
    assert "same turns" in next(reason for reason, numbers in refused.items() if numbers == [4])
    words = before_training(rows, "dpo", bench.encoder)[1]
    assert sum("Not trained on: 2 rows, because the better" in said for said in words) == 1
    assert any(said.startswith("Worse answers: Cut at the end: 3 rows") for said in words)
    marked = Examples("chat", np.arange(5), messages=good, wanted=(True, False) * 2 + (True,))
    assert with_marks(marked, bench.encoder)[0].ids.tolist() == [0, 1, 2, 3]


def test_only_the_last_answer_is_counted_and_shown_as_learned(base: Path) -> None:
    talk = tuple({"role": role, "content": f"{role} here"} for role in ("user", "assistant") * 2)
    other = (*talk[:3], {"role": "assistant", "content": "no"})
    bench = open_workbench(TrainConfig(base=str(base)))
    pairs = Examples("chat", np.arange(1), messages=(talk,), rejected=(other,))
    marked = Examples("chat", np.arange(1), messages=(talk,), wanted=(True,))
    for rows, objective in ((pairs, "dpo"), (marked, "kto")):
        report = before_training(rows, objective, bench.encoder)[0].report
        learned = bench.tokenizer("assistant here<|im_end|>")["input_ids"]
        assert report.supervised_tokens == len(learned)
        shown = look(rows, 0, bench, objective=objective)
        assert [token.id for token in shown.tokens if token.state == "learned"] == learned
