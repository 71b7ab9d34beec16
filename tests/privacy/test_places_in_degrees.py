"""Somebody's place in degrees, minutes and seconds, births of things, and user names of letters behind a label."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import scan


def found(text: str) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()))
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


HOMES = [
    ("Our cabin is at {}, ring twice.", "46°12'33.4\"N 121°29'58.1\"W"),
    ("I live at {}, come by", "N 47° 36.372' W 122° 19.935'"),
    ("Treffpunkt bei mir: {}, Klingel links", "48° 8' 14'' N 11° 34' 31'' O"),
    ("Vivo en {}, al lado", "40° 25′ 0″ N, 3° 42′ 12″ O"),
    ("Ma maison se trouve à {}, portail vert.", "45°45′50″N 4°50′8″E"),
    ("Координаты дачи: {}", "55°45′21″ с. ш. 37°37′04″ в. д."),
    ("自宅の座標：{}", "35°41'22\"N 139°41'30\"E"), ("我家位置：{}", "北纬39°54′26″，东经116°23′29″"),
    ("home: {}", "40.71277, -74.00597"), ("мы живем тут: {}", "56.8389, 60.6057"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "value"), HOMES, ids=[v for _, v in HOMES])
def test_where_somebody_lives_is_found_in_degrees(frame: str, value: str) -> None:
    assert found(frame.format(value)) == [("COORDINATES", value)]


@pytest.mark.parametrize(
    "text",
    ["Mount Rainier (46°51′10″N 121°45′37″W) is 4,392 m high and lies in Pierce County.",
     "at home the angle is 46°12'33\"",
     "Our island lies at 41°41′N, 82°40′W, in the lake.", "RA 05h 34m 31.94s, Dec +22° 00′ 52.2″ (J2000)",
     "my points are (40.7128, -74.0060) and so on", "Угол поворота 55°45′21″, мой азимут 137°04′."],
)  # fmt: skip
def test_mountains_angles_and_stars_are_nobodys_place(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    ["Born April 9, 2021 out of a merger, the group employs 4,000.", "The site was born on March 3, 2019 as a project.",
     "A empresa nasceu em 9 de abril de 2021 da fusão de duas outras.", "Проект родился 9 апреля 2021 года в гараже."],
)  # fmt: skip
def test_firms_and_projects_have_no_date_of_birth(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("frame", "value"),
    [("Emma was born on {} at home.", "March 3, 2019"), ("Our son was born on {}.", "March 3, 2019"),
     ("She was born on {} in Leeds.", "April 9, 2021"), ("Born {} to Sarah and Tom", "April 9, 2021"),
     ("Born {} in Enid, she taught.", "June 2, 1934"), ("Minha filha nasceu em {}.", "9 de abril de 2021")],
)  # fmt: skip
def test_children_have_one(frame: str, value: str) -> None:
    assert ("DATE_OF_BIRTH", value) in found(frame.format(value))


@pytest.mark.parametrize(
    ("frame", "value"),
    [("Username: {}, role: editor", "tverhoeven"), ("Anmeldename: {}, Gruppe: Vertrieb", "boettcher"),
     ("Gebruikersnaam: {}, afdeling Inkoop", "svandijk"), ("Имя пользователя: {}. Отдел: закупки.", "tkuznetsova")],
)  # fmt: skip
def test_a_user_name_of_letters_stands_behind_its_label(frame: str, value: str) -> None:
    assert found(frame.format(value)) == [("HANDLE", value)]


@pytest.mark.parametrize("text", ["username: required, unique", "Username: admin", "Benutzername: optional, eindeutig"])
def test_what_a_form_says_of_user_names_is_none(text: str) -> None:
    assert found(text) == []
