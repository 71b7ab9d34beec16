"""The bundled base model: what ships loads like any other base; its build can be killed and resumed."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tokenizers import Tokenizer  # noqa: E402

from train.bundled import corpus, requests  # noqa: E402
from train.bundled.build import BASE, SMOKE, build, main  # noqa: E402
from train.bundled.embeddings import ppmi_embeddings  # noqa: E402
from train.bundled.evaluate import bits_per_byte  # noqa: E402
from train.bundled.optimiser import Optimiser, orthogonalise  # noqa: E402
from train.bundled.pretrain import PretrainConfig, build_model, draw_batch, learning_rate, pair_loss, window_loss  # noqa: E402
from train.bundled.tokenizer import train_tokenizer, wrap  # noqa: E402

BUNDLED = BASE.parent
SAMPLE = BUNDLED / "sample.txt"
DIALOGUE = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Where is my parcel?"},
    {"role": "assistant", "content": "It arrives on Monday."},
    {"role": "user", "content": "Thanks."},
    {"role": "assistant", "content": "You are welcome."},
]


@pytest.fixture(scope="module")
def tokenizer() -> transformers.PreTrainedTokenizerFast:
    return transformers.AutoTokenizer.from_pretrained(BASE, local_files_only=True)


@pytest.fixture(scope="module")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 made-up articles; one of them is held out."""
    draw = random.Random(1)
    words = ["the", "red", "blue", "house", "river", "runs", "over", "big", "small", "tree", "bird", "sings", "town"]

    def sentence() -> str:
        return " ".join(draw.choices(words, k=draw.randint(6, 12))).capitalize() + "."

    rows = []
    for number in range(150):
        lead = f"Thing {number}\n\nThing {number} is a small thing in the valley of the river near the town. It is blue."
        body = "\n".join(" ".join(sentence() for _ in range(5)) for _ in range(4))
        rows.append({"id": number, "title": f"Thing {number}", "text": f"{lead}\n{body}"})
    path = tmp_path_factory.mktemp("corpus") / "articles.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture(scope="module")
def finished(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Work folder and result of an undisturbed small build."""
    folder = tmp_path_factory.mktemp("build")
    main(["--corpus", str(tiny_corpus), "--work", str(folder / "work"), "--out", str(folder / "out"), "--smoke"])
    return folder / "work", folder / "out"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# What ships


def test_the_shipped_files_stay_within_12_megabytes_and_hold_no_pickle() -> None:
    files = [path for path in BASE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12_000_000
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".jinja"}


def test_the_causal_model_loads_with_tied_embeddings_and_its_special_tokens(tokenizer: object) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(BASE, local_files_only=True)
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
    assert model.config.pad_token_id == tokenizer.pad_token_id != tokenizer.eos_token_id == model.config.eos_token_id
    assert len(tokenizer) == model.config.vocab_size
    assert not hasattr(model.config, "auto_map")


def test_a_classifier_loads_and_padding_does_not_change_its_answer(tokenizer: object) -> None:
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        BASE, num_labels=5, dtype=torch.float32, local_files_only=True
    ).eval()
    texts = ["where is my parcel?<|end|>", "I would like to cancel the order that I made yesterday evening.<|end|>"]
    with torch.no_grad():
        together = model(**tokenizer(texts, return_tensors="pt", padding=True)).logits
        alone = torch.cat([model(**tokenizer([text], return_tensors="pt")).logits for text in texts])
    assert together.shape == (2, 5)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_every_string_survives_encoding(tokenizer: object) -> None:
    for text in ("plain", "Größe 12 €\n\n\tx", "日本語 🎉", "don't  stop", ""):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_the_chat_template_marks_exactly_what_the_assistant_says(tokenizer: object) -> None:
    made = tokenizer.apply_chat_template(DIALOGUE, return_dict=True, return_assistant_tokens_mask=True)
    spoken = [i for i, mask in zip(made["input_ids"], made["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(spoken) == "It arrives on Monday.<|end|>You are welcome.<|end|>"


def test_the_generation_prompt_is_a_prefix_of_the_answered_dialogue(tokenizer: object) -> None:
    asked = tokenizer.apply_chat_template(DIALOGUE[:2], tokenize=False, add_generation_prompt=True)
    answered = tokenizer.apply_chat_template(DIALOGUE[:3], tokenize=False)
    assert asked.endswith("<|assistant|>")
    assert answered == asked + "It arrives on Monday.<|end|>"


def test_the_chat_template_refuses_an_unknown_role(tokenizer: object) -> None:
    with pytest.raises(Exception, match="system, user and assistant"):
        tokenizer.apply_chat_template([{"role": "robot", "content": "x"}], tokenize=False)


def test_bits_per_byte_on_the_sample_match_the_card() -> None:
    stated = re.search(r"`sample\.txt`[^|]*\|\s*([0-9.]+)", (BUNDLED / "README.md").read_text(encoding="utf-8"))
    assert stated is not None
    assert bits_per_byte(BASE, [SAMPLE.read_text(encoding="utf-8")]) == pytest.approx(float(stated.group(1)), abs=0.01)


def test_the_card_states_the_held_out_bits_per_byte_of_the_build() -> None:
    facts = json.loads((BASE / "build.json").read_text(encoding="utf-8"))
    card = (BUNDLED / "README.md").read_text(encoding="utf-8")
    assert f"{facts['held_out_bits_per_byte']:.3f}" in card
    assert "CC BY-SA" in card


def test_the_shipped_model_knows_more_than_random_weights(tokenizer: object, tmp_path: Path) -> None:
    text = [SAMPLE.read_text(encoding="utf-8")]
    shutil.copytree(BASE, tmp_path / "random")
    config = transformers.AutoConfig.from_pretrained(BASE)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "random")
    assert bits_per_byte(BASE, text) < 0.7 * bits_per_byte(tmp_path / "random", text)


# The script


def test_a_small_build_makes_a_model_that_loads(finished: tuple[Path, Path]) -> None:
    _, out = finished
    model = transformers.AutoModelForCausalLM.from_pretrained(out)
    assert model.dtype == torch.float16
    facts = json.loads((out / "build.json").read_text())
    assert facts["steps"] == SMOKE.pretrain.steps
    assert facts["parameters"] == sum(p.numel() for p in model.parameters())
    assert 0 < facts["held_out_bits_per_byte"] < 8


def test_a_build_killed_twice_resumes_to_the_same_bytes(
    finished: tuple[Path, Path], tiny_corpus: Path, tmp_path: Path
) -> None:
    _, undisturbed = finished
    work, out = tmp_path / "work", tmp_path / "out"
    assert build(tiny_corpus, work, out, SMOKE, stop_after=4) == 4
    assert not out.exists()
    # A new process, killed by the operating system after its next checkpoint.
    argv = ["--corpus", str(tiny_corpus), "--work", str(work), "--out", str(out), "--smoke"]
    code = (
        "import os, signal, sys\nfrom train.bundled import build, pretrain\nsave = pretrain.save_checkpoint\n"
        "def save_and_die(*a):\n    save(*a)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "pretrain.save_checkpoint = save_and_die\nbuild.main(sys.argv[1:])\n"
    )
    died = subprocess.run([sys.executable, "-c", code, *argv], cwd=BASE.parents[2], check=False, capture_output=True)
    assert died.returncode == -9, died.stderr.decode()
    assert not out.exists()
    main(argv)
    assert content(out) == content(undisturbed)


def test_a_work_folder_of_another_configuration_is_refused(finished: tuple[Path, Path], tiny_corpus: Path) -> None:
    work, out = finished
    with pytest.raises(ValueError, match="another corpus or configuration"):
        build(tiny_corpus, work, out, type(SMOKE)(vocab_size=500, pretrain=SMOKE.pretrain))


def test_held_out_articles_never_reach_the_training_stream(finished: tuple[Path, Path], tiny_corpus: Path) -> None:
    work, _ = finished
    articles = corpus.read_articles(tiny_corpus)
    held_out = [a for a in articles if a.held_out]
    assert held_out
    core = Tokenizer.from_file(str(work / "tokenizer.json"))
    with np.load(work / "streams.npz") as arrays:
        seen = core.decode(arrays["articles"].tolist(), skip_special_tokens=True)
    assert all(a.text not in seen for a in held_out)
    assert all(a.text in seen for a in articles if not a.held_out)


# The parts


def test_sentence_pairs_are_neighbours_in_one_paragraph() -> None:
    text = "First we walk home. Then we eat soup.\nHere a new line starts at once. It goes on for a while."
    core = train_tokenizer([text] * 5, 300)
    ids = corpus.encode_stream(core, [text], 0)
    tokens = corpus.find_sentences(core, ids, 0)
    pieces = [core.decode(ids[a:b].tolist()) for a, b in zip(tokens.starts[:-1], tokens.starts[1:], strict=True)]
    pairs = [(pieces[i].strip(), pieces[i + 1].strip()) for i in corpus.sentence_pairs(tokens, 2, 100)]
    assert pairs == [
        ("First we walk home.", "Then we eat soup."),
        ("Here a new line starts at once.", "It goes on for a while."),
    ]


def test_dialogues_render_as_the_chat_template_renders_them() -> None:
    article = corpus.Article("1", "Soup", "Soup\n\nSoup is a warm and liquid food made in a pot with water. It is old.")
    (turns,) = corpus.dialogues([article])
    rendered = wrap(train_tokenizer(["x"], 300), 64).apply_chat_template(turns, tokenize=False)
    assert rendered == "".join(f"<|{turn['role']}|>{turn['content']}<|end|>" for turn in turns)
    assert turns[-1]["content"] == "Soup is a warm and liquid food made in a pot with water."


def test_requests_stay_out_of_banking() -> None:
    texts = [text for pair in requests.sample_pairs(3000, 7) for text in pair]
    assert not any(re.search(r"\b(bank|card|cash|atm|exchange rate|top.?up|currency)\b", text.lower()) for text in texts)
    assert not any("{" in text or "}" in text for text in texts)
    assert requests.sample_pairs(50, 7) == requests.sample_pairs(50, 7)


def test_words_in_the_same_company_get_similar_embeddings() -> None:
    draw = np.random.default_rng(0)
    ids = np.array([w for _ in range(4000) for w in (int(draw.choice([2, 3])), 4, int(draw.choice([5, 6])), 7)], np.uint16)
    vectors = ppmi_embeddings(ids, 10, 4, window=2, seed=0, norm=2.0)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 2.0, rtol=1e-5)
    assert vectors[2] @ vectors[3] > 3.9 > vectors[2] @ vectors[4]


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((3, 16, 16), (2, 16, 48), (2, 48, 16)):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)).float())
        assert values.max() < 1.3
        assert values.median() > 0.6


def test_the_adam_part_matches_torch() -> None:
    torch.manual_seed(0)
    mine, theirs = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
    reference = torch.optim.AdamW([theirs], lr=0.01, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)
    optimiser = Optimiser({}, {"x": mine})
    for step in range(5):
        mine.grad = torch.randn(5)
        theirs.grad = mine.grad.clone()
        for job in optimiser.jobs(step, 0.0, 0.01):
            job()
        reference.step()
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_the_learning_rate_warms_up_stays_and_ends_near_zero() -> None:
    config = PretrainConfig(steps=100, warmup_steps=10, decay_fraction=0.2)
    rates = [learning_rate(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert set(rates[9:81]) == {1.0}
    assert rates[80:] == sorted(rates[80:], reverse=True)
    assert 0 < rates[-1] <= 0.05


def test_the_chunked_loss_has_the_gradient_of_the_plain_one() -> None:
    model = build_model(SMOKE.pretrain, 50, 0, 1, 64)
    rows = torch.randint(2, 50, (3, 9))
    loss = window_loss(model, rows, 24, chunk=7)
    chunked = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    plain = model(input_ids=rows, labels=rows).loss
    plain.backward()
    assert loss == pytest.approx(plain.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(chunked[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_padding_does_not_change_the_pair_loss() -> None:
    model = build_model(SMOKE.pretrain, 50, 0, 1, 64).eval()
    group = torch.randint(2, 50, (4, 2, 6))
    wider = torch.nn.functional.pad(group, (0, 3), value=1)
    with torch.no_grad():
        assert pair_loss(model, wider, 1, 0.1).item() == pytest.approx(pair_loss(model, group, 1, 0.1).item(), rel=1e-4)


def test_a_batch_depends_on_seed_and_step_only(finished: tuple[Path, Path], tiny_corpus: Path) -> None:
    from train.bundled.build import prepare

    work, _ = finished
    data = prepare(tiny_corpus, work, SMOKE)
    first, again, other = (draw_batch(data, SMOKE.pretrain, step) for step in (3, 3, 4))
    assert torch.equal(first[0], again[0])
    assert all(torch.equal(a, b) for a, b in zip(first[1], again[1], strict=True))
    assert not torch.equal(first[0], other[0])
