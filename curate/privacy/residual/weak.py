"""Two weak detectors that share no code with the scanner: what things look like, and what is said before them.

`by_shape` knows forms and reads no words: tokens around an at sign (parsed by `email.utils`), digit groups, addresses
that `ipaddress` accepts, long tokens of high entropy. `by_context` knows words in seven languages ("call me on",
"Kontonummer") and names of columns, and hardly any form: what follows must hold a digit or two. Both lean to recall;
what they mark wrongly is a false capture, for a person to judge. They miss on their own account: that is the use.

Input: one text; output: (start, end, kind) in code points, kind an index into `KINDS`. Every pattern is bounded and
anchored on a rare sign, so the time is linear, about 2.5 MB/s. They know nothing of names, places and organisations.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Iterable
from email.utils import parseaddr

KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("e-mail address", ("EMAIL_ADDRESS",)),
    ("telephone number", ("PHONE_NUMBER",)),
    (
        "card, account or identity number",
        (
            "CREDIT_CARD", "IBAN", "US_SSN", "NATIONAL_ID", "TAX_ID", "PASSPORT", "DRIVER_LICENSE", "MEDICAL_ID",
            "BANK_ACCOUNT", "ROUTING_NUMBER", "SWIFT_BIC", "LICENSE_PLATE", "VIN", "DEVICE_ID",
        ),
    ),
    ("network address", ("IP_ADDRESS", "MAC_ADDRESS")),
    ("secret", ("SECRET", "PRIVATE_KEY", "URL_CREDENTIALS", "CRYPTO_WALLET")),
    ("date of birth", ("DATE_OF_BIRTH",)),
)  # fmt: skip
"""What the weak detectors look for, and the scanner's types that say the same."""
EMAIL, PHONE, NUMBER, NETWORK, SECRET, BIRTH = range(6)
Marks = list[tuple[int, int, int]]
_EDGE = ".,;:!?\"'`)]}>(<[{"
_AROUND = re.compile(r"[^\s@＠<>,;:\"'()\[\]{}|]{1,64}[@＠][^\s@＠<>,;:\"'()\[\]{}|]{3,128}")
_AT_DOT = re.compile(
    r"(?i)[\w.+-]{1,40}\s{0,2}(?:[(\[{<]\s?at\s?[)\]}>]|\sat\s|&#64;|%40)\s{0,2}[\w-]{1,40}"
    r"(?:\s{0,2}(?:[(\[{<]\s?dot\s?[)\]}>]|\sdot\s|\.)\s{0,2}[\w-]{2,20}){1,3}"
)
_WRITTEN = re.compile(r"[(\[{<] ?[aA][tT]|[ (\[{<][dD][oO][tT][ )\]}>]|&#64;|%40")
_WRITTEN_DOT = re.compile(r"(?i)[(\[{<]|\sdot\s|&#64;|%40")
_GROUPS = re.compile(r"(?<![\w.,/-])(?:\+|00)?[\d(][\d().\s/+\-‐-―]{5,24}\d(?![\w/])")
_DIGITS = re.compile(r"\d+")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{1,2}:\d{2}")
_YEARS = re.compile(r"(?<!\d)(?:1\d|20)\d{2}\W{1,3}(?:1\d|20)?\d{2}(?!\d)")
_BLOCKS = re.compile(r"(?<![\w-])(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{4}[ -]\d{6}[ -]\d{5}|\d{3}-\d{2}-\d{4})(?![\w-])")
_BANK = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){3,7}(?: ?[A-Za-z0-9]{1,3})?(?!\w)")
_NET = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[^\s]{0,39}:[^\s]{0,38}:)[0-9A-Fa-f:.]{6,45})(?![\w:])")
_HARDWARE = re.compile(r"(?i)(?<![\w:-])[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![\w:-])")
_LONG = re.compile(r"(?<![\w/+=-])[A-Za-z0-9_+/=.\-]{20,200}(?![\w/+=-])")
_BITS = 3.7
_WORDS: tuple[tuple[int, str, str], ...] = (
    (
        EMAIL,
        r"e-?mails?|mail(?:to)?|correo|courriel|posta elettronica|e-?mailadres",
        r"\S{1,64}(?:@|\(at\)|\[at\]|\sat\s)\S{2,64}",
    ),
    (
        PHONE,
        r"(?:tele)?phone|tel|mobile|cell|fax|call|whatsapp|text me|telefon(?:nummer)?|téléphone|portable"
        r"|tel[ée]fono|m[óo]vil|telefone|celular|handy(?:nummer)?|telefoon|cellulare",
        r"(?=(?:\D{0,3}\d){6})[\d+(][\d().\s/+\-‐-―]{5,28}\d",
    ),
    (
        NUMBER,
        r"credit card|debit card|card|iban|account|acct|ssn|social security|passport|licen[cs]e|tax|tin|national id"
        r"|identity|id number|insurance|policy|medical record|mrn|patient|routing|swift|konto(?:nummer)?|ausweis"
        r"|steuer(?:nummer)?|compte|carte|cuenta|tarjeta|dni|nie|nif|pasaporte|passaporto|codice fiscale|conta|cpf|rekening"
        r"|bsn|paspoort|num[ée]ro de s[ée]curit[ée] sociale",
        r"(?=(?:[A-Za-z]{0,4}[ .\-/]?\d){5})[A-Za-z]{0,4}\d[A-Za-z0-9]{0,30}"
        r"(?:[ .\-/][A-Za-z]{0,3}\d[A-Za-z0-9]{0,12}){0,8}",
    ),
    (NETWORK, r"ip|ip address|ipv[46]|mac|host|server", r"[0-9A-Fa-f]{1,4}(?:[.:\-][0-9A-Fa-f]{0,4}){3,7}"),
    (
        SECRET,
        r"password|passwd|pwd|passphrase|secret|api[ _-]?key|access[ _-]?key|token|credentials?|passwort|kennwort"
        r"|mot de passe|contrase[ñn]a|senha|wachtwoord",
        r"(?=\S{0,40}\d)\S{6,200}",
    ),
    (
        BIRTH,
        r"born|birth(?:day|date)?|dob|geboren|geburtsdatum|naissance|née?|naci(?:do|da|miento)|nascita|nat[oa] il"
        r"|nascimento|geboortedatum",
        r"\d{1,4}[-./ ](?:\d{1,2}|[^\W\d]{3,10}\.?)[-./, ]{1,2}\d{2,4}|[^\W\d]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}",
    ),
)
_LEAD = r"(?:\W{1,4}(?:[^\W\d]{1,12}\W{1,3}){0,3}|\W{0,3})"
_AFTER = tuple((kind, re.compile(rf"(?i)(?<!\w)(?:{words})(?!\w){_LEAD}({form})")) for kind, words, form in _WORDS)
_NAMED = tuple((kind, re.compile(rf"(?i)(?<![^\W_])(?:{words})(?![^\W_])")) for kind, words, _ in _WORDS)
_CELL = 64
"""Code points up to which a text is a cell that the name of its column speaks of."""


def by_shape(text: str) -> Marks:
    """Places that look like personal data, whatever stands around them."""
    out: Marks = []
    if "@" in text or "＠" in text:
        for m in _AROUND.finditer(text):
            address = m[0].strip(_EDGE).replace("＠", "@")
            local, _, domain = parseaddr(address)[1].rpartition("@")
            if local and "." in domain.strip("."):
                start = m.start() + len(m[0]) - len(m[0].lstrip(_EDGE))
                out.append((start, start + len(address), EMAIL))
    if _WRITTEN.search(text):
        out += [(m.start(), m.end(), EMAIL) for m in _AT_DOT.finditer(text) if _WRITTEN_DOT.search(m[0])]
    if any(map(str.isdecimal, text)):
        out += _numbers(text)
        for m in _HARDWARE.finditer(text):
            out.append((m.start(), m.end(), NETWORK))
        for m in _NET.finditer(text):
            if _is_address(m[0].rstrip(".:")):
                out.append((m.start(), m.start() + len(m[0].rstrip(".:")), NETWORK))
        out += [(m.start(), m.end(), SECRET) for m in _LONG.finditer(text) if _random(m[0])]
    return out


def by_context(text: str, name: str = "") -> Marks:
    """Places that follow words which announce personal data; `name` is the column's."""
    out: Marks = []
    for kind, after in _AFTER:
        out += [(m.start(1), m.start(1) + len(m[1].rstrip(_EDGE)), kind) for m in after.finditer(text)]
    if name and len(text) <= _CELL and any(c.isdecimal() or c in "@＠" for c in text):
        words = name.replace("_", " ")
        out += [(0, len(text), kind) for kind, said in _NAMED if said.search(words)]
    return [(a, b, kind) for a, b, kind in out if b > a]


def _numbers(text: str) -> Marks:
    out: Marks = [(m.start(), m.end(), NUMBER) for m in _BLOCKS.finditer(text)]
    out += [(m.start(), m.end(), NUMBER) for m in _BANK.finditer(text) if sum(map(str.isdecimal, m[0])) >= 6]
    for m in _GROUPS.finditer(text):
        found = m[0]
        digits = sum(map(str.isdecimal, found))
        bare = found.isdecimal()
        if not 7 <= digits <= 15 or bare or _DATE.search(found) or _YEARS.search(found) or "\n" in found:
            continue
        if found.count(".") == 1 and found.replace(".", "").isdecimal():
            continue  # a number with decimals
        if digits < 9 and found[0] not in "+(" and len(_DIGITS.findall(found)) < 3:
            continue  # two short numbers in a row stand in every address
        out.append((m.start(), m.end(), PHONE))
    return out


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _random(token: str) -> bool:
    """Whether a token has the mix of characters and the entropy of a generated key."""
    kinds = sum(bool(re.search(kind, token)) for kind in ("[a-z]", "[A-Z]", r"\d"))
    if kinds < 3 or token.count("/") > 2 or token.count(".") > 2 or token.count("-") > 3:
        return False
    share = [n / len(token) for n in Counter(token).values()]
    return -sum(p * math.log2(p) for p in share) >= _BITS


def kind_of_type(types: Iterable[str]) -> dict[str, int]:
    """The scanner's types that some kind here stands for."""
    wanted = set(types)
    return {name: kind for kind, (_, names) in enumerate(KINDS) for name in names if name in wanted}
