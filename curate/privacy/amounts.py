"""Amounts that stand behind a word for accounts: `на рахунок надійшло 12500000 гривень` tells no account.

The words of an account, a passport or an identity number speak of prices and balances as often. A bare number gets a score
below what is reported by default where a currency stands right behind or before it, or where it ends in five zeros, as one
real number in a hundred thousand does. Cost: some two microseconds a span of these types, ten where the words around it are
new.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.types import KIND
from curate.privacy.words import word_list

AMOUNT = 0.4
_UNCHECKED = "bank_account account account_linked national_id tax_id passport medical_record health_plan"
_KINDS = [KIND["intl_" + name] for name in _UNCHECKED.split()]
_CURRENCIES = word_list("""
    usd eur gbp chf jpy cny inr idr vnd thb myr php kes tzs ugx ngn zar ghs egp sar aed uah pln czk huf bgn rsd mkd
    dollar dolar dólar euro euró eura avro evro pound franken yen rupee rupiah rupi ringgit peso pesos reais lira
    liras lek lekë leva dinar dinara denar kuna koruna korun koron krona kronor kroner forint złot zlot litas latu
    shilling shilingi naira cedi birr manat tenge dirham riyal rial đồng baht taka hryvn bolívares soles pesset
    escudo drachm ks ft kr kč zł tl rs rp ksh tsh евро долар доллар рубл руб гривен гривн грн лев лева динар денар
    тенге теңге сом сум төгрөг злот крон ευρώ ευρω δραχμ دينار ريال درهم جنيه ليرة دولار يورو تومان ریال روپے روپیہ
    דולר שקל ש"ח אירו रुपय रुपए रूपय टका টাকা ரூபா రూపాయ રૂપિ ರೂಪಾಯಿ രൂപ ਰੁਪ บาท ლარ დოლარ ევრო դրամ դոլար եվրո ብር
""")
_WORDS = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_SIGNS = "[€$£¥₹₽₺₴₩₫₱₦₸₾฿]"
_NAMED = rf"(?:{_WORDS})(?:[a-zà-ž]{{0,2}}|[^\W\da-z]{{0,5}})"
"""A currency, with an ending."""
_BEHIND = re.compile(rf"\s?(?:{_SIGNS}|%|{_NAMED}(?!\w))", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_SIGNS}|(?<!\w){_NAMED}\.?)\s?\Z", re.IGNORECASE)
_TO_DIGIT, _BEFORE_DIGIT = re.compile(r"\D*\d?"), re.compile(r".*(?=\d)", re.DOTALL)
_ROUND = re.compile(r"[1-9]\d{0,6}00000")


def of_money(text: Block, at: npt.NDArray[np.int64], score: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The scores, those of amounts lowered."""
    numbers = np.flatnonzero(np.isin(at[:, 3], _KINDS) & (score > AMOUNT) & (at[:, 2] - at[:, 1] <= 14))
    if not len(numbers):
        return score
    out = score.copy()
    for n in numbers.tolist():
        row, start, end, _ = at[n].tolist()
        value = text.read(start, end)
        if not value.isdigit():
            continue
        behind = text.read(end, min(int(text.ends[row]), end + 40))
        before = text.read(max(int(text.starts[row]), start - 40), start)
        beside = _currency_behind(_signs_to_digit(behind)) or _currency_before(_signs_from_digit(before))
        if beside or _ROUND.fullmatch(value):
            out[n] = AMOUNT
    return out


def _signs_to_digit(text: str) -> str:
    """The beginning of a text up to its first digit: no currency reaches beyond, and many numbers have the same."""
    end = _TO_DIGIT.match(text)
    return end[0] if end else text


def _signs_from_digit(text: str) -> str:
    """The end of a text from its last digit on."""
    before = _BEFORE_DIGIT.match(text)
    return text[before.end() :] if before else text


@lru_cache(maxsize=4096)
def _currency_behind(text: str) -> bool:
    return _BEHIND.match(text) is not None


@lru_cache(maxsize=4096)
def _currency_before(text: str) -> bool:
    return _BEFORE.search(text) is not None
