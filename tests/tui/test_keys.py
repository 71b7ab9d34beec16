"""Keys: each has a name by which it can be remapped, sentences follow, nothing is lost on the way, the footer has room."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets._footer import FooterKey

from curate.ledger.decisions import read_journal
from tests.tui.conftest import Drive, Driver
from tui import keymap
from tui.findings import FindingsScreen
from tui.help import HelpScreen
from tui.opening import OpenScreen
from tui.rail import CLOSE, fits, fitted
from tui.review import ReviewScreen
from tui.settings import read_settings

WAYS = ("undo", "help", "leave", "app.pop_screen")


def screens() -> list[type]:
    where = {p.screen for p in keymap.PANELS} | {v.screen for p in keymap.PANELS for v in p.views} | {*keymap.ELSEWHERE}
    return [keymap._load(w) for w in sorted(where | {"tui.app:CurateApp", "tui.table:QueueTable"})]


def test_every_key_of_every_screen_has_a_name_by_which_it_can_be_remapped() -> None:
    unnamed = [(kind.__name__, b.key) for kind in screens() for b in keymap.bindings_of(kind) if not b.id and not b.system]
    assert unnamed == []
    declared = {id(b) for kind in screens() for b in keymap.bindings_of(kind)}
    assert len(declared) > 80


def test_every_screen_of_the_interface_is_among_those_whose_keys_can_be_remapped() -> None:
    import importlib
    import pkgutil

    from textual.screen import Screen

    import tui

    for module in pkgutil.iter_modules(tui.__path__):
        if module.name != "serve":
            importlib.import_module(f"tui.{module.name}")

    def below(kind: type) -> set[type]:
        return {kind} | {k for sub in kind.__subclasses__() for k in below(sub)}

    known = set(screens())
    ours = {k for k in below(Screen) if k.__module__.startswith("tui.") and k.__dict__.get("BINDINGS")}
    bases = {base for k in known for base in k.__mro__}
    assert ours - known - bases == set()


def test_every_key_does_something_that_its_screen_can_do() -> None:
    from textual.actions import parse

    app = keymap._load("tui.app:CurateApp")
    for kind in screens():
        for b in keymap.bindings_of(kind):
            where, name, _ = parse(b.action)
            assert hasattr(app if where == "app" else kind, f"action_{name}"), (kind.__name__, b.key, b.action)


def test_what_sentences_call_a_key_is_what_the_key_is() -> None:
    names: dict[str, set[str]] = {}
    for kind in screens():
        for b in keymap.bindings_of(kind):
            if b.id:
                names.setdefault(b.id, set()).update(keymap.spelled(k.strip()) for k in b.key.split(","))
    for view in (view for panel in keymap.PANELS for view in panel.views):
        names.setdefault(view.id, set()).add(view.key)
    for name, usual in keymap.USUAL.items():
        assert usual in names[name], name


def test_a_key_is_spelled_as_people_call_it() -> None:
    said = {"escape": "Escape", "question_mark": "?", "x": "x", "A": "A", "space": "Space", "ctrl+y": "ctrl+y", "f1": "f1"}
    assert {one: keymap.spelled(one) for one in said} == said


def test_no_screen_gives_one_key_to_two_names() -> None:
    assert keymap.clashes(keymap.places(), {}) == {}
    for place in keymap.places():
        taken: dict[str, str] = {}
        for name, keys in place.items():
            for one in keys:
                assert taken.setdefault(one, name) == name, (one, name, taken[one])


@pytest.mark.parametrize(
    ("wished", "refused"),
    [
        ({"accept": "x"}, {"accept"}),
        ({"accept": "x", "reject": "a"}, set()),
        ({"accept": "y"}, {"accept"}),  # the key that confirms a bulk decision is to differ
        ({"accept": "y", "confirm": "enter"}, set()),
        ({"accept": "y", "confirm": "y"}, {"confirm"}),
        ({"outcome": "d", "differ": "n"}, set()),
        ({"undo": "j"}, {"undo"}),
        ({"accept": "?"}, {"accept"}),
    ],
)
def test_a_wish_that_would_take_another_key_away_is_refused(wished: dict[str, str], refused: set[str]) -> None:
    assert set(keymap.clashes(keymap.places(), wished)) == refused


def test_a_wish_refused_frees_no_key_for_another(tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    path.write_text('[keys]\naccept = "x"\nreject = "z"\nflag = "a"\nskip = "z"\n')
    found = read_settings(path, [], lambda: [{"accept": ["a"], "reject": ["x"], "flag": ["f"], "skip": ["space"]}])
    assert found.keys == {"accept": "x", "reject": "z", "flag": "a"}
    assert found.problems == ("[keys] reject and skip both ask for z",)
    path.write_text('[keys]\naccept = "x"\nflag = "a"\n')
    found = read_settings(path, [], lambda: [{"accept": ["a"], "reject": ["x"], "flag": ["f"]}])
    assert found.keys == {}
    assert len(found.problems) == 2


async def test_remapped_keys_work_in_views_and_over_questions_and_sentences_name_them(
    run: Path, tmp_path: Path, drive: Drive
) -> None:
    (tmp_path / "config" / "curate").mkdir(parents=True)
    wished = '[keys]\naccept = "d"\nundo = "z"\nback = "q"\nreview = "i"\nhelp = "h"\nwrite = "W"\nclose = "h"\n'
    (tmp_path / "config" / "curate" / "tui.toml").write_text(wished)
    async with drive(run) as d:
        assert d.app.settings.problems == ()
        await d.panel("pii")
        await d.sees("h tells what the keys do")
        await d.press("i")
        screen = await d.on(ReviewScreen)
        await d.until(lambda: screen.at is not None, "a question")
        await d.press("a")
        assert not (run / "decisions.jsonl").exists(), "the old key does nothing any more"
        await d.press("d")
        await d.sees("saved, z takes it back")
        await d.press("z")
        assert [x.verdict for x in read_journal(run / "decisions.jsonl").decisions] == ["accept", "undo"]
        await d.press("h")
        await d.on(HelpScreen)
        await d.sees("You have keys of your own", "stage_before")
        await d.press("h", "q")
        await d.on(FindingsScreen)


async def test_words_typed_ahead_of_the_screen_go_into_the_filter_and_decide_nothing(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        for key in ("slash", *"state:waits", "enter"):  # all there before the first of them is handled
            d.app.post_message(events.Key(key, "/" if key == "slash" else key if len(key) == 1 else None))
        await d.until(lambda: screen.wish.choice.text == "state:waits", "the whole filter")
        await d.until(lambda: d.app.focused.id == "queue", "enter behind the last letter")
        await d.settle()
        assert d.app.screen is screen
        assert screen.wish.sort == "state"
        assert not (run / "decisions.jsonl").exists()


# -- the footer ---------------------------------------------------------------------------------------------------------


def test_a_footer_drops_views_first_and_never_the_ways_back_out_and_to_help() -> None:
    keys = [("a", "Apply", "decide"), ("t", "Threshold", "app.view('x')"), ("w", "Write", "write"), ("u", "Undo", "undo"),
            ("?", "Help", "help"), ("^q", "Quit", "leave"), ("esc", "Back", "app.pop_screen")]  # fmt: skip
    whole = sum(len(k) + len(w) + CLOSE for k, w, _ in keys)
    assert fitted(keys, whole) == list(range(len(keys)))
    assert [keys[n][0] for n in fitted(keys, whole - 1)] == ["a", "w", "u", "?", "^q", "esc"]
    assert [keys[n][0] for n in fitted(keys, whole - 14)] == ["a", "u", "?", "^q", "esc"]
    assert [keys[n][2] for n in fitted(keys, 5)] == list(WAYS)
    assert not fits(keys, whole - 1, CLOSE)


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow),
                                  pytest.param((200, 60), marks=pytest.mark.slow)])  # fmt: skip
async def test_every_screen_says_where_one_is_and_how_to_get_help_back_and_out(
    run: Path, drive: Drive, size: tuple[int, int]
) -> None:
    async with drive(run, size=size) as d:
        await d.on(FindingsScreen)
        for place in keymap.PANELS:
            d.app.go(place.mode)
            for view in (None, *place.views):
                if view is not None:
                    await d.press(view.key)
                here = place.title if view is None else f"{place.title} › {view.name}"
                await d.sees(here)
                lines = d.words().splitlines()
                assert here in lines[0]
                await d.until(lambda: lines_end(d.words()), f"whole words in the footer of {here}")
                footer = d.words().splitlines()[-1]
                assert ("esc Back" in footer) == (view is not None), footer
                assert "Undo" in footer
                if view is not None:
                    await d.press("escape")


def lines_end(words: str) -> bool:
    return words.splitlines()[-1].rstrip().endswith("Quit") and "? Help" in words.splitlines()[-1]


def footer(d: Driver) -> list[str]:
    """Keys and words of the line at the foot."""
    return [f"{key.key_display} {key.description}" for key in d.app.screen.query("FooterKey").results(FooterKey)]


async def test_where_letters_are_typed_the_foot_names_a_key_that_helps_there(run: Path, drive: Drive) -> None:
    async with drive() as d:
        await d.on(OpenScreen)
        await d.until(lambda: "F1 Help" in footer(d), "the key for help")
        assert "? Help" not in footer(d), "here it is a letter"
        await d.press("f1")
        await d.on(HelpScreen)
        await d.sees("From the path to the lists below", "ctrl+q")
        assert "superseded" not in d.words(), "nothing has a state before a run is open"
        await d.press("escape", "down")
        assert d.app.focused is not None
        assert d.app.focused.id in ("open-runs", "open-tree"), "down goes to the lists"
        await d.until(lambda: "? Help" in footer(d), "the usual key")


async def test_over_a_question_the_foot_has_its_keys_and_none_of_those_below(run: Path, drive: Drive) -> None:
    asked = [
        ("A", ["y Yes, do it", "esc No", "a Apply", "x Reject", "f Flag"]),
        ("e", ["esc Cancel"]),
        ("c", ["esc Close", "y Copy"]),
        ("question_mark", ["esc Close"]),
        ("ctrl+o", ["esc Stay"]),
    ]
    async with drive(run) as d:
        below = await d.panel("pii")
        for key, says in asked:
            await d.press(key)
            await d.until(lambda says=says: footer(d) == says, f"{says} after {key}, not {footer(d)}")  # type: ignore[misc]
            await d.press("escape")
            await d.until(lambda: d.app.screen is below, f"the panel below after {key}")
