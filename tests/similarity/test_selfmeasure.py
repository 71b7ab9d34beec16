"""A run's measurement of itself: what it says when the run is good, bad, empty or strange."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from similarity_corpus import edited, passage, strings
from similarity_reference import all_pairs, shingles

from curate.similarity import Edges, NearConfig, near_duplicate_edges, reference
from curate.similarity import selfmeasure as own
from curate.similarity.minhash import Layout, sketch
from curate.similarity.samplejoin import chosen_by_ends, join_sample
from curate.similarity.selfmeasure import SelfMeasurement, Share, measure
from curate.similarity.sets import build_sets
from curate.similarity.texts import for_shingles
from curate.stages.measured import measured
from tests.conftest import examples

WORDS = ("a", "b", "É", "漢字", "ไทย", "x-y", "-3", "ﬁ", "…", "!", "\u00ad", "1+1")
few_words = st.lists(st.sampled_from(WORDS), max_size=9)


def pairs_corpus(n: int, seed: int = 5) -> list[str]:
    """`n` passages, each followed by an edited copy."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        base = passage(rng, int(rng.integers(60, 120)))
        out += [" ".join(base), " ".join(edited(rng, base, int(rng.integers(1, 4))))]
    return out


def keeping(edges: Edges, keep: np.ndarray) -> Edges:
    return Edges(edges.n_rows, edges.a[keep], edges.b[keep], edges.score[keep], edges.stats, edges.weighted[keep])


@settings(max_examples=examples(200), deadline=None)
@given(few_words.map(" ".join), st.integers(1, 4))
def test_plain_python_shingles_follow_the_definition(text: str, words: int) -> None:
    assert reference.shingles(text, words) == shingles(text, words)


@settings(max_examples=100, deadline=None)
@given(st.lists(few_words.map(" ".join), max_size=12), st.sampled_from([0.3, 0.8, 1.0]), st.integers(1, 3))
def test_the_join_finds_every_pair_and_nothing_else(texts: list[str], threshold: float, words: int) -> None:
    read = for_shingles(strings(list(texts)), 1)
    count = sketch(read, Layout(1, 1), words, 0).count
    queries = build_sets(read, np.arange(0, len(texts), 2), count, words)
    joined = join_sample(read, queries, np.arange(len(texts)), words, threshold, 10**9)
    found = list(zip(joined.query.tolist(), joined.other.tolist(), joined.score.tolist(), strict=True))
    truth = {pair: np.float32(score) for pair, score in all_pairs(texts, words, threshold - 1e-9).items()}
    want = {(q, o, s) for (a, b), s in truth.items() for q, o in ((a, b), (b, a)) if q % 2 == 0}
    want = {pair for pair in want if pair[2] >= np.float32(threshold)}
    assert set(found) == want
    assert len(found) == len(want)


def test_a_join_out_of_budget_stops_at_the_same_row_at_any_number_of_threads() -> None:
    rng = np.random.default_rng(1)
    base = passage(rng, 80)
    texts = strings([" ".join(edited(rng, base, 1)) for _ in range(3000)])
    read = for_shingles(texts, 1)
    count = sketch(read, Layout(1, 1), 3, 0).count
    queries = build_sets(read, np.arange(500), count, 3)
    one, two = (join_sample(read, queries, np.arange(3000), 3, 0.5, 20_000_000, threads) for threads in (1, 4))
    assert 64 <= one.rows_read < 3000
    assert one.rows_read == two.rows_read
    assert np.array_equal(one.query, two.query)
    assert np.array_equal(one.other, two.other)


def test_wilsons_interval_is_that_of_scipy() -> None:
    for hits, of in ((0, 1), (1, 1), (3, 7), (199, 200), (50, 50)):
        theirs = binomtest(hits, of).proportion_ci(method="wilson")
        assert Share(hits, of).interval == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_a_good_run_is_measured_as_good() -> None:
    texts = strings(pairs_corpus(400))
    found = measure(texts, NearConfig(), near_duplicate_edges(texts))
    assert found.rows_asked == found.rows_read == 800
    assert found.pairs.of > 200
    assert found.pairs.value is not None
    assert found.pairs.value >= 0.97
    assert found.close_pairs.of > 100
    assert found.close_pairs.value == 1.0
    assert found.precision == Share(200, 200)
    assert [level for level, _ in found.edits] == [0.8, 0.9]
    assert all(share.of > 30 and share.value is not None and share.value >= 0.9 for _, share in found.edits)


def test_a_run_that_lost_a_third_of_its_pairs_is_measured_as_such() -> None:
    texts = strings(pairs_corpus(600))
    edges = near_duplicate_edges(texts)
    keep = np.random.default_rng(2).random(len(edges)) < 2 / 3
    found = measure(texts, NearConfig(), keeping(edges, keep))
    truth = float(keep[edges.score >= np.float32(0.8)].mean())
    low, high = found.pairs.interval or (1.0, 0.0)
    assert low <= truth <= high
    assert high < 0.8


def test_a_layout_of_low_recall_shows_in_the_edited_copies() -> None:
    texts = strings(pairs_corpus(400))
    config = NearConfig(recall=0.3, floor=0.8, floor_recall=0.3)
    found = measure(texts, config, near_duplicate_edges(texts, config))
    at, above = found.edits[0][1], found.edits[1][1]
    assert at.value is not None
    assert above.value is not None
    assert at.value < 0.7
    assert at.value < above.value


def test_a_run_by_characters_is_measured_by_characters() -> None:
    texts = strings([text.replace(" w", " wörd") for text in pairs_corpus(200)])
    config = NearConfig(words=5, unit="character")
    found = measure(texts, config, near_duplicate_edges(texts, config))
    assert found.precision.hits == found.precision.of > 100
    assert found.pairs.of > 100
    assert found.pairs.value == 1.0
    assert all(share.of > 30 and share.value is not None and share.value >= 0.9 for _, share in found.edits)


def test_an_edge_that_does_not_hold_shows_in_the_precision() -> None:
    texts = strings(pairs_corpus(30))
    edges = near_duplicate_edges(texts)
    wrong = Edges(60, np.append(edges.a, 1), np.append(edges.b, 4), np.append(edges.score, np.float32(0.9)), edges.stats)
    found = measure(texts, NearConfig(), wrong)
    assert found.precision.of - found.precision.hits == 1


@pytest.mark.parametrize("texts", [[], [""], ["one"], [" ", "\n", "!"], ["one two three four", "five six seven eight"]])
def test_nothing_to_count_is_no_number(texts: list[str]) -> None:
    array = strings(list(texts))
    found = measure(array, NearConfig(), near_duplicate_edges(array))
    for share in (found.pairs, found.close_pairs, found.precision):
        assert share == Share(0, 0)
        assert share.value is None
        assert share.interval is None
    assert measured(found)[0]["value"] is None


def test_the_measurement_depends_on_the_seed_and_not_on_threads() -> None:
    texts = strings(pairs_corpus(300))
    edges = near_duplicate_edges(texts)
    one = measure(texts, NearConfig(), edges, 1)
    assert one == measure(texts, NearConfig(), edges, 3)
    config = NearConfig(seed=9)
    assert one != measure(texts, config, near_duplicate_edges(texts, config))


def test_rows_that_go_for_one_leader_count_as_found() -> None:
    rng = np.random.default_rng(4)
    base = passage(rng, 100)
    texts = strings([" ".join(edited(rng, base, 1)) for _ in range(700)])
    edges = near_duplicate_edges(texts)
    assert len(edges) < 700 * 699 // 4  # most pairs of a crowded bucket have no edge of their own
    found = measure(texts, NearConfig(), edges)
    assert found.pairs.of > 300
    assert found.pairs.value == 1.0


def test_rows_that_fill_a_template_differently_are_not_asked_for() -> None:
    rng = np.random.default_rng(6)
    frame = passage(rng, 90)
    texts = strings([" ".join([*frame, *passage(rng, 6, 10**6)]) for _ in range(300)])
    without, config = NearConfig(), NearConfig(template_share=0.1)
    found = measure(texts, config, near_duplicate_edges(texts, config))
    assert found.pairs == Share(0, 0)
    assert measure(texts, without, near_duplicate_edges(texts, without)).pairs.of > 100


def test_rows_of_a_larger_table_are_named_by_position() -> None:
    texts = strings([*["unrelated words of no weight"] * 3, *pairs_corpus(50)])
    rows = np.arange(3, 103)
    edges = near_duplicate_edges(texts.slice(3))
    found = measure(texts, NearConfig(), edges, rows=rows)
    assert found == measure(texts.slice(3), NearConfig(), edges)
    assert found.precision.of > 30


def test_giant_rows_are_left_out() -> None:
    giant = " ".join(f"word{i}" for i in range(300_000))
    texts = strings([giant, giant + " more", *pairs_corpus(40)])
    found = measure(texts, NearConfig(), near_duplicate_edges(texts))
    assert found.rows_read == 80
    assert found.precision.of > 20


def test_larger_data_is_sampled_with_partners_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "SCANNED_BYTES", 1 << 16)
    texts = strings(pairs_corpus(3000))
    edges = near_duplicate_edges(texts, threads=2)
    found = measure(texts, NearConfig(), edges)
    assert found.rows_read < 400
    assert found.pairs.of > 30  # were rows drawn one by one, it would be about five
    assert found.pairs.value is not None
    assert found.pairs.value > 0.9


def test_rows_are_chosen_by_their_ends_at_about_the_share_asked_for() -> None:
    rng = np.random.default_rng(8)
    texts = strings([" ".join(passage(rng, 30, 10**6)) for _ in range(4000)])
    chosen = chosen_by_ends(texts, 0.1, 3)
    assert 300 < chosen.sum() < 500
    assert np.array_equal(chosen, chosen_by_ends(texts, 0.1, 3, threads=4))
    assert not np.array_equal(chosen, chosen_by_ends(texts, 0.1, 4))


def test_records_round_and_keep_what_is_missing() -> None:
    empty = Share(0, 0)
    found = SelfMeasurement(0.8, Share(2, 3), empty, ((0.8, empty),), empty, 10, 20)
    records = measured(found)
    assert [r["of"] for r in records] == [3, 0, 0, 0]
    assert records[0]["value"] == 0.6667
    assert json.loads(json.dumps(records)) == records
    assert {r["low"] for r in records[1:]} == {None}


def test_a_run_keeps_its_measurement_in_the_manifest_and_shows_it_in_every_report(tmp_path: Path) -> None:
    from curate import workflow
    from curate.house import require

    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in pairs_corpus(60)))
    recipe = workflow.as_recipe(str(source)).with_(stages=["near_duplicates"], task="text")
    result = workflow.run(recipe, out=tmp_path / "run", train=False)
    kept = json.loads((tmp_path / "run" / "manifest.json").read_text())["stages"]["near_duplicates"]["summary"]["measured"]
    assert kept[0]["hits"] == kept[0]["of"] > 20
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    shown = report["stages"][0]["measured"]
    assert [e["what"] for e in shown] == [r["what"] for r in kept]
    assert shown[0]["share"]["low"] == kept[0]["low"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "measured on a sample of this data" in page
    assert "true when recomputed" in page
    assert "true when recomputed" in require("audit.report").render_markdown(result.report)
    none = require("audit.report.interval").Interval(None)
    nothing = dataclasses.replace(result.report.stages[0].measured[0], hits=0, of=0, share=none)
    stage = dataclasses.replace(result.report.stages[0], measured=(nothing,))
    empty = dataclasses.replace(result.report, stages=(stage,))
    assert "insufficient evidence" in require("audit.report").render_html(empty)


def test_a_recipe_may_leave_the_measurement_out(tmp_path: Path) -> None:
    from curate.dataset import load
    from curate.stages import near_duplicates
    from curate.stages.base import Context

    source = tmp_path / "rows.jsonl"
    source.write_text(json.dumps({"text": "a b c"}) + "\n")
    config = near_duplicates.NearDuplicatesConfig(measure=False)
    found = near_duplicates.STAGE.detect(load(source), config, Context())
    assert found.summary["measured"] == []
    assert found.findings.num_rows == 0
