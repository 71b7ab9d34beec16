"""What the `names` setting of the `pii` stage means: which types are replaced, which are flagged, what the summary says."""

from __future__ import annotations

from typing import Any

import xxhash

from curate.errors import ConfigError
from curate.privacy.names.model import PATH
from curate.privacy.types import NAMED

SETTINGS = ("replace", "flag", "off")
PERSONAL = ("PERSON", "STREET_ADDRESS")
"""Types that the setting speaks of; places and organisations are looked for only where `types` lists them."""
RULES = tuple(f"pii.{name.lower()}" for name in PERSONAL)
NAMES_SETTING = 'names = "replace"'
"""What the summary of a stage that flagged names says about replacing them."""


def checked_names(setting: str) -> str:
    """The setting, or ConfigError."""
    if setting not in SETTINGS:
        raise ConfigError(f"names: must be one of {', '.join(SETTINGS)}, not {setting!r}")
    return setting


def types_to_replace(config: Any) -> tuple[str, ...]:
    """Types that are scanned for and replaced."""
    types = tuple(config.types)
    if checked_names(config.names) == "replace":
        types += tuple(name for name in PERSONAL if name not in types)
    return types


def model_used(config: Any) -> dict[str, str]:
    """The hash of the names model, where the settings use it: another model, another result."""
    if names_to_flag(config) or set(types_to_replace(config)) & set(NAMED):
        return {"names_model": xxhash.xxh3_128_hexdigest(PATH.read_bytes())}
    return {}


def names_to_flag(config: Any) -> tuple[str, ...]:
    """Types that are only flagged."""
    return tuple(name for name in PERSONAL if name not in config.types) if config.names == "flag" else ()
