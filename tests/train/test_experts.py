"""Bases that are no plain Llama: experts behind a router, sliding windows, linear attention; tiny and random."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_base import make_talks

from train.ablation.stacked import train_stacked
from train.adapters import load_adapter
from train.config import TrainConfig
from train.decode import prompt_tokens, write
from train.extra import extra
from train.lora import adapted_model, open_workbench, train_adapter
from train.merge import merge_adapter
from train.processes import Job
from train.score import answer_nats

EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "head_dim": 16}
LINEAR = {
    "shared_expert_intermediate_size": 32, "layer_types": ["linear_attention", "full_attention"], "linear_num_key_heads": 2,
    "linear_num_value_heads": 2, "linear_key_head_dim": 16, "linear_value_head_dim": 16,
}  # fmt: skip
JAMBA = {
    "num_experts": 4, "num_experts_per_tok": 2, "expert_layer_period": 2, "expert_layer_offset": 1, "mamba_d_state": 8,
    "attn_layer_period": 2, "attn_layer_offset": 1, "mamba_dt_rank": 4, "use_mamba_kernels": False,
}  # fmt: skip
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen3_moe": ("Qwen3Moe", EXPERTS),
    "gpt_oss": ("GptOss", {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 16}),
    "qwen3_next": ("Qwen3Next", {**EXPERTS, **LINEAR}),
    "jamba": ("Jamba", JAMBA),
    "hunyuan": ("HunYuanMoEV1", {"num_experts": 4, "moe_topk": 2, "head_dim": 16}),
    "gemma2": ("Gemma2", {"head_dim": 16, "sliding_window": 8}),
}


@pytest.fixture(scope="module")
def bases(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch, transformers = extra("torch"), extra("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    shape = {
        "vocab_size": 384, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": 1, "bos_token_id": None,
    }  # fmt: skip
    made = {}
    for kind, (family, more) in KINDS.items():
        torch.manual_seed(0)
        settings = getattr(transformers, f"{family}Config")(**shape, **more)
        made[kind] = tmp_path_factory.mktemp(kind)
        getattr(transformers, f"{family}ForCausalLM")(settings).save_pretrained(made[kind])
        tokenizer.save_pretrained(made[kind])
    return made


def settings_of(quick: TrainConfig, folder: Path) -> TrainConfig:
    return quick.replace(base=str(folder), steps=4, batch_rows=8, learning_rate=1e-2)


@pytest.mark.parametrize("kind", ["gemma2", "qwen3_next"])
def test_rows_of_a_batch_do_not_reach_each_other_through_windows_or_states(
    kind: str, bases: dict[str, Path], quick: TrainConfig
) -> None:
    """axolotl-ai-cloud/axolotl#3453: packed rows leak through a linear layer's state, and the loss falls to 0."""
    settings = settings_of(quick, bases[kind])
    bench = open_workbench(settings)
    objective, rows, pad = adapted_model(settings, bench, None), make_talks(6), bench.tokenizer.pad_token_id
    together, _ = answer_nats(objective, bench.encoder.encode(rows), pad)
    alone = [float(answer_nats(objective, bench.encoder.encode(rows.take([i])), pad)[0][0]) for i in range(6)]
    assert together == pytest.approx(alone, abs=1e-4)
    prompts = [prompt_tokens(bench, f"say {'please ' * i}{i}") for i in (0, 4)]
    assert write(objective, bench, prompts, 4) == [write(objective, bench, [prompt], 4)[0] for prompt in prompts]


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        ("qwen3_moe", []),
        ("gpt_oss", ["experts.down_proj", "experts.gate_up_proj"]),
        ("qwen3_next", [f"shared_expert.{name}_proj" for name in ("down", "gate", "up")]),
    ],
)
def test_matrices_that_peft_leaves_out_are_named_and_the_adapter_is_whole(
    kind: str, left: list[str], bases: dict[str, Path], quick: TrainConfig, tmp_path: Path
) -> None:
    """huggingface/peft#3009, #3711, unslothai/unsloth#6936: experts stayed frozen, and the log said that they learn."""
    held = make_talks(6, 900)
    run = train_adapter(make_talks(30), settings_of(quick, bases[kind]), tmp_path / "run", evaluation=held)
    assert [alert["names"] for alert in run.done["alerts"] if alert["kind"] == "left_out"] == ([left] if left else [])
    loaded = load_adapter(tmp_path / "run")
    nats, tokens = answer_nats(loaded.objective, loaded.bench.encoder.encode(held), loaded.bench.tokenizer.pad_token_id)
    assert nats.sum() / tokens.sum() == pytest.approx(run.done["evaluation"]["nats_per_token"], abs=1e-5)
    merged = merge_adapter(tmp_path / "run", tmp_path / "merged")
    assert merged.largest_difference < 1e-4
    routers = [value for name, value in load_file(tmp_path / "run/adapter/adapter_model.safetensors").items()
               if ".gate.lora_B" in name]  # fmt: skip
    assert not any(value.any() for value in routers)


@pytest.mark.parametrize("kind", ["qwen3_moe", "jamba", "hunyuan"])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_routers_stay_as_the_base_has_them(
    method: str, kind: str, bases: dict[str, Path], quick: TrainConfig, tmp_path: Path
) -> None:
    """huggingface/trl#1544, #6085: trained without a loss that balances experts, a router sends all tokens to a few."""
    settings = settings_of(quick, bases[kind]).replace(method=method)
    objective = adapted_model(settings, open_workbench(settings), None)
    learning = {name for name, parameter in objective.model.named_parameters() if parameter.requires_grad}
    assert any(part in name for name in learning for part in (".experts.", ".self_attn."))
    assert not any(part in name for name in learning for part in (".gate.", ".router."))


@pytest.mark.parametrize("kind", ["qwen3_moe", "jamba"])
@pytest.mark.filterwarnings("error:.*_pattern keys")
def test_preferences_of_models_with_experts_lower_their_own_loss_alone(
    kind: str, bases: dict[str, Path], quick: TrainConfig, tmp_path: Path
) -> None:
    """TRL adds a loss that balances experts by itself; under Jamba, whose layers are not all of experts, it fails."""
    pytest.importorskip("trl")
    good = make_talks(16)
    bad = tuple((talk[0], {"role": "assistant", "content": "no"}) for talk in good.messages)
    settings = settings_of(quick, bases[kind]).replace(objective="dpo", steps=1)
    train_adapter(dataclasses.replace(good, rejected=bad), settings, tmp_path / "run", watch=False)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert next(line["loss"] for line in lines if "loss" in line) == pytest.approx(math.log(2), abs=1e-5)


def test_adapters_beside_experts_are_not_stacked(bases: dict[str, Path], quick: TrainConfig, tmp_path: Path) -> None:
    config = settings_of(quick, bases["qwen3_moe"])
    rows = make_talks(20)
    jobs = [Job(f"{i}", rows, rows, config.replace(seed=i), tmp_path / str(i), None, {}) for i in range(2)]
    assert train_stacked(jobs, open_workbench(config), lambda *_: None) == set()
    assert np.array_equal(sorted(path.name for path in tmp_path.iterdir()), [])
