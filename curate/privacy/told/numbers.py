"""Digits that a sentence tells: PINs, and the codes on the backs of cards."""

from __future__ import annotations

import re

from curate.privacy.told.tokens import Value, ends, is_mine, tokens

_OF_TELEPHONES = ("PIN1", "PIN2", "PUK", "PUK1", "PUK2")
_CARD = re.compile(r"(?i)\b(?:card|debit|credit|exp|visa|mastercard|amex|karte|carte|tarjeta|carta|cartão|kart|kort|карт)")


_OF_SOMETHING = re.compile(r"\s*(?:%|digits?\b|numbers?\b|characters?\b|stellig|chiffres\b|cifras\b|cifre\b)")
_TYPED = re.compile(r"(?i)\b(?:use|enter|with|type|your|the card|card|new|old|code) \Z")


def pin(word: str, before: str, rest: str) -> Value | None:
    """Digits behind PIN: told ("PIN: 4711", "the PIN is 4711"), or somebody's ("my pin 4711", then up to six). Those of a
    card for telephones have numbers (`PIN1 4711`), and what opens it again eight digits (`PUK`)."""
    mine, of_telephone = is_mine(before), word in _OF_TELEPHONES
    if (word != "PIN" and not of_telephone and not mine) or before.endswith(('"', "'")):
        return None
    if word.startswith("PUK"):
        return _digits(rest, (8,), must_be_told=False, mine=mine)
    said = of_telephone or (word == "PIN" and (mine or _TYPED.search(before) is not None))
    return _digits(rest, (4, 5, 6) if mine else (4,), must_be_told=not said, mine=mine)


def card_code(word: str, before: str, rest: str) -> Value | None:
    return _digits(rest, (3, 4), must_be_told=_CARD.search(before) is None, mine=False)


def _digits(rest: str, sizes: tuple[int, ...], must_be_told: bool, mine: bool) -> Value | None:
    for token in tokens(rest):
        value = token.text.rstrip(".,;!?)")
        told_so = token.joined in ("told", "sign") and "=" not in rest[: token.start]
        if value.isascii() and value.isdigit() and len(value) in sizes and (told_so or not must_be_told):
            year = len(value) == 4 and value[:2] in ("19", "20")
            year_or_row = year or len(set(value)) == 1 or value in "0123456789"
            alone = ends(rest, token, value)
            if len(value) == 3 and not alone:  # a code of a card stands among other fields
                alone = _OF_SOMETHING.match(rest[token.start + 3 :]) is None
            fit = not token.away and (mine or not year_or_row) and alone
            return Value(token.start, value, 0.6) if fit else None
        if told_so and token.away:
            return None
    return None
