"""Nothing that stands in data reaches the terminal as a command, and no personal data reaches the screen."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from curate import workflow
from curate.recipe import Recipe
from curate.review.session import Session
from tests.tui.conftest import CARD, SECRET, STAGES, Drive, write
from tui.ablation import arms_by_metrics
from tui.charts import forest
from tui.fairness import FairnessScreen, Line, Panels
from tui.findings import FindingsScreen
from tui.reader import Reader

FORBIDDEN = ("\x1b", "\x00", "\x07", "\u202e", "\u202c", "\x9b")


async def test_hostile_texts_show_harmless_and_personal_data_never(run: Path, drive: Drive) -> None:
    shown = []
    async with drive(run, size=(160, 60)) as d:
        await d.on(FindingsScreen)
        for _ in STAGES:
            for _ in range(8):
                shown.append(d.words())
                await d.press("down")
            shown.append(d.app.export_screenshot())
            await d.press("right_square_bracket")
    everything = "\n".join(shown)
    assert "[bold red]boo[/] [/nope]" in everything, "markup is shown as it is written"
    assert not [c for c in FORBIDDEN if c in everything]
    for secret in (SECRET, CARD, CARD[-9:]):
        assert secret not in everything
        assert secret.replace(" ", "&#160;") not in everything


def test_every_text_of_the_evidence_is_masked_and_harmless(run: Path) -> None:
    session = Session.open(run)
    reader = Reader(session)
    for stage in session.stages:
        queue = session.queue(stage)
        for at, index in enumerate(queue):
            said = f"{reader.line(queue, at)!r}{reader.evidence(int(index))!r}"
            assert SECRET not in said
            assert CARD not in said
            assert not any(c in said for c in ("\\x1b", "\\x00", "\\u202e"))


def test_a_value_cut_by_the_edge_of_a_span_stays_masked(tmp_path: Path) -> None:
    # The second address stands where the text shown around the first one begins.
    text = f"{'x' * 40} {SECRET} " + "word " * 116 + "and then ann.lee@mail.example.org ends it; 我叫张伟，谢谢"
    data = write(tmp_path / "t.jsonl", [{"text": text, "intent": "a"}, {"text": "plain", "intent": "b"}])
    recipe = Recipe.parse({"data": {"input": str(data)}, "run": {"stages": ["pii"]}})
    workflow.run(recipe, out=tmp_path / "run", train=False)
    session = Session.open(tmp_path / "run")
    reader = Reader(session)
    said = "".join(str(reader.evidence(int(i)).span) for i in session.queue("pii"))
    assert said.count("[EMAIL]") >= 3
    assert "我叫[PERSON]，谢谢" in said
    assert "petrova" not in said
    assert "example.org" not in said


async def test_names_that_were_only_noted_are_masked_in_every_panel_until_a_key_shows_them(
    tmp_path: Path, drive: Drive
) -> None:
    told = "My colleague Margaret Thornton asked about the refund for the broken lamp, she is waiting for"
    held = [{"text": f"{told} a {what}", "intent": "a"} for what in ("word", "word", "letter and two more words")]
    data = write(tmp_path / "t.jsonl", [*held, {"text": "plain", "intent": "b"}])
    recipe = Recipe.parse({"data": {"input": str(data)}, "run": {"stages": ["exact_duplicates", "pii"]}})
    workflow.run(recipe, out=tmp_path / "run", train=False)
    async with drive(tmp_path / "run", size=(160, 60)) as d:
        for panel in ("duplicates", "pii"):
            await d.panel(panel)
            await d.sees("My colleague [PERSON] asked")
            assert "Thornton" not in d.words()
            await d.press("m")
            await d.sees("shown as it stands", "My colleague Margaret Thornton asked")
            await d.press("m")
        await d.until(lambda: "Thornton" not in d.words(), "masked again")


@pytest.mark.parametrize("name", ["[red]x.csv", "[@click=app.bell]x.csv", "[x.csv", "\x1b[2Jx.csv"])
async def test_a_hostile_file_name_is_only_a_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("text,label\n")
    async with drive() as d:
        await d.sees("x")
        await d.until(lambda: ".csv" in d.words(), "the file")
        assert "\x1b" not in d.words()
    async with drive(tmp_path / name) as d:
        await d.sees("prove whether it helped", ".csv")
        assert "\x1b" not in d.words()


async def test_what_was_revealed_goes_before_anything_else_is_read(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(run, size=(160, 60)) as d:
        screen = await d.panel("pii")
        await d.press("slash", *"to:EMAIL", "enter")
        for key in ("down", "m"):  # to another finding, or to the same one masked
            await d.press("m")
            await d.sees("shown as it stands", SECRET)
            with monkeypatch.context() as held:
                held.setattr(screen, "_read_evidence", lambda index, reveal: None)
                await d.pilot.press(key)
                await d.pilot.pause()
                assert SECRET not in d.words()
                assert "shown as it stands" not in d.words()
            await d.press("up", "down")


async def test_names_in_square_brackets_are_shown_and_are_no_markup(run: Path, drive: Drive) -> None:
    names = "[red]north[/]", "precision[refund]"
    lines = tuple(
        Line("team", group, metric, 80, "disparity", 0.5, 0.4, 0.1, 0.05, 0.15, None) for group in names for metric in names
    )
    async with drive(run, size=(200, 60)) as d:
        await d.panel("fairness")
        await d.press("b")
        screen = await d.on(FairnessScreen)
        screen.put(Panels(lines, lines, "", 0.05))
        await d.until(lambda: [d.words().count(name) for name in names] == [8, 8], "both names, as a group and as a metric")


def test_arms_and_verdicts_in_square_brackets_are_no_markup() -> None:
    arm = {"name": "only_[red]x[/]", "title": "[red]x[/]", "method": "lora", "rows": 3, "mean": 0.5, "runs": []}
    compared = {"a": arm["name"], "b": "raw", "delta": 0.1, "low": 0.05, "high": 0.15, "verdict": "[bold]helped[/]"}
    result = {"metric": "accuracy", "delta": 0.01, "arms": [arm], "comparisons": [compared]}
    console = Console(width=200, file=io.StringIO())
    console.print(forest(result, 200), arms_by_metrics(result, 120))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    for name in ("only [red]x[/]", "[bold]helped[/]", " [red]x[/] "):
        assert name in said
    assert "+10.0" in said
    assert "+5.0 to +15.0" in said
