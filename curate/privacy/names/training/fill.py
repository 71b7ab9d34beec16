"""Random names, places, organisations and addresses for templates, drawn from Faker's locales and from parts written
here."""

from __future__ import annotations

import random
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from faker import Faker

from curate.privacy.names.elsewhere import ORDINARY
from curate.privacy.names.labels import FAMILY, GIVEN
from curate.privacy.names.training import lists
from curate.privacy.phrases import fold

LANGUAGES: dict[str, tuple[str, ...]] = {
    "en": ("en_US", "en_US", "en_GB", "en_IE", "en_IN", "en_NZ", "en_PK", "en_KE", "en_NG", "en", "de_DE", "fr_FR", "es_ES",
           "es_MX", "it_IT", "pt_BR", "nl_NL", "pl_PL", "sv_SE", "no_NO", "da_DK", "fi_FI", "is_IS", "cs_CZ", "sk_SK",
           "sl_SI", "hu_HU", "ro_RO", "tr_TR", "id_ID", "vi_VN", "yo_NG", "ig_NG", "ha_NG", "zu_ZA", "sw", "uz_UZ", "et_EE",
           "lt_LT", "fr_DZ", "ga_IE", "es_CL", "de_CH", "zh_CN*", "zh_TW*", "ja_JP*", "nl_BE", "fr_CA"),
    "de": ("de_DE", "de_DE", "de_AT", "de_CH", "tr_TR", "pl_PL", "en_US", "it_IT", "de_LU"),
    "fr": ("fr_FR", "fr_FR", "fr_BE", "fr_CA", "fr_CH", "fr_DZ", "en_US", "pt_PT"),
    "es": ("es_ES", "es_MX", "es_CL", "es_AR", "es_CO", "es_CA", "en_US"),
    "it": ("it_IT", "it_IT", "it_IT", "ro_RO", "en_US"),
    "pt": ("pt_BR", "pt_PT", "pt_BR", "en_US"),
    "nl": ("nl_NL", "nl_BE", "tr_TR", "en_US"),
    "pl": ("pl_PL", "pl_PL", "en_US"),
    "nordic": ("sv_SE", "no_NO", "da_DK", "fi_FI", "is_IS"),
    "east": ("tr_TR", "cs_CZ", "sk_SK", "hu_HU", "ro_RO", "sl_SI", "id_ID", "vi_VN", "zu_ZA", "sw", "et_EE", "lt_LT"),
    "ru": ("ru_RU", "ru_RU", "uk_UA", "bg_BG"),
    "cjk": ("zh_CN", "zh_TW"),
    "ja": ("ja_JP",),
    "ko": ("ko_KR",),
    "ar": ("ar_AA", "ar_SA", "ar_AA"),
    "he": ("he_IL",),
    "fa": ("fa_IR",),
    "hi": ("hi_IN", "hi_IN", "mr_IN", "ne_NP"),
    "bn": ("bn_BD",),
    "ta": ("ta_IN",),
    "th": ("th_TH",),
    "el": ("el_GR",),
    "uk": ("uk_UA",),
}  # fmt: skip
OTHER_SCRIPTS = ("hi_IN", "bn_BD", "ta_IN", "gu_IN", "or_IN", "mr_IN", "ne_NP", "si_LK", "th_TH", "he_IL", "fa_IR", "ar_AA",
                 "ar_SA", "el_GR", "hy_AM", "ka_GE", "ru_RU", "zh_CN", "ja_JP", "ko_KR")  # fmt: skip
ADDRESS_LOCALES = ("en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_NZ", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CH",
                   "fr_CA", "es_ES", "es_MX", "es_CL", "it_IT", "pt_BR", "pt_PT", "nl_NL", "nl_BE", "pl_PL", "sv_SE",
                   "no_NO", "da_DK",
                   "fi_FI", "cs_CZ", "sk_SK", "hu_HU", "ro_RO", "tr_TR", "id_ID", "ru_RU", "uk_UA")  # fmt: skip


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _parts(item) for key, item in value.items()}
    return [" ".join(part.split()) for part in value.split("|")]


MADE_UP = 0.15
"""Share of the names that no list holds."""
POOLS: dict[str, Any] = _parts(tomllib.loads((Path(__file__).parent / "pools.toml").read_text(encoding="utf-8")))
"""Lists of `pools.toml`; some by language."""


class Filler:
    """Draws values; everything comes from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = lists.locale_names()
        self.places = lists.locale_places()
        self.seed = seed
        self.made_up, self.coined, self.wordy = MADE_UP, 0.0, 0.0
        self._invented: dict[str, dict[str, list[str]]] = {}

    def pick(self, items: Sequence[str]) -> str:
        return self.random.choice(items)

    def part(self, pool: str, language: str = "") -> str:
        """An item of a written list."""
        listed = POOLS[pool]
        return self.pick(listed[language if language in listed else "en"] if isinstance(listed, dict) else listed)

    # People

    def _pool(self, locale: str, side: int) -> list[str]:
        given, family = self.names[locale.rstrip("*")]
        pool = (given, family)[side] or given
        if locale.endswith("*"):
            pool = [w for w in pool if w.isascii()]
        return pool

    def _word(self, locale: str, side: int) -> str:
        pool = self._pool(locale, side)
        if self.random.random() < self.made_up and len(pool) > 60:
            if self.coined and ord(pool[0][0]) < 0x250 and self.random.random() < self.coined:
                return self._coined()
            if ord(pool[0][0]) < 0x3000:
                return self.invent(locale + "01"[side], pool)
            if locale == "ko_KR":  # two syllables, each in its usual place
                return self.pick(pool)[0] + self.pick(pool)[-1]
        return self.pick(pool)

    def invent(self, key: str, pool: list[str]) -> str:
        """A name or word that no list holds: a chain of letters with the triples of the pool."""
        if key not in self._invented:
            table: dict[str, list[str]] = defaultdict(list)
            for word in pool:
                padded = f"^^{word.lower()}$"
                for i in range(len(padded) - 2):
                    table[padded[i : i + 2]].append(padded[i + 2])
            self._invented[key] = table
        table = self._invented[key]
        for _ in range(10):
            out = "^^"
            while len(out) < 14:
                out += self.pick(table[out[-2:]])
                if out[-1] == "$":
                    break
            word = out[2:].rstrip("$")
            if len(word) >= 3:
                return word[0].upper() + word[1:]
        return self.pick(pool)

    def _coined(self) -> str:
        """A name of syllables that belong to no locale, with the letters of one alphabet or another."""
        onsets, vowels, codas = (part.split() for part in self.part("alphabets").split(" / "))
        out = ""
        count = self.random.choices((2, 3, 4), (50, 40, 10))[0]
        for n in range(count):
            onset = self.pick(onsets) if n or self.random.random() < 0.85 else ""
            coda = self.pick(codas) if self.random.random() < (0.5 if n == count - 1 else 0.25) else ""
            out += onset + self.pick(vowels) + coda
        return out[0].upper() + out[1:] if len(out[0].upper()) == 1 else out.capitalize()

    @cached_property
    def _words_too(self) -> list[str]:
        """Listed names that are small words of some language: `Om`, `Nur`, `Dan`, `Uma`."""
        bits = lists.word_bits()
        return sorted(word for word in ORDINARY if bits.get(fold(word), 0) & (GIVEN | FAMILY))

    def given(self, locale: str) -> str:
        word = self._word(locale, 0)
        if self.wordy and ord(word[0]) < 0x250 and self.random.random() < self.wordy / 4:
            return self.pick(self._words_too).capitalize()
        return word

    def family(self, locale: str) -> str:
        return self._word(locale, 1)

    def person(self, locale: str) -> str:
        r = self.random.random()
        first, last = self.given(locale), self.family(locale)
        if self.wordy and ord(first[0]) < 0x250 and self.random.random() < self.wordy:
            return f"{self.pick(self._words_too).capitalize()} {last}"
        if ord(first[0]) >= 0x3000:
            return last + first
        if ord(first[0]) > 0x52F:  # scripts that have no initials
            return f"{first} {last}" if r < 0.75 else first if r < 0.9 else last
        if locale.startswith(("es_", "pt_")) and r < 0.35:
            return f"{first} {last} {self.family(locale)}"
        if r < 0.02:
            return f"{first} {last}{self.pick((' Jr.', ' III', ', MD', ' PhD', ', Jr.', ' Sr', ' II'))}"
        if r < 0.60:
            return f"{first} {last}"
        if r < 0.72:
            return first
        if r < 0.80:
            return f"{first} {self.pick('ABCDEFGHJKLMNPRSTW')}. {last}"
        if r < 0.85:
            return f"{first} {self.given(locale)} {last}"
        if r < 0.88:
            return f"{first} {last}-{self.family(locale)}"
        if r < 0.91:
            return f"{first[0]}. {last}"
        if r < 0.93:
            return f"{first}-{self.given(locale)} {last}"
        if r < 0.96:
            particle = self.part("particles", locale[:2])
            return f"{first} {particle}{'' if particle in ('Mc', chr(79) + chr(39)) else ' '}{last}"
        return last

    def listed(self, locale: str) -> str:
        """Family name first."""
        first, last = self.given(locale), self.family(locale)
        capitals = last.upper()
        middle = self.pick("ABCDEFGHJKLMNPRSTW")
        forms = (f"{last}, {first}", f"{last}, {first} {middle}.", f"{capitals}, {first}", f"{capitals} {first}",
                 f"{capitals}, {first.upper()}", f"{capitals}, {first.upper()} {middle}.",
                 f"{capitals}/{first.upper()} {self.pick(('MR', 'MS', 'MRS', middle))}")  # fmt: skip
        return self.pick(forms)

    # Places

    @cached_property
    def _towns(self) -> list[str]:
        return [w for w in lists.PLACES.split() if len(w) > 3 and w not in ("york", "nice")]

    def town(self, locale: str) -> str:
        towns = self.places.get(locale.rstrip("*"), ([], []))[0] or POOLS["native_cities"].get(locale[:2], [])
        r = self.random.random()
        if towns and (r < 0.6 or ord(towns[0][0]) > 0x300):
            return self.pick(towns)
        if r < 0.8:
            return self.pick(self._towns).title()
        if r < 0.85:
            return self.part("cities")
        if r < 0.92:
            other = self.pick(("de_DE", "nl_NL", "pl_PL", "es_CO", "tr_TR", "cs_CZ", "it_IT", "sk_SK", "ro_RO", "fi_FI"))
            return self.pick(self.places.get(other, ([], []))[0] or self._towns).title()
        name = self.invent("towns", [t for t in self.places["en_IN"][0] + self.places["de_DE"][0] if t.isalpha()])
        forms = ("{}", "Port {}", "{}ville", "North {}", "St. {}", "{}ton", "{}berg", "{}")
        return self.pick(forms).format(name)

    def country(self, locale: str) -> str:
        own = self.places.get(locale.rstrip("*"), ([], []))[1] or self.places.get(locale[:2], ([], []))[1]
        pool = own if own and self.random.random() < 0.9 else self.places["en"][1]
        name = self.pick(pool)
        if "(" in name or len(name) > 30:
            name = self.part("short_countries")
        return name

    # Organisations

    def organisation(self, locale: str) -> str:
        r = self.random.random()
        plain = locale.rstrip("*")
        tail = self.part("tails" if self.random.random() < 0.6 else "foreign")
        if ord(self.names[plain][0][0][0]) > 0x370:
            own = POOLS["native_companies"].get(plain[:2])
            if own and r < 0.75:
                return self.pick(own)
            return self.part("companies") if r < 0.9 else f"{self.part('org_words')} {tail}"
        if r < 0.20:
            return self.part("companies")
        if r < 0.30:
            return f"{self.family(locale)} {tail}"
        if r < 0.36:
            joint = self.pick([" & ", " and ", "-", " und " if plain[:2] == "de" else " & "])
            return f"{self.family(locale)}{joint}{self.family(locale)}"
        if r < 0.40:
            return f"{self.family(locale)}, {self.family(locale)} and {self.family(locale)}"
        if r < 0.50:
            return f"{self.part('org_words')} {self.part('org_words')} {tail}"
        if r < 0.62:
            second = self.part("org_words").lower() if r < 0.56 else self.part("tails")
            return f"{self.part('org_words')}{self.pick([' ', ''])}{second}"
        if r < 0.73:
            return self.part("org_of").format(self.town(locale))
        if r < 0.76:
            return self.part("departments")
        if r < 0.90:
            if self.random.random() < 0.5:
                name = self.invent("companies", [w for c in POOLS["companies"] for w in c.split() if w.isalpha()])
            else:
                name = "".join(self.part("syllables") for _ in range(self.random.randint(2, 4))).capitalize()
            return name if self.random.random() < 0.6 else f"{name} {tail}"
        if r < 0.95:
            return "".join(self.pick("ABCDEFGHIKLMNOPRSTUVW") for _ in range(self.random.randint(3, 4)))
        return f"{self.part('org_words')} {self.part('foreign')}"

    # Addresses

    @cached_property
    def _fakers(self) -> dict[str, Faker]:
        out = {}
        for locale in ADDRESS_LOCALES:
            out[locale] = Faker(locale)
            out[locale].seed_instance(self.seed)
        return out

    def street(self, locale: str) -> str:
        """Name of a street without a number."""
        faker = self._fakers.get(locale)
        if faker is not None and self.random.random() < 0.6:
            return faker.street_name()
        return f"{self.part('streets') if self.random.random() < 0.7 else self.family('en_GB')} {self.part('suffixes')}"

    def bare_street(self) -> str:
        """A street without a word for it, and its houses: `Oak 14-16`."""
        number = self.random.randint(1, self.random.choice((30, 200)))
        name = self.part("streets") if self.random.random() < 0.5 else self.family("en_GB")
        return f"{name} {number}{self.pick(['', '', '-' + str(number + 2), '-' + str(number % 9 + 1), 'a', '/2'])}"

    def line(self, locale: str) -> str:
        number = str(self.random.randint(1, self.random.choice((30, 200, 2000, 12000))))
        r = self.random.random()
        if locale[:2] == "en":
            if r < 0.75:
                return f"{number}{self.pick(['', '', '', 'A', 'b'])} {self.street(locale)}"
            if r < 0.90:
                return f"{number} {self.street(self.pick(ADDRESS_LOCALES[6:31]))}{self.pick(['', ' ' + number[-2:]])}"
            return f"{number} {self.pick(['N', 'S', 'West', 'E.'])} {self.street(locale)}"
        if r < 0.75 and locale in self._fakers:
            return self._fakers[locale].street_address().replace("\n", ", ")
        return f"{self.street(locale)} {number}{self.pick(['', '', 'a', '-' + number])}"

    def _unit(self, locale: str) -> str:
        number = str(self.random.randint(1, 999))
        return self.part("units", locale[:2]).format(number)

    def _code(self, locale: str) -> str:
        return self._fakers[locale].postcode() if locale in self._fakers else str(self.random.randint(10000, 99999))

    def address_locale(self, locale: str) -> str:
        plain = locale.rstrip("*")
        if plain in ADDRESS_LOCALES and self.random.random() < 0.8:
            return plain
        same = [a for a in ADDRESS_LOCALES if a[:2] == plain[:2]]
        return self.pick(same) if same and self.random.random() < 0.7 else self.pick(ADDRESS_LOCALES[:31])

    def address(self, locale: str, *, lines: bool) -> str:
        """A street address in one line, or as the lines of a label."""
        where = self.address_locale(locale)
        r = self.random.random()
        number = self.random.randint(100, 9999)
        if where == "en_US" and r < 0.06:
            return f"Unit {number} Box {self.random.randint(100, 9999)}{chr(10) if lines else ' '}DPO AE {number + 10000}"
        if where == "en_US" and r < 0.10:
            return f"PO Box {number}, {self.town('en_US')}, {self.part('states')} {self._code(where)}"
        parts = [self.line(where)]
        if self.random.random() < 0.25:
            parts.append(self._unit(where))
        r = self.random.random()
        if lines or r < 0.55:
            town, code = self.town(where), self._code(where)
            if self.random.random() < 0.15:
                town = town.upper()
            if where in ("en_US", "en_CA", "en_AU"):
                parts.append(f"{town}, {self.part('states')} {code}" if r < 0.8 else f"{town} {code}")
            elif where in ("en_GB", "en_IN", "en_NZ"):
                parts += [town, code] if r < 0.7 else [f"{town} {code}"]
            else:
                parts.append(f"{code} {town}" if r < 0.8 else town)
            if self.random.random() < (0.45 if lines else 0.15):
                parts.append(self.country(where) + (f" {code}" if self.random.random() < 0.3 else ""))
        joint = self.pick(("\n", "\n", "\n ", ", \n")) if lines else self.pick((", ", ", ", ", ", " ", "\n"))
        return joint.join(parts)
