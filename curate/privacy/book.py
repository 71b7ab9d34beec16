"""What is known about each kind of span: its type, placeholder, priority, reason and evidence.

Kinds are small integers: first the types, then the identifiers of the tables, then the recognisers that a user adds. A
`Book` holds them all for one scan.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.privacy.custom import Recognizer
from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.types import KINDS, TYPES, PiiType


@dataclass(frozen=True)
class Book:
    """The kinds of one scan; lists are by kind, `types` by type code."""

    types: tuple[PiiType, ...]
    """The built-in types, then one for each recogniser of the user."""
    names: tuple[str, ...]
    """Name of each kind."""
    type_of: npt.NDArray[np.int64]
    """Kind -> index into `types`."""
    evidence: tuple[str, ...]
    """JSON about each kind: type, kind and checksum, never a value."""
    priority: tuple[int, ...]
    """Higher wins where spans overlap."""
    placeholders: tuple[str, ...]
    """Replacement text of each kind."""


@lru_cache(maxsize=64)
def book(added: tuple[Recognizer, ...] = ()) -> Book:
    """The kinds that are built in, then those of the added recognisers, in their order."""
    own = tuple(PiiType(r.name, r.placeholder, r.priority, r.reason, r.checksum or None) for r in added)
    types = (*TYPES, *own)
    kinds = [*KINDS, *((r.name.lower(), len(TYPES) + i) for i, r in enumerate(added))]
    checks = {i.name: i.check.lstrip(".") for i in IDENTIFIERS}
    evidence = []
    for name, code in kinds:
        kind = types[code]
        told = {"type": kind.name}
        if name != kind.name.lower():
            told["kind"] = name
        check = checks.get(name) or kind.checksum
        evidence.append(json.dumps(told | ({"checksum": check} if check else {})))
    type_of = [code for _, code in kinds]
    return Book(
        types=types,
        names=tuple(name for name, _ in kinds),
        type_of=np.array(type_of, dtype=np.int64),
        evidence=tuple(evidence),
        priority=tuple(types[code].priority for code in type_of),
        placeholders=tuple(types[code].placeholder for code in type_of),
    )
