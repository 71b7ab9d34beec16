"""Settings of the scanner. Validated on construction; errors name the setting and the values allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curate.errors import ConfigError
from curate.privacy.custom import Recognizer
from curate.privacy.types import NAMES


@dataclass(frozen=True)
class ScanConfig:
    """What to look for and how sure to be."""

    types: tuple[str, ...] = NAMES
    """Kinds of personal data to look for."""
    default_region: str = "US"
    """Two-letter country whose national telephone formats need no further evidence."""
    min_score: float = 0.5
    """Spans below this score (0 to 1) are not reported."""
    allow: tuple[str, ...] = ()
    """Literal values that are never reported, compared without regard to case."""
    recognizers: tuple[Recognizer, ...] = ()
    """Recognisers of the user's own, see `custom`."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.types) - set(NAMES))
        if unknown:
            raise ConfigError(f"types: unknown {', '.join(unknown)}; allowed: {', '.join(NAMES)}")
        if not 0.0 <= self.min_score <= 1.0:
            raise ConfigError("min_score: must lie between 0 and 1")
        if len(self.default_region) != 2 or not self.default_region.isalpha():
            raise ConfigError("default_region: must be a two-letter country code such as US or DE")
        for recognizer in self.recognizers:
            if recognizer.name in NAMES:
                raise ConfigError(f"recognizer {recognizer.name}: a built-in type has this name")


def preview_config(settings: Mapping[str, Any] | None) -> ScanConfig:
    """What previews look for, given the settings of the `pii` stage in a recipe (a table; None or empty: defaults).

    The recipe's region, but every type, nothing allowed and never a higher threshold: what a person keeps in the data
    is not for showing.
    """
    given, usual = settings or {}, ScanConfig()
    return ScanConfig(
        default_region=str(given.get("default_region") or usual.default_region),
        min_score=min(float(given.get("min_score", usual.min_score)), usual.min_score),
    )
