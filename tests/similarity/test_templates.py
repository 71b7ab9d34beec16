"""Templates: what many rows share does not make them copies, and nothing changes where there are none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import edited, passage, strings
from similarity_reference import jaccard, shingles

from curate.similarity import Edges, NearConfig, near_duplicate_edges
from curate.similarity.minhash import Layout
from curate.similarity.pairs import similarity_of_pairs
from curate.similarity.sets import SetTable, build_sets, score_pairs
from curate.similarity.templates import FEWEST_ROWS, Templates, find_templates, weighted_keys, weighted_pairs
from curate.similarity.texts import for_shingles
from tests.conftest import examples

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


@settings(max_examples=examples(150), deadline=None)
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
    kept = score_pairs(templates.weighed(table), left, right, 0.6)
    for i, j, score, both in zip(left.tolist(), right.tolist(), found.tolist(), kept.tolist(), strict=True):
        own, alone = (members[i] & members[j]) - set(weights), (members[i] - members[j], members[j] - members[i])
        slot = max(min(len(side - set(weights)) for side in alone), min(len(side & set(weights)) for side in alone))
        plain = len(members[i] & members[j]) / len(members[i] | members[j])
        if abs(min(plain, score) - 0.6) > 1e-6 and all(w < 1 for w in weights.values()):
            alike = min(plain, score) >= 0.6 and (slot == 0 or len(own) / (len(own) + 2 * slot) >= 0.6)
            assert both == (pytest.approx(min(plain, score)) if alike else -1)


def test_two_rows_share_a_key_as_often_as_their_weighted_similarity_says() -> None:
    rng = np.random.default_rng(11)
    words = passage(rng, 60)
    one, two = words[:40], [*words[:10], *words[25:50]]
    texts = for_shingles(strings([" ".join(one), " ".join(two)]))
    count = np.array([100, 100])
    table = build_sets(texts, np.arange(2), count, 3)
    common = np.sort(table.values[::3])
    templates = Templates(np.unique(common), rng.uniform(0.02, 0.9, len(np.unique(common))).astype(np.float32))
    expected = weighted_pairs(table, templates.weigh(table.values), np.array([0]), np.array([1]))[0]
    k = 20_000
    keys = weighted_keys(texts, np.arange(2), count, Layout(k, 1), 3, templates)
    found = (keys[:, 0] == keys[:, 1]).mean()
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / k)
    assert 0.1 < expected < 0.9


def test_edited_copies_are_found_where_all_rows_are_made_of_recurring_sentences() -> None:
    rng = np.random.default_rng(12)
    stock, subjects = [passage(rng, 7) for _ in range(8)], [passage(rng, 26) for _ in range(10)]
    rows = [
        [*stock[rng.integers(8)], *subjects[rng.integers(10)], *stock[rng.integers(8)], *stock[rng.integers(8)]]
        for _ in range(200)
    ]
    copies = [edited(rng, row, 1) for row in rows[:40]]
    texts = [" ".join(row) for row in [*rows, *copies]]
    weight, members = reference(texts), [shingles(t, 3) for t in texts]
    due = [
        (i, 200 + i) for i in range(40)
        if min(jaccard(members[i], members[200 + i]), weighted(members[i], members[200 + i], weight)) >= 0.8
    ]  # fmt: skip
    assert sum(weight[s] < 1 for s in members[0]) > 0.8 * len(members[0])  # little more than the seams is its own
    found = near_duplicate_edges(strings(texts), NearConfig(template_share=SHARE)).at(0.8)
    assert len(due) > 30
    assert sum(pair in pairs_of(found) for pair in due) >= 0.9 * len(due)  # not those edited at a seam


def test_another_word_in_the_slot_of_one_of_many_long_templates_makes_no_copy() -> None:
    rng = np.random.default_rng(13)
    wordings = [passage(rng, 40) for _ in range(10)]  # each of a tenth of the rows: their shingles weigh nearly 1
    rows = [[*w[:20], f"name{i}", *w[20:]] for i in range(26) for w in wordings]
    edges = near_duplicate_edges(strings([" ".join(row) for row in rows]), NearConfig(template_share=SHARE))
    assert edges.stats["template_shingles"] > 300
    assert len(edges.at(0.8)) == 0
    assert jaccard(shingles(" ".join(rows[0]), 3), shingles(" ".join(rows[10]), 3)) > 0.8


def test_rows_that_fill_the_slots_of_one_template_with_few_words_stay_and_copies_of_their_own_words_go() -> None:
    """Each filler is as common as a template is; only that each row has one where the other has another tells."""
    rng = np.random.default_rng(14)
    fillers = [[f"slot{k}word{i}" for i in range(4)] for k in range(5)]
    between = [passage(rng, 25) for _ in range(6)]
    rows = [
        [*between[0], *(word for filler, after in zip(chosen, between[1:], strict=True) for word in (filler, *after))]
        for chosen in itertools.product(*fillers)
    ]
    own = [[*row, *passage(rng, 60)] for row in rows[:40]]
    copies = [[*row[:-5], f"edit{i}", *row[-4:]] for i, row in enumerate(own)]
    texts = [" ".join(row) for row in [*rows, *own, *copies]]
    assert jaccard(shingles(texts[0], 3), shingles(texts[1], 3)) > 0.95
    found = near_duplicate_edges(strings(texts), NearConfig(template_share=SHARE)).at(0.8)
    assert pairs_of(found) == {(len(rows) + i, len(rows) + 40 + i) for i in range(40)}


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
