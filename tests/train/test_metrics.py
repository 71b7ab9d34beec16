"""Metrics against their references: sklearn, sacrebleu, rouge-score, nltk, and the published normalisation."""

from __future__ import annotations

import re
import string
import sys
from fractions import Fraction
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.evaluate import score_classes, summarise
from train.examples import Examples
from train.metrics import Resampling, answer_metrics, calibration, class_metrics, confusions, user_metrics
from train.metrics.answers import same_number, token_f1
from train.metrics.words import is_numeric, normalised, number, words

pytest.importorskip("sacrebleu")
pytest.importorskip("rouge_score")
pytest.importorskip("nltk")


def drawn(n: int, k: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    guess = np.where(rng.random(n) < 0.6, truth, rng.integers(0, k, n))
    return [f"c{i}" for i in truth], [f"c{i}" for i in guess]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.integers(2, 7), st.integers(0, 1000))
def test_averages_over_classes_are_those_of_sklearn(n: int, k: int, seed: int) -> None:
    from sklearn.metrics import precision_recall_fscore_support

    truth, guess = drawn(n, k, seed)
    found = class_metrics(truth, guess, Resampling(n, draws=20))
    for average in ("macro", "micro", "weighted"):
        precision, recall, f1, _ = precision_recall_fscore_support(truth, guess, average=average, zero_division=0)
        assert list(found[average].values()) == pytest.approx([precision, recall, f1])


def test_confusions_are_the_largest_cells_off_the_diagonal() -> None:
    from sklearn.metrics import confusion_matrix

    truth, guess = drawn(400, 5, 3)
    table = confusion_matrix(truth, guess)
    np.fill_diagonal(table, 0)
    found = confusions(truth, guess, {"c0": "[MASK]"}, most=4)
    assert [cell["rows"] for cell in found] == sorted(table.ravel(), reverse=True)[:4]
    assert "c0" not in {cell["truth"] for cell in found} | {cell["prediction"] for cell in found}
    first = found[0]
    if first["truth"] != "[MASK]":
        assert first["share"] == first["rows"] / truth.count(first["truth"])


def test_an_interval_of_a_mean_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        low, high = Resampling(80, draws=300, seed=seed).of_mean(rng.random(80) < 0.3) or (1.0, 0.0)
        held += low <= 0.3 <= high
    assert 0.92 <= held / 200 <= 1.0


def test_copies_of_a_row_do_not_narrow_an_interval_that_knows_their_clusters() -> None:
    values = np.random.default_rng(1).random(50)
    once = Resampling(50).of_mean(values)
    copied = Resampling(500, np.repeat(np.arange(50), 10)).of_mean(np.repeat(values, 10))
    blind = Resampling(500).of_mean(np.repeat(values, 10))
    assert once is not None
    assert copied is not None
    assert blind is not None
    assert copied == pytest.approx(once, abs=1e-9)
    assert blind[1] - blind[0] < 0.5 * (copied[1] - copied[0])


def test_a_share_of_all_or_nothing_still_has_an_interval_and_one_row_has_none() -> None:
    low, high = Resampling(20).of_mean(np.ones(20)) or (0.0, 0.0)
    assert low == pytest.approx(0.839, abs=0.001)  # Wilson, 20 of 20
    assert high == 1.0
    assert Resampling(1).of_mean(np.ones(1)) is None


def test_calibration_is_that_of_a_plain_loop_and_its_level_tells_calibrated_from_not() -> None:
    rng = np.random.default_rng(5)
    confidence = rng.random(1500)
    honest, proud = rng.random(1500) < confidence, rng.random(1500) < confidence**2
    found = calibration(confidence, honest, None, Resampling(1500, draws=100))
    ranked = np.argsort(confidence)
    expected = sum(abs((honest[part] - confidence[part]).sum()) for part in np.array_split(ranked, 15)) / 1500
    assert found["ece"] == pytest.approx(expected, abs=1e-9)
    assert found["ece"] < found["ece_95_if_calibrated"]
    off = calibration(confidence, proud, None, Resampling(1500, draws=100))
    assert off["ece"] > 3 * off["ece_95_if_calibrated"]
    assert sum(n for *_, n in off["bins"]) == 1500


@pytest.mark.parametrize("overconfident", [0.0, 0.05, 0.2])
def test_the_interval_of_the_calibration_error_holds_the_true_one_and_the_estimate(overconfident: float) -> None:
    # Percentiles of draws hold it in 0, 0 and 84 of 100 sets of this size.
    rng, held = np.random.default_rng(8), 0
    for _ in range(40):
        confidence = rng.beta(5, 2, 140)
        chance = np.clip(confidence - overconfident, 0, 1)
        found = calibration(confidence, rng.random(140) < chance, None, Resampling(140, draws=200))
        low, high = found["intervals"]["ece"]
        assert low <= found["ece"] <= high
        held += low <= float(np.mean(confidence - chance)) <= high
    assert held >= 31


def test_the_brier_score_is_sklearns_for_two_classes_and_counts_unknown_labels_as_wrong() -> None:
    from sklearn.metrics import brier_score_loss

    rng = np.random.default_rng(6)
    p = rng.random(40)
    labels = tuple("ba"[int(x)] for x in rng.random(40) < p)
    rows = Examples("classification", np.arange(40), ("x",) * 40, labels)
    scores = score_classes(np.log(np.stack([p, 1 - p], axis=1)), ["a", "b"], rows, {})
    assert scores.brier is not None
    expected = 2 * brier_score_loss([label == "a" for label in labels], p)
    assert scores.brier.mean() == pytest.approx(expected)
    stranger = Examples("classification", np.arange(1), ("x",), ("new",))
    unknown = score_classes(np.log(np.array([[0.9, 0.1]])), ["a", "b"], stranger, {})
    assert unknown.brier is not None
    assert unknown.brier[0] == pytest.approx(0.9**2 + 0.1**2 + 1)
    told = summarise(scores, rows, {})
    assert told["calibration"]["brier"] == pytest.approx(expected)
    assert told["intervals"]["accuracy"][0] <= told["accuracy"] <= told["intervals"]["accuracy"][1]


def squad(text: str) -> str:
    """The published English normalisation, written down from its description."""
    bare = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


@given(st.text(alphabet=string.ascii_letters + string.digits + string.punctuation + " \n\t", max_size=60))
def test_normalisation_of_ascii_is_squads(text: str) -> None:
    assert normalised(text) == squad(text)


def test_other_scripts_are_words_too() -> None:
    assert words("北京 is «большой» город。") == ["北", "京", "is", "большой", "город"]
    assert token_f1("東京タワー", "東京タワ") == pytest.approx(2 * 4 / 9)
    assert normalised("Straße!") == normalised("straße")


def test_token_f1_counts_words_as_often_as_both_hold_them() -> None:
    assert token_f1("the cat cat", "a cat sat") == pytest.approx(2 * 1 / (2 + 2))
    assert token_f1("", "") == 1.0
    assert token_f1("the", "cat") == 0.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("so 3 + 4 = 7\n#### 7", 7),
        ("#### 1,234", 1234),
        ("It costs $1,234.50.", Fraction(2469, 2)),
        ("1.234,5 Euro", Fraction(2469, 2)),
        ("3,14", Fraction(157, 50)),
        (r"thus \boxed{-5}", -5),
        ("three quarters, 3/4", Fraction(3, 4)),
        ("१२", 12),
        ("pages 3-5", 5),
        ("minus −7", -7),
        ("1 000 000", 1_000_000),
        (".5", Fraction(1, 2)),
        ("no number", None),
        ("#### none", None),
        ("1/0", None),
    ],
)
def test_the_number_of_an_answer(text: str, value: object) -> None:
    assert number(text) == value


def test_numbers_are_compared_by_value_and_only_where_references_are_numbers() -> None:
    assert same_number("The answer is 72.0 apples", "... #### 72")
    assert not same_number("", "#### 72")
    assert is_numeric("#### 72")
    assert is_numeric("$72")
    assert not is_numeric("he has 72 apples")
    draws = Resampling(2)
    assert "numeric_match" in answer_metrics(["1", "2"], ["#### 1", "#### 3"], draws)
    assert "numeric_match" not in answer_metrics(["1", "2"], ["he ate 1", "she ate 3"], draws)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_a_metric(answer: str, reference: str) -> None:
    assert 0.0 <= token_f1(answer, reference) <= 1.0
    number(answer)
    same_number(answer, reference)
    is_numeric(reference)
    assert token_f1(answer, answer) == 1.0


ANSWERS = ["the cat sat on the mat", "he eats apples daily", "", "completely different words here"]
REFERENCES = ["the cat sat on a mat", "he ate an apple each day", "nothing", "no overlap at all"]


def test_corpus_metrics_are_sacrebleus_own_and_lie_in_their_intervals() -> None:
    import sacrebleu

    answers, references = ANSWERS * 8, REFERENCES * 8
    found = answer_metrics(answers, references, Resampling(32))
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score)
    assert found["chrf"] == pytest.approx(sacrebleu.corpus_chrf(answers, [references]).score)
    for name in ("bleu", "chrf"):
        low, high = found["intervals"][name]
        assert low <= found[name] <= high
        assert "version" in found["methods"][name]


def test_rouge_is_rouge_scores_own_for_english_and_sees_other_scripts() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    found = answer_metrics(ANSWERS, REFERENCES, Resampling(4))
    own = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    for name in ("rouge1", "rouge2", "rougeL"):
        expected = [own.score(r, a)[name].fmeasure for a, r in zip(ANSWERS, REFERENCES, strict=True)]
        assert found[name] == pytest.approx(np.mean(expected))
    foreign = answer_metrics(["кошка сидит дома"], ["кошка сидит дома"], Resampling(1))
    assert foreign["rougeL"] == 1.0
    assert "any script" in foreign["methods"]["rouge"]


def test_meteor_is_nltks_own_and_says_whether_it_knew_synonyms() -> None:
    from nltk.translate.meteor_score import single_meteor_score

    class Bare:
        def synsets(self, word: str) -> list[object]:
            return []

    found = answer_metrics(ANSWERS, REFERENCES, Resampling(4))
    none = {"wordnet": Bare()} if "WordNet is not used" in found["methods"]["meteor"] else {}
    expected = [
        single_meteor_score(r.split(), a.split(), **none) if a else 0.0 for a, r in zip(ANSWERS, REFERENCES, strict=True)
    ]
    assert found["meteor"] == pytest.approx(np.mean(expected))
    assert "stem" in found["methods"]["meteor"]
    stems = answer_metrics(["apples eaten"], ["apple eat"], Resampling(1))
    assert stems["meteor"] > 0


def test_perfect_answers_are_perfect_in_every_metric() -> None:
    texts = ["the quick brown fox jumps over the lazy dog", "москва столица россии сегодня", "北京是中国的首都城市"]
    for text in texts:
        found = answer_metrics([text] * 3, [text] * 3, Resampling(3))
        assert found["exact_match"] == found["token_f1"] == found["rougeL"] == 1.0
        assert found["bleu"] == pytest.approx(100)
        assert found["chrf"] == pytest.approx(100)
        assert found["meteor"] > 0.99


def test_a_missing_library_leaves_its_metrics_out_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sacrebleu.metrics", "nltk.translate.meteor_score", "rouge_score.rouge_scorer"):
        monkeypatch.setitem(sys.modules, module, None)
    found = answer_metrics(ANSWERS, REFERENCES, Resampling(4))
    assert set(found["left_out"]) == {"bleu", "chrf", "meteor", "rouge"}
    assert "token_f1" in found


def test_metrics_of_no_answers_or_of_other_lengths_are_refused() -> None:
    for answers, references in (([], []), (["a"], ["a", "b"])):
        with pytest.raises(ValueError, match="answers for"):
            answer_metrics(answers, references, Resampling(1))


def _point(name: str, target: Any) -> EntryPoint:
    """An entry point that needs no installed package."""

    class Loaded(EntryPoint):
        def load(self) -> Any:
            return target

    return Loaded(name, "nowhere:nothing", "curate.metrics")


def test_metrics_of_others_are_asked_and_their_failures_reported_by_name_alone() -> None:
    def shorter(predictions: list[str], references: list[str]) -> float:
        return float(np.mean([len(p) < len(r) for p, r in zip(predictions, references, strict=True)]))

    def several(predictions: list[str], references: list[str]) -> dict[str, float]:
        return {"a": 1.0, "b": 2.0}

    def breaks(predictions: list[str], references: list[str]) -> float:
        raise RuntimeError(predictions[0])

    def infinite(predictions: list[str], references: list[str]) -> float:
        return float("inf")

    targets = {"shorter": shorter, "several": several, "breaks": breaks, "infinite": infinite}
    found = user_metrics(["secret", "b"], ["longer text", "b"], [_point(n, f) for n, f in targets.items()])
    assert found["values"] == {"shorter": 0.5, "several.a": 1.0, "several.b": 2.0}
    assert found["failed"] == {"breaks": "RuntimeError", "infinite": "ValueError"}
    assert "secret" not in str(found["failed"])
    missing = EntryPoint("gone", "no_such_module:metric", "curate.metrics")
    assert user_metrics(["a"], ["a"], [missing])["failed"] == {"gone": "ModuleNotFoundError"}


def test_bits_per_byte_of_a_text_do_not_depend_on_the_tokens() -> None:
    import math

    from train.evaluate import ItemScores

    rows = Examples("text", np.arange(2), ("abcd", "abcdefgh"))
    coarse = ItemScores(np.arange(2), np.array([4.0, 4.0]), np.array([1.0, 2.0]), np.array([4.0, 8.0]), (None,) * 2)
    bits = []
    for pieces in (1, 4):
        scores = ItemScores(
            coarse.rows, coarse.score / pieces, coarse.weight * pieces, coarse.nll, (None,) * 2,
            text_bytes=np.array([4.0, 8.0]),
        )  # fmt: skip
        bits.append(summarise(scores, rows, {})["bits_per_byte"])
    assert bits == pytest.approx([12 / math.log(2) / 12] * 2)
