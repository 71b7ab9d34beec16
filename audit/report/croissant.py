"""Croissant metadata of exported data: JSON-LD that says which files there are and what their columns hold.

Format: MLCommons Croissant 1.0 (Akhtar et al., 2024). One file object and one record set a split; columns that hold lists
or objects (messages, tools) are declared as text, since Croissant 1.0 names no type for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class SplitFile:
    """One file of exported rows."""

    split: str
    path: str
    size_bytes: int
    sha256: str
    rows: int


def croissant(name: str, description: str, files: Sequence[SplitFile], columns: Mapping[str, str]) -> str:
    """The metadata as JSON text. `columns` are names with their type: `sc:Text`, `sc:Boolean`, `sc:Float`."""
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
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{file.split}/{column}",
                        "name": column,
                        "dataType": kind,
                        "source": {"fileObject": {"@id": f"{file.split}-file"}, "extract": {"column": column}},
                    }
                    for column, kind in columns.items()
                ],
            }
            for file in files
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
