"""Special tokens that rows use and that a base does not know: their embeddings are as they were made.

New tokens get embeddings of zero or, as transformers makes them, all but equal to the mean of the others; a base that was
trained with other rows leaves those of its reserved tokens there too. An adapter does not change embeddings, so such tokens
(the end of a turn, say) cannot be told apart, and a model that trains on them does not learn to stop. A token counts as
untrained where its embedding lies nearer to the mean than `NEAR` of the median distance. Embeddings drawn at random in
their usual width cannot be told from trained ones. Cost: a sample of `SAMPLE` embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from curate.errors import CurateError
from train.examples import OF_TEXTS

if TYPE_CHECKING:
    from train.fit import Learning

NEAR, SAMPLE = 0.1, 4096


def untrained_tokens(job: Learning) -> tuple[str, ...]:
    """Their names; none where embeddings are trained."""
    weight = job.objective.inner.get_input_embeddings().weight
    added = np.array(sorted(job.bench.tokenizer.get_added_vocab().values()), dtype=np.int64)
    if weight.requires_grad or job.examples.task in OF_TEXTS or not len(added) or not weight.is_floating_point():
        return ()
    try:
        encoded = job.bench.encoder.encode(job.examples)
    except CurateError:  # the run itself says what is wrong with its rows
        return ()
    used = np.intersect1d(added, np.concatenate(encoded.tokens))
    some = np.linspace(0, len(weight) - 1, min(SAMPLE, len(weight))).astype(np.int64)
    with torch.inference_mode():
        sample, own = (weight[torch.from_numpy(at).to(weight.device)].float() for at in (some, used))
        middle = sample.mean(dim=0)
        far = (sample - middle).norm(dim=1).median()
        near = ((own - middle).norm(dim=1) < NEAR * far) | (own.abs().amax(dim=1) == 0)
    return tuple(job.bench.tokenizer.convert_ids_to_tokens(used[near.cpu().numpy()].tolist()))
