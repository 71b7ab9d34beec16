"""From `"hf:models/bert-ner"` to a tagger.

A model is a folder; its files are hashed for the cache key of a stage (xxh3, about 3 GB/s), so a changed model is a
changed result. What cannot be used is said before any text is read.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import xxhash

from curate.errors import ConfigError, MissingExtraError, nearest
from curate.privacy.ner.types import Tagger

NEEDS: Mapping[str, tuple[str, ...]] = {
    "hf": ("torch", "transformers"), "spacy": ("spacy",), "gliner": ("gliner", "torch", "transformers"),
}  # fmt: skip
"""Packages behind each kind of model."""


def _parts(spec: str) -> tuple[str, Path]:
    kind, colon, path = spec.partition(":")
    if not colon or not path:
        raise ConfigError(f"ner: {spec!r} is not of the form hf:FOLDER, spacy:FOLDER or gliner:FOLDER")
    if kind not in NEEDS:
        raise ConfigError(f"ner: there is no kind of model {kind!r}; {nearest(kind, NEEDS)}")
    return kind, Path(path)


def check_ner(spec: str) -> None:
    """Raise now, before any work, where the model cannot be used: ConfigError, or MissingExtraError with the command."""
    kind, path = _parts(spec)
    if not path.is_dir():
        raise ConfigError(f"ner: there is no folder {path}; models are read from this machine and never downloaded")
    marker = {"hf": "config.json", "spacy": "config.cfg", "gliner": "gliner_config.json"}[kind]
    if not (path / marker).is_file():
        raise ConfigError(f"ner: {path} holds no {kind} model (it has no {marker})")
    if kind == "hf" and not any(path.glob("*.safetensors")):
        raise ConfigError(f"ner: {path} has no safetensors; weights in other files may run code and are not read")
    for module in NEEDS[kind]:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError("ner", module)


def located_ner(spec: str, folder: Path) -> str:
    """The same with an absolute path; a relative one that does not exist here is taken from `folder`."""
    kind, path = _parts(spec)
    return f"{kind}:{(path if path.is_absolute() or path.exists() else folder / path).resolve()}"


@lru_cache(maxsize=2)
def load_ner(spec: str) -> Tagger:
    """The tagger that a spec names. ConfigError or MissingExtraError where there is none."""
    check_ner(spec)
    kind, path = _parts(spec)
    try:
        if kind == "hf":
            from curate.privacy.ner.hf import HuggingFaceTagger

            return HuggingFaceTagger(path)
        if kind == "spacy":
            from curate.privacy.ner.spacy_model import SpacyTagger

            return SpacyTagger(path)
        from curate.privacy.ner.gliner_model import GlinerTagger

        return GlinerTagger(path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ConfigError(f"ner: the model in {path} cannot be loaded ({type(error).__name__})") from error


def files_hash(spec: str) -> str:
    """xxh3-128 of the model's files, names included."""
    _, path = _parts(spec)
    state = xxhash.xxh3_128()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        state.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                state.update(chunk)
    return state.hexdigest()
