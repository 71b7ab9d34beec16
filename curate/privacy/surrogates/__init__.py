"""Made-up values in the place of real ones: the same one everywhere, of the same form, and nobody's.

One idea: a surrogate is drawn by a keyed pseudo-random function of the real value, from a range that is reserved or
invalid where there is one, and drawn again where it equals a value that the data hold or one that another value has
already. All values are known before the first is drawn (`real`, `want`), and values are served in the order of a keyed
hash, so the outcome depends on the key and on the data, not on their order.

    work = Surrogates(secret, "US")
    for name, value in found: work.real(name, value)
    for ...: work.want(name, kind, value, row, at)
    work.surrogate(name, kind, value, row, at)       # "Peter Miller" for "John Smith", everywhere

Who holds the key can test a guess of a real value; without a key file so can anyone who holds the data's hash. That is
the price of "the same one everywhere".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from curate.privacy.canonical import canonical, folded, mailbox, plain
from curate.privacy.surrogates import dates, keys_and_secrets, networks, numbers, phones, places
from curate.privacy.surrogates.draw import Draw
from curate.privacy.surrogates.mail import Mail
from curate.privacy.surrogates.people import People

Row = Sequence[tuple[str, str]]
"""(type, value) of everything found in a row, as it is read."""
_ATTEMPTS = 40
_UNSHARED = 32
"""Attempts at a surrogate that no other value has; small ranges run out, and the first is shared then."""
_LEAST = 4
"""Letters and digits from which a value is compared with surrogates: shorter ones stand in everything."""

__all__ = ["Surrogates"]


class Surrogates:
    """The surrogates of one data set."""

    def __init__(self, secret: bytes, region: str, checks: Mapping[str, str] | None = None) -> None:
        """`checks`: type -> the check that its surrogates must fail, for types without finer kinds."""
        self._secret, self._region = secret, region.upper()
        self._checks = dict(checks or {})
        self._people = People(secret, self._region)
        self._mail = Mail(secret, self._people)
        self._real: set[str] = set()
        self._wanted: dict[tuple[str, str], tuple[str, str]] = {}
        self._near: dict[tuple[str, str], set[str]] = {}
        self._births: dict[str, set[str]] = {}
        self._attempt: dict[tuple[str, str], int] | None = None
        self._shift: dict[str, int] = {}
        self._day_first = 0
        self._spoken: Counter[str] = Counter()
        self._makers: dict[str, Callable[[str, str, Draw], str]] = {
            "CREDIT_CARD": lambda value, kind, draw: numbers.card(value, draw),
            "IBAN": lambda value, kind, draw: numbers.iban(value, draw),
            "US_SSN": lambda value, kind, draw: numbers.ssn(value, draw),
            "SWIFT_BIC": lambda value, kind, draw: numbers.bank_code(value, draw),
            "VIN": lambda value, kind, draw: numbers.vehicle(value, draw),
            "PHONE_NUMBER": lambda value, kind, draw: phones.surrogate(value, self._region, draw),
            "IP_ADDRESS": lambda value, kind, draw: networks.ip_address(value, draw),
            "MAC_ADDRESS": lambda value, kind, draw: networks.mac_address(value, draw),
            "SECRET": lambda value, kind, draw: keys_and_secrets.secret(value, draw),
            "PRIVATE_KEY": lambda value, kind, draw: keys_and_secrets.private_key(value, draw),
            "CRYPTO_WALLET": keys_and_secrets.wallet,
            "COORDINATES": lambda value, kind, draw: places.coordinates(value, draw),
            "LOCATION": lambda value, kind, draw: places.location(value, draw),
            "ORGANIZATION": lambda value, kind, draw: places.organisation(value, draw),
            "STREET_ADDRESS": lambda value, kind, draw: places.street_address(value, draw),
        }

    def real(self, name: str, value: str) -> None:
        """Take note of a value of the data, whatever becomes of it."""
        if len(squeezed := _squeezed(value)) >= _LEAST:
            self._real.add(squeezed)
        if name == "PERSON":
            self._people.know(value)
        elif name == "DATE_OF_BIRTH":
            self._day_first += dates.order_told(value)
            self._spoken.update(dates.spoken_in(value))
        elif name in ("EMAIL_ADDRESS", "HANDLE"):
            self._mail.know(mailbox(value).partition("@")[0] if name == "EMAIL_ADDRESS" else value)

    def want(self, name: str, kind: str, value: str, row: Row = (), at: int = 0) -> None:
        """Take note of a value that will be asked for; `row` and `at` say where it stands."""
        place = (name, canonical(name, value, self._region))
        least = self._wanted.get(place)
        if least is None or (value, kind) < least:
            self._wanted[place] = (value, kind)  # of all spellings the first by the alphabet, in whatever order they come
        if name in ("EMAIL_ADDRESS", "HANDLE"):
            self._near.setdefault(place, set()).update(found for kind_, found in row if kind_ == "PERSON")
        elif name == "DATE_OF_BIRTH":
            self._births.setdefault(self._subject(value, row, at), set()).add(value)

    def surrogate(self, name: str, kind: str, value: str, row: Row = (), at: int = 0) -> str | None:
        """The surrogate of a value that was wanted; None where all draws equal values of the data, or where a telephone
        number may be somebody's."""
        if self._attempt is None:
            self._attempt = self._attempts()
        if name == "DATE_OF_BIRTH":
            return self._birth(value, self._subject(value, row, at))
        place = (name, canonical(name, value, self._region))
        persons = tuple(found for kind_, found in row if kind_ == "PERSON") if name == "PERSON" else ()
        new = self._made(name, kind, value, place, self._attempt.get(place, 0), persons)
        if name == "PHONE_NUMBER" and not phones.is_nobodys(new, self._region):
            return None
        return None if self._is_real(new) or new == value else new

    def _attempts(self) -> dict[tuple[str, str], int]:
        """For each value the first draw that equals no real value and no surrogate of another one."""
        taken: set[tuple[str, str]] = set()
        out = {}
        order = sorted(self._wanted, key=lambda place: (Draw(self._secret, "turn", *place).below(1 << 62), place))
        for place in order:
            name = place[0]
            if name in ("PERSON", "DATE_OF_BIRTH"):
                continue
            value, kind = self._wanted[place]
            chosen: tuple[int, str] | None = None
            for attempt in range(_UNSHARED):
                new = _squeezed(self._made(name, kind, value, place, attempt, ()))
                if new in self._real:
                    continue
                if (name, new) not in taken:
                    chosen = attempt, new
                    break
                chosen = chosen or (attempt, new)  # shared with another value, where nothing else is to be had
            out[place], new = chosen or (0, "")
            taken.add((name, new))
        return out

    def _made(
        self, name: str, kind: str, value: str, place: tuple[str, str], attempt: int, persons: tuple[str, ...]
    ) -> str:
        if name == "PERSON":
            return self._people.name(value, persons)
        if name in ("EMAIL_ADDRESS", "HANDLE"):
            near = tuple(sorted(self._near.get(place, ())))
            if name == "HANDLE":
                return self._mail.local(plain(value), value, attempt, near)
            return self._mail.address(plain(value), attempt, near)
        draw = Draw(self._secret, name, place[1], attempt)
        if name == "URL_CREDENTIALS":
            user, _, password = value.partition(":")
            return keys_and_secrets.credentials(self._mail.local(user, user, attempt, ()), password, draw)
        maker = self._makers.get(name)
        if maker is not None:
            return maker(value, kind, draw)
        return numbers.identifier(value, kind, draw, self._checks.get(name, ""))

    def _is_real(self, new: str) -> bool:
        return _squeezed(new) in self._real

    def _subject(self, value: str, row: Row, at: int) -> str:
        """Whom a date of birth belongs to: the name before it, else behind it, else what else identifies the row."""
        names = [n for n, (name, _) in enumerate(row) if name == "PERSON"]
        before = [n for n in names if n < at]
        if names:
            return "person " + self._people.subject(row[before[-1] if before else names[0]][1])
        others = sorted({(name, canonical(name, found, self._region)) for name, found in row if name != "DATE_OF_BIRTH"},
                        key=lambda other: (other[0] != "EMAIL_ADDRESS", other))  # fmt: skip
        return " ".join(others[0]) if others else f"date {canonical('DATE_OF_BIRTH', value, self._order)}"

    @property
    def _order(self) -> str:
        """A region that writes dates in figures in the order of the data: their own where none tells it."""
        return self._region if not self._day_first else "GB" if self._day_first > 0 else "US"

    def _birth(self, value: str, subject: str) -> str | None:
        """A date moved by its subject's days."""

        spoken = sorted(self._spoken, key=lambda language: (-self._spoken[language], language))

        def moved_by(days: int, date: str) -> str:
            return dates.shifted(date, days, self._order, Draw(self._secret, "date", date), spoken)

        if subject not in self._shift:
            for attempt in range(_ATTEMPTS):
                self._shift[subject] = days = dates.shift_of(Draw(self._secret, "shift", subject, attempt))
                moved = [moved_by(days, date) for date in sorted(self._births.get(subject, ()))]
                if not any(self._is_real(new) for new in moved):
                    break
        new = moved_by(self._shift[subject], value)
        return None if self._is_real(new) or new == value else new


def _squeezed(value: str) -> str:
    """What two values are compared by: letters without case and accents, and digits."""
    return "".join(c for c in folded(plain(value)) if c.isalnum())
