"""The commands that the numbers in the documentation come from can still be started.

A benchmark takes minutes or hours, so none is run here; what breaks one unseen is a name that moved in the product.
"""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("curate", "train", "audit", "tui", "benchmarks")
SCRIPTS = sorted(p for folder in ("benchmarks", "docs", "examples") for p in (ROOT / folder).rglob("*.py"))


def _imported(path: Path) -> list[tuple[str, str]]:
    """(module, name) of everything of ours that a file imports, inside functions too; a name is empty for a module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
    return [(module, name) for module, name in found if module.split(".")[0] in OURS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_a_benchmark_imports_from_the_product_exists(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    for module, name in _imported(path):
        found = importlib.import_module(module)
        if name and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")  # a module of the package, or nothing


@pytest.mark.parametrize("script", ["simulate_ablation.py", "bench_startup.py"])
def test_a_benchmark_started_by_its_path_finds_the_product(script: str) -> None:
    """Python puts the script's folder first on its path: a folder there named like a package of ours would hide it."""
    hidden = [p.name for p in (ROOT / "benchmarks").iterdir() if p.name in OURS]
    assert not hidden
    done = subprocess.run([sys.executable, f"benchmarks/{script}", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
