"""Verified edges: exactness, recall, crowded buckets, order."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import edited, passage, strings
from similarity_reference import all_pairs

from curate.similarity import Edges, NearConfig, near_duplicate_edges
from curate.similarity.sets import alike_at_least
from tests.conftest import examples

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
few_words = st.lists(st.sampled_from(list("abcdeÉé漢!+-7")), max_size=9).map(" ".join)


def as_dict(edges: Edges) -> dict[tuple[int, int], float]:
    return {(a, b): s for a, b, s in zip(edges.a.tolist(), edges.b.tolist(), edges.score.tolist(), strict=True)}


def same(one: Edges, two: Edges) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(two, f)) for f in ("a", "b", "score"))


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(few_words, max_size=14), st.integers(1, 3))
def test_every_edge_is_true_and_carries_the_exact_score(texts: list[str], words: int) -> None:
    edges = near_duplicate_edges(strings(list(texts)), NearConfig(words=words, floor=0.5))
    truth = all_pairs(texts, words, 0.5)
    found = as_dict(edges)
    assert set(found) <= set(truth)
    for pair, score in found.items():
        assert score == np.float32(truth[pair])
    assert list(found) == sorted(found)
    # Rows of identical shingles are always connected, if only through the first of them.
    cluster = edges.clusters(1.0)
    for (i, j), score in truth.items():
        assert score < 1.0 or cluster[i] == cluster[j]


def test_recall_at_the_threshold_and_above_is_as_stated() -> None:
    rng = np.random.default_rng(7)
    texts: list[str] = []
    for _ in range(700):
        base = passage(rng, int(rng.integers(60, 200)))
        texts += [" ".join(base), " ".join(edited(rng, base, int(rng.integers(1, 9))))]
    truth = all_pairs_of_neighbours(texts)
    found = as_dict(near_duplicate_edges(strings(list(texts))))
    at = [p for p, s in truth.items() if s >= 0.8]
    high = [p for p, s in truth.items() if s >= 0.9]
    assert len(at) > 300
    assert len(high) > 100
    assert sum(p in found for p in at) / len(at) >= 0.98
    assert sum(p in found for p in high) / len(high) >= 0.999
    assert all(found[p] == np.float32(truth[p]) for p in found)


def all_pairs_of_neighbours(texts: list[str]) -> dict[tuple[int, int], float]:
    """Truth for a corpus of consecutive pairs that are otherwise unrelated."""
    out = {}
    for i in range(0, len(texts), 2):
        for score in all_pairs(texts[i : i + 2], 3, 0.01).values():
            out[i, i + 1] = score
    return out


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    rng = np.random.default_rng(3)
    base = passage(rng, 60)
    texts = [" ".join(edited(rng, base, int(rng.integers(0, 12)))) for _ in range(3000)]
    texts += [" ".join(passage(rng, 30)) for _ in range(6000)]
    one = near_duplicate_edges(strings(texts), threads=1)
    four = near_duplicate_edges(strings(texts), threads=4)
    assert one.stats["crowded_buckets"] > 0
    assert len(one) > 1000
    assert same(one, four)


def test_a_sliced_and_chunked_array_gives_the_edges_of_its_rows() -> None:
    texts = ["skip me please", "one two three four", "é one two three four", "One two, three four!"]
    whole = strings(list(texts))
    sliced = near_duplicate_edges(whole.slice(1))
    chunked = near_duplicate_edges(pa.chunked_array([whole.slice(1, 1), whole.slice(2)]))
    assert as_dict(sliced) == {
        (0, 2): 1.0,
        (0, 1): np.float32(2 / 3),
    }
    assert same(sliced, chunked)


def test_blank_and_missing_rows_have_no_edges() -> None:
    edges = near_duplicate_edges(strings(["", "  ", None, "\u3000", "\x00", "", None, "a", "a"]))
    assert as_dict(edges) == {(7, 8): 1.0}


@pytest.mark.parametrize("texts", [[], [""], ["one row"], [None]])
def test_datasets_without_pairs_have_no_edges(texts: list[str | None]) -> None:
    assert len(near_duplicate_edges(strings(texts))) == 0


def test_one_giant_row_is_compared_like_any_other() -> None:
    rng = np.random.default_rng(1)
    words = [f"t{i}" for i in rng.integers(0, 10**6, 1_300_000).tolist()]
    texts = [" ".join(words), " ".join([*words[:-9], "changed"]), "short row"]
    assert len(texts[0]) > 8_000_000
    found = as_dict(near_duplicate_edges(strings(list(texts)), threads=2))
    assert list(found) == [(0, 1)]
    assert 0.9999 < found[0, 1] < 1.0


def test_many_identical_rows_become_a_star_around_the_first() -> None:
    edges = near_duplicate_edges(strings(["The same row, again and again."] * 50_000), threads=2)
    assert np.array_equal(edges.a, np.zeros(49_999, np.int64))
    assert np.array_equal(edges.b, np.arange(1, 50_000))
    assert (edges.score == 1.0).all()
    assert edges.stats["pairs_compared"] == 0


def test_rows_that_differ_by_one_word_all_have_a_direct_witness() -> None:
    rng = np.random.default_rng(9)
    base = passage(rng, 100)
    texts = [" ".join(edited(rng, base, 1)) for _ in range(20_000)]
    edges = near_duplicate_edges(strings(texts), threads=2)
    strong = edges.at(0.8)
    kept = np.ones(len(texts), bool)
    for a, b in zip(strong.a.tolist(), strong.b.tolist(), strict=True):  # keep the first: a row goes for a kept one
        if kept[a]:
            kept[b] = False
    assert kept.sum() <= 3
    assert edges.stats["pairs_compared"] < 64 * len(texts)


def test_rows_of_one_template_with_different_content_have_no_strong_edge() -> None:
    rng = np.random.default_rng(4)
    template = passage(rng, 60)
    texts = [" ".join(template + passage(rng, 40)) for _ in range(1500)]  # Jaccard about 0.43
    twin = " ".join([*texts[77].split()[:-1], "other"])
    edges = near_duplicate_edges(strings([*texts, twin]))
    assert [p for p, s in as_dict(edges).items() if s >= 0.8] == [(77, 1500)]


def test_close_pairs_inside_a_crowded_bucket_are_found() -> None:
    # All rows are alike at about 0.7, below the threshold; hidden among them are true pairs at about 0.95.
    rng = np.random.default_rng(6)
    template = passage(rng, 150)
    bases = [template + [f"n{rng.integers(10**9)}" for _ in range(30)] for _ in range(4000)]
    texts = [" ".join(b) for b in bases] + [" ".join([*b[:-2], "z1", "z2"]) for b in bases[:300]]
    edges = near_duplicate_edges(strings(texts), NearConfig(floor=0.8), threads=2)
    found = as_dict(edges)
    assert edges.stats["crowded_buckets"] > 0
    assert sum((i, 4000 + i) in found for i in range(300)) / 300 >= 0.98


@pytest.mark.parametrize("sizes", [(400, 400), (700, 60, 40), (300, 300, 3)])
def test_in_a_crowd_every_row_has_a_witness_of_its_own_group_and_sees_the_other_groups(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(8)
    base = passage(rng, 100)
    group = rng.permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int64)
    texts = strings([" ".join(edited(rng, base, 1)) for _ in group])
    edges = near_duplicate_edges(texts, threads=2, group=group).at(0.8)
    assert edges.stats["crowded_buckets"] > 0
    ends, others = np.concatenate([edges.a, edges.b]), np.concatenate([edges.b, edges.a])
    n = len(group)
    # At most the leaders of a group have none of their own; every other row follows one.
    assert (np.bincount(ends[group[ends] == group[others]], minlength=n) > 0).all()
    seen = np.zeros((n, len(sizes)), bool)
    seen[ends, group[others]] = True
    assert seen.all()
    assert len(edges) < 100 * n
    assert same(edges, near_duplicate_edges(texts, threads=1, group=group).at(0.8))


def test_rows_that_share_every_band_but_are_not_alike_take_linear_work() -> None:
    # Many rows of one template whose own words differ: they share most keys and no pair reaches the threshold.
    rng = np.random.default_rng(10)
    template = passage(rng, 90)
    compared = []
    for n in (2000, 8000):
        texts = strings([" ".join(template + [f"n{v}" for v in rng.integers(10**9, size=40)]) for _ in range(n)])
        edges = near_duplicate_edges(texts, NearConfig(permutations=8, recall=0.2, floor_recall=0.0), threads=2)
        assert edges.stats["crowded_buckets"] > 0
        assert len(edges.at(0.8)) == 0
        compared.append(edges.stats["pairs_compared"] / n)
    assert compared[1] < 1.5 * compared[0]


def test_rows_of_one_word_repeated_and_rows_of_no_word_do_no_harm() -> None:
    texts = ["a " * 50_000, "a " * 40_000, "", " ", "\n", "!", "!!", "b", None]
    found = as_dict(near_duplicate_edges(strings(list(texts))))
    assert found == {(0, 1): 1.0}


@pytest.mark.slow
def test_one_text_of_100_megabytes_is_compared_like_any_other() -> None:
    rng = np.random.default_rng(1)
    words = [f"t{i}" for i in rng.integers(0, 10**6, 15_000_000).tolist()]
    texts = [" ".join(words), " ".join([*words[:-9], "changed"]), "short row"]
    assert len(texts[0]) > 100_000_000
    found = as_dict(near_duplicate_edges(strings(list(texts)), threads=2))
    assert list(found) == [(0, 1)]
    assert 0.99999 < found[0, 1] < 1.0


@pytest.mark.slow
def test_a_million_identical_rows_and_a_million_rows_equal_but_one_word_are_found() -> None:
    rng = np.random.default_rng(2)
    base = passage(rng, 40)
    edges = near_duplicate_edges(strings([" ".join(base)] * 1_000_000), threads=2)
    assert len(edges) == 999_999
    at = rng.integers(0, 40, 1_000_000).tolist()
    texts = [" ".join([*base[:i], f"v{k}", *base[i + 1 :]]) for k, i in enumerate(at)]
    edges = near_duplicate_edges(strings(list(texts)), threads=2)
    strong = edges.at(0.8)
    covered = np.zeros(len(texts), bool)
    covered[strong.a] = covered[strong.b] = True
    assert (~covered).sum() <= 50  # two rows at 0.85 share no band once in 200,000 times
    assert edges.stats["pairs_compared"] < 64 * len(texts)


def test_a_cancelling_progress_callback_stops_the_work() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        near_duplicate_edges(strings(["a b c"] * 10), progress=stop, threads=2)


def test_by_characters_a_text_with_other_spacing_and_a_slip_of_the_pen_is_still_found() -> None:
    text = "the quick brown fox jumps over the lazy dog while nobody watches the gate of the old farm house"
    texts = [text, text.replace("lazy dog", "lazydog").replace("nobody", "nobdy"), "something else altogether, at length"]
    by_words = near_duplicate_edges(strings(list(texts)), NearConfig(floor=0.5))
    by_characters = near_duplicate_edges(strings(list(texts)), NearConfig(floor=0.5, words=5, unit="character"))
    assert len(by_words.at(0.8)) == 0
    assert [p for p, s in as_dict(by_characters).items() if s >= 0.8] == [(0, 1)]


@pytest.mark.parametrize("size", [1000, 2500])
def test_all_planted_article_pairs_are_found_and_nothing_else(size: int) -> None:
    folder = SHARED / "near_duplicates"
    if not folder.exists():
        pytest.skip("the shared articles are not here")
    with gzip.open(folder / f"articles_{size}.train.gz", "rt") as file:
        rows = [line.rstrip("\n").split(" ", 1) for line in file if line.strip()]
    ids = [r[0] for r in rows]
    truth = {frozenset(line.split()) for line in (folder / f"articles_{size}.truth").read_text().splitlines()}
    edges = near_duplicate_edges(strings([r[1] for r in rows]))
    assert {frozenset((ids[a], ids[b])) for a, b in as_dict(edges)} == truth


@pytest.mark.parametrize(
    "wrong",
    [
        *({"threshold": 1.2}, {"floor": 0.9}, {"floor": 0.0}, {"recall": 1.0}, {"floor_recall": 1.0}),
        *({"words": 0}, {"permutations": 0}, {"unit": "page"}),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ValueError):
        NearConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("more", "fewer"), [(10, 7), (10, 9), (5, 4), (20, 13)])
def test_a_pair_exactly_at_the_floor_reaches_it_weighted_or_not(more: int, fewer: int) -> None:
    values = np.array([*range(more), *range(fewer)], np.uint64)
    for weight in (np.zeros(0, np.float32), np.ones(len(values), np.float32)):
        found = alike_at_least(values, weight, 0, more, more, fewer, fewer / more)
        assert found == np.float32(fewer / more)
        assert alike_at_least(values, weight, 0, more, more, fewer, fewer / more + 1e-3) == -1
