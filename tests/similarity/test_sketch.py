"""Tokens, shingles, MinHash and the band layout, against references that share no code with them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import edited, passage, strings
from similarity_reference import characters, grams, jaccard, shingles, tokens

from curate.similarity.equality import hash_rows
from curate.similarity.exact import exact_groups
from curate.similarity.kernels import sketch_rows
from curate.similarity.minhash import choose_layout, signatures, sketch
from curate.similarity.near import NearConfig
from curate.similarity.shingling import SCRATCH, shingle_row
from curate.similarity.texts import Unit, for_shingles
from tests.conftest import examples

texts_of_any_script = st.text(
    alphabet=st.one_of(
        st.sampled_from("aAbB  .,!-+=’'ßſİéÉ́ﬁ…½漢字かなไทย한글한😀👍🏽\u200d\ufe0f\u00ad\u3000\n"),
        st.characters(exclude_categories=("Cs", "Cn", "Co")),
    ),
    max_size=40,
)


def hashes(texts: list[str], words: int, unit: Unit = "word") -> list[list[int]]:
    rows = for_shingles(strings(list(texts)), unit=unit)
    out = []
    for start, stop in zip(rows.start.tolist(), rows.stop.tolist(), strict=True):
        data = rows.data
        if start >= len(rows.data):
            data, start, stop = rows.extra, start - len(rows.data), stop - len(rows.data)
        buffer = np.zeros(stop - start + 1, np.uint64)
        scratch = np.zeros(SCRATCH, np.uint64)
        n = shingle_row(data, start, stop, rows.characters.fold, rows.characters.token, words, buffer, scratch)
        out.append(buffer[:n].tolist())
    return out


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(texts_of_any_script, min_size=2, max_size=5), st.integers(1, 4))
def test_two_rows_share_as_many_shingles_as_the_definition_says(texts: list[str], words: int) -> None:
    found = [set(h) for h in hashes(texts, words)]
    wanted = [shingles(t, words) for t in texts]
    for i in range(len(texts)):
        assert len(found[i]) == len(wanted[i])
        for j in range(i):
            assert len(found[i] & found[j]) == len(wanted[i] & wanted[j])


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(texts_of_any_script, min_size=2, max_size=4), st.integers(1, 5))
def test_by_characters_every_letter_is_a_token_and_separators_are_none(texts: list[str], size: int) -> None:
    found = [set(h) for h in hashes(texts, size, "character")]
    wanted = [grams(characters(t), t, size) for t in texts]
    for i in range(len(texts)):
        assert len(found[i]) == len(wanted[i])
        for j in range(i):
            assert len(found[i] & found[j]) == len(wanted[i] & wanted[j])


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_any_length_are_read_as_the_definition_says(seed: int) -> None:
    # Longer than the tile that the kernel works in, with words, hyphens and other scripts across its borders.
    rng = np.random.default_rng(seed)
    pieces = ["word", "W" * 9, "x" * 3000, "-", " ", " ", "é", "ß", "漢字", "ไทย"]
    pieces += ["+", "\u00ad", "…", ".", "7", "a-b", "\n"]
    text = "".join(pieces[i] for i in rng.integers(0, len(pieces), 2500).tolist())
    other = text[: len(text) // 2] + "changed" + text[len(text) // 2 :]
    one, two = (set(h) for h in hashes([text, other], 2))
    first, second = shingles(text, 2), shingles(other, 2)
    assert (len(one), len(two), len(one & two)) == (len(first), len(second), len(first & second))


def test_a_word_longer_than_a_tile_is_one_token() -> None:
    long = "y" * 100_000
    one, two, three = hashes([f"a {long} b", f"a {long}y b", f"a {'y' * 99_999}z b"], 1)
    assert len(one) == len(two) == len(three) == 3
    assert len({one[1], two[1], three[1]}) == 3


def test_every_character_is_a_separator_a_letter_or_a_token_as_the_definition_says() -> None:
    # Between two letters a separator leaves two tokens, a letter one, a token of its own three.
    texts = [f"a{chr(c)}b" for c in (*range(0xD800), *range(0xE000, 0x20000))]
    wrong = [hex(ord(t[1])) for t, found in zip(texts, hashes(texts, 1), strict=True) if len(found) != len(tokens(t))]
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Straße in Köln", "STRASSE in ko\u0308ln"),
        ("ﬁnal ½ score", "final 1⁄2 score"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("it’s “quoted” — here…", "it's 'quoted' - here"[:-7] + " here"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("no-break\u00a0space", "No break space"),
    ],
)
def test_spellings_of_one_text_have_the_same_shingles(one: str, two: str) -> None:
    first, second = hashes([one, two], 2)
    assert first == second


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("3 + 4", "3 - 4"),
        ("C++", "C"),
        ("a < b", "a > b"),
        ("-5", "5"),
        ("x == y", "x != y"),
        ("ok 👍", "ok 👎"),
        ("?", "!"),
    ],
)
def test_symbols_that_carry_meaning_tell_rows_apart(one: str, two: str) -> None:
    first, second = hashes([one, two], 3)
    assert set(first) != set(second)


def test_unspaced_scripts_are_read_by_characters() -> None:
    han, thai, mixed = hashes(["我们今天去公园", "สวัสดีครับ", "GPU训练"], 1)
    assert (len(han), len(thai), len(mixed)) == (7, 10, 3)


def test_the_estimate_is_unbiased_and_has_the_binomial_variance() -> None:
    rng = np.random.default_rng(11)
    k, errors, variances = 128, [], []
    for changes in (2, 8, 20, 40):
        pairs = [(base := passage(rng, 120), edited(rng, base, changes)) for _ in range(60)]
        for seed in range(3):
            rows = signatures(for_shingles(strings([" ".join(t) for p in pairs for t in p])), k, 1, seed)
            estimate = (rows[0::2] == rows[1::2]).mean(axis=1)
            exact = np.array([jaccard({(w,) for w in a}, {(w,) for w in b}) for a, b in pairs])
            errors.append(estimate - exact)
            variances.append(exact * (1 - exact) / k)
    error, variance = np.concatenate(errors), np.concatenate(variances)
    z = error / np.sqrt(variance)
    n = len(z)
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs((z**2).mean() - 1) < 4 * np.sqrt(2 / n)


def test_the_estimate_is_as_accurate_as_datasketch() -> None:
    rng = np.random.default_rng(5)
    k = 128
    pairs = [(base := passage(rng, 80), edited(rng, base, int(rng.integers(1, 30)))) for _ in range(80)]
    exact = np.array([jaccard({(w,) for w in a}, {(w,) for w in b}) for a, b in pairs])
    rows = signatures(for_shingles(strings([" ".join(t) for p in pairs for t in p])), k, 1, 0)
    ours = (rows[0::2] == rows[1::2]).mean(axis=1)
    theirs = []
    for a, b in pairs:
        one, two = MinHash(num_perm=k, seed=1), MinHash(num_perm=k, seed=1)
        one.update_batch([w.encode() for w in a])
        two.update_batch([w.encode() for w in b])
        theirs.append(one.jaccard(two))
    spread = np.sqrt((exact * (1 - exact) / k).mean())
    assert np.sqrt(((ours - exact) ** 2).mean()) < 1.25 * spread
    assert np.sqrt(((np.array(theirs) - exact) ** 2).mean()) < 1.25 * spread
    assert np.abs(ours - np.array(theirs)).mean() < 2 * spread


@settings(deadline=None)
@given(st.floats(0.4, 0.95), st.integers(16, 256))
def test_the_layout_reaches_the_recall_asked_for_or_is_the_widest(threshold: float, k: int) -> None:
    layout = choose_layout(threshold, k, 0.98)
    assert layout.permutations <= k
    assert layout.recall(threshold) >= 0.98 or layout.rows == 1
    longer = layout.rows + 1
    assert 1 - (1 - threshold**longer) ** (k // longer) < 0.98


def test_pairs_at_the_threshold_meet_in_a_band_as_often_as_the_layout_says() -> None:
    rng = np.random.default_rng(2)
    config = NearConfig()
    pairs = []
    for _ in range(1500):  # 72 shared words of 90: Jaccard exactly 0.8 on single words
        words = [f"v{w}" for w in rng.choice(10**6, 90, replace=False)]
        pairs.append((" ".join(words[:81]), " ".join(words[:72] + words[81:])))
    rows = for_shingles(strings([t for p in pairs for t in p]))
    keys = sketch(rows, config.layout, 1, 3).keys
    met = (keys[:, 0::2] == keys[:, 1::2]).any(axis=0).mean()
    assert met >= 0.98
    assert abs(met - config.layout.recall(0.8)) < 0.01


def test_kernels_are_compiled_once_for_bytes_of_any_origin() -> None:
    """Bytes of a file may not be written and those of a computation may; each would be compiled for."""
    rows = ["The same words stand here twice.", "Les mêmes mots, ici deux fois.", "Ｗｉｄｅ letters and ﬁ"]
    computed = pc.utf8_lower(pa.array(rows, pa.large_string()))
    from_file = pa.LargeStringArray.from_buffers(
        len(rows), computed.buffers()[1], pa.py_buffer(computed.buffers()[2].to_pybytes())
    )
    assert computed.buffers()[2].is_mutable
    assert not from_file.buffers()[2].is_mutable
    kinds = []
    for texts in (computed, from_file, computed.slice(0, 1), from_file.slice(0, 1)):
        sketch(for_shingles(texts), NearConfig().layout, 3, 3)
        exact_groups(texts)
        kinds.append([len(kernel.signatures) for kernel in (sketch_rows, hash_rows)])
    assert kinds == [kinds[0]] * 4
