"""Machine code in the cache goes when a source that it was made from changes, and only then."""

from __future__ import annotations

from pathlib import Path

from curate.privacy.freshness import drop_stale_code


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


def test_a_cache_folder_that_cannot_be_made_is_no_failure(tmp_path: Path) -> None:
    engine = package(tmp_path)
    (engine / "__pycache__").rmdir()
    (engine / "__pycache__").write_text("in the way")
    assert not drop_stale_code(engine)
    assert (engine / "__pycache__").read_text() == "in the way"
