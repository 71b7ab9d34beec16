"""The recipe that the first-launch guide writes: `runs/<name>.toml`, begun from the one that is there, which is never lost.

Another recipe takes its place only when its bytes lie beside it under a free number (`runs/<name>.1.toml`), and a recipe
in which nothing is changed keeps its file as it is, comments included. A copy is opened like any recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.dataset import Dataset
    from curate.recipe import Recipe


@dataclass(frozen=True)
class Beginning:
    """What the guide begins from."""

    recipe: Recipe
    dataset: Dataset
    earlier: bool = False
    """Whether the recipe is the one that lies in its place already."""
    unused: str = ""
    """Why the recipe that lies there is not begun from; empty where there is none, or where it is."""
    copy: Path | None = None
    """Where the recipe that lies there goes when another takes its place."""


def place(path: str) -> Path:
    """Where the recipe of a data file is written."""
    from curate import workflow

    return Path(f"{workflow.default_out(path)}.toml")


def begin(path: str) -> Beginning:
    """The data by the recipe that lies in its place, and by the defaults where that is of another file, is damaged, or no
    longer fits them."""
    from curate import workflow
    from curate.errors import CurateError
    from tui.workers import in_words

    target, unused, copy = place(path), "", None
    try:
        if target.exists():
            copy, unused = copy_of(target, target.read_bytes()), "it is of other data"
        if (earlier := earlier_recipe(path)) is not None:
            return Beginning(earlier, workflow.read_input(earlier), earlier=True, copy=copy)
    except (CurateError, OSError) as error:
        unused = in_words(error)
    recipe = workflow.as_recipe(path)
    return Beginning(recipe, workflow.read_input(recipe), unused=unused, copy=copy)


def earlier_recipe(path: str) -> Recipe | None:
    """The recipe in the place of a data file, if it is of this very file."""
    from curate import workflow
    from curate.recipe import Recipe

    target = place(path)
    if not target.is_file():
        return None
    recipe = Recipe.load(target)
    same = recipe.data.input is not None and workflow.input_path(recipe).resolve() == Path(path).resolve()
    return recipe if same else None


def copy_of(target: Path, held: bytes) -> Path:
    """`name.1.toml` beside `name.toml`, or the next number that nothing else has; one with these very bytes is as good."""
    for n in count(1):
        copy = target.with_name(f"{target.stem}.{n}{target.suffix}")
        if not copy.exists() or (copy.is_file() and copy.read_bytes() == held):
            return copy
    raise AssertionError("numbers do not end")


def replace(target: Path, text: str) -> Path | None:
    """Write a recipe; where another lies there, return the copy of it that was made first."""
    from curate.dataset.atomic import atomic_write_bytes, atomic_write_text

    copy = None
    if target.exists() and (held := target.read_bytes()) != text.encode():
        copy = copy_of(target, held)
        atomic_write_bytes(copy, held)
    atomic_write_text(target, text)
    return copy
