"""Encoded rows on disk, found again by content: the same rows under the same tokenizer are not tokenised twice.

One safetensors file for each set of rows, named by a hash of the rows' contents, the tokenizer, the template, the
length and this format's version; nothing is unpickled. Tokens *are* the data, personal data included, so the folder is
private and lies in a run's directory, never in a shared cache. The newest `MOST_FILES` are kept. Costs about 5 bytes a
token; a file that is torn or of other contents is made again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from curate.dataset.atomic import atomic_path, make_private_dir

if TYPE_CHECKING:
    from train.encoded import EncodedRow

FORMAT = "3"
MOST_FILES = 8
_ARRAYS = {"tokens": np.int32, "supervised": np.bool_, "source": np.int32, "tags": np.int32}
_SINGLE = {
    **dict.fromkeys(("cut_tokens", "cut_supervised", "only_read", "thoughtless", "told", "wordless"), np.int64),
    **dict.fromkeys(("marked", "last_lost"), np.bool_),
}
"""Fields of a row and how they are kept; `refused` is kept as a number of a reason, and `uneven` is a pair's."""


class EncodedCache:
    """Encoded rows of one tokenizer and its settings, in a folder."""

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder, self.identity = folder, identity

    def read(self, keys: Sequence[tuple[str, str]]) -> list[EncodedRow] | None:
        """The rows of these contents, or None where they are not kept or cannot be read."""
        from safetensors.numpy import load_file

        from train.encoded import EncodedRow

        path = self._path(keys)
        try:
            found = load_file(path)
            reasons = json.loads(bytes(found["reasons"]).decode())
            fields: dict[str, list[Any]] = {"refused": [reasons[i] for i in found["refused"].tolist()]}
            fields |= {name: found[name].tolist() for name in _SINGLE}
            for name in _ARRAYS:
                fields[name] = np.split(found[name], np.cumsum(found[f"{name}_lengths"])[:-1])
            rows = [EncodedRow(**dict(zip(fields, row, strict=True))) for row in zip(*fields.values(), strict=True)]
        except Exception:  # absent, torn, or of another shape: made again
            return None
        return rows if len(rows) == len(keys) else None

    def write(self, keys: Sequence[tuple[str, str]], rows: Sequence[EncodedRow]) -> None:
        """Keep rows; a full disk or a folder that cannot be written is no reason to stop."""
        from safetensors.numpy import save_file

        reasons = sorted({row.refused for row in rows})
        number = {reason: i for i, reason in enumerate(reasons)}
        held: dict[str, np.ndarray] = {
            "reasons": np.frombuffer(json.dumps(reasons).encode(), dtype=np.uint8),
            "refused": np.array([number[row.refused] for row in rows], dtype=np.int32),
        }
        held |= {name: np.array([getattr(row, name) for row in rows], dtype=kind) for name, kind in _SINGLE.items()}
        for name, kind in _ARRAYS.items():
            values = [getattr(row, name) for row in rows]
            held[name] = np.concatenate(values).astype(kind)
            held[f"{name}_lengths"] = np.array([len(value) for value in values], dtype=np.int64)
        with contextlib.suppress(Exception):
            make_private_dir(self.folder)
            with atomic_path(self._path(keys)) as temporary:
                save_file(held, temporary)
            kept = sorted(self.folder.glob("*.safetensors"), key=lambda p: p.stat().st_mtime, reverse=True)
            for old in kept[MOST_FILES:]:
                old.unlink(missing_ok=True)

    def _path(self, keys: Sequence[tuple[str, str]]) -> Path:
        digest = xxhash.xxh3_128(f"{FORMAT}\0{self.identity}\0{len(keys)}\0".encode())
        for pair in keys:
            for part in pair:
                body = part.encode("utf-8", "surrogatepass")
                digest.update(len(body).to_bytes(8, "little"))
                digest.update(body)
        return self.folder / f"{digest.hexdigest()}.safetensors"
