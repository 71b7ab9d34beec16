"""Choosing what to open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import orjson
from rich.cells import cell_len
from rich.text import Text, TextType
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.suggester import Suggester
from textual.widgets import DirectoryTree, Input, OptionList, Static
from textual.widgets.option_list import Option

from curate.safetext import safe_text
from curate.words import plural
from tui.progress import ProgressScreen
from tui.rail import Keys
from tui.words import short_path

DATA_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".gz", ".zst", ".toml")
MOST_RUNS = 6


class DataTree(DirectoryTree):
    """Folders, data files, recipes; nothing hidden."""

    ICON_NODE, ICON_NODE_EXPANDED, ICON_FILE = "▸ ", "▾ ", "  "

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """What can be opened, and what may hold it."""
        return [p for p in paths if not p.name.startswith(".") and (_is_dir(p) or p.suffix in DATA_SUFFIXES)]

    def process_label(self, label: TextType) -> Text:
        """File names are plain text, whatever they are."""
        return Text(safe_text(str(label)))


class PathSuggester(Suggester):
    """Completes the last part of a path from what is there."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first name that goes on from what is typed."""
        folder, _, start = value.rpartition("/")
        if not start:
            return None
        try:
            names = sorted(p.name for p in Path(folder or ("/" if value.startswith("/") else ".")).expanduser().iterdir())
        except OSError:
            return None
        name = next((n for n in names if n.startswith(start) and n.isprintable()), None)
        return None if name is None else value[: len(value) - len(start)] + name


class OpenScreen(Screen[None]):
    """Pick a data file, a recipe, or the folder of an earlier run: type a path, or go down (Tab) and choose one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next list", id="next_part",
                tooltip="From the path to the lists below and back"),
        Binding("down", "app.focus_next", show=False, id="down_to_lists", tooltip="From the path to the lists below"),
    ]  # fmt: skip

    def __init__(self, path: str = "", message: str = "") -> None:
        super().__init__()
        self.path = path if path.isprintable() else ""
        self.message = message
        self.runs = earlier_runs(Path.cwd())

    def compose(self) -> ComposeResult:
        yield Static(Text("Curate", style="bold"), classes="title")
        yield Static("Find what is wrong with your data, cure it, and prove whether it helped.", classes="hint")
        with Vertical(id="open-box"):
            yield Input(
                value=self.path,
                placeholder="a data file, a recipe or a run folder, then Enter; or ↓ to the lists",
                suggester=PathSuggester(),
                id="open-input",
            )
            yield Static(Text(self.message), id="open-message")
            if self.runs:
                yield Static("Earlier runs here", classes="list-title")
                room = max(cell_len(short_path(p)) for p, _ in self.runs)
                yield OptionList(*(Option(_line(p, said, room)) for p, said in self.runs), id="open-runs")
            yield Static("Files here", classes="list-title")
            yield DataTree(Path.cwd(), id="open-tree")
        yield Keys()

    def on_mount(self) -> None:
        tree = self.query_one(DataTree)
        tree.show_root = False
        tree.guide_depth = 3
        self.query_one("#open-input", Input).focus()

    @on(Input.Submitted)
    def typed(self, event: Input.Submitted) -> None:
        """A path was typed."""
        self.open(event.value.strip())

    @on(OptionList.OptionSelected)
    def run_chosen(self, event: OptionList.OptionSelected) -> None:
        """An earlier run was chosen."""
        self.open(str(self.runs[event.option_index][0]))

    @on(DirectoryTree.FileSelected)
    def file_chosen(self, event: DirectoryTree.FileSelected) -> None:
        """A file was chosen."""
        self.open(str(event.path))

    @on(DirectoryTree.DirectorySelected)
    def folder_chosen(self, event: DirectoryTree.DirectorySelected) -> None:
        """A run folder opens; any other folder unfolds."""
        if (event.path / "manifest.json").is_file():
            self.open(str(event.path))

    def open(self, path: str) -> None:
        """Go on with a path, or say what is wrong with it."""
        try:
            found = bool(path) and Path(path).expanduser().exists()
        except (OSError, ValueError):
            found = False
        if not found:
            said = f"there is nothing at {safe_text(path)}" if path else "type a path, or press Tab and choose one"
            self.query_one("#open-message", Static).update(Text(said))
            return
        from tui.guide import GuideScreen
        from tui.recipe_file import is_data

        where = str(Path(path).expanduser())
        # Data that is chosen here can be looked at anew under other roles: what was found in it stands among the earlier
        # runs. The path that is here already was on its way there when something stopped it: it goes on.
        again = where != self.path and is_data(where)
        self.app.switch_screen(GuideScreen(where) if again else first_look(where, None))


def first_look(path: str, out: str | None) -> Screen[None]:
    """The guide for data that nobody has looked at, else straight to its findings."""
    from tui.guide import GuideScreen, wants_guide

    return GuideScreen(path) if out is None and wants_guide(path) else ProgressScreen(path, out)


def earlier_runs(here: Path) -> list[tuple[Path, str]]:
    """Run folders in `runs/` of a folder, newest first, with what they came to."""
    found: list[tuple[float, Path, str]] = []
    for manifest in here.glob("runs/*/manifest.json"):
        try:
            said = _summary(orjson.loads(manifest.read_bytes()))
            found.append((manifest.stat().st_mtime, manifest.parent, said))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return [(path, said) for _, path, said in sorted(found, key=lambda f: (-f[0], str(f[1])))[:MOST_RUNS]]


def _summary(manifest: dict[str, object]) -> str:
    plan = manifest.get("plan")
    if not isinstance(plan, dict):
        return "not finished"
    return f"{manifest['task']}, {plural(plan['rows_in'], 'row')} → {plan['rows_out']:,}"


def _line(path: Path, said: str, room: int) -> Text:
    name = short_path(path)
    return Text.assemble((name, "bold"), " " * (room - cell_len(name) + 3), said)


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
