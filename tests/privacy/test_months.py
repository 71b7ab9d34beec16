"""One table of months: it reads written dates, and moves them to written dates of the same language."""

from __future__ import annotations

import pytest

from curate.privacy import months
from curate.privacy.surrogates import Surrogates
from curate.privacy.surrogates.dates import iso

FORMS = [(language, tuple(names.split())) for language, names in months._FORMS]
LANGUAGES = sorted({language for language, _ in FORMS})


def moved(dates: list[str], region: str = "US") -> list[str]:
    """The surrogates of dates that are the data."""
    work = Surrogates(b"k" * 32, region)
    for date in dates:
        work.real("DATE_OF_BIRTH", date)
    for n, date in enumerate(dates):
        work.want("DATE_OF_BIRTH", "date_of_birth", date, [("PERSON", f"Ann{n}"), ("DATE_OF_BIRTH", date)], 1)
    found = [work.surrogate("DATE_OF_BIRTH", "date_of_birth", date, [("PERSON", f"Ann{n}"), ("DATE_OF_BIRTH", date)], 1)
             for n, date in enumerate(dates)]  # fmt: skip
    return [str(new) for new in found]


@pytest.mark.parametrize(("language", "names"), FORMS, ids=[f"{language}-{names[1]}" for language, names in FORMS])
def test_written_dates_of_a_language_are_moved_to_written_dates_of_that_language(
    language: str, names: tuple[str, ...]
) -> None:
    assert len(names) == 12
    dates = [f"14 {name} 1985" for name in names]
    own = {name for other, some in FORMS if other == language for name in some}
    for old, new in zip(dates, moved(dates), strict=True):
        day, month, year = new.split(" ")
        assert month in own
        assert 1 <= int(day) <= 31
        assert year in ("1984", "1985", "1986")
        assert new != old


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_of_a_language_is_read(language: str) -> None:
    for names in (some for other, some in FORMS if other == language):
        for number, name in enumerate(names, 1):
            assert months.is_month_name(name)
            assert (language, number) in {(one.language, one.number) for one in months._known()[months._key(name)]}


@pytest.mark.parametrize(
    ("value", "region", "month"),
    [
        ("14. April 1985", "DE", 4),
        ("14 de marzo de 1985", "US", 3), ("Dec. 31, 1949", "US", 12), ("14 MRT 1985", "NL", 3),
        ("3 września 1971", "PL", 9), ("7 Temmuz 1968", "TR", 7), ("14 अगस्त 1961", "IN", 8), ("5 ตุลาคม 1990", "TH", 10),
        ("9 de setembro de 1984", "BR", 9),
    ],
)  # fmt: skip
def test_a_written_date_is_the_day_that_it_names(value: str, region: str, month: int) -> None:
    assert str(iso(value, region))[5:7] == f"{month:02d}"


def test_a_month_of_several_languages_is_that_of_the_datas_other_dates() -> None:
    swedish = ["3 maj 1971", "9 oktober 1980", "17 augusti 1964", "14 mars 1985", "2 april 1990", "30 mars 1959"]
    names = dict(FORMS)["sv"]
    assert all(new.split(" ")[1] in names for new in moved(swedish))


@pytest.mark.parametrize("word", ["Maya", "Jana", "Augusto", "Martin", "Abrila", "Decimus"])
def test_a_name_that_begins_like_a_month_is_none(word: str) -> None:
    assert not months.is_month_name(word)
