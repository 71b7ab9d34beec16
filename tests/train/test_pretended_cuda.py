"""The trainer on a device that only says it is CUDA, in a process of its own: see `on_pretended_cuda.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_no_part_of_the_trainer_mistakes_one_device_for_the_other() -> None:
    command = [sys.executable, "-m", "pytest", str(HERE / "on_pretended_cuda.py"), "--tb=short"]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
