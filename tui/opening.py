"""Choosing what to open."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import DirectoryTree, Footer, Input, Label, Static

from tui.progress import ProgressScreen

DATA_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".gz", ".zst", ".toml")


class DataTree(DirectoryTree):
    """Folders, data files, recipes; nothing hidden."""

    def filter_paths(self, paths: object) -> list[Path]:
        return [p for p in paths if not p.name.startswith(".") and (p.is_dir() or p.suffix in DATA_SUFFIXES)]  # type: ignore[attr-defined]


class OpenScreen(Screen[None]):
    """Pick a data file, a recipe, or the folder of an earlier run. Type a path, or choose one below."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "app.leave", "Quit")]

    def __init__(self, message: str = "") -> None:
        super().__init__()
        self.message = message

    def compose(self) -> ComposeResult:
        yield Label("Curate: find what is wrong with your data, cure it, prove whether it helped", classes="title")
        with Vertical(id="open-box"):
            yield Input(placeholder="path of a data file, a recipe (curate.toml) or a run folder", id="open-input")
            yield Static(self.message, id="open-message", markup=False)
            yield DataTree(Path.cwd(), id="open-tree")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#open-input", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.open(event.value.strip())

    def on_directory_tree_file_selected(self, event: DirectoryTree.FileSelected) -> None:
        self.open(str(event.path))

    def on_directory_tree_directory_selected(self, event: DirectoryTree.DirectorySelected) -> None:
        if (event.path / "manifest.json").is_file():
            self.open(str(event.path))

    def open(self, path: str) -> None:
        """Go on with a path, or say what is wrong with it."""
        if not path or not Path(path).expanduser().exists():
            self.query_one("#open-message", Static).update(f"there is nothing at {path!r}" if path else "type a path")
            return
        self.app.switch_screen(ProgressScreen(str(Path(path).expanduser()), None))
