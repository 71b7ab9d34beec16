"""What makes a base's training pass random: dropout, left-out layers, jitter before routers.

Modules keep it as `p`, as an attribute, or read it from their configuration at each pass (Falcon, Persimmon). Linear cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

ADAPTERS = "lora_dropout"


def noises(model: Any) -> Iterator[tuple[Any, str]]:
    """(module or configuration, attribute) of each rate above zero; those of adapters left out."""
    seen: set[int] = set()
    for path, module in model.named_modules():
        if ADAPTERS in path:
            continue
        name = type(module).__name__
        if "Dropout" in name and isinstance(getattr(module, "p", None), float) and module.p > 0:
            yield module, "p"
        for owner in (module, getattr(module, "config", None)):
            if owner is None or id(owner) in seen:
                continue
            seen.add(id(owner))
            for attribute, value in list(vars(owner).items()):
                if ("drop" in attribute or "jitter" in attribute) and isinstance(value, float) and value > 0:
                    yield owner, attribute


def silenced(model: Any) -> Callable[[], None]:
    """Set every such rate to zero; calling the result puts the configuration's back, which is saved with whole weights."""
    held = []
    for owner, attribute in noises(model):
        held.append((owner, attribute, getattr(owner, attribute)))
        setattr(owner, attribute, 0.0)

    def back() -> None:
        for owner, attribute, value in held:
            setattr(owner, attribute, value)

    return back
