"""`curate --help` as a user feels it: the median of several fresh processes, beside bare Python.

    python benchmarks/bench_startup.py [--repeat 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path


def median_seconds(command: list[str], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    curate = str(Path(sys.executable).with_name("curate"))
    for name, command in {
        "python -c pass": [sys.executable, "-c", "pass"],
        "curate --help": [curate, "--help"],
        "curate run --help": [curate, "run", "--help"],
    }.items():
        print(f"{name:<20} {median_seconds(command, repeat):.3f} s")


if __name__ == "__main__":
    main()
