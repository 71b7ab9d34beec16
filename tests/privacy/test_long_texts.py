"""A long text gives what it gives when it is read whole each time, wherever its values stand."""

from __future__ import annotations

import json
import random
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.privacy import count_left, mask_column, scan, windows
from curate.privacy.column import block
from curate.privacy.windows import EDGE, LONG, REACH, believed, pieces

Planted = list[tuple[int, str]]
PROSE = (
    "The parcel left the house on Monday and nobody has seen it since. ",
    "Order 48211 was packed in 3 boxes of 12 pieces each.\n",
    "It costs 1,249.00 and the bill is due on 2024-03-11. ",
    "Version 10.4.2 of the driver stops after 90 seconds; see section 4.1.7 (page 212).\n",
    "Die Straßenbahn fährt täglich über die Brücke, außer sonntags. ",
    "荷物は月曜日に家を出ました。まだ届いていません。\n",
)
MAILS = ("r.finch@example.com", "bob at example dot com", "ann [at] example [dot] org")
PHONES = ("call 212-555-0143", "(212) 555-0199", "+1 212 555 0147")
CARDS = ("4111 1111 1111 1111", "card 5555555555554444", "378282246310005")
GLUED = (  # each is found, if at all, once what stands before it is masked
    "AKIAIOSFODNN7EXAMPLEborn on 1/2/1990GB82WEST12345698765432", "a@example.com=00:1A:2B:3C:4D:5E(dot)",
    "a\u200bb", "jürgen@example.org bob at example dot com ", "phone", "born on 1/2/1990",
)  # fmt: skip


def prose(size: int, seed: int = 1) -> list[str]:
    draw, out, length = random.Random(seed), [], 0
    while length < size:
        out.append(draw.choice(PROSE))
        length += len(out[-1].encode())
    return out


SHORTER = prose(LONG + 2_000)


def planted(sentences: list[str], values: Planted) -> str:
    """The sentences with values in front of some; the place is taken modulo their number."""
    before: dict[int, str] = {}
    for place, value in values:
        before[place % len(sentences)] = f"{before.get(place % len(sentences), '')}{value} "
    return "".join(before.get(n, "") + sentence for n, sentence in enumerate(sentences))


def spans(text: str) -> list[tuple[int, int, str, float]]:
    found = scan(pa.array([text], pa.large_string()))
    return list(zip(found.start.tolist(), found.end.tolist(), found.type.to_pylist(), found.score.tolist()))


def read_whole(text: str) -> list[tuple[int, int, str, float]]:
    with mock.patch.object(windows, "LONG", 1 << 40):
        return spans(text)


def test_a_long_text_gives_exactly_what_it_gives_without_windows() -> None:
    draw = random.Random(7)
    values = [(draw.randrange(1 << 20), draw.choice(MAILS + PHONES + CARDS)) for _ in range(40)]
    text = planted(prose(200_000), values)
    found = spans(text)
    assert len(text.encode()) > 200_000
    assert {kind for _, _, kind, _ in found} == {"EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD"}
    assert len(found) >= 30
    assert found == read_whole(text)


def looks(text: str) -> list[int]:
    """Bytes that each look but the first reads."""
    sizes: list[int] = []

    def seen(whole: object, at: object, new: object) -> object:
        parts, owner = pieces(whole, at, new)  # type: ignore[arg-type]
        sizes.append(int((parts.ends - parts.starts).sum()))
        return parts, owner

    with mock.patch("curate.privacy.scanner.pieces", seen):
        assert len(spans(text)) >= 6
    return sizes


def test_only_the_surroundings_of_what_was_found_are_read_again() -> None:
    sizes = looks(planted(prose(200_000), [(n * 97, value) for n, value in enumerate(MAILS + PHONES + CARDS)]))
    assert len(sizes) == 1
    assert 0 < sizes[0] < 20_000


def test_a_third_look_reads_only_where_the_second_found_more() -> None:
    values = [(n * 97, value) for n, value in enumerate(MAILS + PHONES + CARDS)]
    second, third = looks(planted(prose(200_000), [*values, (1500, "AKIAIOSFODNN7EXAMPLEa@example.com")]))
    assert 2 * REACH < third < 2 * REACH + 100
    assert second > 4 * third


PLACES, VALUES = st.integers(0, len(SHORTER) - 1), st.sampled_from(MAILS + PHONES + CARDS + GLUED)
PLANTED = st.lists(st.tuples(PLACES, VALUES), max_size=24)


@settings(max_examples=60, deadline=None)
@given(PLANTED)
@example([(0, MAILS[0]), (len(SHORTER) - 1, PHONES[0])])
@example([(9, GLUED[0]), (700, "a\u200bb"), (9, "\xa0"), (800, CARDS[0])])
@example([(400 + n, "jürgen@example.org bob at example dot com") for n in range(0, 60, 9)])
def test_wherever_values_stand_windows_change_nothing(values: Planted) -> None:
    text = planted(SHORTER, values)
    assert len(text.encode()) > LONG
    assert spans(text) == read_whole(text)


@settings(max_examples=25, deadline=None)
@given(PLANTED)
@example([(9, "\xa0" + GLUED[0]), (700, "a\u200bb")])
@example([(0, MAILS[2]), (0, GLUED[1])])
def test_a_long_text_once_masked_holds_nothing_more(values: Planted) -> None:
    column = pa.array([planted(SHORTER, values)], pa.large_string())
    assert count_left(mask_column(column, scan(column))) == {}


def test_a_disguise_far_away_has_the_windows_read_in_their_plain_form_too() -> None:
    text = "".join(["meet us [at] noon. ", *SHORTER, f"{GLUED[1]}{PROSE[0]}", *SHORTER])
    assert [kind for _, _, kind, _ in spans(text)] == ["EMAIL_ADDRESS"]
    assert spans(text) == read_whole(text)


def test_a_disguise_that_a_mask_covers_asks_for_no_plain_form() -> None:
    text = "".join([*SHORTER, f"{MAILS[2]} {GLUED[1]} ", *SHORTER])
    assert [kind for _, _, kind, _ in spans(text)] == ["EMAIL_ADDRESS", "EMAIL_ADDRESS", "MAC_ADDRESS"]
    assert spans(text) == read_whole(text)


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.sampled_from("aé語📦 "), min_size=1, max_size=9),
    st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(1, 40)), min_size=1, max_size=12),
)
def test_windows_hold_each_span_and_its_surroundings_and_begin_and_end_between_signs(
    unit: str, places: list[tuple[int, int]]
) -> None:
    raw = (unit * (1 + 90_000 // len(unit.encode()))).encode()
    text = block(pa.array(["short", raw.decode()], pa.large_string()))
    begin, end = int(text.starts[1]), int(text.ends[1])
    cuts, last = [], begin
    for place, size in sorted((begin + place % len(raw), size) for place, size in places):
        if place >= last and place + size <= end:
            cuts.append((1, place, place + size, 0))
            last = place + size
    if not cuts:
        return
    at = np.array(cuts, np.int64)
    parts, owner = pieces(text, at, at)
    assert owner.tolist() == [0] + [1] * (len(parts.starts) - 1)
    assert (parts.ends[1:-1] <= parts.starts[2:]).all()
    assert 2 * int((parts.ends[1:] - parts.starts[1:]).sum()) <= len(raw) + 8 * len(cuts)
    for a, b in zip(parts.starts.tolist(), parts.ends.tolist()):
        text.data[a:b].tobytes().decode()  # a half sign raises
    for _, a, b, _ in cuts:
        holds = (parts.starts <= max(begin, a - REACH)) & (parts.ends >= min(end, b + REACH) - 3) & (owner == 1)
        assert holds.sum() == 1


def test_what_touches_a_cut_edge_is_not_believed_and_what_touches_the_end_of_the_text_is() -> None:
    text = block(pa.array(["x" * 100_000], pa.large_string()))
    at = np.array([[0, 10, 20, 0], [0, 50_000, 50_010, 0]], np.int64)
    parts, owner = pieces(text, at, at)
    assert parts.starts.tolist() == [0, 50_000 - REACH]
    first, second = parts.ends.tolist()
    number = np.array([0, 0, 1, 1, 1, 1])
    low = np.array([0, first - 70, second - 90, 49_600, 49_600 + EDGE, second - 80])
    high = np.array([5, first - 60, second - EDGE, 49_610, 49_700, second - 60])
    assert believed(parts, number, low, high, text, owner).tolist() == [True, False, True, False, True, False]


@pytest.mark.parametrize("opening", ["{", " ["])
def test_long_json_short_texts_and_crowded_texts_are_read_whole(opening: str) -> None:
    spot = np.array([[0, 500, 510, 0]], np.int64)
    for raw in (opening + "x" * 100_000, "x" * LONG):
        text = block(pa.array([raw], pa.large_string()))
        assert pieces(text, spot, spot)[0].ends.tolist() == [len(raw)]
    crowd = np.array([[0, n, n + 10, 0] for n in range(500, 99_000, 900)], np.int64)
    assert pieces(block(pa.array(["x" * 100_000], pa.large_string())), crowd, crowd)[0].ends.tolist() == [100_000]


def test_long_json_stays_json() -> None:
    body = "".join(SHORTER) + "\nbob@example.com"
    column = pa.array([json.dumps({"text": body, "phone": 2125550143})], pa.large_string())
    masked = mask_column(column, scan(column))[0].as_py()
    assert json.loads(masked) == {"text": "".join(SHORTER) + "\n[EMAIL]", "phone": "[PHONE]"}
