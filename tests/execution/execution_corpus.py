"""Rows that take every path of the comparison, and runners that call tasks in this process."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from curate.execution.edges import Runner, Task
from curate.execution.steps import Counts
from curate.similarity.near import Edges

HAN = "東京都大阪市天気晴雨今日明日電車駅前新聞社会議員春夏秋冬"


def mixed_texts(n: int, seed: int) -> list[str | None]:
    """Unrelated prose, edited copies, a template that crowds buckets, exact copies, Chinese and Japanese, blanks."""
    rng = np.random.default_rng(seed)

    def words(k: int) -> list[str]:
        return [f"w{w}" for w in np.minimum(3000 ** rng.random(k), 3000).astype(int).tolist()]

    def edited(row: list[str], changes: int) -> str:
        out = list(row)
        for at in rng.choice(len(out), min(changes, len(out)), replace=False).tolist():
            out[at] = f"x{rng.integers(10**9)}"
        return " ".join(out)

    wrapper, bases = words(60), [words(int(rng.integers(15, 60))) for _ in range(n // 10)]
    texts: list[str | None] = [" ".join(words(30)) for _ in range(n // 3)]
    texts += [edited(wrapper, int(rng.integers(0, 9))) for _ in range(n // 4)]
    texts += [edited(base, int(rng.integers(0, 6))) for base in bases for _ in range(3)]
    texts += ["".join(rng.choice(list(HAN), int(rng.integers(8, 24)))) + "。" for _ in range(n // 40)]
    texts += [texts[int(k)] for k in rng.integers(0, len(texts), n // 20)]
    texts += ["", "  ", "\u3000", "...", None, "Ünïcode ﬁrst", "ünïcode first!"] * 4
    random.Random(seed).shuffle(texts)
    return texts


def _unwatched(task: Task, folder: str, number: int) -> None:
    return None


def scrambled(seed: int = 0, watch: Callable[[Task, str, int], None] = _unwatched) -> Runner:
    """A runner that calls the tasks of a phase one after another in a random order."""

    def run(task: Task, folder: str, numbers: Sequence[int], tell: Callable[[int], None]) -> list[Counts]:
        order = list(numbers)
        random.Random(seed).shuffle(order)
        results = {}
        for number in order:
            results[number] = task(folder, number)
            watch(task, folder, number)
            tell(len(results))
        return [results[number] for number in numbers]

    return run


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, by its path there."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def assert_same(one: Edges, two: Edges) -> None:
    """Equal in every bit and in every count."""
    for name in ("a", "b", "score", "weighted"):
        left, right = getattr(one, name), getattr(two, name)
        assert left.dtype == right.dtype
        assert left.tobytes() == right.tobytes(), name
    assert one.stats == two.stats
    assert one.n_rows == two.n_rows
