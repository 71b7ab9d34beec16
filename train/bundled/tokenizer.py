"""The tokenizer of the bundled base model: byte-level BPE with a chat template.

Method: byte-pair encoding over bytes (Sennrich et al. 2016, as GPT-2 applies it to bytes), so that every string can
be encoded and decoded without loss. One token, `<|end|>`, ends a text and a turn; padding has a token of its own,
so that the last token of a padded row is always found. Digits are split one by one.

Cost: a vocabulary of 8,192 from 75 MB of prose takes about half a minute on two cores. It does not lower-case or
normalise.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

EOS = "<|end|>"
PAD = "<|pad|>"
ROLES = ("system", "user", "assistant")
# The trainer of the tokenizer numbers special tokens first, in this order.
EOS_ID, PAD_ID = 0, 1
SPECIAL = (EOS, PAD, *(f"<|{role}|>" for role in ROLES))

# A turn is its role token, its text and the end token. Only what an assistant has to produce (text and end token)
# lies between the generation markers, so that an assistant mask trains exactly that.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('The roles of this chat template are system, user and assistant.') }}"
    "{% endif %}"
    "{{ '<|' + message['role'] + '|>' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Trains the byte-level BPE tokenizer; the order of the texts does not matter.

    `vocab_size` is the number of ids, special tokens and the 256 bytes included.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(r"\n+"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def wrap(tokenizer: Tokenizer, max_length: int) -> PreTrainedTokenizerFast:
    """Wraps a trained tokenizer for transformers, with special tokens and the chat template set."""
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=EOS,
        pad_token=PAD,
        additional_special_tokens=[f"<|{role}|>" for role in ROLES],
        model_max_length=max_length,
        padding_side="right",
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def load_core(path: Path) -> Tokenizer:
    """Reads a `tokenizer.json`."""
    return Tokenizer.from_file(str(path))
