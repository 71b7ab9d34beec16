"""A text into another language and back, by two sequence-to-sequence models in folders on this machine.

Both directions are decoded by beam search, which draws nothing, so the same models give the same texts. Of the forward
pass the best translation is taken, of the way back the best `most`; what is a reader's repetition of the text itself is
left out by the caller. Texts longer than `max_length_tokens` come back with none: half a text is no paraphrase. Models
are loaded from safetensors and never downloaded. Any encoder-decoder that translates without further switches will do
(Marian and its kin); one that needs a language code is not told any. Needs the `train` extra.
Cost: two generations a text, in batches of `BATCH`, the most of it the tokens written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import ConfigError

BATCH = 16


def model_fingerprint(folder: str) -> str:
    """Hex hash of a model folder; raises `ConfigError` where it is none."""
    return _source(folder).fingerprint()  # type: ignore[no-any-return]


def back_translations(
    texts: Sequence[str],
    forward: str,
    backward: str,
    *,
    most: int = 1,
    max_length_tokens: int = 128,
    threads: int = 0,
    stop: Callable[[], None] = lambda: None,
) -> list[tuple[str, ...]]:
    """Up to `most` different texts for each, the most likely first; `stop` may raise between batches."""
    from train.lora import training_threads

    order = np.argsort([len(text) for text in texts], kind="stable")
    out: list[tuple[str, ...]] = [()] * len(texts)
    with training_threads(threads):
        there, back = _Translator(forward), _Translator(backward)
        for start in range(0, len(order), BATCH):
            stop()
            at = [int(i) for i in order[start : start + BATCH] if there.length(texts[int(i)]) <= max_length_tokens]
            if not at:
                continue
            abroad = [found[0] for found in there.translate([texts[i] for i in at], 1, max_length_tokens)]
            for i, found in zip(at, back.translate(abroad, most, max_length_tokens), strict=True):
                out[i] = tuple(dict.fromkeys(text for text in found if text))
    return out


class _Translator:
    """One direction."""

    def __init__(self, folder: str) -> None:
        from train.base import load_model, load_tokenizer
        from train.config import TrainConfig

        source = _source(folder)
        self.tokenizer = load_tokenizer(source)
        self.model: Any = load_model(source, self.tokenizer, TrainConfig(base=folder), None).eval()

    def length(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.tokenizer(text, verbose=False)["input_ids"])

    def translate(self, texts: Sequence[str], most: int, max_length_tokens: int) -> list[list[str]]:
        """The `most` best translations of each text, by beam search."""
        import torch

        given = self.tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, verbose=False,
                               max_length=max_length_tokens)  # fmt: skip
        given = {k: v.to(self.model.device) for k, v in given.items() if k in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            written = self.model.generate(
                **given, num_beams=max(4, most), num_return_sequences=most, do_sample=False,
                max_new_tokens=2 * max_length_tokens, early_stopping=True, use_cache=True,
            )  # fmt: skip
        said = [text.strip() for text in self.tokenizer.batch_decode(written, skip_special_tokens=True)]
        return [said[i : i + most] for i in range(0, len(said), most)]


def _source(folder: str) -> Any:
    from train.base import ENCODER_DECODER, architecture, resolve_base

    if not Path(folder).expanduser().is_dir():
        raise ConfigError(
            f"back_translation: there is no model folder at {folder}; name the folder of a saved translation model"
        )
    source = resolve_base(folder)
    if architecture(source) != ENCODER_DECODER:
        raise ConfigError(
            f"back_translation: {folder} holds a model that is no encoder-decoder; name a translation model, such as a "
            "saved Marian model"
        )
    return source
