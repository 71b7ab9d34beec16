"""Names as cases write them: `Kowalskiego`, `Новаком`, `Virtaselle`, `Horváthnak`.

Endings of the languages that decline names, by the last letters of the word. Rules of thumb, not grammars: sound changes
inside the stem are left out, so some forms do not exist; the model is to learn that a name may end so, not to decline.
"""

from __future__ import annotations

import random

_SLAVIC_LATIN = (
    ("ski", "skiego skiemu skim"), ("cki", "ckiego ckiemu ckim"), ("ska", "skiej ską"), ("cka", "ckiej cką"),
    ("ý", "ého ému ým"), ("ová", "ové ovou"), ("ia", "ii ią io"), ("ka", "ki kę ką ko ce"), ("a", "y ę ą ie u ou ě"),
    ("ek", "ka kowi kiem kovi kem"), ("o", "a owi em"), ("y", "ego emu ym"), ("i", "ego emu im"),
    ("", "a owi em ie ovi om"),
)  # fmt: skip
_CZECH = (
    ("ová", "ové ovou"), ("ý", "ého ému ým"), ("ek", "ka kovi kem"), ("ie", "ii ií"), ("a", "y u ou ě o"),
    ("", "a ovi em e u"),
)  # fmt: skip
_RUSSIAN = (
    ("ский", "ского скому ским ском"), ("ская", "ской скую"), ("ова", "овой ову"), ("ева", "евой еву"), ("ина", "иной ину"),
    ("ов", "ова ову овым ове"), ("ев", "ева еву евым еве"), ("ин", "ина ину иным ине"), ("ия", "ии ию ией"),
    ("я", "и ю ей е"), ("а", "ы и е у ой"), ("ий", "ия ию ием"), ("й", "я ю ем е"), ("ь", "я ю ем е"), ("", "а у ом е"),
)  # fmt: skip
_UKRAINIAN = (
    ("ський", "ського ському ським"), ("ська", "ської ську"), ("ко", "ка ку ком"), ("ія", "ії ію ією"), ("а", "и у ою і"),
    ("я", "і ю ею"), ("ій", "ія ію ієм"), ("й", "я ю єм"), ("ь", "я ю ем"), ("", "а у ом ові"),
)  # fmt: skip
_SLOVENE = (("a", "e i o"), ("o", "a u om"), ("", "a u om"))
_FINNISH_BACK = (("nen", "sen selle selta sesta sen"), ("a", "an alle alta assa asta aa"), ("", "n lle lta ssa sta a"))
_FINNISH_CLOSED = (("", "in ille ilta issa ista ia"),)
_ESTONIAN = (("", "i ile ilt iga l"),)
_HUNGARIAN = (("a", "ának át ával ától ára"), ("e", "ének ét ével étől ére"), ("", "nak nek t tól hez hoz val ról ért"))
_LITHUANIAN = (
    ("as", "o ui ą u e"), ("is", "io iui į iu"), ("us", "aus ui ų umi"), ("ė", "ės ei ę e"), ("a", "os ai ą oje"),
    ("", "o ui"),
)  # fmt: skip
_GREEK = (("ος", "ου ο"), ("ης", "η"), ("ας", "α"), ("α", "ας"), ("η", "ης"))
_GERMANIC = (("s", ""), ("z", ""), ("", "s"))
_RULES = {
    "pl": _SLAVIC_LATIN, "cs": _CZECH, "sk": _CZECH, "ru": _RUSSIAN, "uk": _UKRAINIAN, "sl": _SLOVENE, "et": _ESTONIAN,
    "hu": _HUNGARIAN, "lt": _LITHUANIAN, "el": _GREEK, "de": _GERMANIC, "sv": _GERMANIC, "no": _GERMANIC,
    "da": _GERMANIC,
}  # fmt: skip
_ONLY_LAST = frozenset(("de", "sv", "no", "da", "hu", "fi"))
"""Languages in which only the last word of a name is declined."""
_VOWELS = frozenset("aeiouyäöåõü")


def declined(word: str, language: str, draw: random.Random) -> str:
    """One word of a name in some case of the language; the word itself where the language has none here."""
    rules = _RULES.get(language, ())
    if language == "fi":
        rules = _FINNISH_BACK if word[-1:].lower() in _VOWELS or word.endswith("nen") else _FINNISH_CLOSED
    if not rules or len(word) < 3 or not word[-1].isalpha():
        return word
    for ending, cases in rules:
        if word.endswith(ending):
            forms = cases.split()
            if not forms:
                return word
            out = word[: len(word) - len(ending)] + draw.choice(forms)
            front = language == "fi" and not set(word.lower()) & set("aou")
            return out.translate(_FRONT) if front else out
    return word


_FRONT = str.maketrans("aou", "äöy")


def declined_name(name: str, language: str, draw: random.Random) -> str:
    """A full name in some case: every word, or the last where the language declines no other."""
    words = name.split(" ")
    if language in _ONLY_LAST:
        words[-1] = declined(words[-1], language, draw)
    else:
        words = [declined(word, language, draw) for word in words]
    return " ".join(words)
