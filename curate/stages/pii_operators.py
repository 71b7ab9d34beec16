"""Operators of the `pii` stage: which one each type gets, the key they need, and the text that takes a span's place.

Every batch of strings is scanned first; then `curate.privacy.operators` is asked for all replacements together, since
numbers, surrogates and tokens must be consistent over the data set. Nothing but findings' replacements comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import xxhash

from curate.errors import ConfigError
from curate.privacy.book import book
from curate.privacy.config import ScanConfig
from curate.privacy.custom import LISTED, Recognizer, installed_recognizers, load_recognizers
from curate.privacy.keys import fingerprint, load_key
from curate.privacy.ner import check_ner, files_hash
from curate.privacy.operators import Choice, Rewriter, chosen_operators
from curate.privacy.operators.choice import NEED_KEY
from curate.privacy.operators.rewrite import stand_ins
from curate.stages.pii_names import model_used, types_to_replace

KEYLESS = (
    "without a key file surrogates are keyed by the input's hash: who holds it and the curated data can test a guess"
)
"""Said once by the report and the command line."""


def recognizers_of(config: Any) -> tuple[Recognizer, ...]:
    """The recognisers that a recipe adds; ConfigError where their file cannot be used."""
    return installed_recognizers() + (load_recognizers(config.recognizers) if config.recognizers else ())


def settings_of_scan(config: Any) -> ScanConfig:
    """What the scanner is asked for."""
    return ScanConfig(
        types=types_to_replace(config),
        default_region=config.default_region,
        min_score=config.min_score,
        allow=tuple(config.allow),
        deny=tuple(config.deny),
        recognizers=recognizers_of(config),
        ner=config.ner,
    )


def choice_of(config: Any, settings: ScanConfig) -> Choice:
    """The operators of a recipe, those that recognisers name for themselves included."""
    own = {r.name: r.operator for r in settings.recognizers if r.operator}
    known = [kind.name for kind in book(settings.recognizers).types]
    choice = chosen_operators({**own, **config.operators}, known)
    _with_a_key(choice.used(known), config.key_file)
    return choice


def _with_a_key(used: Collection[str], key_file: str) -> None:
    needing = sorted(set(used) & set(NEED_KEY))
    if needing and not key_file:
        need = "needs" if len(needing) == 1 else "need"
        raise ConfigError(
            f"operators: {' and '.join(needing)} {need} a key: name its file by key_file; `curate vault key FILE` makes one"
        )


def checked(config: Any) -> None:
    """Raise ConfigError for operators that cannot be used, as far as can be told without the files that settings name."""
    table = config.operators
    _with_a_key(table.values(), config.key_file)
    added = [r.name for r in installed_recognizers()] + ([LISTED] if config.deny else [])
    if config.recognizers:
        if not Path(config.recognizers).is_file():
            chosen_operators(table, list(table))  # the types are known when the file is there
            return
        added += [r.name for r in load_recognizers(config.recognizers)]
    chosen_operators(table, [*(kind.name for kind in book().types), *added])


def depends_on(config: Any) -> Mapping[str, str]:
    """Hashes of the files that settings name; the key's fingerprint tells nothing of the key."""
    out = model_used(config)
    if config.recognizers:
        load_recognizers(config.recognizers)
        out["recognizers"] = xxhash.xxh3_128_hexdigest(Path(config.recognizers).read_bytes())
    settings = settings_of_scan(config)
    choice = choice_of(config, settings)
    if config.key_file:
        out["key"] = fingerprint(load_key(config.key_file))
    if config.ner:
        check_ner(config.ner)
        out["ner"] = files_hash(config.ner)
    if "surrogate" in choice.used([kind.name for kind in book(settings.recognizers).types]):
        from importlib import metadata

        out["names"] = metadata.version("faker")
    return out


def rewriter_of(
    config: Any, settings: ScanConfig, input_hash: str, seed: int
) -> tuple[Rewriter, Choice, tuple[str, ...]]:
    """What makes the replacements of one data set, its operators, and the stand-ins that the scanner is to use."""
    choice = choice_of(config, settings)
    key = load_key(config.key_file) if config.key_file else None
    known = book(settings.recognizers)
    work = Rewriter(choice, known, key=key, seed=f"{seed} {input_hash}", region=config.default_region)
    return work, choice, stand_ins(choice, known)


def said_of(choice: Choice, counts: Mapping[str, int], keyed: bool) -> dict[str, Any]:
    """What the summary says beside the counts: spans by operator, and whether a guess can be tested without a key."""
    if choice == Choice():
        return {}
    by_operator: dict[str, int] = {}
    for name, count in counts.items():
        by_operator[choice.of(name)] = by_operator.get(choice.of(name), 0) + count
    out: dict[str, Any] = {"by_operator": dict(sorted(by_operator.items()))}
    if by_operator.get("surrogate") and not keyed:
        out["note"] = KEYLESS
    return out
