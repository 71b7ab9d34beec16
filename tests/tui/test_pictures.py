"""Pictures of the telling screens at the three sizes, held against those that were looked at: no blinking, no time of day,
and nothing in them that a model has computed, so that another processor draws the same.

    pytest tests/tui/test_pictures.py --snapshot-update      after looking at what has changed
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import SVGImageSnapshotExtension
from textual.widgets import OptionList

from curate import workflow
from curate.recipe import Recipe
from tests.tui.conftest import CARD, SECRET, Drive, rows, write
from tui.ablation import AblationScreen
from tui.batch import BatchScreen

STAGES = ["exact_duplicates", "near_duplicates", "pii", "label_names"]
STEPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "queue": ("duplicates", ()),
    "help": ("duplicates", ("question_mark",)),
    "bulk": ("duplicates", ("A", "x")),
    "grouped": ("pii", ("g",)),
    "ablation": ("ablation", ()),
    "differing": ("ablation", ("d",)),
}
ONLY_SMALL = ("help",)
SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose findings rest on no model."""
    folder = tmp_path_factory.mktemp("pictured")
    write(folder / "tickets.jsonl", rows(80))
    recipe = {"data": {"input": str(folder / "tickets.jsonl")}, "run": {"threads": 1, "stages": STAGES}}
    out = folder / "runs" / "tickets"
    workflow.run(Recipe.parse(recipe), out=out, train=False)
    return folder


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_screens_look_as_they_were_looked_at(
    size: tuple[int, int], pictured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive,
    snapshot: SnapshotAssertion,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shutil.copytree(pictured / "runs" / "tickets", tmp_path / "runs" / "tickets")
    async with drive(tmp_path / "runs" / "tickets", size=size) as d:
        await d.until(lambda: d.app.has_desk and d.app.desk.gate is not None, "the gate")
        for name, (panel, keys) in STEPS.items():
            if name in ONLY_SMALL and size != SIZES[0]:
                continue
            if panel == "ablation":  # the gate has been asked before: the screens are told apart, not the gate's answers
                found = {**verdict(), "plan_hash": d.app.desk.session.plan_hash()}
                (tmp_path / "runs" / "tickets" / "ablation.json").write_text(json.dumps(found))
                answered(tmp_path / "runs" / "tickets" / "train")
            await d.panel(panel)
            await d.press(*keys)
            await ready(d)
            picture = await at_rest(d)
            assert SECRET not in picture
            assert CARD.replace(" ", "&#160;") not in picture
            assert picture == snapshot(name=name, extension_class=SVGImageSnapshotExtension)
            await d.press(*(["escape"] if len(d.app.screen_stack) > 1 else []))


async def ready(d: Any) -> None:
    """Until a screen shows what it works out in threads."""
    screen = d.app.screen
    if isinstance(screen, AblationScreen):
        await d.until(lambda: screen.watched is not None and screen.watched.result, "the verdict")
    if isinstance(screen, BatchScreen):
        await d.until(lambda: screen.query_one("#batch-rows", OptionList).option_count, "the rows")
    await d.settle()
    await d.settle()


async def at_rest(d: Any) -> Any:
    """The picture once it stays the same: what a thread has still to say may come after the last message."""
    same, last = 0, None
    for _ in range(200):
        await d.pilot.pause(0.1)
        now = plain(d.app.export_screenshot(title="curate tui", simplify=True))
        same, last = (same + 1 if now == last else 0), now
        if same == 3:
            break
    return last


def plain(svg: str) -> Any:
    """Without the web font that the exporter names: pictures fetch nothing."""
    return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)


def answered(train: Path) -> None:
    """What two arms said of some rows with three seeds, as their runs leave it."""
    said = {"curated": ["refund", "delivery", "account", "refund"], "raw": ["refund", "account", "delivery", "delivery"]}
    right = {"curated": [1.0, 1.0, 1.0, 0.0], "raw": [1.0, 0.0, 0.0, 1.0]}
    for arm, words in said.items():
        for seed in range(3):
            (train / arm / str(seed)).mkdir(parents=True, exist_ok=True)
            score = right["curated"] if seed == 2 and arm == "raw" else right[arm]
            table = {"row": [3, 11, 27, 60], "score": score, "prediction": said["curated"] if seed == 2 else words}
            pq.write_table(pa.table(table), train / arm / str(seed) / "eval.parquet")


def verdict() -> dict[str, Any]:
    """The result of a comparison, as `curate ablate` leaves it."""
    arms = (("base", "base model", "base", None), ("raw", "raw data", "lora", 0.70),
            ("curated", "curated data", "lora", 0.75),
            ("random_control", "random removal of the same size", "lora", 0.71))  # fmt: skip
    pairs = (("curated", "raw", 0.05), ("curated", "random_control", 0.04), ("random_control", "raw", 0.01))
    return {
        "verdict": "helped", "words": "Curation helped by 5 points.", "metric": "accuracy", "delta": 0.01,
        "notes": ["A note."],
        "arms": [
            {"name": name, "title": title, "method": method, "rows": 80, "mean": mean or 0.5, "spread": 0.01,
             "runs": [{"metrics": {"accuracy": (mean or 0.5) + 0.01 * seed}} for seed in range(3)]}
            for name, title, method, mean in arms
        ],
        "comparisons": [
            {"a": a, "b": b, "delta": gap, "low": gap - 0.02, "high": gap + 0.02,
             "verdict": "helped" if gap > 0.02 else "inconclusive"}
            for a, b, gap in pairs
        ],
    }  # fmt: skip
