"""Attribute docstrings of configuration dataclasses.

The string under an attribute is the one place where a setting is explained: the commented `curate.toml`, `curate config
schema` and the reference page all read it from here.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from typing import Any


@dataclasses.dataclass(frozen=True)
class Setting:
    """One attribute of a configuration dataclass."""

    name: str
    type: str
    default: Any
    doc: str


def settings_of(cls: type[Any]) -> tuple[Setting, ...]:
    """The settings of a dataclass in the order they are written."""
    docs = _attribute_docs(cls)
    out = []
    for f in dataclasses.fields(cls):
        default: Any = None
        if f.default is not dataclasses.MISSING:
            default = f.default
        elif f.default_factory is not dataclasses.MISSING:
            default = f.default_factory()
        out.append(Setting(f.name, str(f.type), default, docs.get(f.name, "")))
    return tuple(out)


def _attribute_docs(cls: type[Any]) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0]
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, following in zip(body.body, body.body[1:]):
        named = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        if not named or not isinstance(following, ast.Expr) or not isinstance(following.value, ast.Constant):
            continue
        if isinstance(following.value.value, str):
            docs[statement.target.id] = " ".join(following.value.value.split())  # type: ignore[attr-defined]
    return docs
