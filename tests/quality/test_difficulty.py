"""Instruction-following difficulty: the losses are those of the model itself, and misplaced answers are harder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from curate.dataset import load
from curate.errors import ConfigError, StageSkipped
from curate.stages.base import Context
from train.base import load_model, load_tokenizer, resolve_base
from train.config import TrainConfig
from train.difficulty import answer_losses
from train.stages.instruction_difficulty import STAGE

PROMPTS = ["What is the capital of France?", "Name three colours of the rainbow.", "How do birds fly in the wind?"]
ANSWERS = [
    "The capital of France is Paris, a large city in the north of France.",
    "Three colours of the rainbow are red, green and blue.",
    "Birds fly by moving their wings, which push the wind down and lift the birds up.",
]


def test_losses_are_those_that_the_model_gives_itself() -> None:
    import torch

    found = answer_losses(PROMPTS, ANSWERS, "bundled", device="cpu")
    source = resolve_base("bundled")
    tokenizer = load_tokenizer(source)
    model = load_model(source, tokenizer, TrainConfig(device="cpu"), None).eval()
    for i, (prompt, answer) in enumerate(zip(PROMPTS, ANSWERS, strict=True)):
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        body = tokenizer(answer, add_special_tokens=False)["input_ids"]
        first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        before = tokenizer(text, add_special_tokens=False)["input_ids"]
        for told, head in ((found.with_prompt, before), (found.alone, [first])):
            ids = torch.tensor([head + body])
            labels = torch.tensor([[-100] * len(head) + body])
            with torch.inference_mode():
                loss = float(model(input_ids=ids, labels=labels).loss)
            assert told[i] == pytest.approx(loss * len(body), rel=1e-4)
        assert found.tokens[i] == len(body)


def test_an_answer_helps_less_under_another_prompt() -> None:
    own = answer_losses(PROMPTS, ANSWERS, "bundled", device="cpu").ratio
    other = answer_losses(PROMPTS[1:] + PROMPTS[:1], ANSWERS, "bundled", device="cpu").ratio
    assert (own < other).all()


def test_long_pairs_are_cut_and_empty_answers_have_no_ratio() -> None:
    found = answer_losses(["word " * 5000, "x"], ["stone " * 5000, ""], "bundled", max_length_tokens=64, device="cpu")
    assert found.tokens.tolist() == [32, 0]
    assert np.isfinite(found.ratio[0])
    assert np.isnan(found.ratio[1])


def _load(tmp_path: Path, rows: list[dict[str, object]]) -> object:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path)


def test_the_stage_scores_every_answer_and_flags_few(tmp_path: Path) -> None:
    rows = [{"instruction": p, "input": "", "output": a} for p, a in zip(PROMPTS * 20, ANSWERS * 20, strict=True)]
    rows[7]["output"] = ""
    dataset = _load(tmp_path, rows)
    found = STAGE.detect(dataset, STAGE.config(device="cpu", hardest_share=0.05, min_answer_tokens=5), Context())
    assert found.scores is not None
    assert found.scores["row"].to_pylist() == [i for i in range(60) if i != 7]
    score = found.scores["score"].to_numpy()
    assert score[0] == score[3]
    flags = found.findings.to_pylist()
    assert {flag["action"] for flag in flags} <= {"flag"}
    hardest = [flag["row"] for flag in flags if flag["rule"] == "hardest"]
    misleading = [flag["row"] for flag in flags if flag["rule"] == "misleading_prompt"]
    assert len(hardest) <= 2
    assert all(score[found.scores["row"].to_pylist().index(row)] >= 1.0 for row in misleading)
    again = STAGE.detect(dataset, STAGE.config(device="cpu", hardest_share=0.05, min_answer_tokens=5), Context())
    assert again.scores == found.scores
    assert again.findings == found.findings


def test_the_stage_says_what_it_cannot_judge(tmp_path: Path) -> None:
    dataset = _load(tmp_path, [{"text": f"number {i}", "label": "ab"[i % 2]} for i in range(20)])
    with pytest.raises(StageSkipped, match="prompts"):
        STAGE.detect(dataset, STAGE.config(), Context())
    with pytest.raises(ConfigError, match="hardest_share"):
        STAGE.config(hardest_share=1.5)
    assert STAGE.depends_on(STAGE.config())["bundled"] == resolve_base("bundled").fingerprint()
