"""Identifiers that states, banks, hospitals and networks issue: tables, not code.

An identifier is a line in a table: who issues it, how it is written, which check it carries, which words speak of it in
its own language. The lexer only asks two cheap questions (does a word of any table stand near; is the shape one that
needs no words), and `identify` answers the rest for the few candidates that are left.
"""

from __future__ import annotations

from curate.privacy.identifiers import (
    americas,
    asia_africa_oceania,
    documents,
    northern_eastern_europe,
    western_europe,
)
from curate.privacy.identifiers.model import Identifier, compiled, passes

BY_COUNTRY: dict[str, tuple[Identifier, ...]] = {
    **americas.TABLE,
    **western_europe.TABLE,
    **northern_eastern_europe.TABLE,
    **asia_africa_oceania.TABLE,
    **documents.TABLE,
}
"""ISO 3166 code (empty: no single country) -> its identifiers."""
IDENTIFIERS: tuple[Identifier, ...] = tuple(i for _, table in sorted(BY_COUNTRY.items()) for i in table)

__all__ = ["BY_COUNTRY", "IDENTIFIERS", "Identifier", "compiled", "passes"]
