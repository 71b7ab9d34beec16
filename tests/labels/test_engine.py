"""Features, folds, probabilities and noise against independent references and their promises."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import average_precision_score
from sklearn.naive_bayes import MultinomialNB

from curate.errors import StageSkipped
from curate.labels.confident import cleanlab_judgement
from curate.labels.features import text_features
from curate.labels.folds import grouped_stratified_folds
from curate.labels.judged import MAX_CELLS, judged_rows
from curate.labels.learners import naive_bayes_scores
from curate.labels.neighbours import VOTERS, nearest_rows, neighbours_vote
from curate.labels.noise import _with_vote, estimate_label_noise, judge_predictions
from curate.labels.probabilities import one_hot, out_of_sample_probabilities

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "banking77" / "train.csv"


def _corpus(n: int, k: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts whose class shows in some words and not in others."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, k, n)
    common = [f"word{i}" for i in range(300)]
    texts = []
    for c in label:
        words = [common[i] for i in rng.integers(0, 300, 8)] + [f"topic{c}x{i}" for i in rng.integers(0, 12, 3)]
        texts.append(" ".join(words))
    return texts, label


def test_features_have_the_n_grams_that_scikit_learn_counts() -> None:
    texts = ["The card, the CARD!", "a card arrived", "naïve café 東京タワー card", "", "arrived: the card"]
    features = text_features(texts)
    token = r"[a-z0-9\u0080-\U0010ffff]+"
    words = CountVectorizer(ngram_range=(1, 2), token_pattern=token, binary=True).fit_transform(texts)
    grams = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), binary=True).fit_transform(
        [t.replace(",", "").replace("!", "").replace(":", "") for t in texts]
    )
    expected = int((words.sum(0) >= 2).sum()), int((grams.sum(0) >= 2).sum())
    assert (features.n_word_columns, features.weighted.shape[1] - features.n_word_columns) == expected


def test_each_block_of_a_row_has_unit_length_or_is_empty() -> None:
    features = text_features(["one two three", "one two four", "", "!!"])
    for block in (features.weighted[:, : features.n_word_columns], features.weighted[:, features.n_word_columns :]):
        assert np.asarray(block.multiply(block).sum(1)).ravel() == pytest.approx([1, 1, 0, 0], abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=12))
def test_any_text_gives_finite_features_whatever_the_number_of_threads(texts: list[str | None]) -> None:
    one, two = text_features(texts, threads=1), text_features(texts, threads=2)
    assert one.weighted.shape[0] == len(texts)
    assert np.isfinite(one.weighted.data).all()
    assert (one.weighted != two.weighted).nnz == 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_folds_never_split_a_group(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 80))
    labels = np.asarray(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), np.int64)
    groups = np.asarray(data.draw(st.lists(st.integers(0, 30), min_size=n, max_size=n)), np.int64)
    folds = grouped_stratified_folds(labels, groups, 5, 0)
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1
    assert np.array_equal(folds, grouped_stratified_folds(labels, groups, 5, 0))


def test_folds_spread_every_class_evenly() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 20, 2000)
    folds = grouped_stratified_folds(labels, np.arange(2000), 5, 1)
    table = np.zeros((5, 20), int)
    np.add.at(table, (folds, labels), 1)
    assert (table.max(0) - table.min(0)).max() <= 1


def test_naive_bayes_equals_scikit_learns() -> None:
    texts, label = _corpus(300, 3, 0)
    features = text_features(texts).weighted
    folds = grouped_stratified_folds(label, np.arange(300), 5, 0)
    scores = naive_bayes_scores(features, one_hot(label, 3), folds).astype(np.float64)
    for fold in range(5):
        test = folds == fold
        model = MultinomialNB(alpha=0.1).fit(features[~test], label[~test])
        assert scores[test] == pytest.approx(model.predict_joint_log_proba(features[test]), rel=1e-4, abs=1e-3)


def test_probabilities_sum_to_one_and_do_not_depend_on_threads() -> None:
    texts, label = _corpus(400, 4, 1)
    one, two = (out_of_sample_probabilities(texts, label, np.arange(400), 4, 0, threads) for threads in (1, 2))
    assert one.tobytes() == two.tobytes()
    assert one.sum(1) == pytest.approx(np.ones(400), abs=1e-4)
    assert (one.argmax(1) == label).mean() > 0.8


def test_a_row_is_not_predicted_from_its_own_copies() -> None:
    rng = np.random.default_rng(0)
    texts = [f"zq{i}a vx{i}b" for i in range(100)]
    label = rng.integers(0, 2, 100)
    twice, both = texts * 2, np.concatenate([label, label])
    apart = out_of_sample_probabilities(twice, both, np.arange(200), 2)
    together = out_of_sample_probabilities(twice, both, np.tile(np.arange(100), 2), 2)
    assert (apart.argmax(1) == both).mean() > 0.9
    assert (together.argmax(1) == both).mean() < 0.75


@pytest.mark.parametrize("kind", ["uniform", "confusable"])
def test_planted_wrong_labels_are_found_and_their_probabilities_mean_what_they_say(kind: str) -> None:
    texts, label = _corpus(3000, 6, 2)
    rng = np.random.default_rng(3)
    wrong = rng.random(3000) < 0.1
    given_label = label.copy()
    given_label[wrong] = (label[wrong] + (rng.integers(1, 6, wrong.sum()) if kind == "uniform" else 1)) % 6
    noise = estimate_label_noise(texts, given_label, np.arange(3000), 6)
    assert average_precision_score(wrong, noise.ranking) > 0.9
    likely = noise.wrong >= 0.6
    assert wrong[likely].mean() >= 0.85
    assert likely[wrong].mean() >= 0.5
    assert (noise.suggested[likely & wrong] == label[likely & wrong]).mean() > 0.9
    sure = noise.wrong >= 0.9
    assert wrong[sure].mean() >= 0.88
    assert noise.noise_rate == pytest.approx(0.1, abs=0.04)
    low, high = noise.noise_range
    assert low <= wrong.mean() <= high < 0.5
    assert high >= noise.other.mean() >= low


def test_predictions_that_say_nothing_leave_the_estimate_inside_its_range() -> None:
    noise = judge_predictions(np.full((300, 4), 0.25, np.float32), np.arange(300) % 4)
    low, high = noise.noise_range
    assert low <= noise.noise_rate <= high


def test_clean_labels_raise_few_alarms() -> None:
    texts, label = _corpus(2000, 5, 4)
    noise = estimate_label_noise(texts, label, np.arange(2000), 5)
    assert (noise.wrong >= 0.6).mean() < 0.01


def test_cleanlab_sees_the_planted_errors_too() -> None:
    texts, label = _corpus(1000, 4, 5)
    given_label = label.copy()
    given_label[:80] = (label[:80] + 1) % 4
    noise = estimate_label_noise(texts, given_label, np.arange(1000), 4)
    quality, issues = cleanlab_judgement(given_label, noise.probabilities)
    assert quality[:80].mean() < 0.3 < 0.8 < quality[80:].mean()
    assert issues[:80].mean() > 0.7
    assert issues[80:].mean() < 0.1


def test_the_nearest_rows_are_those_of_an_exact_search() -> None:
    texts, _ = _corpus(200, 4, 6)
    features = text_features(texts)
    found, similarity = nearest_rows(features.words, np.arange(20), top=3)
    words = features.weighted[:, : features.n_word_columns].toarray()
    words = words[:, (words > 0).sum(0) <= 50]
    exact = words[:20] @ words.T
    exact[np.arange(20), np.arange(20)] = -1
    assert similarity == pytest.approx(-np.sort(-exact, axis=1)[:, :3], abs=1e-5)
    assert not (found == np.arange(20)[:, None]).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 8), st.integers(0, 10_000))
def test_rows_are_found_among_those_named_outside_their_group_and_ties_go_by_row(
    n: int, n_groups: int, top: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers, so that sums are exact in any order and many are equal.
    dense = rng.integers(1, 3, (n, 12)) * (rng.random((n, 12)) < 0.4)
    groups = rng.integers(0, n_groups, n)
    among = np.sort(rng.choice(n, rng.integers(1, n + 1), replace=False))
    asked = rng.permutation(n)
    features = sparse.csr_matrix(dense.astype(np.float32))
    found, similarity = nearest_rows(features, asked, top, among=among, groups=groups, threads=2)
    for i, row in enumerate(asked):
        others = [(-int(dense[row] @ dense[j]), j) for j in among if groups[j] != groups[row] and dense[row] @ dense[j]]
        wanted = sorted(others)[:top]
        assert found[i].tolist() == [j for _, j in wanted] + [-1] * (top - len(wanted))
        assert similarity[i].tolist() == [-s for s, _ in wanted] + [0] * (top - len(wanted))


def test_a_vote_is_the_squared_similarity_of_what_neighbours_are_believed_to_be() -> None:
    texts, _ = _corpus(300, 4, 8)
    texts[0] = "utterlyalone"
    features = text_features(texts).weighted
    rng = np.random.default_rng(0)
    believed = rng.dirichlet(np.ones(4), 300).astype(np.float32)
    groups = np.arange(300) // 2
    vote = np.exp(neighbours_vote(features, believed, groups, threads=2))
    assert vote[0] == pytest.approx(believed.mean(axis=0), abs=1e-5)
    found, similarity = nearest_rows(features, np.arange(300), VOTERS, groups=groups)
    sums = (np.square(similarity)[:, :, None] * believed[found]).sum(axis=1)[1:] + 0.01 * believed.mean(axis=0)
    assert vote[1:] == pytest.approx(sums / sums.sum(axis=1, keepdims=True), abs=1e-5)
    assert (vote[1:].argmax(axis=1) != vote[0].argmax()).any()


def test_neighbours_are_heard_where_they_know_better_and_not_where_they_know_nothing() -> None:
    rng = np.random.default_rng(1)
    n, k = 3000, 5
    true = rng.integers(0, k, n)
    given_label = np.where(rng.random(n) < 0.1, rng.integers(0, k, n), true)
    believed = one_hot(given_label, k)

    def expert(right: float) -> np.ndarray:
        p = np.full((n, k), (1 - right) / (k - 1), np.float32)
        p[np.arange(n), np.where(rng.random(n) < right, true, rng.integers(0, k, n))] = right
        return p / p.sum(axis=1, keepdims=True)

    vague, knows, guesses = expert(0.5), expert(0.95), expert(0.5)[rng.permutation(n)]
    heard = _with_vote(vague, np.log(knows), believed, given_label)
    assert (vague.argmax(axis=1) == true).mean() < 0.7
    assert (heard.argmax(axis=1) == true).mean() > 0.93
    assert heard.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-4)
    assert _with_vote(knows, np.log(guesses), believed, given_label) is knows


def test_mistakes_in_classes_of_many_subjects_are_ranked_better_with_neighbours_than_by_the_models_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    subject = rng.integers(0, 120, 2400)
    label = rng.integers(0, 4, 120)[subject]  # a class has some thirty subjects that share no word
    letters = np.array(list("bcdfghjklmnpqrstvwxz"))
    words = ["".join(rng.choice(letters, 6)) for _ in range(120 * 40)]
    texts = [
        " ".join([*(f"common{i}" for i in rng.integers(0, 60, 8)), *(words[40 * s + i] for i in rng.integers(0, 40, 2))])
        for s in subject
    ]
    wrong = rng.random(2400) < 0.2
    given_label = np.where(wrong, (label + 1) % 4, label)

    def precision(groups: np.ndarray) -> float:
        return float(average_precision_score(wrong, estimate_label_noise(texts, given_label, groups, 4).ranking))

    together, apart = precision(np.arange(2400)), precision(subject)
    monkeypatch.setattr("curate.labels.noise._with_vote", lambda probabilities, *_: probabilities)
    assert together > precision(np.arange(2400)) + 0.03
    # With each subject kept together nobody knows anything, neighbours as little as models.
    assert apart < 0.3


def test_a_class_with_one_row_is_survived() -> None:
    texts, label = _corpus(200, 3, 7)
    label[0] = 3
    assert np.isfinite(estimate_label_noise(texts, label, np.arange(200), 4).wrong).all()


def test_with_many_classes_the_sparse_way_gives_the_same_scores() -> None:
    label = np.arange(1200) % 300
    texts = [f"name{c} of class{c} number{i % 7}" for i, c in enumerate(label)]
    features = text_features(texts).weighted
    folds = grouped_stratified_folds(label, np.arange(1200), 5, 0)
    scores = naive_bayes_scores(features, one_hot(label, 300), folds)
    model = MultinomialNB(alpha=0.1).fit(features[folds != 2], label[folds != 2])
    assert scores[folds == 2] == pytest.approx(model.predict_joint_log_proba(features[folds == 2]), rel=1e-4, abs=1e-3)
    assert np.isfinite(estimate_label_noise(texts, label, np.arange(1200), 300).wrong).all()


@pytest.mark.parametrize(
    ("labels", "groups", "k"),
    [([0, 1], [0, 1, 2], 2), ([0, 1, 5], [0, 1, 2], 2), ([0, 0, 0], [0, 1, 2], 1), ([0, 1, 1], [4, 4, 4], 2)],
)
def test_arrays_that_do_not_fit_are_refused(labels: list[int], groups: list[int], k: int) -> None:
    with pytest.raises(ValueError, match=r"groups|label codes|two classes"):
        out_of_sample_probabilities(["a", "b", "c"], np.asarray(labels), np.asarray(groups), k)


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_likely_wrong_is_precise_on_banking_queries_with_a_tenth_flipped() -> None:
    with DATA.open() as file:
        rows = list(csv.reader(file))[1:]
    names = sorted({r[1] for r in rows})
    label = np.asarray([names.index(r[1]) for r in rows])
    rng = np.random.default_rng(0)
    wrong = rng.random(len(rows)) < 0.1
    given_label = np.where(wrong, (label + rng.integers(1, 77, len(rows))) % 77, label)
    noise = estimate_label_noise([r[0] for r in rows], given_label, np.arange(len(rows)), 77, threads=2)
    likely = noise.wrong >= 0.6
    assert wrong[likely].mean() >= 0.85
    assert likely[wrong].mean() >= 0.8
    assert average_precision_score(wrong, noise.ranking) >= 0.96


@pytest.mark.parametrize(
    ("sizes", "advised"),
    [
        ([60] * 1500, "sample_rows"),
        ([400] * 400 + [5] * 4600, "sample_rows"),
        ([300] * 100 + [15] * 3900, "min_class_rows = 16 and sample_rows"),
        ([6] * 5000, "join classes"),
    ],
)
def test_what_is_advised_for_too_many_classes_is_enough(sizes: list[int], advised: str) -> None:
    labels = pa.array([f"c{i}" for i, n in enumerate(sizes) for _ in range(n)], pa.large_string())
    texts = pa.array(["a text"] * len(labels), pa.large_string())
    with pytest.raises(StageSkipped, match=advised) as skipped:
        judged_rows(labels, texts, None, 5)
    given = {k: int(v.replace(",", "")) for k, v in re.findall(r"(\w+) = ([\d,]+)", str(skipped.value))}
    if given:
        judged = judged_rows(labels, texts, None, given.get("min_class_rows", 5), given["sample_rows"])
        assert len(judged.rows) * len(judged.names) <= MAX_CELLS
