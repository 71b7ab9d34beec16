"""Organisations by their written form, which the tagger finds every other time.

- a legal form behind a name (`Lindner Feinmechanik AG`, `Edilpuglia S.p.A.`, `Yıldızlar Tekstil A.Ş.`), or in front of it
  (`PT Samudra Jaya`, `ООО «Север»`);
- the kind of an institution with its name (`Hospital Virgen del Rocío`, `Ankara Şehir Hastanesi`, `Banco Santander`);
- an employer behind a phrase ("ich arbeite bei ..."), where the tagger sees nothing else;
- the kinds in Arabic, Hebrew, Thai and Hindi, which have no capitals.

A form takes over what was found inside it, unless an address, a part of another span or somebody stands in the way: a
title or a role ends the name (`Bank CEO Mark Lund`), a first name behind an institution begins a person (`Banco Ana Ruiz`),
and a form that may be something else (`a. s.`, `Limited`) never takes a person alone. Lists: `phrases.toml`. Cost: `cues`
finds the words, some 5 microseconds each. It knows no firm without such a form.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.cues import BODY, EMPLOYED, SMALL_BODY, in_bytes, surroundings
from curate.privacy.names.listed import listed_first, listed_title, ordinary, place_alone, tells_body
from curate.privacy.names.phrases import alternatives, parts, words
from curate.privacy.overlaps import Found
from curate.privacy.types import ORGANIZATION, PERSON, STREET_ADDRESS
from curate.privacy.words import LETTERS

_FORM_SCORE, _EMPLOYER_SCORE = 0.8, 0.6
_LINKS, _NO_PART = words("bodies", "links"), words("bodies", "no_part")
_NO_NAME = words("bodies", "no_name")
_ROLES, _VERBS, _SAINTS = words("bodies", "roles"), words("bodies", "verbs"), words("bodies", "saints")
_SHORT = words("bodies", "abbreviations")
_ATTRIBUTES = words("bodies", "attributes")
_OF_ORDINARY = re.compile(r"(?i)(?:minist|kementerian|department of|bureau of|chamber of)")
"""Kinds whose names are ordinary words: `Ministry of Health`."""
_WITH_TITLE = re.compile(r"RSU[DP] |Rumah Sakit ")
"""Kinds whose names begin with a title: `RSUD Dr. Moewardi`."""
_NAME = r"[^\W_][\w'’&-]*+\.?"
_FORM = re.compile(rf"(?<=[\w.&)»”\"'’]),? (?:{alternatives('bodies', 'forms')})(?![\w-])")
_PREFIX = re.compile(rf"(?<![\w-])(?:{alternatives('bodies', 'prefixes')})")
_QUOTED = re.compile(r" ?[«\"“„]([^\n«»\"“”„]{2,50}+)[»\"”“]")
_BEFORE = re.compile(rf"(?<![\w-])(?:{alternatives('bodies', 'kinds_before')})(?= )")
_BEHIND = re.compile(rf"(?<=[\w.'’-]) (?:{alternatives('bodies', 'kinds_behind')})(?![\w-])")
_EMPLOYED = re.compile(
    rf"(?i)(?<![\w-])(?:{alternatives('bodies', 'employed')})(?: (?:the|der|die|dem|la|el|il|le|de|het|o|a))? (?:l['’])?"
)
_SPOKEN = tuple(re.compile(pattern) for pattern in parts("bodies", "spoken"))
_WORD_AHEAD = re.compile(rf" (?:[dlDL]['’])?({_NAME})")
_TOKEN = re.compile(r"\S+")
_MOST = 6
_LAST_WORD = re.compile(r"([^\W\d_][\w'’-]*)\.? ?\Z")
_STOPPED = re.compile(r"(?:[^\W\d_]\.)+")
_CLEAR = re.compile(rf",? (?:{alternatives('bodies', 'forms')})\Z")


_ENDS_PEOPLE = frozenset(("Bey", "Hanım", "Beyefendi", "Hanımefendi", "Jr.", "Sr.", "PhD", "MD", "Esq."))
"""Words behind somebody's name: what follows is another's."""


_BUY = frozenset(("client", "customer", "cliente", "kunde", "klient", "klant", "vendor", "supplier", "tenant", "employer"))
"""Roles that firms have as well as people."""


@lru_cache(maxsize=4096)
def _links(word: str) -> bool:
    return word in _LINKS or word == "&"


def _capital(word: str) -> bool:
    return word[0].isupper() or (word[0].isdigit() and any(ch.isupper() for ch in word))


@lru_cache(maxsize=4096)
def _title(word: str) -> bool:
    """Whether the word is a title or a role before somebody's name."""
    low = word.lower().rstrip(".,")
    return low in _ROLES or (low not in _SAINTS and listed_title(low))


def _ends_sentence(word: str) -> bool:
    """Whether a word with a full stop is neither an initial nor an abbreviation of names of firms."""
    return word[-1] == "." and not _STOPPED.fullmatch(word) and word[:-1].lower() not in _SHORT


def _name_before(line: str, form: re.Match[str], first: int, both: bool = True) -> int:
    """Where the words with capitals begin that end in front of a form; there where there is none. `both`: `Smith and Brown`
    is one name."""
    end = form.start()
    tokens = list(_TOKEN.finditer(line, max(0, end - 80), end))
    if tokens and tokens[0].start() and not line[tokens[0].start() - 1].isspace():
        tokens = tokens[1:]  # cut
    begin, taken, joined, pending = end, 0, False, 0
    for token in reversed(tokens):
        word = token[0]
        gap = line[token.end() : begin]
        if "\n" in gap or "  " in gap or taken + pending == _MOST:
            break
        if word.lower() in ("and", "und", "y", "et", "e", "og", "och", "en", "i", "&"):
            if not taken or word[0].isupper() or not (both or word == "&"):
                break
            joined, pending = True, pending + 1
            continue
        if _links(word):
            if not taken:
                break
            pending += 1
            continue
        bare = word.rstrip(",") if joined else word
        core = bare.lstrip("(\"'“‘«„[*_>").rstrip("\"'”’»")
        if not core or not _capital(core) or core[-1] in ",;:!?)]}" or _ends_sentence(core):
            break
        if joined and taken and _FORM.match(line, token.start() - 1):
            break  # `Foo Ltd and Bar Inc.`
        if core.lower() in _VERBS:
            return end
        if core in _ENDS_PEOPLE:
            break
        begin, taken, pending = token.start() + bare.index(core), taken + 1 + pending, 0
        if len(core) < len(bare) and bare[0] != core[0]:
            break
    return _without_start(line, begin, end, first, line[form.end() : form.end() + 4])


def _without_start(line: str, begin: int, end: int, first: int, rest: str) -> int:
    """The same without articles, prepositions, and an ordinary word at the head of a sentence that goes on with `rest`."""
    stripped = False
    while begin < end:
        word = _TOKEN.match(line, begin, end)
        if word is None:
            return end
        low = word[0].lower().rstrip(".,")
        head = (
            stripped
            or begin == first
            or re.search(r"(?:\A|[.!?:;>\n\"(*-]\s*)\Z", line[max(0, begin - 6) : begin]) is not None
        )
        loose = low in _NO_PART or _links(low) or (ordinary(low) and word.end() < end and re.match(r",? [^\W\d_]", rest))
        if low not in ("the", "copyright") and not (head and loose) and not (len(low) > 1 and _title(low)):
            return end if word.end() == end and low in _NO_NAME else begin
        begin, stripped = word.end(), True
        while begin < end and line[begin] == " ":
            begin += 1
    return end


def _somebody(line: str, word: re.Match[str], before: str) -> bool:
    """Whether somebody's name begins with a word inside a name of institutions: `Hospital San Juan de Dios Maria Perez`."""
    follows = _WORD_AHEAD.match(line, word.end())
    return (
        bool(before)
        and before[0].isupper()
        and before.lower().rstrip(".") not in _SAINTS
        and listed_first(word[1])
        and follows is not None
        and follows[1][0].isupper()
    )


def _name_after(line: str, place: int, titles: bool = False, people: bool = True) -> int:
    """Where the words with capitals end that begin behind `place`, with small words between them; a title ends them unless
    `titles`, and somebody's name if `people`."""
    end, at = place, place
    links, before = 0, ""
    for _ in range(8):
        word = _WORD_AHEAD.match(line, at)
        if word is None:
            break
        at, low = word.end(), word[1].lower()
        if low in _VERBS or (word[1][0].isupper() and not titles and _title(low)):
            break
        if people and _somebody(line, word, before):
            break
        before = word[1]
        if _capital(word[1]) and low not in _NO_PART - _LINKS:
            end, links = at - _ends_sentence(word[1]), 0
            if end < at:
                break
        elif word[1] in _LINKS and links < 3:
            links += 1
        else:
            break
    return end


def _proved(kind: str, name: str) -> bool:
    """Whether words behind a kind of institution are a name: `Banco Santander`, not `Bank Account Number`. Where the kind
    stands before other nouns as well, a word must be listed as a name, unless `de` or the like stands between."""
    if _OF_ORDINARY.match(kind):
        return True
    loose = kind.lower() in _ATTRIBUTES and re.match(r" (?:d[aeio]s?|del|della|der|van)\b", name) is None
    return any(tells_body(word, loose) for word in LETTERS.findall(name))


def _formed(line: str, begin: int, form: re.Match[str]) -> bool:
    """Whether a legal form behind words with capitals is one. `Limited` is said of plans and editions too, and two letters
    of anything: they ask for a word that is not ordinary."""
    limited = "Limited" in form[0]
    if limited and (line[form.start() - 1] == "." or form[0][0] == ","):
        short = _LAST_WORD.search(line[begin : form.start()])
        if short is None or short[1].lower() not in _SHORT or form[0][0] == ",":
            return False
    if limited:
        behind = _WORD_AHEAD.match(line, form.end())
        if behind is not None and behind[1][0].isupper() and ordinary(behind[1]):
            return False
    if not limited and len(LETTERS.findall(form[0])[0]) != 2:
        return True
    return any(len(word) > 1 and not ordinary(word) for word in LETTERS.findall(line[begin : form.start()]))


def bodies(line: str, first: int = 0) -> set[tuple[int, int]]:
    """Begin and end of the organisations that their form tells."""
    out: set[tuple[int, int]] = set()
    for form in _FORM.finditer(line, first):
        begin = _name_before(line, form, first)
        if begin < form.start() and _formed(line, begin, form):
            out.add((begin, form.end()))
    for form in _BEHIND.finditer(line, first):
        begin = _name_before(line, form, first, both=False)
        spelled = LETTERS.findall(line[begin : form.start()])
        title = _LAST_WORD.search(line[max(0, begin - 16) : begin])
        if title is not None and _title(title[1]) and line[begin - 1] == " ":
            continue  # somebody, and a place behind them
        if any(len(word) > 1 and word[0].isupper() and not ordinary(word) for word in spelled):
            end = _name_after(line, form.end()) if re.match(" (?:of|de|für|for) ", line[form.end() :]) else form.end()
            out.add((begin, end))
    for form in _BEFORE.finditer(line, first):
        end = _name_after(line, form.end(), _WITH_TITLE.match(line, form.start()) is not None)
        if end > form.end() and _proved(form[0], line[form.end() : end]):
            out.add((form.start(), end))
    for form in _PREFIX.finditer(line, first):
        quoted = _QUOTED.match(line, form.end())
        end = quoted.end() if quoted else form.end() + max(0, _name_after(line, form.end() - 1, people=False) - form.end())
        if end > form.end():
            out.add((form.start(), end))
    return _longest(out)


def _longest(places: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those that touch, as one: `Bank of Cyprus` and `Bank of Cyprus Holdings plc`."""
    out: list[tuple[int, int]] = []
    for begin, end in sorted(places):
        if out and begin < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return set(out)


def employers(line: str, first: int = 0) -> set[tuple[int, int]]:
    """Begin and end of the words with capitals behind a phrase that speaks of work."""
    out: set[tuple[int, int]] = set()
    for phrase in _EMPLOYED.finditer(line, first):
        end = _name_after(line, phrase.end() - 1)
        begin = phrase.end()
        value = line[begin:end]
        if len(value) >= 2 and value[0].isupper() and not (
            " " not in value and (ordinary(value) or place_alone(value))
        ):
            out.add((begin, end))
    return out


def spoken_bodies(line: str, first: int = 0) -> set[tuple[int, int]]:
    """The same in scripts without capitals."""
    return _longest({match.span(1) for pattern in _SPOKEN for match in pattern.finditer(line, first)})


def with_bodies(text: Block, found: Found, words_at: npt.NDArray[np.int64], silent: npt.NDArray[np.int64]) -> Found:
    """The spans, and the organisations that are written as such. `words_at`, `silent`: of `cues`."""
    asked = words_at[words_at[:, 2] & (BODY | SMALL_BODY | EMPLOYED) != 0]
    forms: list[tuple[int, int, int]] = []
    employed: list[tuple[int, int, int]] = []
    for row, begin, end, kinds in surroundings(text, asked):
        if kinds & (BODY | SMALL_BODY):
            forms += in_bytes(text, row, begin, end, bodies)
        if kinds & EMPLOYED:
            employed += in_bytes(text, row, begin, end, employers)
    for row, begin, end in silent.tolist():
        forms += in_bytes(text, row, begin, end, spoken_bodies)
    return _taken(text, _taken(text, found, forms, _FORM_SCORE), employed, _EMPLOYER_SCORE)


def _spared(text: Block, place: tuple[int, int, int], people: list[tuple[int, int]]) -> int:
    """Where an organisation ends that takes over nobody; its begin where it is none. `people`: found inside it."""
    row, begin, end = place
    value = text.data[begin:end].tobytes().decode("utf-8", "replace")
    clear = _CLEAR.search(value)
    kind = _BEFORE.match(value)
    for start, stop in people:
        ahead = text.data[max(int(text.starts[row]), start - 24) : start].tobytes().decode("utf-8", "replace")
        title = _LAST_WORD.search(ahead)
        buys = title is not None and clear is not None and title[1].lower() in _BUY and not _doubtful(clear[0])
        if title is not None and ahead[-1] == " " and _title(title[1]) and not _WITH_TITLE.match(value) and not buys:
            return begin
        first = LETTERS.match(text.data[start:stop].tobytes().decode("utf-8", "replace"))
        if first is None or not listed_first(first[0]):
            continue
        if clear is not None:
            if start == begin and stop >= begin + len(value[: clear.start()].encode()) and _doubtful(clear[0]):
                return begin
        elif kind is not None and start > begin:
            alone = b" " not in text.data[start:stop].tobytes()
            if title is not None and (title[1].lower() in _SAINTS or (alone and _links(title[1]))):
                continue  # `Hospital Virgen del Rocío`
            left = text.data[begin:start].tobytes().decode("utf-8", "replace").rstrip()
            proved = len(left) > kind.end() and left[-1].isalpha() and _proved(kind[0], left[kind.end() :])
            return begin + len(left.encode()) if proved and not _links(left.rpartition(" ")[2]) else begin
    return end


def _doubtful(form: str) -> bool:
    """Whether a legal form may be initials or a word as well, so that it makes no firm of a whole name: `Anna Keller
    Limited`, `Hans Huber a. s. Kim`."""
    letters = LETTERS.findall(form)
    return form.strip(", ") == "Limited" or (max(map(len, letters)) == 1 and len(letters) == 2)


def _taken(text: Block, found: Found, places: list[tuple[int, int, int]], score: float) -> Found:
    """The spans and new ones at places that hold nothing, or (forms only) nothing but whole spans of less. An employer that
    touches somebody is none: `M. Durand`."""
    if not places:
        return found
    at = found.at
    reach = 3 + int(max(at[:, 2].max(initial=0), *(end for _, _, end in places), 0))
    starts, ends = at[:, 0] * reach + at[:, 1], at[:, 0] * reach + at[:, 2]
    keep = np.ones(len(at), np.bool_)
    new: list[tuple[int, int, int, int]] = []
    scores: list[float] = []

    def inside(row: int, begin: int, end: int) -> range:
        low = int(np.searchsorted(ends, row * reach + begin, side="right"))
        return range(low, max(low, int(np.searchsorted(starts, row * reach + end, side="left"))))

    for row, begin, end in sorted(set(places)):
        if score == _EMPLOYER_SCORE:
            if inside(row, begin, end) or any(at[m, 3] == PERSON for m in inside(row, begin, end + 2)):
                continue
        else:
            people = [(int(at[m, 1]), int(at[m, 2])) for m in inside(row, begin, end) if at[m, 3] == PERSON and keep[m]]
            end = _spared(text, (row, begin, end), people) if people else end
            if end <= begin:
                continue
        mine = inside(row, begin, end)
        within = all(begin <= at[m, 1] and at[m, 2] <= end and at[m, 3] != STREET_ADDRESS and keep[m] for m in mine)
        same = len(mine) == 1 and at[mine[0], 3] == ORGANIZATION and (at[mine[0], 1:3] == (begin, end)).all()
        if not within or same or (new and new[-1][0] == row and new[-1][2] > begin):
            continue
        keep[mine.start : mine.stop] = False
        new.append((row, begin, end, ORGANIZATION))
        scores.append(max([score, *(float(found.score[m]) for m in mine if at[m, 3] == ORGANIZATION)]))
    made = Found(np.array(new, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(new), np.bool_))
    return found.take(keep).plus(made).sorted() if new else found
