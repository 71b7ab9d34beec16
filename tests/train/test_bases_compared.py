"""`curate compare-bases`: the same training on each base, told side by side; what cannot be measured is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_base import make_base, make_tickets

from curate.cli import main
from curate.errors import ConfigError
from train.bases import BaseResult, compare_bases, verdict
from train.config import TrainConfig


def test_one_base_is_no_comparison(quick: TrainConfig) -> None:
    rows = make_tickets(9, seed=1)
    with pytest.raises(ConfigError, match="at least two different"):
        compare_bases(["bundled", "bundled"], rows, rows, quick)


def test_the_verdict_names_the_best_and_the_smallest_beside_it() -> None:
    best = BaseResult("large", metric="accuracy", quality=0.90, low=0.86, high=0.94, parameters=1000)
    near = BaseResult("small", metric="accuracy", quality=0.87, low=0.83, high=0.91, parameters=100)
    far = BaseResult("tiny", metric="accuracy", quality=0.50, low=0.45, high=0.55, parameters=10)
    assert verdict([near, best, far, BaseResult("none", error="gone")]) == (
        "Best on these rows: large (accuracy 0.900). small lies within its interval at 10% of the parameters."
    )
    bits = [BaseResult(n, metric="bits_per_byte", quality=q, low=q - 0.1, high=q + 0.1, parameters=9) for n, q in
            (("a", 2.0), ("b", 1.0))]  # fmt: skip
    assert verdict(bits) == "Best on these rows: b (bits per byte 1.000)."
    assert verdict([BaseResult("x", error="gone")]) == "No base could be measured."


def test_the_tables_hold_each_base_on_one_line_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.cli.compare_bases import _show

    monkeypatch.setenv("COLUMNS", "80")
    sizes = {"parameters": 7_615_616_512, "disk_bytes": 15 << 30, "memory_bytes": 31 << 30, "latency_ms": 1234.5}
    times = {"train_wall_s": 86_400.0, "train_processor_s": 172_800.0, "cost": 1234.56}
    spread = {"metric": "bits_per_byte", "quality": 1.234, "low": 1.111, "high": 1.333}
    apart = {"difference": -0.123, "difference_low": -0.234, "difference_high": -0.012}
    names = ["bundled", "Qwen/Qwen2.5-7B"]
    told: dict[str, Any] = {**spread, **sizes, **times}
    _show([BaseResult(names[0], **told), BaseResult(names[1], **told, **apart)], "Best.")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith(names[1]) for line in lines) == 2
    assert any("−0.123 [−0.234, −0.012]" in line for line in lines)
    assert any(line.startswith(names[1]) and line.rstrip().endswith("1234.56") for line in lines)


@pytest.mark.slow
def test_bases_are_trained_and_told_side_by_side(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wide = make_base(tmp_path / "wide", hidden=64, seed=3)
    rows = make_tickets(120, seed=1)
    lines = [{"text": text, "label": label} for text, label in zip(rows.texts, rows.labels, strict=True)]
    Path("tickets.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = ["compare-bases", str(base), str(wide), str(tmp_path / "missing"), "--on", "tickets.jsonl"]
    asked += ["--role", "label=label", "--set", "steps=12", "--set", "batch_rows=16", "--set", "lora_rank=4"]
    asked += ["--set", "threads=1"]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--price-per-hour", "2", "--json"])
    assert ended.value.code in (0, None)
    told = json.loads(capsys.readouterr().out)
    small, large, missing = told["bases"]
    assert "neither a folder here nor a hub id" in missing["error"]
    assert large["parameters"] > small["parameters"]
    assert large["disk_bytes"] > small["disk_bytes"]
    assert small["low"] <= small["quality"] <= small["high"]
    assert small["difference"] is None
    assert large["difference"] == pytest.approx(large["quality"] - small["quality"])
    assert large["difference_low"] <= large["difference"] <= large["difference_high"]
    for one in (small, large):
        assert one["memory_bytes"] > 50 * 2**20
        assert one["latency_ms"] > 0
        assert one["cost"] == pytest.approx(one["train_wall_s"] / 3600 * 2)
    assert told["verdict"].startswith("Best on these rows")
