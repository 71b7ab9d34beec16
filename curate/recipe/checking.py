"""Settings checked by pydantic, with messages that a person can act on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from curate.errors import ConfigError, nearest


def checked_settings(cls: type[Any], given: Mapping[str, Any], where: str, also: Sequence[str] = ()) -> Any:
    """A dataclass from given values, types checked, with a message a person can act on.

    `also`: keys that may stand in the same table and are read elsewhere; a wrong key may have meant one of them.
    """
    known = [f.name for f in dataclasses.fields(cls)]
    wrong = [key for key in given if key not in known]
    if wrong:
        allowed = [*known, *also]
        raise ConfigError("; ".join(f"{where} has no key {key!r}; {nearest(key, allowed)}" for key in wrong))
    try:
        return _adapter(cls).validate_python(dict(given))
    except ValidationError as error:
        told = ((".".join(str(part) for part in item["loc"]), plainly(item["msg"])) for item in error.errors())
        raise ConfigError(f"{where} " + "; ".join(f"{key}: {said}" for key, said in told)) from None


def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    """Making one takes milliseconds, and a policy is asked for with every decision."""
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def plainly(message: str) -> str:
    """What pydantic says, as a person would."""
    said = message.removeprefix("Value error, ").replace("a valid tuple", 'a list, as in ["a", "b"]')
    for start in ("Input should be ", "Input should "):
        if said.startswith(start):
            return f"must {'be ' if start.endswith('be ') else ''}{said.removeprefix(start)}"
    return said


def explained(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """A line for each thing that is wrong; an unknown key names the nearest one that `model` has there."""
    lines = []
    for item in error.errors():
        loc = [str(part) for part in item["loc"]]
        if item["type"] == "extra_forbidden":
            lines.append(f"unknown key {'.'.join(loc)!r}; {nearest(loc[-1], _known_keys(model, loc[:-1]))}")
        else:
            lines.append(f"{'.'.join(loc)}: {plainly(item['msg'])}")
    return lines


def _known_keys(model: type[BaseModel], section: list[str]) -> list[str]:
    for part in section:
        kind = model.model_fields[part].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return list(model.model_fields)
