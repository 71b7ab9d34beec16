"""What a recipe names: its input, read as it says or known again from a manifest; decisions that came from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from curate.dataset import Dataset, load
from curate.dataset.again import known_again
from curate.dataset.listing import something_at
from curate.errors import ConfigError, DataError, RunError
from curate.ledger.decisions import Journal, read_journal
from curate.recipe import Recipe
from curate.rundir import RunDir, curate_version


def as_recipe(what: Recipe | str | Path) -> Recipe:
    """A recipe as it is, from a TOML file, or the defaults for a data file."""
    if isinstance(what, Recipe):
        return what
    path = Path(what)
    if path.suffix == ".toml":
        return Recipe.load(path)
    if path.is_dir() and (path / "curate.toml").is_file():
        return Recipe.load(path / "curate.toml")
    return Recipe().with_(input=str(path))


def input_path(recipe: Recipe) -> Path:
    """The recipe's input; a relative path is taken from the recipe's folder."""
    if recipe.data.input is None:
        raise DataError("the recipe names no input; set [data] input, or give --input")
    path = Path(recipe.data.input)
    if not path.is_absolute() and recipe.path is not None and not something_at(path):
        path = recipe.path.parent / path
    return path


def read_input(recipe: Recipe) -> Dataset:
    """Load what a recipe names, as it says."""
    return load(
        input_path(recipe),
        roles=recipe.data.roles or None,
        task=recipe.data.task,
        id_columns=recipe.data.id_columns,
        on_bad_row=recipe.data.on_bad_row,
    )


def read_decisions(path: str | Path) -> Journal:
    """A journal that a user names, or that of a run, which is empty where nobody has decided yet.

    ConfigError where there is neither, DataError for a wrong line.
    """
    journal = Path(path) / "decisions.jsonl" if Path(path).is_dir() else Path(path)
    if not journal.is_file() and not (Path(path) / "manifest.json").is_file():
        raise ConfigError(f"there is no decision file at {journal}")
    return read_journal(journal)


def default_out(source: str | Path) -> Path:
    """`runs/<name of the input>` in the working directory; for a pattern, what its name says beside wildcards."""
    path = Path(source)
    plain = (re.sub(r"\[[^]]*\]|[*?]", "", part).split(".")[0].strip(" -_/") for part in reversed(path.parts))
    return Path("runs") / next((name for name in plain if name), "data")


def known_input(manifest: Mapping[str, Any], recipe: Recipe) -> Dataset | None:
    """The data of a run as its manifest tells of it, rows read when they are looked at; None where this version might
    read it otherwise, or it is not what it was."""
    if not same_version(manifest):
        return None
    return known_again(input_path(recipe), manifest, recipe.data.id_columns)


def same_version(manifest: Mapping[str, Any]) -> bool:
    """Whether this version of curate wrote a run: another may read or resolve otherwise."""
    return bool(manifest.get("versions", {}).get("curate") == curate_version())


def same_input(directory: RunDir, manifest: Mapping[str, Any], dataset: Dataset) -> None:
    """Raise RunError when the data is not what the run was made from."""
    then, now = manifest["input"]["input_hash"], dataset.source.input_hash
    if then != now:
        raise RunError(
            f"{directory.path} is a run of other data: {dataset.source.path} is not what it was (hash {then} then, {now} "
            "now); this asks for the data that the run was made from"
        )


def other_data(directory: RunDir, then: str, now: str, now_hash: str) -> str:
    """What to do where a directory holds the run of other data: of another file, or of this one before it changed."""
    same = Path(then).resolve() == Path(now).resolve()
    what = f"{now} is not what it was" if same else f"it was made from {then}, and this is {now}"
    journal = directory.decisions_path
    keep = f" --decisions {journal}" if journal.is_file() else ""
    also = " (rows that both have keep what people decided of them)" if keep else ""
    own = home_for(directory.path, now_hash)
    return (
        f"{directory.path} is a run of other data: {what}. Run it into a directory of its own, --out {own}{keep}{also}; or "
        "remove the directory to start over"
    )


def home_for(where: str | Path, input_hash: str) -> Path:
    """A run directory of that name for some data, or with the first number behind it where nothing else stands."""

    def free(path: Path) -> bool:
        try:
            run = RunDir(path)
            return not run.foreign and run.manifest().get("input", {}).get("input_hash") in (None, input_hash)
        except (RunError, OSError):  # damaged, of another version of the format, or not ours to read
            return False

    return next(path for n in count(1) if free(path := Path(where if n == 1 else f"{where}-{n}")))
