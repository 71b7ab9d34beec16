"""The wheel, as a stranger installs it: an empty environment, no extras, no checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_without_extras_curates_and_says_what_training_needs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(REPO)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    pins = ["-c", str(REPO / "constraints.txt")]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *pins, str(wheel)], check=True, capture_output=True)
    rows = "".join(f'{{"text": "a line of words number {i} about tea", "label": "{"ab"[i % 2]}"}}\n' for i in range(40))
    (tmp_path / "data.jsonl").write_text(rows)

    def curate(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python.with_name("curate")), *args], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    done = curate("run", "data.jsonl", "--no-train")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "data" / "report.html").is_file()
    demo = curate("demo", "--no-train", "-q")
    assert demo.returncode == 0, demo.stderr
    assert "near_duplicates" in demo.stdout
    for verb in (["run", "data.jsonl"], ["tui", "data.jsonl"]):
        missing = curate(*verb)
        assert missing.returncode == 2
        assert "pip install 'curate-toolkit[" in missing.stderr
    assert curate("doctor").returncode == 0
