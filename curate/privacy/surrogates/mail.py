"""Made-up e-mail addresses and handles that follow the name.

The local part is read as names, initials, digits and signs: `john.smith`, `jsmith2`, `smith_j`. Names and initials become
those that the person has elsewhere (`people`), digits become others, signs stay. A role (info, customer.service) stays
where it is the whole local part; beside other words it may be a name, as in dev.patel. Domains are those that RFC 2606
reserves: a mailbox provider becomes example.com, .org or .net, every other domain a name under one of them, the same one
everywhere.
"""

from __future__ import annotations

import re

from curate.privacy.canonical import ESCAPED_AT, folded
from curate.privacy.surrogates.draw import LOWER, Draw, like_case, listed
from curate.privacy.surrogates.lists import known_names
from curate.privacy.surrogates.people import People, core
from curate.privacy.surrogates.romanised import spellings

_ROLES = frozenset(listed(
    "info support sales contact admin administrator hello help helpdesk office noreply no reply donotreply service "
    "services team hr jobs careers press media mail email billing accounts accounting webmaster postmaster hostmaster "
    "security abuse marketing news newsletter orders order customer customercare care feedback privacy legal finance "
    "it ops dev test user kontakt buero vertrieb rechnung bewerbung contacto ventas soporte contato vendas contatti"
))
_PROVIDERS = re.compile(
    r"(?:.*\.)?(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|mac|aol|gmx|web|protonmail|proton|mail|"
    r"yandex|zoho|fastmail|qq|163|126|t-online|orange|free|wanadoo|libero|comcast|verizon|btinternet|sky|example)"
    r"\.(?:[a-z]{2,5})(?:\.[a-z]{2})?"
)
_WORDS = listed(
    "amber anchor arbor aspen atlas beacon birch bluff bridge brook canyon cedar cinder cliff clover copper coral "
    "cove crest delta dune ember falcon fern field flint forge garnet glade grove harbor haven hazel heath hollow "
    "indigo iron ivory jasper juniper lagoon larch lark laurel linden lotus maple marble meadow mesa mill mint moss "
    "north oak onyx opal orchard osprey pebble pine plum prairie quarry quartz raven reed ridge river rowan sable "
    "saffron sage shore sierra slate spruce stone summit tern thistle timber topaz umber vale velvet vista walnut "
    "willow winter"
)
_PIECES = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_HIDDEN_AT = re.compile(rf"\s*[\[({{<]\s*at\s*[\])}}>]\s*|\s+at\s+|\s*@\s*|{ESCAPED_AT}", re.IGNORECASE)
_HIDDEN_DOT = re.compile(r"\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+|\.", re.IGNORECASE)


class Mail:
    """Surrogates of addresses, built on the names of the data."""

    def __init__(self, secret: bytes, people: People) -> None:
        self._secret, self._people = secret, people

    def know(self, local: str) -> None:
        """Take note of the names that a local part holds, so that none of them is drawn for another."""
        for piece in _PIECES.findall(local):
            if piece.isalpha() and len(piece) > 2 and core(piece) in known_names():
                self._people.real.update((folded(piece), core(piece)))

    def address(self, value: str, attempt: int = 0, row: tuple[str, ...] = ()) -> str:
        """The surrogate of an e-mail address; signs that hide it are kept."""
        found = _HIDDEN_AT.search(value)
        if found is None or not value[: found.start()]:
            return f"{self.local(value, value, attempt, row)}@{self.domain(value)}"
        local, domain = value[: found.start()], value[found.end() :]
        dots = [m[0] for m in _HIDDEN_DOT.finditer(domain)]
        new = self.domain(_HIDDEN_DOT.sub(".", domain))
        if dots and dots[0] != ".":
            new = new.replace(".", dots[0])
        spelled = local if "." in local or not _HIDDEN_DOT.search(local) else _HIDDEN_DOT.sub(".", local)
        return self.local(spelled, f"{local}@{domain}", attempt, row) + found[0] + like_case(domain, new)

    def domain(self, domain: str) -> str:
        """A reserved domain for a real one."""
        real = folded(domain).strip()
        draw = Draw(self._secret, "domain", real)
        top = real.rpartition(".")[2]
        end = top if top in ("com", "org", "net") else draw.choice(("com", "org", "net"))
        if _PROVIDERS.fullmatch(real):
            return f"example.{end}"
        return f"{draw.choice(_WORDS)}{draw.choice(_WORDS)}.example.{end}"

    def local(self, local: str, whole: str, attempt: int, row: tuple[str, ...]) -> str:
        """The surrogate of a local part or a handle; another one for every attempt."""
        pieces = _PIECES.findall(local)
        names = [p for p in pieces if p.isalpha()]
        draw = Draw(self._secret, "local", folded(whole))
        out = []
        for piece in pieces:
            if piece.isdigit():
                out.append(draw.text("123456789", 1) + draw.text("0123456789", len(piece) - 1))
            elif piece.isalpha():
                out.append(like_case(piece, self._piece(piece, names, row)))
            else:
                out.append(piece)
        again = str(Draw(self._secret, "again", folded(whole), attempt).below(9000) + 1000) if attempt else ""
        return "".join(out) + again

    def _piece(self, piece: str, names: list[str], row: tuple[str, ...]) -> str:
        plain = self._named(folded(piece))
        if all(self._is_role(folded(name)) for name in names):
            return plain
        others = [self._named(folded(name)) for name in names if name != piece and len(name) > 1]
        if len(piece) == 1:
            return _latin(self._people.initial(plain, others[-1], row) if others
                          else Draw(self._secret, "letter", plain).choice(LOWER)).lower()  # fmt: skip
        parts = self._split(plain)
        new = []
        for part in parts:
            if len(part) == 1:
                last = max(parts, key=len)
                new.append(self._people.initial(part, last, row))
            else:
                new.append(self._people.word(part))
        return _latin("".join(new)).lower()

    def _is_role(self, plain: str) -> bool:
        """`dev` is one, and a given name; a word that the data name somebody by is none."""
        return plain in _ROLES and plain not in self._people.named

    def _named(self, plain: str) -> str:
        """`mueller` as `muller`, where the data name a Müller and no Mueller; `ivanov` as `иванов` likewise."""
        umlauts = plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")
        if plain not in self._people.named and umlauts in self._people.named:
            return umlauts
        return self._people.spelled(plain)

    def _split(self, plain: str) -> list[str]:
        """`johnsmith` as two names, `jsmith` as an initial and a name, where the names are known."""
        listed, real = known_names(), self._people.real
        if plain in listed or plain in real:
            return [plain]
        cuts = [(plain[:i], plain[i:]) for i in range(1, len(plain))]
        for names, least in ((real, 3), (listed, 3)):
            for a, b in cuts:
                if len(a) >= least and len(b) >= least and a in names and b in names:
                    return [a, b]
            for a, b in cuts:
                least_one = least if names is real else 4
                if (len(a) == 1 and len(b) >= least_one and b in names) or (
                    len(b) == 1 and len(a) >= least_one and a in names
                ):
                    return [a, b]
        return [plain]


def _latin(name: str) -> str:
    """A name as addresses spell it; a word where its script has no Latin letters."""
    other = spellings(name)
    plain = "".join(c for c in folded(other[0] if other else name) if c.isascii() and c.isalpha())
    return plain or "user"
