"""Any base: encoders and encoder-decoders that tests build, half precision on a CPU, a hub that must not be asked."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_base import make_base, make_tickets

from curate.errors import ConfigError
from train.adapters import load_adapter
from train.attribution import METHODS, attribute
from train.base import architecture, load_model, load_tokenizer, resolve_base
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra
from train.generate import generate
from train.lora import open_workbench, train_adapter
from train.merge import merge_adapter
from train.microscope import look

ROOT = Path(__file__).parents[2]
TEXT = ["card visa chip pin swipe refund return money back repay password login account email locked please help"] * 9


def tokenizer_of(path: Path, *, t5: bool) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    special = ["<pad>", "</s>", "<unk>"] if t5 else ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made = Tokenizer(models.WordPiece(unk_token=special[2] if t5 else special[1]))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False))
    if t5:
        made.post_processor = processors.TemplateProcessing(
            single="$A </s>", special_tokens=[("</s>", made.token_to_id("</s>"))]
        )
        named = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    else:
        ids = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
        made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ids)
        named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    fast = extra("transformers").PreTrainedTokenizerFast(tokenizer_object=made, **named)
    fast.save_pretrained(path)
    return fast


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder")
    fast, transformers = tokenizer_of(path, t5=False), extra("transformers")
    torch.manual_seed(0)
    shape = transformers.BertConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, pad_token_id=fast.pad_token_id, initializer_range=0.2, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    transformers.BertForMaskedLM(shape).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seq2seq")
    fast, transformers = tokenizer_of(path, t5=True), extra("transformers")
    torch.manual_seed(0)
    shape = transformers.T5Config(
        vocab_size=len(fast), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, dropout_rate=0.0,
        pad_token_id=fast.pad_token_id, eos_token_id=fast.eos_token_id, decoder_start_token_id=fast.pad_token_id,
    )  # fmt: skip
    transformers.T5ForConditionalGeneration(shape).save_pretrained(path)
    return path


def answers(n: int, first: int = 0) -> Examples:
    words = {"visa": "card", "money": "refund", "password": "login"}
    asked = list(words)
    made = tuple(
        ({"role": "user", "content": f"help {asked[i % 3]}"}, {"role": "assistant", "content": words[asked[i % 3]]})
        for i in range(n)
    )
    return Examples("sft", np.arange(first, first + n), messages=made)


def test_an_encoder_learns_classes_and_its_adapter_is_loaded_merged_and_tried(encoder: Path, tmp_path: Path) -> None:
    # 0.88 to 0.90 by seed; with dropout and 150 rows a random encoder learns its rows by heart (0.58 to 0.72).
    rates = {"learning_rate": 5e-3, "head_learning_rate": 2e-3}
    config = TrainConfig(base=str(encoder), lora_rank=8, steps=110, batch_rows=16, seed=1, **rates)
    held = make_tickets(60, seed=2, first_id=900)
    run = train_adapter(make_tickets(600, seed=1), config, tmp_path / "run", evaluation=held)
    assert run.scores is not None
    assert run.scores.mean() > 0.6
    tried = generate(load_adapter(tmp_path / "run"), list(held.texts))
    assert [t.labels[0][0] for t in tried] == list(run.scores.prediction)
    assert sum(p for _, p in tried[0].labels) == pytest.approx(1.0)
    merged = merge_adapter(tmp_path / "run", tmp_path / "full")
    again = generate(load_adapter(tmp_path / "full"), list(held.texts))
    assert [t.labels[0][0] for t in again] == list(run.scores.prediction)
    assert merged.largest_difference < 1e-3


def test_an_encoder_cannot_learn_to_write(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is an encoder: it can learn classes and spans"):
        train_adapter(answers(9), TrainConfig(base=str(encoder), steps=2), tmp_path)


def test_an_encoder_decoder_learns_answers_and_writes_them(seq2seq: Path, tmp_path: Path) -> None:
    # 0.42 to 0.53 nats at 5e-3 (three seeds); at 1e-2 the loss swings between 0.5 and 1.3.
    config = TrainConfig(base=str(seq2seq), lora_rank=16, steps=140, batch_rows=12, learning_rate=5e-3)
    run = train_adapter(answers(60), config, tmp_path / "run", evaluation=answers(9, 100))
    assert run.scores is not None
    assert run.scores.mean() < 1.0  # ln 200 = 5.3 before
    assert run.done["encoding"]["supervised_tokens"] == 60 * 2  # the word and the end token
    tried = generate(load_adapter(tmp_path / "run"), ["help visa", "help money"], new_tokens=5)
    assert {t.answer for t in tried} <= {"card", "refund", "login"}
    loaded = load_adapter(tmp_path / "run")
    for method in METHODS:
        weights = [p.weight for p in attribute(loaded.objective, loaded.bench, "help visa", "card", method=method).pieces]
        assert len(weights) == 2
        assert all(weights)
    assert merge_adapter(tmp_path / "run", tmp_path / "full").largest_difference < 1e-3


def test_the_loss_of_an_encoder_decoder_is_its_own(seq2seq: Path) -> None:
    from train.lora import adapted_model, open_workbench
    from train.objective import collate

    config = TrainConfig(base=str(seq2seq))
    bench = open_workbench(config)
    encoded = bench.encoder.encode(answers(5))
    batch = collate(encoded, range(5), None, bench.tokenizer.pad_token_id)
    objective = adapted_model(config, bench, None)
    objective.model.eval()
    assert batch.source is not None
    assert batch.source_lengths is not None
    labels = torch.full_like(batch.tokens, -100)
    for i, length in enumerate(batch.lengths.tolist()):
        labels[i, : length - 1] = batch.tokens[i, 1:length]
    mask = (torch.arange(batch.source.shape[1])[None] < batch.source_lengths[:, None]).long()
    stock = objective.model(input_ids=batch.source, attention_mask=mask, labels=labels).loss
    assert objective.nats(batch).mean().item() == pytest.approx(stock.item(), abs=1e-5)


def read_of(lengths: list[int]) -> Examples:
    made = tuple(
        ({"role": "user", "content": " ".join(["help"] * n)}, {"role": "assistant", "content": "refund card"})
        for n in lengths
    )
    return Examples("sft", np.arange(len(made)), messages=made)


def test_the_microscope_shows_what_an_encoder_decoder_reads_and_writes_token_by_token(seq2seq: Path) -> None:
    for limit in (256, 12, 3):
        bench = open_workbench(TrainConfig(base=str(seq2seq), max_length_tokens=max(limit, 4)))
        bench.encoder.max_length_tokens = limit
        rows = read_of([20])
        encoded, seen = bench.encoder.encode(rows), look(rows, 0, bench)
        assert encoded.sources is not None
        assert [t.id for t in seen.tokens if t.state == "read"] == encoded.sources[0].tolist()
        learned = [t for t in seen.tokens if t.state == "learned"]
        assert [t.id for t in learned] == encoded.tokens[0][encoded.supervised[0]].tolist()
        assert seen.counts()["cut"] == encoded.report.truncated_tokens
        if limit > 4:
            assert "".join(t.piece for t in learned) == "refundcard</s>"


def test_rows_of_an_encoder_decoder_are_as_long_as_what_it_reads_and_writes(seq2seq: Path) -> None:
    bench = open_workbench(TrainConfig(base=str(seq2seq), max_length_tokens=60))
    encoded = bench.encoder.encode(read_of([2, 30, 30, 90]))
    assert encoded.sources is not None
    sizes = [len(read) + len(wrote) for read, wrote in zip(encoded.sources, encoded.tokens, strict=True)]
    assert encoded.lengths.tolist() == sizes
    report = encoded.report
    assert report.tokens == sum(sizes)
    assert report.length_tokens["p50"] == sizes[1]
    assert report.truncated_side == "start of what is read"
    assert "read and written together" in report.words()[0]
    assert report.words()[1].startswith("Cut at the start of what is read: 1 rows read or write more than 60 tokens")
    bench.encoder.max_length_tokens = 3
    both = bench.encoder._encoded(read_of([9]), bench.encoder._made(read_of([9]), [0])).report
    assert both.truncated_side == "start of what is read and the end of answers"
    assert both.truncated_supervised_tokens == 1


def test_batches_of_an_encoder_decoder_hold_rows_that_read_about_as_much(seq2seq: Path, tmp_path: Path) -> None:
    config = TrainConfig(base=str(seq2seq), steps=8, batch_rows=4, lora_rank=4)
    rows = read_of([3, 60] * 16)
    run = train_adapter(rows, config, tmp_path, evaluation=read_of([3] * 4))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    steps = [line["row_ids"] for line in lines if "row_ids" in line]
    assert sum(len({row % 2 for row in step}) == 1 for step in steps) >= 7
    assert run.done["tokens_seen"] == run.done["encoding"]["tokens"]


def test_an_encoder_decoder_learns_classes(seq2seq: Path, tmp_path: Path) -> None:
    # At 2e-2 the loss of so small a T5 swings (accuracy 0.43 to 0.90 by seed and processor); at 5e-3 it is 0.97 and more.
    config = TrainConfig(base=str(seq2seq), lora_rank=16, steps=60, batch_rows=16, learning_rate=5e-3)
    held = make_tickets(60, seed=2, first_id=900)
    run = train_adapter(make_tickets(150, seed=1), config, tmp_path, evaluation=held, thorough=True)
    assert run.scores is not None
    assert run.scores.mean() > 0.75
    assert "linear probe" in run.done["base_evaluation"]["method"]


def test_what_a_base_is_follows_from_its_configuration(base: Path, encoder: Path, seq2seq: Path) -> None:
    found = [architecture(resolve_base(str(path))) for path in (base, encoder, seq2seq)]
    assert found == ["decoder", "encoder", "encoder-decoder"]


def test_a_bfloat16_checkpoint_runs_in_float32_on_a_cpu(tmp_path: Path) -> None:
    folder = make_base(tmp_path)
    model = extra("transformers").AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"
    source = resolve_base(str(folder))
    config = TrainConfig(base=str(folder), device="cpu")
    loaded = load_model(source, load_tokenizer(source), config, None)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    half = load_model(source, load_tokenizer(source), config.replace(dtype="bfloat16"), None)
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}


def test_a_base_whose_weights_are_cut_off_is_named(tmp_path: Path) -> None:
    folder = make_base(tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    source = resolve_base(str(folder))
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_model(source, load_tokenizer(source), TrainConfig(base=str(folder)), None)


def test_a_base_whose_configuration_contradicts_itself_is_named(tmp_path: Path) -> None:
    folder = make_base(tmp_path)
    shape = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**shape, "num_attention_heads": 5, "head_dim": None}))
    with pytest.raises(ConfigError, match="cannot be loaded"):
        open_workbench(TrainConfig(base=str(folder)))


def test_half_precision_trains_with_adapters_and_head_in_float32(tmp_path: Path, quick: TrainConfig) -> None:
    config = quick.replace(dtype="bfloat16", device="cpu", steps=40)
    run = train_adapter(make_tickets(120, seed=1), config, tmp_path, evaluation=make_tickets(40, seed=2, first_id=900))
    from safetensors.torch import load_file

    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.float32}
    assert run.scores is not None
    assert run.scores.mean() > 0.5


def test_a_hub_id_is_not_asked_for_where_the_user_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    asked: list[object] = []

    def refuse(*args: object, **named: object) -> None:
        asked.append(args)
        raise OSError("there is no network")

    for place, name in ((socket.socket, "connect"), (socket, "create_connection"), (socket, "getaddrinfo")):
        monkeypatch.setattr(place, name, refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # as an import with the switch set leaves it
    monkeypatch.setattr("train.extra._set_by_us", set())
    with pytest.raises(ConfigError, match=r"nobody/nothing is not in the local cache, and HF_HUB_OFFLINE"):
        open_workbench(TrainConfig(base="nobody/nothing"))
    assert asked == []


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_trains_in_half_precision_and_the_adapter_serves_on_a_cpu(tmp_path: Path, quick: TrainConfig) -> None:
    held = make_tickets(60, seed=2, first_id=900)
    run = train_adapter(make_tickets(150, seed=1), quick.replace(steps=60, device="cuda"), tmp_path, evaluation=held)
    assert run.scores is not None
    assert run.scores.mean() > 0.75
    tried = generate(load_adapter(tmp_path, device="cpu"), list(held.texts))
    agree = np.mean([t.labels[0][0] == p for t, p in zip(tried, run.scores.prediction, strict=True)])
    assert agree > 0.95


def test_a_classifier_of_an_encoder_decoder_reads_one_end_token_a_row_and_merges(seq2seq: Path, tmp_path: Path) -> None:
    rows = make_tickets(24, seed=1)
    rows = dataclasses.replace(rows, texts=(f"</s> {rows.texts[0]} </s> again", *rows.texts[1:]))
    config = TrainConfig(base=str(seq2seq), steps=2, batch_rows=8, tensorboard=False)
    run = train_adapter(rows, config, tmp_path / "run", evaluation=rows)
    assert run.scores is not None
    assert np.isfinite(run.scores.nll).all()
    assert merge_adapter(tmp_path / "run", tmp_path / "full").largest_difference < 1e-3


def test_plain_text_for_an_encoder_decoder_is_refused(seq2seq: Path, tmp_path: Path) -> None:
    rows = Examples("text", np.arange(12), texts=tuple(f"the card is locked {i}" for i in range(12)))
    with pytest.raises(ConfigError, match=r"encoder-decoder: .* no plain text; name a decoder"):
        train_adapter(rows, TrainConfig(base=str(seq2seq), steps=1, tensorboard=False), tmp_path)


def test_layers_that_a_method_cannot_take_are_told_with_those_there_are(base: Path, tmp_path: Path) -> None:
    transformers, tokenizer = extra("transformers"), load_tokenizer(resolve_base(str(base)))
    shape = transformers.MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, state_size=4)
    transformers.MambaForCausalLM(shape).save_pretrained(tmp_path / "mamba")
    tokenizer.save_pretrained(tmp_path / "mamba")
    rows = Examples("text", np.arange(12), texts=tuple(f"the card is locked {i}" for i in range(12)))
    config = TrainConfig(base=str(tmp_path / "mamba"), steps=1, batch_rows=4, tensorboard=False)
    with pytest.raises(ConfigError, match=r"method 'lora' cannot adapt .*out_proj.*target_modules: .*in_proj"):
        train_adapter(rows, config, tmp_path / "run")
    run = train_adapter(rows, config.replace(target_modules=("in_proj", "x_proj")), tmp_path / "run")
    assert np.isfinite(run.done["final_loss"])
