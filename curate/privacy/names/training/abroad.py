"""Texts in other languages than English in which names are rare, as in most prose: news, encyclopedia, courts, clinics,
recipes, instructions, messages of programs, forums, small advertisements; and everyday sentences, chats, rotas and
greetings with names of many locales.

About half of the texts name nobody. So that the model learns from shape and context, not the words of some 1,400
templates, words without a capital are exchanged for others of the language here and there, and a few get a capital that
they should not have. A quarter of the names is made up. Templates stand in `templates/abroad/<language>.txt`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import faker.providers.date_time
import faker.providers.job

from curate.privacy.names.labels import GIVEN
from curate.privacy.names.training.fill import LANGUAGES
from curate.privacy.names.training.lists import locale_words, providers, word_bits
from curate.privacy.names.training.texts import Text, Writer, cased
from curate.privacy.phrases import fold

_FOLDER = Path(__file__).parent / "templates" / "abroad"
_LANGUAGES: dict[str, tuple[float, str, tuple[str, ...]]] = {
    "de": (9, "de", ("de_DE", "de_AT", "de_CH", "tr_TR", "pl_PL")),
    "fr": (9, "fr", ("fr_FR", "fr_BE", "fr_CA", "fr_DZ")),
    "es": (9, "es", ("es_ES", "es_MX", "es_CL", "es_CO")),
    "it": (7, "it", ("it_IT", "it_IT", "ro_RO")),
    "pt": (6, "pt", ("pt_BR", "pt_PT")),
    "nl": (6, "nl", ("nl_NL", "nl_BE")),
    "pl": (6, "pl", ("pl_PL",)),
    "cs": (4, "east", ("cs_CZ", "sk_SK")),
    "sv": (4, "nordic", ("sv_SE",)),
    "da": (4, "nordic", ("da_DK",)),
    "nb": (4, "nordic", ("no_NO",)),
    "fi": (4, "nordic", ("fi_FI",)),
    "hu": (4, "east", ("hu_HU",)),
    "ro": (4, "east", ("ro_RO",)),
    "tr": (6, "east", ("tr_TR",)),
    "id": (6, "east", ("id_ID",)),
    "ru": (6, "ru", ("ru_RU", "bg_BG")),
    "uk": (3, "uk", ("uk_UA",)),
    "vi": (3, "east", ("vi_VN",)),
    "hinglish": (4, "east", ("en_IN",)),
    "sw": (3, "east", ("sw", "en_KE")),
    "tl": (3, "east", ("es_MX", "en_US")),
    "et": (2, "east", ("et_EE",)),
    "lt": (2, "east", ("lt_LT",)),
    "sl": (2, "east", ("sl_SI", "cs_CZ")),
}  # fmt: skip
"""By language: share of the texts, the language whose endings and titles count, locales of the names."""
_WORDS = {"tl": "fil_PH"}
"""Where the ordinary words are not those of the first locale."""
_FRAMES = ("{}", "{}", "{}", "{}:", "{}...", "({})", "'{}'", "[{}]", "%s: {}", "{} %d", "--x, {}", "- {}")
_NAMING = re.compile(r"\{(?:[PFLCNOA]|AB|S[NL]|Lc)\}")
_SLOT = re.compile(r"\{(W|w|J|wd|mo)\}")
_WORD = re.compile(r"(?<![%\w])[^\W\d_]{4,}(?!\w)")
NAMING, MADE_UP, COINED, WORDY, CAPITALS, GUESTS = 0.55, 0.25, 0.4, 0.08, 0.08, 0.12
"""Shares of the texts that name somebody, of the names that are made up, of these that are of no locale's letters, of the
names that are small words elsewhere, of the texts with capitals anywhere, of the lines with names of any locale."""
FRAGMENTS, INVENTED = 0.07, 0.15
"""Shares of the texts that are a few words on a button or in a list, and of their words that no language has."""


@lru_cache(maxsize=1)
def _from_faker() -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, list[str]]]:
    """By locale: professions, days, months."""
    jobs: dict[str, list[str]] = {}
    days: dict[str, list[str]] = {}
    months: dict[str, list[str]] = {}
    for locale, provider in providers(faker.providers.job):
        short = (re.split(r"[,(/*]", job)[0].strip() for job in provider.jobs)  # type: ignore[attr-defined]
        jobs[locale] = sorted({job[:1].upper() + job[1:] for job in short if 3 < len(job) < 40})
    for locale, provider in providers(faker.providers.date_time):
        days[locale] = sorted(set(getattr(provider, "DAY_NAMES", {}).values()))
        months[locale] = sorted(set(getattr(provider, "MONTH_NAMES", {}).values()))
    return jobs, days, months


class Abroad:
    """Draws such texts with a writer's generator."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.random = writer, writer.random
        self.naming: dict[str, list[str]] = {}
        self.nameless: dict[str, list[str]] = {}
        self.words: dict[str, list[str]] = {}
        listed, bits = locale_words(), word_bits()
        for language, (_, _, locales) in _LANGUAGES.items():
            text = (_FOLDER / f"{language}.txt").read_text(encoding="utf-8")
            lines = [line.replace("\\n", "\n") for line in text.splitlines() if line]
            self.naming[language] = [line for line in lines if _NAMING.search(line)]
            self.nameless[language] = [line for line in lines if not _NAMING.search(line)]
            own = {word for line in lines for word in _WORD.findall(line) if word.islower()}
            known = (word for word in listed.get(_WORDS.get(language, locales[0]), ()) if len(word) > 3 and word.isalpha())
            every = own | {word.lower() if language != "de" else word for word in known}
            self.words[language] = sorted(word for word in every if not bits.get(fold(word), 0) & GIVEN)

    def _slots(self, line: str, locales: tuple[str, ...], words: list[str]) -> str:
        """The line with words, professions, days and months of the language."""
        jobs, days, months = _from_faker()
        pools = {"J": jobs, "wd": days, "mo": months}

        def value(match: re.Match[str]) -> str:
            if match[1] in ("W", "w"):
                word = self.random.choice(words)
                return word[:1].upper() + word[1:] if match[1] == "W" else word.lower()
            pool = pools[match[1]].get(locales[0]) or words
            return self.random.choice(pool)

        return _SLOT.sub(value, line)

    def _stirred(self, line: str, words: list[str], share: float, capitals: float) -> str:
        """A share of its words exchanged for others of the language, a share with capitals that do not belong there."""
        draw = self.random

        def value(match: re.Match[str]) -> str:
            word = match[0]
            if draw.random() < share:
                other = self._word(words)
                word = other if word.islower() else other[:1].upper() + other[1:]
            return word[:1].upper() + word[1:] if draw.random() < capitals else word

        parts = re.split(r"(\{\w+\})", line)  # what a slot is filled with stays as it is
        return "".join(part if n % 2 else _WORD.sub(value, part) for n, part in enumerate(parts))

    def _word(self, words: list[str]) -> str:
        """A word of the language, or one that sounds like its words."""
        if self.random.random() >= INVENTED:
            return self.random.choice(words)
        return self.writer.filler.invent(words[0] + words[-1], words).lower()

    def _fragment(self, words: list[str]) -> str:
        """A few words as programs write them on buttons, in lists and beside values."""
        draw = self.random
        some = [self._word(words) for _ in range(draw.choices((1, 2, 3, 4), (25, 40, 25, 10))[0])]
        r = draw.random()
        if r < 0.15:
            some = [word.capitalize() for word in some]
        elif r < 0.6:
            some[0] = some[0].capitalize()
        return draw.choice(_FRAMES).format(" ".join(some))

    def text(self) -> Text:
        """One text of one to three lines."""
        draw, writer = self.random, self.writer
        language = draw.choices(list(_LANGUAGES), [share for share, _, _ in _LANGUAGES.values()])[0]
        _, of, locales = _LANGUAGES[language]
        words = self.words[language]
        if draw.random() < FRAGMENTS:
            joint = draw.choice((" ", "\n", ", "))
            return cased(joint.join(self._fragment(words) for _ in range(draw.randint(1, 4))), [], draw.random())
        count = draw.choices((1, 2, 3), (55, 30, 15))[0]
        named = draw.randrange(count) if draw.random() < NAMING else -1
        share = draw.choice((0.0, 0.1, 0.2, 0.4))
        capitals = 0.15 if draw.random() < CAPITALS else 0.0
        out, spans = "", []
        filler = writer.filler
        before = filler.made_up, filler.coined
        filler.made_up, filler.coined, filler.wordy = MADE_UP, COINED, WORDY
        for n in range(count):
            line = draw.choice((self.naming if n == named else self.nameless)[language])
            line = self._stirred(self._slots(line, locales, words), words, share / 2 if n == named else share, capitals)
            guest = of not in ("ru", "uk") and draw.random() < GUESTS
            line, found = writer.fill(line, of, draw.choice(LANGUAGES["en"] if guest else locales))
            out += draw.choice((" ", " ", "\n", "\n\n")) if out else ""
            spans += [(a + len(out), b + len(out), kind) for a, b, kind in found]
            out += line
        (filler.made_up, filler.coined), filler.wordy = before, 0.0
        return cased(out, spans, draw.random())
