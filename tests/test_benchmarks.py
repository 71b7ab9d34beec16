"""The commands that the numbers in the documentation come from can still be started, as they are written there.

A benchmark takes minutes or hours, so none is run here: each is asked for its help, which runs all that lies outside of its
functions and makes its command line. What breaks one unseen is a name that moved in the product.
"""

import ast
import importlib
import io
import re
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("curate", "train", "audit", "tui", "benchmarks")
SCRIPTS = sorted(p for folder in ("benchmarks", "docs", "examples") for p in (ROOT / folder).rglob("*.py"))
PEERS = ("use_", "aif360_")  # run in environments of their own, which need not be there
STARTED = [p for p in SCRIPTS if "__main__" in p.read_text() and not p.name.startswith(PEERS)]
WRITTEN = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "Makefile", *SCRIPTS]
COMMAND = re.compile(r"python\S* (?:-m (benchmarks[\w.]*\w)|((?:benchmarks|docs|examples)/[\w/]+\.py))([^`\n]*)")


def _imported(path: Path) -> list[tuple[str, str]]:
    """(module, name) of everything of ours that a file imports, inside functions too; a name is empty for a module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
    return [(module, name) for module, name in found if module.split(".")[0] in OURS]


@cache
def _help(path: Path) -> tuple[str, str]:
    """What a script says of its options, and of the words it takes; its own docstring, shown between them, left out."""
    said, before = io.StringIO(), (sys.argv, list(sys.path))
    sys.argv = [str(path), "--help"]
    try:
        with redirect_stdout(said), pytest.raises(SystemExit) as end:
            runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = before
    assert not end.value.code, end.value.code
    usage, _, rest = said.getvalue().partition("\n\n")
    return usage, rest[max(rest.find("\npositional arguments:"), 0) :]


def _commands(path: Path) -> list[tuple[Path, str]]:
    """(script, what stands behind it) of every command in a text; in backticks it may go on in the next line."""
    text = path.read_text()
    if path.suffix == ".md":
        text = re.sub(r"`[^`]+`", lambda m: re.sub(r"\n\s*", " ", m[0]), text)
    return [
        (ROOT / (f"{m[1].replace('.', '/')}.py" if m[1] else m[2]), re.split(r"#|&&|>|\)", m[3])[0])
        for m in COMMAND.finditer(text)
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_a_benchmark_imports_from_the_product_exists(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    for module, name in _imported(path):
        found = importlib.import_module(module)
        if name and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")  # a module of the package, or nothing


@pytest.mark.parametrize("path", STARTED, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_script_that_is_asked_for_help_gives_it_and_does_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    assert _help(path)[0].startswith("usage: ")


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_that_are_written_down_can_be_typed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    short = re.findall(r"`(?:bench|simulate)_\w+ [^`]+`", path.read_text())
    assert not short, "a command without its beginning"
    for script, behind in _commands(path):
        assert script.is_file(), f"{path.name} names {script}"
        if script not in STARTED:
            continue
        usage, words = _help(script)
        for option in re.findall(r"--[a-z][\w-]*", behind):
            assert re.search(rf"{option}\b", usage), f"{path.name}: {script.name} has no {option}"
        part = re.match(r" \[?([a-z_]+)(?=[\s\]|]|$)", behind)
        assert not part or re.search(rf"\b{part[1]}\b", words), f"{path.name}: {script.name} has no part {part[1]}"


@pytest.mark.parametrize("script", ["simulate_ablation.py", "bench_startup.py"])
def test_a_benchmark_started_by_its_path_finds_the_product(script: str) -> None:
    """Python puts the script's folder first on its path: a folder there named like a package of ours would hide it."""
    hidden = [p.name for p in (ROOT / "benchmarks").iterdir() if p.name in OURS]
    assert not hidden
    done = subprocess.run([sys.executable, f"benchmarks/{script}", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
