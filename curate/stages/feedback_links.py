"""Which row a rating is about: the row that asks the same words, else the one that asks most like them.

Method. Prompts that say what a row says (NFC, spaces made one) are linked to that row; of several rows with these words, to
the one whose answer is most like the answer that was rated. All others are joined with the rows by the Jaccard similarity
of their runs of three words (characters where a script has no spaces), exactly: no pair is lost (`samplejoin`). Runs of
three are blind to prompts of a few words, so those of up to `SHORT` words that found nothing are joined by single words at
`SHORT_SIMILARITY`, which lets one word come or go and none change. Where the best similarity is shared by rows that answer
differently (many rows of one template), nothing tells which is meant, and the rating is linked to none.
Shapes: N rows, K ratings; row int64[K] (-1 for none), score float32[K]. Cost: the rows are read once, about 200 MB/s a
core, whatever K is, and the distinct prompts are held in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.similarity.characters import IGNORED, SINGLE, WORD, normalise, token_class
from curate.similarity.exact import exact_groups
from curate.similarity.samplejoin import join_sample
from curate.similarity.sets import build_sets
from curate.similarity.texts import Texts, for_shingles

SAME = 1.0
"""The same words; anything less is at most `NEARLY`: alike in every word is not yet the same text."""
NEARLY = 0.9999
RUN, SHORT, SHORT_SIMILARITY = 3, 8, 0.8
MOST_TWINS = 200
"""Rows of the same words whose answers are compared with the one that was rated."""
_WORK = 10**13
"""No bound: a rating is linked to the most similar row of all."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Links:
    """Ratings and their rows."""

    row: Ints
    score: NDArray[np.float32]
    twins: dict[int, list[int]]
    """Of ratings that say what rows say: all rows of these words."""
    unclear: Ints
    """Ratings that are as like one row as another that answers differently."""


def linked(
    asked: pa.LargeStringArray,
    prompts: Sequence[str],
    outputs: Sequence[str],
    answer: Callable[[int], str],
    similarity: float,
    threads: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Links:
    """`asked` is what each row asks, `answer` gives what a row answers; `outputs` are the answers that were rated."""
    n = len(asked)
    distinct = list(dict.fromkeys(prompts))
    texts = pa.concat_arrays([asked.cast(pa.large_string()), pa.array(distinct, pa.large_string())])
    group = exact_groups(texts, threads=threads)
    check()
    leader = {text: int(group[n + k]) for k, text in enumerate(distinct) if 0 <= group[n + k] < n}
    members = _members(group[:n], set(leader.values()))
    others = [k for k, text in enumerate(distinct) if text not in leader]
    best: dict[str, tuple[list[int], float]] = {}
    if others:
        read = for_shingles(texts, threads)
        queries = np.array(others, np.int64) + n
        for rows, alike, k in _joined(read, n, queries, RUN, similarity, threads):
            best[distinct[k - n]] = rows, alike
        check()
        short = [k for k in others if distinct[k] not in best and 0 < len(words(distinct[k])) <= SHORT]
        if short:
            least = max(similarity, SHORT_SIMILARITY)
            for rows, alike, k in _joined(read, n, np.array(short, np.int64) + n, 1, least, threads):
                best[distinct[k - n]] = rows, alike
    row, score = np.full(len(prompts), -1, np.int64), np.zeros(len(prompts), np.float32)
    twins: dict[int, list[int]] = {}
    unclear = []
    for i, (prompt, output) in enumerate(zip(prompts, outputs, strict=True)):
        if prompt in leader:
            twins[i] = members[leader[prompt]]
            row[i], score[i] = most_like(output, twins[i], answer), SAME
        elif prompt in best:
            rows, alike = best[prompt]
            if len({answer(r) for r in rows[:MOST_TWINS]}) > 1:
                unclear.append(i)
            else:
                row[i], score[i] = rows[0], min(alike, NEARLY)
    return Links(row, score, twins, np.array(unclear, np.int64))


def most_like(output: str, rows: Sequence[int], answer: Callable[[int], str]) -> int:
    """Of rows that ask the same, the one whose answer is most like the one that was rated; the first where none is."""
    if len(rows) == 1 or not output:
        return rows[0]
    return max(rows[:MOST_TWINS], key=lambda r: (likeness(answer(r), output), -r))


def likeness(a: str, b: str) -> float:
    """Jaccard similarity of the words of two texts; of texts without a word (signs only), whether they are the same."""
    one, two = set(words(a)), set(words(b))
    if not one and not two:
        return float(bool(a.strip()) and a.split() == b.split())
    return len(one & two) / len(one | two)


def words(text: str) -> list[str]:
    """The words of a text; of scripts written without spaces, the characters."""
    whole = {WORD: "{}", SINGLE: " {} ", IGNORED: ""}
    return "".join(whole.get(token_class(char), " ").format(char) for char in normalise(text)).split()


def _members(group: Ints, leaders: set[int]) -> dict[int, list[int]]:
    """All rows of the groups that these rows lead, in order."""
    out: dict[int, list[int]] = defaultdict(list)
    if leaders:
        mine = np.flatnonzero(np.isin(group, np.array(sorted(leaders), np.int64)))
        for at, first in zip(mine.tolist(), group[mine].tolist(), strict=True):
            out[first].append(at)
        for first in leaders:
            if first not in out[first]:
                out[first].insert(0, first)
    return out


def _joined(
    read: Texts, n: int, queries: Ints, run: int, similarity: float, threads: int
) -> list[tuple[list[int], float, int]]:
    """(rows at the best similarity, that similarity, query) of every query that has one."""
    room = np.maximum(1, read.stop - read.start)
    sets = build_sets(read, queries, room, run)
    joined = join_sample(read, sets, np.arange(n), run, similarity, _WORK, threads)
    if not len(joined.query):
        return []
    order = np.lexsort((joined.other, -joined.score, joined.query))
    query, other, score = joined.query[order], joined.other[order], joined.score[order]
    start = np.flatnonzero(np.diff(query, prepend=-1))
    out = []
    for low, high in zip(start.tolist(), [*start[1:].tolist(), len(query)], strict=True):
        ties = low + int(np.searchsorted(-score[low:high], -score[low], "right"))
        out.append((other[low:ties].tolist(), float(score[low]), int(query[low])))
    return out
