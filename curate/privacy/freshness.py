"""Compiled code must not outlive the sources and tables it was made from.

numba keeps machine code beside a module and takes it again while *that file's* contents are the same. What is compiled
in is more: functions and tables imported from other files (word lists, key prefixes). So after an upgrade or an edit of a
list, stale code would go on running without a word. `drop_stale_code` hashes the sources that compile something and all
that they import from the package and, where they differ from those of the last time, deletes numba's indexes, so that
everything is compiled anew at first use.

Cost: about 2 ms an import. It does nothing where the folder cannot be written (numba keeps its cache elsewhere then).
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import xxhash

_STAMP = "compiled_from.txt"
_IMPORT = re.compile(rb"^(?:from|import)\s+(curate\.[\w.]+)", re.MULTILINE)


def drop_stale_code(package: Path) -> bool:
    """Delete numba's indexes under `package` unless they were made from the sources that are there now; True if any
    had to go."""
    digest = xxhash.xxh3_128()
    for raw in _compiled_in(package):
        digest.update(raw)
    told = digest.hexdigest()
    stamp = package / "__pycache__" / _STAMP
    try:
        if stamp.read_text(encoding="ascii") == told:
            return False
    except (OSError, UnicodeDecodeError):
        pass
    stale = list(package.rglob("__pycache__/*.nbi"))
    try:
        for index in stale:
            with contextlib.suppress(FileNotFoundError):
                index.unlink()
        stamp.parent.mkdir(exist_ok=True)
        fresh = stamp.with_name(f"{_STAMP}.{os.getpid()}")
        fresh.write_text(told, encoding="ascii")
        fresh.replace(stamp)
    except OSError:
        return False
    return bool(stale)


def _compiled_in(package: Path) -> list[bytes]:
    """Contents of the sources that name `njit`, and of those that they import from the package, however far."""
    root = package.parents[1]
    texts = {source: source.read_bytes() for source in sorted(package.rglob("*.py"))}
    todo = [source for source, raw in texts.items() if b"njit" in raw and source.name != Path(__file__).name]
    wanted = set(todo)
    while todo:
        for name in _IMPORT.findall(texts[todo.pop()]):
            base = root.joinpath(*name.decode().split("."))
            for source in (base.with_suffix(".py"), base / "__init__.py"):
                if source in texts and source not in wanted:
                    wanted.add(source)
                    todo.append(source)
    return [texts[source] for source in sorted(wanted)]
