"""A finding on quality is about one text of its row, and that text is seen wherever the finding is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.cli import cli
from curate.explain import explain
from curate.recipe import Recipe
from curate.review.session import Session
from curate.safetext import showing
from tui.detail import render
from tui.reader import Reader

REFUSES = "I'm sorry, but I can't help with that, whoever asks; write to desk@mailbox.org instead."
PAGE = "Plants catch light with their leaves and build sugar from water and carbon dioxide, of which they keep some. "


def _rows() -> list[dict[str, Any]]:
    rows = [{"instruction": f"Sum up page {i}. " + PAGE * 60, "output": f"Page {i} is about plants. They keep sugar."}
            for i in range(60)]  # fmt: skip
    rows[7]["output"] = REFUSES
    return rows


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("about")
    data = folder / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in _rows()))
    curate.run(Recipe().with_(input=str(data), stages=["pii", "text_quality"]), train=False, out=folder / "run")
    return folder / "run"


def test_the_report_shows_the_answer_behind_a_long_prompt_masked(run: Path) -> None:
    stages = {stage["name"]: stage for stage in json.loads((run / "report.json").read_text())["stages"]}
    (example,) = stages["text_quality"]["examples"]
    text = "".join(piece["text"] for piece in example["text"]["pieces"])
    assert text.startswith("Sum up page 7.")
    assert "can't help" in text
    assert text.endswith("write to [EMAIL] instead.")


def test_explain_says_what_a_finding_is_about_where_the_preview_ends_before_it(run: Path) -> None:
    (refusal,) = [f for f in explain(run, "7")["findings"] if f["stage"] == "text_quality"]
    assert refusal["about"] == REFUSES.replace("desk@mailbox.org", "[EMAIL]")
    assert f"about: {refusal['about']}" in CliRunner().invoke(cli, ["explain", str(run), "7"]).output


def test_the_interface_shows_it_in_the_queue_and_before_the_row(run: Path) -> None:
    session = Session.open(run)
    here, (index,) = Reader(session), session.of_stage("text_quality")
    masked = REFUSES.replace("desk@mailbox.org", "[EMAIL]")
    assert here.lines(session.of_stage("text_quality"))[int(index)].text == masked
    evidence = here.evidence(int(index))
    assert evidence.about == masked
    assert evidence.side is not None
    assert not evidence.side.text.startswith(masked)
    assert render(evidence)
    assert here.evidence(int(index), reveal=True).about == REFUSES


@given(st.text("ab cd.", max_size=60), st.text("ef gh.", max_size=60), st.text("ab cd.", max_size=60), st.integers(12, 80))
def test_a_part_and_its_end_are_seen_in_any_width(before: str, part: str, after: str, width: int) -> None:
    shown = showing(before + part + after, part, width)
    assert len(shown) <= width
    if part.strip() and len(part) <= width // 2:
        assert part.strip() in shown
    assert part.strip()[-1:] in shown
