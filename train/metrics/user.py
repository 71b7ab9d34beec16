"""Metrics that others install: entry point group `curate.metrics`.

    [project.entry-points."curate.metrics"]
    politeness = "my_package:politeness"

    def politeness(predictions: list[str], references: list[str]) -> float | dict[str, float]: ...

For classification both lists hold labels, for generation answers. A metric that raises or returns anything but finite
numbers is reported by its name and the kind of its error, without the message, which may hold text; the others and the
training are not harmed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUP = "curate.metrics"
Metric = Callable[[list[str], list[str]], Any]


def user_metrics(
    predictions: Sequence[str], references: Sequence[str], points: Sequence[EntryPoint] | None = None
) -> dict[str, Any]:
    """`values` by name (`name` or `name.key`) and `failed`: what kind of error which metric had."""
    values: dict[str, float] = {}
    failed: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP) if points is None else points, key=lambda p: p.name):
        try:
            metric: Metric = point.load()
            found = metric(list(predictions), list(references))
            values |= _numbers(point.name, found)
        except Exception as error:  # other people's code
            failed[point.name] = type(error).__name__
    return {**({"values": values} if values else {}), **({"failed": failed} if failed else {})}


def _numbers(name: str, found: Any) -> dict[str, float]:
    given = {f"{name}.{key}": value for key, value in found.items()} if isinstance(found, Mapping) else {name: found}
    out = {key: float(value) for key, value in given.items()}
    if not all(map(math.isfinite, out.values())):
        raise ValueError(name)
    return out
