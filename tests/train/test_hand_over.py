"""Adapters for other tools: GGUF by a converter that is there or is not, a task that lm-evaluation-harness runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_base import make_talks, make_tickets

from curate.cli import main
from curate.errors import ConfigError, CurateError
from train.adapters import load_adapter
from train.base import load_tokenizer, resolve_base
from train.config import TrainConfig
from train.examples import Examples
from train.hand_over import find_converter, write_gguf, write_lm_eval
from train.hand_over.gguf import NAMES
from train.lora import train_adapter

CONVERTER = """
import json, sys
from pathlib import Path
model, _, out, _, kind = sys.argv[1:6]
assert (Path(model) / "config.json").is_file() and (Path(model) / "model.safetensors").is_file()
Path(out).write_bytes({magic!r} + json.dumps([kind]).encode())
print("note", file=sys.stderr)
raise SystemExit({code})
"""


REAL_CONVERTER, REAL_PATH = find_converter(), os.environ.get("PATH", "")
"""What is installed here, before the tests hide it."""


@pytest.fixture(scope="module")
def writer(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("writer")
    config = TrainConfig(base=str(base), lora_rank=4, steps=3, batch_rows=8, max_length_tokens=64, tensorboard=False)
    train_adapter(make_talks(20), config, folder)
    return folder


def converter(path: Path, magic: bytes = b"GGUF", code: int = 0) -> str:
    path.write_text(CONVERTER.format(magic=magic, code=code))
    return str(path)


@pytest.fixture(autouse=True)
def _no_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURATE_GGUF_CONVERTER", "LLAMA_CPP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")


def test_without_a_converter_it_is_said_how_to_get_one(writer: Path, tmp_path: Path) -> None:
    assert find_converter() is None
    with pytest.raises(ConfigError, match=r"no GGUF converter is installed: get llama\.cpp .*set LLAMA_CPP"):
        write_gguf(writer, tmp_path / "x.gguf")


def test_a_converter_is_found_by_variable_folder_and_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = converter(tmp_path / NAMES[0])
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path))
    assert find_converter() == [sys.executable, script]
    named = converter(tmp_path / "mine.py")
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", named)
    assert find_converter() == [sys.executable, named]


def test_the_merged_model_goes_through_the_converter_and_only_gguf_is_taken(
    writer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", converter(tmp_path / "good.py"))
    assert write_gguf(writer, tmp_path / "a.gguf", kind="q8_0").read_bytes() == b'GGUF["q8_0"]'
    with pytest.raises(ConfigError, match="is there already"):
        write_gguf(writer, tmp_path / "a.gguf")
    with pytest.raises(ConfigError, match="known: f32, f16"):
        write_gguf(writer, tmp_path / "b.gguf", kind="int3")
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", converter(tmp_path / "bad.py", code=3))
    with pytest.raises(CurateError, match=r"failed \(exit 3\): note"):
        write_gguf(writer, tmp_path / "b.gguf")
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", converter(tmp_path / "other.py", magic=b"ZIP!"))
    with pytest.raises(CurateError, match="wrote no GGUF file"):
        write_gguf(writer, tmp_path / "b.gguf")
    assert not (tmp_path / "b.gguf").exists()


KNOWS_NO_TOKENIZER = """
import json, sys
from pathlib import Path
import gguf
class TextModel:
    def get_vocab_base_pre(self, tokenizer):
        raise NotImplementedError("not recognized")
    def get_vocab_base(self):
        return ["a", "\u010a\u010a", "\u010a"], [1, 1, 1], self.get_vocab_base_pre(None)
def main():
    writer = gguf.GGUFWriter()
    writer.add_chat_template("{% generation %}{{ m }}{%- endgeneration -%}")
    Path(sys.argv[3]).write_bytes(b"GGUF" + json.dumps([*TextModel().get_vocab_base(), writer.template]).encode())
if __name__ == "__main__":
    main()
"""
GGUF_PACKAGE = """
class TokenType:
    USER_DEFINED = 4
class GGUFWriter:
    def add_chat_template(self, value):
        self.template = value
"""


def test_the_converter_is_told_of_the_bundled_tokenizer_and_of_no_other(
    writer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gguf.py").write_text(GGUF_PACKAGE)
    (tmp_path / "convert.py").write_text(KNOWS_NO_TOKENIZER)
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", str(tmp_path / "convert.py"))
    with pytest.raises(CurateError, match="not recognized"):
        write_gguf(writer, tmp_path / "other.gguf")
    config = TrainConfig(steps=1, batch_rows=2, max_length_tokens=32, tensorboard=False)
    train_adapter(make_talks(4), config, tmp_path / "run")
    file = write_gguf(tmp_path / "run", tmp_path / "own.gguf")
    assert json.loads(file.read_bytes()[4:]) == [["a", "\n\n", "\u010a"], [1, 4, 1], "smollm", "{{ m }}"]


def test_one_bundled_token_alone_is_cut_otherwise_by_the_pattern_that_is_named() -> None:
    tokenizer = load_tokenizer(resolve_base("bundled"))
    tokens = [tokenizer.decode([i]) for i in range(len(tokenizer))]
    white = [token for token in tokens if "\n" in token or sum(c.isspace() for c in token) > 1]
    assert sorted(white) == ["\n", "\n\n"]
    assert all(len(token.strip()) <= 1 for token in tokens if any(c.isdigit() for c in token) and token.isascii())


def test_a_classifier_has_no_place_in_either_tool(
    quick: TrainConfig, tickets: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_adapter(tickets, quick.replace(steps=2), tmp_path / "judge")
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", converter(tmp_path / "good.py"))
    with pytest.raises(ConfigError, match=r"llama\.cpp runs models that write, and its head would be lost"):
        write_gguf(tmp_path / "judge", tmp_path / "x.gguf")
    with pytest.raises(ConfigError, match="a classifier is judged by"):
        write_lm_eval(tmp_path / "judge", make_tickets(4, seed=1), tmp_path / "task")


def test_a_task_asks_what_training_asked(writer: Path, tmp_path: Path) -> None:
    import yaml

    made = write_lm_eval(writer, make_talks(5), tmp_path / "task", name="My talks")
    assert made.tasks == ("curate_my_talks", "curate_my_talks_likelihood")
    rows = [json.loads(line) for line in (tmp_path / "task" / "rows.jsonl").read_text().splitlines()]
    assert rows[1]["prompt"].endswith("<|im_start|>assistant\n")
    assert rows[1]["answer"] == "refund #### 1"
    task = yaml.safe_load((tmp_path / "task" / "curate_my_talks.yaml").read_text().replace("!function", ""))
    assert task["process_results"] == "scores.same_words"
    assert task["generation_kwargs"]["until"] == ["<|end|>", "<|im_end|>"]
    assert task["dataset_kwargs"]["data_files"]["test"] == "rows.jsonl"
    assert made.command in (tmp_path / "task" / "README.md").read_text()
    with pytest.raises(ConfigError, match="is there already"):
        write_lm_eval(writer, make_talks(5), tmp_path / "task")


def test_a_task_scores_what_was_learned_and_compares_words_without_thoughts(
    writer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from thinking import FIELD_ONLY

    from train import hand_over

    loaded = load_adapter(writer)
    loaded.bench.encoder.chat.take(FIELD_ONLY)
    monkeypatch.setattr(hand_over.lm_eval, "load_adapter", lambda *_, **__: loaded)
    ask = {"role": "user", "content": "where"}
    answers = ("<think>\nhm\n</think>\n\n[1, 2]", "[1, 2]")
    talks = tuple((ask, {"role": "assistant", "content": said}) for said in answers)
    write_lm_eval(writer, Examples("chat", np.arange(2), messages=talks), tmp_path / "task", name="talks")
    rows = [json.loads(line) for line in (tmp_path / "task" / "rows.jsonl").read_text().splitlines()]
    assert [row["prompt"] for row in rows] == ["<|im_start|>user\nwhere<|im_end|>\n<|im_start|>assistant\n<think>\n"] * 2
    assert [row["written"] for row in rows] == ["hm\n</think>\n\n[1, 2]", "\n</think>\n\n[1, 2]"]
    assert [row["answer"] for row in rows] == ["[1, 2]"] * 2
    scores: dict[str, Any] = {}
    exec((tmp_path / "task" / "scores.py").read_text(), scores)
    said = ["so\n</think>\n[1, 2]", "so</think>[1, 2]", "[1, 2] ", "so [1, 2]"]
    assert [scores["same_words"](rows[0], [text])["exact_match"] for text in said] == [1.0, 1.0, 1.0, 0.0]


def test_the_right_answer_of_a_row_that_ends_in_a_tool_call_is_the_call(writer: Path, base: Path, tmp_path: Path) -> None:
    call = {"type": "function", "function": {"name": "find_card", "arguments": '{"kind": "visa"}'}}
    turns = ({"role": "user", "content": "my card"}, {"role": "assistant", "content": "", "tool_calls": [call]})
    tools = ({"type": "function", "function": {"name": "find_card", "parameters": {}}},)
    rows = Examples("chat", np.arange(1), messages=(turns,), tools=(tools,))
    with pytest.raises(ConfigError, match=r"1 of 1 rows cannot be asked for \(rows 0\): the chat template .*plain"):
        write_lm_eval(writer, rows, tmp_path / "none")  # its template shows no calls
    assert not (tmp_path / "none").exists()
    config = TrainConfig(
        base=str(base), lora_rank=4, steps=1, batch_rows=4, max_length_tokens=64, chat_template="plain", tensorboard=False
    )
    train_adapter(make_talks(4), config, tmp_path / "plain")
    said = ({"role": "user", "content": "my card"}, {"role": "assistant", "content": " "})
    with pytest.raises(ConfigError, match="it is empty; leave them out"):
        write_lm_eval(tmp_path / "plain", Examples("chat", np.arange(1), messages=(said,)), tmp_path / "none")
    write_lm_eval(tmp_path / "plain", rows, tmp_path / "task")
    (row,) = [json.loads(line) for line in (tmp_path / "task" / "rows.jsonl").read_text().splitlines()]
    assert row["prompt"].startswith("tools:")
    assert "my card" in row["prompt"]
    assert row["prompt"].endswith("assistant:\n")
    assert json.loads(row["answer"])[0]["function"]["arguments"] == {"kind": "visa"}


@pytest.mark.slow
def test_the_harness_itself_runs_the_task(writer: Path, tmp_path: Path) -> None:
    harness = Path(os.environ.get("LM_EVAL", Path(__file__).parents[2] / ".venv-peers-lm-eval/bin/lm_eval"))
    if not harness.is_file():
        pytest.skip("lm-evaluation-harness is not installed; `make peers-lm-eval` does")
    made = write_lm_eval(writer, make_talks(6), tmp_path / "task", name="talks", new_tokens=4)
    command = made.command.replace("lm_eval ", f"{harness} ", 1) + " --output_path out"
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "OMP_NUM_THREADS": "1"}
    env["PATH"] = "/usr/bin:/bin"
    done = subprocess.run(command, shell=True, cwd=made.folder, env=env, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    (found,) = (made.folder / "out").rglob("results_*.json")
    results = json.loads(found.read_text())["results"]
    assert 0.0 <= results["curate_talks"]["exact_match,none"] <= 1.0
    assert 0.0 < results["curate_talks_likelihood"]["bits_per_byte,none"] < 100.0


def test_the_verb_says_what_each_tool_needs(
    writer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def curate(*arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["hand-over", *map(str, arguments)])
        return int(ended.value.code or 0)

    assert curate("--to", "gguf", "--out", "x") == 2
    assert "needs a run or an adapter" in capsys.readouterr().err
    assert curate(writer, "--to", "lm-eval", "--out", "x") == 2
    assert "--rows FILE" in capsys.readouterr().err
    Path("held.jsonl").write_text(
        "".join(json.dumps({"prompt": f"say {i}", "completion": f"word number {i}"}) + "\n" for i in range(8))
    )
    assert curate(writer, "--to", "lm-eval", "--rows", "held.jsonl", "--out", "task", "--task", "sft") == 0
    assert capsys.readouterr().out.startswith("cd task && lm_eval --model hf")
    assert curate("--to", "accelerate", "--processes", 2, "--cpu", "--out", "two.yaml") == 0
    said = "accelerate launch --config_file two.yaml -m curate train FILE|RUN --out FOLDER"
    assert capsys.readouterr().out.strip() == said


def llama_base(path: Path) -> Path:
    """A tiny Llama with the kind of tokenizer that every converter knows: pieces of words, and bytes for the rest."""
    from tiny_base import FILLER, WORDS
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers

    from train.extra import extra

    torch, transformers = extra("torch"), extra("transformers")
    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(parts)
    special = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256))]
    text = [" ".join([*words, *FILLER]) for words in WORDS.values()] * 5 + ["say please 0 1 2 #### [INST] [/INST]"] * 5
    made.train_from_iterator(text, trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False))
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>"}
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **names)
    fast.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
        "{% else %} {{ m['content'] }}</s>{% endif %}{% endfor %}"
    )
    shape = transformers.LlamaConfig(
        vocab_size=len(fast), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.1, eos_token_id=2, bos_token_id=1,
        pad_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(shape).save_pretrained(path)
    fast.save_pretrained(path)
    return path


def served(file: Path) -> Any:
    """llama.cpp itself with a model."""
    llama = pytest.importorskip("xllamacpp")
    options = llama.CommonParams()
    options.model.path, options.n_ctx, options.warmup, options.n_parallel = str(file), 256, False, 1
    return llama.Server(options)


@pytest.mark.slow
@pytest.mark.skipif(REAL_CONVERTER is None, reason="no GGUF converter is installed")
def test_llama_cpp_cuts_every_text_as_the_bundled_base_does_and_answers_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import random

    import torch

    from train.adapters import load_adapter
    from train.generate import generate

    assert REAL_CONVERTER is not None
    pytest.importorskip("gguf")
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", REAL_CONVERTER[-1])
    config = TrainConfig(steps=20, batch_rows=8, max_length_tokens=64, tensorboard=False)
    train_adapter(make_talks(60), config, tmp_path / "run")
    server = served(write_gguf(tmp_path / "run", tmp_path / "model.gguf", kind="f32"))
    loaded = load_adapter(tmp_path / "run")
    draw = random.Random(0)
    signs = "ab C\n\n\n \t\r1 2'sé☃.,!\u00a0\u3000"
    seen = 0
    texts = ["".join(draw.choices(signs, k=draw.randrange(1, 25))) for _ in range(150)]
    for text in ["a\n\n\nb", "12.50 $\n\n-- it's\r\n\r\n", "  x  \n \n\n y", *texts]:
        tokens = loaded.bench.tokenizer.encode(text, add_special_tokens=False)
        asking = {"prompt": text, "n_predict": 1, "temperature": 0, "logprobs": 3, "cache_prompt": False}
        told = server.handle_completions(asking)
        assert told["usage"]["prompt_tokens"] == len(tokens), text
        with torch.no_grad():
            ours = torch.log_softmax(loaded.objective.model(input_ids=torch.tensor([tokens])).logits[0, -1].float(), -1)
        said = told["choices"][0]["logprobs"]
        likely = said["content"][0]["top_logprobs"] if said else []  # nothing where the next token is part of a character
        assert all(abs(float(ours[one["id"]]) - one["logprob"]) < 0.05 for one in likely), text
        seen += bool(likely)
    assert seen > 100
    asked = ["say 0", "say 1", "say please 2"]
    answers = [one.answer for one in generate(loaded, asked, new_tokens=8)]
    talks = [{"messages": [{"role": "user", "content": one}], "max_tokens": 8, "temperature": 0} for one in asked]
    served_ones = [server.handle_chat_completions(talk) for talk in talks]
    assert [one["choices"][0]["message"]["content"].strip() for one in served_ones] == answers


@pytest.mark.slow
@pytest.mark.skipif(REAL_CONVERTER is None, reason="no GGUF converter is installed")
def test_the_real_converter_writes_the_merged_weights_and_llama_cpp_answers_as_the_adapter_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    gguf = pytest.importorskip("gguf")
    from safetensors.numpy import load_file

    from train.adapters import load_adapter
    from train.generate import generate
    from train.merge import merge_adapter

    assert REAL_CONVERTER is not None
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("CURATE_GGUF_CONVERTER", REAL_CONVERTER[-1])
    base = llama_base(tmp_path / "base")
    config = TrainConfig(base=str(base), lora_rank=8, steps=60, batch_rows=16, learning_rate=1e-2, max_length_tokens=64)
    train_adapter(make_talks(60), config.replace(tensorboard=False), tmp_path / "run")
    file = write_gguf(tmp_path / "run", tmp_path / "model.gguf", kind="f32")
    assert str(tmp_path).encode() not in file.read_bytes()  # where the base lay here is nobody's business
    merge_adapter(tmp_path / "run", tmp_path / "full")
    weights, read = load_file(tmp_path / "full" / "model.safetensors"), gguf.GGUFReader(str(file))
    found = {tensor.name: np.asarray(tensor.data).reshape(-1) for tensor in read.tensors}
    assert len(found) == len(weights)
    assert np.array_equal(found["output.weight"], weights["lm_head.weight"].reshape(-1))
    assert np.array_equal(found["blk.1.ffn_down.weight"], weights["model.layers.1.mlp.down_proj.weight"].reshape(-1))
    asked = ["say 0", "say 1", "say please 2"]
    ours = [one.answer for one in generate(load_adapter(tmp_path / "run"), asked, new_tokens=8)]
    server = served(file)
    # As token ids: without a `tokenizer.model` the converter scores all pieces alike, and llama.cpp cuts words otherwise.
    bench = load_adapter(tmp_path / "run").bench
    prompts = [bench.tokenizer.encode(f"[INST] {prompt} [/INST]", add_special_tokens=False) for prompt in asked]
    told = [server.handle_completions({"prompt": p, "n_predict": 8, "temperature": 0}) for p in prompts]
    assert [one["choices"][0]["text"].strip() for one in told] == ours
