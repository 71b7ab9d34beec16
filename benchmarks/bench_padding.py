"""How much of a batch is padding: what packing without padding could save at most.

    python -m benchmarks.bench_padding [--rows 32]

For three sets, the share of token positions that are padding when batches are cut from rows grouped by length, as the
trainer does (`train.order`), and from rows in random order, as most do. And what a packed row would pay without a kernel
that keeps rows apart: seconds of attention with a block mask against the causal path, same tokens, on this machine.
Needs the `train` extra and the data folder.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.bench_forgetting import DATA, alpaca, gsm8k
from benchmarks.bench_train import banking
from train.config import TrainConfig
from train.examples import Examples
from train.lora import open_workbench
from train.order import plan_steps

TRIES = 5


def padding(lengths: np.ndarray, plan: np.ndarray) -> float:
    """Share of positions that hold no token."""
    found = lengths[plan]
    return float(1.0 - found.sum() / (found.max(axis=1) * plan.shape[1]).sum())


def attention_ratio(lengths: list[int], heads: int = 4, size: int = 64) -> float:
    """Time of one packed row under a block mask, in multiples of the same rows padded on the causal path."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    total, longest = sum(lengths), max(lengths)
    packed = [torch.randn(1, heads, total, size) for _ in range(3)]
    which = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    mask = (which[:, None] == which[None, :]) & torch.tril(torch.ones(total, total, dtype=torch.bool))
    padded = [torch.randn(len(lengths), heads, longest, size) for _ in range(3)]
    times: dict[str, list[float]] = {"packed": [], "padded": []}
    for _ in range(TRIES):
        began = time.process_time()
        attend(*packed, attn_mask=mask[None, None])
        times["packed"].append(time.process_time() - began)
        began = time.process_time()
        attend(*padded, is_causal=True)
        times["padded"].append(time.process_time() - began)
    return min(times["packed"]) / min(times["padded"])


def main() -> int:
    parser = argparse.ArgumentParser(description="Padding, and what packing would cost.")
    parser.add_argument("--rows", type=int, default=32)
    arguments = parser.parse_args()
    if not (DATA / "gsm8k").is_dir():
        print(f"no data at {DATA}")
        return 3
    bench = open_workbench(TrainConfig())
    known = banking(DATA / "banking77", "train.csv", 77)
    sets: dict[str, Examples] = {"Banking77": known, "gsm8k": gsm8k("train", 3000), "alpaca": alpaca(3000)}
    for name, rows in sets.items():
        encoded = bench.encoder.encode(rows)
        steps = len(encoded) // arguments.rows
        grouped = plan_steps(encoded.ids, encoded.lengths, steps=steps, batch_rows=arguments.rows, seed=0)
        drawn = np.random.default_rng(0).permutation(len(encoded))[: steps * arguments.rows].reshape(steps, -1)
        one = encoded.lengths[grouped[steps // 2]].tolist()
        print(
            f"{name:<10} padding {padding(encoded.lengths, grouped):6.1%} grouped by length, "
            f"{padding(encoded.lengths, drawn):6.1%} in random order; attention packed {attention_ratio(one):5.1f}x padded"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
