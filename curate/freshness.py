"""Compiled code must not outlive the sources and tables it was made from.

numba keeps machine code beside a module and takes it again while *that file's* contents are the same. What is compiled
in is more: functions and tables imported from other files (word lists, key prefixes, kernels of another package). So after
an upgrade or an edit, stale code would go on running without a word: rows that are no copies were removed by it.
`drop_stale_code` hashes the sources of a package that compile something and all that they import, from the package and
from sources elsewhere that compile something, and, where they differ from those of the last time, deletes the package's
indexes, so that everything is compiled anew at first use.

Cost: 2 to 3 ms a package, 13 ms for the scanner's 130 sources. Indexes are looked for beside the sources, or where
`NUMBA_CACHE_DIR` puts them; nothing is done where that cannot be written (a read-only install, of which numba keeps the
code in the user's own folder: empty it after an upgrade).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import xxhash

_STAMP = "compiled_from.txt"
_IMPORT = re.compile(rb"^from\s+(curate\.[\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD = re.compile(rb"\w+")


def drop_stale_code(package: Path) -> bool:
    """Delete numba's indexes under `package` unless they were made from the sources that are there now; True if any
    had to go."""
    digest = xxhash.xxh3_128()
    for raw in _compiled_in(package):
        digest.update(raw)
    told = digest.hexdigest()
    elsewhere = os.environ.get("NUMBA_CACHE_DIR")
    stamp = package / "__pycache__" / _STAMP
    if elsewhere:
        stamp = Path(elsewhere) / f"{xxhash.xxh3_128_hexdigest(str(package).encode())}_{_STAMP}"
    try:
        if stamp.read_text(encoding="ascii") == told:
            return False
    except (OSError, UnicodeDecodeError):
        pass
    if elsewhere:  # in a folder for each folder of sources, called by the hash of its name
        hashes = {hashlib.sha1(str(source.parent).encode()).hexdigest() for source in package.rglob("*.py")}
        stale = [file for name in hashes for file in Path(elsewhere).glob(f"*_{name}/*.nbi")]
    else:
        stale = list(package.rglob("__pycache__/*.nbi"))
    try:
        for index in stale:
            with contextlib.suppress(FileNotFoundError):
                index.unlink()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        fresh = stamp.with_name(f"{_STAMP}.{os.getpid()}")
        fresh.write_text(told, encoding="ascii")
        fresh.replace(stamp)
    except OSError:
        return False
    return bool(stale)


def _compiled_in(package: Path) -> list[bytes]:
    """Contents of the sources that name `njit`, and of those that they import, however far: of other packages only where
    these compile something, too."""
    root = package.parents[1]
    texts = {source: source.read_bytes() for source in sorted(package.rglob("*.py"))}
    todo = [source for source, raw in texts.items() if b"njit" in raw]
    wanted = set(todo)
    while todo:
        for source in _imported(texts[todo.pop()], root):
            if source in wanted:
                continue
            if source not in texts:
                raw = source.read_bytes()
                if b"njit" not in raw:
                    continue
                texts[source] = raw
            wanted.add(source)
            todo.append(source)
    return [texts[source] for source in sorted(wanted)]


def _imported(raw: bytes, root: Path) -> Iterator[Path]:
    """The sources that a source imports something from: modules, and what packages hold under the imported names."""
    for module, names in _IMPORT.findall(raw):
        base = root.joinpath(*module.decode().split("."))
        if base.is_dir():
            for name in _WORD.findall(names):
                source = base / f"{name.decode()}.py"
                if source.is_file():
                    yield source
            base = base / "__init__"
        source = base.with_suffix(".py")
        if source.is_file():
            yield source
