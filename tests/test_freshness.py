"""Machine code in the cache goes when a source that it was made from changes, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from curate import freshness
from curate.freshness import drop_stale_code


def package(folder: Path) -> Path:
    engine = folder / "curate" / "engine"
    (engine / "__pycache__").mkdir(parents=True)
    (engine / "kernel.py").write_text("from numba import njit\nfrom curate.engine.tables import WORDS\n")
    (engine / "tables.py").write_text("from curate.engine.lists import L\nWORDS = L\n")
    (engine / "lists.py").write_text("L = 1\n")
    (engine / "other.py").write_text("x = 1\n")
    return engine


def test_a_changed_table_that_compiled_code_imports_drops_the_indexes(tmp_path: Path) -> None:
    engine = package(tmp_path)
    index = engine / "__pycache__" / "kernel.lex-1.py311.nbi"
    index.write_text("code")
    assert drop_stale_code(engine)
    assert not index.exists()
    index.write_text("code")
    assert not drop_stale_code(engine)
    (engine / "other.py").write_text("x = 2\n")
    assert not drop_stale_code(engine)
    assert index.exists()
    (engine / "lists.py").write_text("L = 2\n")
    assert drop_stale_code(engine)
    assert not index.exists()


def test_kernels_of_another_package_count_and_what_compiles_nothing_there_does_not(tmp_path: Path) -> None:
    engine = package(tmp_path)
    other = tmp_path / "curate" / "other"
    other.mkdir()
    (other / "__init__.py").write_text("njit = 1\n")
    (other / "kernels.py").write_text("from numba import njit\nX = 1\n")
    (other / "names.py").write_text("X = 1\n")
    (engine / "more.py").write_text(
        "from numba import njit\nfrom curate.other import (\n    kernels,\n)\nfrom curate.other.names import X\n"
    )
    index = engine / "__pycache__" / "more.lex-1.py311.nbi"
    drop_stale_code(engine)
    index.write_text("code")
    (other / "names.py").write_text("X = 2\n")
    assert not drop_stale_code(engine)
    (other / "kernels.py").write_text("from numba import njit\nX = 2\n")
    assert drop_stale_code(engine)
    assert not index.exists()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_changed_kernel_is_compiled_into_those_that_call_it(tmp_path: Path, elsewhere: bool) -> None:
    """numba by itself goes on with the old one."""
    engine = tmp_path / "curate" / "engine"
    engine.mkdir(parents=True)
    (tmp_path / "curate" / "__init__.py").touch()
    (tmp_path / "curate" / "freshness.py").write_bytes(Path(freshness.__file__).read_bytes())
    (engine / "__init__.py").write_text(
        "from pathlib import Path\nfrom curate.freshness import drop_stale_code\ndrop_stale_code(Path(__file__).parent)\n"
    )
    caller = "from numba import njit\nfrom curate.engine.callee import one\n\n"
    (engine / "caller.py").write_text(caller + "@njit(cache=True)\ndef twice():\n    return 2 * one()\n")

    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")} if elsewhere else {}

    def answer(value: int) -> str:
        (engine / "callee.py").write_text(f"from numba import njit\n\n@njit(cache=True)\ndef one():\n    return {value}\n")
        code = "from curate.engine.caller import twice; print(twice())"
        env = {**os.environ, "PYTHONPATH": str(tmp_path), **cache}
        return subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env=env, text=True).strip()

    assert [answer(1), answer(1), answer(5), answer(1)] == ["2", "2", "10", "2"]


def test_a_cache_folder_that_cannot_be_made_is_no_failure(tmp_path: Path) -> None:
    engine = package(tmp_path)
    (engine / "__pycache__").rmdir()
    (engine / "__pycache__").write_text("in the way")
    assert not drop_stale_code(engine)
    assert (engine / "__pycache__").read_text() == "in the way"
