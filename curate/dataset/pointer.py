"""Where a string sits in a row: a column name followed by an RFC 6901 JSON pointer, `messages/2/content`.

The first token is the column, the others descend into a nested value. `~` and `/` inside a token are written `~0` and
`~1` (RFC 6901, section 3), the column name included, so that a pointer names one place and only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Token = str | int


def escape(token: str) -> str:
    """One token, ready to be joined with `/`."""
    if "~" in token or "/" in token:
        return token.replace("~", "~0").replace("/", "~1")
    return token


def parse_pointer(pointer: str) -> tuple[str, tuple[str, ...]]:
    """(column, tokens); tokens stay text, because `2` may be a list index or a key."""
    column, *path = (token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/"))
    return column, tuple(path)


def get(value: Any, path: Sequence[Token]) -> Any:
    """The value that `path` leads to; KeyError where there is none."""
    for token in path:
        value = value[_step(value, token)]
    return value


def set_value(value: Any, path: Sequence[Token], new: Any) -> Any:
    """`value` with the place that `path` leads to replaced, in place; with an empty path, `new` itself.

    The last token may be a new key of an object. KeyError where any other step leads nowhere.
    """
    if not path:
        return new
    parent = get(value, path[:-1])
    if isinstance(parent, dict):
        parent[str(path[-1])] = new
    else:
        parent[_step(parent, path[-1])] = new
    return value


def _step(value: Any, token: Token) -> Any:
    """The key or index that `token` means in `value`."""
    if isinstance(value, dict):
        if str(token) not in value:
            raise KeyError(f"no such key: {token!r}")
        return str(token)
    if isinstance(value, list):
        text = str(token)
        # RFC 6901 section 4: digits without leading zeros.
        if not (text.isascii() and text.isdigit()) or (len(text) > 1 and text[0] == "0") or int(text) >= len(value):
            raise KeyError(f"no such index: {token!r}")
        return int(text)
    raise KeyError(f"{token!r} leads into a value that is neither an object nor a list")
