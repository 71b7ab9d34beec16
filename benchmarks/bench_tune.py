"""Tuning: is the study's winner better than the defaults on test rows that had no part in it?

    python -m benchmarks.bench_tune [--data FOLDER] [--rows 2000] [--trials 10] [--seeds 3] [--out FOLDER]

Banking77 with all 77 intents and the bundled base: `--rows` of the 10,003 training rows (drawn by hash, so the same ones
each time) and the official test rows, as one file with a split column, through `curate tune` as a person would call it.
Prints what the command prints and the processor time it took. With `--out`, a call that was stopped goes on. Needs the
`train` extra and the data folder. Cost at the defaults: about ten minutes of processor time.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "data" / "banking77"


def write_file(folder: Path, rows: int, to: Path) -> None:
    """`rows` training rows and all test rows, with a split column."""
    with to.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("text", "category", "split"))
        for name in ("train", "test"):
            with (folder / f"{name}.csv").open(encoding="utf-8") as file:
                found = [(row["text"], row["category"]) for row in csv.DictReader(file)]
            if name == "train":
                found.sort(key=lambda row: hashlib.sha256(repr(row).encode()).hexdigest())
                found = found[:rows]
            writer.writerows((*row, name) for row in found)


def main() -> None:
    """Run one study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-tune-") as scratch:
        home = given.out or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        table = home / "banking77.csv"
        write_file(given.data, given.rows, table)
        recipe = home / "study.toml"
        recipe.write_text(
            'schema_version = 1\n[data]\ninput = "banking77.csv"\n[run]\nstages = []\n'
            "[tune]\nstartup_trials = 4\npruning_after_trials = 3\nmost_validation_rows = 400\nrungs = 5\n",
            encoding="utf-8",
        )
        began = time.perf_counter()
        command = [sys.executable, "-P", "-m", "curate", "tune", str(recipe), "--out", str(home / "study")]
        command += ["--at-once", "1", "--trials", str(given.trials), "--seeds", str(given.seeds)]
        code = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False).returncode
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"{spent.ru_utime + spent.ru_stime:.0f} s of processor time, {time.perf_counter() - began:.0f} s by the clock, "
            f"exit code {code}"
        )


if __name__ == "__main__":
    main()
