"""Telephone numbers: shapes first, then the numbering plan, then the words around.

Validity comes from the metadata of `phonenumbers` (Google's libphonenumber), compiled here into one alternation per
calling code: a check costs a few microseconds where `phonenumbers.parse` costs fifty. The tests compare both.

Scores: international and valid 0.95; a North American shape that is assigned 0.85; a national format that is valid in
the default region 0.7; any shape with words such as "call" or "fax" beside it 0.75; an unassigned North American shape
0.55 with hyphens and 0.6 with an extension or brackets (synthetic and fictional numbers look so). Below 0.5 nothing is
reported. Orders, ISBNs, dates, years, decimals, prices and times are refused before any of that.

Bounded: a region is at most ~100 bytes; at most eight groups are joined. It does not read spelled-out digits.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Protocol, TypeVar, cast

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from curate.privacy.checks import isbn

_KINDS = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
"voicemail", )  # fmt: skip
# Where a leading zero begins a national number often written without its country; tried when no word speaks for it.
_TRUNK_REGIONS = (
    "GB", "FR", "DE", "IT", "NL", "BE", "CH", "AT", "SE", "FI", "AU", "NZ", "ZA", "IN", "JP", "KR", "IL", "TR", "IE",
)  # fmt: skip


class Follower(Protocol):
    """Whoever follows one number for many of the same form, and notes what is asked about its digits."""

    def ask(self, question: Callable[..., bool | None], text: str, more: tuple[Any, ...]) -> bool | None:
        """The answer for the number that is followed."""


class _Following(threading.local):
    follower: Follower | None = None


following = _Following()
_Q = TypeVar("_Q", bound=Callable[..., Any])


def question(answer: _Q) -> _Q:
    """Mark a function of a text as a question about its digits: everything else that `find_phones` does must depend on
    signs, sizes of groups and their leading noughts and ones alone (`phone_crowds`)."""

    @wraps(answer)
    def ask(text: str, *more: Any) -> bool | None:
        follower = following.follower
        return answer(text, *more) if follower is None else follower.ask(answer, text, more)

    return cast(_Q, ask)


@dataclass(frozen=True)
class Plan:
    """The numbering plan of a calling code, and how its numbers are dialled inside one of its regions."""

    valid: re.Pattern[str]
    prefix: re.Pattern[str] | None
    transform: str | None


def _metadata(region: str, code: int) -> Any:
    if region == "001":
        return PhoneMetadata.metadata_for_nongeo_region(code, None)
    return PhoneMetadata.metadata_for_region(region, None)


@lru_cache(maxsize=512)
def _valid_pattern(code: int) -> re.Pattern[str]:
    """All assigned national numbers of a calling code, whatever the region and the kind of line."""
    patterns: dict[str, None] = {}
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        metadata = _metadata(region, code)
        for kind in _KINDS:
            pattern = getattr(getattr(metadata, kind, None), "national_number_pattern", None)
            if pattern and pattern != "NA":
                patterns[pattern] = None
    return re.compile("|".join(f"(?:{p})" for p in patterns) or r"(?!)")


@lru_cache(maxsize=512)
def plan_of(region: str, code: int) -> Plan:
    metadata = _metadata(region, code)
    prefix = metadata.national_prefix_for_parsing
    return Plan(_valid_pattern(code), re.compile(prefix) if prefix else None, metadata.national_prefix_transform_rule)


def fits(plan: Plan, national: str) -> bool:
    if not 4 <= len(national) <= 17:
        return False
    if plan.valid.fullmatch(national):
        return True
    match = plan.prefix.match(national) if plan.prefix else None
    if match is None or not match.end():
        return False
    rest = national[match.end() :]
    if plan.transform and match.lastindex:
        rest = match.expand(plan.transform) + rest
    return plan.valid.fullmatch(rest) is not None


@question
def valid_international(digits: str) -> bool | None:
    """Whether digits after a `+` are an assigned number; None where no country has the calling code."""
    for size in (1, 2, 3):
        code = int(digits[:size] or 0)
        regions = COUNTRY_CODE_TO_REGION_CODE.get(code)
        if regions:
            return fits(plan_of(regions[0], code), digits[size:])
    return None


@lru_cache(maxsize=512)
def calling_code(region: str) -> int:
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if region in regions:
            return int(code)
    return 0


@question
def valid_national(digits: str, region: str) -> bool:
    """Whether digits dialled inside `region` are an assigned number of its calling code's plan."""
    code = calling_code(region)
    return bool(code) and fits(plan_of(region, code), digits)


_EXTENSION = re.compile(r"(?:[ ]?(?:x|ext\.?|extension|#)[ ]?)(\d{1,6})(?!\d)", re.IGNORECASE)
_NANP = re.compile(
    r"(?<![\d.])(?:(?P<intl>(?:\+|00|011[- ]?)1[-. ]?|1[-. ])?)"
    r"(?P<open>\()?(?P<area>\d{3})(?(open)\)[-. ]?|(?P<sep>[-. ]))(?P<mid>\d{3})(?P<sep2>[-. ])(?P<line>\d{4})(?!\d)"
)
_SPLIT = re.compile(r"\D+")
_DATE = re.compile(
    r"(?:(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)?\d\d)(?:[-/ ]+\d{1,4})?"
)
_YEARS = re.compile(r"(?:1[0-9]|20)\d\d(?:[-/ ]{1,3}(?:1[0-9]|20)\d\d)+")
_COMPACT_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}|\d{6})?")


_GROUPED_DECIMAL = re.compile(r"\d{1,3}\.\d{3}(?: \d{3,4})+")
"""`1.602 176 6208`: a decimal with its digits in groups."""
_THOUSANDS = re.compile(r"[1-9](?: \d{3}){2,}|[1-9]\d{0,2}(?: 000){2,}|[1-9]\d{0,2} \d{3}(?: 000)+")
_RANGE = re.compile(r"(\d{3,5}0) ?- ?(\d{3,5}0)")


_PLAIN_DATE = re.compile(
    r"(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-./])(?:0?[1-9]|[12]\d|3[01])\2(?:(?:19|20)\d\d|\d\d)"
)


@question
def is_dateish(text: str, spoken: bool = False) -> bool:
    """Dates, ranges of years and of round numbers, compact timestamps; where words speak of a telephone (`spoken`), only
    dates as everybody writes them."""
    if spoken and len(text) > 8:
        return bool(_PLAIN_DATE.fullmatch(text) or _YEARS.fullmatch(text))
    between = _RANGE.fullmatch(text)
    if between and len(between[1]) == len(between[2]) and between[1] < between[2]:
        return True
    return bool(_DATE.fullmatch(text) or _YEARS.fullmatch(text) or _COMPACT_DATE.fullmatch(text))


@question
def compact_date(digits: str) -> bool:
    """Year, month and day in one, perhaps with a time."""
    return bool(_COMPACT_DATE.fullmatch(digits))


@question
def thousands(text: str) -> bool:
    """An amount in groups of three."""
    return bool(_THOUSANDS.fullmatch(text))


@question
def one_digit(digits: str) -> bool:
    """One digit over and over: it stands for a number."""
    return len(set(digits)) == 1


book_number = question(isbn)

SHAPES_ASKED: dict[Callable[..., Any], tuple[re.Pattern[str], ...]] = {
    is_dateish: (_DATE, _YEARS, _COMPACT_DATE, _RANGE, _PLAIN_DATE), compact_date: (_COMPACT_DATE,),
    thousands: (_THOUSANDS,),
}  # fmt: skip
"""For questions that can be answered with yes for texts of certain forms only: those forms."""


def bare_score(digits: str, *, context: bool, region: str) -> float:
    """Score of a number of digits alone."""
    if not 7 <= len(digits) <= 15 or one_digit(digits):
        return 0.0
    if not (context and len(digits) > 8) and compact_date(digits):
        return 0.0
    if digits.startswith("00") and len(digits) >= 10 and valid_international(digits[2:]):
        return 0.9 if context else 0.55
    return _one_group(digits, context=context, region=region)


def _one_group(digits: str, *, context: bool, region: str) -> float:
    if not context:
        return 0.35 if valid_national(digits, region) else 0.0
    likely = len(digits) <= 12 or valid_international(digits) or (len(digits) == 13 and digits[:2] == "00")
    return 0.8 if valid_national(digits, region) else (0.7 if likely else 0.4)


def _shape_score(text: str, *, context: bool, region: str) -> float:
    """Score of one whole candidate such as `0494 92 82 32`, `+41 (0)62 915 44 00` or `5551234567`."""
    if text.isdigit() and (text.isascii() or following.follower):
        return bare_score(text, context=context, region=region)
    if is_dateish(text, context):
        return 0.0
    groups = [g for g in _SPLIT.split(text) if g]
    digits = "".join(groups)
    if not 7 <= len(digits) <= 15 or len(groups) > 8 or one_digit(digits):
        return 0.0
    if not _PAIRED.fullmatch(text):
        if not _AREA_BRACKET.fullmatch(text):
            return 0.0  # "76, 065103 (2005"
        text = text.replace(")", "-", 1)
    if thousands(text):
        return 0.0
    international = text.startswith("+")
    if "/" in text and not ((context or international) and text.count("/") == 1 and len(digits) >= 9):
        german = _AREA_SLASH.fullmatch(text) and any(valid_national(digits, r) for r in _SLASH_REGIONS)
        return 0.55 if german else 0.0
    if text.count(".") == 1 and len(groups) == 2 and not text.startswith("0"):
        # A decimal number, unless written as domain registries do (RFC 5733): `+39.0104481207`.
        return 0.85 if _REGISTERED.fullmatch(text) and valid_international(digits) else 0.0
    if len(groups) in (4, 5) and len(groups[-1]) == 1 and book_number(text):
        return 0.0
    if international:
        known = valid_international(digits.replace("0", "", 1) if "(0)" in text else digits)
        if known is None:
            known = valid_international(digits)
        if known:
            return 0.95
        if "(0)" in text and valid_international(text.replace("(0)", "").replace("+", "").translate(_DROP)):
            return 0.95
        if known is None or len(digits) < 8:
            return 0.6 if context and len(digits) >= 8 else 0.0
        return 0.85 if context else (0.6 if len(digits) >= 9 else 0.3)
    if digits.startswith("00") and len(digits) >= 10:
        rest = text.replace("(0)", "").translate(_DROP)[2:]
        if valid_international(rest):
            return 0.9 if len(groups) > 1 or context else 0.55
    if len(groups) == 1:
        return _one_group(digits, context=context, region=region)
    single = sum(len(g) == 1 for g in groups[1:])
    if single and not _BRAZILIAN.fullmatch(text):
        return 0.0 if len(digits) < 9 or not context or single > 1 else 0.5
    if valid_national(digits, region):
        # Without words, ten digits in pairs or "12345 67890" may be anything; the usual grouping is judged before.
        return 0.85 if context else (0.7 if region not in ("US", "CA") else 0.4)
    if context:
        return 0.75
    most = 12 if len(groups) == 2 else 11
    if digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= most and min(map(len, groups)) >= 2:
        plain = (not any(len(g) > 5 for g in groups) or len(groups) == 2) and len(groups[0]) <= 5
        plain = plain and not ("." in text and "-" in text)
        if plain and text.count("-") <= 1 and any(valid_national(digits, r) for r in _TRUNK_REGIONS):
            return 0.55
        if _IN_THREE.fullmatch(text) and any(valid_national(digits, r) for r in _HYPHEN_REGIONS):
            return 0.55
        if _IN_PAIRS.fullmatch(text) and valid_national(digits, "FR"):
            return 0.55
    if _BRAZILIAN.fullmatch(text) and valid_national(digits, "BR"):
        return 0.6
    return 0.0


_REGISTERED = re.compile(r"\+\d{1,3}\.\d{7,14}")
_PAIRED = re.compile(r"[^()]*(?:\([^()]*\)[^()]*)*")
_AREA_BRACKET = re.compile(r"0\d{1,4}\) ?\d{3,4}[- ]?\d{3,4}")
"""`02)312-3456`, the Korean way to set the area code apart."""
_AREA_SLASH, _SLASH_REGIONS = re.compile(r"0\d{2,4} ?/ ?\d{2,9}(?:[ -]\d{2,5}){0,3}"), ("DE", "AT")
_IN_THREE, _HYPHEN_REGIONS = re.compile(r"0\d{1,3}-\d{3,4}-\d{4}"), ("JP", "KR", "TH", "ID", "TW", "MY")
_IN_PAIRS = re.compile(r"0[1-9](?:-\d\d){4}")
_BRAZILIAN = re.compile(r"\(\d\d\) ?(?:9 )?\d{4,5}-\d{4}")


_DROP = {ord(c): None for c in " .-()/+"}


def find_phones(
    text: str, tail: str, *, context: bool, context_after: bool, blocked: bool, region: str
) -> list[tuple[int, int, float]]:
    """Spans (start, end, score) of telephone numbers in one run of digit groups.

    `tail` is the text after the run (for an extension). `context`: the nearest listed word before speaks of telephones;
    `context_after`: one right after does; `blocked`: the nearest speaks of orders, versions or money.
    """
    out: list[tuple[int, int, float]] = []
    helped = context or (context_after and not blocked)
    if text.isdigit() and (text.isascii() or following.follower):
        score = bare_score(text, context=helped, region=region) - 0.4 * blocked
        if score < 0.5:
            return out
        extension = _EXTENSION.match(tail)
        return [(0, len(text) + extension.end(), max(score, 0.6))] if extension else [(0, len(text), score)]
    if not helped and _GROUPED_DECIMAL.fullmatch(text):
        return out

    def add(start: int, end: int, score: float) -> None:
        if end == len(text):
            extension = _EXTENSION.match(tail)
            if extension:
                end += extension.end()
                score = max(score, 0.6)
        out.append((start, end, score))

    rest_from = 0
    matches = list(_NANP.finditer(text))
    for match in matches:
        before, after = text[: match.start()], text[match.end() :]
        if before and len(before) < 8 and 0 < sum(ch.isdigit() for ch in before) < 7:
            continue  # "21 284 698 2548": the shape is only the end of a longer number
        if (before and before[-1] not in " (") or (after and after[0] not in " )" and after[:2] not in (" (",)):
            continue
        nsn = match["area"] + match["mid"] + match["line"]
        if one_digit(nsn):
            continue  # 000-000-0000 stands for a number
        valid = nsn[0] > "1" and nsn[3] > "1" and valid_national(nsn, "US")
        bracket = match["open"] is not None
        uniform = bracket or match["sep"] == match["sep2"]
        if valid:
            score = 0.9 if helped else (0.85 if uniform and (bracket or match["sep"] != " ") else 0.6)
            if not helped and not uniform and "." in (match["sep"], match["sep2"]):
                score = 0.4  # "206.766 9894" is a constant of nature
        elif helped:
            score = 0.75
        else:
            score = 0.6 if bracket or match["intl"] else (0.55 if match["sep"] == match["sep2"] == "-" else 0.35)
        if blocked and not match["intl"]:
            score -= 0.1 if bracket and match["sep2"] == "-" else 0.4  # "(480) 555-0126" is written of telephones only
        if blocked and book_number(match[0]):
            score = 0.0
        if match.end() == len(text) and _EXTENSION.match(tail):
            score = max(score, 0.6)
        add(match.start(), match.end(), score)
        rest_from = match.end()
    if out:
        rest = text[rest_from:]
        if sum(c.isdigit() for c in rest) < 7:
            return out
    base = rest_from
    body = text[base:]
    stripped = body.lstrip(" .-)/")
    base += len(body) - len(stripped)
    score = _shape_score(stripped, context=helped, region=region)
    if blocked and not stripped.startswith("+"):
        score -= 0.4
    if score >= 0.5:
        add(base, len(text), score)
        return out
    out.extend(_pieces(stripped, base, helped and not blocked, region))
    return out


def _pieces(text: str, base: int, helped: bool, region: str) -> list[tuple[int, int, float]]:
    """Numbers among others on one line: words that are numbers by themselves, or, with context, short joins."""
    words = [(m.start(), m.end()) for m in re.finditer(r"[^ ]+", text)]
    out: list[tuple[int, int, float]] = []
    if len(words) < 2 or (len(words) > 10 and not helped):
        return out
    i = 0
    while i < len(words):
        for j in range(min(len(words), i + 5), i, -1):
            start, end = words[i][0], words[j - 1][1]
            if j - i == len(words):
                continue
            piece = text[start:end].rstrip(".-()/ ")
            score = _shape_score(piece, context=helped, region=region)
            if score >= 0.5:
                out.append((base + start, base + start + len(piece), score))
                i = j - 1
                break
        i += 1
    return out
