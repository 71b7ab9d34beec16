"""Two people whom a small word joins: the tagger sees one of them, a list knows the other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curate.privacy.column import block
from curate.privacy.names.joined import joined
from curate.privacy.overlaps import Found
from curate.privacy.types import LOCATION, PERSON


def with_one(text: str, *seen: str, kind: int = PERSON) -> list[str]:
    """What is somebody when the tagger has seen `seen`."""
    at = []
    for name in seen:
        start = len(text[: text.index(name)].encode())
        at.append((0, start, start + len(name.encode()), kind))
    spans = Found(np.array(at, np.int64).reshape(-1, 4), np.full(len(at), 0.8), np.zeros(len(at), np.bool_))
    cells = block(pa.array([text], pa.large_string()))
    return [cells.read(start, end) for _, start, end, kind in joined(cells, spans).at.tolist() if kind == PERSON]


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("Rahel und Matthias bringen den Salat mit.", "Rahel", "Matthias"),
        ("minggu depan joko dan ratna yang masak", "joko", "ratna"),
        ("Örjan eller Kerstin har nyckeln till källaren.", "Kerstin", "Örjan"),
        ("Спроси, где Аркадий или Тамара.", "Аркадий", "Тамара"),
        ("Zapytaj, czy Danuta i Zbigniew mają klucze.", "Zbigniew", "Danuta"),
    ],
)
def test_a_listed_name_on_the_other_side_is_somebody(text: str, one: str, other: str) -> None:
    assert sorted(with_one(text, one)) == sorted((one, other))


def test_who_stands_between_two_is_found_once() -> None:
    found = with_one("Rahel und Matthias und Jonas bringen den Salat mit.", "Rahel", "Jonas")
    assert found == ["Rahel", "Matthias", "Jonas"]


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("Rahel und Salat bringen wir mit.", "Rahel"),  # in no list
        ("Rahel und morgen auch Jonas.", "Rahel"),
        ("Rahel bringt Matthias mit.", "Rahel"),
        ("rahel und Matthias bringen den Salat mit.", "rahel"),  # written otherwise
        ("I met Rahel and Matthias was there as well, but they had gone by then.", "Rahel"),  # English
    ],
)
def test_others_stay_as_they_are(text: str, one: str) -> None:
    assert with_one(text, one) == [one]


def test_places_join_nobody() -> None:
    assert with_one("Zwischen Kiel und Matthias liegt das nicht.", "Kiel", kind=LOCATION) == []
