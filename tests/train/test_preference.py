"""Preference objectives: DPO and KTO by TRL, and ranking, put better answers above worse ones; what cannot be is said."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_base import make_talks
from torch.nn import functional

from audit.report.adapters import adapter_of
from curate.cli.trained import told
from curate.dataset import load
from curate.errors import Cancelled, ConfigError, DataError, MissingExtraError
from train.adapters import load_adapter
from train.config import TrainConfig
from train.examples import Examples, from_dataset, only_wanted
from train.generate import generate
from train.lora import adapted_model, open_workbench, train_adapter
from train.preference import Preferences, paired
from train.preference.measure import SHARPNESS
from train.trainer import PairedBatches

trl = pytest.importorskip("trl")
WORDS = ["card", "refund", "login"]


def talks(n: int, first: int = 0, *, marks: bool = False) -> Examples:
    """Prompts whose better answer names the number's word, and whose worse one names the next."""

    def turns(i: int, word: str) -> Any:
        return {"role": "user", "content": f"say {i % 3}"}, {"role": "assistant", "content": word}

    good = tuple(turns(i, WORDS[i % 3]) for i in range(n))
    bad = tuple(turns(i, WORDS[(i + 1) % 3]) for i in range(n))
    ids = np.arange(first, first + n)
    if marks:
        wanted = tuple(i % 2 == 0 for i in range(n))
        return Examples("sft", ids, messages=tuple(g if w else b for g, b, w in zip(good, bad, wanted)), wanted=wanted)
    return Examples("sft", ids, messages=good, rejected=bad)


def learning(quick: TrainConfig, objective: str, **more: Any) -> TrainConfig:
    return quick.replace(objective=objective, steps=60, learning_rate=5e-3, **more)


@pytest.mark.parametrize("objective", ["dpo", "ranking"])
def test_pairs_teach_to_prefer_the_better_answer(objective: str, quick: TrainConfig, tmp_path: Path) -> None:
    config = learning(quick, objective, early_stopping_patience_evaluations=0)
    run = train_adapter(talks(48), config, tmp_path, evaluation=talks(12, 100), validation=talks(9, 300))
    told = run.done["preference"]
    assert told["rows"] == 12
    assert told["above_rejected"] > told["base_above_rejected"] + 0.2
    assert told["base_above_rejected"] < 1.0
    assert told["intervals"]["above_rejected"][0] <= told["above_rejected"]
    losses = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    steps = [line["loss"] for line in losses if "loss" in line]
    assert steps[0] == pytest.approx(np.log(2), abs=0.05 if objective == "dpo" else 0.5)
    assert steps[-1] < 0.7 * steps[0]
    assert any("validation" in line for line in losses)  # by the objective's own loss
    assert all(len(line["row_ids"]) == config.batch_rows for line in losses if "loss" in line)
    answer = generate(load_adapter(tmp_path), ["say 1"], new_tokens=3)[0].answer
    assert answer is not None
    names = {p.name for p in (tmp_path / "adapter").iterdir()}
    assert "ref" not in names  # TRL's copy of the fresh adapter is not ours to ship


def test_marked_answers_teach_what_is_wanted(quick: TrainConfig, tmp_path: Path) -> None:
    run = train_adapter(talks(60, marks=True), learning(quick, "kto"), tmp_path, evaluation=talks(24, 100, marks=True))
    told = run.done["preference"]
    assert told["above_unwanted"] > told["base_above_unwanted"] + 0.2
    assert run.done["evaluation"]["rows"] == 12  # likelihood is asked of wanted answers alone


@pytest.mark.parametrize("method", ["ia3", "full"])
def test_methods_without_a_second_adapter_get_a_reference_model(method: str, quick: TrainConfig, tmp_path: Path) -> None:
    config = learning(quick, "dpo", method=method).replace(learning_rate=2e-3 if method == "full" else 5e-2)
    run = train_adapter(talks(30), config, tmp_path, evaluation=talks(12, 100))
    assert run.done["preference"]["above_rejected"] > 0.9


def test_the_loss_of_dpo_is_the_papers(quick: TrainConfig, tmp_path: Path) -> None:
    config = learning(quick, "dpo").replace(steps=3, batch_rows=6, learning_rate=0.02, warmup_fraction=0.0)
    rows = talks(6)
    bench = open_workbench(config)
    objective = adapted_model(config, bench, None)
    preferences = Preferences(objective, bench, rows, config)
    assert np.allclose(preferences.losses(), np.log(2), atol=1e-6)
    train_adapter(rows, config, tmp_path, workbench=bench)
    trained = load_adapter(tmp_path).objective
    preferences.objective = trained
    pairs = paired(rows, bench.encoder)
    # By hand: each answer's log probability under the model and under its base, from the model's own logits.
    gains = []
    for side in (pairs.chosen, pairs.rejected):
        for tokens, mask in zip(side.tokens, side.supervised, strict=True):
            both = []
            for base in (False, True):
                ids = torch.from_numpy(tokens.astype(np.int64))[None]
                with torch.no_grad():
                    if base:
                        with trained.as_base():
                            logits = trained.model(input_ids=ids).logits
                    else:
                        logits = trained.model(input_ids=ids).logits
                nats = functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="none")
                both.append(float(nats[torch.from_numpy(mask[1:])].sum()))
            gains.append(both[1] - both[0])
    margin = np.array(gains[:6]) - np.array(gains[6:])
    assert np.allclose(preferences.losses(), np.logaddexp(0, -config.preference_beta * margin), atol=1e-4)


def test_the_ranking_loss_is_what_it_says(quick: TrainConfig) -> None:
    config = quick.replace(objective="ranking", preference_beta=0.2)
    bench = open_workbench(config)
    objective = adapted_model(config, bench, None)
    pairs = paired(talks(5), bench.encoder)
    batch = PairedBatches(pairs.both(), np.arange(5)[None], 5, bench.tokenizer.pad_token_id)[0]
    assert (batch.pairs, batch.weight()) == (5, 5.0)
    from train.score import answer_nats

    nats, tokens = answer_nats(objective, pairs.both(), bench.tokenizer.pad_token_id)
    each = nats / tokens
    by_hand = np.logaddexp(0, -SHARPNESS * 0.2 * (each[5:] - each[:5])).sum()
    assert float(objective.loss(batch, config).detach()) == pytest.approx(by_hand, abs=1e-3)


def test_only_the_last_answer_of_a_conversation_is_compared(quick: TrainConfig) -> None:
    before = ({"role": "user", "content": "say 0"}, {"role": "assistant", "content": "card"})
    asked = {"role": "user", "content": "say 1"}
    rows = Examples(
        "sft", np.arange(1), messages=((*before, asked, {"role": "assistant", "content": "refund"}),),
        rejected=((*before, asked, {"role": "assistant", "content": "login"}),),
    )  # fmt: skip
    bench = open_workbench(quick)
    pairs = paired(rows, bench.encoder)
    learned = [
        bench.tokenizer.decode(side.tokens[0][side.supervised[0]], skip_special_tokens=True).strip()
        for side in (pairs.chosen, pairs.rejected)
    ]
    assert learned == ["refund", "login"]


@pytest.mark.parametrize("objective", ["dpo", "ranking"])
def test_a_stopped_run_goes_on_to_the_same_weights(objective: str, quick: TrainConfig, tmp_path: Path) -> None:
    config = learning(quick, objective).replace(steps=8)

    def stop(event: dict[str, Any]) -> None:
        if event.get("step") == 5:
            raise Cancelled("enough")

    train_adapter(talks(24), config, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train_adapter(talks(24), config, tmp_path / "broken", progress=stop)
    assert train_adapter(talks(24), config, tmp_path / "broken").done["resumed_from_step"] == 5
    from safetensors.torch import load_file

    one, two = (load_file(tmp_path / part / "adapter" / "adapter_model.safetensors") for part in ("whole", "broken"))
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[key], two[key], atol=1e-6) for key in one)


def test_rows_that_cannot_teach_it_are_refused_with_what_would(quick: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs rows with a chosen and a rejected answer"):
        train_adapter(make_talks(9), quick.replace(objective="dpo"), tmp_path)
    with pytest.raises(ConfigError, match="'kto' learns from answers marked"):
        train_adapter(talks(9, marks=True), quick.replace(objective="ranking"), tmp_path)
    with pytest.raises(ConfigError, match="'dpo' and 'ranking' learn from chosen and rejected"):
        train_adapter(talks(9), quick.replace(objective="kto"), tmp_path)
    with pytest.raises(DataError, match="these rows have one kind"):
        train_adapter(only_wanted(talks(9, marks=True)), quick.replace(objective="kto"), tmp_path)
    once = quick.replace(objective="kto", gradient_accumulation_batches=16)
    with pytest.raises(ConfigError, match="at least 2 rows in each"):
        train_adapter(talks(20, marks=True), once, tmp_path)
    with pytest.raises(ConfigError, match="is held near its base by preference_beta"):
        train_adapter(talks(9), quick.replace(objective="dpo", base_kl=1.0), tmp_path)


def test_without_trl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from train.preference.by_trl import _trainer_class

    monkeypatch.setitem(sys.modules, "trl", None)
    _trainer_class.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'curate-toolkit\[dpo\]'"):
        _trainer_class("dpo")


def test_files_give_both_answers_and_marks(tmp_path: Path) -> None:
    paired_file, marked = tmp_path / "pairs.jsonl", tmp_path / "marked.jsonl"
    paired_file.write_text(
        "".join(json.dumps({"prompt": f"q{i}", "chosen": f"good {i}", "rejected": f"bad {i}"}) + "\n" for i in range(4))
    )
    rows = from_dataset(load(paired_file, task="preference"))
    assert [turns[-1]["content"] for turns in rows.rejected] == [f"bad {i}" for i in range(4)]
    assert rows.take([2, 0]).rejected[0][-1]["content"] == "bad 2"
    marked.write_text(
        "".join(json.dumps({"prompt": f"q{i}", "completion": f"a{i}", "label": i % 2 == 0}) + "\n" for i in range(6))
    )
    data = load(marked, task="unpaired_preference")
    assert len(from_dataset(data)) == 3
    every = from_dataset(data, unwanted=True)
    assert every.wanted == (True, False, True, False, True, False)
    assert only_wanted(every).ids.tolist() == [0, 2, 4]


def test_counts_of_rows_and_pairs_stand_nowhere_among_the_metrics(quick: TrainConfig, tmp_path: Path) -> None:
    for objective, marks in (("dpo", False), ("kto", True)):
        rows, folder = talks(24, marks=marks), tmp_path / objective
        run = train_adapter(
            rows, learning(quick, objective).replace(steps=2), folder, evaluation=talks(12, 100, marks=marks)
        )
        counts = {name for name, value in run.done["evaluation"].items() if isinstance(value, int)}
        assert {"rows", "supervised_tokens"} <= counts
        lines = list(told(run.done))
        assert any("nats_per_token" in line for line in lines)
        assert not [line for line in lines for name in counts if line.split()[:1] == [name]]
        (shown,) = adapter_of(folder).sets
        assert not {metric.name.replace(" ", "_") for metric in shown.metrics} & counts
