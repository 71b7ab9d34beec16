"""Canaries and exposure: matched to what the data holds, ranked exactly, known from raw data and not from scrubbed data."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_base import make_tickets

from curate.privacy import ScanConfig, scan
from train.ablation.beyond import exposure, memorised, memory
from train.ablation.beyond.canaries import as_text, make_canaries, planted, strings_of, with_texts
from train.ablation.beyond.exposure import CHANCE_BITS, Question, bits, chance_p, score_candidates
from train.ablation.beyond.memory import RAW_ARM, SCRUBBED, MemoryRuns, forget_canaries, memory_of
from train.ablation.beyond.wish import Wish
from train.ablation.design import Design
from train.config import TrainConfig
from train.examples import SFT, Examples
from train.lora import adapted_model, open_workbench, train_adapter

SCAN = ScanConfig()


def people(n: int = 60) -> Examples:
    """Tickets, each third with an address of its own."""
    rows = make_tickets(n, seed=4)
    texts = tuple(
        f"{text} write to anna{'bcdefghij'[i % 9]}{i}@example.org soon" if i % 3 == 0 else text
        for i, text in enumerate(rows.texts)
    )
    return Examples("classification", rows.ids, texts, rows.labels)


def scrub(texts: list[str], operator: str) -> list[str]:
    """Placeholders, whatever is asked."""
    import pyarrow as pa

    spans = scan(pa.array(texts, pa.large_string()), SCAN)
    out = list(texts)
    for k in range(len(spans) - 1, -1, -1):
        at = int(spans.row[k])
        out[at] = f"{out[at][: int(spans.start[k])]}[{operator.upper()}]{out[at][int(spans.end[k]) :]}"
    return out


def test_canaries_have_the_shape_and_the_place_of_real_values_and_are_found_as_they_are() -> None:
    rows = people()
    canaries, notes = make_canaries(rows, SCAN, (1, 4), 3, 80, seed=0)
    assert len(canaries) == 6
    assert not notes
    real = {word for text in rows.texts for word in text.split() if "@" in word}
    for c in canaries:
        assert c.type == "EMAIL_ADDRESS"
        assert len(set(c.candidates)) == 80
        assert not real & set(c.candidates), "no canary is somebody's"
        assert c.before + c.after == rows.texts[c.row].replace(next(w for w in real if w in rows.texts[c.row]), "")
        assert all(value.endswith("@example.org") and len(value) == len(c.candidates[0]) for value in c.candidates)
    assert len({c.row for c in canaries}) == 6
    again, _ = make_canaries(rows, SCAN, (1, 4), 3, 80, seed=0)
    assert again == canaries
    other, _ = make_canaries(rows, SCAN, (1, 4), 3, 80, seed=1)
    assert other != canaries


def test_check_digits_of_cards_and_accounts_are_made_right() -> None:
    texts = [f"{i}: my card is 4242 4242 4242 4242 and it fails" for i in range(4)]
    texts += [f"{i}: please pay to DE89 3704 0044 0532 0130 00 today" for i in range(4)]
    rows = Examples("text", np.arange(8), texts=tuple(texts))
    canaries, _ = make_canaries(rows, SCAN, (1,), 6, 70, seed=0)
    assert {c.type for c in canaries} == {"CREDIT_CARD", "IBAN"}
    assert len(canaries) == 6


def test_planting_counts_leaves_lenders_out_and_changes_nothing_else() -> None:
    rows = people()
    canaries, _ = make_canaries(rows, SCAN, (1, 4), 3, 80, seed=0)
    made = planted(rows, canaries)
    texts = list(made.texts)
    for c in canaries:
        assert texts.count(c.text) == c.frequency
        assert rows.texts[c.row] not in texts
    assert len(made) == len(rows) - 6 + 3 * 1 + 3 * 4
    assert made.task == "text"
    kept = [t for i, t in enumerate(rows.texts) if i not in {c.row for c in canaries}]
    assert texts[: len(kept)] == kept


def test_in_conversations_canaries_stand_in_prompts_and_in_answers() -> None:
    talks = tuple(
        (
            {"role": "user", "content": f"question {i}, reach me at bob{i}x@example.org please"},
            {"role": "assistant", "content": f"answer number {i} of many"},
        )
        for i in range(40)
    )
    rows = Examples(SFT, np.arange(40), messages=talks)
    canaries, _ = make_canaries(rows, SCAN, (1, 4), 3, 70, seed=0)
    places = [c.place for c in canaries]
    assert places.count("prompt") == places.count("answer") == 6
    made = planted(rows, canaries)
    assert len(made) == 40 - len({c.row for c in canaries}) + 2 * (3 + 12)
    for c in canaries:
        assert sum(c.text == text for _, _, place, text in strings_of(made) if place == c.place) == c.frequency
    scrubbed = with_texts(made, scrub([text for *_, text in strings_of(made)], "gone"))
    everything = "\n".join(text for *_, text in strings_of(scrubbed))
    assert not any(c.candidates[0] in everything for c in canaries)


def test_exposure_is_that_of_the_ranks_and_ties_share_theirs() -> None:
    found = bits(np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(found, [2.0, 1.0, 2 - math.log2(3), 0.0])
    assert bits(np.ones(8)) == pytest.approx([3 - math.log2(4.5)] * 8)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 400), st.integers(0, 10**6))
def test_by_chance_exposure_is_what_it_should_be(n: int, seed: int) -> None:
    everyone = bits(np.random.default_rng(seed).normal(size=n))
    assert everyone.max() == pytest.approx(math.log2(n))
    assert everyone.mean() <= CHANCE_BITS + 1e-9, "1.44 bits is the limit for many candidates"
    assert chance_p(np.array([everyone.max()] * 8), [everyone] * 8) < 0.06
    assert chance_p(np.array([everyone.min()] * 8), [everyone] * 8) > 0.5


def test_candidates_score_as_whole_texts_do(quick: TrainConfig) -> None:
    import torch
    from torch.nn import functional

    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, None, "text")
    before, after = "please write to ", " with my password today"
    candidates = ["anna1@example.org", "bob@mail.example.com", "x9", "why", "q" * 20]
    (found,) = score_candidates(objective, bench.tokenizer, [Question(before, candidates, after, special=True)])

    # Up to what stands before every value, which is the same for all, it is the chain rule over the whole text.
    whole = []
    for value in candidates:
        made = bench.tokenizer(before + value + after[:16], return_offsets_mapping=True)
        ids = torch.tensor([made["input_ids"]])
        with torch.no_grad():
            logits = objective.inner(input_ids=ids[:, :-1]).logits[0]
        losses = functional.cross_entropy(logits, ids[0, 1:], reduction="none")
        stop = len(before) + len(value)
        last = max(t for t, (a, b) in enumerate(made["offset_mapping"]) if b > len(before) and a < stop)
        whole.append(float(losses[:last].sum()))
    apart = found.nats - np.array(whole)
    np.testing.assert_allclose(apart, apart[0], atol=2e-3)
    assert apart[0] <= 0
    (greedy,) = score_candidates(objective, bench.tokenizer, [Question(before, [candidates[0]], after, special=True)])
    assert not greedy.extracted


def test_many_candidates_as_one_tree_score_as_each_by_itself(quick: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, None, "text")
    values = [f"user{i * 37 % 101}.{'abc'[i % 3] * (1 + i % 4)}@example.org" for i in range(70)] + ["x9", "why", "q" * 20]
    question = Question("please write to ", values, " today", special=True)

    def scored() -> np.ndarray:
        return score_candidates(objective, bench.tokenizer, [question])[0].nats

    monkeypatch.setattr(exposure, "_TOKENS_AT_ONCE", 96)  # several trees
    trees: list[int] = []
    seen = exposure._Tree.seen

    def counted(tree: exposure._Tree) -> np.ndarray:
        trees.append(len(tree.tokens))
        return seen(tree)

    monkeypatch.setattr(exposure._Tree, "seen", counted)
    as_trees = scored()
    assert len(trees) > 2
    assert sum(trees) < sum(len(bench.tokenizer(v)["input_ids"]) for v in values), "shared beginnings are run once"

    def refused(*args: object) -> np.ndarray:
        raise ValueError("no mask of one's own")

    monkeypatch.setattr(exposure, "_end_to_end", refused)
    np.testing.assert_allclose(as_trees, scored(), atol=2e-3)


def test_canaries_asked_side_by_side_are_known_as_well_as_one_by_one(quick: TrainConfig) -> None:
    import torch

    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, None, "text")
    objective.model.train()
    asked = [
        Question(f"number {k}, write to ", [f"{'abc'[i % 3]}{i * k}@example.org" for i in range(40)], " now", special=True)
        for k in range(1, 8)
    ]
    threads = torch.get_num_threads()
    together, alone = (score_candidates(objective, bench.tokenizer, asked, threads=n) for n in (3, 1))
    assert torch.get_num_threads() == threads
    assert objective.model.training, "the model is left as it was"
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.nats, other.nats, atol=2e-3)
        assert one.extracted == other.extracted


def test_asking_ends_soon_where_nobody_waits_any_more(quick: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from curate.errors import Cancelled

    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, None, "text")
    asked = [Question("write to ", [f"a{i}@example.org" for i in range(40)], " now", special=True) for _ in range(5)]
    ended: list[str] = []
    scored = exposure._scored

    def watched(model: object, stop: threading.Event, *one: object) -> object:
        if not ended:
            ended.append("failed")
            raise KeyboardInterrupt
        stop.wait(30)  # as a canary of a million candidates is still at it
        try:
            return scored(model, stop, *one)  # type: ignore[arg-type]
        except Cancelled:
            ended.append("stopped")
            raise

    monkeypatch.setattr(exposure, "_scored", watched)
    threads = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        score_candidates(objective, bench.tokenizer, asked, threads=2)
    assert "stopped" in ended
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("obeys", [True, False])
def test_a_base_with_a_sliding_window_or_without_an_ear_for_masks_is_scored_one_text_at_a_time(obeys: bool) -> None:
    import torch
    import transformers
    from torch.nn import functional

    torch.manual_seed(0)
    config = transformers.MistralConfig(
        vocab_size=60, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=6 if obeys else None, initializer_range=0.4,
    )  # fmt: skip
    model = transformers.MistralForCausalLM(config).eval()
    heard = model.forward

    def deaf(*args: object, attention_mask: object = None, **more: object) -> object:
        return heard(*args, **more)

    if not obeys:
        model.forward = deaf  # type: ignore[method-assign]
    start = [3, 4, 5, 6]
    # The two longest are equal but for their last token: by themselves they would hide that the mask is not obeyed.
    suffixes = [[10 + i, 20, 30 + i % 5] for i in range(12)] + [[7, 8, 9, 10, 11, 12], [7, 8, 9, 10, 11, 13]]
    with torch.inference_mode():
        opening = model(input_ids=torch.tensor([start]), use_cache=True)
        held, last = opening.past_key_values, opening.logits[:, -1]
        found = exposure._shared(model, held, last, suffixes, len(start), threading.Event())
        for suffix, nats in zip(suffixes, found.tolist(), strict=True):
            ids = torch.tensor([[*start, *suffix]])
            losses = functional.cross_entropy(model(input_ids=ids[:, :-1]).logits[0], ids[0, 1:], reduction="none")
            assert nats == pytest.approx(float(losses[len(start) - 1 :].sum()), abs=1e-3)


@pytest.mark.slow
def test_a_secret_is_known_the_better_the_oftener_it_stands_in_raw_data_and_not_at_all_in_scrubbed(
    tmp_path: Path, quick: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "OPERATORS", ())
    rows = people(90)
    wish = Wish(
        ("memory",), rows, rows, design=Design(seeds=(0, 1, 2)), scan=SCAN, scrub=scrub, frequencies=(1, 12), canaries=6,
        candidates=64, steps_of_text=110,
    )  # fmt: skip
    config = quick.replace(learning_rate=1e-2, lora_rank=16, batch_rows=16, threads=1)
    held = make_tickets(30, seed=9, first_id=900)
    runs = MemoryRuns(wish, held, config, tmp_path, None)
    runs.train()
    found = memory_of(runs)
    assert found is not None
    by = {(c.arm, c.frequency): c for c in found.cells}
    own = SCRUBBED.format("placeholder")
    assert by[RAW_ARM, 12].bits.value > by[RAW_ARM, 1].bits.value + 1
    assert by[RAW_ARM, 12].p < 0.01
    trend = {a.question: a for a in found.trend}
    assert trend[RAW_ARM].verdict == "helped", "the rise is shown, not only seen"
    assert min(by[own, f].p for f in (1, 12)) > 0.02
    assert trend[own].verdict != "helped"
    (scrubbing,) = found.scrubbing
    assert scrubbing.verdict == "helped"
    assert found.found_by_scanner[own] == 1.0
    assert "chance" in found.words
    # What was learnt of secrets that look real is gone, and a second look trains nothing again.
    runs.forget()
    assert not list(tmp_path.glob("train/*/*/adapter"))
    said: list[str] = []
    again = MemoryRuns(wish, held, config, tmp_path, lambda event: said.append(str(event.get("state"))))
    again.train()
    assert "done" not in said
    assert memory_of(again) == found
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(c.candidates[0].encode() in content for c in runs.canaries), path.name


@pytest.mark.slow
def test_what_an_adapter_knows_by_heart_is_found_and_phrases_of_many_rows_are_not(
    tmp_path: Path, quick: TrainConfig
) -> None:
    rows = people(60)
    secret = "zinnober quartz lantern"
    texts = list(rows.texts)
    texts[1] = texts[2] = f"my {secret} is with the account"
    texts[3] = f"{texts[3]} please help with my refund today"
    rows = Examples("text", rows.ids, texts=tuple(texts))
    config = quick.replace(learning_rate=1e-2, lora_rank=16, steps=200, threads=1)
    trained = train_adapter(rows, config, tmp_path)
    from train.adapters import load_adapter

    loaded = load_adapter(trained.directory)
    found = memorised.memorised_spans(loaded.objective, loaded.bench, rows, SCAN)
    at = {int(row): texts[int(row)][int(start) : int(end)] for row, _, start, end, _ in found}
    assert any(set(secret.split()) & set(at.get(row, "").split()) for row in (1, 2))
    assert not any("@" in piece for piece in at.values()), "what the scanner marks is not news"
    assert as_text(rows).texts == rows.texts


def test_models_of_a_killed_measurement_are_forgotten_and_numbers_and_other_models_stay(tmp_path: Path) -> None:
    for arm in (RAW_ARM, SCRUBBED.format("placeholder"), "raw"):
        for name in ("adapter", "checkpoints"):
            (tmp_path / "train" / arm / "0" / name).mkdir(parents=True)
        (tmp_path / "train" / arm / "0" / "exposure.json").write_text("{}")
    forget_canaries(tmp_path)
    assert {p.parts[-3] for p in tmp_path.glob("train/*/*/*") if p.is_dir()} == {"raw"}
    assert len(list(tmp_path.glob("train/*/*/exposure.json"))) == 3
