"""Training one adapter: it learns, it repeats, it resumes, it leaves what it promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_base import make_base, make_tickets

from curate.cli.trained import told
from curate.errors import ConfigError, DataError, RunError
from train.base import resolve_base
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra
from train.lora import adapted_model, open_workbench, score_examples, train_adapter
from train.objective import Objective, collate
from train.trainer import DivergedError


def pairs(n: int, first: int = 0) -> Examples:
    words = ["card", "refund", "login"]
    made = tuple(
        ({"role": "user", "content": f"say {i % 3}"}, {"role": "assistant", "content": words[i % 3]}) for i in range(n)
    )
    return Examples("sft", np.arange(first, first + n), messages=made)


def adapter_weights(directory: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(directory / "adapter" / "adapter_model.safetensors"))


def step_lines(directory: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def test_a_classifier_learns_and_leaves_its_files(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    held = make_tickets(60, seed=2, first_id=500)
    events: list[dict[str, Any]] = []
    run = train_adapter(tickets, quick.replace(steps=60), tmp_path, evaluation=held, progress=events.append)
    assert run.scores is not None
    assert run.scores.mean() > 0.6  # chance is a third; by seed and processor 0.8 to 0.9
    lines = step_lines(tmp_path)
    assert [line["step"] for line in lines] == list(range(1, 61))
    assert set(lines[0]) >= {"step", "loss", "learning_rate", "grad_norm", "tokens_per_s", "rows"}
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]
    assert [event["step"] for event in events if event["kind"] == "step"] == list(range(1, 61))
    left = {p.name for p in tmp_path.iterdir()} - {"tensorboard"}  # where that package is installed
    assert left == {"metrics.jsonl", "adapter", "eval.parquet", "done.json"}
    assert not [p for p in (tmp_path / "adapter").iterdir() if p.suffix in (".bin", ".pt", ".pkl")]


def test_generation_learns_answers_and_the_base_is_worse(tmp_path: Path, quick: TrainConfig) -> None:
    run = train_adapter(pairs(60), quick.replace(steps=40, learning_rate=1e-2), tmp_path, evaluation=pairs(9, 100))
    bench = open_workbench(quick)
    fresh = score_examples(adapted_model(quick, bench, None), pairs(9, 100), bench, None, None)
    assert run.scores is not None
    assert run.scores.mean() < fresh.mean() - 1.0


def test_the_same_run_gives_the_same_weights_and_another_seed_does_not(
    tmp_path: Path, quick: TrainConfig, tickets: Examples
) -> None:
    config = quick.replace(steps=8, lora_dropout=0.1)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train_adapter(tickets, config.replace(seed=seed), tmp_path / name)
    a, b, c = (adapter_weights(tmp_path / name) for name in "abc")
    assert all(torch.allclose(a[key], b[key], atol=1e-5) for key in a)
    assert any(not torch.allclose(a[key], c[key], atol=1e-3) for key in a)


def test_gradient_accumulation_changes_nothing(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    config = quick.replace(steps=6)
    train_adapter(tickets, config, tmp_path / "whole")
    train_adapter(tickets, config.replace(gradient_accumulation_batches=4), tmp_path / "parts")
    whole, parts = adapter_weights(tmp_path / "whole"), adapter_weights(tmp_path / "parts")
    assert all(torch.allclose(whole[key], parts[key], atol=2e-3) for key in whole)
    losses = [[line["loss"] for line in step_lines(tmp_path / name)] for name in ("whole", "parts")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)


def test_a_finished_run_is_not_trained_again_and_a_torn_one_is(
    tmp_path: Path, quick: TrainConfig, tickets: Examples
) -> None:
    config, held = quick.replace(steps=3), make_tickets(20, seed=3, first_id=900)
    first = train_adapter(tickets, config, tmp_path, evaluation=held)
    second = train_adapter(tickets, config, tmp_path, evaluation=held)
    assert (first.resumed, second.resumed) == (False, True)
    assert first.scores is not None
    assert second.scores is not None
    assert np.array_equal(first.scores.nll, second.scores.nll)
    assert not train_adapter(tickets, config.replace(steps=4), tmp_path, evaluation=held).resumed
    (tmp_path / "done.json").write_text('{"schema_version": 1, "run_')
    assert not train_adapter(tickets, config.replace(steps=4), tmp_path, evaluation=held).resumed


def test_work_of_another_version_of_the_encoding_is_not_found_finished_and_is_named_so(
    tmp_path: Path, quick: TrainConfig, tickets: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = quick.replace(steps=2)
    assert not train_adapter(pairs(12), config, tmp_path / "talks").resumed
    assert not train_adapter(tickets, config, tmp_path / "texts").resumed
    with pytest.raises(RunError, match="holds a finished adapter of other settings; name another"):
        train_adapter(pairs(12), config.replace(steps=3), tmp_path / "talks", keep_foreign=True)
    monkeypatch.setattr("train.record.VERSION", "later")
    assert train_adapter(tickets, config, tmp_path / "texts").resumed  # those are encoded as before
    with pytest.raises(RunError, match="holds a finished adapter of an earlier version of the encoding; name another"):
        train_adapter(pairs(12), config, tmp_path / "talks", keep_foreign=True)
    assert not train_adapter(pairs(12), config, tmp_path / "talks").resumed
    assert train_adapter(pairs(12), config, tmp_path / "talks").resumed


def test_early_stopping_keeps_the_best_adapter(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    config = quick.replace(
        steps=40, learning_rate=0.05, evaluate_every_steps=2, early_stopping_patience_evaluations=2, label_smoothing=0.1
    )
    wrong = make_tickets(40, seed=4, first_id=700)
    wrong = Examples("classification", wrong.ids, wrong.texts, wrong.labels[1:] + wrong.labels[:1])
    run = train_adapter(tickets, config, tmp_path, validation=wrong)
    assert run.done["steps"] < 40
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    measured = {line["step"]: line["validation"]["loss"] for line in lines if "validation" in line}
    assert len(measured) == run.done["steps"] // 2
    kept = min(measured, key=lambda step: measured[step])
    assert (run.done["kept_step"], run.done["planned_steps"]) == (kept, 40)
    (said,) = [line for line in told(run.done) if "stopped" in line]
    assert said.startswith(f"stopped after step {run.done['steps']} of 40, as the loss on validation rows fell no more")
    assert f"the adapter is that of step {kept} of 40" in said


def test_short_cuts_give_the_models_own_logits(quick: TrainConfig, tickets: Examples) -> None:
    bench = open_workbench(quick)
    encoded = bench.encoder.encode(pairs(7))
    objective = adapted_model(quick, bench, None)
    objective.model.eval()
    batch = collate(encoded, range(7), None, bench.tokenizer.pad_token_id)
    mask = (torch.arange(batch.tokens.shape[1])[None] < batch.lengths[:, None]).long()
    labels = torch.full_like(batch.tokens, -100).reshape(-1)
    assert batch.positions is not None
    labels[batch.positions + 1] = batch.targets
    stock = objective.model(input_ids=batch.tokens, attention_mask=mask, labels=labels.reshape(batch.tokens.shape)).loss
    assert objective.nats(batch).mean().item() == pytest.approx(stock.item(), abs=1e-5)
    assert objective._short_cut is True


def test_the_fused_layer_has_the_values_and_gradients_of_peft(quick: TrainConfig, tickets: Examples) -> None:
    bench = open_workbench(quick)
    batch = collate(bench.encoder.encode(pairs(7)), range(7), None, bench.tokenizer.pad_token_id)
    found = []
    for fused in (True, False):
        objective = adapted_model(quick, bench, None)
        layers = [m for m in objective.model.modules() if "forward" in vars(m)]
        assert len(layers) == 2 * 7
        torch.manual_seed(1)
        for name, parameter in objective.model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
        for layer in layers if not fused else []:
            del layer.forward
        loss = objective.nats(batch).mean()
        loss.backward()
        gradients = {n: p.grad for n, p in objective.model.named_parameters() if p.requires_grad}
        found.append((loss.item(), gradients))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    for name, gradient in found[1][1].items():
        assert gradient is not None
        assert torch.allclose(found[0][1][name], gradient, atol=1e-5), name


def test_layers_with_dropout_are_left_to_peft(quick: TrainConfig) -> None:
    objective = adapted_model(quick.replace(lora_dropout=0.1), open_workbench(quick), None)
    assert not [m for m in objective.model.modules() if "forward" in vars(m)]


def test_last_token_pooling_is_transformers_own_classifier(quick: TrainConfig, tickets: Examples) -> None:
    bench = open_workbench(quick)
    model = adapted_model(quick, bench, ["card", "refund", "login"]).model.eval()
    batch = collate(bench.encoder.encode(tickets), range(9), np.zeros(len(tickets)), bench.tokenizer.pad_token_id)
    mask = (torch.arange(batch.tokens.shape[1])[None] < batch.lengths[:, None]).long()
    ours = Objective(model, classification=True, pooling="last").logits(batch)
    assert torch.allclose(ours, model(input_ids=batch.tokens, attention_mask=mask).logits, atol=1e-5)


def test_the_saved_adapter_loads_in_peft_and_scores_the_same(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    config = quick.replace(steps=5, pooling="last")
    run = train_adapter(tickets, config, tmp_path, evaluation=tickets)
    bench = open_workbench(config)
    model = extra("transformers").AutoModelForSequenceClassification.from_pretrained(config.base, num_labels=3)
    model.config.pad_token_id = bench.tokenizer.pad_token_id
    loaded = extra("peft").PeftModel.from_pretrained(model, str(tmp_path / "adapter"))
    objective = Objective(loaded, classification=True, pooling="last")
    again = score_examples(objective, tickets, bench, run.done["labels"], None)
    assert run.scores is not None
    assert np.allclose(again.nll, run.scores.nll, atol=1e-5)


def test_unknown_target_modules_are_named_with_the_valid_ones(
    quick: TrainConfig, tickets: Examples, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"query_key_value.*down_proj.*q_proj"):
        train_adapter(tickets, quick.replace(target_modules=("q_proj", "query_key_value")), tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_it_unfinished(
    tmp_path: Path, quick: TrainConfig, tickets: Examples
) -> None:
    with pytest.raises(DivergedError, match="learning_rate"):
        train_adapter(tickets, quick.replace(learning_rate=1e30, head_learning_rate=1e30, scheduler="constant"), tmp_path)
    assert not (tmp_path / "done.json").exists()


def test_one_class_cannot_be_learned(quick: TrainConfig, tickets: Examples, tmp_path: Path) -> None:
    one = Examples("classification", tickets.ids, tickets.texts, ("a",) * len(tickets))
    with pytest.raises(DataError, match="at least 2 classes"):
        train_adapter(one, quick, tmp_path)


def test_bases_that_are_not_there_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a folder here nor a hub id"):
        resolve_base(str(tmp_path / "no such folder"))
    with pytest.raises(ConfigError, match=r"no config\.json"):
        resolve_base(str(tmp_path))
    assert resolve_base("owner/name").local is False


def test_a_tokenizer_without_a_pad_token_gets_one_and_without_an_end_token_is_explained(tmp_path: Path) -> None:
    folder = make_base(tmp_path)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert open_workbench(TrainConfig(base=str(folder))).tokenizer.pad_token_id is not None
    settings.pop("eos_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    model = json.loads((folder / "config.json").read_text())
    model["eos_token_id"] = None
    (folder / "config.json").write_text(json.dumps(model))
    with pytest.raises(ConfigError, match="no end-of-sequence token"):
        open_workbench(TrainConfig(base=str(folder)))
