"""A stage of a plug-in says what it is about, and is treated as ours are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from curate import workflow
from curate.dataset import Dataset
from curate.explain import explain
from curate.ledger.findings import make_findings
from curate.review.findings import Review
from curate.review.session import Session
from curate.stages import registry
from curate.stages.base import Context, Detection, Stage
from tui.panels import panel_of
from tui.reader import Reader

BADGE = re.compile(r"badge zq\d+")


@dataclass(frozen=True)
class Config:
    """No settings."""


def detect(dataset: Dataset, config: Config, context: Context) -> Detection:
    """Badges of the staff, which no recogniser knows."""
    texts = dataset.texts("text").to_pylist()
    found = [(row, m.start(), m.end()) for row, text in enumerate(texts) for m in BADGE.finditer(text)]
    row, start, end = (np.array(each, np.int64) for each in zip(*found, strict=True)) if found else ([], [], [])
    findings = make_findings(
        "badges", dataset.row_ids, row=row, rule="badge", action="replace", score=1.0, reason="a badge of the staff",
        field="text", start=start, end=end, replacement=["[BADGE]"] * len(row),
    )  # fmt: skip
    return Detection(findings)


STAGE = Stage("badges", "Badges", 1, Config, detect, "apply", concern="privacy", looks_again=True)


@pytest.fixture
def badges(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plug-in, installed."""
    entry = EntryPoint("badges", f"{__name__}:STAGE", "curate.stages")
    monkeypatch.setattr(registry, "plug_ins", lambda: {"badges": entry})
    registry.get_stage.cache_clear()
    yield
    registry.get_stage.cache_clear()


def test_a_stage_of_a_plug_in_that_is_about_privacy_is_treated_as_ours_is(badges: None, tmp_path: Path) -> None:
    texts = [f"ticket {i}: the printer of badge zq{100 + i} is on fire again" for i in range(12)] + ["all is well here"]
    data = tmp_path / "tickets.jsonl"
    data.write_bytes(b"".join(orjson.dumps({"text": t}) + b"\n" for t in texts))
    recipe = workflow.as_recipe(data).with_(stages=["badges"])
    assert "badges" in recipe.policy().privacy
    done = workflow.run(recipe, out=tmp_path / "run", train=False)
    assert "[BADGE] is on fire" in (tmp_path / "run" / "curated.jsonl").read_text()
    assert done.manifest["rescan"]["badges"]["left"] == 0  # it looked again

    report = (tmp_path / "run" / "report.html").read_text()
    assert "[BADGE]" in report
    assert "zq1" not in report  # masked, though no recogniser knows it
    (story,) = explain(tmp_path / "run", "3")["findings"]
    assert story["replacement"] == "[BADGE]"

    session = Session.open(tmp_path / "run")
    rows: Any = Review(session).rows
    assert rows.found["privacy"].tolist() == [True] * 12 + [False]
    assert panel_of("badges").mode == "pii"
    assert Reader(session).replacement(0) == "[BADGE]"
