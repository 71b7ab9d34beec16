"""Settings of the scanner. Validated on construction; errors name the setting and the values allowed."""

from __future__ import annotations

from dataclasses import dataclass

from curate.errors import ConfigError
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

    def __post_init__(self) -> None:
        unknown = sorted(set(self.types) - set(NAMES))
        if unknown:
            raise ConfigError(f"types: unknown {', '.join(unknown)}; allowed: {', '.join(NAMES)}")
        if not 0.0 <= self.min_score <= 1.0:
            raise ConfigError("min_score: must lie between 0 and 1")
        if len(self.default_region) != 2 or not self.default_region.isalpha():
            raise ConfigError("default_region: must be a two-letter country code such as US or DE")
