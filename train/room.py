"""How many tokens a forward pass without gradients takes at a time, so that a GPU is busy and its memory suffices.

A token weighs its logits where they are computed (10 bytes a word of the vocabulary: the format they come in, float32,
their logarithms), what its layer holds for a moment, and, where answers are written, keys and values of every layer. At
most a quarter of what is free on the card is given to them. A card of 80 GB takes the most that is asked for with small
vocabularies, one of 8 GB with 150,000 words about a fiftieth of it. Needs torch.
"""

from __future__ import annotations

from typing import Any

from train.resources import free_on_gpu, shape_of

SHARE = 0.25
LEAST_TOKENS = 512


def tokens_at_once(model: Any, cpu: int, cuda: int, *, logits: bool = False, writes: bool = False) -> int:
    """Tokens of a batch of `model`: `cpu` on a CPU, on a GPU at most `cuda` and what there is room for.

    `logits` says whether those of the vocabulary are computed at every position, `writes` whether answers are written.
    """
    one = next(model.parameters())
    if one.device.type == "cpu":
        return cpu
    known = model.config.to_dict()
    known = {**known, **(known.get("text_config") or {})}
    layers, hidden, inner = shape_of(known)
    token: int = (8 * hidden + 4 * inner) * one.element_size()
    head = model.get_output_embeddings()
    if logits and head is not None:
        token += 10 * int(head.weight.shape[0])
    if writes:
        heads = known.get("num_attention_heads") or 1
        kept = (known.get("num_key_value_heads") or heads) / heads * hidden
        token += int(layers * 2 * kept) * one.element_size()
    room = int(SHARE * free_on_gpu()) // token
    return min(cuda, max(LEAST_TOKENS, room))
