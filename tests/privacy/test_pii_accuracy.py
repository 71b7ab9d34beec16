"""Accuracy on public data, where it is at hand. A guard against regressions, not a blind score: see benchmarks/LOG.md."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    if not (DATA / "presidio_synth").is_dir():
        pytest.skip("the public data sets are not here")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    sys.modules.pop("bench_pii", None)
    import bench_pii

    return bench_pii


def test_structured_types_stay_accurate_on_the_report_half(bench) -> None:  # type: ignore[no-untyped-def]
    texts, truth = bench.gold("report")
    ours = bench.found(texts)
    precision = sum(bench.matched(ours, truth, strict=True)) / len(ours)
    recall = sum(bench.matched(truth, ours, strict=True)) / len(truth)
    assert 2 * precision * recall / (precision + recall) >= 0.95
