"""How long `curate gate` takes: cold, warm, with label checks, with these on a sample, on a million rows, and with an index
of known rows where one row in a hundred is new.

    python -m benchmarks.bench_gate [--parts small,labels,sample,large,known] [--rows 1000000]

Each command is a process of its own: wall and processor seconds, and the most memory it held. Texts are made from a seed:
about 310 bytes of words from a vocabulary of 20,000, of which each label prefers some; one row in thirty a copy of another
with few words changed, one in fifty with an address and a number of somebody. Where other work runs beside it, only
processor seconds mean something.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NO_LABELS = '[checks.label_error_rate]\nenabled = false\n'
LABELS = 12


def rows(n: int, seed: int = 0) -> list[dict[str, str]]:
    """The rows; those of `rows(n)` come first in `rows(m)`, m > n, of the same seed."""
    rng = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(3, 10))) for _ in range(20_000)]
    out: list[dict[str, str]] = []
    for i in range(n):
        label = rng.randrange(LABELS)
        if i > 30 and i % 30 == 0:
            other = rng.choice(out[-1000:])
            text = other["text"].replace(" ", f" {rng.choice(words)} ", 1)
            out.append({**other, "text": text})
            continue
        topic = [words[100 * label + rng.randrange(100)] for _ in range(12)]
        said = [*topic, *(words[int(20_000 * rng.random() ** 3)] for _ in range(28))]
        rng.shuffle(said)
        text = " ".join(said)
        if i % 50 == 0:
            text += f" write to {said[0]}.{said[1]}@mail.example.org or call +1 212 555 {rng.randrange(10_000):04d}"
        out.append({"text": text, "label": f"topic_{label}", "split": "test" if i % 10 == 9 else "train"})
    return out


def write(path: Path, some: list[dict[str, str]]) -> Path:
    """The rows as JSON lines."""
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in some)
    return path


def gate(folder: Path, *args: str | Path) -> dict[str, float]:
    """Wall seconds, processor seconds, megabytes at the peak, exit code."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "curate", "gate", *map(str, args), "-q", "--output", "gate.json", "--format", "json"]
    process = subprocess.Popen(command, cwd=folder)
    _, status, used = os.wait4(process.pid, 0)
    return {
        "wall": time.perf_counter() - started, "cpu": used.ru_utime + used.ru_stime, "MB": used.ru_maxrss / 1024,
        "exit": os.waitstatus_to_exitcode(status),
    }  # fmt: skip


def stage_seconds(folder: Path, run: str) -> dict[str, float]:
    """Seconds of each stage, from the run's manifest."""
    manifest = json.loads((folder / run / "manifest.json").read_text())
    return {name: stage["seconds"] for name, stage in manifest["stages"].items()}


def say(what: str, of: dict[str, float], target: str = "") -> None:
    """One line of the table."""
    print(f"| {what} | {of['wall']:.2f} | {of['cpu']:.2f} | {of['MB']:,.0f} | {of['exit']:.0f} | {target} |", flush=True)


def small(folder: Path, n: int) -> None:
    """Few rows, cold and warm."""
    data = write(folder / "small.jsonl", rows(n))
    (folder / "plain.toml").write_text(NO_LABELS)
    gate(folder, data, "--policy", "plain.toml", "--out", "once")  # compiled kernels and pages of libraries
    say(f"{n:,} rows, cold", gate(folder, data, "--policy", "plain.toml", "--out", "small"), "5 s")
    say(f"{n:,} rows, warm", gate(folder, data, "--policy", "plain.toml", "--out", "small"), "2 s")
    print("   ", stage_seconds(folder, "small"))


def labels(folder: Path, n: int) -> None:
    """Few rows with label checks."""
    data = write(folder / "labels.jsonl", rows(n))
    say(f"{n:,} rows with label checks, cold", gate(folder, data, "--out", "labels"), "25 s")
    print("   ", stage_seconds(folder, "labels"))


def sample(folder: Path, n: int) -> None:
    """More rows than labels are judged of."""
    data = write(folder / "many.jsonl", rows(n))
    say(f"{n:,} rows with label checks on a sample", gate(folder, data, "--out", "many"))
    found = json.loads((folder / "gate.json").read_text())
    print("   ", next(c["sentence"] for c in found["checks"] if c["name"] == "label_error_rate"))


def large(folder: Path, n: int) -> None:
    """Many rows without label checks."""
    data = write(folder / "large.jsonl", rows(n))
    print(f"    {data.stat().st_size / n:.0f} bytes a row")
    (folder / "plain.toml").write_text(NO_LABELS)
    say(f"{n:,} rows", gate(folder, data, "--policy", "plain.toml", "--out", "large"), "90 s, 2,000 MB")
    print("   ", stage_seconds(folder, "large"))


def known(folder: Path, n: int) -> None:
    """One row in a hundred is new, anywhere: the whole command, and the stages that keep rows by themselves."""
    from curate.dataset import load
    from curate.pipeline import detect
    from curate.recipe import Recipe
    from curate.stages.known_rows import KnownRows

    made = rows(n + n // 100)
    old, rng = made[:n], random.Random(1)
    places = sorted((rng.randrange(n) for _ in made[n:]), reverse=True)
    old_file = write(folder / "old.jsonl", old)
    for place, row in zip(places, made[n:], strict=True):
        old.insert(place, row)
    new_file = write(folder / "new.jsonl", old)
    del made, old
    (folder / "plain.toml").write_text(NO_LABELS)
    asked = ("--policy", "plain.toml")
    say(f"{n:,} rows, index made", gate(folder, old_file, *asked, "--index", "index", "--out", "a"))
    (folder / "gate.json").rename(folder / "main.json")
    say(f"{n // 100:,} new rows, all looked at", gate(folder, new_file, *asked, "--baseline", "main.json", "--out", "b"))
    with_index = (*asked, "--baseline", "main.json", "--index", "index")
    say(f"{n // 100:,} new rows, with the index", gate(folder, new_file, *with_index, "--out", "c"))
    size = sum(file.stat().st_size for file in (folder / "index").rglob("*.npy"))
    print(f"    index: {size / 1e6:.0f} MB, {size / n:.0f} bytes a row", flush=True)
    recipe = Recipe().with_(stages=["exact_duplicates", "near_duplicates", "pii"])
    recipe = recipe.with_settings("near_duplicates", measure=False).with_settings("pii", names="off")
    few = load(write(folder / "few.jsonl", rows(4_000)))
    for writing in (True, False):  # loads every kernel
        meeting = (warm := KnownRows(folder / "few", writing=writing)).meet(few)
        detect(few, recipe, known=meeting)
        if writing and meeting is not None:
            warm.save(meeting)
    used = []
    for file, again in ((new_file, False), (new_file, True), (old_file, True)):
        dataset = load(file)
        _ = dataset.row_ids, dataset.content()
        meeting = KnownRows(folder / "index").meet(dataset) if again else None
        started = time.process_time()
        found = detect(dataset, recipe, known=meeting)
        used.append(time.process_time() - started)
    whole, part, none_new = used
    told = f"{whole:.2f} s of processor for all rows, {part:.2f} with the index ({part / whole:.1%})"
    print(f"    row-local and duplicate checks: {told}; {found.findings.num_rows:,} findings", flush=True)
    news = f"the new rows themselves: {(part - none_new) / whole:.1%} of all"
    print(f"    start-up, where no row is new: {none_new:.2f} s; {news}", flush=True)


PARTS = {"small": (small, 100), "labels": (labels, 100), "sample": (sample, 10), "large": (large, 1), "known": (known, 1)}
"""What each does, and how many times fewer rows it has than were asked for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rows", type=int, default=1_000_000, help="of large and known; sample: a tenth, the others: 1%%")
    asked = parser.parse_args()
    if unknown := set(asked.parts.split(",")) - set(PARTS):
        parser.error(f"there is no part {unknown.pop()!r}; known: {', '.join(PARTS)}")
    folder = Path(tempfile.mkdtemp(prefix="bench-gate-"))
    print("| what | wall s | processor s | peak MB | exit | target |\n|---|---|---|---|---|---|")
    try:
        for part in asked.parts.split(","):
            work, share = PARTS[part]
            work(folder, asked.rows // share)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
