"""Passwords, PINs, user names and other data of access that words tell, without a key before them that the lexer knows.

A table of words in some forty languages and of commands is looked up in all bytes (`places`); behind each word a few more
are read: of a sentence (`passwords`, `accounts`, `numbers`), of a command or a note (`access`), of a table under a heading
(`tables`). How much a value must look like a password (`strength`) depends on what tells it, because documentation speaks
of passwords more often than it tells one.
"""

from __future__ import annotations

from curate.privacy.told.find import passwords, told
from curate.privacy.told.places import words_of
from curate.privacy.told.strength import strength

__all__ = ["passwords", "strength", "told", "words_of"]
