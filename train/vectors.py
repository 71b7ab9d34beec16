"""Vectors of texts by any encoder on disk: the mean of its last hidden states, one vector a text.

For the stage `semantic_duplicates`, which compares vectors and must not know torch. Any folder with a `config.json`, a
fast tokenizer and safetensors will do (`train.base` says what else is checked); models trained to place sentences
(sentence-transformers folders that pool by the mean) are meant for this, causal language models are a makeshift.
Shapes: float32 (text, hidden size). Cost: one forward pass a text, sorted by length so that little is padded. Texts are
cut after `MOST_TOKENS` tokens, or at the model's own limit. Sums depend on the number of torch's threads in the last
digits, so vectors are made once and written to a file; everything after that is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from curate.errors import ConfigError
from train.base import context_tokens, load_tokenizer, resolve_base
from train.extra import extra

MOST_TOKENS = 512
_BATCH_TOKENS = 8192


def encode(texts: Sequence[str], model: str, progress: Callable[[int, int], None] = lambda done, total: None) -> np.ndarray:
    """float32 (text, hidden size); an empty text has a zero vector. ConfigError where the model cannot be used."""
    source = resolve_base(model)
    tokenizer = load_tokenizer(source)
    encoder = _encoder(source, model)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = encoder.to(device).eval()
    longest = min(MOST_TOKENS, context_tokens(source) or MOST_TOKENS)
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
    out = np.zeros((len(texts), int(encoder.config.hidden_size)), np.float32)
    size = max(1, _BATCH_TOKENS // longest)
    with torch.inference_mode():
        for start in range(0, len(order), size):
            rows = [i for i in order[start : start + size] if texts[i].strip()]
            if rows:
                batch = tokenizer(
                    [texts[i] for i in rows], padding=True, truncation=True, max_length=longest, return_tensors="pt"
                ).to(device)
                batch.pop("token_type_ids", None)
                mask = batch["attention_mask"].unsqueeze(-1)
                states = encoder(**batch).last_hidden_state.float()
                out[rows] = ((states * mask).sum(1) / mask.sum(1).clamp(min=1)).cpu().numpy()
            progress(min(start + size, len(order)), len(order))
    return out


def _encoder(source: Any, model: str) -> Any:
    transformers = extra("transformers", allow_hub=not source.local)
    try:
        return transformers.AutoModel.from_pretrained(
            source.location, local_files_only=source.local, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"the encoder {model} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
