"""Edges of names: what tokens cut off belongs to the span."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curate.privacy.column import block
from curate.privacy.names.edges import mended
from curate.privacy.names.find import find_names
from curate.privacy.overlaps import Found
from curate.privacy.types import CODE


def _mended(text: str, *pieces: tuple[str, str]) -> list[tuple[str, str]]:
    """Values and types after mending spans on these pieces of the text, in their order."""
    raw, at, edge = text.encode(), [], 0
    for value, kind in pieces:
        start = raw.index(value.encode(), edge)
        edge = start + len(value.encode())
        at.append((0, start, edge, CODE[kind]))
    found = Found(np.array(at, np.int64).reshape(-1, 4), np.full(len(at), 0.9), np.zeros(len(at), np.bool_))
    out = mended(block(pa.array([text], pa.large_string())), found)
    name = {code: kind for kind, code in CODE.items()}
    return [(raw[a:b].decode(), name[code]) for _, a, b, code in out.at.tolist()]


ORG, STREET, PLACE = "ORGANIZATION", "STREET_ADDRESS", "LOCATION"


@pytest.mark.parametrize(
    ("text", "pieces", "expected"),
    [
        ("von Bakker & Zonen B.V. ist", [("Bakker & Zonen B.V", ORG)], [("Bakker & Zonen B.V.", ORG)]),
        ("di Edilnova S.p.A. oggi", [("Edilnova S", ORG), ("A", ORG)], [("Edilnova S.p.A.", ORG)]),
        ("Siemens. Then", [("Siemens", ORG)], [("Siemens", ORG)]),
        ("Siemens, Bosch", [("Siemens", ORG), ("Bosch", ORG)], [("Siemens", ORG), ("Bosch", ORG)]),
        ("Rua Flores 120, 4050-262 Porto", [("Rua Flores 120", STREET), ("262 Porto", STREET)],
         [("Rua Flores 120, 4050-262 Porto", STREET)]),
        ("Carrera 7 # 45-12, Bogotá", [("Carrera 7 # 45", STREET), ("Bogotá", PLACE)],
         [("Carrera 7 # 45-12, Bogotá", STREET)]),
        ("Main Street 4, Boston", [("Main Street 4", STREET), ("Boston", PLACE)],
         [("Main Street 4", STREET), ("Boston", PLACE)]),
        ("Main Street 4 or Elm Road 5", [("Main Street 4", STREET), ("Elm Road 5", STREET)],
         [("Main Street 4", STREET), ("Elm Road 5", STREET)]),
    ],
)  # fmt: skip
def test_pieces_of_one_thing_become_one(
    text: str, pieces: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    assert _mended(text, *pieces) == expected


def test_an_abbreviated_legal_form_is_found_with_its_full_stop() -> None:
    text = "De offerte van Bakker & Zonen B.V. is getekend door Femke Dijkstra."
    spans = find_names(pa.array([text]), (ORG,))
    assert [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())] == ["Bakker & Zonen B.V."]


def test_no_spans_stay_none() -> None:
    assert _mended("nothing") == []
