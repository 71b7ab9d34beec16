"""The door to torch, transformers and peft: one place imports them, says what to install, and keeps them offline.

Hugging Face libraries read their environment when first imported, so the switches are set here before that: no
telemetry, no progress bars, no hub unless a base model is a hub id (`allow_hub`). Importing takes seconds, once.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from curate.errors import MissingExtraError

COMET_OFF = {
    "COMET_ERROR_TRACKING_ENABLE": "false",
    "COMET_INTERNAL_SENTRY_DSN": "",
    "COMET_DISABLE_ANNOUNCEMENT": "1",
}
"""transformers imports comet_ml wherever it is installed, and that one reports its errors to its maker unless told."""
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "WANDB_DISABLED": "true",
    **COMET_OFF,
    # Waiting threads sleep instead of spinning. Free cores lose nothing that could be measured; on cores shared with
    # other programs a step was eight times as fast (1.1 s against 8.9 s, two threads, load 11).
    "OMP_WAIT_POLICY": "PASSIVE",
}
OFFLINE_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_set_by_us: set[str] = set()
_lifted: set[str] = set()


def extra(module: str, *, allow_hub: bool = False) -> ModuleType:
    """Import an optional module such as `torch` or `peft`; `MissingExtraError` says how to install it.

    An offline switch that the user set stays; only one that this function set is lifted for a hub id.
    """
    for name, value in _QUIET.items():
        if name not in os.environ and name not in _lifted:
            os.environ[name] = value
            _set_by_us.add(name)
    if allow_hub:
        _go_online()
    else:
        for name in OFFLINE_SWITCHES:
            if name not in os.environ:
                os.environ[name] = "1"
                _set_by_us.add(name)
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError("train", error.name or module) from error


def lift(name: str) -> None:
    """Take back a switch that was set here, for whoever named what it switches off; one that the user set stays."""
    _lifted.add(name)
    if name in _set_by_us:
        os.environ.pop(name, None)
        _set_by_us.discard(name)


def _go_online() -> None:
    for name in set(OFFLINE_SWITCHES) & _set_by_us:
        os.environ.pop(name, None)
        _set_by_us.discard(name)
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None and not any(os.environ.get(name) for name in OFFLINE_SWITCHES):
        constants.HF_HUB_OFFLINE = False  # type: ignore[attr-defined]


def versions() -> dict[str, str]:
    """Versions of the libraries that decide a training result."""
    names = ("torch", "transformers", "peft", "accelerate", "numpy")
    return {name: str(extra(name).__version__) for name in names}
