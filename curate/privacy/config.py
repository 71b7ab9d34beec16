"""Settings of the scanner. Validated on construction; errors name the setting and the values allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from curate.errors import ConfigError
from curate.privacy.custom import LISTED, Recognizer, installed_recognizers, listed_values, load_recognizers
from curate.privacy.types import ALL, NAMED, NAMES


@dataclass(frozen=True)
class ScanConfig:
    """What to look for and how sure to be."""

    types: tuple[str, ...] = NAMES
    """Kinds of personal data to look for; PERSON, LOCATION, ORGANIZATION and STREET_ADDRESS only if they are listed."""
    default_region: str = "US"
    """Two-letter country whose national telephone formats need no further evidence."""
    min_score: float = 0.5
    """Spans below this score (0 to 1) are not reported."""
    allow: tuple[str, ...] = ()
    """Literal values that are never reported, compared without regard to case."""
    deny: tuple[str, ...] = ()
    """Literal values that are always reported, found without regard to case."""
    recognizers: tuple[Recognizer, ...] = ()
    """Recognisers of the user's own, see `custom`; that of the deny list comes last."""
    ner: str = ""
    """A model of the user's own that is asked as well, `hf:FOLDER`, `spacy:FOLDER` or `gliner:FOLDER`; see `ner`."""

    stand_ins: tuple[str, ...] = ()
    """What found spans are replaced by before a row is looked at again, by kind; empty: their placeholders."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.types) - set(ALL))
        if unknown:
            raise ConfigError(f"types: unknown {', '.join(unknown)}; allowed: {', '.join(ALL)}")
        if not 0.0 <= self.min_score <= 1.0:
            raise ConfigError("min_score: must lie between 0 and 1")
        if len(self.default_region) != 2 or not self.default_region.isalpha():
            raise ConfigError("default_region: must be a two-letter country code such as US or DE")
        if any(not text.strip() for text in self.deny):
            raise ConfigError("deny: holds an empty value")
        if {text.casefold() for text in self.deny} & {text.casefold() for text in self.allow}:
            raise ConfigError("deny: a value stands in `allow` as well; take it out of one of them")
        others = tuple(r for r in self.recognizers if r.name != LISTED)
        if self.deny or len(others) < len(self.recognizers):
            object.__setattr__(self, "recognizers", others + ((listed_values(self.deny),) if self.deny else ()))
        for recognizer in self.recognizers:
            if recognizer.name in ALL:
                raise ConfigError(f"recognizer {recognizer.name}: a built-in type has this name")


def preview_config(settings: Mapping[str, Any] | None) -> ScanConfig:
    """What previews look for, given the settings of the `pii` stage in a recipe (a table; None or empty: defaults).

    The recipe's region, but every structured type, nothing allowed and never a higher threshold: what a person keeps in the
    data is not for showing. What a person declared private, by recognisers or a deny list, is masked as well; ConfigError
    where the file of the recognisers cannot be used, for then it is not known what that is. Names are not looked for, since
    short words by themselves (a label, a stage) read like them: see `row_preview_config`.
    """
    given, usual = settings or {}, ScanConfig()
    file = str(given.get("recognizers") or "")
    return ScanConfig(
        default_region=str(given.get("default_region") or usual.default_region),
        min_score=min(float(given.get("min_score", usual.min_score)), usual.min_score),
        deny=tuple(given.get("deny") or ()),
        recognizers=installed_recognizers() + (load_recognizers(file) if file else ()),
    )


def row_preview_config(settings: Mapping[str, Any] | None) -> ScanConfig:
    """What previews of whole rows look for: as `preview_config`, and names where the stage replaces them."""
    given = settings or {}
    named = {name for name in given.get("types") or () if name in NAMED}
    named |= {"PERSON", "STREET_ADDRESS"} if given.get("names") == "replace" else set()
    return replace(preview_config(settings), types=(*NAMES, *sorted(named)))
