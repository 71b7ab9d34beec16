"""Passwords, PINs and user names that a sentence tells: "my password is …", "Mot de passe : …", "mi contraseña «…»".

The lexer proposes what stands behind a key (`password=…`). People who write to a help desk put words between, in their own
language. Words that speak of a password are found in the bytes by a table (one compiled pass); behind each a few words are
read: words that join ("is", "lautet", "es") or a colon, then a value. What joins says how much the value must look like
one, because documentation speaks of passwords more often than it tells one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy import access
from curate.privacy import told_words as w
from curate.privacy.column import Block, Ints
from curate.privacy.letters import WORD, fnv, is_escape, lookup
from curate.privacy.overlaps import Found
from curate.privacy.secret_recognizers import anybodys
from curate.privacy.told_words import LONGEST
from curate.privacy.types import CODE

_REACH, _BEFORE, _LONGEST, _ARGUMENTS = 200, 60, 1024, 300
"""Bytes behind the word in which a value may begin, bytes before it that are read, bytes of a value, of a command."""
_WAKES = (w.PASSWORD, w.USER, w.COMMAND, w.NOTE, w.HARDWARE)
_GOES_ON = re.compile(rb"[^\s\"'<>\\]*")
_REMEMBERED = 4096
"""Windows whose reading is kept."""
_TOKENS = 8
"""Words behind the word that are read."""
_ACCOUNTS = [CODE[name] for name in ("SECRET", "HANDLE", "URL_CREDENTIALS", "PRIVATE_KEY")]
_OPENS_PLACEHOLDER = ("{", "$", "<", "%")
_UNSPACED = 0x0E00
"""From here on scripts write without blanks, or hang endings on their words."""


@dataclass(frozen=True)
class _Value:
    start: int
    """Place in the text behind the word."""
    text: str
    score: float


def words_of(text: Block) -> list[w.Word]:
    """Every word of the table, in order."""
    out: list[w.Word] = _places(
        text.data, text.starts, text.ends, w.PAIRS, w.PREFIXES, w.TOLD_KEYS, w.TOLD_VALUES, w.SIGNS
    )
    return out


def told(text: Block, types: Collection[str], found: Found, places: Sequence[w.Word] | None = None) -> Found:
    """Spans (bytes) of secrets and user names that stand in sentences, as far as `types` asks for them and nothing that was
    `found` tells of the same place already. `places`: the `words_of` the text, if they are known."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    tables: dict[int, int] = {}
    read: dict[tuple[int, int, bytes], tuple[_Value | None, str]] = {}
    places = words_of(text) if places is None else places
    for spot in places:
        if spot[3] in _WAKES:
            for row, begin, close, name, score in _written_down(text, *spot, tables):
                if name in types:
                    at.append((row, begin, close, CODE[name]))
                    scores.append(score)
    for row, start, end, kind in places:
        if kind not in _READ:
            continue
        name = "HANDLE" if kind in (w.USER, w.NAMED) else "SECRET"
        if name not in types:
            continue
        low, row_end = max(int(text.starts[row]), start - _BEFORE), int(text.ends[row])
        window = (kind, start - low, text.raw(low, min(row_end, end + _REACH)))
        if window not in read:  # a table or a log says the same again and again
            if len(read) == _REMEMBERED:
                read.clear()
            read[window] = _value(text, kind, low, start, end, row_end)
        value, rest = read[window]
        if value is not None:
            begin = end + len(rest[: value.start].encode())
            close = begin + len(value.text.encode())
            if value.start + len(value.text) == len(rest.rstrip("\ufffd")):  # it may go on behind the window
                more = _GOES_ON.match(text.raw(close, min(row_end, close + _LONGEST)))
                close += more.end() if more else 0
            at.append((row, begin, close, CODE[name]))
            scores.append(value.score)
    spans = np.array(at, np.int64).reshape(-1, 4)
    return Found(spans, np.array(scores, np.float64), np.zeros(len(at), np.bool_)).take(_new(text, spans, found.at))


def _written_down(
    text: Block, row: int, start: int, end: int, kind: int, tables: dict[int, int]
) -> Iterator[tuple[int, int, int, str, float]]:
    """What `access` reads behind the word [start, end). `tables`: up to where the tables of a row are read already."""
    low, row_end = max(int(text.starts[row]), start - _BEFORE), int(text.ends[row])
    word, before = text.read(start, end).lower(), text.read(low, start)
    rest = text.read(end, min(row_end, end + _ARGUMENTS))
    found: list[access.Told | None] = []
    if kind == w.PASSWORD or word == "publickey":
        found = [access.of_login(before, rest)]
    elif kind == w.COMMAND:
        found = [access.of_command(text.read(start, end), rest, strength)]
    elif kind == w.HARDWARE:
        found = [access.of_hardware(before, rest)]
    else:
        found = [*access.of_note(word, before, rest, strength)]
    for one in found:
        if one is not None:
            begin = end + len(rest[: one[0]].encode())
            yield row, begin, begin + len(rest[one[0] : one[1]].encode()), one[2], one[3]
    if kind == w.PASSWORD and start >= tables.get(row, 0):
        below = access.under_heading(text, row, start, end)
        if below is not None:
            spans, tables[row] = access.rows_below(text, row, below, strength)
            for span in spans:
                yield row, *span


def passwords(text: Block, cells: Ints) -> Found:
    """Of cells (row, bytes) under the name of a column of passwords those that look like one."""
    some = [(row, a, b) for row, a, b in cells.tolist() if b - a <= 80 and strength(text.read(a, b)) >= 2]
    some = [one for one in some if not access.HASH_OR_CODE.search(value := text.read(*one[1:]))
            and (strength(value) == 3 or not access.OF_CODE.search(value))]  # fmt: skip
    at = np.array([(*one, CODE["SECRET"]) for one in some], np.int64).reshape(-1, 4)
    return Found(at, np.full(len(some), 0.8), np.zeros(len(some), np.bool_))


def _value(text: Block, kind: int, low: int, start: int, end: int, row_end: int) -> tuple[_Value | None, str]:
    """What the word [start, end) tells, and the text behind it; `low`: where what is read before it begins."""
    word = text.read(start, end)
    if word not in (word.lower(), word.capitalize(), word.upper()):
        return None, ""  # `userName` is a name of a program's
    written, before = text.read(end, min(row_end, end + _REACH)), text.read(low, start)
    return None if before[-1:] in _OPENS_PLACEHOLDER else _READ[kind](word, before, _readable(written)), written


def _new(text: Block, spans: Ints, found: Ints) -> npt.NDArray[np.bool_]:
    """Which spans touch none found of an account: a key in a program or an address says better where its value ends. Behind
    a colon and a blank a sentence says it, so there the longer span is taken."""
    known = found[np.isin(found[:, 3], _ACCOUNTS)]
    if len(known) and len(spans):
        begins = dict(zip(known[:, 1].tolist(), range(len(known))))
        shorter = [n for a, b in spans[:, 1:3].tolist() if (n := begins.get(a, -1)) >= 0 and known[n, 2] < b
                   and text.raw(max(a - 2, 0), a) == b": "]  # fmt: skip
        known = np.delete(known, shorter, axis=0)
    if not len(known):
        return np.ones(len(spans), np.bool_)
    known = known[np.argsort(known[:, 1])]
    reach = np.maximum.accumulate(known[:, 2])
    last = np.searchsorted(known[:, 1], spans[:, 2]) - 1
    fresh: npt.NDArray[np.bool_] = (last < 0) | (reach[last] <= spans[:, 1])
    return fresh


# ---- words, and how they are joined to a value


_ESCAPES = re.compile(r"\\[nrt]|\\(?=[\"'])|&nbsp;|&quot;|\*\*|[\u200b\u200e\u200f\u2060\ufeff]")


def _readable(rest: str) -> str:
    """What stands behind a word, sign for sign, with blanks for written-out escapes, entities, bold and invisible marks; a
    sign that the window cuts is left out."""
    blanks = _ESCAPES.sub(lambda m: "\n".rjust(len(m[0])) if m[0] == "\\n" else " " * len(m[0]), rest)
    return blanks.rstrip("\ufffd")


@dataclass(frozen=True)
class _Token:
    start: int
    text: str
    joined: str
    """What joins it: "", "loose" (a word that stands everywhere), "told" ("is" and its like), "sign" (a colon)."""
    away: int
    """Words since what joins, or since the beginning."""
    quote: str
    """The quotation mark that opens it, or nothing."""

    @property
    def value(self) -> str:
        """Without the marks of the sentence around it."""
        value = self.text.split("'")[0] if self.quote == "'" else _NEXT_KEY.split(self.text)[0]
        value = value.rstrip("'’,.;:") if self.quote else value.rstrip("?").rstrip("'’,.;:\"")
        while value and (opening := _OPENED.get(value[-1])) and value.count(value[-1]) > value.count(opening):
            if value[-1] == "]" and "[" not in value and _MARK.search(value[:-1]):
                break
            value = value[:-1].rstrip(".,;:")
        return value


_OPENED = {")": "(", "]": "[", "}": "{"}
_QUOTES = "\"'«„“‘`"
_TOKEN = re.compile(r"""[:=：]+>?|[-=]>|[("'«„“‘`]*(?P<word>[^\s"«»„“”`<>，。；、（）]+)""")
_END = re.compile(r"[.?!;…]$|^[|/]$")
_NEXT_KEY = re.compile(r"[|;,&](?=\w{2,20}[:=])")


def _tokens(rest: str, word: str = "") -> Iterator[_Token]:
    """Words behind a name (`word`), with what joins them to it; they end where the sentence does, or where none is told."""
    joined, away, line = "", 0, rest.find("\n")
    for n, match in enumerate(_TOKEN.finditer(rest)):
        if n == _TOKENS or (0 <= line < match.start() and joined != "sign"):
            return
        said = match["word"]
        if said is None:
            if match[0].count("=") > 1:
                return  # a comparison
            joined, away = "sign", 0
            continue
        low = said.lower().rstrip(",:;!?.")
        if low in w.DENIED or low in w.SPEAKS:
            return
        start = match.start("word")
        mark = rest[start - 1] if start > match.start() else ""
        yield _Token(start, said, joined, away, mark if mark in _QUOTES else "")
        joins = low in w.JOINS or (low == "on" and word in w.SAYS_ON)
        if joins or low in w.LOOSE_JOINS:
            joined, away = ("told" if joins or joined == "told" else "loose"), 0
        elif low in w.BEHIND or low in w.BECOMES:
            continue
        elif said[-1] in ":=：":
            joined, away = "sign", 0
        elif _END.search(said):
            return
        else:
            away += 1


# ---- passwords


_MARK = re.compile(r"[!@#$%^&*+=~?|\]\[{}()<>€£§]")
_NO_PASSWORD = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|@[\w-]+\.|\w+://|[\w-]+=|www\.|[./~]*/|[A-Z]:\\"  # addresses and paths
    r"|.*(?:A-Z|0-9)|[\w.]*\(|[\w.]+\[|\[[A-Z_0-9]+\]"  # classes of signs, calls, places in lists, placeholders
    r"|[<{]|\$[({]|\$[A-Z_]+$|%\w+%|%\(|[*_•.-]{2}|#\d+$",
    re.IGNORECASE,
)
_MIXED = re.compile(r"[a-zà-ÿ].*[A-Z]|\d.*[A-Z].*[a-z]|\d[a-z]+.*[A-Z]")
_AFTER_UNSPACED = re.compile(r"""(?P<join>(?:คือ|[はがも是为為는은이가：:=\s])*)["'“「『]?(?P<value>[!-&(-~]{4,})""")


def strength(value: str) -> int:
    """0 no password; 1 letters and digits; 2 a capital among them as well; 3 with a mark inside."""
    if len(value) < 6 or _NO_PASSWORD.match(value) or w.NAMES_ITSELF.fullmatch(value.rstrip("!")) or anybodys("", value):
        return 0
    digit, letter = any(c.isdigit() for c in value), any(c.isalpha() for c in value)
    mark = _MARK.search(value.rstrip("!?)")) is not None or (value[-1] == "!" and digit)
    if not letter or not (digit or mark) or not value.isprintable():
        return 0
    if mark and (digit or value not in (value.lower(), value.capitalize())):
        return 3
    return (2 if _MIXED.search(value) else 1) if digit else 0


def _needed(token: _Token, word: str) -> int:
    """How strong a value must be where it stands; 4 for never."""
    if word in w.AMBIGUOUS or (token.joined == "sign" and word in w.KEYS):
        least = 3
    elif token.quote and token.away <= 1:
        return 1
    else:
        least = {"": 2, "loose": 3, "told": 1, "sign": 1}[token.joined]
    if token.joined == "told" and token.away:
        least = max(least, 2)
    if token.away > 1:
        least = 3
    return 4 if token.away > 2 or (not token.joined and token.away) else least


def _password(word: str, before: str, rest: str) -> _Value | None:
    if ord(word[0]) >= _UNSPACED and word in w.WHOLE:
        match = _unspaced(word, rest)
        value = match and _Token(0, match["value"], "sign", 0, "").value
        return _Value(match.start("value"), value, 0.8) if match and value and strength(value) >= _least(match) else None
    low = word.lower()
    if (low == "passe" and not before.lower().endswith(("de ", "palavra-"))) or (low == "pass" and word != low):
        return None
    if _PAIR.search(before) and (match := _SECOND.match(rest)):  # "user name and password: ..."
        value = _Token(0, match["value"], "sign", 0, "").value
        return _Value(match.start("value"), value, 0.8) if strength(value) else None
    if before.rstrip(" *`").endswith("|") and (cell := _CELL.match(rest)):  # of a table, its label in the cell before
        strong = strength(cell[1])
        drawn = strong == 3 or (strong and len(re.findall(r"\d+", cell[1])) >= 3)
        return _Value(cell.start(1), cell[1], 0.8) if drawn and not _HEADING.search(rest) else None
    beside = _USER_BESIDE.search(before) is not None
    for token in _tokens(rest, low):
        if low == "pass" and token.joined not in ("told", "sign"):
            continue  # of a mountain, of a train
        value = token.value
        if token.joined == "sign" and low in w.KEYS and _PROGRAM.search(value):
            return None
        device = token.joined == "loose" and not token.quote and _ON.search(rest[: token.start])  # "on Galaxy21!"
        strong = strength(value.rstrip("!") if device else value)
        drawn = sum(map(str.isdigit, value)) >= 2 and not _NUMBERED.fullmatch(value)
        if beside and strong and drawn and not token.joined and not token.away and _ends(rest, token, value):
            return _Value(token.start, value, 0.8)
        if strong >= _needed(token, low) and (token.joined != "loose" or any(map(str.isdigit, value))):
            return _Value(token.start, value, 0.8)
        told_so = token.joined in ("told", "sign") and not token.away
        if value.isdigit() and 6 <= len(value) <= 12 and told_so and _ends(rest, token, value):
            return _Value(token.start, value, 0.6)
        if token.joined == "sign" and not token.away and value:
            return None
    return None


_CELL = re.compile(r"[`* ]*\|[`* ]*([^\s|`]{4,60})[`* ]*\|")
_HEADING = re.compile(r"\A[^\n]*\n[ \t]*\|?[ \t]*:?--")
"""A row of labels: a line of strokes stands under it."""
_ON = re.compile(r"(?i)\bon\s+\Z")
_PROGRAM = re.compile(r"[|+:]|\w\.\w+\W?$")
_PAIR = re.compile(
    r"(?i)(?:user(?: ?names?)?|login|benutzer(?:name)?|usuario|usuário|utente|utilisateur|identifiant|логин|e-?mail)"
    r"\s?(?:/|&|\+|and|und|y|e|et|en|i|и)\s?$"
)
_SECOND = re.compile(r"\s?[:=]\s*[\w.@+-]{2,60}(?:\s*[/,;|:]\s*|\s+)(?P<value>[^\s\"'<>]+)")
_USER_BESIDE = re.compile(
    r"(?i)\b(?:user(?: ?name)?|login|benutzer(?:name)?|usuario|usuário|utente|utilisateur|identifiant|gebruiker)"
    r"(?:[ \t]?[:=][ \t]?|[ \t])[\w.@+-]{2,40}[,;/ \t]{1,3}\Z"
)
_NUMBERED = re.compile(r"[^\W\d_]+\d{1,3}")
"""A type or a place in a book: `char64`, `Seite23`."""
_CLOSES = re.compile(
    r"""\s*(?:$|[.,;!?)\]|/"'\n]|(?:and|und|et|y|e|i|og|och|en|or|oder|ou|but|aber|thanks|please|bitte)\b)"""
)


def _ends(rest: str, token: _Token, value: str) -> bool:
    """Whether digits are told for themselves, not as so many of something."""
    return _CLOSES.match(rest[token.start + len(value) :]) is not None


def _unspaced(word: str, rest: str) -> re.Match[str] | None:
    """The value right behind a word of a script without blanks."""
    ending = next((more for more in w.WHOLE[word] if rest.startswith(more)), None)
    return None if ending is None else _AFTER_UNSPACED.match(rest, len(ending))


def _least(match: re.Match[str]) -> int:
    return 1 if match["join"].strip() else 3


# ---- user names


_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{3,29}", re.IGNORECASE)
_SIGNED = re.compile(r"(?=.*\d).*\w[._]\w")
_SITE = re.compile(r"\.(?:com|org|net|io|de|fr|uk|html?|php|py|js|txt|json)$", re.IGNORECASE)
_LAST_INITIAL = re.compile(r"[a-z]{3,}[._][a-z]")
_KEY_BEHIND = re.compile(r"""["'»”)]*[.,;|/]?[ \t]*(?:[|/][ \t]*)?(?:\w+[ \t]?){1,3}[:=]""")
_CLOSED = re.compile(
    r"""["'»”)]*(?:\s*(?:[,;|/)\]]|$)|\.?\s*\n|\.?\s*$|[.,]?\s+(?:\w+\s?){1,3}[:=]|\s+(?:and|und|et|y|e|i|en|и)\s)"""
)
_NAME_OF = re.compile(r"(?i)\b(?:no(?:me|m|mbre)(?: d[eo] | d['’]| )|nama )$")
_NAME = re.compile(r"(?i)[ -]?(?:name|id|navn|namn|naam)\b")


def _account_like(value: str, joined: str = "") -> bool:
    """Made up by a person: with digits, or ending in an initial, or of words that programs do not use."""
    letters, digits = sum(c.isalpha() for c in value), sum(c.isdigit() for c in value)
    if not _ACCOUNT.fullmatch(value) or letters < 2 or _SITE.search(value) or w.NAMES_ITSELF.fullmatch(value):
        return False
    return 0 < digits <= 8 or _LAST_INITIAL.fullmatch(value) is not None or _two_parts(value, joined)


def _two_parts(value: str, joined: str) -> bool:
    """Whether two or three words joined by signs are no name out of a program: `aylin_demir`, behind a colon `k.osterloh`.
    Words with hyphens are services and adjectives ("auto-generated") more often than anybody."""
    parts = re.split(r"[._]" if joined == "sign" else r"_", value)
    fit = 2 <= len(parts) <= 3 and all(p.isalpha() for p in parts) and max(map(len, parts)) >= 4 and value == value.lower()
    return fit and w.OF_PROGRAMS.isdisjoint(parts)


def _account(word: str, before: str, rest: str) -> _Value | None:
    """Of words that speak of persons as well, as turns of a talk do: where another key stands behind it in the line
    ("user: … pass: …"), where it is somebody's, or a login with digits and a sign."""
    if _NAME_OF.search(before) or _NAME.match(rest):
        return _name_of_account(word, before, rest)
    mine, login = _is_mine(before), word.lower() in w.LOGIN
    for token in _tokens(rest):
        value = token.value
        joined = token.joined in ("told", "sign") or (login and not token.joined)
        made_up = not token.away and value == value.lower() and _account_like(value, token.joined)
        if made_up and (_credentials(before, rest[token.start :]) or _logged(rest, token)):
            return _Value(token.start, value, 0.6)
        if joined and not token.away and value == value.lower() and any(map(str.isdigit, value)):
            behind = rest[token.start + len(value) :]
            known_by = mine or (login and _SIGNED.match(value) is not None)
            known = _CLOSED.match(behind) if known_by else token.joined and _KEY_BEHIND.match(behind)
            return _Value(token.start, value, 0.6) if known and _account_like(value) else None
        if token.joined or token.away:
            return None
    return None


def _name_of_account(word: str, before: str, rest: str) -> _Value | None:
    if ord(word[0]) >= _UNSPACED and word in w.WHOLE:
        match = _unspaced(word, rest)
        found = _ACCOUNT.match(match["value"]) if match and match["join"].strip() else None
        return _Value(match.start("value"), found[0], 0.6) if match and found and _account_like(found[0]) else None
    for token in _tokens(rest):
        value = token.value
        if not token.away and _account_like(value, token.joined) and (
            token.joined in ("told", "sign") or (not token.joined and _credentials(before, rest[token.start :]))
        ):
            return _Value(token.start, value, 0.6)
        if token.joined or token.away > 1:
            return None
    return None


_PASSWORD_BESIDE = re.compile(
    r"(?i)pass(?:wor|e\b)|\bpwd?\b|kennwort|contrase|\bsenha|mot de passe|wachtwoord|hasł|парол|şifre|parola|sandi|mật khẩu"
    r"|lösenord|adgangskode|salasana|heslo|jelsz|κωδικ"
)
_LOGGED = re.compile(r"[ \t]+[a-z_]{2,16}=")


def _credentials(before: str, behind: str) -> bool:
    """Whether a word of a password stands near as well: both are somebody's."""
    return _PASSWORD_BESIDE.search(before) is not None or _PASSWORD_BESIDE.search(behind[:60]) is not None


def _logged(rest: str, token: _Token) -> bool:
    """Whether a line of a log says it: `user=j.whitlock ip=...`."""
    return rest.startswith("=") and token.start == 1 and _LOGGED.match(rest[1 + len(token.value) :]) is not None


def _is_mine(before: str) -> bool:
    return bool(words := before.lower().split()) and words[-1] in w.MINE


# ---- numbers of cards


_CARD = re.compile(r"(?i)\b(?:card|visa|mastercard|amex|karte|carte|tarjeta|carta|cartão|kart|kort|карт)")


def _pin(word: str, before: str, rest: str) -> _Value | None:
    """Digits behind PIN: told ("PIN: 4711", "the PIN is 4711"), or somebody's ("my pin 4711", then up to six)."""
    mine = _is_mine(before)
    if (word != "PIN" and not mine) or before.endswith(("\"", "'")):
        return None
    return _digits(rest, (4, 5, 6) if mine else (4,), must_be_told=not mine or word != "PIN", mine=mine)


def _card_code(word: str, before: str, rest: str) -> _Value | None:
    return _digits(rest, (3, 4), must_be_told=_CARD.search(before) is None, mine=False)


def _digits(rest: str, sizes: tuple[int, ...], must_be_told: bool, mine: bool) -> _Value | None:
    for token in _tokens(rest):
        value = token.text.rstrip(".,;!?)")
        told_so = token.joined in ("told", "sign") and "=" not in rest[: token.start]
        if value.isascii() and value.isdigit() and len(value) in sizes and (told_so or not must_be_told):
            year_or_row = value[:2] in ("19", "20") or len(set(value)) == 1 or value in "0123456789"
            fit = not token.away and (mine or not year_or_row) and _ends(rest, token, value)
            return _Value(token.start, value, 0.6) if fit else None
        if told_so and token.away:
            return None
    return None


_READ = {w.PASSWORD: _password, w.USER: _account, w.NAMED: _name_of_account, w.PIN: _pin, w.CARD_CODE: _card_code}


# ---- where the words stand


_window_hash = njit(cache=True)(w.window_hash)


@njit(cache=True, nogil=True)
def _may(data, start, end, signs):  # type: ignore[no-untyped-def]
    for i in range(start, end):  # noqa: SIM110 - compiled
        if signs[data[i]]:
            return True
    return False


@njit(cache=True, nogil=True)
def _places(data, starts, ends, pairs, prefixes, keys, values, signs):  # type: ignore[no-untyped-def]
    """Row, first byte, byte behind and kind of every word of the table, in order."""
    out = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        inside = False
        for i in range(start, end - 3):
            c = data[i]
            # Words begin behind what is no letter; scripts of three bytes a sign may write without blanks.
            begins = not inside or c >= 0xE0
            inside = WORD[c] != 0
            if inside and i > start and data[i - 1] == 92 and is_escape(data, start, i):
                inside = False
            if not begins or pairs[(np.int64(c) << 8) | np.int64(data[i + 1])] == 0:
                continue
            window = np.int64(0)
            for k in range(i, i + 4):
                b = data[k]
                window = (window << 8) | np.int64(b + 32 if 65 <= b <= 90 else b)
            if prefixes[_window_hash(window)] == 0:
                continue
            if c >= 0xE0 and i + 6 <= end:
                kind = lookup(fnv(data, i, i + 6), keys, values)
                if kind:
                    if _may(data, i + 6, min(end, i + 6 + _REACH), signs[kind]):
                        out.append((np.int64(row), np.int64(i), np.int64(i + 6), kind))
                    continue
            j, last = i, min(end, i + LONGEST)
            while j < last and (WORD[data[j]] == 1 or WORD[data[j]] == 3):
                j += 1
            if j == i + LONGEST:
                continue
            if j < end and WORD[data[j]] == 2:
                j += 1  # CVV2
            if j < end and (WORD[data[j]] == 2 or WORD[data[j]] == 4):
                continue
            kind = lookup(fnv(data, i, j), keys, values)
            if kind and _may(data, j, min(end, j + _REACH), signs[kind]):
                out.append((np.int64(row), np.int64(i), np.int64(j), kind))
    return out
