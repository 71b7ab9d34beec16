"""Augmentation: edits that leave what matters alone, rows for small labels only, never a copy, never an evaluation row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.augment import METHODS, edited, edits_of, neighbours_of, synonyms, words_of
from curate.augment.edits import DENIALS
from curate.errors import ConfigError
from curate.ledger.added import FROM_PARENT
from curate.ledger.apply import Curated, apply
from curate.pipeline import Detected, detect
from curate.recipe import Recipe
from curate.stages import augmentation
from curate.workflow import read_input
from tests.conftest import examples

OPENINGS = ["hello", "please", "morning", "urgent", "question"]
LARGE = ["my parcel is late again", "where does the parcel stay so long", "the parcel never came to my door"]
SMALL = ["the payment was charged twice today", "somebody charged my card twice", "they took money from my account"]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def tickets(large: int = 40, small: int = 6, splits: bool = True) -> list[dict[str, Any]]:
    rows = [{"text": f"{OPENINGS[i % 5]} {LARGE[i % 3]} order {i}", "label": "parcel"} for i in range(large)]
    rows += [{"text": f"{OPENINGS[i % 5]} {SMALL[i % 3]} number {i}", "label": "payment"} for i in range(small)]
    for i, row in enumerate(rows if splits else ()):
        row["split"] = "test" if i % 5 == 4 else "train"
    return rows


def run(path: Path, **settings_: Any) -> tuple[Detected, Curated]:
    stage = {"on_finding": "apply", **settings_}
    recipe = Recipe.parse(
        {"data": {"input": str(path)}, "run": {"stages": ["augmentation"]}, "stages": {"augmentation": stage}}
    )
    dataset = read_input(recipe)
    detected = detect(dataset, recipe)
    return detected, apply(dataset, detected.resolve())


def test_the_stage_knows_the_methods_of_the_engine() -> None:
    assert (*METHODS, augmentation.BACK_TRANSLATION) == augmentation.METHODS


def test_only_small_labels_get_rows_and_only_of_the_training_side(tmp_path: Path) -> None:
    rows = tickets()
    detected, curated = run(write(tmp_path / "rows.jsonl", rows))
    before = Counter(row["label"] for row in rows if row["split"] == "train")
    assert before == {"parcel": 32, "payment": 5}
    assert {row["label"] for row in curated.added} == {"payment"}
    assert {row["split"] for row in curated.added} == {"train"}
    assert len(curated.added) == 16 - 5  # half of the largest
    assert all(rows[parent]["split"] == "train" for parent in curated.parents)
    texts = [row["text"] for row in rows] + [row["text"] for row in curated.added]
    assert len({" ".join(text.casefold().split()) for text in texts}) == len(texts)
    summary = detected.outcomes["augmentation"].detection.summary
    assert summary["proposed"] == sum(summary["by_method"].values()) == 11


def test_nothing_is_applied_unless_somebody_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", tickets())
    recipe = Recipe.parse({"data": {"input": str(path)}, "run": {"stages": ["augmentation"]}})
    detected = detect(read_input(recipe), recipe)
    plan = detected.resolve()
    assert plan.counts()["augmentation"]["pending"] == 11
    assert not apply(detected.dataset, plan).added


def test_the_same_rows_come_of_the_same_seed_whatever_stands_around_them(tmp_path: Path) -> None:
    rows = tickets()
    first = run(write(tmp_path / "a.jsonl", rows), methods=["deletion", "swap", "noise"])[1].added
    again = run(write(tmp_path / "b.jsonl", rows[::-1]), methods=["deletion", "swap", "noise"])[1].added
    assert sorted(map(str, first)) == sorted(map(str, again))
    path = tmp_path / "a.jsonl"
    recipe = {"data": {"input": str(path)}, "run": {"stages": ["augmentation"], "seed": 7}}
    other = Recipe.parse({**recipe, "stages": {"augmentation": {"on_finding": "apply", "methods": ["deletion", "swap"]}}})
    dataset = read_input(other)
    assert sorted(map(str, apply(dataset, detect(dataset, other).resolve()).added)) != sorted(map(str, first))


def test_an_edit_of_the_parent_holds_for_its_new_rows_or_takes_them_back(tmp_path: Path) -> None:
    rows = tickets()
    for i, row in enumerate(rows):
        if row["label"] == "payment":
            row["text"] += f" write to payer.{i}@example.org please"
    path = write(tmp_path / "rows.jsonl", rows)
    stage = {"on_finding": "apply", "methods": ["deletion", "swap"]}
    recipe = Recipe.parse(
        {"data": {"input": str(path)}, "run": {"stages": ["pii", "augmentation"]}, "stages": {"augmentation": stage}}
    )
    dataset = read_input(recipe)
    curated = apply(dataset, detect(dataset, recipe).resolve())
    assert curated.added
    assert not [row for row in curated.added if "@example.org" in row["text"] or "payer" in row["text"]]


def test_without_labels_all_rows_are_augmented_on_request_only_and_answers_stay(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "system", "content": "You are a helper who answers politely."},
                      {"role": "user", "content": f"tell me quickly something about the number {word} now"},
                      {"role": "assistant", "content": f"the number {word} is a lovely number to think about"}]}
        for word in ("one", "two", "three", "four", "five", "six")
    ]  # fmt: skip
    path = write(tmp_path / "chat.jsonl", rows)
    assert run(path)[0].outcomes["augmentation"].status == "skipped"
    _, curated = run(path, minorities_only=False, copies=2, methods=["deletion", "swap"])
    assert len(curated.added) == 12
    for row, parent in zip(curated.added, curated.parents, strict=True):
        system, user, answer = (turn["content"] for turn in row["messages"])
        was = [turn["content"] for turn in rows[parent]["messages"]]
        assert (system, answer) == (was[0], was[2])
        assert user != was[1]


def test_explain_tells_of_the_rows_that_a_row_was_made_into(tmp_path: Path) -> None:
    from curate import workflow
    from curate.explain import explain

    path = write(tmp_path / "rows.jsonl", tickets())
    recipe = Recipe.parse(
        {"data": {"input": str(path)}, "run": {"stages": ["augmentation"]},
         "stages": {"augmentation": {"on_finding": "apply"}}, "ablation": {"enabled": False}}
    )  # fmt: skip
    workflow.run(recipe, out=tmp_path / "run")
    story = explain(tmp_path / "run", "40")
    assert story["outcome"] == "kept, added to"
    assert {found["rule"] for found in story["findings"]} <= set(METHODS)
    assert all(FROM_PARENT in found["replacement"] for found in story["findings"])
    assert all("few rows" in found["reason"] for found in story["findings"])
    kept = [json.loads(line) for line in (tmp_path / "run" / "curated.jsonl").read_text().splitlines()]
    assert Counter(row["label"] for row in kept if row["split"] == "train") == {"parcel": 32, "payment": 16}


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"methods": ["synonym"]}, "did you mean 'synonyms'"),
        ({"methods": []}, "methods is empty"),
        ({"up_to": 0.0}, "up_to and change"),
        ({"copies": 0}, "must be at least 1"),
        ({"methods": ["back_translation"]}, "forward_model and backward_model"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Recipe.parse({"stages": {"augmentation": given_}})


def test_words_that_say_something_exact_are_left_alone() -> None:
    text = "Mail ann@example.org about <PERSON_1> and [ORDER] 4711, `rm -rf` or v2.0: don't use https://x.example it's big"
    assert [word.text for word in words_of(text)] == ["Mail", "about", "and", "or", "don't", "use", "it's", "big"]
    assert [w.text for w in words_of("¿Dónde está mi pedido? Größe, naïve («encore»)")] == [
        "Dónde", "está", "mi", "pedido", "Größe", "naïve", "encore",
    ]  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(
    text=st.text(st.characters(categories=["L", "M", "N", "P", "Zs"]), max_size=120),
    method=st.sampled_from(METHODS),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0.01, 1.0),
)
def test_an_edit_of_any_text_is_spans_in_it_that_do_not_overlap(text: str, method: str, seed: int, share: float) -> None:
    edit = edits_of(method, text, np.random.default_rng(seed), share=share, candidates=lambda word: ("other", "word"))
    again = edits_of(method, text, np.random.default_rng(seed), share=share, candidates=lambda word: ("other", "word"))
    assert edit == again
    if edit is None:
        return
    last = 0
    for start, end, _ in edit.spans:
        assert last <= start <= end <= len(text)
        last = end
    new = edited(text, edit.spans)
    kept = [text[a:b] for a, b in zip([0, *(e for _, e, _ in edit.spans)], [*(s for s, _, _ in edit.spans), len(text)])]
    assert all(piece in new for piece in kept)


@settings(max_examples=60, deadline=None)
@given(method=st.sampled_from(METHODS), seed=st.integers(0, 10**6))
def test_a_denial_stays_where_it_is(method: str, seed: int) -> None:
    text = "I do not want this and nobody never asked without reason"
    edit = edits_of(method, text, np.random.default_rng(seed), share=0.5, candidates=lambda word: ("never", "thing"))
    assert edit is not None
    new = edited(text, edit.spans).split()
    assert [w for w in new if w in DENIALS] == ["not", "nobody", "never", "without"]


def test_a_word_that_is_replaced_keeps_its_case() -> None:
    for text, new in (("Help me", "Assist me"), ("HELP me", "ASSIST me"), ("help me", "assist me")):
        edit = edits_of("synonyms", text, np.random.default_rng(0), candidates=lambda w: synonyms().get(w.key, ())[:1])
        assert edit is not None
        assert edited(text, edit.spans) == new


def test_synonyms_work_both_ways_and_never_name_the_word_itself() -> None:
    for word, others in synonyms().items():
        assert word not in others
        assert all(word in synonyms()[other] for other in others)


def test_neighbours_are_words_used_alike_in_rows_of_the_label_and_no_names() -> None:
    rng = np.random.default_rng(0)
    filler = [a + b for a in ("ba", "ke", "li", "mo", "nu") for b in ("ra", "se", "ti", "vo", "zu")]
    texts, labels = [], []
    for i in range(900):
        buys, colour = i % 6 == 0, ["azure", "crimson"][i % 2]
        verb = ["bought", "purchased"][int(rng.integers(2))]
        name = ["Maria", "Johann"][int(rng.integers(2))]
        end = " ".join(rng.choice(filler, 3))
        texts.append(f"we {verb} one {colour} lamp from {name} {end}" if buys else f"they sold lamps {end}")
        labels.append("buy" if buys else "sell")
    found = neighbours_of(texts, labels)
    assert "purchased" in found.of("bought", "buy")
    assert "bought" in found.of("purchased")
    assert not found.of("bought", "sell")
    assert "maria" not in found.near
    assert "johann" not in {word for near in found.near.values() for word in near}
    assert neighbours_of(texts, labels) == found
    assert not neighbours_of(["too few words here"], ["x"]).near
