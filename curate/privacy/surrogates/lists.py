"""Lists of names by locale, from Faker (MIT): which locale and gender a name belongs to, and names to draw from.

Loaded when the first name is drawn (about 0.2 s), then kept. A token is looked up without case and accents. Lists say
what is usual, not who a person is: a name that stands in both lists, or in none, is treated as neutral.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import lru_cache

from curate.privacy.canonical import folded

LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL", "pl_PL", "sv_SE", "da_DK", "no_NO", "fi_FI",
    "cs_CZ", "hu_HU", "ro_RO", "tr_TR", "en_IN", "vi_VN", "ru_RU", "uk_UA", "bg_BG", "el_GR", "ar_AA", "fa_IR", "he_IL",
    "hi_IN", "th_TH", "ja_JP", "ko_KR", "zh_CN",
)  # fmt: skip
"""Those with Latin letters first."""
BY_REGION = {
    "US": "en_US", "CA": "en_US", "AU": "en_GB", "NZ": "en_GB", "GB": "en_GB", "IE": "en_GB", "ZA": "en_GB", "DE": "de_DE",
    "AT": "de_DE", "CH": "de_DE", "FR": "fr_FR", "BE": "fr_FR", "ES": "es_ES", "MX": "es_ES", "AR": "es_ES", "CO": "es_ES",
    "CL": "es_ES", "IT": "it_IT", "BR": "pt_BR", "PT": "pt_BR", "NL": "nl_NL", "PL": "pl_PL", "SE": "sv_SE", "DK": "da_DK",
    "NO": "no_NO", "FI": "fi_FI", "CZ": "cs_CZ", "HU": "hu_HU", "RO": "ro_RO", "TR": "tr_TR", "IN": "en_IN", "VN": "vi_VN",
    "RU": "ru_RU", "UA": "uk_UA", "BG": "bg_BG", "GR": "el_GR", "IL": "he_IL", "IR": "fa_IR", "TH": "th_TH", "JP": "ja_JP",
    "KR": "ko_KR", "CN": "zh_CN",
}  # fmt: skip
_SCRIPTS = (
    (re.compile("[\u0400-\u04ff]"), "ru_RU"), (re.compile("[\u0370-\u03ff]"), "el_GR"),
    (re.compile("[\u0600-\u06ff]"), "ar_AA"), (re.compile("[\u0590-\u05ff]"), "he_IL"),
    (re.compile("[\u0900-\u097f]"), "hi_IN"), (re.compile("[\u0e00-\u0e7f]"), "th_TH"),
    (re.compile("[\u3040-\u30ff]"), "ja_JP"), (re.compile("[\uac00-\ud7af]"), "ko_KR"),
    (re.compile("[\u4e00-\u9fff]"), "zh_CN"),
)  # fmt: skip
_SHARED_SCRIPTS = (("uk_UA", "ru_RU"), ("bg_BG", "ru_RU"), ("fa_IR", "ar_AA"), ("ja_JP", "zh_CN"))
"""(a region's locale, the locale that its script is ascribed to)."""
_LETTERS = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0e31-\u0e4e]|[^\W\d_])*")


@dataclass(frozen=True)
class Group:
    """Where a name stands: `role` first or last, `gender` female, male or neutral."""

    locale: str
    role: str
    gender: str


@lru_cache(maxsize=64)
def pools(locale: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Names of a locale by (role, gender), each a single word, sorted."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider

    def words(*names: str) -> set[str]:
        found: set[str] = set()
        for name in names:
            found.update(word for word in getattr(provider, name, ()) if _LETTERS.fullmatch(word))
        return found

    female, male = words("first_names_female"), words("first_names_male")
    every = words("first_names") or female | male
    last_female, last_male = words("last_names_female"), words("last_names_male")
    last = words("last_names", "last_names_nonbinary") or last_female | last_male
    # Surnames that differ by gender serve their own; names on both lists, or on neither, are neutral.
    table = {
        ("first", "female"): female - male or every,
        ("first", "male"): male - female or every,
        ("first", "neutral"): female & male or every - (female ^ male) or every,
        ("last", "female"): last_female - last_male or last,
        ("last", "male"): last_male - last_female or last,
        ("last", "neutral"): last,
    }
    return {group: tuple(sorted(names)) for group, names in table.items()}


@lru_cache(maxsize=1)
def known_names() -> dict[str, tuple[Group, ...]]:
    """Every listed name without case and accents -> the groups that it belongs to, the likeliest first."""
    out: dict[str, list[Group]] = {}
    for locale in LOCALES:
        table = pools(locale)
        roles: dict[str, dict[str, set[str]]] = {}
        for (role, gender), names in table.items():
            for name in names:
                roles.setdefault(folded(name), {}).setdefault(role, set()).add(gender)
        for name, found in roles.items():
            for role in ("first", "last"):
                genders = found.get(role)
                if genders:
                    only = genders - {"neutral"}
                    gender = next(iter(only)) if len(only) == 1 else "neutral"
                    out.setdefault(name, []).append(Group(locale, role, gender))
    return {name: tuple(sorted(groups, key=_by_likelihood)) for name, groups in out.items()}


def _by_likelihood(group: Group) -> tuple[bool, int, int]:
    """American lists first; then the shorter list, of which one name is a larger share: long lists hold other countries'
    names too."""
    size = len(pools(group.locale)[group.role, "female"]) + len(pools(group.locale)[group.role, "male"])
    return group.locale != "en_US", size, LOCALES.index(group.locale)


def group_of(token: str, region: str, role: str = "") -> Group:
    """The group that a name is drawn from: its own where lists hold it, else surnames of its script or of the region.

    First names go before surnames, unless `role` asks for one of them; of several locales the region's goes first.
    """
    home = BY_REGION.get(region, "en_US")
    groups = known_names().get(folded(token), ())
    for wanted in (role,) if role else ("first", "last"):
        mine = [group for group in groups if group.role == wanted]
        if mine:
            return next((group for group in mine if group.locale == home), mine[0])
    for script, locale in _SCRIPTS:
        if script.search(token):
            shared = (home, locale) in _SHARED_SCRIPTS
            return Group(home if shared else locale, role or "last", "neutral")
    return Group(home if _is_latin(home) else "en_US", role or "last", "neutral")


def _is_latin(locale: str) -> bool:
    return LOCALES.index(locale) < LOCALES.index("ru_RU")
