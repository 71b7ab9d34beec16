"""GGUF, the format of llama.cpp, by llama.cpp's own converter where one is installed.

The adapter is merged into its base first (`train.merge`, with its check of logits), then `convert_hf_to_gguf.py` reads that
folder. It is looked for in `CURATE_GGUF_CONVERTER` (a file), in `LLAMA_CPP` (llama.cpp's folder) and on the PATH. What it
writes is taken only if it begins as GGUF does. It refuses tokenizers that llama.cpp does not know; the bundled base's is
made known to it (`own_tokenizer`). A base of Llama 2's kind should hold its `tokenizer.model`, which goes beside the
merged weights.
Cost: the merged model on disk once more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from curate.dataset.atomic import atomic_path
from curate.errors import ConfigError, CurateError
from curate.house import child_environment
from train.adapters import adapter_folder, load_adapter
from train.extra import extra
from train.hand_over.own_tokenizer import is_bundled
from train.merge import merge_adapter

if TYPE_CHECKING:
    from train.base import BaseSource

NAMES = ("convert_hf_to_gguf.py", "convert_hf_to_gguf", "convert-hf-to-gguf.py", "convert-hf-to-gguf")
TYPES = ("f32", "f16", "bf16", "q8_0", "auto")
MAGIC = b"GGUF"
PIECES = "tokenizer.model"
MISSING = (
    "no GGUF converter is installed: get llama.cpp (https://github.com/ggml-org/llama.cpp) and `pip install gguf`, then "
    "set LLAMA_CPP to its folder, or CURATE_GGUF_CONVERTER to its convert_hf_to_gguf.py"
)


def find_converter() -> list[str] | None:
    """The command that starts the converter, or None."""
    named = [os.environ.get("CURATE_GGUF_CONVERTER", "")]
    if os.environ.get("LLAMA_CPP"):
        named += [str(Path(os.environ["LLAMA_CPP"]) / name) for name in NAMES]
    named += [found for name in NAMES if (found := shutil.which(name))]
    for path in filter(None, named):
        if Path(path).is_file():
            return [sys.executable, path] if path.endswith(".py") else [path]
    return None


def write_gguf(adapter: str | Path, out: str | Path, *, base: str | None = None, kind: str = "f16") -> Path:
    """Write an adapter (or whole weights) as one GGUF file; raises `ConfigError` where that cannot be."""
    target = Path(out)
    if target.exists():
        raise ConfigError(f"{target} is there already; name a new file")
    if kind not in TYPES:
        raise ConfigError(f"a GGUF file cannot be of type {kind!r}; known: {', '.join(TYPES)}")
    command = find_converter()
    if command is None:
        raise ConfigError(MISSING)
    loaded = load_adapter(adapter, base=base, device="cpu", quantised=False)
    if loaded.labels is not None:
        raise ConfigError(
            f"{loaded.folder} is a model for {loaded.task}: llama.cpp runs models that write, and its head would be lost; "
            "merge it with `curate train … --merge` and serve it with transformers"
        )
    merged, source = loaded.merged, loaded.bench.source
    del loaded
    with tempfile.TemporaryDirectory(prefix="curate-gguf-") as place:
        model = adapter_folder(adapter) if merged else merge_adapter(adapter, Path(place) / "model", base=base).folder
        if not merged:  # the converter copies what the card says of the base, which is a path of this machine
            (model / "README.md").unlink(missing_ok=True)
            _add_pieces(source, model)
        with atomic_path(target) as temporary:
            asked, environment = [*command, str(model), "--outfile", str(temporary), "--outtype", kind], None
            if is_bundled(model) and command[-1].endswith(".py"):
                asked = [sys.executable, "-P", "-m", "train.hand_over.own_tokenizer", *asked[1:]]
                environment = child_environment()
            done = subprocess.run(asked, capture_output=True, text=True, check=False, env=environment)
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
            if done.returncode:
                raise CurateError(f"the GGUF converter failed (exit {done.returncode}): {said}")
            with Path(temporary).open("rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    raise CurateError(f"the GGUF converter wrote no GGUF file: {said}")
    return target


def _add_pieces(source: BaseSource, model: Path) -> None:
    """Put the base's SentencePiece file beside the weights: without the scores in it llama.cpp cuts words otherwise."""
    found: str | Path | None = Path(source.location) / PIECES
    if not source.local:
        found = extra("huggingface_hub", allow_hub=True).try_to_load_from_cache(source.location, PIECES)
    if isinstance(found, str | Path) and Path(found).is_file():
        shutil.copyfile(found, model / PIECES)
