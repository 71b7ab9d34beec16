"""Rebuild the bundled base model from an article corpus: `python -m train.bundled.build --corpus articles.parquet`.

Guarantees: no network; seeds fixed; every stage leaves its result in the work folder and is not computed again; a
killed run continues from its last checkpoint and ends with the same bytes as an undisturbed one. `--steps` may be
lowered while a run is stopped, as long as it has not begun to decay: the result is that of the shorter run.

Stages: tokenizer, token streams, PPMI embeddings, pretraining, export (fp16 weights, tokenizer, `build.json` with
the configuration and the held-out bits per byte). Cost of the shipped configuration: under an hour on two free cores,
2 GiB of memory (see README.md beside this file). It does not fetch the corpus.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import xxhash
from tokenizers import Tokenizer
from transformers.utils.logging import disable_progress_bar

from train.bundled import corpus, embeddings, requests
from train.bundled import tokenizer as tokenization
from train.bundled.evaluate import bits_per_byte
from train.bundled.pretrain import PretrainConfig, TrainingData, build_model, load_checkpoint, pretrain

BASE = Path(__file__).parent / "base"


@dataclass(frozen=True)
class BuildConfig:
    """All settings of a build."""

    vocab_size: int = 8192
    """Number of token ids."""
    context_tokens: int = 512
    """Longest sequence that the saved configuration promises."""
    ppmi_window: int = 5
    """Neighbours on each side that count for the initial embeddings."""
    shortest_sentence_tokens: int = 6
    """Shorter sentences form no pair."""
    request_texts: int = 40_000
    """Pairs of wordings of everyday requests."""
    held_out_characters: int = 20_000
    """Characters of each held-out article that bits per byte are measured on."""
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    """Sizes and schedule of pretraining."""


SMOKE = BuildConfig(
    vocab_size=400,
    context_tokens=64,
    request_texts=200,
    held_out_characters=500,
    pretrain=PretrainConfig(
        width=32,
        feed_forward=48,
        layers=2,
        head_size=16,
        window_tokens=16,
        window_rows=4,
        extra_rows=2,
        sentence_pairs=4,
        request_pairs=4,
        pair_tokens=16,
        steps=12,
        warmup_steps=2,
        checkpoint_steps=3,
    ),
)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def prepare(corpus_path: Path, work: Path, config: BuildConfig) -> TrainingData:
    """Tokenizer, token streams, sentence offsets and request pairs; reads them where the work folder already has them.

    ValueError where the work folder belongs to another corpus or configuration, or the corpus is too small.
    """
    work.mkdir(parents=True, exist_ok=True)
    settings = asdict(config) | {"pretrain": asdict(config.pretrain) | {"steps": None}}
    identity = {"corpus": _file_hash(corpus_path), "settings": settings}
    marker = work / "identity.json"
    if marker.exists() and json.loads(marker.read_text()) != identity:
        raise ValueError(f"{work} holds a build with another corpus or configuration; name another --work folder")
    _write(marker, json.dumps(identity, indent=1))
    if not (work / "streams.npz").exists():
        _prepare_streams(corpus_path, work, config)
    with np.load(work / "streams.npz", allow_pickle=False) as arrays:
        data = TrainingData(
            **{name: arrays[name] for name in arrays.files}, eos_id=tokenization.EOS_ID, pad_id=tokenization.PAD_ID
        )
    needed = max(config.pretrain.window_tokens + 1, 2)
    if len(data.articles) < needed or len(data.extra) < needed or len(data.pairs) == 0:
        raise ValueError(f"{corpus_path} is too small: it needs at least {needed} tokens and one pair of sentences")
    return data


def _prepare_streams(corpus_path: Path, work: Path, config: BuildConfig) -> None:
    articles = [a for a in corpus.read_articles(corpus_path) if not a.held_out]
    wordings = requests.sample_pairs(config.request_texts, config.pretrain.seed)
    flat = [text for pair in wordings for text in pair]
    _say(f"training a tokenizer of {config.vocab_size} ids on {len(articles)} articles")
    tokenizer = tokenization.train_tokenizer([*(a.text for a in articles), *flat], config.vocab_size)
    _write(work / "tokenizer.json", tokenizer.to_str())
    eos, pad = tokenization.EOS_ID, tokenization.PAD_ID
    _say("encoding the corpus")
    stream = corpus.encode_stream(tokenizer, [a.text for a in articles], eos)
    sentences = corpus.find_sentences(tokenizer, stream, eos)
    longest = config.pretrain.pair_tokens
    np.savez(
        work / "partial.npz",
        articles=stream,
        extra=_extra_stream(tokenizer, articles, flat[::2], config.pretrain.seed, eos),
        starts=sentences.starts,
        pairs=corpus.sentence_pairs(sentences, config.shortest_sentence_tokens, longest - 1),
        requests=_padded(tokenizer, flat, longest, eos, pad).reshape(-1, 2, longest),
    )
    (work / "partial.npz").replace(work / "streams.npz")


def _extra_stream(
    tokenizer: Tokenizer, articles: Sequence[corpus.Article], plain: Sequence[str], seed: int, eos: int
) -> np.ndarray:
    chats = ["".join(f"<|{t['role']}|>{t['content']}{tokenization.EOS}" for t in d) for d in corpus.dialogues(articles)]
    texts = [chat.removesuffix(tokenization.EOS) for chat in chats] + list(plain)
    order = np.random.default_rng(seed).permutation(len(texts))
    return corpus.encode_stream(tokenizer, [texts[i] for i in order], eos)


def _padded(tokenizer: Tokenizer, texts: Sequence[str], longest: int, eos: int, pad: int) -> np.ndarray:
    rows = np.full((len(texts), longest), pad, dtype=np.uint16)
    for row, encoding in zip(rows, tokenizer.encode_batch(list(texts)), strict=True):
        ids = encoding.ids[: longest - 1]
        row[: len(ids)] = ids
        row[len(ids)] = eos
    return rows


def initial_embeddings(work: Path, data: TrainingData, config: BuildConfig) -> torch.Tensor:
    """The PPMI embeddings, read where the work folder already has them."""
    path = work / "embeddings.npy"
    if not path.exists():
        _say("factorising token co-occurrence")
        sizes = config.pretrain
        vectors = embeddings.ppmi_embeddings(
            np.concatenate((data.articles, data.extra)),
            config.vocab_size,
            sizes.width,
            window=config.ppmi_window,
            seed=sizes.seed,
            norm=1.0,
        )
        np.save(work / "partial.npy", vectors)
        (work / "partial.npy").replace(path)
    return torch.from_numpy(np.load(path, allow_pickle=False))


def export(corpus_path: Path, work: Path, out: Path, config: BuildConfig) -> dict[str, object]:
    """Writes the last checkpoint as a folder that transformers loads, and returns what `build.json` says."""
    sizes = config.pretrain
    model = build_model(sizes, config.vocab_size, tokenization.EOS_ID, tokenization.PAD_ID, config.context_tokens)
    steps = load_checkpoint(work / "checkpoint.safetensors", model, None)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.config.use_cache = True  # training switched the cache off; users of the model generate text
    model.half().save_pretrained(partial)
    (partial / "model.safetensors").chmod(0o644)
    core = tokenization.load_core(work / "tokenizer.json")
    tokenization.wrap(core, config.context_tokens).save_pretrained(partial)
    held_out = [a.text[: config.held_out_characters] for a in corpus.read_articles(corpus_path) if a.held_out]
    facts: dict[str, object] = {
        "config": asdict(config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": steps,
        "next_token_tokens": steps * (sizes.window_rows + sizes.extra_rows) * (sizes.window_tokens - 1),
        "pairs": steps * (sizes.sentence_pairs + sizes.request_pairs),
        "held_out_articles": len(held_out),
        "held_out_bytes": sum(len(text.encode()) for text in held_out),
        "held_out_bits_per_byte": round(bits_per_byte(partial, held_out), 4) if any(held_out) else None,
    }
    _write(partial / "build.json", json.dumps(facts, indent=1) + "\n")
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
    return facts


def build(corpus_path: Path, work: Path, out: Path, config: BuildConfig, stop_after: int | None = None) -> int:
    """Runs all stages and returns the number of finished steps; exports only a finished run.

    With `stop_after` it leaves after so many steps in all, without export.
    """
    sizes = config.pretrain
    data = prepare(corpus_path, work, config)
    vectors = initial_embeddings(work, data, config)
    model = build_model(sizes, config.vocab_size, data.eos_id, data.pad_id, config.context_tokens)
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(vectors)
    done = pretrain(model, data, sizes, work / "checkpoint.safetensors", _say, stop_after)
    if done >= sizes.steps:
        facts = export(corpus_path, work, out, config)
        _say(f"wrote {out}: {facts['held_out_bits_per_byte']} bits per byte on held-out articles")
    return done


def _file_hash(path: Path) -> str:
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the build."""
    parser = argparse.ArgumentParser(prog="python -m train.bundled.build", description="Rebuild the bundled base.")
    parser.add_argument("--corpus", type=Path, required=True, help="Parquet file with the columns id, title and text")
    parser.add_argument("--work", type=Path, required=True, help="folder for intermediate results and checkpoints")
    parser.add_argument("--out", type=Path, default=BASE, help="folder for the finished model")
    parser.add_argument("--steps", type=int, help="number of optimiser steps instead of the shipped one")
    parser.add_argument("--stop-after", type=int, help="leave after this many steps, to be resumed")
    parser.add_argument("--export-only", action="store_true", help="export the last checkpoint as it is")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: all of the code in seconds")
    chosen = parser.parse_args(arguments)
    disable_progress_bar()
    config = SMOKE if chosen.smoke else BuildConfig()
    if chosen.steps is not None:
        config = replace(config, pretrain=replace(config.pretrain, steps=chosen.steps))
    if chosen.export_only:
        export(chosen.corpus, chosen.work, chosen.out, config)
    else:
        build(chosen.corpus, chosen.work, chosen.out, config, chosen.stop_after)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
