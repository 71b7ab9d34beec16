"""JSON and JSON Schema (draft 2020-12) of the report, both read off the dataclasses.

One walk over the type hints gives the schema, one over the values gives the JSON, so they cannot part. Numbers that are
not finite become null; floats are rounded to six decimals, which no rendering shows.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import math
import types
import typing
from typing import Any

from audit.report.model import SCHEMA_VERSION, Report
from curate.docs_of import settings_of

_DECIMALS = 6
_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    types.NoneType: {"type": "null"},
    Any: {},
}


def to_json(value: Any) -> Any:
    """JSON values of a dataclass tree."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, collections.abc.Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    if isinstance(value, float):
        return round(value, _DECIMALS) if math.isfinite(value) else None
    return value


def json_schema() -> dict[str, Any]:
    """The schema of `report.json`."""
    return schema_of(Report, "Curate report", SCHEMA_VERSION)


def schema_of(cls: type[Any], title: str, version: int) -> dict[str, Any]:
    """The schema of a versioned file that holds one dataclass."""
    definitions: dict[str, Any] = {}
    top = _object(cls, definitions)
    top["properties"]["schema_version"] = {"const": version}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **top,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(cls: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    docs = {s.name: s.doc for s in settings_of(cls)}
    properties = {}
    for f in dataclasses.fields(cls):
        about = {"description": docs[f.name]} if docs.get(f.name) else {}
        properties[f.name] = {**_of(hints[f.name], definitions), **about}
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _SIMPLE:
        return dict(_SIMPLE[hint])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # holds the place while its members are described
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"enum": list(args)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(a, definitions) for a in args]}
    if origin is tuple:
        return {"type": "array", "items": _of(args[0], definitions)}
    if origin is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": _of(args[1], definitions)}
    raise TypeError(f"no schema for {hint!r}")
