"""Made-up telephone numbers, from ranges that are set aside for fiction.

Sources: NANPA (555-0100 to 555-0199 in every area code of North America), Ofcom's numbers for drama, ACMA's fictitious
numbers, the Bundesnetzagentur's numbers for media, Arcep's numbers for audiovisual works, PTS' numbers for books and
films, ComReg's 020 91. Elsewhere no range is known here: digits are drawn until the numbering plan, as phonenumbers has
it, holds no such number. Every surrogate is verified (`is_nobodys`) before it is served.

The digits stand in the layout of the real number: trunk prefix, country code, brackets and blanks stay. An extension is
drawn anew. North American area codes are drawn too, since they say where somebody lives.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from curate.privacy.canonical import plain, telephone
from curate.privacy.surrogates.draw import Draw, listed

_AREAS = listed(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 "
    "253 254 256 260 262 267 269 270 272 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 "
    "320 321 323 325 330 331 334 336 337 339 346 347 351 352 360 361 385 386 401 402 404 405 406 407 408 409 410 412 "
    "413 414 415 417 419 423 424 425 432 434 435 440 442 443 458 463 464 469 470 475 478 479 480 484 501 502 503 504 "
    "505 507 508 509 510 512 513 515"
)
_MOBILE_AU = listed(
    "570006 570156 570157 570158 570159 570110 570313 570737 571266 571491 571804 572549 572665 572983 573770 573087 "
    "574118 574632 575254 575789 576398 576801 577426 577644 578957 578148 578888 579212 579760 579455"
)
RESERVED: dict[int, tuple[tuple[str, tuple[str, ...]], ...]] = {
    1: (("", ("AAA55501dd",)),),
    44: (
        ("7", ("7700900ddd",)),
        ("20", ("2079460ddd",)),
        ("28", ("2896496ddd",)),
        ("29", ("2920180ddd",)),
        ("808", ("8081570ddd",)),
        ("9", ("9098790ddd",)),
        ("3", ("3069990ddd",)),
        ("11", ("1134960ddd", "1144960ddd", "1154960ddd", "1164960ddd", "1174960ddd", "1184960ddd")),
        ("1", ("1214960ddd", "1314960ddd", "1414960ddd", "1514960ddd", "1614960ddd", "1914980ddd", "1632960ddd")),
        ("", ("1632960ddd",)),
    ),
    61: (
        ("4", tuple(f"491{number}" for number in _MOBILE_AU)),
        *((area, (f"{area}5550dddd", f"{area}7010dddd")) for area in "2378"),
    ),
    49: (
        ("15", ("17139200dd", "176040690dd")),
        ("16", ("17139200dd", "176040690dd")),
        ("17", ("17139200dd", "176040690dd")),
        ("", ("3023125ddd", "6990009ddd", "4066969ddd", "2214710ddd", "8999998ddd")),
    ),
    33: (
        ("1", ("19900dddd",)), ("2", ("26191dddd",)), ("3", ("35301dddd",)), ("4", ("46571dddd",)), ("5", ("53649dddd",)),
        ("", ("63998dddd",)),
    ),
    46: (("7", ("70174061d", "7017406dd")), ("", ("8465004dd", "3139006dd", "4062804dd"))),
    353: (("", ("2091ddddd",)),),
}  # fmt: skip
"""Country code -> (how a real number begins, ranges that take its place); `d` a digit drawn, `AAA` an area code drawn."""
_EXTENSION = re.compile(r";?\s*(?:ext|extn|extension|x|#)\.?\s*:?\s*\d{1,7}\s*$", re.IGNORECASE)
_ATTEMPTS = 40


def drawn(country: int, national: str, draw: Draw) -> str:
    """A national number that is nobody's, of the length of a real one where a range has it."""
    for begins, templates in RESERVED.get(country, ()):
        if national.startswith(begins):
            fitting = [t for t in templates if len(t) == len(national)]
            if fitting:
                template = draw.choice(fitting)
                if template.startswith("AAA"):
                    template = draw.choice(_AREAS) + template[3:]
                number = draw.filled(template)
                # The Swedish range for mobiles begins at 05.
                return number if not re.fullmatch(r"70174060[0-4]", number) else number[:-1] + draw.choice("56789")
            break
    return _unassigned(country, national, draw)


def _unassigned(country: int, national: str, draw: Draw) -> str:
    """Digits of that length which the numbering plan does not know."""
    size = max(len(national), 5)
    for attempt in range(_ATTEMPTS):
        # The first digits are kept at first, so that a mobile still looks like one.
        kept = national[: max(0, 2 - attempt // 10)]
        number = kept + draw.text("0123456789", size - len(kept))
        parsed = phonenumbers.PhoneNumber(country_code=country, national_number=int(number))
        if not number.startswith("0") and not phonenumbers.is_valid_number(parsed):
            return number
    return "5" * (size - 3) + draw.text("0123456789", 3)


def surrogate(value: str, region: str, draw: Draw) -> str:
    """A number that is nobody's, laid out as the real one is written."""
    written = plain(value)
    country, national = telephone(value, region)
    extension = _EXTENSION.search(written)
    if extension:
        written, more = written[: extension.start()], written[extension.start() :]
        country, national = telephone(written, region)
    if not country:
        country = phonenumbers.country_code_for_region(region) or 1
        if not national:
            national = "2125550123" if country == 1 else "0000000000"
    out = _laid_out(written, national, drawn(country, national, draw))
    return out + re.sub(r"\d", lambda _: draw.choice("123456789"), more) if extension else out


def _laid_out(written: str, national: str, new: str) -> str:
    """`new` in the places where the national number's digits stand, the last of all digits."""
    places = [i for i, c in enumerate(written) if c.isdigit()]
    digits = "".join(str(int(written[i])) for i in places)
    at = digits.rfind(national)
    if not national or at < 0 or len(new) != len(national):
        return new
    out = list(written)
    for place, digit in zip(places[at : at + len(national)], new, strict=True):
        out[place] = digit
    return "".join(out)


def is_nobodys(value: str, region: str = "US") -> bool:
    """Whether a number is set aside for fiction, or none that the numbering plan knows."""
    country, national = telephone(value, region)
    if not country or not national:
        return True
    if is_reserved(country, national):
        return True
    return not phonenumbers.is_valid_number(phonenumbers.PhoneNumber(country_code=country, national_number=int(national)))


def is_reserved(country: int, national: str) -> bool:
    """Whether a national number lies in one of the ranges above."""
    return any(pattern.fullmatch(national) for pattern in _ranges(country))


@lru_cache(maxsize=64)
def _ranges(country: int) -> tuple[re.Pattern[str], ...]:
    templates = (t for _, some in RESERVED.get(country, ()) for t in some)
    return tuple(re.compile(r"\d{3}55501\d\d" if "AAA" in t else t.replace("d", r"\d")) for t in templates)
