"""Training texts: templates filled with drawn values, and sentences of annotated or encyclopaedia text.

A text carries spans (start, end, type) in code points; the type is an index of `labels.TYPES`, or ANY where the truth is
not known. Templates stand in `templates/<language>.txt`, one a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from curate.privacy.names.columns import NOTHING, OF_ADDRESS, OF_BODY, OF_NAME, OF_PERSON, OF_PLACE
from curate.privacy.names.training.endings import declined_name
from curate.privacy.names.training.fill import LANGUAGES, OTHER_SCRIPTS, Filler
from curate.privacy.names.training.lists import locale_words

Text = tuple[str, list[tuple[int, int, int]]]
PERSON, LOCATION, ORGANIZATION, STREET_ADDRESS = range(4)
ANY = -1
_SLOT = re.compile(r"\{(\w+)\}")
_SHARE = {"en": 55, "plain": 12, "de": 8, "fr": 6, "es": 6, "it": 4, "pt": 3, "nl": 3, "pl": 2, "nordic": 3, "east": 3,
          "ru": 3, "cjk": 1, "ja": 1, "ko": 2, "ar": 1, "he": 1, "fa": 1, "hi": 1, "bn": 0.6, "ta": 0.6, "th": 0.6, "el": 1,
          "uk": 1}  # fmt: skip
_DECLINING = {"pl": 0.35, "ru": 0.35, "uk": 0.35, "east": 0.3, "nordic": 0.2, "de": 0.08, "el": 0.3}
"""Share of the names that stand in some case, by language of the template."""
_LISTS = {"job": "jobs", "prod": "products", "acr": "acronyms", "tech": "tech", "mo": "months", "T": "titles",
          "wd": "weekdays"}  # fmt: skip


def templates(language: str) -> list[str]:
    """The templates of a language."""
    text = (Path(__file__).parent / "templates" / f"{language}.txt").read_text(encoding="utf-8")
    return [line.replace("\\n", "\n") for line in text.splitlines() if line and not line.startswith("# ")]


class Writer:
    """Fills templates."""

    def __init__(self, seed: int) -> None:
        self.filler = Filler(seed)
        self.random = self.filler.random
        self.words = {locale: words for locale, words in locale_words().items() if not locale.startswith("en")}
        self.templates = {language: templates(language) for language in _SHARE}
        self.weights = list(_SHARE.values())

    def _value(self, slot: str, language: str, locale: str) -> tuple[str, int | None]:
        f, r = self.filler, self.random
        if slot in ("P", "F", "L"):
            name = {"P": f.person, "F": f.given, "L": f.family}[slot](locale)
            if r.random() < _DECLINING.get(language, 0.0):
                name = declined_name(name, language if language in ("pl", "de") else locale[:2], r)
            return name, PERSON
        if slot == "Lc":
            return f.listed(locale), PERSON
        if slot == "C":
            return f.town(locale if language != "en" or r.random() < 0.3 else f.pick(LANGUAGES["en"])), LOCATION
        if slot == "N":
            return f.country(locale if language != "en" else "en"), LOCATION
        if slot == "O":
            return f.organisation(locale), ORGANIZATION
        if slot in ("A", "AB"):
            return f.address(locale, lines=slot == "AB"), STREET_ADDRESS
        if slot == "SN":
            return f.street(f.address_locale(locale)), STREET_ADDRESS
        if slot in ("SB", "SL"):
            return f.bare_street() if slot == "SB" else f.line(f.address_locale(locale)), STREET_ADDRESS
        return self._other(slot, language), None

    def _other(self, slot: str, language: str) -> str:
        f, n = self.filler, self.random.randint
        if slot in _LISTS:
            return f.part(_LISTS[slot], language)
        year, month = n(1950, 2025), f.part("months")
        forms = {
            "I": [f.pick("ABCDEFGHJKLMNPRST") + "."],
            "ph": [f"+{n(1, 99)} {n(100, 999)} {n(1000, 9999)}", f"({n(200, 999)}) {n(200, 999)}-{n(1000, 9999)}",
                   f"0{n(100, 9999)} {n(10000, 999999)}", f"{n(200, 999)}-{n(200, 999)}-{n(1000, 9999)}"],
            "em": [f"{f.given('en').lower()}{f.pick(['.', '', '_'])}{f.family('en_US').lower()}@example.com"],
            "h": [f"{f.given('en').lower()}{n(1, 99)}"],
            "url": ["https://www.example.com/a/b", "www.example.org", "http://example.net/?q=1"],
            "d": [f"{n(1, 28)} {month} {year}", f"{month} {n(1, 28)}, {year}", f"{n(1, 12)}/{n(1, 28)}/{year}",
                  f"{year}-{n(10, 12)}-{n(10, 28)}", f"{n(1, 28)}.{n(1, 12)}.{year}"],
            "t": [f"{n(1, 12)}:{n(10, 59)} PM", f"{n(0, 23):02}:{n(10, 59)}", f"{n(1, 12)}am",
                  f"{n(10, 23)}:{n(10, 59)}:{n(10, 59)}"],
            "amt": [f"${n(1, 9999)}", f"{n(1, 999)},{n(10, 99)} €", f"EUR {n(10, 9999)}", f"£{n(1, 500)}.{n(10, 99)}"],
            "id": [str(n(1000, 99999999)), f"{f.pick('ABCDX')}{n(100, 99999)}", f"INV-{n(1000, 9999)}"],
        }  # fmt: skip
        return f.pick(forms.get(slot, [str(n(1, 99))]))

    def fill(self, template: str, language: str, locale: str) -> Text:
        """One template with drawn values and their spans."""
        out, spans, edge = "", [], 0
        for match in _SLOT.finditer(template):
            out += template[edge : match.start()]
            value, kind = self._value(match[1], language, locale)
            if kind is not None:
                value = value.upper() if len(value.upper()) == len(value) and self.random.random() < 0.03 else value
                spans.append((len(out), len(out) + len(value), kind))
            out += value
            edge = match.end()
        return out + template[edge:], spans

    def cell(self) -> tuple[Text, int]:
        """One value of a table and the class of its column, which is often unknown or says little."""
        f, r = self.filler, self.random
        locale = f.pick(LANGUAGES[r.choice(("en", "en", "de", "fr", "es", "it", "pt", "nl", "pl", "nordic", "east", "ru"))])
        slot, column = r.choice((("P", OF_PERSON), ("P", OF_NAME), ("F", OF_PERSON), ("L", OF_PERSON), ("Lc", OF_PERSON),
                                 ("C", OF_PLACE), ("N", OF_PLACE), ("O", OF_BODY), ("O", OF_NAME), ("A", OF_ADDRESS),
                                 ("AB", OF_ADDRESS), ("job", NOTHING), ("prod", OF_NAME), ("wd", NOTHING)))  # fmt: skip
        value, kind = self._value(slot, "en", locale)
        spans = [] if kind is None else [(0, len(value), kind)]
        return cased(value, spans, r.random()), column if r.random() < 0.7 else NOTHING

    def babble(self) -> Text:
        """Ordinary words of some language in no order, with a name among them where the script has no capitals."""
        r = self.random
        locale = self.filler.pick(sorted(self.words))
        words = self.words[locale]
        native = locale in self.filler.names and ord(words[0][0]) > 0x250
        tight = ord(words[0][0]) >= 0x3000 and locale != "ko_KR"
        out, spans = "", []
        for _ in range(r.randint(1, 4)):
            chosen = [self.filler.pick(words) for _ in range(r.randint(3, 14))]
            place = r.randrange(len(chosen)) if native and r.random() < 0.5 else -1
            for i, word in enumerate(chosen):
                joint = "" if tight or not out else " "
                if i == place:
                    name = self.filler.person(locale)
                    spans.append((len(out) + len(joint), len(out) + len(joint) + len(name), PERSON))
                    word = name
                out += joint + (word[:1].upper() + word[1:] if i == 0 and place != 0 else word)
            out += "。" if tight else self.filler.pick((".", ".", "!", "?", "\n"))
        return out, spans

    def example(self) -> tuple[Text, int]:
        """A text, a cell (8 in 100) or babble (6 in 100), and the class of its column."""
        r = self.random.random()
        return self.cell() if r < 0.08 else (self.babble() if r < 0.14 else self.text(), NOTHING)

    def text(self) -> Text:
        """One text: one to four templates of a language, sometimes in capitals or small letters."""
        language = self.random.choices(list(_SHARE), self.weights)[0]
        locale = self.filler.pick(LANGUAGES.get(language, LANGUAGES["en"]))
        out, spans = "", []
        for _ in range(self.random.choices((1, 2, 3, 4), (60, 20, 12, 8))[0]):
            source = language if self.random.random() < 0.85 else "plain"
            if language == "en" and self.random.random() < 0.3:
                locale = self.filler.pick(OTHER_SCRIPTS if self.random.random() < 0.15 else LANGUAGES["en"])
            text, found = self.fill(self.filler.pick(self.templates[source]), language, locale)
            if out:
                out += self.filler.pick((" ", " ", "\n", "\n\n"))
            spans += [(a + len(out), b + len(out), kind) for a, b, kind in found]
            out += text
        return cased(out, spans, self.random.random())


def cased(text: str, spans: list[tuple[int, int, int]], r: float) -> Text:
    """The text in small letters (16 in 100), in capitals (7), or as it is; `r` in [0, 1) chooses."""
    changed = text.lower() if r < 0.16 else text.upper() if r < 0.23 else text
    return (changed if len(changed) == len(text) else text), spans


_GLUED = re.compile(r"^(?:[.,!?;:)\]%…]+|'s|n't|'\w{1,2}|’\w{1,2})$")
_TYPES = {"PER": PERSON, "person": PERSON, "LOC": LOCATION, "location": LOCATION, "ORG": ORGANIZATION,
          "corporation": ORGANIZATION, "group": ORGANIZATION}  # fmt: skip


def conll(path: Path) -> Iterator[Text]:
    """Annotated tweets as running text. Handles are ANY: whether they are names is another type's question."""
    words: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8", errors="replace").split("\n"), ""]:
        parts = line.rstrip("\r").split("\t")
        if len(parts) == 2 and parts[0]:
            words.append((parts[0], parts[1]))
        elif words:
            yield _joined(words)
            words = []


def _joined(words: list[tuple[str, str]]) -> Text:
    out, spans, tight = "", [], True
    previous = None
    for word, tag in words:
        word = {"''": '"', "``": '"', "'\"'": '"'}.get(word, word)
        if out and not tight and not _GLUED.match(word):
            out += " "
        tight = word in ("(", "[", "@", "#", "$", "£")
        kind = _TYPES.get(tag[2:]) if tag != "O" else None
        begin = len(out)
        out += word
        if word.startswith("@") or out[max(0, begin - 1) : begin] == "@":
            spans.append((begin, len(out), ANY))
            previous = None
            continue
        if kind is not None:
            if tag[0] == "I" and previous == kind and spans and spans[-1][2] == kind:
                spans[-1] = (spans[-1][0], len(out), kind)
            else:
                spans.append((begin, len(out), kind))
        previous = kind
    return out, spans
