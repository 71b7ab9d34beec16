"""Sets of labels, numbers, and vectors of a local encoder, on real texts with mistakes put in.

    python -m benchmarks.labels.kinds [sets|numbers|vectors]      (all: about two minutes of processor time)

`sets`: texts with the kinds of personal data that they hold (annotated with the texts, two sets); 3 % of the memberships
that hold are dropped, as many that do not are added. AP of the order beside cleanlab's own score of whole sets; precision
and recall at the stage's threshold. `numbers`: raw answers and their length in words on a logarithmic scale; of 3 % the
number is that of another row: the text tells much of it. `vectors`: Banking77, 3,000 rows, 10 % flipped as the kinds of
`benchmarks.labels.noise` say, judged by words alone and with vectors of the bundled base model beside them.
"""

from __future__ import annotations

import json
import time

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from benchmarks.labels.data import SETS
from benchmarks.labels.noise import flipped
from benchmarks.parts import command, with_parts
from benchmarks.quality.pairs import DATA, rows_of
from curate.labels.multilabel import judge_sets
from curate.labels.noise import estimate_label_noise
from curate.labels.numeric import judge_numbers

AT = 0.7
"""Where the stage `label_issues` calls a label likely wrong."""
RATE = 0.03


def sets() -> None:
    """Memberships dropped and added, in each of two sets: they do not mean the same by their kinds."""
    for name in ("generated_large.json", "synth_dataset_v2.json"):
        rows = json.loads((DATA / "presidio_synth" / name).read_text(encoding="utf-8"))
        held = [{span["entity_type"] for span in row["spans"]} for row in rows]
        kinds = sorted({kind for one in held for kind in one})
        kinds = [kind for kind in kinds if sum(kind in one for one in held) >= 20]
        _sets(name, [row["full_text"] for row in rows], np.array([[kind in one for kind in kinds] for one in held]))


def _sets(name: str, texts: list[str], true: npt.NDArray[np.bool_]) -> None:
    rng = np.random.default_rng(1)
    given = true.copy()
    yes, no = np.argwhere(true), np.argwhere(~true)
    n = int(RATE * len(yes))
    for cells in (rng.permutation(yes)[:n], rng.permutation(no)[:n]):
        given[cells[:, 0], cells[:, 1]] ^= True
    wrong = given != true
    start = time.process_time()
    found = judge_sets(texts, given, np.arange(len(texts)), 0, 1)
    took = time.process_time() - start
    sure = found.wrong >= AT
    print(f"{name}: {len(texts):,} texts, {true.shape[1]} kinds, {wrong.sum()} of {wrong.size:,} wrong, {took:.1f} s")
    for what, cells in (("dropped", ~given), ("added", given)):
        ap = average_precision_score(wrong[cells], found.wrong[cells])
        right, marked = (sure & wrong & cells).sum(), (sure & cells).sum()
        told = f"{right}/{marked} = {right / max(marked, 1):.2f}"
        print(f"  {what}: AP {ap:.3f}; at {AT}: precision {told}, recall {right / (wrong & cells).sum():.2f}")
    rows = wrong.any(axis=1)
    ours = average_precision_score(rows, found.wrong.max(axis=1))
    theirs = average_precision_score(rows, -found.cleanlab_quality)
    print(f"  rows with a mistake: AP {ours:.3f}, by cleanlab's score of the set {theirs:.3f}")


def numbers() -> None:
    """Numbers of other rows."""
    texts = [row["output"] for row in rows_of("alpaca/random_9k.json.gz") if len(row["output"].split()) >= 5][:4000]
    true = np.log2(np.array([len(text.split()) for text in texts], np.float64))
    rng = np.random.default_rng(1)
    at = rng.permutation(len(texts))[: int(RATE * len(texts))]
    given = true.copy()
    given[at] = true[rng.integers(0, len(true), len(at))]
    wrong = np.abs(given - true) > 1.0
    start = time.process_time()
    found = judge_numbers(texts, given, np.arange(len(texts)), 0, 1)
    took = time.process_time() - start
    sure = found.wrong >= AT
    ours, theirs = (average_precision_score(wrong, order) for order in (found.wrong, -found.cleanlab_quality))
    print(
        f"numbers: {len(texts):,} texts, {wrong.sum()} numbers off by a factor of two or more, text explains "
        f"{found.explained:.2f}, {took:.1f} s: AP {ours:.3f}, by cleanlab's score {theirs:.3f}; at {AT}: precision "
        f"{wrong[sure].mean() if sure.any() else float('nan'):.2f}, recall {sure[wrong].mean():.2f}"
    )


def vectors(rows: int = 3000) -> None:
    """With and without vectors of a small local encoder."""
    from train.vectors import encode

    texts, labels = SETS["banking"]()
    at = np.sort(np.random.default_rng(0).permutation(len(texts))[:rows])
    texts, labels = [texts[i] for i in at], labels[at]
    start = time.process_time()
    dense: npt.NDArray[np.float32] = encode(texts, "bundled")
    took = time.process_time() - start
    print(f"vectors: {len(texts):,} rows of Banking77, {dense.shape[1]} numbers, {took:.0f} s to encode")
    k = int(labels.max()) + 1
    for kind in ("uniform", "confusable", "annotator"):
        given = flipped(kind, texts, labels, 0.1, 1)
        wrong, group = given != labels, np.arange(len(texts))
        told = []
        for more in (None, dense):
            noise = estimate_label_noise(texts, given, group, k, 0, 1, more)
            likely = (noise.wrong >= AT) & (noise.suggested_posterior >= 0.5)
            told.append(f"AP {average_precision_score(wrong, noise.ranking):.3f}, likely_wrong precision "
                        f"{wrong[likely].mean():.2f} recall {likely[wrong].mean():.2f}")  # fmt: skip
        print(f"  {kind}: words {told[0]}; with vectors {told[1]}")


if __name__ == "__main__":
    every = {"sets": sets, "numbers": numbers, "vectors": vectors}
    for part in with_parts(command(__doc__), every).parts:
        every[part]()
