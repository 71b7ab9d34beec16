"""Duplicates end to end, ours and the peers: read Parquet, find, decide, write; one process a tool.

    python -m benchmarks.bench_dedup [--parts speed,floor,startup,formats,accuracy,growth,large] [--rows N] [--tools a,b]

`make peers` installs the peers, `make bench-dedup` runs all parts (an hour, nearly all of it the peers'). The corpus
is cut from `--articles`, a Parquet file of long texts, once, into `~/.cache/curate-benchmarks` or
`$CURATE_BENCH_CACHE`. Every tool reads the same whole file. Wall clock counts when the machine is free; processor seconds
stand beside it for when it is not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.dedup import accuracy, floor, tools
from benchmarks.dedup.corpus import ARTICLES, CACHE, Corpus, corpus, respelled
from benchmarks.dedup.measure import CommandError, Cost, run

PARTS = ("speed", "floor", "startup", "formats", "accuracy", "growth", "large")
GROWTH_ROWS = (100_000, 400_000, 1_000_000, 4_000_000)


def once(tool: tools.Tool, data: Corpus, repeats: int = 1) -> tuple[Cost, np.ndarray]:
    """The fastest of some runs of a tool, and the rows it kept."""
    best: Cost | None = None
    for _ in range(repeats):
        folder = Path(tempfile.mkdtemp(prefix=f"{tool.name}-", dir=CACHE))
        try:
            cost = run(tool.command(data.path, folder), folder, tools.ENV)
            kept = tools.kept_rows(tool, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        best = cost if best is None or cost.wall_s < best.wall_s else best
    assert best is not None
    return best, kept


def table(head: list[str], rows: list[list[str]]) -> None:
    """A Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def speed(rows: int, chosen: tuple[tools.Tool, ...], articles: Path, repeats: int) -> None:
    """Seconds and memory of each tool on the passages; start-up, on a hundred of them, is stated apart for each."""
    ours = beyond = 0.0
    lines = []
    few, data = corpus("passages", 100, articles), corpus("passages", rows, articles)
    for tool in chosen:
        try:
            start, _ = once(tool, few, repeats)
            cost, kept = once(tool, data, repeats if not tool.peer else 1)
        except CommandError as failure:
            print(f"{tool.name}: {failure}", file=sys.stderr)
            lines.append([tool.name, f"{data.megabytes:.0f}", "failed", "", "", "", "", "", "", "", "", ""])
            continue
        pace = data.megabytes / cost.wall_s
        without = (data.megabytes - few.megabytes) / max(1e-9, cost.wall_s - start.wall_s)
        ours, beyond = (ours, beyond) if tool.peer else (pace, without)
        lines.append([
            tool.name, f"{data.megabytes:.0f}", f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{pace:.2f}",
            f"{data.megabytes / cost.cpu_s:.2f}", f"{ours / pace:.1f}x" if ours else "", f"{start.wall_s:.2f}",
            f"{without:.2f}", f"{beyond / without:.1f}x" if beyond else "", f"{cost.peak_mb:,.0f}",
            f"{data.rows - len(kept):,}",
        ])  # fmt: skip
        print(f"  {tool.name} done: {cost.wall_s:.1f} s wall, {cost.cpu_s:.1f} s CPU", file=sys.stderr, flush=True)
    table(["tool", "MB", "wall s", "CPU s", "MB/s wall", "MB/s CPU", "ours is", "start-up s", "MB/s beyond it",
           "ours is, beyond it", "peak MB", "rows removed"], lines)  # fmt: skip


def floors(rows: int, articles: Path) -> None:
    """The floors, on the same passages."""
    data = corpus("passages", rows, articles)
    lines = [
        [name, f"{wall:.2f}", f"{cpu:.2f}", f"{data.megabytes / wall:.0f}"]
        for name, (wall, cpu) in floor.floors(data.path, floor.cores()).items()
    ]
    table([f"floor, {data.megabytes:.0f} MB", "wall s", "CPU s", "MB/s wall"], lines)


def startup(articles: Path) -> None:
    """Our command on a file too small to matter: imports, kernels from the cache, the files of a run."""
    data = corpus("passages", 100, articles)
    cost, _ = once(tools.TOOLS[0], data, 3)
    table(["start-up", "wall s", "CPU s", "peak MB"],
          [["curate dedup, 100 rows", f"{cost.wall_s:.2f}", f"{cost.cpu_s:.2f}", f"{cost.peak_mb:.0f}"]])  # fmt: skip


def formats(rows: int, articles: Path, repeats: int) -> None:
    """Our command on the same passages in the formats that people have; conversations are the first 200,000 of them."""
    lines = []
    for form in ("parquet", "jsonl", "csv", "turns.jsonl"):
        data = corpus("passages", min(rows, 200_000) if form == "turns.jsonl" else rows, articles)
        with tempfile.TemporaryDirectory(dir=CACHE) as place:
            path = data.path if form == "parquet" else respelled(data, form, Path(place))
            costs = []
            for i in range(repeats):
                folder = Path(place) / str(i)
                folder.mkdir()
                costs.append(run(tools.TOOLS[0].command(path, folder), folder, tools.ENV))
                shutil.rmtree(folder)
        best = min(costs, key=lambda cost: cost.wall_s)
        lines.append([form, f"{data.rows:,}", f"{data.megabytes:.0f}", f"{best.wall_s:.1f}", f"{best.cpu_s:.1f}",
                      f"{data.megabytes / best.wall_s:.1f}", f"{best.peak_mb:,.0f}"])  # fmt: skip
    table(["format", "rows", "MB of text", "wall s", "CPU s", "MB/s wall", "peak MB"], lines)


def accuracies(chosen: tuple[tools.Tool, ...], articles: Path, rows: int = 20_000) -> None:
    """Each tool against exact Jaccard of all pairs, and against what was planted."""
    data = corpus("passages", rows, articles)
    pairs = accuracy.all_pairs(data.texts())
    exact, planted = [], []
    for tool in chosen:
        try:
            _, kept = once(tool, data)
        except CommandError as failure:
            print(f"{tool.name}: {failure}", file=sys.stderr)
            continue
        judged = accuracy.against_all_pairs(pairs, kept, tools.THRESHOLD)
        found = accuracy.planted_found(data, kept)
        exact.append([tool.name, *judged.values()])
        planted.append([tool.name, *found.values()])
    table([f"{rows:,} rows", *judged], exact)
    print()
    table(["planted copies not both kept, by words edited", *found], planted)


def growth(articles: Path, sizes: tuple[int, ...]) -> None:
    """Our command on short texts in growing numbers."""
    grown("short", articles, sizes)


def large(articles: Path, rows: int) -> None:
    """Our command on passages that it keeps in memory, and on more, which it sets aside."""
    grown("passages", articles, (450_000, rows))


def grown(kind: str, articles: Path, sizes: tuple[int, ...]) -> None:
    """Our command on more and more rows: time, and what memory grows by."""
    lines = []
    first: tuple[int, float] | None = None
    for rows in sizes:
        data = corpus(kind, rows, articles)
        cost, kept = once(tools.TOOLS[0], data)
        first = first or (rows, cost.anonymous_mb)
        slope = (cost.anonymous_mb - first[1]) * 1e6 / (rows - first[0]) if rows > first[0] else 0.0
        lines.append([
            f"{rows:,}", f"{data.megabytes:,.0f}", f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}",
            f"{1e6 * cost.cpu_s / rows:.1f}", f"{cost.peak_mb:,.0f}", f"{cost.anonymous_mb:,.0f}",
            f"{slope:.0f}" if slope else "", f"{rows - len(kept):,}",
        ])  # fmt: skip
    table(["rows", "MB", "wall s", "CPU s", "CPU µs a row", "peak MB", "of it anonymous", "anonymous bytes a row",
           "rows removed"], lines)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rows", type=int, default=450_000, help="passages of 1,000 characters for speed and floor")
    parser.add_argument("--growth-rows", default=",".join(map(str, GROWTH_ROWS)), help="short texts for growth")
    parser.add_argument("--large-rows", type=int, default=3_000_000, help="passages for data that is set aside (3 GB)")
    parser.add_argument("--tools", help="which, comma-separated; ours always runs")
    parser.add_argument("--repeats", type=int, default=2, help="runs of ours, of which the fastest counts")
    parser.add_argument("--articles", type=Path, default=ARTICLES)
    args = parser.parse_args()
    chosen = tools.named(args.tools)
    if any(tool.peer for tool in chosen) and not tools.PEERS_PYTHON.is_file():
        raise SystemExit("the peers are not installed: make peers")
    CACHE.mkdir(parents=True, exist_ok=True)
    for part in args.parts.split(","):
        print(f"\n## {part}\n", flush=True)
        if part == "speed":
            speed(args.rows, chosen, args.articles, args.repeats)
        elif part == "floor":
            floors(args.rows, args.articles)
        elif part == "startup":
            startup(args.articles)
        elif part == "formats":
            formats(args.rows, args.articles, args.repeats)
        elif part == "accuracy":
            accuracies(chosen, args.articles)
        elif part == "growth":
            growth(args.articles, tuple(map(int, args.growth_rows.split(","))))
        elif part == "large":
            large(args.articles, args.large_rows)
        else:
            raise SystemExit(f"there is no part {part!r}; known: {', '.join(PARTS)}")


if __name__ == "__main__":
    main()
