"""Places behind a phrase of residence, in languages that the tagger has seen little of."""

from __future__ import annotations

import pytest

from curate.privacy.names.places import lived_in, spoken_places
from tests.privacy.test_name_phrases import found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("asun Oulussa ja työskentelen siellä", "Oulussa"), ("naishi Mombasa na familia yangu", "Mombasa"),
        ("mieszkam w Nowym Targu od lat", "Nowym Targu"), ("我住在成都，喜欢吃辣。", "成都"),
        ("أسكن في الدار البيضاء منذ عام", "الدار البيضاء"), ("I live in Ouagadougou with my sister", "Ouagadougou"),
    ],
)  # fmt: skip
def test_where_somebody_lives_is_a_place(text: str, place: str) -> None:
    assert found(text, "LOCATION") == [place]
    assert found(text, "PERSON") == [], "neither the verb nor the town is somebody"


@pytest.mark.parametrize("text", ["we live in Hope and fear", "I live in PERL code all day", "she lives in peace"])
def test_a_phrase_without_a_place_behind_it_tells_none(text: str) -> None:
    assert found(text, "LOCATION") == []


@pytest.mark.parametrize(
    ("text", "name"), [("sie wohnt bei Anna Schmidt in Köln", "Anna Schmidt"), ("he lives with Tkachenko now", "Tkachenko")]
)
def test_who_somebody_lives_with_stays_a_person(text: str, name: str) -> None:
    assert found(text, "PERSON") == [name]


@pytest.mark.parametrize("text", ["she lives in Tkachenko's flat", "I live in Zotzmanns’ house"])
def test_a_home_that_is_called_by_its_owner_is_no_place(text: str) -> None:
    assert lived_in(text) == []


def test_the_home_of_somebody_is_no_place_in_scripts_without_capitals() -> None:
    assert spoken_places("我住在王小明家里") == []
    assert [("我住在成都。")[a:b] for _, a, b in spoken_places("我住在成都。")] == ["成都"]
