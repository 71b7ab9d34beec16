"""Our own top-level packages, found even where a user's files carry the same names.

`train`, `audit` and `tui` are generic names, and people keep a `train.py` beside their data. The console script never
looks in the working directory; `python -m curate` and the processes we start leave it out on purpose. Where Python was
started in a way that puts such a folder first (a notebook, a script), the import would silently take the wrong file:
`require` finds that out first and names it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from curate.errors import ConfigError, MissingExtraError

HOME = Path(__file__).resolve().parent.parent
OURS = ("train", "audit", "tui")
_process = {"ours": False}


def require(name: str) -> ModuleType:
    """Import `train`, `audit` or `tui` (or a module inside), or say which file stands in its way."""
    top = name.partition(".")[0]
    loaded = sys.modules.get(top)
    if loaded is not None:
        found = getattr(loaded, "__file__", None)
    else:
        spec = importlib.util.find_spec(top)
        found = spec.origin if spec else None
    if found is None or Path(found).resolve().parent != HOME / top:
        where = found or "a folder without __init__.py"
        raise ConfigError(
            f"Curate needs its own package {top!r}, but Python finds {where} first; rename that file, or run from "
            f"another folder (`curate` on the command line is not affected)"
        )
    return importlib.import_module(name)


def drop_working_directory() -> None:
    """Take the working directory off the module path, unless it is where this toolkit lives."""
    here = Path.cwd().resolve()
    if here == HOME:
        return
    sys.path[:] = [p for p in sys.path if p != "" and Path(p).resolve() != here]


def claim_process() -> None:
    """Say that this process is ours alone: a command or a worker, no notebook or program that imported us."""
    _process["ours"] = True


def is_ours() -> bool:
    """Whether this process is ours alone, so that what holds for all of it may be set."""
    return _process["ours"]


def child_environment() -> dict[str, str]:
    """Environment for a Python process of ours: no unsafe path, and this toolkit importable from anywhere."""
    env = dict(os.environ)
    env["PYTHONSAFEPATH"] = "1"
    paths = [p for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    if str(HOME) not in paths and "site-packages" not in HOME.parts:
        paths.insert(0, str(HOME))
    if paths:
        env["PYTHONPATH"] = os.pathsep.join(paths)
    return env


def need(extra: str, *modules: str) -> None:
    """Raise MissingExtraError when a module of an optional part is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(extra, module)


def arrow_without_pandas() -> None:
    """Keep Arrow from importing pandas, which it does to ask whether a list is a pandas one: 0.3 s of a short command.

    For verbs that hand no pandas object to Arrow and ask for none. Others may still import pandas themselves.
    """
    with _absent("pandas"):
        import pyarrow as pa

        pa.array([])


def numba_alone() -> None:
    """Keep numba from importing SciPy, which it does to ask whether `np.kron` has a BLAS, and a parser of C: 0.2 s.

    For verbs whose kernels multiply no matrices and call no C, which is all of them; to be called before anything imports
    numba. Others may still import SciPy themselves.
    """
    with _absent("scipy", "scipy.linalg", "cffi"):
        importlib.import_module("numba.np.arraymath")
        importlib.import_module("numba.core.typing.cffi_utils")


def cleanlab_alone() -> None:
    """Keep cleanlab from importing its auditor of data sets and with it the `datasets` library, which nothing here uses:
    0.5 s. In a process that others use too they may want it, so it is imported there."""
    if is_ours():
        with _absent("cleanlab.datalab.datalab"):
            importlib.import_module("cleanlab")


@contextmanager
def _absent(*packages: str) -> Iterator[None]:
    """Packages that were not imported yet cannot be."""

    class Absent:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name in packages:
                raise ImportError(name)

    sys.meta_path.insert(0, Absent)
    try:
        yield
    finally:
        sys.meta_path.remove(Absent)
