"""Exact groups and partner rules, against plain dictionaries."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import strings

from curate.similarity import equality, exact_groups
from curate.similarity.clusters import clusters
from curate.similarity.partners import Partners, fold_label, label_codes, split_ranks
from curate.similarity.texts import buffers
from tests.conftest import examples

small_texts = st.one_of(
    st.none(),
    st.lists(
        st.sampled_from([*"aéB 한“漢かя", "e\u0301", "\t", "\u00a0", "\u3000", "\n", "", "\u3099", "\u2003", "x" * 33]),
        max_size=4,
    ).map("".join),
)


def reference_groups(texts: list[str | None], collapse: bool) -> list[int]:
    keys = []
    for i, text in enumerate(texts):
        plain = None if text is None else unicodedata.normalize("NFC", text)
        keys.append(i if plain is None else " ".join(plain.split()) if collapse else plain)
    first: dict[object, int] = {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    return [first[k] if keys.count(k) > 1 else -1 for k in keys]


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(small_texts, max_size=12), st.booleans())
def test_groups_are_those_of_the_normalised_text(texts: list[str | None], collapse: bool) -> None:
    assert exact_groups(strings(texts), collapse).tolist() == reference_groups(texts, collapse)


def test_characters_read_the_quick_way_never_change_under_nfc() -> None:
    codes = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF]
    texts = strings([chr(c) for c in codes])
    data, start, stop = buffers(texts)
    look = np.zeros(len(codes), np.bool_)
    high, low = np.zeros(len(codes), np.uint64), np.zeros(len(codes), np.uint64)
    no_table = np.zeros(0, np.uint8)
    equality.hash_rows(data, no_table, start, stop, 0, len(codes), no_table, True, look, high, low)
    quick = [chr(c) for c, closer in zip(codes, look.tolist(), strict=True) if not closer]
    assert len(quick) > 30_000
    composed = {c for code in codes for c in unicodedata.normalize("NFD", chr(code))[1:]}  # what joins the one before
    for char in quick:
        assert unicodedata.normalize("NFC", char) == char
        assert unicodedata.combining(char) == 0
        assert not char.isspace() or char in "\x85\xa0"
        assert char not in composed


def test_groups_do_not_depend_on_the_number_of_threads() -> None:
    texts = strings([f"row {i % 7001} ü" for i in range(30_000)])
    assert np.array_equal(exact_groups(texts, threads=1), exact_groups(texts, threads=4))


def test_a_colliding_hash_does_not_make_two_texts_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    def collide(*args: object) -> None:
        args[-1][:] = args[-2][:] = 7  # type: ignore[index]

    monkeypatch.setattr("curate.similarity.equality.hash_rows", collide)
    group = exact_groups(strings(["a", "b", "a"]))
    assert group[1] == -1


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-1, 2)), min_size=1, max_size=12))
def test_partners_are_those_that_a_search_of_all_rows_finds(rows: list[tuple[int, int, int]]) -> None:
    n = len(rows)
    first = {c: min(i for i in range(n) if rows[i][0] == c) for c, _, _ in rows}
    classes = np.array([first[c] for c, _, _ in rows], np.int64)
    split = np.array([s for _, s, _ in rows], np.int8)
    label = np.array([y for _, _, y in rows], np.int32)
    partners = Partners(classes, split, label)
    everyone = np.arange(n)
    for asked in set(classes.tolist()):
        target = np.full(n, asked, np.int64)
        across = partners.evaluation(everyone, target)
        same = partners.same_label(everyone, target)
        conflict = partners.conflict(everyone, target)
        members = [j for j in range(n) if classes[j] == asked]
        for i in range(n):
            earlier = [j for j in members if split[j] < split[i] and split[j] == min(split[m] for m in members)]
            assert across[i] == (min(earlier) if earlier else -1)
            alike = [j for j in members if j != i and split[j] == split[i] and label[j] == label[i]]
            assert same[i] == (min(alike) if alike else -1)
            against = [
                j for j in members if split[j] == split[i] and label[j] != label[i] and min(label[i], label[j]) >= 0
            ]
            assert (conflict[i] in against) if against else conflict[i] == -1


def test_label_spellings_are_one_label() -> None:
    assert fold_label(" Refund  Request") == fold_label("refund_request") == fold_label("REFUND-request")
    assert len({fold_label(name) for name in ("1", "-1", "+1", "2-1", "2 1", "-", "_", "+")}) == 8
    assert fold_label("covid-19") == fold_label("Covid 19")
    codes = label_codes(pa.array(["Card_Lost", "card lost", None, "other"], pa.large_string()), 4)
    assert codes[0] == codes[1] != codes[3]
    assert codes[2] == -1


def test_splits_rank_evaluation_before_training() -> None:
    ranks = split_ranks(pa.array(["train", "test", None, "validation", "dev2"], pa.large_string()), 5)
    assert ranks.tolist() == [3, 0, 3, 1, 2]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_clusters_are_the_connected_components_named_by_their_first_row(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
    name = list(range(20))
    for _ in range(20):  # propagate the smallest name along edges until nothing changes
        for a, b in pairs:
            name[a] = name[b] = min(name[a], name[b])
    assert clusters(20, left, right).tolist() == name
