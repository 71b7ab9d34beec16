"""Where rows lie: looked up in Arrow's offsets, whichever rows are asked for, nulls and rewritten rows included."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from similarity_reference import fold

from curate.similarity import NearConfig, near_duplicate_edges
from curate.similarity.characters import composed, normalise
from curate.similarity.exact import repeated
from curate.similarity.near import Edges
from curate.similarity.partners import codes_under, label_codes
from curate.similarity.texts import Texts, buffers, counted, lying_for_shingles, narrow

TEXTS = st.lists(st.none() | st.text(alphabet="ab \u00e9\u0301\u00df\ufb01\u4e2d", max_size=6), max_size=30)


def spelled(texts: Texts) -> list[str]:
    out = []
    for start, stop in zip(texts.start.tolist(), texts.stop.tolist(), strict=True):
        inside = start < len(texts.data)
        data, at = (texts.data, 0) if inside else (texts.extra, len(texts.data))
        out.append(bytes(data[start - at : stop - at]).decode())
    return out


@given(st.lists(st.text(max_size=8) | st.text(alphabet="\n\r\u0301\u0327\u1161\u11a8e가", max_size=8), max_size=6))
@example(["e", "\u0301", ""])
def test_texts_normalised_line_by_line_are_those_normalised_at_once(parts: list[str]) -> None:
    text = "\n".join(parts)
    assert normalise(text) == fold(text)
    assert composed(text) == unicodedata.normalize("NFC", text)


@given(TEXTS, st.data())
def test_rows_read_as_they_are_spelled_whichever_are_asked_for(texts: list[str | None], data: st.DataObject) -> None:
    skip = data.draw(st.integers(0, len(texts)))
    array = pa.array(texts, pa.large_string()).slice(skip)
    texts = texts[skip:]
    some = st.lists(st.integers(0, max(0, len(texts) - 1)), unique=True, max_size=len(texts))
    rows = None if data.draw(st.booleans()) else np.array(sorted(data.draw(some)), np.int32)
    lying = lying_for_shingles(array, rows=rows)
    every = texts if rows is None else [texts[i] for i in rows]
    assert [normalise(t) for t in spelled(lying.whole())] == [normalise(t or "") for t in every]
    which = np.array(data.draw(st.permutations(range(len(every)))), np.int64)
    assert spelled(lying.take(which)) == spelled(lying.among(which).whole())
    assert spelled(lying.take(which)) == [spelled(lying.whole())[i] for i in which]
    lo = data.draw(st.integers(0, len(every)))
    start, stop = lying.block(lo, len(every))
    assert start.flags.writeable
    assert (start.tolist(), stop.tolist()) == (lying.whole().start[lo:].tolist(), lying.whole().stop[lo:].tolist())


def test_bytes_behind_a_null_are_nobodys() -> None:
    array = pa.Array.from_buffers(
        pa.large_string(), 3, [pa.py_buffer(b"\x05"), pa.py_buffer(np.array([0, 1, 3, 4])), pa.py_buffer(b"axxb")]
    )
    _, start, stop = buffers(array)
    assert (stop - start).tolist() == [1, 0, 1]
    assert spelled(lying_for_shingles(array).whole()) == ["a", "", "b"]


@given(st.lists(st.integers(0, 8), max_size=40))
def test_values_that_occur_again_are_found(values: list[int]) -> None:
    found = repeated(np.array(values, np.uint64)).tolist()
    assert found == [i for i, value in enumerate(values) if values.count(value) > 1]


def test_numbers_take_four_bytes_where_these_hold_them() -> None:
    assert narrow(np.array([-(2**31), 2**31 - 1])).dtype == np.int32
    assert narrow(np.array([0, 2**31])).dtype == np.int64
    assert counted(3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("labels", [1, 125, 126, 127, 128, 40_000])
def test_codes_of_any_number_of_labels_have_room_for_one_more(labels: int) -> None:
    label = np.arange(-1, labels, dtype=np.int32)
    code, first = codes_under(label, None)
    assert code.tolist() == list(range(labels + 1))
    assert (code + 1).tolist() == list(range(1, labels + 2))
    assert set(first.tolist()) == {1}


def test_rows_without_labels_have_one_code_in_one_place() -> None:
    code, first = codes_under(label_codes(None, 5), None)
    assert (code.tolist(), first.tolist()) == ([0] * 5, [1] * 5)
    assert code.strides == first.strides == (0,)


def equal(one: Edges, two: Edges) -> bool:
    return one.stats == two.stats and all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in ("a", "b", "score", "weighted", "crowd", "blank")
    )


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_what_was_read_is_kept_where_a_later_look_asks_for_it(share: float) -> None:
    rng = np.random.default_rng(4)
    wrapper = "please answer the question that follows in one short sentence of your own words and no more " * bool(share)
    texts = [wrapper + " ".join(f"w{i}" for i in rng.integers(0, 900, 12)) for _ in range(600)]
    texts += [*texts[:80], *(text + " more" for text in texts[100:200]), "", " "]
    array, config = pa.array(texts, pa.large_string()), NearConfig(template_share=share)
    kept, let_go = (near_duplicate_edges(array, config, keep=keep) for keep in (True, False))
    assert equal(kept, let_go)
    assert len(kept) > 100
    assert kept.blank is not None
    assert np.flatnonzero(kept.blank).tolist() == [len(texts) - 2, len(texts) - 1]
    assert kept.reading is not None
    assert (let_go.reading is not None) == (kept.stats["template_shingles"] > 0) == (share > 0)
