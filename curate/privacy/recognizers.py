"""Recognisers: each judges one kind of candidate from the lexer and returns typed spans.

A recogniser is a function `(view, candidate) -> list of (start byte, end byte, type code, score)`; `RECOGNIZERS` maps
the lexer's candidate kinds to them, so a new type is a function and one line there. Every regular expression here is
anchored at a candidate and bounded in length; none can backtrack over the text.

Cost: about 2-10 microseconds a candidate. Plain ASCII e-mail addresses never come here (the kernel decides them).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from curate.privacy import neighbourhood as k
from curate.privacy.births import birth
from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.checks import IBAN_LENGTHS, iban, isbn, issuer, luhn, ssn
from curate.privacy.context import BIRTH, CARD, IDENTIFIER, IP, PAGE, PHONE, SSN, VERSION, word_classes
from curate.privacy.handles import at_name, user_name
from curate.privacy.identify import bank_code, identify
from curate.privacy.secret_recognizers import key_block, key_value, token, userinfo
from curate.privacy.telephone_recognizer import telephones
from curate.privacy.types import CODE
from curate.privacy.words import LETTERS, word_list

_EMAIL = CODE["EMAIL_ADDRESS"]
_CARD = CODE["CREDIT_CARD"]
_IBAN = CODE["IBAN"]
_IP = CODE["IP_ADDRESS"]
_MAC = CODE["MAC_ADDRESS"]
_SSN = CODE["US_SSN"]


def email(view: View, c: Candidate) -> list[Span]:
    """Addresses the kernel could not settle: international letters, unusual endings, doubled dots."""
    text = view.text(c.start, c.end)
    at = text.find("@")
    local, domain = text[:at], text[at + 1 :]
    match = re.search(r"[\w%+'-]+(?:\.[\w%+'-]+)*$", local)
    host = re.match(r"[^\W_][\w-]{0,62}(?:\.[^\W_][\w-]{0,62})+", domain)
    if match is None or host is None:
        return []
    local, domain = _ASIAN_TEXT.sub("", match[0]).lstrip("'+-"), host[0].rstrip("-_")
    labels = _to_the_end(domain.split("."))
    while len(labels) > 2 and (labels[-1][0].isupper() and not labels[-1].isupper()) and labels[-2].lower() in _COMMON:
        labels.pop()  # "me@example.com.Please reply"
    domain = ".".join(labels)
    last = labels[-1]
    if not local or len(last) < 2 or not (last.isalpha() or last.lower().startswith("xn--")) or len(last) > 24:
        if len(labels) > 2 and labels[-2].isalpha() and len(labels[-2]) >= 2:
            labels.pop()
            domain = ".".join(labels)
        else:
            return []
    if not local.isascii() and _cut(view, c):
        return []
    if local == "git" or (local.isdigit() and len(local) < 2 and len(labels[0]) < 2):
        return []
    start = c.start + len(text[: at - len(local)].encode())
    return [(start, start + len(f"{local}@{domain}".encode()), _EMAIL, 0.7 if last.isascii() else 0.8)]


def _cut(view: View, c: Candidate) -> bool:
    """Whether the kernel, which looks back no further than 64 bytes, began inside a sentence without blanks."""
    before = view.data[c.start - 1] if c.start > view.starts[c.row] else 32
    return bool(before >= 128 or chr(before).isalnum())


def _to_the_end(labels: list[str]) -> list[str]:
    """The labels of a host up to where a script without blanks goes on behind them: `example.jpまで`."""
    for at, label in enumerate(labels[1:], 1):
        end = _RUNS_ON.match(label)
        inside = at < len(labels) - 1
        if end and not (inside and (labels[-1].isascii() or (len(end[1]) > 2 and end[1].lower() not in _COMMON))):
            return [*labels[:at], end[1]]
    return labels


# Scripts without blanks, and one whose endings follow without one, run into an ASCII local part and on behind a host.
_ASIAN = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]"
_ASIAN_TEXT = re.compile(rf"^.*{_ASIAN}(?=[A-Za-z0-9])")
_RUNS_ON = re.compile(rf"([A-Za-z]{{2,24}}){_ASIAN}")
_COMMON = frozenset(["com", "org", "net", "edu", "gov", "io", "co", "uk", "de", "fr", "us", "info"])


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"(?<![\d.])(?<!\d[-/]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]*\.\d)(?!\d)")


def quad(view: View, c: Candidate) -> list[Span]:
    """Dotted quads: IPv4 addresses; where none fits, the run is judged as an ordinary number."""
    text = view.text(c.start, c.end)
    out: list[Span] = []
    for match in _IPV4.finditer(text):
        score = _ipv4_score(match[0], c)
        if c.flags & k.PREV_LETTER and match.start() == 0:
            score = 0.0
        if c.flags & k.NEXT_LETTER and match.end() == len(text):
            score = 0.0
        out.append((c.start + match.start(), c.start + match.end(), _IP, score))
    return out or number(view, c)


def _ipv4_score(text: str, c: Candidate) -> float:
    octets = [int(o) for o in text.split(".")]
    if c.near & VERSION and not c.near & IP:
        return 0.1
    if octets[0] == 0 or octets[0] == 127 or octets[0] >= 224:
        return 0.4 if octets[0] == 127 else 0.3
    private = octets[0] == 10 or octets[:2] == [192, 168] or (octets[0] == 172 and 16 <= octets[1] <= 31)
    if c.near & IP:
        return 0.75 if private else 0.95
    if c.near & IDENTIFIER or c.near & PAGE:
        return 0.4
    wide = sum(o > 99 for o in octets)
    if private:
        return 0.6 if wide or octets[0] == 10 else 0.5
    return 0.85 if wide >= 2 else (0.7 if wide else (0.55 if sum(o > 9 for o in octets) >= 3 else 0.4))


def number(view: View, c: Candidate) -> list[Span]:
    """Runs of digit groups: identifiers, cards, social security numbers, dates of birth, telephone numbers."""
    if c.flags & (k.PREV_LETTER | k.PREV_DECIMAL):
        return []
    known = identify(view, c) if c.flags & k.MAY_BE_ID else []
    others = plain_number(view, c) if c.flags & ~k.MAY_BE_ID or c.union & BIRTH else []
    return known + others


def plain_number(view: View, c: Candidate) -> list[Span]:
    """`number` without identifiers."""
    text = view.text(c.start, c.end)
    if _FRACTION.fullmatch(text):
        return []
    if c.union & BIRTH:
        born = birth(view, c)
        if born:
            return born
    out = _cards(view, text, c) if c.flags & k.MAY_BE_CARD else []
    if not out and c.flags & k.MAY_BE_SSN and not c.flags & k.NEXT_LETTER:
        out = _ssns(text, c)
    if not c.flags & k.MAY_BE_PHONE or _calculation(view, c, text):
        return out
    taken = [(a - c.start, b - c.start) for a, b, _, s in out if s >= 0.5]
    if not taken:
        out += telephones(view, text, c.start, c)
    else:  # what stands beside a card or a social security number on the same line
        edge = 0
        for a, b in [*taken, (len(text), len(text))]:
            piece = text[edge:a].strip(" .-()/")
            if sum(ch.isdigit() for ch in piece) >= 7:
                out += telephones(view, piece, c.start + text.index(piece, edge), c)
            edge = b
    return out


def alone_telephone(view: View, text: str, c: Candidate) -> list[Span]:
    """`plain_number` for a candidate that can be no date of birth, card or social security number."""
    return [] if _FRACTION.fullmatch(text) or _calculation(view, c, text) else telephones(view, text, c.start, c)


_OPERATOR_AFTER = re.compile(r"\s{0,2}(?:=\s{0,2}[-$€£]?[\d<]|[*×÷^]\s{0,2}\d|\+\d|<<|>>|%)")
_OPERATOR_BEFORE = re.compile(r"(?:\d\s{0,2}[*×÷^]|[$€£=]\s{0,2}-?|<<)\s{0,2}\Z")
_OPERATORS = "=*×÷^+<>%$€£".encode()


def _calculation(view: View, c: Candidate, text: str) -> bool:
    """Whether digit groups are terms of a sum: `10000-5000=5000`, `<<10800-2500=8300>>`, `821091117+4908374`."""
    low, high = max(view.starts[c.row], c.start - 4), min(view.ends[c.row], c.end + 6)
    around = bytes(view.data[low : c.start]) + bytes(view.data[c.end : high])
    if len(around.translate(None, _OPERATORS)) == len(around) and not text.startswith("+"):
        return False
    before = view.text(low, c.start)
    if text.startswith("+") and before[-1:].isdigit():
        return True
    if text.startswith("+") or "(" in text:
        return False
    after = view.text(c.end, high)
    return bool(_OPERATOR_AFTER.match(after) or (_OPERATOR_BEFORE.search(before) and not before.endswith("=")))


_FRACTION = re.compile(r"\d{1,4}\.\d{5,}(?: -?\d{1,4}\.\d{5,})*")
"""Floating-point numbers: nobody writes a telephone or card number so."""
_CARD_SHAPES = frozenset({(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1), (4, 4, 5), (4, 4, 4, 3)})
_CARD_BEGINS = frozenset(shape[:n] for shape in _CARD_SHAPES for n in range(2, len(shape) + 1))


_PREPOSITIONS = frozenset(
    word_list("""
    to with from using via by on at mit von auf über an per con desde a al da dal su avec depuis sur par com para pela met
    van naar op na z ze на с из по från till med fra til ile
    """)
)
"""Behind a thing and before a number: the number is not the thing's."""
_END_OF_SENTENCE = re.compile(r"(?<=[^\W\d_]{3})[.!?]\s+(?=[^\W\d_])")


def _numbers_a_thing(view: View, c: Candidate) -> bool:
    """Whether one of the two words before a number in its sentence, or its column, speaks of orders, transactions or
    versions: `order no. 4971...`, but not `refund the order to 4971...`. One in fifty of such numbers is a card's by
    chance. Prices do not count: no amount has twelve digits, and people pay by card."""
    if not c.near & (IDENTIFIER | VERSION):
        return False
    if view.column(c.row):
        return True
    before = view.text(max(view.starts[c.row], c.start - 64), c.start)
    last = LETTERS.findall(_END_OF_SENTENCE.split(before)[-1])[-2:]
    told = [bool(word_classes(word) & (IDENTIFIER | VERSION)) for word in last]
    return any(told) and (told[-1] or last[-1].lower() not in _PREPOSITIONS)


def _cards(view: View, text: str, c: Candidate) -> list[Span]:
    groups = [(m.start(), m.end()) for m in re.finditer(r"\d+", text)]
    out: list[Span] = []
    i = 0
    while i < len(groups):
        begin, end = groups[i]
        fraction = end - begin >= 5 and i > 0 and text[groups[i - 1][1] : begin] == "."
        joined = i > 0 and text[groups[i - 1][1] : begin] in (" ", "-")
        inside = joined and end - begin == 4 == groups[i - 1][1] - groups[i - 1][0]
        if 3 <= end - begin <= 19 and not fraction and not inside:
            found = _card_from(view, text, groups, i, c)
            if found is not None:
                j, score = found
                out.append((c.start + groups[i][0], c.start + groups[j][1], _CARD, score))
                i = j + 1
                continue
        i += 1
    return out


def _card_from(
    view: View, text: str, groups: list[tuple[int, int]], i: int, c: Candidate
) -> tuple[int, float] | None:
    digits = ""
    best: tuple[int, float] | None = None
    shape: tuple[int, ...] = ()
    spoken = bool(c.union & CARD)
    for j in range(i, min(len(groups), i + 8)):
        if j > i and text[groups[j - 1][1] : groups[j][0]] not in (" ", "-", " -", "- "):
            break
        a, b = groups[j]
        digits += text[a:b]
        shape += (b - a,)
        if len(digits) > 19 or (not spoken and j > i and shape not in _CARD_BEGINS):
            break
        if len(digits) < 12 or len(set(digits)) < 2 or not luhn(digits):
            continue
        known = issuer(digits)
        if known is None and spoken and len(digits) >= 13 and digits[0] in "23456":
            known = ("unknown", True)  # a prefix no network publishes, but the words speak of a card
        if known is None:
            continue
        seps = {text[groups[m][1] : groups[m + 1][0]] for m in range(i, j)}
        if len(shape) > 1 and (len(seps) > 1 or (shape not in _CARD_SHAPES and not spoken)):
            continue
        if known[1]:
            score = 0.8 if spoken else 0.3
        elif len(shape) > 1:
            score = 0.95
        else:
            score = 0.95 if spoken else 0.8
        if not spoken and (c.flags & k.PREV_SLASH or _numbers_a_thing(view, c)):
            score -= 0.2 if len(shape) > 1 else 0.4
        if (c.flags & k.NEXT_LETTER and j == len(groups) - 1) or isbn(digits):
            score = min(score, 0.3)
        if c.flags & k.NEXT_DECIMAL and j == len(groups) - 1:
            score -= 0.2
        best = (j, score)
    return best


_SSN_TEXT = re.compile(r"(?<![\d-])(\d{3})([- .])(\d{2})\2(\d{4})(?![\d])(?!-\d)")


def _ssns(text: str, c: Candidate) -> list[Span]:
    out: list[Span] = []
    context = bool(c.union & SSN)
    for m in _SSN_TEXT.finditer(text):
        if not ssn(m[1], m[3], m[4]) or (m.start() and c.flags & k.PREV_SIGN):
            continue
        if m[2] == "-":
            score = 0.95 if context else 0.75
        else:
            score = 0.85 if context else 0.35
        if not context and c.near & (IDENTIFIER | PHONE):
            score -= 0.3
        if m.start() == 0 and c.flags & k.PREV_SIGN:
            score -= 0.3
        out.append((c.start + m.start(), c.start + m.end(), _SSN, score))
    if not out and context and len(text) == 9 and text.isdigit() and ssn(text[:3], text[3:5], text[5:]):
        out.append((c.start, c.end, _SSN, 0.8))
    return out


def colons(view: View, c: Candidate) -> list[Span]:
    """IPv6 and MAC addresses."""
    text = view.text(c.start, c.end)
    if len(text) == 17 and re.fullmatch(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}", text):
        if c.end < view.ends[c.row] and view.data[c.end] == 58:
            return []
        return [(c.start, c.end, _MAC, 0.85 if len(set(text)) > 2 else 0.3)]
    if len(text) > 45:
        return []
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return []
    score = 0.9 if text.count(":") >= 7 or c.union & IP else 0.8
    groups = [g for g in text.split(":") if g]
    if address.is_loopback or address.is_unspecified or len(text) < 6:  # `[1::2]` is a slice
        score = 0.3
    elif "::" in text and not c.union & IP:
        # `abc::def` is also how C++, Perl and Rust write names
        if not any(ch.isdigit() for ch in text) or text.startswith("::") or len(groups) < 2 or len(groups[0]) < 3:
            score = 0.3
        elif not any(ch.isdigit() for ch in groups[0]) and not text.lower().startswith(("fe80", "fd", "fc")):
            score = 0.4
    elif "::" not in text and all(g.isdigit() and len(g) <= 2 for g in groups):
        score = 0.4
    return [(c.start, c.end, _IP, score)]


def dash_mac(view: View, c: Candidate) -> list[Span]:
    """MAC addresses written with hyphens."""
    text = view.text(c.start, c.end)
    return [(c.start, c.end, _MAC, 0.85 if any(ch.isalpha() for ch in text) else 0.6)]


def iban_account(view: View, c: Candidate) -> list[Span]:
    """International bank account numbers, in one piece or in groups, any case."""
    text = view.text(c.start, c.end)
    length = IBAN_LENGTHS.get(text[:2].upper())
    if length is None:
        return []
    compact = text.replace(" ", "").replace("-", "")
    if len(compact) < length:
        return []
    last = length
    if len(compact) < len(text):
        last = [place for place, ch in enumerate(text, 1) if ch not in " -"][length - 1]
    if (last < len(text) and text[last].isalnum()) or not iban(compact[:length].upper()):
        return []
    return [(c.start, c.start + last, _IBAN, 0.95)]


RECOGNIZERS: dict[int, Callable[[View, Candidate], list[Span]]] = {
    k.EMAIL_ODD: email,
    k.NUMBER: number,
    k.QUAD: quad,
    k.COLONS: colons,
    k.DASH_MAC: dash_mac,
    k.IBAN: iban_account,
    k.USERINFO: userinfo,
    k.KEY_VALUE: key_value,
    k.TOKEN: token,
    k.YEAR: birth,
    k.KEY_BLOCK: key_block,
    k.ALNUM: identify,
    k.BIC: bank_code,
    k.AT_NAME: at_name,
    k.USER_VALUE: user_name,
}
"""Candidate kind of the lexer -> the recogniser that judges it."""
OTHER_RECOGNIZERS = {kind: judge for kind, judge in RECOGNIZERS.items() if kind != k.ALNUM} | {k.NUMBER: plain_number}
"""The same without identifiers, which are judged all together."""
