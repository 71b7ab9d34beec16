"""Where the first-launch guide writes: a run directory that holds no other data's run, and the recipe beside it.

`runs/<name>` and `runs/<name>.toml`; where a run of other data (or of the same file before it changed) lies there,
`runs/<name>-2` and so on. Nothing that lies there is lost: another recipe takes the place of one only when its bytes lie
beside it under a free number (`runs/<name>.1.toml`), which opens like any recipe, and a recipe in which nothing is changed
keeps its file as it is, comments included.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from curate.dataset import Dataset
    from curate.recipe import Recipe


@dataclass(frozen=True)
class Beginning:
    """What the guide begins from, and where it ends."""

    recipe: Recipe
    dataset: Dataset
    out: Path
    """The run directory; the recipe is written to `<out>.toml`."""
    source: Path | None = None
    """The recipe file that is begun from; None for the defaults."""
    copy: Path | None = None
    """Where the recipe that lies in that place goes when another takes its place; None where there is none."""
    unused: str = ""
    """Why a recipe that lies there is not begun from."""
    taken: Path | None = None
    """The run of other data that has the name of this file."""

    @property
    def target(self) -> Path:
        """Where the recipe is written."""
        return recipe_of(self.out)


def is_data(path: str) -> bool:
    """Whether a path is data itself, no recipe and no run."""
    return Path(path).is_file() and Path(path).suffix != ".toml"


def recipe_of(out: Path) -> Path:
    """The recipe file beside a run directory."""
    return out.with_name(f"{out.name}.toml")


def folder_of(path: str) -> Path:
    """The run directory of a data file: the first of `runs/<name>`, `runs/<name>-2`, … that holds its run, or none."""
    from curate import workflow
    from curate.dataset.compression import hash_file

    first, now = workflow.default_out(path), hash_file(Path(path))
    for n in count(1):
        out = first if n == 1 else first.with_name(f"{first.name}-{n}")
        if not (out / "manifest.json").exists() or _made_from(out) == now:
            return out
    raise AssertionError("numbers do not end")


def _made_from(out: Path) -> str | None:
    try:
        return str(orjson.loads((out / "manifest.json").read_bytes())["input"]["input_hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def begin(path: str, on_bad_row: str | None = None) -> Beginning:
    """The data by the recipe that lies in its place, or beside the run of the same file before it changed; by the defaults
    where that is of another file, is damaged, or no longer fits them. `on_bad_row` goes before theirs."""
    from curate import workflow
    from curate.errors import CurateError
    from tui.workers import in_words

    first, out, copy, unused = workflow.default_out(path), folder_of(path), None, ""
    target, taken = recipe_of(out), None if out == first else first
    try:
        if target.exists():
            copy, unused = copy_of(target, target.read_bytes()), "it is of other data"
        for source in dict.fromkeys((target, recipe_of(first))):
            if (earlier := earlier_recipe(source, path)) is not None:
                dataset = workflow.read_input(earlier.with_(on_bad_row=on_bad_row))
                return Beginning(earlier, dataset, out, source, copy, taken=taken)
    except (CurateError, OSError) as error:
        unused = in_words(error)
    recipe = workflow.as_recipe(path)
    return Beginning(recipe, workflow.read_input(recipe.with_(on_bad_row=on_bad_row)), out, None, copy, unused, taken)


def earlier_recipe(source: Path, path: str) -> Recipe | None:
    """The recipe in a file, if it is of this very data file."""
    from curate import workflow
    from curate.recipe import Recipe

    if not source.is_file():
        return None
    recipe = Recipe.load(source)
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
