"""Invented personal data and what looks like it, with the sentences that carry it.

Every value is taken from a range that its issuer keeps free for fiction, tests or documentation, where there is one:
example.com and its like (RFC 2606), 555-01xx and the national drama numbers, published test cards, the sample IBANs of
the IBAN registry, documentation networks (RFC 5737, RFC 3849). Social security numbers have no such range that is valid
in form; those here have area numbers 773-899, which were never assigned before numbers became random in 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

from sample_data._draw import Draw
from sample_data._grammar import Grammar

TYPES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN", "US_SSN", "IP_ADDRESS", "URL_CREDENTIALS")
_WEIGHTS = (30, 24, 11, 9, 8, 10, 8)
_FIRST = (
    "ana.petrov", "lee.c", "m.okafor", "sofia", "jan_k", "r.haddad", "tomas.lind", "priya89", "w.oduya", "noor.b",
    "elif", "emma.roos", "d.silva", "kenji", "mira.v", "hugo.p", "olu.a", "zoe-t", "sam.brandt", "luca+shop",
    "nadia.k", "ivan.m", "grace.o", "felix99", "carmen.r", "yusuf.t", "hana.w", "peter.van.dal",
)  # fmt: skip
_DOMAINS = (
    "example.com", "example.org", "example.net", "mail.example.com", "post.example.org", "example.edu",
    "uni.example.net", "corp.example.com", "kontor.example.org",
)  # fmt: skip
_CARDS = (
    "4242424242424242", "4111111111111111", "4012888888881881", "5555555555554444", "5105105105105100",
    "2223003122003222", "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
    "3530111333300000", "4000056655665556",
)  # fmt: skip
_IBANS = (
    "GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NL91ABNA0417164300",
    "ES9121000418450200051332", "IT60X0542811101000000123456", "CH9300762011623852957", "AT611904300234573201",
    "PL61109010140000071219812874", "SE4550000000058398257466", "NO9386011117947",
    "DK5000400440116243", "IE29AIBK93115212345678", "PT50000201231234567890154", "FI2112345600000785",
)  # fmt: skip
_PASSWORDS = ("hunter2", "s3cret", "Tr0ub4dor", "letmein99", "pa55word", "blue-kite7", "qwerty12", "N0tMyPass")
_PLACES = (("https", "/orders"), ("https", "/login"), ("ftp", "/invoices"), ("postgres", ":5432/shop"))
_HOSTS = ("shop.example.com", "api.example.org", "files.example.net", "db.example.com")
_GRAMMAR = Grammar("common", "personal")


@dataclass(frozen=True)
class Item:
    """One value inside a text."""

    kind: str
    """`pii`, or `distractor` for what only looks like it."""
    type: str
    """What it is, or what it looks like."""
    value: str


def personal(draw: Draw, kind: str | None = None) -> tuple[str, Item]:
    """A sentence that holds personal data, as (text with ¤ for the value, value)."""
    kind = kind or draw.weighted(list(zip(TYPES, _WEIGHTS)))
    makers = {
        "EMAIL_ADDRESS": _email, "PHONE_NUMBER": _phone, "CREDIT_CARD": _card, "IBAN": _iban,
        "US_SSN": _ssn, "IP_ADDRESS": _ip, "URL_CREDENTIALS": _url,
    }  # fmt: skip
    value = makers[kind](draw)
    if kind != "URL_CREDENTIALS":
        return _GRAMMAR.say(kind.lower(), draw, {}), Item("pii", kind, value)
    # Only the user name and the password are personal; the rest of the address stays readable.
    scheme, tail = draw.pick(_PLACES)
    sentence = _GRAMMAR.say("url_credentials" if scheme == "https" else "database_url", draw, {})
    return sentence.replace("¤", f"{scheme}://¤@{draw.pick(_HOSTS)}{tail}"), Item("pii", kind, value)


def distractor(draw: Draw) -> tuple[str, Item]:
    """A sentence with a number or word that looks like personal data and is none."""
    looks_like = draw.pick(("PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IP_ADDRESS", "EMAIL_ADDRESS", "IBAN"))
    value = _GRAMMAR.say("value_like_" + looks_like.lower(), draw, {})
    if looks_like == "CREDIT_CARD" and _luhn(value):
        value = value[:-1] + str((int(value[-1]) + 1) % 10)
    return _GRAMMAR.say("like_" + looks_like.lower(), draw, {}), Item("distractor", looks_like, value)


def _luhn(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()][::-1]
    return sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0


def _email(draw: Draw) -> str:
    name = draw.pick(_FIRST) + (str(draw.between(2, 99)) if draw.chance(0.3) else "")
    return (name.title() if draw.chance(0.1) else name) + "@" + draw.pick(_DOMAINS)


def _phone(draw: Draw) -> str:
    return _GRAMMAR.say("value_phone", draw, {})


def _grouped(value: str, sizes: tuple[int, ...], separator: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return separator.join(p for p in parts if p)


def _card(draw: Draw) -> str:
    number = draw.pick(_CARDS)
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4)
    return draw.pick((number, _grouped(number, sizes, " "), _grouped(number, sizes, " "), _grouped(number, sizes, "-")))


def _iban(draw: Draw) -> str:
    value = draw.pick(_IBANS)
    return draw.pick((value, _grouped(value, (4,) * 8, " ")))


def _ssn(draw: Draw) -> str:
    area, group, serial = draw.between(773, 899), draw.between(10, 99), draw.between(1000, 9998)
    return f"{area}-{group}-{serial}"


def _ip(draw: Draw) -> str:
    if draw.chance(0.3):
        tail = f"{draw.between(1, 0xFFFF):x}"
        return draw.pick((f"2001:db8::{tail}", f"2001:db8:{tail}::1", f"2001:db8:85a3::8a2e:370:{tail}"))
    return draw.pick(("192.0.2.", "198.51.100.", "203.0.113.")) + str(draw.between(1, 254))


def _url(draw: Draw) -> str:
    return draw.pick(_FIRST).split("+")[0] + ":" + draw.pick(_PASSWORDS)
