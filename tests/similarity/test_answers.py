"""Same prompt, different answers: what is flagged, what is no conflict, and that nothing of it is ever a drop."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, load
from curate.pipeline import Detected, detect
from curate.recipe import Recipe
from curate.similarity.answers import conflicting_answers, contradictions
from curate.similarity.near import Edges
from tests.conftest import examples

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LONG = (
    "read the message of the customer below and say in one word whether the tone of it is friendly or angry and do not "
    "explain: I have waited for two weeks now and the parcel that you promised me has still not arrived at my door"
)


def dataset(tmp_path: Path, rows: list[dict[str, Any]], task: str | None = None) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return load(path, task=task)


def found(data: Dataset, **settings: Any) -> Detected:
    stages = {"near_duplicates": settings} if settings else {}
    return detect(data, Recipe.parse({"run": {"stages": ["exact_duplicates", "near_duplicates"]}, "stages": stages}))


def rules(detected: Detected) -> set[tuple[int, str, int]]:
    columns = (detected.findings[c].to_pylist() for c in ("row", "rule", "witness_row"))
    return set(zip(*columns, strict=True))


rows = st.integers(1, 8)


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_a_conflict_names_a_row_with_the_same_or_a_joined_prompt_and_another_answer(data: st.DataObject) -> None:
    n = data.draw(rows)

    def names() -> Any:  # each name is the first row that bears it
        drawn = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
        return np.array([drawn.index(x) for x in drawn], np.int64)

    prompts, answers = names(), names()
    split = np.array(data.draw(st.lists(st.sampled_from([0, 3]), min_size=n, max_size=n)), np.int8)
    blank = np.isin(prompts, data.draw(st.lists(st.integers(0, n - 1), max_size=1)))
    firsts = np.unique(prompts).tolist()
    pairs = [(a, b) for a in firsts for b in firsts if a < b and data.draw(st.booleans())]
    score = np.array([0.8 + 0.01 * k for k in range(len(pairs))], np.float32)
    a, b = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
    witness, alike = conflicting_answers(prompts, Edges(n, a, b, score), answers, split, blank)
    joined = {(x, x): 1.0 for x in firsts}
    for (x, y), s in zip(pairs, score.tolist(), strict=True):
        joined[x, y] = joined[y, x] = s
    for i in range(n):
        able = [
            (joined[prompts[i], prompts[j]], j)
            for j in range(n)
            if (prompts[i], prompts[j]) in joined and split[i] == split[j] and answers[i] != answers[j]
            if not blank[i] and not blank[j]
        ]
        assert (witness[i] >= 0) == bool(able)
        if able:
            assert (alike[i], witness[i]) in able
            assert alike[i] == max(able)[0]


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3), st.sampled_from([0, 3])), min_size=1))
def test_a_contradiction_prefers_what_another_rejects_for_the_same_prompt(table: list[tuple[int, ...]]) -> None:
    prompts, chosen, rejected, split = (np.array(c, np.int64) for c in zip(*table, strict=True))
    witness = contradictions(prompts, chosen, rejected, split.astype(np.int8))
    for i in range(len(table)):
        able = [
            j
            for j in range(len(table))
            if prompts[j] == prompts[i] and split[j] == split[i] and chosen[j] == rejected[i] != chosen[i]
        ]
        assert witness[i] == (able[0] if able else -1)


def test_the_same_long_prompt_with_another_one_word_answer_is_a_conflict_and_no_copy(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"prompt": LONG, "completion": c} for c in ("angry", "friendly", "angry")])
    detected = found(data)
    assert rules(detected) == {
        (0, "identical", 2), (2, "identical", 0),
        (0, "conflicting_answer", 1), (1, "conflicting_answer", 0), (2, "conflicting_answer", 1),
    }
    assert detected.resolve().kept_rows.tolist() == [0, 1]


def test_nearly_the_same_prompt_with_another_answer_is_a_conflict_and_with_nearly_the_same_one_a_copy(
    tmp_path: Path,
) -> None:
    answer = "the tone is angry because the customer has waited for a long time and writes so in plain words to us today"
    rows = [
        {"prompt": LONG, "completion": answer},
        {"prompt": LONG + " today", "completion": "friendly"},
        {"prompt": LONG + " again", "completion": answer + " again"},
    ]
    detected = found(dataset(tmp_path, rows))
    assert rules(detected) == {
        (0, "verified_jaccard", 2), (2, "verified_jaccard", 0),
        (0, "conflicting_answer", 1), (1, "conflicting_answer", 0), (2, "conflicting_answer", 1),
    }
    evidence = [json.loads(e) for e in detected.findings["evidence"].to_pylist()]
    assert {"prompt_jaccard", "response_jaccard", "rows_with_this_prompt"} in [set(e) for e in evidence]
    assert any("least_similar_part" in e for e in evidence)


def test_other_prompts_with_the_same_long_answer_are_kept(tmp_path: Path) -> None:
    rows = [{"prompt": p, "completion": LONG} for p in ("what did they write", "show me a complaint please")]
    detected = found(dataset(tmp_path, rows))
    assert detected.outcomes["near_duplicates"].detection.scores is not None
    assert rules(detected) == set()
    assert found(dataset(tmp_path, rows), part_threshold=0.0).resolve().kept_rows.tolist() == [0]


def test_in_chats_the_turns_of_the_assistant_are_the_answer(tmp_path: Path) -> None:
    def chat(answer: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": LONG}, {"role": "assistant", "content": answer}]}

    data = dataset(tmp_path, [chat("angry"), chat("friendly")])
    assert (data.prompt(), data.response()) != (None, None)
    assert data.parts()["response"].to_pylist() == ["angry", "friendly"]
    assert rules(found(data)) == {(0, "conflicting_answer", 1), (1, "conflicting_answer", 0)}


def test_a_preference_turned_round_is_a_contradiction_and_no_copy_and_other_pairs_of_answers_are_neither(
    tmp_path: Path,
) -> None:
    rows = [
        {"prompt": LONG, "chosen": "it is angry", "rejected": "it is friendly"},
        {"prompt": LONG, "chosen": "it is friendly", "rejected": "it is angry"},
        {"prompt": LONG, "chosen": "angry I would say", "rejected": "who knows"},
    ]
    data = dataset(tmp_path, rows)
    assert data.task == "preference"
    assert rules(found(data)) == {(0, "conflicting_preference", 1), (1, "conflicting_preference", 0)}


def test_blank_prompts_are_no_prompt(tmp_path: Path) -> None:
    rows = [{"prompt": " ", "completion": c} for c in ("a story about a dog", "the capital of a country", "yes")]
    assert rules(found(dataset(tmp_path, rows, task="sft"))) == set()


@pytest.mark.skipif(not SHARED.exists(), reason="measurement data not here")
def test_answers_swapped_between_real_instructions_are_flagged_and_never_dropped(tmp_path: Path) -> None:
    with gzip.open(SHARED / "alpaca" / "random_9k.json.gz", "rt") as file:
        rows = json.load(file)[:3000]
    rng = np.random.default_rng(0)
    planted = rng.choice(len(rows), 200, replace=False).tolist()
    swapped = [{**rows[i], "output": rows[(i + 7) % len(rows)]["output"]} for i in planted]
    data = dataset(tmp_path, [*rows, *swapped])
    detected = found(data)
    flagged = {row for row, rule, _ in rules(detected) if rule == "conflicting_answer"}
    assert flagged == {*planted, *range(len(rows), len(rows) + 200)}
    assert not detected.resolve().dropped.any()


def test_rows_that_answer_alike_meet_although_hundreds_share_their_long_prompt(tmp_path: Path) -> None:
    """More rows than are compared pair by pair, all nearly alike as a whole; only the answers come in pairs."""
    words = [f"word{k}" for k in range(400)]
    rows = []
    for i in range(300):
        seen = words.copy()
        seen[(7 * i) % 400] = f"other{i}"
        answer = " ".join(f"answer{i // 2}x{k}" for k in range(8))
        rows.append({"prompt": " ".join(seen), "completion": answer})
    order = np.random.default_rng(0).permutation(300)
    detected = found(dataset(tmp_path, [rows[i] for i in order], task="sft"), template_share=0.0)
    place = {int(row): at for at, row in enumerate(order)}
    dropped = {(row, witness) for row, rule, witness in rules(detected) if rule == "verified_jaccard"}
    assert dropped == {(place[i], place[i ^ 1]) for i in range(300)}
