"""Recognisers of the user's own: tiny real models, made by the test, loaded from folders."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import load
from curate.errors import ConfigError, MissingExtraError
from curate.privacy import ScanConfig, mask_column, scan
from curate.privacy.ner import Entity, check_ner, files_hash, find_ner, load_ner, located_ner, type_of_label
from curate.privacy.ner import load as loading
from curate.privacy.ner.types import ASKED, settled
from curate.privacy.ner.windows import pieces
from curate.privacy.types import ALL, NAMED, NAMES
from curate.stages.base import Context
from curate.stages.pii import STAGE, Config
from tests.conftest import examples

PEOPLE, PLACES = ("zorvath", "quillbert", "mavrida"), ("blenhaven", "ostrovia")
WORDS = ("the", "parcel", "for", "came", "from", "yesterday", "and", "nobody", "knew", "why", "it", "was", "late")
LABELS = ("O", "B-PER", "I-PER", "B-LOC", "MISC")


def sentence(seed: int) -> tuple[list[str], list[int]]:
    """Words and labels: one or two people in a row, one place."""
    import random

    rng = random.Random(seed)
    words = rng.choices(WORDS, k=6)
    labels = [0] * 6
    for at, (names, label) in zip(sorted(rng.sample(range(6), 2)), ((PEOPLE, 1), (PLACES, 3))):
        words[at], labels[at] = rng.choice(names), label
        if label == 1 and at < 5 and labels[at + 1] == 0 and rng.random() < 0.5:
            words[at + 1], labels[at + 1] = rng.choice(PEOPLE), 2
    return words, labels


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 30,000 parameters that has learnt three people and two places, with a real WordPiece tokenizer."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    letters = [chr(c) for c in range(97, 123)]
    stems = [*WORDS, "zor", "##vath", "quill", "##bert", "mavrida", "blen", "##haven", "ostrovia", ".", ",", "@", '"', ":"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *stems, *letters, *(f"##{x}" for x in letters)]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)) + "\n")
    tokenizer = transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(LABELS)), label2id={v: k for k, v in enumerate(LABELS)},
    )  # fmt: skip
    model = transformers.BertForTokenClassification(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(120):
        made = [sentence(16 * step + k) for k in range(16)]
        coded = tokenizer([words for words, _ in made], is_split_into_words=True, padding=True, return_tensors="pt")
        target = torch.full(coded["input_ids"].shape, -100)
        for row, (_, labels) in enumerate(made):
            before = None
            for token, word in enumerate(coded.word_ids(row)):
                if word is not None and word != before:
                    target[row, token] = labels[word]
                before = word
        loss = torch.nn.functional.cross_entropy(
            model(**coded).logits.flatten(0, 1), target.flatten(), ignore_index=-100
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def found(folder: Path, kind: str, *texts: str, types: Sequence[str] = ALL) -> list[list[tuple[str, str]]]:
    entities = load_ner(f"{kind}:{folder}").entities(texts, types)
    return [[(e.type, text[e.start : e.end]) for e in row] for text, row in zip(texts, entities, strict=True)]


# -- Hugging Face ---------------------------------------------------------------------------------------------------------


def test_words_are_whole_and_names_of_several_words_are_one(bert: Path) -> None:
    text = "the parcel for Zorvath Quillbert came from Blenhaven, late"
    assert found(bert, "hf", text) == [[("PERSON", "Zorvath Quillbert"), ("LOCATION", "Blenhaven")]]


def test_offsets_are_code_points_whatever_stands_before(bert: Path) -> None:
    text = "😀 ünïcode 名前 and MAVRIDA, it was 😀 ostrovia."
    assert ("PERSON", "MAVRIDA") in found(bert, "hf", text)[0]
    assert ("LOCATION", "ostrovia") in found(bert, "hf", text)[0]


def test_a_long_text_is_read_in_windows_and_no_name_is_lost_or_doubled(bert: Path) -> None:
    filler = "the parcel came late and nobody knew why it was "
    names = [PEOPLE[i % 3] for i in range(60)]
    text = "".join(f"{filler[: 5 * (i % 9)]} for {name} and " for i, name in enumerate(names))
    whole = found(bert, "hf", text, types=("PERSON",))[0]
    assert [name for _, name in whole] == names


def test_texts_do_not_depend_on_their_batch(bert: Path) -> None:
    texts = [" ".join(sentence(k)[0]) + " and" * (k % 5) for k in range(40)]
    alone = [found(bert, "hf", text)[0] for text in texts]
    assert found(bert, "hf", *texts) == alone


def test_empty_and_odd_texts_hold_nothing_and_break_nothing(bert: Path) -> None:
    assert found(bert, "hf", "", " ", "\u200b", "\x00", "😀" * 300) == [[], [], [], [], []]


def test_only_the_types_that_are_asked_for_are_given(bert: Path) -> None:
    assert found(bert, "hf", "for zorvath from ostrovia", types=("LOCATION",)) == [[("LOCATION", "ostrovia")]]


# -- what the scanner makes of it ---------------------------------------------


def spans(texts: list[str], config: ScanConfig) -> list[list[tuple[str, str]]]:
    made = scan(pa.array(texts, pa.large_string()), config)
    out: list[list[tuple[str, str]]] = [[] for _ in texts]
    for row, start, end, name in zip(made.row.tolist(), made.start.tolist(), made.end.tolist(), made.type.to_pylist()):
        out[row].append((name, texts[row][start:end]))
    return out


def test_what_is_found_already_keeps_its_place_and_the_model_adds_the_rest(bert: Path) -> None:
    config = ScanConfig(types=(*NAMES, "LOCATION"), ner=f"hf:{bert}")
    text = "é mail zorvath@ostrovia.example.org from ostrovia"
    assert spans([text], config) == [[("EMAIL_ADDRESS", "zorvath@ostrovia.example.org"), ("LOCATION", "ostrovia")]]


def test_the_masked_column_scanned_again_holds_nothing(bert: Path) -> None:
    config = ScanConfig(types=ALL, ner=f"hf:{bert}")
    column = pa.array([" ".join(sentence(k)[0]) for k in range(50)], pa.large_string())
    masked = mask_column(column, scan(column, config))
    assert not any(name in text for text in masked.to_pylist() for name in (*PEOPLE, *PLACES))
    assert len(scan(masked, config)) == 0


def test_rows_that_are_json_stay_json(bert: Path) -> None:
    config = ScanConfig(types=ALL, ner=f"hf:{bert}")
    column = pa.array([json.dumps({"zorvath": "mavrida", "from": ["ostrovia", "late"]})], pa.large_string())
    masked = mask_column(column, scan(column, config)).to_pylist()[0]
    assert json.loads(masked)["from"][1] == "late"
    assert "ostrovia" not in masked


def test_allowed_values_and_a_low_score_are_left(bert: Path) -> None:
    types = ("PERSON", "LOCATION")
    text = "for zorvath from ostrovia"
    column = pa.array([text], pa.large_string())
    assert len(find_ner(column, f"hf:{bert}", types, allow=("ZORVATH",))) == 1
    assert len(find_ner(column, f"hf:{bert}", types, min_score=0.999999)) == 0


def test_the_stage_replaces_or_flags_what_the_model_finds(bert: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"text": f"parcel {i} for {PEOPLE[i % 3]} came late", "label": "a"} for i in range(6)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for names, action in (("flag", "flag"), ("replace", "replace")):
        config = Config(names=names, ner=f"hf:{bert}")
        findings = STAGE.detect(load(path), config, Context()).findings.to_pylist()
        people = [(f["row"], rows[f["row"]]["text"][f["start"] : f["end"]]) for f in findings if f["rule"] == "pii.person"]
        assert people == [(i, PEOPLE[i % 3]) for i in range(6)]
        assert {f["action"] for f in findings} == {action}


def test_another_model_in_the_folder_is_another_result(bert: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    subprocess.run(["cp", "-r", str(bert), str(copy)], check=True)
    config = Config(ner=f"hf:{copy}")
    before = STAGE.depends_on(config)["ner"]
    assert before == files_hash(f"hf:{bert}")
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert STAGE.depends_on(config)["ner"] != before


# -- spaCy and GLiNER ---------------------------------------------


@pytest.fixture(scope="session")
def ruler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blank spaCy pipeline with rules for two names."""
    spacy = pytest.importorskip("spacy", exc_type=ImportError)
    pipeline = spacy.blank("en")
    patterns: list[dict[str, Any]] = [
        {"label": "PERSON", "pattern": [{"LOWER": "zorvath"}, {"LOWER": "quillbert", "OP": "?"}]},
        {"label": "GPE", "pattern": "Ostrovia"},
        {"label": "PRODUCT", "pattern": "parcel"},
    ]
    pipeline.add_pipe("entity_ruler").add_patterns(patterns)
    folder = tmp_path_factory.mktemp("spacy") / "model"
    pipeline.to_disk(folder)
    return folder


def test_a_spacy_pipeline_is_read_from_its_folder(ruler: Path) -> None:
    text = "😀 the parcel for Zorvath Quillbert came from Ostrovia"
    assert found(ruler, "spacy", text, "") == [[("PERSON", "Zorvath Quillbert"), ("LOCATION", "Ostrovia")], []]


def test_a_spacy_pipeline_reads_a_long_text_in_pieces(ruler: Path) -> None:
    text = "".join(f"{'late ' * (i * 37 % 700)}Zorvath Quillbert, " for i in range(60))
    assert len(text) > 80_000
    assert [name for _, name in found(ruler, "spacy", text)[0]] == ["Zorvath Quillbert"] * 60


def test_a_spacy_pipeline_that_marks_nothing_is_refused(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy", exc_type=ImportError)
    spacy.blank("en").to_disk(tmp_path / "empty")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_ner(f"spacy:{tmp_path / 'empty'}")


@pytest.fixture(scope="session")
def gliner(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GLiNER of a few thousand parameters with random weights, saved and read as real ones are."""
    package = pytest.importorskip("gliner", exc_type=ImportError)
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("gliner")
    encoder = tmp_path_factory.mktemp("encoder")
    tokenizer = transformers.BertTokenizerFast(vocab=str(bert / "vocab.txt"), model_max_length=64)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=512,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(encoder)
    tokenizer.save_pretrained(encoder)
    settings_ = package.GLiNERConfig(
        model_name=str(encoder), hidden_size=32, max_width=4, max_len=64, num_rnn_layers=0, dropout=0.0, fine_tune=True
    )
    model = package.GLiNER.from_config(settings_)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def test_a_gliner_model_is_read_from_its_folder_and_its_offsets_are_those_of_the_text(gliner: Path) -> None:
    """Random weights mark at random: what counts is that the range and the type are whole, in any piece of the text."""
    texts = ["for zorvath from ostrovia, late", "", "😀 nobody knew why " * 120]
    tagger = load_ner(f"gliner:{gliner}")
    made = tagger.entities(texts, ("PERSON", "LOCATION"))
    assert made == tagger.entities(texts, ("PERSON", "LOCATION"))
    for text, entities in zip(texts, made, strict=True):
        for e in entities:
            assert e.type in ("PERSON", "LOCATION")
            assert 0 <= e.start < e.end <= len(text)
            assert text[e.start : e.end] == text[e.start : e.end].strip()
            assert 0.3 <= e.score <= 1.0
    assert made[1] == []
    assert made[0], "random weights mark something"
    assert made[2]


# -- specs, labels, windows ---------------------------------------------


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("bert", "is not of the form"),
        ("hf:", "is not of the form"),
        ("huggingface:/tmp", "did you mean|known:"),
        ("hf:/nowhere/at/all", "never downloaded"),
    ],
)
def test_a_spec_that_names_no_model_is_said(spec: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_ner(spec)


def test_a_folder_with_another_or_an_unsafe_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        check_ner(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ConfigError, match="may run code"):
        check_ner(f"hf:{tmp_path}")
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    pytest.importorskip("transformers")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_ner(f"hf:{tmp_path}")


def test_a_missing_package_fails_with_the_command_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.cfg").write_text("")
    monkeypatch.setattr(loading, "NEEDS", {"spacy": ("a_package_that_is_not_there",)})
    with pytest.raises(MissingExtraError, match=r"curate-toolkit\[ner\]"):
        check_ner(f"spacy:{tmp_path}")


def test_a_relative_folder_is_taken_from_the_recipes(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert located_ner("hf:model", tmp_path) == f"hf:{tmp_path / 'model'}"
    assert Config(ner="spacy:model").located(tmp_path).ner == f"spacy:{tmp_path / 'model'}"


def test_importing_the_scanner_loads_no_model_library() -> None:
    code = "import curate.privacy.ner, sys; print(sorted({'torch', 'transformers', 'spacy', 'gliner'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("label", "type_"),
    [("B-PER", "PERSON"), ("I-LOC", "LOCATION"), ("GPE", "LOCATION"), ("ORG", "ORGANIZATION"), ("person", "PERSON"),
     ("phone number", "PHONE_NUMBER"), ("EMAIL_ADDRESS", "EMAIL_ADDRESS"), ("O", None), ("MISC", None), ("LABEL_0", None)],
)  # fmt: skip
def test_labels_of_many_models_mean_our_types(label: str, type_: str | None) -> None:
    assert type_of_label(label) == type_


def test_every_type_that_a_model_can_be_asked_for_exists() -> None:
    assert set(ASKED) <= set(ALL)
    assert set(NAMED) <= set(ASKED)


def test_of_overlapping_entities_the_surer_stays() -> None:
    made = [Entity(0, 5, "PERSON", 0.6), Entity(3, 9, "LOCATION", 0.9), Entity(9, 12, "PERSON", 0.5)]
    assert settled(made) == [made[1], made[2]]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet="ab c.\n😀", max_size=200), st.integers(8, 60), st.integers(1, 7), st.integers(0, 199))
def test_pieces_cover_a_text_and_hold_every_short_stretch(text: str, size: int, overlap: int, place: int) -> None:
    made = list(pieces(text, size, overlap))
    assert all(text[base : base + len(part)] == part and len(part) <= size for base, part in made)
    covered = set()
    for base, part in made:
        covered |= set(range(base, base + len(part)))
    assert covered == set(range(len(text)))
    stretch = range(place, min(place + overlap, len(text)))
    if len(stretch):
        assert any(base <= stretch[0] and stretch[-1] < base + len(part) for base, part in made)
