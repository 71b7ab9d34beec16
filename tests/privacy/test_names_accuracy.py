"""Accuracy of the names model on data that its training never reads, where it is at hand. A guard against regressions."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from curate.privacy.names import find_names
from curate.privacy.residual.groups import FRAMES, people

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def overlap_f1(gold: list[tuple[str, list[tuple[int, int, str]]]], kind: str) -> float:
    """F1 of spans that share a character with a gold span of the type; spans on handles (type "") are not counted."""
    spans = find_names(pa.array([text for text, _ in gold], pa.large_string()), (kind,))
    found: list[list[tuple[int, int]]] = [[] for _ in gold]
    for row, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist()):
        if not any(start < b and a < end for a, b, k in gold[row][1] if not k):
            found[row].append((start, end))
    true = [[(a, b) for a, b, k in truth if k == kind] for _, truth in gold]
    right = sum(any(a < y and x < b for x, y in t) for f, t in zip(found, true) for a, b in f)
    hit = sum(any(a < y and x < b for x, y in f) for f, t in zip(found, true) for a, b in t)
    p, r = right / sum(map(len, found)), hit / sum(map(len, true))
    return 2 * p * r / (p + r)


@pytest.fixture(scope="module")
def bench():  # type: ignore[no-untyped-def]
    if not (DATA / "presidio_synth").is_dir() or not (DATA / "ner").is_dir():
        pytest.skip("the public data sets are not here")
    pytest.importorskip("faker")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        from benchmarks import bench_names

        yield bench_names


def test_people_in_unseen_templates_are_found(bench) -> None:  # type: ignore[no-untyped-def]
    assert overlap_f1(bench.odd_templates(), "PERSON") >= 0.80
    assert overlap_f1(bench.odd_templates(), "STREET_ADDRESS") >= 0.90


def test_people_in_unseen_tweets_are_found(bench) -> None:  # type: ignore[no-untyped-def]
    assert overlap_f1(bench.held_out_tweets(), "PERSON") >= 0.80


@pytest.mark.parametrize("locale", ["hr_HR", "tw_GH", "lv_LV"])
def test_names_of_locales_that_training_never_saw_are_found(bench, locale: str) -> None:  # type: ignore[no-untyped-def]
    names = people(locale, 200)
    texts = [name.join(FRAMES[i % len(FRAMES)]) for i, name in enumerate(names)]
    spans = find_names(pa.array(texts, pa.large_string()), ("PERSON",))
    assert len(set(spans.row.tolist())) >= 160
