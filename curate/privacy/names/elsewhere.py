"""People in texts of other languages than English whom no list knows and nothing announces: most are words with a capital.

The scores are calibrated on texts full of names, most of them English. In a chat, review or mail in another language the
tagger takes nouns, heads of sentences and what stands behind commas for people (`Servus, Rasenmäher springt nicht an`). A
span whose words with a capital are in no list of names must be surer there, unless its place speaks for it: a phrase, title
or role, a label for names, a closing, a speaker's label, a cell; or a small word right before it, in a language that writes
nouns small.

Whether a text is English: by how many of the small words around the span are frequent in English prose. Where there are no
small words, nothing is said. Complexity: O(spans of people), some 50 microseconds for one that no list holds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.columns import OF_NAME, OF_PERSON, column_class
from curate.privacy.names.listed import announces, in_no_list, listed_first, listed_name, ordinary
from curate.privacy.names.phrases import alternatives, parts, words
from curate.privacy.names.plausible import ROLES
from curate.privacy.names.things import ARTICLES
from curate.privacy.overlaps import Found
from curate.privacy.phrases import fold
from curate.privacy.types import PERSON
from curate.privacy.words import LETTERS, word_list

ONE, SEVERAL, NOUNS = 0.95, 0.7, 0.9
"""Scores that a span of one word, of several, and of several in German or with small words between them needs."""
INSIDE = 0.7
"""The score that it needs behind a word that is no article, in a language that writes nouns small (`Спроси у Родиона`)."""
_ENGLISH = 0.5
"""Share of small words frequent in English from which on a text counts as English: 97 of 100 English tweets are above, nine
of ten messages in twelve other languages below."""
_REACH = 200
"""Bytes to each side of a span that are read."""
_PARTICLES = words("people", "particles") | words("people", "begin_names")
_LANGUAGES = [(frozenset(some.split()), frozenset(both.replace("|", " ").split()))
              for both in parts("ordinary", "languages") for some in (both.partition("|")[0],)]  # fmt: skip
"""Small words of a language that lists hold as names; with them those by which it is known."""
ORDINARY = frozenset[str]().union(*(some for some, _ in _LANGUAGES))
_POLITE = words("ordinary", "polite")
_JOINS = words("ordinary", "joins")
_SMALL = re.compile(r"[^\W\d_]{2,}+")
_MORE_ROLES = "dokter tandarts huisarts dottor dottoressa mestre врач доктор доктору доктора доктором учитель учительница"
_ROLES = ROLES | words("people", "title_words") | set(map(fold, (*words("bodies", "roles"), *word_list(_MORE_ROLES))))
_GERMAN = frozenset(word_list("und ist nicht ich für auf mit das wird im zum zur wir eine einen beim auch noch"))
_NOT_ENGLISH = frozenset(word_list("""
    de la le les du des et en un une una el los las del di da il al van von der das het een op je na ke ki ka se sur och
    att til som und mit ist nicht por para con que per che non si com um uma os ile bir ve için yang dan di ini itu hai"""))
"""Small words of other languages, many of which stand in English prose as well, in names and quotations."""
_BEFORE = re.compile(r"((?:[^\W\d_]+[.-])*[^\W\d_]+)\.? *[\"“„«(]?\Z")
_SIGNS_BEFORE = " \"“„«("
_LABEL = re.compile(r"(?:^|[\n;,.|{])[ \t\"'*_-]*([^\n:;,.|{]{2,40}?)[\"'*_ ]*[:：] *[\"'*_]{0,3}\Z")
_CLOSING = re.compile(
    r"\b(?:gr(?:u|ü)(?:ß|ss)e?n?|lg|vg|mfg|cordialement|salutations|bises?|bisous|amicalement|saludos|atentamente|atte|abrazos?"
    r"|saluti|cordialmente|atenciosamente|abraços?|att|groet(?:en|jes)?|mvg|pozdrawiam|pozdrowienia|pozdrav(?:em)?"
    r"|saygılarımla|sevgiler|çalışmalar|salam|hormat saya|terima kasih|mvh|hälsning(?:ar)?|hilsen|уважением|приветом"
    r"|regards|üdvözlettel|shukriya|dhanyavaad)\b[^\n]{0,16}?[,.!:–-]*\s*\Z"
)
_GREETED = re.compile(rf"(?i)(?:^|[\n>:\]] ?)(?:{alternatives('people', 'greetings')}), \Z")
_HOLDER = re.compile(r"(?i)(?<!\w)a[/.] ?n\.?:? *\Z")
"""Indonesian "in the name of" before the holder of an account."""
_AT_END = re.compile(r"[,.!?…\n–—-][ \t\n]*\Z")
_SPEAKS = re.compile(r"(?:\A|\n)(?:[^\n]{0,24}[\])>] ?|[\d:., -]{4,20} )?\Z")


def unsure_elsewhere(text: Block, found: Found, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which spans are such words. `places` (int64[n, 3]: row, start byte, end byte): people whom a phrase announces. A
    person ends before small words behind the name: `found.at` is changed in place."""
    at = found.at
    out: npt.NDArray[np.bool_] = at[:, 3] == PERSON
    small = ~_begins_large(text, at)
    out &= (found.score < max(ONE, NOUNS)) | small
    silent = np.array([column_class(name) not in (OF_PERSON, OF_NAME) for name in text.names])
    out &= silent[text.name_of[at[:, 0]]]
    announced: dict[int, list[tuple[int, int]]] = {}
    for row, start, end in places.tolist():
        announced.setdefault(row, []).append((start, end))
    for n in np.flatnonzero(out).tolist():
        row, start, end, _ = at[n].tolist()
        value = text.read(start, end)
        spoken = LETTERS.findall(value)
        large = [word for word in spoken if word[0].isupper()]
        score = float(found.score[n])
        out[n] = False
        if any(a < end and b > start for a, b in announced.get(row, ())):
            continue
        plain = len(large) > 0 and (score >= (NOUNS if len(large) > 1 else ONE) or any(map(listed_name, large)))
        follows = not large or any(map(_follows, spoken))
        parted = follows or not ORDINARY.isdisjoint(map(str.lower, spoken))
        if (plain and not parted) or value == value.upper() == value.lower():
            continue  # nothing speaks against it, or a script without capitals
        around = _around(text, row, start, end, "" if large else value)
        ordinary_words = _ordinary_here(spoken, around) if parted else frozenset()
        parted = follows or bool(ordinary_words)
        weight = 0.0 if parted or (value.isupper() and len(value) > 3) else score
        if (plain and not parted) or _told(text, row, end, spoken, weight, around):
            continue
        if not large and not ordinary_words:
            continue
        first, last = _without_ends(value, ordinary_words)
        out[n] = not any(listed_name(word) for word in large or spoken if word not in ordinary_words)
        if not out[n]:
            at[n, 1:3] = start + len(value[:first].encode()), start + len(value[:last].encode())
    return out


def _begins_large(text: Block, at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which spans begin with a capital of ASCII."""
    first = text.data[at[:, 1]]
    return (first >= 65) & (first <= 90)


_SENTENCE = re.compile(r"(?:\A|[.!?:…\n\"“„«(>*•–-])\s*\Z")


def _ordinary_here(spoken: list[str], around: _Around) -> frozenset[str]:
    """Which words of the span are ordinary ones of the language around; with a capital only the first of a sentence."""
    hits = around.hits()
    begins = _SENTENCE.search(around.ahead) is not None
    out = set()
    for n, word in enumerate(spoken):
        of = [hit for hit, (some, _) in zip(hits, _LANGUAGES) if word.lower() in some]
        if not of or max(of) < max(hits):
            continue
        named = not in_no_list(word) and n + 1 < len(spoken)  # `Uma Thurman`, `Nur Aydın`
        if word.islower():
            named &= n == 0 and named and listed_name(spoken[1]) and spoken[1] not in ORDINARY
        else:
            named &= named and spoken[n + 1][0].isupper()
        if not named and (word.islower() or word.lower() in _POLITE or (n == 0 and begins)):
            out.add(word)
    return frozenset(out)


def _follows(word: str) -> bool:
    """Whether a word without a capital belongs to the sentence rather than to a name: `Jul håller Biblioteket`."""
    return len(word) > 2 and word.islower() and word not in _PARTICLES and word not in _JOINS and not listed_name(word)


def _without_ends(value: str, ordinary_words: frozenset[str]) -> tuple[int, int]:
    """First and last place of the words, without ordinary ones before and behind them. Between them may stand `A or B`."""
    rest = [match for match in LETTERS.finditer(value) if match[0] not in ordinary_words]
    return (rest[0].start(), rest[-1].end()) if rest else (0, 0)


_ONE_OF = re.compile(rb"(?:^|[^\w'])an? $")
_AIDE = re.compile(
    rb" (?!machines?|spaces?|sequence|series|cubes?|acids?|bases?|script|code|test|curve|plot|model|method|matrix)"
    rb"[a-z]|-era"
)
_FEWEST = 4
"""Small words by which a text is known to be English."""


def one_of_many(text: Block, found: Found) -> npt.NDArray[np.bool_]:
    """Which people are things of one word behind an English article: `a Bentley`, `a Turing machine`. First names stay (`I
    spoke to a Kevin`), and surnames that a noun follows (`a Clinton aide`) unless things are called so. In other languages
    the same letter is a preposition, or the article of people (`a Jaqueline`)."""
    rows, starts = found.at[:, 0], found.at[:, 1]
    out: npt.NDArray[np.bool_] = (found.at[:, 3] == PERSON) & (starts >= text.starts[rows] + 2)
    at = starts[out]
    out[out] = (text.data[at - 1] == ord(" ")) & ((text.data[at - 2] == ord("a")) | (text.data[at - 2] == ord("n")))
    for n in np.flatnonzero(out).tolist():
        row, start, end, _ = found.at[n].tolist()
        first, last = int(text.starts[row]), int(text.ends[row])
        out[n] = _ONE_OF.search(text.raw(max(first, start - 4), start)) is not None and b" " not in text.raw(start, end)
        word = text.read(start, end)
        out[n] &= not listed_first(word) and not (listed_name(word) and _AIDE.match(text.raw(end, min(last, end + 16))))
        if out[n]:
            ahead, behind = text.read(max(first, start - _REACH), start), text.read(end, min(last, end + _REACH))
            small = _small_words(ahead + " " + behind)
            out[n] = len(small) >= _FEWEST and sum(map(_english, small)) >= _MOSTLY * len(small)
    return out


_MOSTLY = 0.6
"""Share of such words among the small ones."""
_NO_LETTERS = bytes(b if b > 127 or chr(b).isalpha() else 32 for b in range(256))


def _small_words(text: str) -> list[str]:
    """The words in small letters, of two letters and more. Where most signs are ASCII they are cut at memory speed, and
    only what holds other signs is looked at sign by sign."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > 1.2 * len(text):
        return [word for word in _SMALL.findall(text) if word.islower()]
    out = []
    for piece in raw.translate(_NO_LETTERS).decode().split(" "):
        if piece.isascii():
            if len(piece) > 1 and piece.islower():
                out.append(piece)
        else:
            out += [word for word in _SMALL.findall(piece) if word.islower()]
    return out


@lru_cache(maxsize=1 << 16)
def _english(word: str) -> bool:
    """Whether a small word is frequent in English prose and belongs to no other language."""
    return word not in _NOT_ENGLISH and ordinary(word)


class _Around(NamedTuple):
    english: bool
    """Whether the text is English or says nothing of its language."""
    small: list[str]
    """Its small words."""
    ahead: str
    behind: str

    def hits(self) -> list[int]:
        """How many of the small words each of `_LANGUAGES` is known by."""
        return [sum(word in known for word in self.small) for _, known in _LANGUAGES]


def _around(text: Block, row: int, start: int, end: int, value: str) -> _Around:
    """The text around a span; `value`, too, says what its language is."""
    ahead = text.read(max(int(text.starts[row]), start - _REACH), start)
    behind = text.read(end, min(int(text.ends[row]), end + _REACH))
    small = _small_words(" ".join((ahead, value, behind)))
    return _Around(sum(map(_english, small)) >= _ENGLISH * len(small), small, ahead, behind)


def english_around(text: Block, row: int, start: int, end: int) -> bool:
    """Whether the text around a span is English or says nothing of its language."""
    return _around(text, row, start, end, text.read(start, end)).english


def _told(text: Block, row: int, end: int, spoken: list[str], score: float, around: _Around) -> bool:
    """Whether the text is English or says nothing of its language, or the span's place speaks for a name."""
    english, small, ahead, behind = around
    if english:
        return True
    last = int(text.ends[row])
    stop = min(last, end + _REACH)
    several = sum(word[0].isupper() for word in spoken) > 1
    german = not _GERMAN.isdisjoint(small)
    phrase = any(word.islower() and word not in _PARTICLES for word in spoken)
    if several and (score >= (NOUNS if german or phrase else SEVERAL) or fold(spoken[0]) in _ROLES):
        return True
    near = ahead[-48:]
    before = _BEFORE.search(near, near.rfind(" ", 0, len(near.rstrip(_SIGNS_BEFORE))) + 1)
    if before and (announces(before[1]) or not _ROLES.isdisjoint(fold(before[1]).replace("-", ".").split("."))):
        return True
    if score >= INSIDE and not german and before and ahead.endswith(before[1] + " ") and before[1].lower() not in ARTICLES:
        return True
    return _like_a_name(ahead[-72:], behind, several, stop == last)


def _like_a_name(ahead: str, behind: str, several: bool, whole: bool) -> bool:
    """Whether signs and labels around a span speak for a name; `whole`: nothing follows `behind`."""
    if ahead[-1:] in (",", ";", "|", "\t") or behind[:1] in (";", "|", "\t") or re.match(r",[^ \n]", behind):
        return True  # a cell
    label = _LABEL.search(ahead) if ahead.rstrip(" \"'*_")[-1:] in (":", "：") else None
    if label and (column_class(label[1]) in (OF_PERSON, OF_NAME) or (several and behind[:1] in ("", "\n"))):
        return True
    if _HOLDER.search(ahead[-8:]) or _CLOSING.search(ahead[-40:].lower()):
        return True
    if behind[:1] in ("!", ",") and _GREETED.search(ahead):
        return True
    if whole and not behind.strip() and _AT_END.search(ahead[-8:]):
        return True
    return behind.lstrip(" ")[:1] == ":" and "\n" in behind + ahead and bool(_SPEAKS.search(ahead))
