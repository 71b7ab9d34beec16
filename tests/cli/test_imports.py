"""What importing costs, and which file wins: proved in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("polars", "pyarrow", "numpy", "sklearn", "torch", "transformers", "textual", "numba", "pandas", "rich")
SHADOWS = ("train.py", "audit.py", "tui.py")


def modules_after(code: str, cwd: Path | None = None) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys, json; print('\\n' + json.dumps(sorted(sys.modules)))"],
        capture_output=True, text=True, check=True, cwd=cwd,
    )
    return set(json.loads(out.stdout.strip().splitlines()[-1]))


@pytest.mark.parametrize("args", [["--help"], ["run", "--help"], ["tui", "--help"], ["--version"]])
def test_help_imports_no_library_that_takes_time_to_load(args: list[str]) -> None:
    loaded = modules_after(
        "from curate.cli import cli\n"
        f"try:\n    cli.main({args!r}, standalone_mode=False)\nexcept SystemExit: pass"
    )
    assert not loaded & set(HEAVY)


def test_importing_curate_loads_nothing_else_until_a_name_is_used() -> None:
    assert not modules_after("import curate") & set(HEAVY)
    assert "curate.dataset" in modules_after("import curate; curate.load")


def test_importing_the_workflow_loads_neither_torch_nor_textual_nor_sklearn() -> None:
    loaded = modules_after("import curate.workflow, curate.stages.registry as r; [r.get_stage(n) for n in r.BUILT_IN]")
    assert not loaded & {"torch", "transformers", "textual", "sklearn", "cleanlab", "fairlearn"}


@pytest.mark.parametrize("verb", [("dedup",), ("run", "--no-train")], ids=["dedup", "run"])
def test_no_pandas_and_no_linear_algebra_that_libraries_only_ask_for(tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "rows.csv").write_text("text\n" + "".join(f"row {i} of the weather and the sea\n" for i in range(40)))
    words = [*verb, "rows.csv", "--out", "run", "--quiet"]
    loaded = modules_after(f"from curate.cli import cli\ncli.main({words!r}, standalone_mode=False)", cwd=tmp_path)
    assert (tmp_path / "run" / "report.html").is_file()
    assert "numba.np.arraymath" in loaded
    assert not loaded & {"pandas", "scipy.linalg", "numpy.f2py", "pycparser", "torch", "sklearn"}


@pytest.mark.parametrize("ours", [True, False], ids=["a command", "a program that imports us"])
def test_cleanlab_brings_its_auditor_of_data_sets_only_where_others_may_want_it(tmp_path: Path, ours: bool) -> None:
    claim = "from curate.house import claim_process\nclaim_process()\n" if ours else ""
    judge = "import numpy as np\nfrom curate.labels.confident import cleanlab_judgement as judge\n"
    loaded = modules_after(f"{claim}{judge}judge(np.array([0, 1, 0, 1]), np.full((4, 2), 0.5, np.float32))", cwd=tmp_path)
    assert "cleanlab.filter" in loaded
    assert ("datasets" in loaded) is not ours


@pytest.fixture
def users_folder(tmp_path: Path) -> Path:
    """A folder as people have it: data beside scripts that carry the names of our packages."""
    for name in SHADOWS:
        (tmp_path / name).write_text("raise SystemExit('the user\\'s own file was imported')\n")
    rows = "".join(f"text number {i} about the weather and the sea,{'ab'[i % 2]},{'mf'[i // 2 % 2]}\n" for i in range(40))
    (tmp_path / "data.csv").write_text("text,label,gender\n" + rows)
    return tmp_path


def curate(*args: str, cwd: Path, module: bool) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("curate")
    command = [sys.executable, "-m", "curate"] if module else [str(script)]
    return subprocess.run([*command, *args], capture_output=True, text=True, cwd=cwd)


@pytest.mark.parametrize("module", [False, True], ids=["console script", "python -m curate"])
def test_a_users_own_train_audit_and_tui_files_break_nothing(users_folder: Path, module: bool) -> None:
    words = ("data.csv", "--no-train", "--role", "group=gender", "--stages", "exact_duplicates,fairness")  # `audit` has it
    done = curate("run", *words, "--out", "run", cwd=users_folder, module=module)
    assert done.returncode == 0, done.stderr
    assert (users_folder / "run" / "report.html").is_file()
    doctor = curate("doctor", cwd=users_folder, module=module)
    assert "SHADOWED" not in doctor.stdout


def test_where_the_users_file_comes_first_the_error_names_it(users_folder: Path) -> None:
    code = "import curate.house as h\ntry: h.require('train')\nexcept Exception as e: print(e)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=users_folder)
    assert str(users_folder / "train.py") in out.stdout
    assert "rename that file" in out.stdout


def test_a_spawned_worker_and_a_child_process_find_our_packages_from_such_a_folder(users_folder: Path) -> None:
    script = users_folder / "work.py"
    script.write_text(
        "import curate.house as h\nh.drop_working_directory()\n"
        "import multiprocessing as mp\n"
        "def where():\n    import train; return train.__file__\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('spawn').Pool(1) as pool: print(pool.apply(where))\n"
    )
    out = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=users_folder)
    assert out.stdout.strip().endswith(os.path.join("train", "__init__.py")), out.stderr
    code = (
        "import sys, subprocess, curate.house as h\n"
        "print(subprocess.run([sys.executable, '-c', 'import audit; print(audit.__file__)'],"
        " env=h.child_environment(), capture_output=True, text=True).stdout)"
    )
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, cwd=users_folder)
    assert os.path.join("audit", "__init__.py") in out.stdout, out.stderr


def test_a_verb_that_has_answered_does_not_look_through_all_that_it_made(tmp_path: Path) -> None:
    code = (
        "import atexit, gc, sys\natexit.register(lambda: print('left alone', gc.get_freeze_count() > 0))\n"
        "sys.argv = ['curate', '--version']\nfrom curate.cli import main\nmain()"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert out.stdout.endswith("left alone True\n"), out.stderr
