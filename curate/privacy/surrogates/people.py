"""Made-up names: every real name word gets one other, everywhere.

Method: a written name is cut into words. Titles, particles and suffixes stay where they can be
nothing else (many are surnames too: Minh Do, Mike Judge, Samuel Mba); every other word is replaced by a word that
depends on it alone (its form without case, accents and nickname) and on the key. So "John Smith", "Smith, John", "Mr
Smith's", "JOHN" and john.smith@ all follow from two words, whatever order they come in, and relatives keep one surname.
A lone initial is the initial of the surrogate of the one person with that surname and initial, of the same row first,
else of the whole data; where there is none, or are several, it is drawn.

The surrogate comes from the list of the same locale, gender and role that holds the word (Faker's), neutral where lists
disagree; a word in no list gets a surname of its script. No surrogate is a name word of the data: such a draw is left out
and the next one taken. Two words may share a surrogate; that both words of two full names do is unlikely (one in some
hundred thousand pairs), and a list of some hundred names makes no more possible without the choice depending on what
else the data hold.

Cost: about 10 microseconds a new word. What it does not do: decline names, or tell apart two people of one name.
"""

from __future__ import annotations

import re

from curate.privacy.canonical import folded
from curate.privacy.surrogates.draw import LOWER, Draw, like_case, listed
from curate.privacy.surrogates.lists import Group, group_of, known_names, pools
from curate.privacy.surrogates.romanised import spellings

TITLES = frozenset(listed(
    "mr mrs ms miss mx dr prof professor doctor sir lady lord dame rev reverend capt captain col colonel maj major lt "
    "lieutenant sgt sergeant gen general cpl corporal judge justice senator hon president chancellor nurse officer "
    "detective uncle aunt herr hr frau fräulein dipl monsieur mme madame mlle mademoiselle maître señor señora "
    "señorita sr sra srta doña signor signora signorina sig dott dottore dottoressa avv senhor senhora dona dhr mevr "
    "mevrouw meneer pan pani hra herra rouva fru гн господин госпожа"
))
SUFFIXES = frozenset(listed("jr sr snr jnr ii iii iv phd md dds esq cpa rn mba bsc msc"))
PARTICLES = frozenset(listed(
    "van von de da del della di do dos das du der den des ten ter la le los las bin ibn bint al el abu y e zu zum zur "
    "af av of the and und et i und st"
))
_BORN = frozenset(listed("jr sr snr jnr"))
_CONJUNCTIONS = frozenset(listed("and und et y e"))
_NICKNAMES = {
    "robert": "bob bobby rob robbie", "william": "bill billy will willie liam", "richard": "dick rick ricky richie",
    "john": "johnny jack", "james": "jim jimmy jamie", "thomas": "tom tommy", "michael": "mike mikey mick",
    "edward": "ed eddie ted ned", "charles": "charlie chuck", "joseph": "joe joey", "daniel": "dan danny",
    "david": "dave davey", "matthew": "matt", "anthony": "tony", "christopher": "chris", "andrew": "andy drew",
    "kenneth": "ken kenny", "steven": "steve stephen", "ronald": "ron ronnie", "timothy": "tim timmy", "gregory": "greg",
    "benjamin": "ben benny", "samuel": "sam sammy", "nicholas": "nick nicky", "alexander": "alex", "patrick": "pat",
    "lawrence": "larry", "gerald": "gerry", "jeffrey": "jeff", "elizabeth": "liz lizzie beth betty eliza",
    "katherine": "kate katie kathy kathryn catherine cathy", "margaret": "maggie meg peggy", "jennifer": "jen jenny",
    "patricia": "trish patty", "susan": "sue susie", "deborah": "deb debbie", "rebecca": "becky becca",
    "victoria": "vicky", "jessica": "jess", "barbara": "barb", "kimberly": "kim", "amanda": "mandy", "pamela": "pam",
    "cynthia": "cindy", "christina": "tina",
}  # fmt: skip
_FORMAL = {short: name for name, shorts in _NICKNAMES.items() for short in shorts.split()}
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0e31-\u0e4e])+")
_CJK = re.compile(r"[\u4e00-\u9fff\uac00-\ud7af]{2,5}")
_POSSESSIVE = re.compile(r"(?<=\w)['’`´]s?$|(?<=\w)['’`´](?=\s|$)", re.IGNORECASE)
_ATTEMPTS = 60
_Word = tuple[int, int, str]


def core(word: str) -> str:
    """What a name word is known by."""
    plain = folded(word)
    return _FORMAL.get(plain, plain)


def words_of(value: str) -> list[tuple[int, int, str]]:
    """(start, end, word) of the words of a name that stand for the person: no title, particle or suffix."""
    end = len(_POSSESSIVE.sub("", value))
    every = [(m.start(), m.end(), m[0]) for m in _WORD.finditer(value, 0, end)]
    if len(every) == 1 and _CJK.fullmatch(every[0][2]):
        return _apart(*every[0])
    # A word before an apostrophe is the O of O'Brien, and no name by itself.
    kept = [w for w in every if not (w[1] < end and value[w[1]] in "'’" and len(w[2]) <= 2)]
    bare = _without_titles(_without_suffixes(kept, value), value)
    return [w for n, w in enumerate(bare) if not _is_particle(n, bare, value)] or every


def _without_suffixes(words: list[_Word], value: str) -> list[_Word]:
    """Suffixes stand last, or before a comma; one that may be a surname must look like a suffix."""
    out = list(words)
    for n in range(len(words) - 1, 0, -1):
        start, end, word = words[n]
        last = n == len(out) - 1  # what follows are suffixes
        if word.casefold() not in SUFFIXES or not (last or value[end:].lstrip(".").startswith(",")):
            continue
        marked = value[:start].rstrip().endswith(",") or value[end : end + 1] == "."
        spelled = n > 1 if value.isupper() or value.islower() else not word.istitle()
        if word.casefold() in _BORN or marked or spelled:
            del out[n]
    return out


def _without_titles(words: list[_Word], value: str) -> list[_Word]:
    """Titles stand first: of all, behind a comma, or of the second of two people. The last word is none."""
    out, first = [], True
    for n, (start, end, word) in enumerate(words):
        follows = n + 1 < len(words)
        first = first or value[:start].rstrip().endswith(",")
        if first and follows and word.casefold() in TITLES and not value[end:].startswith(","):
            continue
        out.append(words[n])
        first = word.casefold() in _CONJUNCTIONS
    return out


def _is_particle(n: int, words: list[_Word], value: str) -> bool:
    """Whether a word only leads to the next one of the same part of the name."""
    _, end, word = words[n]
    if word.casefold() not in PARTICLES or n + 1 == len(words) or "," in value[end : words[n + 1][0]]:
        return False
    if word.casefold() in ("and", "und"):
        return True
    small = word.islower() and not value.islower()
    if len(word) == 1 or small:
        return small  # a single capital is an initial, also where it looks like the Spanish `y`
    if value[end] == "-":
        return word.casefold() in ("al", "el")  # not the Do of Do-hyun
    if n == 0 and "," not in value:  # a family name that comes first (Le Thi Lan), or De la Cruz
        return words[1][2].islower() and words[1][2].casefold() in PARTICLES and len(words) > 2
    return len(words) > 2


def _apart(start: int, end: int, word: str) -> list[tuple[int, int, str]]:
    """A name without a space: the surname is the longest that a list knows, or the first character."""
    for size in (2, 1):
        head = word[:size]
        if len(word) > size and any(g.role == "last" for g in known_names().get(folded(head), ())):
            return [(start, start + size, head), (start + size, end, word[size:])]
    return [(start, start + 1, word[:1]), (start + 1, end, word[1:])]


class People:
    """The names of a data set and their surrogates."""

    def __init__(self, secret: bytes, region: str) -> None:
        self._secret, self._region = secret, region
        self.real: set[str] = set()
        """Every name word of the data, as `core` gives it."""
        self.named: set[str] = set()
        """Those of them that stand in names, not in addresses alone."""
        self._spelled: dict[str, set[str]] = {}
        """By their spellings in Latin letters: words of names in other letters."""
        self._firsts: dict[str, set[str]] = {}
        self._lasts: dict[str, set[str]] = {}
        self._made: dict[str, str] = {}

    def know(self, value: str) -> None:
        """Take note of a name that the data hold."""
        words = [core(word) for _, _, word in words_of(value) if len(word) > 1 or not word.isascii()]
        self.named.update(words)
        self.real.update(words)
        self.real.update(folded(word) for _, _, word in words_of(value))
        for word in words:
            for spelling in spellings(word):
                self._spelled.setdefault(spelling, set()).add(word)
        if len(words) > 1:
            last, others = (words[0], words[1:]) if "," in value else (words[-1], words[:-1])
            self._firsts.setdefault(last, set()).update(others)
            for other in others:
                self._lasts.setdefault(other, set()).add(last)

    def spelled(self, plain: str) -> str:
        """The word of a name in other letters that the data hold and that is spelled so, else the word as it is."""
        return plain if plain in self.named else min(self._spelled.get(plain, ()), default=plain)

    def word(self, word: str, role: str = "") -> str:
        """The surrogate of one name word, spelled as in its list; `role` where the script has none to tell it by."""
        key = core(word)
        place = f"{role} {key}"
        if place not in self._made:
            self._made[place] = self._drawn(key, group_of(key if key in known_names() else word, self._region, role))
        return self._made[place]

    def _drawn(self, key: str, group: Group) -> str:
        names = pools(group.locale)[group.role, group.gender]
        draw = Draw(self._secret, "name", key)
        for _ in range(_ATTEMPTS):
            name = draw.choice(names)
            if not self._is_real(name, key):
                return name
        free = [name for name in names if not self._is_real(name, key)]
        if free:
            return draw.choice(free)
        # The data hold the whole list: names joined are in no list, and some number of them is not in the data.
        name, joined = "", 2
        while not name or self._is_real(name, key):
            name = "".join(draw.choice(names) for _ in range(joined)).capitalize()
            joined += 1
        return name

    def _is_real(self, name: str, key: str) -> bool:
        return folded(name) in self.real or core(name) in self.real or core(name) == key

    def initial(self, letter: str, last: str, row: tuple[str, ...] = ()) -> str:
        """The initial of a person known by initial and surname, as a capital."""
        mine = letter.casefold()
        for known in (self._in_row(row, last), self._firsts.get(core(last), set())):
            fitting = sorted(
                name for name in known if name[:1] == mine or any(other[:1] == mine for other in spellings(name))
            )
            if len(fitting) == 1:
                return self.word(fitting[0])[:1].upper()
        return Draw(self._secret, "initial", mine, core(last)).choice(LOWER).upper()

    def _in_row(self, row: tuple[str, ...], last: str) -> set[str]:
        out: set[str] = set()
        for value in row:
            words = [core(word) for _, _, word in words_of(value) if len(word) > 1]
            if core(last) in words:
                out.update(word for word in words if word != core(last))
        return out

    def name(self, value: str, row: tuple[str, ...] = ()) -> str:
        """The surrogate of a written name, in its form."""
        words = words_of(value)
        full = [word for _, _, word in words if len(word) > 1 or not word.isascii()]
        last = (full[0] if "," in value else full[-1]) if full else ""
        out, edge = [], 0
        joined = len(words) == 2 and words[0][1] == words[1][0]  # a surname and a given name without a space
        for start, end, word in words:
            out.append(value[edge:start])
            if len(word) == 1 and word.isascii():
                new = self.initial(word, last, row)
                out.append(new.lower() if word.islower() else new)
            else:
                role = ("first" if edge else "last") if joined else ""
                out.append(like_case(word, self.word(word, role)))
            edge = end
        return "".join([*out, value[edge:]])

    def subject(self, value: str) -> str:
        """What all ways to write one person's name have in common: the surname, found for a first name if it is the only
        one with that name."""
        words = [word for _, _, word in words_of(value) if len(word) > 1 or not word.isascii()]
        if not words:
            return folded(value)
        name = core(words[0] if "," in value or _CJK.fullmatch(value) else words[-1])
        lasts = self._lasts.get(name, set())
        return next(iter(lasts)) if len(words) == 1 and name not in self._firsts and len(lasts) == 1 else name
