"""Which files a pattern or a folder names, in an order that depends on their names alone.

A pattern (`data/*.jsonl`, `shards/**/*.parquet`) names what the shell would; a folder names every data file below it, told
by its ending. Hidden files, files that start with `_`, folders called `runs` and run directories are no data and are left
out of folders; `**` leaves out run directories, and takes a file that links make reachable by several paths once. Files
come in the order of their paths below the pattern's fixed part, compared as text.
"""

from __future__ import annotations

import glob
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from curate.dataset.formats import FORMATS, named_format
from curate.dataset.names import SPLIT_WORDS, plain
from curate.dataset.savedfolders import is_saved_folder
from curate.errors import DataError
from curate.words import plural

ABOUT = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "croissant.json", "manifest.json")
"""Files that describe data and hold none."""


@dataclass(frozen=True)
class Listing:
    """The files of one dataset."""

    root: Path
    """What their names are told from."""
    names: tuple[str, ...]
    """Paths below the root, with `/`, sorted."""

    def files(self) -> list[Path]:
        """Where they are."""
        return [self.root / name for name in self.names]


def names_many(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a pattern or a folder of data files, rather than one file (or what `datasets` saved)."""
    file = Path(path)
    if file.is_dir():
        return not is_saved_folder(file)
    return glob.has_magic(str(path)) and not file.exists()


def something_at(path: Path) -> bool:
    """Whether a path is there, or a pattern names some file."""
    return path.exists() or (glob.has_magic(str(path)) and bool(_matching(path)))


def listing(path: str | os.PathLike[str]) -> Listing:
    """The files that a pattern or a folder names; DataError where there are none."""
    folder = Path(path)
    if folder.is_dir():
        if (folder / "manifest.json").is_file() and (folder / ".lock").is_file():
            curated = sorted(p.name for p in folder.glob("curated*"))
            hint = f" Name the data in it: {folder / curated[0]}." if curated else ""
            raise DataError(f"{folder}: is a run directory, not data.{hint}")
        names = sorted(name for name in (file.relative_to(folder).as_posix() for file in _below(folder)) if is_data(name))
        if not names:
            raise DataError(f"{folder}: is a directory without data files. {_instead(folder)}")
        return Listing(folder, _spelled(folder, names))
    root = fixed_part(str(path))
    found = [file for file in _matching(Path(path)) if not file.is_dir()]
    if "**" in Path(path).parts:
        found = _once(_without_runs(found, root))
    names = sorted({file.relative_to(root).as_posix() for file in found})
    if not names:
        raise DataError(f"{path}: no file has such a name; put quotes around a pattern that the shell should not read.")
    return Listing(root, _spelled(root, names))


def _instead(folder: Path) -> str:
    """What to name or to do where a folder holds no data: a run in it, rows of its texts; the endings that are known."""
    run = next(iter(sorted(folder.glob("*/manifest.json"))), None)
    if run is not None:
        return f"It holds runs: name one of them, such as {run.parent}."
    texts = sum(file.suffix.lower() == ".txt" for file in _below(folder))
    if texts:
        rows = f"find {shlex.quote(str(folder))} -name '*.txt' -exec jq -Rsc '{{file: input_filename, text: .}}' {{}} \\;"
        return f"It holds {plural(texts, 'text file')}; `{rows} > rows.jsonl` makes a row of each."
    return f"Known endings: {', '.join(FORMATS)}; .gz or .zst may follow."


def fixed_part(pattern: str) -> Path:
    """The folders before the first wildcard."""
    parts = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts) if parts else Path()


def is_data(name: str) -> bool:
    """Whether a file below a folder is data, by its path there: not hidden, of a known ending, no description of data."""
    path = PurePosixPath(name)
    plain = all(part[0] not in "._" for part in path.parts)
    return plain and path.name not in ABOUT and named_format(Path(path.name)) is not None


def split_of(name: str) -> str | None:
    """The split that a file's own name or a folder above it names: `train-00001.jsonl`, `test/part.parquet`."""
    path = PurePosixPath(name)
    for part in (path.name.split(".")[0], *(folder.name for folder in path.parents)):
        words = [SPLIT_WORDS[word] for word in plain(part).split("_") if word in SPLIT_WORDS] if part else []
        if len(set(words)) == 1:
            return words[0]
    return None


def _matching(pattern: Path) -> list[Path]:
    return [Path(name) for name in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207 - Path.glob takes no whole pattern


def _spelled(root: Path, names: list[str]) -> tuple[str, ...]:
    """The names; DataError for one that is no Unicode, which a manifest cannot hold."""
    for name in names:
        if not name.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in name):
            shown = name.encode("utf-8", "backslashreplace").decode()
            raise DataError(f"{root}: the name of a file in it is not UTF-8 ({shown}); rename that file.")
    return tuple(names)


def _without_runs(files: list[Path], root: Path) -> list[Path]:
    """Files that are not in a run directory below the root."""
    is_run: dict[Path, bool] = {}

    def inside(folder: Path) -> bool:
        if folder in (root, folder.parent):
            return False
        if folder not in is_run:
            is_run[folder] = all((folder / name).is_file() for name in ("manifest.json", ".lock")) or inside(folder.parent)
        return is_run[folder]

    return [file for file in files if not inside(file.parent)]


def _once(files: list[Path]) -> list[Path]:
    """Of the paths of one file, the shortest."""
    chosen: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: (len(file.parts), file.as_posix())):
        chosen.setdefault(Path(os.path.realpath(file)), file)
    return list(chosen.values())


def _below(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        if at != str(folder) and {"manifest.json", ".lock"} <= set(files):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name[0] not in "._" and name != "runs")
        yield from (Path(at) / name for name in files)
