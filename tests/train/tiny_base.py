"""A tiny random base model, made here and loaded through the same code path as any other folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from train.examples import Examples
from train.extra import extra

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = {
    "card": ["card", "visa", "chip", "pin", "swipe"],
    "refund": ["refund", "return", "money", "back", "repay"],
    "login": ["password", "login", "account", "email", "locked"],
}
FILLER = ["please", "help", "with", "my", "the", "today", "again", "cannot", "why", "is", "and", "now"]


def make_base(
    path: Path,
    *,
    hidden: int = 32,
    layers: int = 2,
    vocabulary: int = 384,
    template: str | None = CHATML,
    corpus: list[str] | None = None,
    seed: int = 0,
) -> Path:
    """Save a random Llama and a byte-level BPE tokenizer under `path`."""
    torch, transformers = extra("torch"), extra("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<|end|>", "<|pad|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    text = corpus or [" ".join([*words, *FILLER]) for words in WORDS.values()] * 5
    tokenizer.train_from_iterator(text, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    fast.chat_template = template
    config = transformers.LlamaConfig(
        vocab_size=len(fast),
        hidden_size=hidden,
        intermediate_size=hidden * 2,
        num_hidden_layers=layers,
        num_attention_heads=max(2, hidden // 32),
        num_key_value_heads=max(2, hidden // 32),
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.1,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
        bos_token_id=None,
    )
    torch.manual_seed(seed)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(path)
    fast.save_pretrained(path)
    return path


def make_tickets(n: int, seed: int, first_id: int = 0) -> Examples:
    """Three classes told apart by their words."""
    rng = np.random.default_rng(seed)
    names = list(WORDS)
    labels = [names[int(i)] for i in rng.integers(0, len(names), n)]
    texts = []
    for label in labels:
        words = [*rng.choice(WORDS[label], 2), *rng.choice(FILLER, int(rng.integers(2, 9)))]
        texts.append(" ".join(rng.permutation(words)))
    groups = {"region": tuple(["north", "south", None][int(i)] for i in rng.integers(0, 3, n))}
    return Examples("classification", np.arange(first_id, first_id + n), tuple(texts), tuple(labels), groups=groups)


def make_talks(n: int, first_id: int = 0) -> Examples:
    """Prompts with a number, answers with a word and that number."""
    words = list(WORDS)
    made = tuple(
        (
            {"role": "user", "content": f"say {'please ' * (i % 5)}{i % 3}"},
            {"role": "assistant", "content": f"{words[i % 3]} #### {i % 3}"},
        )
        for i in range(n)
    )
    return Examples("sft", np.arange(first_id, first_id + n), messages=made)
