"""What is said about one identifier: how it is written, how it is checked, which words speak of it.

`shapes` are the written forms that count without any words (`9` a digit, `A` a capital, other characters themselves);
the lexer compares hashes of shapes, so an identifier without `shapes` costs nothing until one of its words is near.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

LEFT = r"(?<![A-Za-z0-9])(?<![0-9][.,/-])"
RIGHT = r"(?![A-Za-z0-9])(?![.,/-][0-9])"


@dataclass(frozen=True)
class Identifier:
    """One kind of identifier, of one country or of none."""

    name: str
    """Country code and usual name, e.g. `br_cpf`; `intl_` where no country issues it."""
    type: str
    """Name of its type in `curate.privacy.types`."""
    source: str
    """Who issues it, and the format."""
    pattern: str
    """Regular expression of the written forms, bounded in length, without borders."""
    words: str = ""
    """Phrases that speak of it, separated by `;`, lower case without accents; `*` ends a stem."""
    check: str = ""
    """`br.cpf`: a module of python-stdnum; `.vin`: a function of `curate.privacy.identifiers.checksums`; or none."""
    shapes: str = ""
    """Written forms that need no words, separated by blanks; `_` stands for a blank."""
    alone: float = 0.0
    """Score without words, for a checked value in one of `shapes`."""
    score: float = 0.9
    """Score with words."""
    reach: int = 8
    """How many words may stand between the phrase and the value."""
    linked: bool = False
    """A sign (`:`, `=`, `#`, `№`, `º`) must stand right before the value."""
    signs: int = 0
    """Letters and digits that the value has at least."""

    def phrases(self) -> list[str]:
        """The phrases, blanks trimmed."""
        return [phrase.strip() for phrase in self.words.split(";") if phrase.strip()]


@lru_cache(maxsize=1024)
def compiled(identifier: Identifier) -> re.Pattern[str]:
    """The pattern between borders: no letter, digit or joined number on either side."""
    return re.compile(f"{LEFT}(?:{identifier.pattern}){RIGHT}")


@lru_cache(maxsize=1024)
def checker(check: str) -> Callable[[str], bool]:
    """The function that says whether a written value passes its check."""
    if not check:
        return _always
    if check.startswith("."):
        own = importlib.import_module("curate.privacy.identifiers.checksums")
        found: Callable[[str], bool] = getattr(own, check[1:])
        return found
    module = importlib.import_module(f"stdnum.{check}")

    def valid(text: str) -> bool:
        return bool(module.is_valid(text))

    return valid


def _always(text: str) -> bool:
    """Every value passes where no check exists, except one digit repeated."""
    digits = [c for c in text if c.isdigit()]
    return len(set(digits)) > 1


@lru_cache(maxsize=4096)
def passes(check: str, text: str) -> bool:
    """Whether a value passes; a check that cannot read it says no."""
    try:
        return checker(check)(text)
    except (ValueError, IndexError, KeyError, TypeError):
        return False
