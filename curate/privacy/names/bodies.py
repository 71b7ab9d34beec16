"""Organisations by their written form, which the tagger finds every other time.

- a legal form behind a name (`Lindner Feinmechanik AG`, `Edilpuglia S.p.A.`, `Yıldızlar Tekstil A.Ş.`), or in front of it
  (`PT Samudra Jaya`, `ООО «Север»`);
- the kind of an institution with its name (`Hospital Virgen del Rocío`, `Ankara Şehir Hastanesi`, `Banco Santander`);
- an employer behind a phrase ("ich arbeite bei ..."), where the tagger sees nothing else;
- the kinds in Arabic, Hebrew, Thai and Hindi, which have no capitals.

A form takes over what was found inside it, unless an address or a part of another span stands in the way. Lists:
`phrases.toml`. Cost: `cues` finds the words, some 5 microseconds each. It knows no firm without such a form.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.cues import BODY, EMPLOYED, SMALL_BODY, in_bytes, surroundings
from curate.privacy.names.listed import ordinary
from curate.privacy.names.phrases import alternatives, parts, words
from curate.privacy.overlaps import Found
from curate.privacy.types import CODE

_ORGANIZATION, _ADDRESS = CODE["ORGANIZATION"], CODE["STREET_ADDRESS"]
_FORM_SCORE, _EMPLOYER_SCORE = 0.8, 0.6
_LINKS, _NO_PART = words("bodies", "links"), words("bodies", "no_part")
_NO_NAME = words("bodies", "no_name")
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


@lru_cache(maxsize=4096)
def _links(word: str) -> bool:
    return word in _LINKS or word == "&"


def _capital(word: str) -> bool:
    return word[0].isupper() or (word[0].isdigit() and any(ch.isupper() for ch in word))


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
        if "\n" in line[token.end() : begin] or taken + pending == _MOST:
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
        if not core or not _capital(core) or core[-1] in ",;:!?)]}" or (core[-1] == "." and len(core) > 4 and taken):
            break
        if core[-1] == "." and not taken and len(core) > 4:
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
        if low != "the" and not (head and loose):
            return end if word.end() == end and low in _NO_NAME else begin
        begin, stripped = word.end(), True
        while begin < end and line[begin] == " ":
            begin += 1
    return end


def _name_after(line: str, place: int) -> int:
    """Where the words with capitals end that begin behind `place`, with small words between them."""
    end, at = place, place
    links = 0
    for _ in range(8):
        word = _WORD_AHEAD.match(line, at)
        if word is None:
            break
        at = word.end()
        if _capital(word[1]) and word[1].lower() not in _NO_PART - _LINKS:
            end, links = at - (word[1].endswith(".") and len(word[1]) > 3), 0
            if end < at:
                break
        elif word[1] in _LINKS and links < 3:
            links += 1
        else:
            break
    return end


def bodies(line: str, first: int = 0) -> set[tuple[int, int]]:
    """Begin and end of the organisations that their form tells."""
    out: set[tuple[int, int]] = set()
    for form in _FORM.finditer(line, first):
        begin = _name_before(line, form, first)
        if begin < form.start():
            out.add((begin, form.end()))
    for form in _BEHIND.finditer(line, first):
        begin = _name_before(line, form, first, both=False)
        spelled = re.findall(r"[^\W\d_]+", line[begin : form.start()])
        if any(len(word) > 1 and word[0].isupper() and not ordinary(word) for word in spelled):
            end = _name_after(line, form.end()) if re.match(" (?:of|de|für|for) ", line[form.end() :]) else form.end()
            out.add((begin, end))
    for form in _BEFORE.finditer(line, first):
        end = _name_after(line, form.end())
        if end > form.end():
            out.add((form.start(), end))
    for form in _PREFIX.finditer(line, first):
        quoted = _QUOTED.match(line, form.end())
        end = quoted.end() if quoted else form.end() + max(0, _name_after(line, form.end() - 1) - form.end())
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
        if len(value) >= 2 and value[0].isupper() and not (" " not in value and ordinary(value)):
            out.add((begin, end))
    return out


def spoken_bodies(line: str, first: int = 0) -> set[tuple[int, int]]:
    """The same in scripts without capitals."""
    return _longest({match.span(1) for pattern in _SPOKEN for match in pattern.finditer(line, first)})


def with_bodies(text: Block, found: Found, words_at: npt.NDArray[np.int64], silent: npt.NDArray[np.uint8]) -> Found:
    """The spans, and the organisations that are written as such. `words_at`, `silent`: of `cues`."""
    asked = words_at[words_at[:, 2] & (BODY | SMALL_BODY | EMPLOYED) != 0]
    forms: list[tuple[int, int, int]] = []
    employed: list[tuple[int, int, int]] = []
    for row, begin, end, kinds in surroundings(text, asked):
        if kinds & (BODY | SMALL_BODY):
            forms += in_bytes(text, row, begin, end, bodies)
        if kinds & EMPLOYED:
            employed += in_bytes(text, row, begin, end, employers)
    for row in np.flatnonzero(silent).tolist():
        forms += in_bytes(text, row, int(text.starts[row]), int(text.ends[row]), spoken_bodies)
    return _taken(_taken(found, forms, _FORM_SCORE), employed, _EMPLOYER_SCORE)


def _taken(found: Found, places: list[tuple[int, int, int]], score: float) -> Found:
    """The spans and new ones at places that hold nothing, or (forms only) nothing but whole spans of less."""
    if not places:
        return found
    at = found.at
    reach = 1 + int(max(at[:, 2].max(initial=0), *(end for _, _, end in places), 0))
    starts, ends = at[:, 0] * reach + at[:, 1], at[:, 0] * reach + at[:, 2]
    keep = np.ones(len(at), np.bool_)
    new: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    for row, begin, end in sorted(set(places)):
        low = int(np.searchsorted(ends, row * reach + begin, side="right"))
        high = int(np.searchsorted(starts, row * reach + end, side="left"))
        mine = range(low, high)
        if mine and score == _EMPLOYER_SCORE:
            continue
        within = all(begin <= at[m, 1] and at[m, 2] <= end and at[m, 3] != _ADDRESS and keep[m] for m in mine)
        same = high - low == 1 and at[low, 3] == _ORGANIZATION and (at[low, 1:3] == (begin, end)).all()
        if not within or same or (new and new[-1][0] == row and new[-1][2] > begin):
            continue
        keep[low:high] = False
        new.append((row, begin, end, _ORGANIZATION))
        scores.append(max([score, *(float(found.score[m]) for m in mine if at[m, 3] == _ORGANIZATION)]))
    made = Found(np.array(new, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(new), np.bool_))
    return found.take(keep).plus(made).sorted() if new else found
