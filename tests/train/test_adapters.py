"""What a training leaves: cards, adapters that are checked when loaded, full weights, cached tokens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_base import make_base, make_tickets

from curate.errors import ConfigError, CurateError, DataError
from train.adapters import load_adapter
from train.card import card
from train.config import TrainConfig
from train.examples import Examples
from train.generate import generate
from train.lora import TrainedRun, open_workbench, train_adapter
from train.merge import merge_adapter
from train.microscope import look


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, quick: TrainConfig, tickets: Examples) -> TrainedRun:
    folder = tmp_path_factory.mktemp("run")
    return train_adapter(tickets, quick, folder, evaluation=make_tickets(40, seed=2, first_id=900))


def copy_of(run: TrainedRun, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.directory, tmp_path / "copy"))


def test_an_adapter_tried_on_the_evaluation_rows_says_what_was_scored(run: TrainedRun) -> None:
    held = make_tickets(40, seed=2, first_id=900)
    tried = generate(load_adapter(run.directory), list(held.texts), top=3)
    assert run.scores is not None
    assert [t.labels[0][0] for t in tried] == list(run.scores.prediction)
    truth = [dict(t.labels)[label] for t, label in zip(tried, held.labels, strict=True)]
    assert np.allclose(-np.log(truth), run.scores.nll, atol=1e-4)


def test_merged_weights_are_loaded_without_peft_and_say_the_same(run: TrainedRun, tmp_path: Path) -> None:
    merged = merge_adapter(run.directory, tmp_path / "full")
    assert merged.largest_difference < 1e-3
    assert not list((tmp_path / "full").glob("adapter*"))
    assert {p.suffix for p in (tmp_path / "full").iterdir()} <= {".safetensors", ".json", ".jinja", ".md", ".txt"}
    texts = ["my visa card", "password again"]
    one, two = (generate(load_adapter(p), texts) for p in (run.directory, tmp_path / "full"))
    for a, b in zip(one, two, strict=True):
        assert [n for n, _ in a.labels] == [n for n, _ in b.labels]
        assert np.allclose([p for _, p in a.labels], [p for _, p in b.labels], atol=1e-4)
    with pytest.raises(ConfigError, match="is there already"):
        merge_adapter(run.directory, tmp_path / "full")
    with pytest.raises(ConfigError, match="full weights already"):
        merge_adapter(tmp_path / "full", tmp_path / "fuller")


def test_a_merge_that_would_change_the_model_is_found_out_and_leaves_nothing(
    run: TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import train.merge as merge

    real = merge._write

    def half(loaded: object, folder: Path) -> None:
        for name, parameter in loaded.objective.model.named_parameters():  # type: ignore[attr-defined]
            if "lora_B" in name:
                parameter.data.mul_(0.5)
        real(loaded, folder)  # type: ignore[arg-type]

    monkeypatch.setattr(merge, "_write", half)
    with pytest.raises(CurateError, match="other logits than base and adapter"):
        merge_adapter(run.directory, tmp_path / "full")
    assert not list(tmp_path.iterdir())


def test_an_adapter_of_another_base_is_refused(run: TrainedRun, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", seed=1)
    with pytest.raises(ConfigError, match="trained on another base model"):
        load_adapter(run.directory, base=str(other))


@pytest.mark.parametrize("damage", ["cut", "empty", "bits", "json", "shape", "absent"])
def test_a_damaged_adapter_is_named_and_not_used(run: TrainedRun, tmp_path: Path, damage: str) -> None:
    folder = copy_of(run, tmp_path) / "adapter"
    weights = folder / "adapter_model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "empty":
        weights.write_bytes(b"")
    elif damage == "bits":
        held = bytearray(weights.read_bytes())
        held[-100] ^= 0x40
        weights.write_bytes(held)
    elif damage == "json":
        (folder / "adapter_config.json").write_text("{")
    elif damage == "shape":
        settings = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps({**settings, "r": 7}))
    else:
        weights.unlink()
    with pytest.raises(DataError, match=r"damaged|does not fit|has no adapter_model"):
        load_adapter(folder)


def test_the_card_holds_the_numbers_of_the_run_and_none_of_its_texts(run: TrainedRun, tickets: Examples) -> None:
    text = (run.directory / "adapter" / "README.md").read_text()
    assert run.done["data_hash"] in text
    assert f"{run.done['evaluation']['accuracy']:.4g}" in text
    assert not any(row in text for row in tickets.texts)
    empty = {**run.done, "base": "evil|<script>\n# x"}
    assert "<script>" not in card(empty, "classification")
    assert "base_model: evil\\|&lt;script> # x\n" in card(empty, "classification")
    told = {**run.done, "config": {**run.done["config"], "on_alert": "notify --token s3cret", "real_world": "/home/me/r"}}
    assert not any(name in card(told, "classification") for name in ("on_alert", "s3cret", "real_world", "/home/me"))
    beside = json.loads((run.directory / "adapter" / "curate_adapter.json").read_text())["config"]
    assert "on_alert" not in beside
    assert "lora_rank" in beside


def test_dora_rslora_and_all_schedules_train_and_load(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    for change in ({"dora": True}, {"rslora": True, "scheduler": "step"}, {"scheduler": "exponential"}):
        folder = tmp_path / "-".join(change)
        train_adapter(tickets, quick.replace(steps=3, **change), folder, watch=False)
        settings = json.loads((folder / "adapter" / "adapter_config.json").read_text())
        assert (settings["use_dora"], settings["use_rslora"]) == ("dora" in change, "rslora" in change)
        assert generate(load_adapter(folder), ["my card"])[0].labels


def test_encoded_rows_are_found_again_by_content_and_a_damaged_cache_is_made_anew(
    tmp_path: Path, quick: TrainConfig, tickets: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.encoding.WORTH_KEEPING_SECONDS", 0.0)
    first = open_workbench(quick, tmp_path).encoder.encode(tickets)
    (kept,) = tmp_path.iterdir()
    monkeypatch.setattr("train.encoding.Encoder._made", None)  # nothing is tokenised again
    second = open_workbench(quick, tmp_path).encoder.encode(tickets)
    assert all(np.array_equal(a, b) for a, b in zip(first.tokens, second.tokens, strict=True))
    assert first.report == second.report
    monkeypatch.undo()
    kept.write_bytes(kept.read_bytes()[:200])
    assert open_workbench(quick, tmp_path).encoder.encode(tickets).report == first.report
    other = open_workbench(quick.replace(max_length_tokens=8), tmp_path).encoder.encode(tickets)
    assert other.lengths.max() == 8


def test_the_microscope_shows_every_token_and_what_is_learned(quick: TrainConfig) -> None:
    bench = open_workbench(quick)
    talk = (
        {"role": "user", "content": "mail ann.lee@example.com\x1b[31m"},
        {"role": "assistant", "content": "done [bold]"},
        {"role": "user", "content": "thanks"},
    )
    rows = Examples("chat", np.array([12]), messages=(talk,))
    seen = look(rows, 0, bench)
    shown = "".join(token.piece for token in seen.tokens)
    assert seen.row == 12
    assert "ann" not in shown
    assert "\x1b" not in shown
    assert "•" in shown
    learned = "".join(t.piece for t in seen.tokens if t.state == "learned")
    assert learned == "done [bold]<|im_end|>"
    assert seen.tokens[-1].state == "left"
    assert "ann.lee@example.com" in "".join(t.piece for t in look(rows, 0, bench, reveal=True).tokens)
    encoded = bench.encoder.encode(rows)
    kept = [t for t in seen.tokens if t.state in ("learned", "read")]
    assert [t.id for t in kept] == encoded.tokens[0].tolist()
    assert [t.state == "learned" for t in kept] == encoded.supervised[0].tolist()


@pytest.mark.parametrize("task", ["classification", "text"])
def test_the_microscope_agrees_with_what_is_trained_on_when_a_text_is_cut(quick: TrainConfig, task: str) -> None:
    for side in ("end", "start"):
        bench = open_workbench(quick.replace(max_length_tokens=12, truncation_side=side))
        labels = ("a",) if task == "classification" else ()
        rows = Examples(task, np.array([0]), ("card visa refund money password login " * 4,), labels)
        encoded = bench.encoder.encode(rows)
        seen = look(rows, 0, bench)
        kept = [t for t in seen.tokens if t.state in ("learned", "read")]
        assert [t.id for t in kept] == encoded.tokens[0].tolist()
        assert seen.counts()["cut"] == encoded.report.truncated_tokens
