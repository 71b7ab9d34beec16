"""Curves, alerts and the judgement of an adapter in the report: read from files, escaped, drawn."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from audit.report import render_adapter
from audit.report.adapters import MOST_POINTS, adapter_of, arm_alerts_of
from audit.report.curves import marked, training_curves
from audit.report.trainer_words import heading

HOSTILE = "<script>alert(1)</script> ann@example.com \x1b[31m"


def alert(kind: str, step: int, **more: Any) -> dict[str, Any]:
    told = {"kind": kind, "severity": "warning", "step": step, "words": "It went wrong.", "recommendation": "Mend it."}
    return {"step": step, "alert": {**told, "numbers": {"loss": 9.5}, **more}}


def write(folder: Path, steps: int = 500, *, finished: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = [alert("few_rows_per_class", 0, names=[HOSTILE])]
    for step in range(1, steps + 1):
        loss = 40.0 if step == 250 else 4.0 / step + 0.2
        line = {"step": step, "loss": loss, "learning_rate": 1e-3, "grad_norm": 1.0, "tokens_per_s": 900.0, "rows": 8}
        lines.append(line)
        if step % 100 == 0:
            lines.append({"step": step, "validation": {"loss": loss + 0.3, "accuracy": 0.5}})
    lines.append(alert("loss_spike", 250, row_ids=list(range(40)), findings={"3": ["pii.email_address"]}))
    text = "\n".join(map(json.dumps, lines)) + '\n{"step": 501, "lo'  # torn by a crash
    (folder / "metrics.jsonl").write_text(text)
    if finished:
        span = {"accuracy": [0.7, 0.9]}
        done = {
            "base": "bundled", "rows": 80, "steps": steps, "seconds": 12.0,
            "evaluation": {
                "accuracy": 0.8, "rows": 100, "intervals": span,
                "per_class": {HOSTILE: {"precision": 0.5, "recall": 0.25, "f1": 0.33, "rows": 8}},
                "confusions": [{"truth": HOSTILE, "prediction": "b", "rows": 6, "share": 0.75}],
                "calibration": {"ece": 0.05, "intervals": {"ece": [0.02, 0.08]}},
                "user": {"values": {"politeness": 0.4}},
            },
            "base_evaluation": {"accuracy": 0.4, "rows": 100, "method": "frozen base", "calibration": {"ece": 0.2}},
            "real_world": {"accuracy": 0.6, "rows": 30},
        }  # fmt: skip
        (folder / "done.json").write_text(json.dumps(done))
    return folder


def test_a_curve_keeps_its_spike_however_few_points_are_drawn(tmp_path: Path) -> None:
    run = adapter_of(write(tmp_path / "0"))
    curves = {series.name: series.points for series in run.curves}
    assert set(curves) == {"loss", "validation_loss", "learning_rate", "grad_norm", "tokens_per_s"}
    assert len(curves["loss"]) <= MOST_POINTS
    assert max(p.high for p in curves["loss"]) == 40.0
    assert [p.step for p in curves["validation_loss"]] == [100, 200, 300, 400, 500]
    assert curves["loss"][-1].step == 500


def test_alerts_come_with_recommendation_rows_and_findings(tmp_path: Path) -> None:
    run = adapter_of(write(tmp_path / "0"))
    assert [a.kind for a in run.alerts] == ["few rows per class", "loss spike"]
    spike = run.alerts[1]
    assert (len(spike.rows), spike.more_rows, spike.findings) == (12, 28, ("pii.email_address",))
    assert spike.recommendation == "Mend it."
    assert marked(run) == [(2, 250)]  # what is known before training has no place on the curve


def test_base_and_adapter_stand_side_by_side_on_each_set(tmp_path: Path) -> None:
    run = adapter_of(write(tmp_path / "0"))
    held, real = run.sets
    told = {m.name: (m.base, m.adapter, m.interval.low, m.interval.high) for m in held.metrics}
    assert told == {
        "accuracy": (0.4, 0.8, 0.7, 0.9), "ece": (0.2, 0.05, 0.02, 0.08), "politeness": (None, 0.4, None, None)
    }  # fmt: skip
    assert (held.base_method, real.name, real.rows) == ("frozen base", "real_world", 30)


def test_nothing_of_a_hostile_class_name_reaches_the_page_unescaped_or_unmasked(tmp_path: Path) -> None:
    page = render_adapter(write(tmp_path / "0"))
    assert "<script" not in page
    assert "ann@example.com" not in page
    assert "\x1b" not in page
    assert "[EMAIL]" in page


@pytest.mark.parametrize("width", [780, 350])
def test_the_drawing_is_whole_inside_its_frame_and_marks_the_alerts(tmp_path: Path, width: int) -> None:
    run = adapter_of(write(tmp_path / "0"))
    drawn = ElementTree.fromstring(training_curves(run, width=width, name="x"))
    height = float(drawn.attrib["height"])
    assert sum(node.attrib.get("class") == "alert" for node in drawn.iter()) == 1
    texts = [node for node in drawn.iter() if node.tag.endswith("text")]
    assert {"training loss", "validation loss", "learning rate", "gradient norm", "tokens a second"} <= {
        node.text for node in texts
    }
    for node in texts:
        assert 0 <= float(node.attrib["x"]) <= width
        assert 0 <= float(node.attrib["y"]) <= height
    for path in (node for node in drawn.iter() if node.tag.endswith("path")):
        xs = [float(x) for x in re.findall(r"[ML](-?[\d.]+) ", path.attrib["d"])]
        assert min(xs) >= 0
        assert max(xs) <= width


def test_a_run_that_never_ended_shows_its_curves_and_says_so(tmp_path: Path) -> None:
    page = render_adapter(write(tmp_path / "0", steps=3, finished=False))
    assert "did not reach its end" in page
    assert "training loss" in page


def test_a_single_step_and_an_empty_stream_are_drawn_or_left_out(tmp_path: Path) -> None:
    assert "<svg" in render_adapter(write(tmp_path / "one", steps=1, finished=False))
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "metrics.jsonl").write_text("")
    assert "had nothing to say" in render_adapter(tmp_path / "none")


@pytest.mark.parametrize(
    ("steps", "kept", "said"),
    [
        (500, 300, "The adapter is that of step 300 of 500, where the loss on validation rows was lowest."),
        (400, 300, "Stopped after step 400 of 500, as the loss on validation rows fell no more; the adapter is that of "),
        (500, 500, ""),
        (500, None, ""),
    ],
)  # fmt: skip
def test_the_page_says_which_step_was_kept_and_marks_it_on_the_curve(
    tmp_path: Path, steps: int, kept: int | None, said: str
) -> None:
    folder = write(tmp_path / "0")
    done = json.loads((folder / "done.json").read_text())
    more = {} if kept is None else {"planned_steps": 500, "kept_step": kept}
    (folder / "done.json").write_text(json.dumps({**done, "steps": steps, **more}))
    run = adapter_of(folder)
    for text in (render_adapter(folder), heading(run)):
        assert said in text
        assert said or "the adapter is that of" not in text.lower()
    full = re.findall(r'<circle class="mark kept" cx="([\d.]+)"', training_curves(run, width=780, name="x"))
    dots = re.findall(r'<circle class="mark dot" cx="([\d.]+)"', training_curves(run, width=780, name="x"))
    assert full[:1] == ([] if kept is None else [dots[kept // 100 - 1]])


class Plain:
    def short(self, text: str | None, width: int = 80) -> str:
        return text or ""

    def sentence(self, text: str | None) -> str:
        return text or ""


def test_alerts_of_arms_are_told_once_where_they_are_known_before_training(tmp_path: Path) -> None:
    for arm in ("raw", "curated"):
        write(tmp_path / "train" / arm / "0", steps=3)
    arms = [
        {"name": arm, "runs": [{"seed": 0, "curve": f"train/{arm}/0/metrics.jsonl"}]} for arm in ("raw", "curated")
    ]

    found = arm_alerts_of({"arms": arms}, tmp_path, Plain())
    assert [(a.run, a.kind) for a in found] == [
        ("raw seed 0", "few rows per class"), ("raw seed 0", "loss spike"), ("curated seed 0", "loss spike")
    ]  # fmt: skip
    outside = {"arms": [{"name": "raw", "runs": [{"seed": 0, "curve": "../curated/0/metrics.jsonl"}]}]}
    assert arm_alerts_of(outside, tmp_path / "train" / "raw", Plain()) == ()


def test_what_a_busy_machine_does_to_every_arm_is_told_once(tmp_path: Path) -> None:
    runs = []
    for seed in range(3):
        folder = tmp_path / "train" / "raw" / str(seed)
        folder.mkdir(parents=True)
        lines = [alert("throughput_collapse", 9 + seed), alert("loss_spike", 9, row_ids=[seed])]
        (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
        runs.append({"seed": seed, "curve": f"train/raw/{seed}/metrics.jsonl"})

    found = arm_alerts_of({"arms": [{"name": "raw", "runs": runs}]}, tmp_path, Plain())
    assert [(a.run, a.kind) for a in found] == [
        ("raw seed 0 and 2 other runs", "throughput collapse"),
        *((f"raw seed {seed}", "loss spike") for seed in range(3)),
    ]
