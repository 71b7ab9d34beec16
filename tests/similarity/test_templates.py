"""Templates: what many rows share does not make them copies, and nothing changes where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import edited, passage, strings
from similarity_reference import jaccard, shingles

from curate.similarity import Edges, NearConfig, near_duplicate_edges
from curate.similarity.pairs import similarity_of_pairs
from curate.similarity.sets import SetTable
from curate.similarity.templates import FEWEST_ROWS, Templates, find_templates, weighted_pairs

SHARE = 0.02
WRAPPER = " ".join(f"rule{i}" for i in range(60))


def pairs_of(edges: Edges) -> set[tuple[int, int]]:
    return set(zip(edges.a.tolist(), edges.b.tolist(), strict=True))


def copies(rng: np.random.Generator, n: int, words: tuple[int, int], changes: int) -> list[str]:
    """Random passages, every second one an edited copy of the one before."""
    texts: list[str] = []
    for _ in range(n):
        base = passage(rng, int(rng.integers(*words)))
        texts += [" ".join(base), " ".join(edited(rng, base, int(rng.integers(0, changes + 1))))]
    return texts


def reference(texts: list[str]) -> dict[tuple[str, ...], float]:
    """Weights from the definition, for texts of fewer rows than the sample: inverse frequency above the share."""
    distinct = {frozenset(shingles(t, 3)) for t in texts}
    least = max(FEWEST_ROWS, SHARE * len(distinct))
    frequency: dict[tuple[str, ...], int] = {}
    for content in distinct:
        for shingle in content:
            frequency[shingle] = frequency.get(shingle, 0) + 1
    return {s: min(1.0, least / n) for s, n in frequency.items()}


def weighted(one: set[tuple[str, ...]], two: set[tuple[str, ...]], weight: dict[tuple[str, ...], float]) -> float:
    return sum(weight[s] for s in one & two) / sum(weight[s] for s in one | two)


sets = st.lists(st.sets(st.integers(1, 40), min_size=1, max_size=20), min_size=2, max_size=8)


@settings(max_examples=150, deadline=None)
@given(sets, st.dictionaries(st.integers(1, 40), st.floats(0.01, 1.0), max_size=20))
def test_weighted_jaccard_is_the_shared_weight_over_the_weight_of_all(
    members: list[set[int]], weights: dict[int, float]
) -> None:
    names = np.array(sorted(weights), np.uint64)
    templates = Templates(names, np.array([weights[int(n)] for n in names], np.float32))
    values = np.concatenate([np.array(sorted(m), np.uint64) for m in members])
    size = np.array([len(m) for m in members])
    table = SetTable(values, np.cumsum(size) - size, size, np.arange(len(members)))
    left, right = np.triu_indices(len(members), 1)
    found = weighted_pairs(table, templates.weigh(values), left, right)
    for i, j, score in zip(left.tolist(), right.tolist(), found.tolist(), strict=True):
        shared = sum(weights.get(x, 1.0) for x in members[i] & members[j])
        either = sum(weights.get(x, 1.0) for x in members[i] | members[j])
        assert score == pytest.approx(shared / either, abs=1e-5)
    own = templates.own(table)
    for i, m in enumerate(members):
        left_over = {x for x in m if x not in weights} or m
        assert set(own.values[own.at[i] : own.at[i] + own.size[i]].tolist()) == left_over


def test_where_no_template_is_found_both_similarities_are_the_same_and_edges_as_without_looking() -> None:
    texts = strings(list(copies(np.random.default_rng(3), 400, (30, 120), 6)))
    plain = near_duplicate_edges(texts)
    looked = near_duplicate_edges(texts, NearConfig(template_share=SHARE))
    assert len(plain) > 100
    assert pairs_of(plain) == pairs_of(looked)
    assert np.array_equal(looked.score, looked.weighted)
    assert looked.stats["template_shingles"] == 0


def test_rows_that_fill_one_template_differently_stay_and_an_edited_copy_goes() -> None:
    rng = np.random.default_rng(4)
    rows = [f"{WRAPPER} {' '.join(passage(rng, 12))}" for _ in range(300)]
    copy = rows[7].split()
    copy[-1] = "differently"
    config = NearConfig(template_share=SHARE)
    edges = near_duplicate_edges(strings([*rows, " ".join(copy)]), config)
    assert pairs_of(edges.at(0.8)) == {(7, 300)}
    plain = near_duplicate_edges(strings([*rows, " ".join(copy)]), NearConfig(threshold=0.6))
    assert len(pairs_of(plain.at(0.6))) > 300  # what the wrapper alone would have made alike


def test_a_wrapper_around_every_row_changes_nothing_about_which_rows_are_copies() -> None:
    texts = copies(np.random.default_rng(5), 500, (40, 80), 5)
    bare = near_duplicate_edges(strings(list(texts)), NearConfig(floor=0.5))
    wrapped = near_duplicate_edges(
        strings([f"{WRAPPER} {t}" for t in texts]), NearConfig(floor=0.5, template_share=SHARE)
    )
    found = pairs_of(wrapped.at(0.8))
    scores = dict(zip(zip(bare.a.tolist(), bare.b.tolist(), strict=True), bare.score.tolist(), strict=True))
    sure = {pair for pair, score in scores.items() if score >= 0.83}
    assert len(sure) > 100
    assert sure <= found
    assert all(scores[pair] >= 0.77 for pair in found)


def test_both_numbers_of_every_edge_are_those_of_the_definitions_and_few_pairs_are_missed() -> None:
    rng = np.random.default_rng(6)
    texts = [f"{WRAPPER} {t}" for t in copies(rng, 250, (25, 60), 4)]
    edges = near_duplicate_edges(strings(list(texts)), NearConfig(template_share=SHARE))
    weight, members = reference(texts), [shingles(t, 3) for t in texts]
    for a, b, score, own in zip(*(x.tolist() for x in (edges.a, edges.b, edges.score, edges.weighted)), strict=True):
        assert score == np.float32(jaccard(members[a], members[b]))
        assert own == pytest.approx(weighted(members[a], members[b], weight), abs=1e-4)
    planted = [(i, i + 1) for i in range(0, len(texts), 2)]
    alike = [p for p in planted if weighted(members[p[0]], members[p[1]], weight) >= 0.8]
    found = pairs_of(edges.at(0.8))
    assert len(alike) > 80
    assert sum(p in found for p in alike) >= 0.98 * len(alike)


def test_rows_equal_but_one_word_are_no_copies_and_cost_no_quadratic_work() -> None:
    texts = [f"{WRAPPER} word{i} {WRAPPER[::-1]}" for i in range(20_000)]
    edges = near_duplicate_edges(strings(list(texts)), NearConfig(template_share=SHARE), threads=2)
    assert len(edges.at(0.8)) == 0
    assert edges.stats["pairs_compared"] < 20 * len(texts)


def test_copies_of_one_row_are_one_content_when_frequencies_are_counted() -> None:
    rng = np.random.default_rng(8)
    texts = [" ".join(passage(rng, 30)) for _ in range(100)] + [" ".join(passage(rng, 30))] * 400
    assert not find_templates(strings(list(texts)), 3, share=SHARE)


def test_the_same_templates_are_found_at_any_number_of_threads_and_none_when_switched_off() -> None:
    rng = np.random.default_rng(9)
    texts = strings([f"{WRAPPER} {' '.join(passage(rng, 10))}" for _ in range(12_000)])
    one, two = find_templates(texts, 3, share=SHARE, seed=1), find_templates(texts, 3, share=SHARE, seed=1, threads=2)
    assert one
    assert np.array_equal(one.shingles, two.shingles)
    assert np.array_equal(one.weight, two.weight)
    assert not find_templates(texts, 3, share=0.0)


def test_the_weighted_threshold_decides_on_its_own_and_can_be_moved_afterwards() -> None:
    rng = np.random.default_rng(10)
    base = [passage(rng, 24) for _ in range(200)]
    texts = [f"{WRAPPER} {' '.join(words)}" for words in base]
    texts += [f"{WRAPPER} {' '.join(edited(rng, words, 1))}" for words in base]
    edges = near_duplicate_edges(strings(list(texts)), NearConfig(weighted_threshold=0.6, template_share=SHARE))
    assert len(edges.at(0.8, 0.6)) > 150
    assert len(edges.at(0.8)) < len(edges.at(0.8, 0.6))
    assert all(s >= 0.8 for s in edges.at(0.8, 0.6).score.tolist())


@pytest.mark.parametrize("config", [{"template_share": 1.5}, {"weighted_threshold": 0.0}, {"weighted_threshold": 2.0}])
def test_settings_out_of_range_are_refused(config: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"template_share|weighted_threshold"):
        NearConfig(**config)  # type: ignore[arg-type]


def test_similarity_of_given_pairs_is_exact_and_two_blank_parts_are_alike() -> None:
    texts = ["a b c d e", "a b c d f", "", " ", "a b c d e"]
    left, right = np.array([0, 0, 2, 0]), np.array([1, 4, 3, 2])
    found = similarity_of_pairs(strings(list(texts)), left, right)
    assert found.tolist() == [np.float32(jaccard(shingles(texts[0], 3), shingles(texts[1], 3))), 1.0, 1.0, 0.0]
    assert similarity_of_pairs(strings(list(texts)), left[:0], right[:0]).tolist() == []
