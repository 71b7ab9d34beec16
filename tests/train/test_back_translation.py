"""Back-translation by two small models that the test builds: what comes out is what the models say, and no row twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from curate.errors import ConfigError
from curate.ledger.apply import apply
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.workflow import read_input
from train.back_translation import back_translations
from train.extra import extra

ENGLISH = ["the cat sees the dog", "the dog likes the cat", "the bird sees the dog", "the cat likes the bird"]
PIDGIN = {"the": "ze", "cat": "miau", "dog": "wau", "bird": "piep", "sees": "luk", "likes": "lov"}
BACK = {"ze": "a", "miau": "kitten", "wau": "hound", "piep": "finch", "luk": "watches", "lov": "adores"}


def translator(path: Path, table: dict[str, str], texts: list[str]) -> Path:
    """A small T5 that has learned to replace words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["<pad>", "</s>", "<unk>", *dict.fromkeys([*table, *table.values()])]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    transformers = extra("transformers")
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    torch.manual_seed(0)
    shape = transformers.T5Config(
        vocab_size=len(words), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, dropout_rate=0.0, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(shape)
    given = fast(texts, return_tensors="pt", padding=True)
    wanted = fast([" ".join(table[w] for w in text.split()) for text in texts], return_tensors="pt", padding=True)
    labels = wanted["input_ids"].masked_fill(wanted["attention_mask"] == 0, -100)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(150):
        loss = model(input_ids=given["input_ids"], attention_mask=given["attention_mask"], labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1
    model.save_pretrained(path)
    fast.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("translators")
    there = translator(home / "there", PIDGIN, ENGLISH)
    return there, translator(home / "back", BACK, [" ".join(PIDGIN[w] for w in text.split()) for text in ENGLISH])


def test_a_text_goes_there_and_back(pair: tuple[Path, Path]) -> None:
    texts = [*ENGLISH, "the cat " * 80]
    found = back_translations(texts, str(pair[0]), str(pair[1]), most=2)
    for text, said in zip(ENGLISH, found, strict=False):
        assert said[0] == " ".join(BACK[PIDGIN[w]] for w in text.split())
        assert len(set(said)) == len(said)
    assert found[-1] == ()  # too long: half a text is no paraphrase
    assert back_translations(texts, str(pair[0]), str(pair[1]), most=2) == found


def test_the_stage_adds_what_the_models_say_to_small_labels_and_no_row_twice(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [{"text": f"a row of many words {i}", "label": "many", "split": "train"} for i in range(8)]
    rows += [{"text": text, "label": "few", "split": "train"} for text in ENGLISH[:2]]
    rows += [{"text": text, "label": "few", "split": "test"} for text in ENGLISH[2:]]
    rows[-1]["text"] = "a kitten watches a hound"  # what the first would become: an evaluation row must not be repeated
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stage = {
        "on_finding": "apply", "methods": ["back_translation"], "most_per_row": 1, "up_to": 1.0,
        "forward_model": str(pair[0]), "backward_model": str(pair[1]),
    }  # fmt: skip
    recipe = Recipe.parse(
        {"data": {"input": str(path)}, "run": {"stages": ["augmentation"]}, "stages": {"augmentation": stage}}
    )
    dataset = read_input(recipe)
    added = apply(dataset, detect(dataset, recipe).resolve()).added
    assert [row["text"] for row in added] == ["a hound adores a kitten"]
    assert [(row["label"], row["split"]) for row in added] == [("few", "train")]


def test_a_folder_that_does_not_translate_is_refused(pair: tuple[Path, Path], base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model folder at"):
        back_translations(ENGLISH, str(tmp_path / "nowhere"), str(pair[1]))
    with pytest.raises(ConfigError, match="no encoder-decoder"):
        back_translations(ENGLISH, str(base), str(pair[1]))
