"""What a base weighs and how it is shaped, before it is loaded or downloaded: its configuration and safetensors headers.

A local folder is read as it is, a hub model from the local cache where its weights lie there; else its index and the
headers of its files are asked of the hub, some 100 kB a file whatever the model weighs. Where the user forbids the
network (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`) nothing is asked. No weight is read. Cost: milliseconds; on a hub one
request or two a file.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.config import BUNDLED
from train.extra import OFFLINE_SWITCHES, extra

if TYPE_CHECKING:
    from train.base import BaseSource

BUNDLED_PATH = Path(__file__).parent / "bundled" / "base"
INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2}


@dataclass(frozen=True)
class Headers:
    """What the files of a base say of it."""

    shapes: Mapping[str, tuple[int, ...]]
    """The sides of every weight, by name."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The base's `config.json`; empty where there is none that can be read."""
    download_bytes: int = 0
    """What is still to be downloaded before the base can be loaded."""

    def matrices(self) -> list[tuple[str, int, int]]:
        """Name, rows and columns of every matrix."""
        return [(name, sides[0], sides[1]) for name, sides in self.shapes.items() if len(sides) == 2]

    def numbers(self) -> int:
        """How many weights there are."""
        return sum(math.prod(sides) for sides in self.shapes.values())


def folder_headers(folder: Path) -> Headers:
    """The headers of a model's folder; files that are no safetensors count nothing."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header: dict[str, Any] = json.loads(file.read(length))
        shapes |= {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    return Headers(shapes, _json(folder / "config.json"))


def read_headers(source: BaseSource) -> Headers | None:
    """The headers of any base; None where they cannot be known without downloading it."""
    if source.local:
        return folder_headers(Path(source.location))
    hub = extra("huggingface_hub", allow_hub=True)
    found = hub.try_to_load_from_cache(source.location, "config.json")
    folder = Path(found).parent if isinstance(found, str) else None
    if folder is not None and _is_whole(folder):
        return folder_headers(folder)
    if any(os.environ.get(name) for name in OFFLINE_SWITCHES):
        return None
    try:
        told = hub.get_safetensors_metadata(source.location)
    except Exception:  # an estimate must not end what it is made for; loading says what is wrong with the base
        return None
    tensors = {name: info for file in told.files_metadata.values() for name, info in file.tensors.items()}
    size = sum(math.prod(info.shape) * _BYTES.get(info.dtype, 1) for info in tensors.values())
    shapes = {name: tuple(info.shape) for name, info in tensors.items()}
    return Headers(shapes, {} if folder is None else _json(folder / "config.json"), size)


def base_width(base: str) -> int | None:
    """How many numbers wide the states of a base are; None where its configuration is not at hand or does not say."""
    folder = BUNDLED_PATH if base == BUNDLED else Path(base).expanduser()
    if not folder.is_dir():
        if folder.exists() or base.count("/") > 1:
            return None
        hub = extra("huggingface_hub", allow_hub=True)
        try:
            folder = Path(hub.hf_hub_download(base, "config.json")).parent
        except Exception:  # loading says what is wrong with the base
            return None
    config = _json(folder / "config.json")
    config = {**config, **(config.get("text_config") or {})}
    found = next((config[name] for name in ("hidden_size", "d_model", "n_embd", "dim") if config.get(name)), None)
    return found if isinstance(found, int) else None


def download_folder() -> Path:
    """Where a hub model would be kept."""
    return Path(extra("huggingface_hub", allow_hub=True).constants.HF_HUB_CACHE)


def _is_whole(folder: Path) -> bool:
    index = _json(folder / INDEX).get("weight_map") or {}
    files = set(index.values()) or {WHOLE}
    return all((folder / name).is_file() for name in files)


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is none. Configurations may hold `Infinity`, which strict readers refuse."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
