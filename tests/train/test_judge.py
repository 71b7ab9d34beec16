"""The base beside the adapter, answers that are written, and the three stages of an evaluation."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_base import make_talks, make_tickets
from tiny_base import make_talks as talks

from train.adapt import adapted_model, open_workbench
from train.config import TrainConfig
from train.decode import end_tokens, prompt_tokens, write, write_answers
from train.examples import Examples
from train.extra import extra
from train.lora import train_adapter
from train.objective import Objective


def alone(objective: Objective, tokens: np.ndarray, ends: list[int], most: int) -> list[int]:
    """Greedy decoding of one prompt without batches, padding or a cache."""
    seen = tokens.tolist()
    with torch.no_grad():
        for _ in range(most):
            seen.append(int(objective.model(input_ids=torch.tensor([seen])).logits[0, -1].argmax()))
            if seen[-1] in ends:
                break
    return seen[len(tokens) :]


def test_batched_answers_are_those_of_one_prompt_at_a_time(quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, None)
    objective.model.eval()
    prompts = [prompt_tokens(bench, bench.encoder.chat.render(m[:1], prompt=True)) for m in talks(7).messages]
    assert len({len(prompt) for prompt in prompts}) > 1
    ends = end_tokens(bench)
    expected = [bench.tokenizer.decode(alone(objective, p, ends, 9), skip_special_tokens=True).strip() for p in prompts]
    assert write(objective, bench, prompts, 9) == expected


def test_answers_end_at_the_end_of_the_turn_and_prompts_are_cut_to_the_context(quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    assert set(bench.tokenizer.convert_ids_to_tokens(end_tokens(bench))) == {"<|end|>", "<|im_end|>"}
    objective = adapted_model(quick, bench, None)
    long_prompt = prompt_tokens(bench, "word " * 2000)  # far beyond the context of the base
    objective.model.eval()
    last = alone(objective, long_prompt[-60:], end_tokens(bench), 4)
    expected = bench.tokenizer.decode(last, skip_special_tokens=True).strip()
    assert write(objective, bench, [long_prompt], 4, context_tokens=64) == [expected]


def test_generation_shows_the_base_beside_the_adapter_on_both_sets(tmp_path: Path, quick: TrainConfig) -> None:
    # All weights learn: an adapter on so small a random base finds the number on some processors and seeds only.
    config = quick.replace(method="full", steps=80, learning_rate=5e-3, tensorboard=False, answer_tokens=12)
    held, real = talks(12, 100), talks(6, 200)
    run = train_adapter(
        talks(90), config, tmp_path, validation=talks(9, 300), evaluation=held, real_world=real, thorough=True
    )
    done = json.loads((tmp_path / "done.json").read_text())
    for name, rows in (("evaluation", 12), ("real_world", 6)):
        adapter, base = done[name], done[f"base_{name}"]
        assert base["method"] == "base model as it is, no adapter"
        assert adapter["answers"]["answers"] == base["answers"]["answers"] == rows
        assert adapter["nats_per_token"] < base["nats_per_token"] - 1
        assert adapter["bits_per_byte"] < base["bits_per_byte"]
        assert adapter["answers"]["exact_match"] > 0.9
        assert adapter["answers"]["numeric_match"] > 0.9
        assert base["answers"]["exact_match"] == 0.0
    assert run.scores is not None
    assert done["evaluation"]["nats_per_token"] == pytest.approx(run.scores.mean())
    assert (tmp_path / "base.json").is_file()


def test_the_base_in_the_same_load_scores_as_a_base_loaded_by_itself(tmp_path: Path, quick: TrainConfig) -> None:
    from train.baseline import evaluate_base

    held = talks(8, 100)
    config = quick.replace(steps=3, tensorboard=False, answer_rows=0)
    run = train_adapter(talks(30), config, tmp_path / "a", evaluation=held, thorough=True)
    alone_ = evaluate_base(None, held, config, tmp_path / "b")
    assert run.done["base_evaluation"]["nats_per_token"] == pytest.approx(alone_.done["evaluation"]["nats_per_token"])
    assert "answers" not in run.done["evaluation"]


@pytest.mark.parametrize("start", ["ridge", "random"])
def test_classification_shows_a_base_with_a_linear_head_beside_the_adapter(
    tmp_path: Path, quick: TrainConfig, tickets: Examples, start: str
) -> None:
    config = quick.replace(steps=40, head_start=start, tensorboard=False)
    held, real = make_tickets(60, 71, 500), make_tickets(40, 72, 600)
    run = train_adapter(tickets, config, tmp_path, evaluation=held, real_world=real, thorough=True)
    for name in ("evaluation", "real_world"):
        base = run.done[f"base_{name}"]
        assert base["method"].startswith("frozen base with a linear")
        assert base["accuracy"] > 0.4  # far above the third that chance gives: the head is fitted
        low, high = base["intervals"]["accuracy"]
        assert low <= base["accuracy"] <= high
    checks = run.done["evaluation"]["fairness"]["checks"]
    assert {check["column"] for check in checks} == {"region"}
    assert {check["outcome"] for check in checks} <= {"disparity", "equivalent", "insufficient evidence", "not applicable"}


def test_real_cases_with_labels_that_training_never_saw_count_as_wrong(
    tmp_path: Path, quick: TrainConfig, tickets: Examples
) -> None:
    real = Examples("classification", np.arange(900, 903), ("card pin", "refund money", "hello"), ("card", "refund", "new"))
    run = train_adapter(tickets, quick.replace(steps=5), tmp_path, evaluation=tickets, real_world=real, thorough=True)
    assert run.done["real_world"]["rows_with_unknown_label"] == 1
    assert run.done["real_world"]["accuracy"] <= 2 / 3


def test_a_thorough_run_is_another_run_and_is_found_finished(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    config = quick.replace(steps=3, tensorboard=False)
    held = make_tickets(30, 81, 700)
    plain = train_adapter(tickets, config, tmp_path, evaluation=held)
    full = train_adapter(tickets, config, tmp_path, evaluation=held, thorough=True)
    again = train_adapter(tickets, config, tmp_path, evaluation=held, thorough=True)
    other = train_adapter(tickets, config, tmp_path, evaluation=held, thorough=True, real_world=held.take(range(9)))
    assert (plain.resumed, full.resumed, again.resumed, other.resumed) == (False, False, True, False)


def test_answers_of_rows_whose_last_turn_is_not_an_answer_are_those_of_the_last_answer(quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, None)
    turns = (
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "thanks"},
    )
    answers, references, _ = write_answers(objective, bench, Examples("chat", np.arange(1), messages=(turns,)), 4)
    assert references == ["b"]
    assert len(answers) == 1


def test_answers_that_their_limit_ends_are_told(tmp_path: Path, quick: TrainConfig) -> None:
    """A model that thinks for longer than `answer_tokens` would be wrong without a word."""
    held = make_talks(8, 900)
    run = train_adapter(make_talks(20), quick.replace(steps=1, answer_tokens=1), tmp_path, evaluation=held, thorough=True)
    said = run.done["evaluation"]["answers"]["methods"]["answers"]
    assert re.fullmatch(r"\d of 8 did not end within answer_tokens = 1 and count as far as they came", said)


def test_the_token_that_an_encoder_decoder_begins_with_ends_no_answer(base: Path, tmp_path: Path) -> None:
    """BART begins with the token that ends: no answer of it was ever told as cut."""
    transformers = extra("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    end = tokenizer.eos_token_id
    shape = transformers.BartConfig(
        vocab_size=384, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_attention_heads=2, decoder_ffn_dim=64, max_position_embeddings=128, pad_token_id=1, bos_token_id=end,
        eos_token_id=end, decoder_start_token_id=end, forced_eos_token_id=None,
    )  # fmt: skip
    model = transformers.BartForConditionalGeneration(shape)
    model.final_logits_bias[0, end] = -1e4  # never ends
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    settings = TrainConfig(base=str(tmp_path), max_length_tokens=64)
    bench = open_workbench(settings)
    assert write_answers(adapted_model(settings, bench, None), bench, make_talks(4), 3)[2] == 4


def test_an_answer_that_calls_a_tool_is_compared_with_the_call_as_it_is_written(quick: TrainConfig) -> None:
    bench = open_workbench(dataclasses.replace(quick, chat_template="plain"))
    objective = adapted_model(quick, bench, None)
    call = {"type": "function", "function": {"name": "find_card", "arguments": "{}"}}
    turns = ({"role": "user", "content": "my card"}, {"role": "assistant", "content": "", "tool_calls": [call]})
    _, (reference,), _ = write_answers(objective, bench, Examples("chat", np.arange(1), messages=(turns,)), 2)
    assert "find_card" in reference
    assert "my card" not in reference
