"""Keys are offered where they do something: at the foot, in help, in the palette; states are told in one set of words."""

from __future__ import annotations

import contextlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from textual.command import CommandPalette
from textual.widgets._footer import FooterKey

from curate import workflow
from curate.recipe import Recipe
from curate.review.session import Session
from tests.tui.conftest import Drive, Driver, rows, write
from tui.desk import Desk
from tui.detail import render
from tui.guide import GuideScreen
from tui.help import HelpScreen
from tui.opening import OpenScreen, _line, earlier_runs
from tui.panels import panel
from tui.queue import groupings
from tui.reader import Reader
from tui.recipe_file import begin, earlier_recipe, replace
from tui.review import ReviewScreen


def offered(d: Driver) -> dict[str, str]:
    """Words of the line at the foot, by key."""
    return {key.key_display: key.description for key in d.app.screen.query(FooterKey)}


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which curation falls on one region, and the fairness stage has notes on it."""
    folder = tmp_path_factory.mktemp("grouped")
    held = [{**row, "region": ("north", "south")[n % 2]} for n, row in enumerate(rows(120))]
    write(folder / "t.jsonl", [*held, *({**held[1], "region": "south"} for _ in range(60))])
    roles = {"text": "text", "label": "intent", "group": "region"}
    stages = ["exact_duplicates", "near_duplicates", "fairness"]
    recipe = {"data": {"input": str(folder / "t.jsonl"), "roles": roles}, "run": {"threads": 1, "stages": stages}}
    workflow.run(Recipe.parse(recipe), out=folder / "run", train=False)
    return folder / "run"


async def test_what_only_notes_is_noted_on_the_rail_over_the_queue_in_the_evidence_and_in_a_preview(
    grouped: Path, drive: Drive
) -> None:
    async with drive(grouped) as d:
        screen = await d.panel("fairness")
        n = len(screen.session.of_stage("fairness"))
        assert n, "the stage has something to say of this data"
        assert d.app.desk.noted(["fairness"]) == n
        await d.sees(f"✓ {n} noted", "✓ noted  something to know: it changes no data")
        assert "noted: " not in d.words()
        assert f"{n} apply" not in d.words()
        assert "region / " not in str(screen.table.queue.get_cell_at(0, 3)), "the one column of groups is not named"
        told = re.compile(r"\d\.\d\d vs \d\.\d\d: |about [\d,]+ rows would settle it: ")
        assert all(told.match(str(screen.table.queue.get_cell_at(k, 4))) for k in range(n))
        await d.press("A")
        await d.sees(f"then: ✓ {n} noted", "no row leaves, comes back or is changed")
        await d.press("escape")


async def test_answers_are_offered_as_long_as_something_is_asked(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("labels")
        await d.press("r")
        screen = await d.on(ReviewScreen)
        await d.until(lambda: {"a", "x", "e", "space"} <= set(offered(d)), "the keys of a question", 30)
        screen.skipped.update(screen.queue[1:])  # skipped, but for the one that is shown
        await d.press("space")
        await d.sees("nothing left to ask", "asks in another order, and about those again")
        await d.until(lambda: not {"a", "x", "e", "space"} & set(offered(d)), "no answers without a question", 30)
        await d.press("n")
        await d.until(lambda: {"a", "x", "e", "space"} <= set(offered(d)), "another order asks again", 30)


def test_a_review_of_nothing_offers_no_other_order() -> None:
    screen = ReviewScreen()
    assert screen.can("order")
    screen.over = True
    assert not screen.can("order")
    screen.stage = "pii"
    assert screen.can("order"), "another order may ask about what was skipped"


def test_groups_are_offered_where_a_column_names_them_or_the_stage_looked(grouped: Path, run: Path) -> None:
    fits = panel("fairness").views[0].fits
    assert fits(Session.open(grouped), ["fairness"])
    assert not fits(Session.open(run), []), "no group, and the stage is not in the recipe"


def test_choices_stand_in_the_evidence_and_one_row_is_a_row(tmp_path: Path) -> None:
    cities = ["Oslo", "Lima", "Rome", "Paris", "Tokyo", "Nairobi", "Madrid", "Quito"]
    asked = [{"question": f"Which city is the capital of country number {n}?", "answer": n % 3,
              "choices": [cities[(n + k) % 8] for k in range(3)]} for n in range(40)]  # fmt: skip
    data = write(tmp_path / "quiz.jsonl", [*asked, {**asked[0], "answer": 1}])
    roles = {"prompt": "question", "context": "choices", "completion": "answer"}
    recipe = {"data": {"input": str(data), "roles": roles}, "run": {"stages": ["near_duplicates"]}}
    workflow.run(Recipe.parse(recipe), out=tmp_path / "runs" / "quiz", train=False)
    session = Session.open(tmp_path / "runs" / "quiz")
    evidence = Reader(session).evidence(int(session.of_stage("near_duplicates")[0]))
    console = Console(width=90, file=io.StringIO())
    console.print(render(evidence))
    assert "choices  0: Oslo; 1: Lima; 2: Rome" in console.file.getvalue()  # type: ignore[attr-defined]
    manifest = tmp_path / "runs" / "one" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text('{"task": "sft", "plan": {"rows_in": 1, "rows_out": 1}}')
    assert [said for _, said in earlier_runs(tmp_path)] == ["sft, 1 row → 1", "sft, 41 rows → 41"]
    assert [_line(Path(f"runs/{name}"), "sft", 18).cell_len for name in ("鼠", "a longer name")] == [24, 24], "one column"


async def test_an_edit_is_offered_where_a_finding_proposes_a_value(grouped: Path, run: Path, drive: Drive) -> None:
    async with drive(grouped) as d:
        await d.panel("fairness")
        await d.until(lambda: offered(d).get("a") == "Apply", "the keys of a queue")
        assert "e" not in offered(d)
        assert offered(d)["b"] == "Groups"
        await d.press("question_mark")
        await d.on(HelpScreen)
        assert "your own label or text" not in d.words()
        await d.press("escape")
        await d.panel("labels")  # not in the recipe: nothing to decide on, nothing to review, no threshold
        await d.until(lambda: not {"a", "x", "e", "/", "A", "t", "r"} & set(offered(d)), "only what leads on")
        assert offered(d)["?"] == "Help"
    async with drive(run) as d:
        await d.panel("labels")
        await d.until(lambda: offered(d).get("e") == "Edit", "labels can be others")


async def test_training_is_stopped_and_rows_are_compared_only_where_there_is_something_to(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("train")
        await d.until(lambda: screen.watched is not None and offered(d).get("s") == "Start", "looked at")
        assert not {"k", "n", "⏎", "← →"} & set(offered(d))
        await d.panel("ablation")
        await d.until(lambda: offered(d).get("s") == "Start", "its keys")
        assert not {"d", "j", "k"} & set(offered(d)), "this data asks for labels"
        await d.panel("report")
        await d.until(lambda: d.app.desk.gate is not None, "the gate")
        red = any(c.findings for c in d.app.desk.gate.red)
        await d.until(lambda: ("n" in offered(d)) == red, "a way to what is red where something is")


async def test_where_a_filter_is_typed_its_own_ways_on_and_back_are_offered(run: Path, drive: Drive) -> None:
    async with drive(run, size=(80, 24)) as d:
        screen = await d.panel("labels")
        await d.press("slash")
        await d.until(lambda: offered(d).get("esc") == "No filter", "the keys of the box")
        assert set(offered(d)) == {"⏎", "esc", "F1", "^q"}, "a stroke is a letter here"
        await d.press(*"refund")
        await d.until(lambda: screen.queue.total > len(screen.queue.members), "fewer")
        await d.press("escape")
        await d.until(lambda: screen.queue.total == len(screen.queue.members) and not screen.wish.narrowed, "all again")


async def test_help_has_a_key_that_a_box_has_no_use_for_and_passes_on(run: Path, drive: Drive) -> None:
    async with drive() as d:
        await d.on(OpenScreen)
        await d.press("f1")
        await d.on(HelpScreen)
        line = next(line for line in d.words().splitlines() if "down_to_lists" in line)
        assert " Down " in line


async def test_the_palette_finds_what_every_key_of_the_screen_does(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        index = screen.current()
        await d.press("ctrl+p")
        await d.until(lambda: isinstance(d.app.screen, CommandPalette), "the palette")
        await d.press(*"reject")
        await d.sees("Reject", "x   Keep the row as it is")
        assert "Maximize" not in d.words()
        await d.press("enter")
        await d.until(lambda: screen.session.state.journal.decisions, "a decision")
        assert screen.session.state.status[index] == 2, "rejected"


def test_groupings_are_those_that_tell_the_findings_of_a_panel_apart(run: Path) -> None:
    session = Session.open(run)
    assert "change" not in groupings(session, ["exact_duplicates", "near_duplicates"])
    assert "partner" in groupings(session, ["exact_duplicates", "near_duplicates"])
    assert "partner" not in groupings(session, ["pii"])
    assert "change" in groupings(session, ["label_issues", "label_names"])
    assert groupings(session, []) == [""]


async def test_the_heading_of_the_finding_under_the_cursor_is_seen_with_it(run: Path, drive: Drive) -> None:
    async with drive(run, size=(80, 24)) as d:
        screen = await d.panel("pii")
        await d.press("home", "g")
        await d.until(lambda: screen.queue.headings, "headings")
        top = int(np.flatnonzero(screen.queue.shown < 0)[0])
        await d.until(lambda: screen.table.scroll_offset.y <= top < screen.table.cursor_row, "the heading above")


def test_what_a_line_of_the_queue_was_made_from_is_remembered_without_its_text(run: Path) -> None:
    session = Session.open(run)
    index = int(session.of_stage("label_issues")[0])
    reader = Reader(session)
    before = reader.planned(index)
    session.decide([index], "override", "+49 170 1234567 is mine")
    assert isinstance(reader.planned(index), int)
    assert reader.planned(index) != before
    assert reader.planned(index) == Reader(Session.open(session.run.path)).planned(index)


def test_notes_are_counted_by_stage_and_anew_after_a_decision(grouped: Path) -> None:
    session = Session.open(grouped)
    desk = Desk(session, Reader(session))
    stages = session.stages
    assert sum(desk.noted([s]) for s in stages) == desk.noted(stages)
    assert desk.noted(stages) == int(np.sum(session.flag_mask & (session.state.status == 0)))
    assert desk.noted(["no such stage"]) == 0


@pytest.mark.parametrize("damage", ["[dta]\n", "= no TOML", "[data.roles]\ngroup = 'gone'\n"])
def test_a_recipe_that_no_longer_fits_locks_no_data_out_of_the_guide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", rows(20))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "t.toml").write_text(f"[data]\ninput = '../t.jsonl'\n{damage}")
    found = begin("t.jsonl")
    assert found.dataset.n_rows == len(rows(20))
    assert not found.recipe.data.roles
    assert found.unused
    assert found.copy == Path("runs/t.1.toml")


def test_no_recipe_is_lost_when_another_takes_its_place(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "t.toml"
    assert replace(target, "one") is None
    assert replace(target, "one") is None, "the same bytes: nothing is lost"
    copies = [replace(target, text) for text in ("two", "one", "three", "two", "four")]
    assert [c and c.name for c in copies] == ["t.1.toml", "t.2.toml", "t.1.toml", "t.3.toml", "t.2.toml"]
    assert {p.name: p.read_text() for p in target.parent.iterdir()} == {
        "t.toml": "four", "t.1.toml": "one", "t.2.toml": "two", "t.3.toml": "three",
    }  # fmt: skip


def recipe_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch, recipe: str) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("curate.recipe.BUILT_IN", {"exact_duplicates": "curate.stages.exact_duplicates"})
    write(folder / "t.jsonl", rows(20))
    (folder / "runs").mkdir()
    (folder / "runs" / "t.toml").write_text(recipe)


async def guided(d: Driver) -> None:
    """From first launch to the roles that the guide shows."""
    await d.on(OpenScreen)
    await d.press(*"t.jsonl", "enter")
    await d.on(GuideScreen)
    await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")


MINE = "# why: asked for by the board\n[data]\ninput = '../t.jsonl'\n[keep]\npolicy = 'last'\n"


@pytest.mark.parametrize("mine", [MINE, "[data]\ninput = '../other.jsonl'\n", "[dta]\n"])
async def test_the_guide_says_what_becomes_of_the_recipe_that_is_there_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive, mine: str
) -> None:
    recipe_is_there(tmp_path, monkeypatch, mine)
    async with drive() as d:
        await guided(d)
        await d.sees("kept as runs/t.1.toml")
        d.app.screen.query_one("#policy").value = "regulated"
        await d.press("ctrl+s")
        await d.until(lambda: d.app.has_desk, "the run")
        assert d.app.desk.log[0].said == "looked at t.jsonl; the earlier recipe is kept as runs/t.1.toml"
    assert (tmp_path / "runs" / "t.1.toml").read_text() == mine
    assert 'preset = "regulated"' in (tmp_path / "runs" / "t.toml").read_text()


async def test_a_recipe_in_which_nothing_is_changed_keeps_its_file_with_its_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    mine = "# why: asked for by the board\n[data]\ninput = '../t.jsonl'\n[gate]\npreset = 'strict'\n"
    recipe_is_there(tmp_path, monkeypatch, mine)
    async with drive() as d:
        await guided(d)
        await d.press("ctrl+s")
        await d.until(lambda: d.app.has_desk, "the run")
        assert d.app.desk.log[0].said == "looked at t.jsonl"
    assert (tmp_path / "runs" / "t.toml").read_text() == mine
    assert not (tmp_path / "runs" / "t.1.toml").exists()


async def test_data_that_was_looked_at_can_be_looked_at_anew_under_other_roles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("curate.recipe.BUILT_IN", {"exact_duplicates": "curate.stages.exact_duplicates"})
    write(tmp_path / "t.jsonl", [{**r, "team": "ab"[i % 2]} for i, r in enumerate(rows(40))])
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "t.toml").write_text(
        "[data]\ninput = '../t.jsonl'\n[data.roles]\ngroup = 'team'\n[gate]\npreset = 'strict'\n"
    )
    workflow.run("runs/t.toml", out="runs/t", train=False)
    assert earlier_recipe(Path("runs/t.toml"), "t.jsonl") is not None
    (tmp_path / "elsewhere").mkdir()
    other = str(write(tmp_path / "elsewhere" / "t.jsonl", rows(9)))
    assert earlier_recipe(Path("runs/t.toml"), other) is None, "another file of that name"
    async with drive() as d:
        await d.on(OpenScreen)
        await d.press(*"t.jsonl", "enter")
        await d.on(GuideScreen)
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        assert d.app.screen.query_one("#role-group").value == "team"
        assert d.app.screen.query_one("#policy").value == "strict"
        d.app.screen.query_one("#role-group").value = "(none)"
        await d.press("ctrl+s")
        await d.until(lambda: d.app.has_desk, "the run")
        assert d.app.desk.session.dataset.roles.group == ()
        assert json.loads((tmp_path / "runs" / "t" / "manifest.json").read_text())["task"] == "classification"


async def test_data_of_another_name_or_time_gets_a_run_of_its_own_and_each_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("curate.recipe.BUILT_IN", {"exact_duplicates": "curate.stages.exact_duplicates"})
    records = [{**r, "team": "ab"[i % 2]} for i, r in enumerate(rows(30))]
    write(tmp_path / "t.jsonl", records)
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere" / "t.jsonl", records[:20])

    async def look(path: str, *, guided: bool, group: str | None = None) -> tuple[int, tuple[str, ...], str]:
        async with drive(path) as d:
            if guided:
                await d.on(GuideScreen)
                await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
                if group is not None:
                    d.app.screen.query_one("#role-group").value = group
                await d.press("ctrl+s")
            await d.until(lambda: d.app.has_desk, "the run")
            session = d.app.desk.session
            return session.dataset.n_rows, session.dataset.roles.group, session.run.path.name

    n = len(records)
    assert await look("t.jsonl", guided=True, group="team") == (n, ("team",), "t")
    assert await look("t.jsonl", guided=False) == (n, ("team",), "t"), "under what was chosen, not under defaults"
    assert await look("elsewhere/t.jsonl", guided=True) == (20, (), "t-2")
    assert await look("t.jsonl", guided=False) == (n, ("team",), "t")
    assert await look("elsewhere/t.jsonl", guided=False) == (20, (), "t-2")
    write(tmp_path / "t.jsonl", records[:25])
    async with drive("t.jsonl") as d:
        await d.on(GuideScreen)
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        await d.sees("runs/t is a run of other data, and stays.", "Begun from runs/t.toml.", "written to runs/t-3.toml")
        assert d.app.screen.query_one("#role-group").value == "team"
        await d.press("escape")
        await d.on(OpenScreen)
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["t", "t-2", "t-2.toml", "t.toml"]


async def test_rows_that_cannot_be_read_are_left_out_by_a_key_and_the_recipe_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    recipe_is_there(tmp_path, monkeypatch, "# why: asked for by the board\n[data]\ninput = '../t.jsonl'\n")
    n = len(rows(20))
    with (tmp_path / "t.jsonl").open("a") as file:
        file.write('{"text": "no end\n')
    async with drive() as d:
        await d.on(OpenScreen)
        await d.press(*"t.jsonl", "enter")
        await d.on(GuideScreen)
        await d.sees(f"1 of {n + 1} rows cannot be used", "x leaves them out", "Leave them out")
        assert "ctrl+s" not in d.words(), "nothing to go on with yet"
        await d.press("x")
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        await d.sees(f"{n} rows (1 more left out)")
        assert "Leave them out" not in d.words()
        await d.press("ctrl+s")
        await d.until(lambda: d.app.has_desk, "the run")
    assert 'on_bad_row = "skip"' in (tmp_path / "runs" / "t.toml").read_text()
    assert (tmp_path / "runs" / "t" / "manifest.json").is_file()


async def test_the_guide_shows_a_role_that_names_a_place_in_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("curate.recipe.BUILT_IN", {"exact_duplicates": "curate.stages.exact_duplicates"})
    said = [{"translation": {"en": f"This is house number {i}.", "fr": f"Voici la maison {i}."}} for i in range(20)]
    write(tmp_path / "t.jsonl", [*said, said[3]])
    async with drive("t.jsonl") as d:
        await d.on(GuideScreen)
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        assert d.app.screen.query_one("#role-prompt").value == "translation/en"
        await d.press("ctrl+s")
        await d.until(lambda: d.app.has_desk, "the run")
        assert d.app.desk.session.dataset.roles.completion == ("translation/fr",)


async def test_the_guide_answers_keys_while_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "t.jsonl", rows(30))
    free, late = threading.Event(), []

    def slow(text: str, width: int) -> str:
        late.append(not free.wait(5))
        return text

    monkeypatch.setattr("curate.privacy.preview.masked_preview", slow)
    async with drive(data) as d:
        await d.until(lambda: "reading" in d.words(), "the guide reads", 30)
        await d.pilot.press("ctrl+s", "escape")  # nothing to go with yet; the way back works
        await d.until(lambda: isinstance(d.app.screen, OpenScreen), "back", 30)
        free.set()
    assert not any(late)


async def test_where_nothing_can_be_written_the_guide_says_how_to_write_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "t.jsonl", rows(30))

    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "runs")

    monkeypatch.setattr("tui.guide.replace", locked)
    monkeypatch.setattr("tui.guide.can_be_made", lambda *_: False)
    async with drive("t.jsonl", size=(160, 40)) as d:
        await d.on(GuideScreen)
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        await d.press("ctrl+s")
        await d.sees("ermission denied", "`curate tui t.jsonl --out FOLDER` writes elsewhere")
    assert data.is_file()


async def test_the_guide_says_that_it_compiles_and_not_when_it_has_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", rows(30))
    free = threading.Event()

    @contextlib.contextmanager
    def compiles(tell: Callable[[bool], None]) -> Iterator[None]:
        tell(True)
        free.wait(30)
        yield
        tell(False)

    monkeypatch.setattr("curate.compiling.told_when_compiling", compiles)
    async with drive("t.jsonl") as d:
        await d.sees("compiling for this machine, once")
        free.set()
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        await d.settle()
        assert "compiling" not in d.words()
        assert "reading …" not in d.words()


async def test_the_guide_offers_text_that_stands_inside_the_objects_of_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("curate.recipe.BUILT_IN", {"exact_duplicates": "curate.stages.exact_duplicates"})
    talk = [{"question": f"Where is my order number {i}?", "answer": f"It left house {i} this morning."} for i in range(20)]
    write(tmp_path / "t.jsonl", [{"id": i, "talk": said} for i, said in enumerate(talk)])
    async with drive("t.jsonl", size=(200, 40)) as d:
        await d.on(GuideScreen)
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        await d.sees("Text stands inside columns: talk/question, talk/answer may be chosen")
        d.app.screen.query_one("#role-prompt").value = "talk/question"
        d.app.screen.query_one("#role-completion").value = "talk/answer"
        await d.press("ctrl+s")
        await d.until(lambda: d.app.has_desk, "the run")
        assert d.app.desk.session.dataset.task == "sft"


def shown_of(folder: Path, held: list[dict[str, object]]) -> str:
    """The evidence of the first copy among some rows, as it is printed."""
    recipe = {"data": {"input": str(write(folder / "a.jsonl", held))}, "run": {"stages": ["exact_duplicates"]}}
    workflow.run(Recipe.parse(recipe), out=folder / "run", train=False)
    session = Session.open(folder / "run")
    console = Console(width=90, file=io.StringIO())
    console.print(render(Reader(session).evidence(int(session.of_stage("exact_duplicates")[0]))))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_who_says_each_turn_stands_in_the_evidence_and_which_answer_was_chosen(tmp_path: Path) -> None:
    (tmp_path / "chat").mkdir()
    (tmp_path / "pairs").mkdir()
    turns = [{"conversations": [{"from": "human", "value": f"Where is the mill of page {n}?"},
                                {"from": "gpt", "value": f"Behind house {n}."}]} for n in range(30)]  # fmt: skip
    said = shown_of(tmp_path / "chat", [*turns, turns[3]])
    assert "human: Where is the mill of page 3?" in said
    assert "gpt: Behind house 3." in said
    pairs = [{"prompt": f"Where is the mill of page {n}?", "chosen": f"Behind house {n}.", "rejected": f"Ask at {n}."}
             for n in range(30)]  # fmt: skip
    said = shown_of(tmp_path / "pairs", [*pairs, pairs[3]])
    assert "chosen: Behind house 3." in said
    assert "rejected: Ask at 3." in said
