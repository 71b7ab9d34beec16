"""Every method trains, changes what it says it changes, and is saved, loaded, merged, resumed and refused as promised."""

from __future__ import annotations

import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_bases import encoder, seq2seq  # noqa: F401 - fixtures
from tiny_base import make_talks, make_tickets

from curate.errors import Cancelled, ConfigError
from train.adapters import load_adapter
from train.config import METHODS as NAMES
from train.config import TrainConfig
from train.extra import extra
from train.generate import generate
from train.lora import adapted_model, open_workbench, train_adapter
from train.merge import merge_adapter
from train.methods import ADAPTER, METHODS, PATCH, WHOLE
from train.objective import Objective, collate
from train.resources import estimate_needs

ON_A_LLAMA = ("lora", "lora_plus", "ia3", "layernorm", "full")
WITHOUT_SLOW = [pytest.param(n, marks=pytest.mark.slow) if n.startswith("lora") else n for n in ON_A_LLAMA]
"""LoRA learns in most tests of this folder, and LoRA+ differs in its rates alone."""
RATES = {"lora": 1e-2, "lora_plus": 3e-3, "ia3": 5e-2, "layernorm": 5e-2, "full": 5e-3, "bitfit": 2e-2}


def learned(objective: Objective) -> dict[str, torch.Tensor]:
    return {n: p for n, p in objective.model.named_parameters() if p.requires_grad and not objective.is_head(n)}


def test_the_registry_and_the_configuration_name_the_same_methods() -> None:
    assert sorted(METHODS) == sorted(NAMES)
    assert all(method.name == name and method.when for name, method in METHODS.items())
    with pytest.raises(ConfigError, match="did you mean 'bitfit'"):
        TrainConfig(method="bitfitt")


@pytest.mark.parametrize("name", WITHOUT_SLOW)
def test_a_method_learns_answers_and_its_result_is_loaded_and_tried(
    name: str, quick: TrainConfig, tmp_path: Path
) -> None:
    config = quick.replace(method=name, steps=60, learning_rate=RATES[name])
    held = make_talks(9, 100)
    bench = open_workbench(config)
    from train.lora import score_examples

    fresh = score_examples(adapted_model(config, bench, None), held, bench, None, None)
    run = train_adapter(make_talks(60), config, tmp_path / "run", evaluation=held)
    assert run.done["method"] == name
    assert run.scores is not None
    assert run.scores.mean() < fresh.mean() - 0.5
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Unsupported layer type")  # peft's word, of no use to who loads an adapter
        loaded = load_adapter(tmp_path / "run")
    again = score_examples(loaded.objective, held, loaded.bench, None, None)
    assert np.allclose(again.score, run.scores.score, atol=1e-4)
    assert generate(loaded, ["say 1"], new_tokens=3)[0].answer
    assert f"- {name}\n" in (tmp_path / "run" / "adapter" / "README.md").read_text()
    files = {p.name for p in (tmp_path / "run" / "adapter").iterdir()}
    assert ("adapter_model.safetensors" in files) == (METHODS[name].saved_as == ADAPTER)
    assert ("model.safetensors" in files) == (METHODS[name].saved_as == WHOLE)
    if METHODS[name].saved_as == WHOLE:
        with pytest.raises(ConfigError, match="full weights already"):
            merge_adapter(tmp_path / "run", tmp_path / "full")
        stock = extra("transformers").AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "adapter")
        assert sum(p.numel() for p in stock.parameters()) == sum(p.numel() for p in loaded.objective.model.parameters())
    else:
        assert merge_adapter(tmp_path / "run", tmp_path / "full").largest_difference < 1e-2
        with loaded.objective.as_base():
            base = score_examples(loaded.objective, held, loaded.bench, None, None)
        assert np.allclose(base.score, fresh.score, atol=1e-4)  # the base is still there


@pytest.mark.parametrize("name", WITHOUT_SLOW)
def test_a_method_learns_classes_with_a_head_beside_it(name: str, quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(method=name, steps=40, learning_rate=RATES[name])
    held = make_tickets(60, seed=2, first_id=900)
    run = train_adapter(make_tickets(150, seed=1), config, tmp_path, evaluation=held)
    assert run.scores is not None
    assert run.scores.mean() > 0.55  # chance is a third
    tried = generate(load_adapter(tmp_path), list(held.texts))
    assert [t.labels[0][0] for t in tried] == list(run.scores.prediction)


def test_what_is_trained_is_what_the_method_says(quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    trained = {
        name: learned(adapted_model(quick.replace(method=name), bench, None)) for name in ON_A_LLAMA
    }
    assert all("lora_" in name for name in trained["lora"])
    assert trained["lora"].keys() == trained["lora_plus"].keys()
    assert all("ia3_l" in name for name in trained["ia3"])
    assert all("norm" in name for name in trained["layernorm"])
    sizes = {name: sum(p.numel() for p in parameters.values()) for name, parameters in trained.items()}
    assert sizes["layernorm"] < sizes["ia3"] < sizes["lora"] < sizes["full"]
    everything = sum(p.numel() for p in adapted_model(quick, bench, None).inner.parameters())
    assert sizes["full"] > 0.5 * everything


def test_lora_plus_gives_the_second_matrices_a_higher_rate(quick: TrainConfig) -> None:
    config = quick.replace(method="lora_plus", lora_plus_ratio=8.0, learning_rate=1e-3)
    objective = adapted_model(config, open_workbench(config), None)
    named = list(learned(objective).items())
    slow, fast = METHODS["lora_plus"].groups(named, config)
    b = {id(p) for n, p in named if "lora_B" in n}
    assert {id(p) for p in fast["params"]} == b
    assert len(slow["params"]) == len(named) - len(b)
    assert (slow["lr"], fast["lr"]) == (1e-3, pytest.approx(8e-3))


@pytest.mark.parametrize("name", ON_A_LLAMA)
def test_layers_are_chosen_by_number_also_from_the_end(name: str, quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    last = learned(adapted_model(quick.replace(method=name, layers=(-1,)), bench, None))
    assert last
    assert all(".layers.1." in parameter for parameter in last)
    with pytest.raises(ConfigError, match="has 2 layers: 0 to 1, or -2 to -1"):
        adapted_model(quick.replace(method=name, layers=(0, 5)), bench, None)


def test_chosen_layers_of_a_classifier_train_beside_its_head(quick: TrainConfig, tmp_path: Path) -> None:
    held = make_tickets(60, seed=2, first_id=900)
    config = quick.replace(layers=(1,), target_modules=("q_proj", "v_proj"), steps=40, learning_rate=1e-2)
    run = train_adapter(make_tickets(150, seed=1), config, tmp_path, evaluation=held)
    assert run.scores is not None
    assert run.scores.mean() > 0.5  # chance is a third; 0.73 and more
    loaded = load_adapter(tmp_path)
    adapted = {name.split(".lora_")[0] for name, _ in loaded.objective.model.named_parameters() if "lora_" in name}
    assert len(adapted) == 2
    assert all(".layers.1." in name for name in adapted)


def test_bitfit_trains_an_encoders_biases_and_leaves_a_small_patch(
    encoder: Path, tmp_path: Path  # noqa: F811
) -> None:
    config = TrainConfig(base=str(encoder), method="bitfit", steps=60, batch_rows=16, learning_rate=5e-3, tensorboard=False)
    held = make_tickets(40, seed=2, first_id=900)
    run = train_adapter(make_tickets(150, seed=1), config, tmp_path / "run", evaluation=held)
    assert run.scores is not None
    folder = tmp_path / "run" / "adapter"
    from safetensors.torch import load_file

    held_numbers = load_file(folder / "patch.safetensors")
    assert all(name.endswith(".bias") or name.startswith(("classifier.", "bert.pooler.")) for name in held_numbers)
    assert METHODS["bitfit"].saved_as == PATCH
    loaded = load_adapter(tmp_path / "run")
    assert [t.labels[0][0] for t in generate(loaded, list(held.texts))] == list(run.scores.prediction)
    own = dict(loaded.objective.model.named_parameters())
    patched = {name: own[name].detach().clone() for name in held_numbers}
    with loaded.objective.as_base():
        changed = [n for n in held_numbers if n.endswith(".bias") and "classifier" not in n and "pooler" not in n]
        assert all((own[name] - patched[name]).abs().max() > 0.01 for name in changed if ".key." not in name)
    assert all(torch.equal(own[name], patched[name]) for name in held_numbers)
    merge_adapter(tmp_path / "run", tmp_path / "full")
    again = generate(load_adapter(tmp_path / "full"), list(held.texts))
    assert [t.labels[0][0] for t in again] == list(run.scores.prediction)
    (folder / "patch.safetensors").write_bytes(b"\0" * 40)
    from curate.errors import DataError

    with pytest.raises(DataError, match="damaged or cut off"):
        load_adapter(tmp_path / "run")


def test_bitfit_teaches_a_base_with_biases_to_answer(quick: TrainConfig, base: Path, tmp_path: Path) -> None:
    from train.lora import score_examples

    transformers = extra("transformers")
    fast = transformers.AutoTokenizer.from_pretrained(base)
    torch.manual_seed(0)
    shape = transformers.GPT2Config(
        vocab_size=len(fast), n_embd=32, n_layer=2, n_head=2, n_positions=128, initializer_range=0.1, resid_pdrop=0.0,
        embd_pdrop=0.0, attn_pdrop=0.0, eos_token_id=fast.eos_token_id, bos_token_id=fast.eos_token_id,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(shape).save_pretrained(tmp_path / "base")
    fast.save_pretrained(tmp_path / "base")
    config = quick.replace(base=str(tmp_path / "base"), method="bitfit", steps=60, learning_rate=RATES["bitfit"])
    bench, held = open_workbench(config), make_talks(9, 100)
    objective = adapted_model(config, bench, None)
    assert all(name.endswith(".bias") for name in learned(objective))
    fresh = score_examples(objective, held, bench, None, None)
    run = train_adapter(make_talks(60), config, tmp_path / "run", evaluation=held)
    assert run.scores is not None
    assert run.scores.mean() < fresh.mean() - 0.75  # 1.74 by one seed


def test_a_method_that_the_architecture_lacks_says_which_would_work(
    quick: TrainConfig, encoder: Path, tmp_path: Path  # noqa: F811
) -> None:
    with pytest.raises(ConfigError, match="has none; 'layernorm', 'ia3' and 'lora' work"):
        adapted_model(quick.replace(method="bitfit"), open_workbench(quick), None)
    strange = extra("transformers").AutoConfig.from_pretrained(encoder)
    from train.methods.ia3 import IA3

    model: Any = extra("transformers").BertForMaskedLM(strange)
    model.config.model_type = "unheard_of"
    with pytest.raises(ConfigError, match=r"name them in target_modules: .*query"):
        IA3().prepare(model, quick, "SEQ_CLS")


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
def test_qlora_without_bitsandbytes_says_what_to_install_or_do(quick: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pip install 'curate-toolkit\[qlora\]'; without it, 'lora'"):
        train_adapter(make_talks(9), quick.replace(method="qlora"), tmp_path)


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
def test_qlora_trains_on_four_bits_and_serves_on_the_base(tmp_path: Path) -> None:
    from tiny_base import make_base

    base = make_base(tmp_path / "base", hidden=64)
    config = TrainConfig(base=str(base), method="qlora", steps=40, batch_rows=16, learning_rate=1e-2, max_length_tokens=64)
    run = train_adapter(make_talks(60), config, tmp_path / "run", evaluation=make_talks(9, 100))
    objective = adapted_model(config, open_workbench(config), None)
    kinds = {type(module).__name__ for module in objective.model.modules()}
    assert "Linear4bit" in kinds
    assert run.scores is not None
    assert run.scores.mean() < 3.0
    assert merge_adapter(tmp_path / "run", tmp_path / "full").largest_difference < 1e-2


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
def test_gradients_through_four_bits_are_those_of_the_unpacked_weights_also_after_an_evaluation(tmp_path: Path) -> None:
    from bitsandbytes.functional import dequantize_4bit
    from tiny_base import make_base

    base = make_base(tmp_path / "base", hidden=64)
    bench = open_workbench(TrainConfig(base=str(base)))
    batch = collate(bench.encoder.encode(make_talks(6)), range(6), None, bench.tokenizer.pad_token_id)
    four, plain = (
        adapted_model(TrainConfig(base=str(base), method=name, dtype="float32"), bench, None) for name in ("qlora", "lora")
    )
    packed = {n: m for n, m in four.model.named_modules() if type(m).__name__ == "Linear4bit"}
    targets = dict(plain.model.named_modules())
    with torch.no_grad():
        for name, module in packed.items():
            targets[name].weight.copy_(dequantize_4bit(module.weight.data, module.weight.quant_state))
        generator = torch.Generator().manual_seed(0)
        for name, parameter in learned(plain).items():  # B begins at zero, and would hide every gradient of A
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
            learned(four)[name].copy_(parameter)
    gradients = []
    for objective in (four, plain):
        objective.model.eval()
        with torch.no_grad():
            objective.token_logits(batch)
        objective.model.train()
        objective.loss(batch, TrainConfig()).backward()
        gradients.append({n: p.grad for n, p in learned(objective).items()})
    assert packed
    assert gradients[0].keys() == gradients[1].keys()
    for name, found in gradients[0].items():
        assert found is not None
        assert torch.allclose(found, gradients[1][name], rtol=1e-2, atol=1e-3 * float(gradients[1][name].abs().max())), name


@pytest.mark.parametrize("name", ["ia3", "full"])
def test_a_stopped_run_of_any_method_ends_with_the_weights_of_an_unbroken_one(
    name: str, quick: TrainConfig, tmp_path: Path
) -> None:
    config = quick.replace(method=name, steps=8, learning_rate=RATES[name], checkpoint_every_steps=2)

    def stop(event: dict[str, Any]) -> None:
        if event.get("step") == 5:
            raise Cancelled("enough")

    whole = train_adapter(make_talks(40), config, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train_adapter(make_talks(40), config, tmp_path / "broken", progress=stop)
    resumed = train_adapter(make_talks(40), config, tmp_path / "broken")
    assert resumed.done["resumed_from_step"] == 5
    assert resumed.done["final_loss"] == pytest.approx(whole.done["final_loss"], abs=1e-6)
    from safetensors.torch import load_file

    file = "model.safetensors" if name == "full" else "adapter_model.safetensors"
    one, two = (load_file(tmp_path / part / "adapter" / file) for part in ("whole", "broken"))
    assert all(torch.equal(one[key], two[key]) for key in one)


def kept_for_the_backward_pass(objective: Objective, batch: Any, config: TrainConfig) -> int:
    total = 0

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal total
        total += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        objective.loss(batch, config)
    return total


def test_activation_checkpointing_keeps_less_and_learns_the_same(quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(steps=6)
    for name, checkpointing in (("kept", False), ("again", True)):
        train_adapter(make_talks(40), config.replace(activation_checkpointing=checkpointing), tmp_path / name)
    losses = [
        [json.loads(line).get("loss") for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("kept", "again")
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5, nan_ok=True)
    bench = open_workbench(config)
    batch = collate(bench.encoder.encode(make_talks(16)), range(16), None, bench.tokenizer.pad_token_id)
    held = []
    for checkpointing in (False, True):
        asked = config.replace(activation_checkpointing=checkpointing)
        objective = adapted_model(asked, bench, None)
        objective.model.train()
        objective.token_logits(batch)  # finds out which way is right, outside of what is counted
        held.append(kept_for_the_backward_pass(objective, batch, asked))
    assert held[1] < 0.6 * held[0]


def test_the_estimate_of_memory_knows_the_method(base: Path, tmp_path: Path, quick: TrainConfig) -> None:
    def needs(**changes: Any) -> Any:
        return estimate_needs(base, quick.replace(**changes), tmp_path, logits=3, longest=64)

    sizes = [needs(method=name).trainable_bytes for name in ("layernorm", "ia3", "lora", "full")]
    assert sizes == sorted(sizes)
    assert sizes[-1] == pytest.approx(16 * needs().weights_bytes / 4, rel=0.01)
    assert needs(activation_checkpointing=True).activation_bytes < 0.8 * needs().activation_bytes


def test_half_precision_bases_learn_by_every_method(quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    batch = collate(bench.encoder.encode(make_talks(6)), range(6), None, bench.tokenizer.pad_token_id)
    for name in ON_A_LLAMA:
        config = quick.replace(method=name, dtype="bfloat16", device="cpu")
        objective = adapted_model(config, bench, None)
        objective.loss(batch, config).backward()
        gradients = [p.grad for p in learned(objective).values()]
        assert all(g is not None and g.dtype == torch.float32 and bool(g.isfinite().all()) for g in gradients), name


@pytest.mark.slow
def test_an_encoder_decoder_learns_by_factors_norms_and_all_weights(seq2seq: Path, tmp_path: Path) -> None:  # noqa: F811
    from test_bases import answers

    for name in ("ia3", "layernorm", "full"):
        config = TrainConfig(base=str(seq2seq), method=name, steps=40, batch_rows=12, learning_rate=RATES[name])
        run = train_adapter(answers(60), config.replace(tensorboard=False), tmp_path / name, evaluation=answers(9, 100))
        assert run.scores is not None
        assert run.scores.mean() < 4.0  # ln 200 = 5.3 before
        assert load_adapter(tmp_path / name).task == "sft"


