"""Croissant metadata of exported data: JSON-LD that says which files there are and what their columns hold.

Format: MLCommons Croissant 1.0 (Akhtar et al., 2024). One file object and one record set a split. A column that holds a
list of objects (messages, tools) is a repeated field, each text in those objects a sub-field with a JSONPath.

Croissant has no type for an object whose keys are the data's own (a call's arguments, a tool's parameters): `mlcroissant`
casts each value to the type of its field, and fails at an object. Lists inside an object cannot repeat either, since a
JSONPath yields its first match alone; so calls are described by their place in the turn. What is not described is in the
file all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    **{
        word: f"cr:{word}"
        for word in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format",
            "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references",
            "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
}  # fmt: skip
_TEXTS = (("role",), ("content",), ("name",), ("tool_call_id",), ("type",), ("description",),
          ("function", "name"), ("function", "description"))  # fmt: skip
_CALL_TEXTS = (("id",), ("type",), ("function", "name"), ("function", "arguments"))
_MOST_CALLS = 16
"""Calls of one turn that are described; what a model calls at once is fewer, and the metadata stays small."""
Keys = tuple[str | int, ...]
Kind = str | Sequence[Keys]
"""Type of a column, or, where it holds lists of objects, the ways to the texts in one of them."""


@dataclass(frozen=True)
class SplitFile:
    """One file of exported rows."""

    split: str
    path: str
    size_bytes: int
    sha256: str
    rows: int


def texts_in(lists: Iterable[Sequence[Any]]) -> list[Keys]:
    """Ways to what is text (or lacking) in every object of these lists: turns of a conversation, definitions of tools."""
    items = [item for some in lists for item in some]
    calls = max((len(found) for item in items if isinstance(found := _at(item, ("tool_calls",)), list)), default=0)
    ways: list[Keys] = [*_TEXTS]
    ways += [("tool_calls", i, *keys) for i in range(min(calls, _MOST_CALLS)) for keys in _CALL_TEXTS]
    found_at = ((way, {type(_at(item, way)) for item in items}) for way in ways)
    return [way for way, types in found_at if str in types and types <= {str, type(None)}]


def _at(value: Any, way: Keys) -> Any:
    for key in way:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def croissant(name: str, description: str, files: Sequence[SplitFile], columns: Mapping[str, Kind]) -> str:
    """The metadata as JSON text.

    `columns` are names with their type (`sc:Text`, `sc:Boolean`, `sc:Float`), or with what `texts_in` finds in them.
    """
    log = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": name,
        "description": description,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": f"{file.split}-file",
                "name": f"{file.split}-file",
                "contentUrl": file.path,
                "contentSize": f"{file.size_bytes} B",
                "encodingFormat": "application/jsonlines",
                "sha256": file.sha256,
            }
            for file in files
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": file.split,
                "name": file.split,
                "description": f"{file.rows:,} rows.",
                "field": [_field(file.split, column, kind) for column, kind in columns.items() if kind],
            }
            for file in files
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _field(split: str, column: str, kind: Kind) -> dict[str, Any]:
    of = {"fileObject": {"@id": f"{split}-file"}, "extract": {"column": column}}
    head = {"@type": "cr:Field", "@id": f"{split}/{column}", "name": column}
    if isinstance(kind, str):
        return {**head, "dataType": kind, "source": of}
    return {
        **head,
        "description": "A list of objects. Their texts are described here; what else they hold is in the file.",
        "repeated": True,
        "subField": [
            {
                "@type": "cr:Field",
                "@id": "/".join(map(str, (split, column, *way))),
                "name": "/".join(map(str, way)),
                "dataType": "sc:Text",
                "source": {**of, "transform": {"jsonPath": _json_path(way)}},
            }
            for way in kind
        ],
    }


def _json_path(way: Keys) -> str:
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in way)
