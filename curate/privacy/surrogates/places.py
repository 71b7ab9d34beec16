"""Made-up places, organisations, street addresses and coordinates.

A country becomes another country, a state of the US another one, any other place a town that is put together from two
words and stands on no map that we know of. An organisation keeps its legal form and the words that say what it is
(Inc, GmbH, University, Bank); its name is put together. A street address keeps its form and its street word; house
numbers are drawn, postcodes become ones that are not given out where such are known (US: 000). Coordinates move to the
neighbourhood of the oceanic pole of inaccessibility, where nobody lives, with as many decimals as before. None of this
is a reserved range: that a surrogate is nobody's is likely, and that it is no value of the data is checked.
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache

from curate.privacy.canonical import folded, plain
from curate.privacy.surrogates.draw import DIGITS, Draw, like_case, listed

_HEADS = listed(
    "Ash Bram Calder Dun Elder Fen Glen Hart Isle Kel Lang Marl Nether Oaken Pem Quarr Rose Strath Thorn Under Vine "
    "Wester Yarrow Alder Birk Corrin Dray Ever Farn Gilder Hazel Ivy Kirk Linden Merri Norring Orchard Pell Raven "
    "Stour Tarn Ul Vale Whit Wyn Zell"
)
_TAILS = listed(
    "bourne bridge bury by combe cott dale den field ford gate grove ham haven hurst lea ley mere mill mouth port "
    "ridge shaw stead stoke stone thorpe ton wade wall well wick wood worth"
)
_FORMS = frozenset(listed(
    "inc incorporated corp corporation co company ltd limited llc llp lp plc gmbh ag kg ohg ug se sa sas sarl srl spa "
    "bv nv ab as oy aps pty pvt kk group holding holdings partners associates foundation association society "
    "institute institution university college school academy hospital clinic bank trust insurance church council "
    "committee department ministry agency authority airlines airways motors industries systems technologies "
    "technology solutions services software consulting media labs laboratories pharma energy international national "
    "the of for and und de la et y & et al universität hochschule schule krankenhaus klinik verein stiftung "
    "versicherung université hôpital banque universidad hospital banco escuela"
))
_STREETS = frozenset(listed(
    "street st road rd avenue ave av lane ln drive dr court ct place pl square sq boulevard blvd way terrace ter "
    "close crescent cres highway hwy parkway pkwy circle cir trail trl row mews gardens grove hill park walk alley "
    "plaza route rt apt apartment suite ste unit flat floor fl room rm building bldg po box p o north south east west "
    "n s e w ne nw se sw straße strasse str weg platz allee gasse ring ufer damm rue avenue chemin impasse quai place "
    "cours allée calle avenida avda plaza paseo carrera via viale piazza corso largo rua travessa praça laan straat "
    "plein kade gracht de la le les du des del della di da do dos der den van von am an im zum zur"
))
_COUNTRY_CODES = frozenset(listed("us usa uk gb ca au nz ie de fr es it"))
_SMALL_WORDS = frozenset(listed("of de la the am an der di del le el"))
_US_ZIP = re.compile(r"\b\d{5}(?:-\d{4})?\b")
_PIECES = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[\W_]")
_FLOAT = re.compile(r"[-+−]?\d{1,3}\.\d+")
_STREET_ENDS = ("straße", "strasse", "str", "weg", "platz", "allee", "gasse", "straat", "laan", "plein", "gracht", "kade")


@lru_cache(maxsize=1)
def _lists() -> tuple[dict[str, str], dict[str, str]]:
    """Countries and states of the US, each without case -> as written."""
    provider = importlib.import_module("faker.providers.address.en_US").Provider
    parent = importlib.import_module("faker.providers.address").Provider
    countries = [name for name in parent.countries if re.fullmatch(r"[A-Za-z]+(?: [A-Z][a-z]+)?", name)]
    return {folded(c): c for c in countries}, {folded(s): s for s in provider.states}


def town(draw: Draw) -> str:
    """A name of a town that is on no map."""
    return draw.choice(_HEADS) + draw.choice(_TAILS)


def location(value: str, draw: Draw) -> str:
    """Another place of the same kind."""
    countries, states = _lists()
    name = folded(plain(value).strip())
    for known in (states, countries):
        if name in known:
            while True:
                other = draw.choice(sorted(known.values()))
                if folded(other) != name:
                    return like_case(value, other)
    out, named = [], False
    for piece in _PIECES.findall(value):
        if piece.isdigit():
            out.append(draw.text(DIGITS, len(piece)))
        elif piece[0].isalpha() and folded(piece) not in _SMALL_WORDS:
            if len(piece) == 2 and piece.isupper():
                out.append(draw.choice(("AL", "CO", "GA", "IA", "KS", "MN", "NE", "OR", "UT", "WI")))
            elif named and out and out[-1] == " ":
                out.pop()  # New York, San Jose: one word for one place
            else:
                out.append(like_case(piece, town(draw)))
                named = True
        else:
            named = named and piece in " -'’."
            out.append(piece)
    return "".join(out)


def organisation(value: str, draw: Draw) -> str:
    """Another name before the same legal form."""
    out, named = [], False
    for piece in _PIECES.findall(value):
        if piece.isdigit():
            out.append(draw.text(DIGITS, len(piece)))
        elif piece[0].isalpha() and folded(piece) not in _FOLDED_FORMS:
            if named and out and out[-1] in " -&":
                out.pop()
                continue
            short = piece.isupper() and len(piece) <= 5
            out.append("".join(draw.choice("ABCDEFGHKLMNPRSTVWZ") for _ in piece) if short
                       else like_case(piece, town(draw)))  # fmt: skip
            named = True
        else:
            named = named and piece in " -'’."
            out.append(piece)
    return "".join(out)


def street_address(value: str, draw: Draw) -> str:
    """Another address of the same form."""
    written = value
    zips = {m.start(): m[0] for m in _US_ZIP.finditer(written)}
    out, edge, named, first_number = [], 0, False, True
    for found in _PIECES.finditer(written):
        piece = found[0]
        if found.start() < edge:
            continue
        if found.start() in zips and not first_number:
            code = zips[found.start()]
            out.append("000" + draw.text(DIGITS, 2) + ("-" + draw.text(DIGITS, 4) if "-" in code else ""))
            edge = found.start() + len(code)
        elif piece.isdigit():
            first_number = False
            new = draw.text("123456789", 1) + draw.text(DIGITS, len(piece) - 1)
            out.append(new)
        elif piece[0].isalpha():
            word = folded(piece)
            tail = next((end for end in _STREET_ENDS if word.endswith(folded(end)) and len(word) > len(end) + 1), "")
            if word in _FOLDED_STREETS or word in _COUNTRY_CODES:
                named = False
                out.append(piece)
            elif tail:
                out.append(like_case(piece, town(draw)) + piece[-len(tail) :])
            elif len(piece) == 2 and piece.isupper():
                out.append(draw.choice(("AL", "CO", "GA", "IA", "KS", "MN", "NE", "OR", "UT", "WI")))
            elif len(piece) == 1:
                out.append(draw.like(piece))
            elif named and out and out[-1] == " ":
                out.pop()
            else:
                out.append(like_case(piece, town(draw)))
                named = True
        else:
            named = named and piece == " "
            out.append(piece)
    return "".join(out)


_MINUTES = re.compile(r"° ?\d")


def coordinates(value: str, draw: Draw) -> str:
    """A point near 48.9 S, 123.4 W."""
    floats = list(_FLOAT.finditer(value))
    if len(floats) >= 2 and not _MINUTES.search(value):
        out = value
        for found, base in ((floats[1], 123), (floats[0], 48)):
            decimals = len(found[0].partition(".")[2])
            out = out[: found.start()] + f"-{base}.{draw.text(DIGITS, decimals)}" + out[found.end() :]
        return re.sub(r"(?<=[\d°\s])[NnEe]\b", "", out)
    places = list(re.finditer(r"\d+(?:\.\d+)?", value))
    out = value
    degrees = [n for n in (0, len(places) // 2) if n < len(places)]
    for n in range(len(places) - 1, -1, -1):
        number = places[n][0]
        new = str(48 if n == 0 else 123) if n in degrees else f"{draw.below(60):02d}"
        new += "." + draw.text(DIGITS, len(number.partition(".")[2])) if "." in number else ""
        out = out[: places[n].start()] + new + out[places[n].end() :]
    for north, south in (("с. ш", "ю. ш"), ("с.ш", "ю.ш"), ("в. д", "з. д"), ("в.д", "з.д")):
        out = out.replace(north, south)
    return out.translate(str.maketrans("NE北东東", "SW南西西"))


_FOLDED_FORMS = frozenset(folded(word) for word in _FORMS)
_FOLDED_STREETS = frozenset(folded(word) for word in _STREETS)
