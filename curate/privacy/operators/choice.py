"""Which operator each type gets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from curate.errors import ConfigError, nearest

DEFAULT = "default"
OPERATORS: dict[str, str] = {
    "placeholder": "a typed placeholder, [EMAIL]",
    "numbered": "a placeholder numbered in the data set, [EMAIL_ADDRESS_3]: the same value, the same number",
    "numbered_row": "the same, numbered in each row anew",
    "mask": "stars for all letters and digits but the last four",
    "redact": "nothing",
    "hash": "a keyed hash of the value, [EMAIL_ADDRESS_…]",
    "surrogate": "a made-up value of the same form, the same one everywhere",
    "vault": "a token that the run's vault can turn back",
}
"""Operator -> what it puts in the place of a value."""
NEED_KEY = ("hash", "vault")
NEED_VALUES = ("numbered", "numbered_row", "mask", "redact", "hash", "surrogate", "vault")


@dataclass(frozen=True)
class Choice:
    """An operator for every type."""

    default: str = "placeholder"
    by_type: tuple[tuple[str, str], ...] = ()
    """(type, operator) where a type has one of its own."""

    def of(self, type_name: str) -> str:
        """The operator of a type."""
        return dict(self.by_type).get(type_name, self.default)

    def used(self, known: Collection[str]) -> frozenset[str]:
        """Operators that some known type gets."""
        return frozenset(self.of(name) for name in known)


def chosen_operators(table: Mapping[str, str], known: Collection[str]) -> Choice:
    """The operators of a table type -> operator, `default` for the rest.

    ConfigError for an operator or a type that does not exist; the message names the nearest one.
    """
    for name, operator in table.items():
        if name != DEFAULT and name not in known:
            raise ConfigError(f"operators: there is no type {name!r}; {_nearest_type(name, known)}")
        if operator not in OPERATORS:
            raise ConfigError(f"operators: {name}: there is no operator {operator!r}; {nearest(operator, OPERATORS)}")
    own = tuple(sorted((name, operator) for name, operator in table.items() if name != DEFAULT))
    return Choice(table.get(DEFAULT, "placeholder"), own)


def _nearest_type(name: str, known: Collection[str]) -> str:
    """`EMAIL` is no near miss of `EMAIL_ADDRESS` by letters, but by words."""
    asked = set(name.upper().split("_"))
    sharing = [other for other in known if asked & set(other.split("_"))]
    return f"did you mean {sharing[0]!r}?" if len(sharing) == 1 else nearest(name, [*known, DEFAULT])
