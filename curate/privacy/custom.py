"""Recognisers that a user adds, from a TOML file or a plug-in (entry point group `curate.recognizers`).

A pattern is a regular expression of RE2: matching is linear in the text whatever the pattern, and look-around and
back-references do not exist. Each recogniser carries its own examples: it is tried on them when it is loaded, and one
that misses an example or finds a near miss is refused.

```toml
[[recognizer]]
name = "EMPLOYEE_ID"
pattern = 'E-[0-9]{6}'
checksum = ""                                # or luhn, or a module of python-stdnum such as br.cpf
examples = ["badge E-123456"]
near_misses = ["E-12345", "the E-list"]

[[recognizer]]
name = "PROJECT"
deny = ["Project Bluebird", "Project Heron"]   # literal texts, found in any case
placeholder = "[PROJECT]"
operator = "numbered"                          # [PROJECT_1], [PROJECT_2]; the recipe's table goes first
examples = ["about project heron"]
```
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import ConfigError
from curate.privacy.identifiers.model import passes

_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
LISTED = "LISTED_VALUE"
"""Type of the values that a recipe's deny list holds."""
_LISTED_REASON = "The recipe lists this value as one that must not stay."
_OPEN, _CLOSE = "\x02", "\x03"
_CONTROL = "[\x02\x03]"


@dataclass(frozen=True)
class Recognizer:
    """One kind of value of the user's own."""

    name: str
    """Type name in capitals, e.g. `EMPLOYEE_ID`."""
    pattern: str = ""
    """Regular expression (RE2) of the value."""
    deny: tuple[str, ...] = ()
    """Literal texts that are always found, in any case."""
    placeholder: str = ""
    """Replacement; empty: the name in brackets. Numbered and hashed ones begin with it."""
    operator: str = ""
    """What takes the place of a match, where the recipe does not say; empty: the recipe's default."""
    score: float = 0.9
    """How sure a match is, 0 to 1."""
    checksum: str = ""
    """Check that a match must pass: `luhn` or a module of python-stdnum."""
    examples: tuple[str, ...] = ()
    """Texts in which it must find something."""
    near_misses: tuple[str, ...] = ()
    """Texts in which it must find nothing."""
    priority: int = 88
    """Higher wins where spans overlap; a card has 70, a secret 90."""
    reason: str = "A recogniser of the recipe found a value."
    """Plain sentence for a finding."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError("recognizer: a name has capitals, digits and underscores, e.g. EMPLOYEE_ID")
        if bool(self.pattern) == bool(self.deny):
            raise ConfigError(f"recognizer {self.name}: give either a pattern or a deny list")
        if not self.placeholder:
            object.__setattr__(self, "placeholder", f"[{self.name}]")
        if not re.fullmatch(r"\[[A-Z][A-Z0-9_]*\]", self.placeholder):
            raise ConfigError(f"recognizer {self.name}: a placeholder is capitals in square brackets, e.g. [{self.name}]")
        try:
            empty = pc.match_substring_regex(pa.array([""]), self.regex())[0].as_py()
        except pa.ArrowInvalid:
            raise ConfigError(
                f"recognizer {self.name}: not a regular expression of RE2 (no look-around, no back-references)"
            ) from None
        if empty:
            raise ConfigError(f"recognizer {self.name}: the pattern matches an empty text")
        for kind, texts, wanted in (("example", self.examples, True), ("near miss", self.near_misses, False)):
            for number, spans in enumerate(find(self, pa.array(list(texts), pa.large_string())), 1):
                if bool(spans) is not wanted:
                    raise ConfigError(f"recognizer {self.name}: {kind} {number} is {'missed' if wanted else 'found'}")

    def regex(self) -> str:
        """The pattern, or the deny list as one."""
        literals = "|".join(re.escape(text) for text in sorted(self.deny, key=len, reverse=True))
        return self.pattern or rf"(?i)(?:{literals})"

    def accepts(self, text: str) -> bool:
        """Whether a match passes the check."""
        return not self.checksum or passes(self.checksum, text)


def find(recognizer: Recognizer, texts: pa.Array) -> list[list[tuple[int, int]]]:
    """Byte ranges of the matches in each text. One linear pass of RE2 marks them, another reads the marks."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(len(texts))]
    hits = pc.match_substring_regex(texts, recognizer.regex()).fill_null(False)
    rows = [row for row, hit in enumerate(hits.to_pylist()) if hit]
    plain = pc.replace_substring_regex(texts.take(pa.array(rows, pa.int64())), _CONTROL, "\x1a")
    marked = pc.replace_substring_regex(plain, f"({recognizer.regex()})", rf"{_OPEN}\1{_CLOSE}")
    for row, text in zip(rows, marked.to_pylist()):
        place = 0
        for piece in re.split(f"([{_OPEN}{_CLOSE}])", text):
            if piece == _OPEN:
                begin = place
            elif piece == _CLOSE:
                out[row].append((begin, place))
            else:
                last = piece
                place += len(piece.encode())
                continue
            if piece == _CLOSE and not recognizer.accepts(last):
                out[row].pop()
    return out


def recognizers_from(data: dict[str, Any], where: str) -> tuple[Recognizer, ...]:
    """The recognisers of a parsed TOML document; ConfigError names the file and the entry."""
    known = {f.name for f in fields(Recognizer)}
    entries = data.get("recognizer", [])
    if not isinstance(entries, list) or set(data) - {"recognizer"}:
        raise ConfigError(f"{where}: expected [[recognizer]] tables and nothing else")
    out = []
    for number, entry in enumerate(entries, 1):
        unknown = sorted(set(entry) - known)
        if unknown:
            listed = ", ".join(sorted(known))
            raise ConfigError(f"{where}: recognizer {number}: unknown {', '.join(unknown)}; known: {listed}")
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        try:
            out.append(Recognizer(**values))
        except TypeError as error:
            raise ConfigError(f"{where}: recognizer {number}: a value has the wrong type") from error
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
    return _distinct(out, where)


def load_recognizers(path: str | Path) -> tuple[Recognizer, ...]:
    """Recognisers of a TOML file, each tried on its own examples."""
    try:
        return recognizers_from(tomllib.loads(Path(path).read_text(encoding="utf-8")), Path(path).name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{Path(path).name}: cannot be read: {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{Path(path).name}: not TOML: {error}") from error


def listed_values(deny: tuple[str, ...]) -> Recognizer:
    """The recogniser of a recipe's deny list: these values as whole words, in any case."""
    edged = (
        ("\\b" if text[0].isascii() and (text[0].isalnum() or text[0] == "_") else "")
        + re.escape(text)
        + ("\\b" if text[-1].isascii() and (text[-1].isalnum() or text[-1] == "_") else "")
        for text in sorted(deny, key=lambda text: (-len(text), text))
    )
    return Recognizer(LISTED, f"(?i)(?:{'|'.join(edged)})", score=1.0, priority=110, reason=_LISTED_REASON)


@lru_cache(maxsize=1)
def installed_recognizers() -> tuple[Recognizer, ...]:
    """Recognisers of installed plug-ins: an entry point is a Recognizer or several."""
    out: list[Recognizer] = []
    for point in sorted(entry_points(group="curate.recognizers"), key=lambda p: p.name):
        given = point.load()
        out += [given] if isinstance(given, Recognizer) else list(given)
    return _distinct(out, "installed recognizers")


def _distinct(given: Iterable[Recognizer], where: str) -> tuple[Recognizer, ...]:
    out: dict[str, Recognizer] = {}
    for recognizer in given:
        if recognizer.name in out:
            raise ConfigError(f"{where}: two recognizers are named {recognizer.name}")
        out[recognizer.name] = recognizer
    return tuple(out.values())
