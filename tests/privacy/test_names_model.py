"""Parts of the names model against independent references: tokens, chain, training, file."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.privacy.names import model
from curate.privacy.names.chain import allowed, best, marginals
from curate.privacy.names.characters import SIZE, fold, tables
from curate.privacy.names.columns import NOTHING, OF_ADDRESS, OF_BODY, OF_NAME, OF_PERSON, OF_PLACE, column_class
from curate.privacy.names.features import FEATURES
from curate.privacy.names.labels import LABELS
from curate.privacy.names.lexer import ADDRESS, BLANK, CAPITAL, CAPS, CODE, DIGITS4, HANDLE, MIXED, SMALL, lex, token_hash
from curate.privacy.names.tagger import weigh
from tests.conftest import examples

TEXT = st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=80)


def tokens(text: str) -> list[tuple[str, int, int, int]]:
    """Text, shape, hash and space flag of each token."""
    raw = text.encode()
    data = np.frombuffer(raw, np.uint8) if raw else np.zeros(0, np.uint8)
    size = len(raw) + 1
    at, word = np.zeros((size, 2), np.int32), np.zeros(size, np.uint32)
    shape, spaced = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    head, tail = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    n, stop = lex(data, 0, len(raw), *tables(), at, word, shape, spaced, head, tail, size)
    assert stop == len(raw)
    return [(raw[a:b].decode(), int(s), int(w), int(g)) for (a, b), s, w, g in zip(at[:n], shape[:n], word[:n], spaced[:n])]


def test_tokens_have_shapes() -> None:
    got = [(t, s) for t, s, _, _ in tokens("Hello WORLD McCoy 2024 user_name @ann a.b@example.com\n\nend [PERSON_1]")]
    assert got == [
        ("Hello", CAPITAL), ("WORLD", CAPS), ("McCoy", MIXED), ("2024", DIGITS4), ("user_name", CODE), ("@ann", HANDLE),
        ("a.b@example.com", ADDRESS), ("\n\n", BLANK), ("end", SMALL), ("[PERSON_1]", CODE),
    ]  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(TEXT)
def test_tokens_are_the_text_but_for_white_space(text: str) -> None:
    got = "".join(t for t, *_ in tokens(text))
    kinds, _ = tables()

    def shown(value: str) -> str:
        return "".join(c for c in value if not (ord(c) < SIZE and kinds[ord(c)] >= 5) and c not in "\r\n")

    assert shown(got) == shown(text)


@given(st.text(alphabet=st.characters(categories=("Lu", "Ll"), max_codepoint=0x24F), min_size=1, max_size=12))
def test_a_word_is_hashed_without_case_and_marks(word: str) -> None:
    pieces = tokens(word)
    if len(pieces) == 1:
        assert pieces[0][2] == token_hash(fold(word))
        assert fold(word) == fold(word.upper()) or word.upper().lower() != word


def test_folding_takes_marks_away_as_unicode_decomposes_them() -> None:
    for char in "éèüñçåžśő":
        assert fold(char.upper()) == unicodedata.normalize("NFD", char)[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_the_chain_agrees_with_trying_every_sequence(n: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, step = draw.normal(size=(n, LABELS)) * 2, draw.normal(size=(LABELS, LABELS))
    may = np.full(n, (1 << LABELS) - 1, np.int64)
    if seed % 2:
        may[draw.integers(n)] = 0b10011
    total: dict[tuple[int, ...], float] = {}
    for labels in itertools.product(range(LABELS), repeat=n):
        path = (0, *labels, 0)
        if all(allowed(a, b) for a, b in itertools.pairwise(path)):
            total[labels] = sum(scores[i, y] for i, y in enumerate(labels)) + sum(
                step[a, b] for a, b in itertools.pairwise(path)
            )
    out, table, back = np.zeros(n, np.int64), np.zeros((n, LABELS)), np.zeros((n, LABELS), np.int64)
    best(scores, n, step, out, table, back)
    assert total[tuple(out.tolist())] == pytest.approx(max(total.values()))
    forward, backward, scale = np.zeros((n, LABELS)), np.zeros((n, LABELS)), np.zeros(n)
    log = marginals(scores, n, np.exp(step), may, forward, backward, scale)
    open_ = {path: np.exp(s) for path, s in total.items() if all(may[i] >> y & 1 for i, y in enumerate(path))}
    assert log == pytest.approx(np.log(sum(open_.values())))
    for i in range(n):
        for y in range(LABELS):
            share = sum(w for path, w in open_.items() if path[i] == y) / sum(open_.values())
            assert forward[i, y] * backward[i, y] == pytest.approx(share, abs=1e-9)


def test_the_shipped_model_is_small_and_has_no_pickle() -> None:
    assert model.PATH.stat().st_size <= 5_000_000
    with np.load(model.PATH, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
    known = model.load()
    assert known.eight.shape == known.ninth.shape == (1 << known.bits,)
    assert known.calibration[:, 0].min() > 0


def test_a_saved_model_is_read_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(0)
    weights = (draw.normal(size=(64, LABELS)) * (draw.random((64, 1)) < 0.3)).astype(np.float32)
    words = np.array(sorted(token_hash(w) for w in ("ada", "bo", "cy")), np.uint32)
    path = tmp_path / "m.npz"
    model.save(path, weights, np.eye(LABELS), words, np.array([1, 2, 3], np.uint32), np.tile([1.0, 0.0], (4, 1)))
    known = model.load(path)
    lanes = known.eight.astype("<u8").view(np.uint8).reshape(-1, LABELS - 1).astype(int) - model.BIAS
    read = np.column_stack([lanes, known.ninth])
    kept = np.abs(weights / known.scale) >= model.LEAST
    assert np.allclose(read[kept] * known.scale, weights[kept], atol=known.scale * 1.01)
    assert not read[(weights == 0).all(axis=1)].any()
    assert {int(k): int(v) for k, v in zip(known.keys, known.values) if k} == dict(zip(words.tolist(), (1, 2, 3)))


@pytest.mark.parametrize("low", [-127, 0, 126])
def test_eight_weights_added_at_once_are_the_sums_of_each(low: int) -> None:
    draw = np.random.default_rng(low + 127)
    weights = draw.integers(low, 128, (512, LABELS)).astype(np.int8)
    weights[0], weights[1] = 127, -127
    eight, ninth = model.packed(weights, np.ones(512, np.bool_))
    scores = np.zeros((3, LABELS))
    for k, rows in enumerate((np.zeros(FEATURES, int), np.ones(FEATURES, int), draw.integers(0, 512, FEATURES))):
        weigh(rows.astype(np.uint64), eight, ninth, 0.5, scores, k)
        assert scores[k].tolist() == (weights[rows].astype(int).sum(axis=0) * 0.5).tolist()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("customer_name", OF_PERSON), ("firstName", OF_PERSON), ("Vorname", OF_PERSON), ("city", OF_PLACE),
        ("employer", OF_BODY),
        ("billingAddress", OF_ADDRESS), ("name", OF_NAME), ("product_name", NOTHING), ("email_address", NOTHING),
        ("file_name", NOTHING), ("text", NOTHING), ("", NOTHING), ("company name", OF_BODY),
    ],
)  # fmt: skip
def test_column_names_have_classes(name: str, kind: int) -> None:
    assert column_class(name) == kind
