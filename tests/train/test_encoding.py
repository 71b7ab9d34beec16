"""Tokens, masks, and what is cut or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_base import make_base

from curate.errors import DataError
from train.base import load_tokenizer, resolve_base
from train.encoded import EncodedRow
from train.encoding import Encoder
from train.examples import Examples
from train.extra import extra

TALK = (
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "my card is locked"},
    {"role": "assistant", "content": "which card?"},
    {"role": "user", "content": "visa"},
    {"role": "assistant", "content": "done, it works again"},
)


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(resolve_base(str(base)))


def chat(*conversations: tuple[dict[str, Any], ...]) -> Examples:
    return Examples("chat", np.arange(len(conversations)), messages=conversations)


def supervised_text(tokenizer: Any, row: EncodedRow) -> str:
    return str(tokenizer.decode(row.tokens[row.supervised], skip_special_tokens=False))


def only_row(encoder: Encoder, examples: Examples) -> EncodedRow:
    encoder.encode(examples)
    return encoder.rows(examples)[0]


def test_only_the_answers_and_their_end_tokens_are_supervised(tokenizer: Any) -> None:
    row = only_row(Encoder(tokenizer, 256), chat(TALK))
    assert supervised_text(tokenizer, row) == "which card?<|im_end|>done, it works again<|im_end|>"
    assert row.tokens[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_the_tokens_are_those_of_the_template(tokenizer: Any) -> None:
    row = only_row(Encoder(tokenizer, 256), chat(TALK))
    whole = tokenizer.apply_chat_template(list(TALK), tokenize=True, return_dict=False)
    assert list(row.tokens) == list(whole[: len(row.tokens)])


def test_the_mask_is_that_of_a_template_with_generation_markers(tokenizer: Any) -> None:
    marked = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}{% generation %}"
        "{{ m['content'] }}<|im_end|>{% endgeneration %}{{ '\n' }}{% else %}{{ m['content'] }}<|im_end|>\n{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    reference = tokenizer.apply_chat_template(
        list(TALK), chat_template=marked, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    row = only_row(Encoder(tokenizer, 256), chat(TALK))
    assert list(row.supervised.astype(int)) == reference["assistant_masks"][: len(row.tokens)]


def test_a_base_without_a_template_gets_a_plain_one_whose_end_is_supervised(tmp_path: Path) -> None:
    plain = load_tokenizer(resolve_base(str(make_base(tmp_path, template=None))))
    pair = ({"role": "user", "content": "why"}, {"role": "assistant", "content": "because"})
    row = only_row(Encoder(plain, 256), Examples("sft", np.arange(1), messages=(pair,)))
    assert supervised_text(plain, row) == "because<|end|>"


def test_a_template_that_closes_no_turn_gets_an_end_token(tmp_path: Path) -> None:
    open_ended = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    open_ended += "{% if add_generation_prompt %}[assistant] {% endif %}"
    loose = load_tokenizer(resolve_base(str(make_base(tmp_path, template=open_ended))))
    pair = ({"role": "user", "content": "why"}, {"role": "assistant", "content": "because"})
    row = only_row(Encoder(loose, 256), Examples("sft", np.arange(1), messages=(pair,)))
    assert row.supervised[-1]
    assert row.tokens[-1] == loose.eos_token_id


def test_rows_without_an_answer_in_reach_are_refused_and_counted(tokenizer: Any) -> None:
    long = ({"role": "user", "content": "why " * 120}, {"role": "assistant", "content": "because"})
    silent = ({"role": "user", "content": "why"},)
    encoded = Encoder(tokenizer, 96).encode(chat(TALK, long, silent))
    assert list(encoded.kept) == [0]
    assert encoded.report.refused_rows == 2
    reasons = {"the answer lies beyond the maximal length", "no assistant turn is to be learned"}
    assert set(encoded.report.refused_reasons) == reasons
    with pytest.raises(DataError, match="no row has a token to learn from"):
        Encoder(tokenizer, 96).encode(chat(long, silent))


def test_a_template_that_rewrites_answers_is_found_out(tmp_path: Path) -> None:
    shouting = "{% for m in messages %}<|im_start|>{{ m['content'] | upper if m['role'] == 'assistant' else m['content'] }}"
    shouting += "<|im_end|>{% endfor %}"
    loud = load_tokenizer(resolve_base(str(make_base(tmp_path, template=shouting))))
    with pytest.raises(DataError, match="rewrites or drops an answer"):
        Encoder(loud, 256).encode(chat(TALK))


def test_classification_ends_with_the_end_token_and_counts_what_it_cuts(tokenizer: Any) -> None:
    texts = ("my card", "card " * 100)
    encoded = Encoder(tokenizer, 16).encode(Examples("classification", np.arange(2), texts, ("a", "b")))
    assert [row[-1] for row in encoded.tokens] == [tokenizer.eos_token_id] * 2
    assert list(encoded.lengths) == [len(tokenizer("my card")["input_ids"]) + 1, 16]
    assert encoded.report.truncated_rows == 1
    assert encoded.report.truncated_tokens == len(tokenizer(texts[1])["input_ids"]) + 1 - 16
    assert encoded.report.longest_tokens == 16 + encoded.report.truncated_tokens


def test_hostile_text_is_encoded(tokenizer: Any) -> None:
    texts = ("\x00", "\ud800 half", "a" * 20_000, "\u202egnp.exe", "<|im_end|> fake")
    encoded = Encoder(tokenizer, 64).encode(Examples("text", np.arange(len(texts)), texts))
    assert len(encoded) + encoded.report.refused_rows == len(texts)


@pytest.mark.parametrize("form", ["<s> $A </s>", "en_XX $A </s>", "$A </s> en_XX"])  # BART, mBART-50, mBART
@pytest.mark.parametrize("side", ["start", "end"])
def test_a_text_that_an_encoder_decoder_classifies_has_one_end_token(form: str, side: str) -> None:
    """Its head takes the state at the end token and raises where rows have different numbers of them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    named = ["<s>", "<pad>", "</s>", "en_XX"]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*named, "ok", "then"])}, "<pad>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ids = [(word, i) for i, word in enumerate(named)]
    made.post_processor = processors.TemplateProcessing(single=form, special_tokens=ids)
    made.add_special_tokens(named)
    bart = extra("transformers").PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", cls_token="<s>", sep_token="</s>", eos_token="</s>", pad_token="<pad>"
    )
    texts = ("ok", "ok </s> then", "</s> then", "", "then </s>", "ok then " * 9)
    rows = Examples("classification", np.arange(6), texts=texts, labels=("a", "b") * 3)
    found = Encoder(bart, 8, side=side, decoder_start=2).encode(rows)
    said = [bart.decode(tokens) for tokens in found.tokens]
    assert [words.count("</s>") for words in said] == [1] * 6
    assert said[1] == form.replace("$A", "ok then")
    assert len(found.tokens[5]) == 8


def test_of_a_pair_with_one_answer_beyond_the_limit_the_other_is_learned_whole(tokenizer: Any) -> None:
    asked = {"role": "user", "content": "why " * 20}
    chosen, rejected = ((asked, {"role": "assistant", "content": said}) for said in ("because " * 60, "no"))
    rows = Examples("sft", np.arange(1), messages=(chosen,), rejected=(rejected,))
    _, bad = Encoder(tokenizer, 32, side="start").encode_pairs(rows)
    assert tokenizer.decode(bad.tokens[0][bad.supervised[0]]) == "no<|im_end|>"


def test_what_is_cut_at_the_start_counts_the_learned_tokens_that_it_costs(tokenizer: Any) -> None:
    """They were counted as lost where rows are cut at the end, and not at the start."""
    talk = tuple({"role": role, "content": "card " * 8} for role in ("user", "assistant") * 2)
    rows = Examples("chat", np.arange(1), messages=(talk,))
    whole = Encoder(tokenizer, 256).encode(rows).report.supervised_tokens
    for side in ("start", "end"):
        report = Encoder(tokenizer, 48, side=side).encode(rows).report
        assert report.truncated_supervised_tokens == whole - report.supervised_tokens > 0


def test_where_the_base_reads_no_more_nobody_is_told_to_raise_the_limit(tokenizer: Any) -> None:
    rows = Examples("text", np.arange(1), texts=("card " * 100,))
    for context, way in ((32, "the base reads no more"), (64, "raise max_length"), (None, "raise max_length")):
        words = Encoder(tokenizer, 32, context_tokens=context).encode(rows).report.words()
        assert way in words[1]


def test_answers_that_say_nothing_are_told(base: Path) -> None:
    talk = ({"role": "user", "content": "where"}, {"role": "assistant", "content": " "})
    call = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "find", "arguments": {}}}]}
    more = (*talk, {"role": "user", "content": "and now"}, {"role": "assistant", "content": "here"})
    called = ({"role": "user", "content": "where"}, call, {"role": "tool", "content": "x"}, more[-1])
    rows = Examples("chat", np.array([3, 5, 7]), messages=(talk, more, called))
    report = Encoder(load_tokenizer(resolve_base(str(base))), 256, plain_template=True).encode(rows).report
    assert (report.wordless_answers, report.wordless_row_numbers) == (2, [3, 5])
    assert "Empty answers: 2 (rows 3, 5); a model learns from them to say nothing" in " ".join(report.words())
