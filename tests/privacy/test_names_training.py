"""Training on a few texts: it learns, gives the same weights twice, and its texts carry true spans."""

from __future__ import annotations

import random
import re

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("faker")
pytest.importorskip("sklearn")

from curate.privacy.column import block
from curate.privacy.names.find import marks
from curate.privacy.names.labels import GIVEN, LABELS, PLACE
from curate.privacy.names.lexer import token_hash
from curate.privacy.names.model import lexicon_table, load, save
from curate.privacy.names.training import corpus, lists, texts, train
from curate.privacy.names.training.abroad import Abroad
from curate.privacy.names.training.endings import declined, declined_name


@pytest.fixture(scope="module")
def writer() -> texts.Writer:
    return texts.Writer(7)


def test_every_template_has_known_slots(writer: texts.Writer) -> None:
    for language, known in writer.templates.items():
        for template in known:
            text, spans = writer.fill(template, language, "ja_JP" if language == "ja" else "en_US")
            assert "{" not in text or "{" in template.replace("{", "", template.count("{P}")), template
            assert all(0 <= a < b <= len(text) for a, b, _ in spans)


def test_spans_of_made_texts_lie_apart(writer: texts.Writer) -> None:
    for _ in range(300):
        (text, spans), column = writer.example()
        edge = 0
        for start, end, kind in sorted(spans):
            assert edge <= start < end <= len(text)
            assert 0 <= kind < 4
            edge = end
        assert 0 <= column <= 5


def test_held_out_locales_give_no_names(writer: texts.Writer) -> None:
    assert not lists.HELD_OUT & set(lists.locale_names())
    bits = lists.word_bits()
    assert bits["maria"] & GIVEN
    assert bits["berlin"] & PLACE


def test_tweets_are_joined_with_their_spans(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.conll"
    path.write_text("@\tB-PER\nann_x\tB-PER\nthanks\tO\n,\tO\nKing\tB-PER\nCharles\tI-PER\n'\tO\n\nIn\tO\nOslo\tB-LOC\n.\tO\n")
    first, second = list(texts.conll(path))
    assert first[0].startswith("@ann_x thanks, King Charles")
    assert [(first[0][a:b], kind) for a, b, kind in first[1] if kind != texts.ANY] == [("King Charles", texts.PERSON)]
    assert second == ("In Oslo.", [(3, 7, texts.LOCATION)])


def test_an_article_says_what_its_title_is() -> None:
    life = "Ada Byron (10 December 1815 – 27 November 1852) was an English writer"
    assert corpus.kind_of("Ada Byron", life) == texts.PERSON
    assert corpus.kind_of("Oslo", "Oslo is the capital and the largest city of Norway.") == texts.LOCATION
    assert corpus.kind_of("Acme", "Acme is an American company.") == texts.ORGANIZATION
    assert corpus.kind_of("Algebra", "Algebra is a field of mathematics.") is None


def test_examples_in_code_may_be_anybody(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The project's own source is text without names, but for what it quotes: once it taught that Maria Lopez is nobody."""
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "a.py").write_text('probe = "Maria Lopez and I live at 12 Baker Street"\nclass Reader:\n    """Reads."""\n')
    ((text, spans),) = corpus.code(tmp_path)
    assert [text[a:b] for a, b, _ in spans] == ["Maria Lopez and I", "12 Baker Street"]
    assert {kind for _, _, kind in spans} == {texts.ANY}


def test_training_learns_and_repeats_itself() -> None:
    made = []
    for name in ("Ada", "Bodil", "Cy", "Dora"):
        for town in ("Oslo", "Bergen", "Moss"):
            place = 6 + len(name) + 9
            made.append((f"today {name} came to {town} again", [(6, 6 + len(name), 0), (place, place + len(town), 1)]))
    made += [("Nothing happened on Monday.", []), ("Please Reply Soon", [])] * 4
    words = np.array(sorted(token_hash(w) for w in ("ada", "bodil")), np.uint32)
    keys, values = lexicon_table(words, np.array([GIVEN, GIVEN], np.uint32))
    runs = []
    for _ in range(2):
        data = train.examples([(text, 0) for text in made], keys, values, 12, seed=3)
        runs.append(train.fit(data, 12, epochs=8, rate=0.2, decay=0.01, seed=4))
    weights, step = runs[0]
    assert np.array_equal(weights, runs[1][0])
    assert np.array_equal(step, runs[1][1])
    assert weights.shape == (4096, LABELS)
    scores = weights[data.rows].sum(axis=1)
    known = data.may
    agree = [known[i] >> int(scores[i].argmax()) & 1 for i in range(len(known))]
    assert np.mean(agree) > 0.9


def test_names_are_declined_as_their_languages_do() -> None:
    draw = random.Random(1)

    def forms(word: str, language: str) -> set[str]:
        return {declined(word, language, draw) for _ in range(60)}

    assert {"Kowalskiego", "Kowalskiemu", "Kowalskim"} == forms("Kowalski", "pl")
    assert {"Новакова", "Новаковым"} <= forms("Новаков", "ru")
    assert "Virtasen" in forms("Virtanen", "fi")
    assert "Horváthnak" in forms("Horváth", "hu")
    assert forms("Li", "pl") == {"Li"}
    assert forms("Smith", "en") == {"Smith"}
    assert declined_name("Anna Schmidt", "de", draw) == "Anna Schmidts"


def test_listed_words_of_indic_scripts_are_whole_words() -> None:
    assert lists.words_of("अंकिता शर्मा") == ["अंकिता", "शर्मा"]
    assert lists.word_bits()["अंकिता"] & GIVEN


def test_texts_abroad_carry_true_spans_and_more_than_half_name_nobody() -> None:
    abroad = Abroad(texts.Writer(7))
    made = [abroad.text() for _ in range(400)]
    naming = sum(any(kind == texts.PERSON for _, _, kind in spans) for _, spans in made)
    assert 0.25 * len(made) < naming < 0.5 * len(made)
    for text, spans in made:
        assert not re.search(r"\{[A-Z]{1,2}\}", text), text
        edge = 0
        for start, end, kind in sorted(spans):
            assert edge <= start < end <= len(text)
            assert 0 <= kind < 4
            edge = end


def test_coined_names_stand_in_texts_abroad_only() -> None:
    writer = texts.Writer(7)
    Abroad(writer).text()
    assert writer.filler.coined == writer.filler.wordy == 0.0
    names = [writer.filler._coined() for _ in range(100)]
    assert len(set(names)) > 90
    assert all(name[0].isupper() and len(name) > 1 for name in names)


def test_names_that_are_small_words_stand_in_texts_abroad() -> None:
    filler = texts.Writer(7).filler
    filler.wordy = 1.0
    assert {"Om", "Nur", "Dan"} <= {filler.person("sv_SE").split()[0] for _ in range(2000)}
    assert filler.person("ru_RU").split()[0].lower() not in filler._words_too  # another script


def test_a_model_is_read_the_way_it_was_trained(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The tagger and the training take the lexer's head, tail and space alike: an end that names share tells a new one."""
    names = ("Adakor", "Bodikor", "Cylikor", "Dorakor")
    made: list[tuple[texts.Text, int]] = [((f"idag kom {name} hit", [(9, 9 + len(name), 0)]), 0) for name in names] * 8
    made += [(("idag kom Ingenting hit", []), 0), (("idag kom Regnet hit", []), 0)] * 8
    words = np.array([token_hash("idag")], np.uint32)
    entries = np.zeros(1, np.uint32)
    keys, values = lexicon_table(words, entries)
    data = train.examples(made, keys, values, 12, seed=3)
    weights, step = train.fit(data, 12, epochs=8, rate=0.2, decay=0.01, seed=4)
    save(tmp_path / "model.npz", weights, step, words, entries, np.tile([1.0, 0.0], (4, 1)))
    cells = block(pa.array(["idag kom Eminkor hit", "idag kom Regnet hit"], pa.large_string()))
    at, _ = marks(cells, load(tmp_path / "model.npz"))
    assert at.tolist() == [[0, 9, 16, 0]]
