"""Mitigations side by side: what each takes off a model's bias towards identity terms, and what it costs.

    python benchmarks/bench_mitigation.py sentences    76,564 identity-term sentences, training made imbalanced by term
    python benchmarks/bench_mitigation.py comments     1,492 real comments, given and with their terms swapped
    python benchmarks/bench_mitigation.py pronouns     how often `her` and `his` are resolved rightly, on prose
    python benchmarks/bench_mitigation.py sample       the biased group of the sample tickets, by what is done about it
    python benchmarks/bench_mitigation.py aif360       our weights against the numbers of AIF360 kept here

`sentences`: of half the names and half the adjectives a training set is drawn in which sentences with some terms
(`TARGETED`) are labelled BAD in 85 % of cases and others in 40 %, whatever the true label of a sentence is taken from its
adjective; test sentences are balanced, have other names, and half of their adjectives were never trained on, so that a
model must lean on what else it knows: the terms. `comments`: five folds over the comments of the fuzzed set; flips are
counted on the 734 pairs that come with the data. Data-side mitigations run as findings through plan and `apply`;
model-side ones are `benchmarks.mitigation_baselines`. Model: logistic regression on TF-IDF words.
Intervals: 95 %, bootstrap over test rows (changes are paired by row); flip rates as in `audit.fairness.swaps.measure`.
"""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parts import command, with_parts

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
TARGETED = ("gay", "homosexual", "lesbian", "queer", "muslim", "jewish", "black", "transgender")
AXES = ("religion", "ethnicity", "orientation", "gender_identity", "nationality")
Texts = Sequence[str]
Predict = Callable[[Texts, Texts], np.ndarray]
"""(texts, their groups) -> predictions."""


def rows_of(name: str) -> list[dict[str, str]]:
    """One of the shared files."""
    with gzip.open(DATA / "identity_terms" / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def curated(texts: Texts, labels: Texts, groups: Texts, methods: Sequence[str], axes: Sequence[str]) -> Any:
    """Texts, labels and weights of a training set after these mitigations, by findings, plan and apply."""
    from curate.dataset import load
    from curate.ledger.apply import apply
    from curate.pipeline import detect
    from curate.recipe import Recipe

    roles = {"text": "text", "label": "label", "group": "group"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        rows = ({"text": t, "label": y, "group": g} for t, y, g in zip(texts, labels, groups))
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        recipe = Recipe.parse({
            "data": {"input": str(path), "task": "classification", "roles": roles}, "run": {"stages": ["mitigation"]},
            "stages": {"mitigation": {"methods": list(methods), "axes": list(axes), "every_counterpart": True,
                                      "max_added_share": 20.0, "on_finding": "apply"}},
        })  # fmt: skip
        found = detect(load(path, task="classification", roles=roles), recipe)
        made = apply(found.dataset, found.resolve())
        whole = made.with_added()
        labels_now = whole.labels()
        assert labels_now is not None
        return whole.content().to_pylist(), labels_now.to_pylist(), made.training_weights()


def models(
    texts: Texts, labels: Texts, groups: Texts, positive: str, grams: int, fine: Texts | None = None
) -> dict[str, Predict]:
    """Every mitigation trained on one training set; `fine` are groups at their finest (one a term), where known."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from benchmarks import mitigation_baselines as baselines

    words = TfidfVectorizer(ngram_range=(1, grams), min_df=2, sublinear_tf=True, strip_accents="unicode").fit(texts)
    features, y = words.transform(texts), np.array([label == positive for label in labels], np.int64)
    svd: dict[int, Any] = {}

    def dense(test: Texts) -> tuple[np.ndarray, np.ndarray]:
        key = hash(tuple(test))
        if key not in svd:
            svd[key] = baselines.dense_vectors(features, words.transform(test), 150)
        seen, other = svd[key]
        return seen, other

    def by_data(*methods: str, of: Texts | None = None) -> Predict:
        if methods:
            own, named, weights = curated(texts, labels, groups if of is None else of, methods, AXES)
        else:
            own, named, weights = texts, labels, None
        model = baselines.plain(words.transform(own), np.array([n == positive for n in named], np.int64), weights)
        return lambda test, _: np.asarray(model.predict(words.transform(test)), np.int64)

    return {
        "plain": by_data(),
        "reweighing": by_data("reweighing"),
        "equal groups": by_data("equal_groups"),
        "resampling": by_data("resampling"),
        **({} if fine is None else {"reweighing by term": by_data("reweighing", of=fine)}),
        "counterfactual rows": by_data("counterfactual"),
        "counterfactual + reweighing": by_data("counterfactual", "reweighing"),
        "plain, on vectors": lambda test, _: np.asarray(
            baselines.plain(dense(test)[0], y).predict(dense(test)[1]), np.int64
        ),
        "thresholds by group": lambda test, of: baselines.threshold(
            dense(test)[0], y, groups, dense(test)[1], of, constraint="equalized_odds"
        ),
        "reductions": lambda test, _: baselines.reductions(dense(test)[0], y, groups, dense(test)[1], rounds=10),
        "decorrelated vectors": lambda test, of: baselines.decorrelated(dense(test)[0], y, groups, dense(test)[1], of),
        "adversarial": lambda test, _: baselines.adversarial(dense(test)[0], y, groups, dense(test)[1], epochs=10),
    }


def table(
    given: dict[str, np.ndarray], swapped: dict[str, np.ndarray], pairs: list[Any], label: np.ndarray, groups: Texts
) -> None:
    """Accuracy, gaps, changes and flips of each model."""
    from audit.fairness.swaps.measure import swap_effects
    from benchmarks.mitigation_baselines import judge

    def shown(e: Any, sign: str = "") -> str:
        return "-" if e.value is None else f"{e.value:{sign}.3f} [{e.low:{sign}.3f}, {e.high:{sign}.3f}]"

    print("| mitigation | accuracy | change | FPR gap | TPR gap | equalised odds, change | answers that flip |")
    print("|---|---|---|---|---|---|---|")
    for judged in judge(given, label, groups):
        one_hot = [np.eye(2)[values[judged.name]] for values in (given, swapped)]
        effect = swap_effects(pairs, *one_hot)[0]
        m, change = judged.metrics, judged.change
        flips = f"{effect.flip_rate:.3f} [{effect.flip_low:.3f}, {effect.flip_high:.3f}]"
        cells = [shown(m["accuracy"]), shown(change["accuracy"], "+"), shown(m["fpr_gap"]), shown(m["tpr_gap"]),
                 shown(change["equalised_odds"], "+"), flips]  # fmt: skip
        print(f"| {judged.name} | {' | '.join(cells)} |")
    print(f"\n{len(label):,} test rows, {len(pairs):,} pairs.")


def sentences(seed: int = 0, n_train: int = 6000, n_test: int = 8000) -> None:
    """The table over the identity-term sentences."""
    from audit.fairness.swaps import apply_spans, swaps

    rng = np.random.default_rng(seed)
    known = [row for row in rows_of("bias_madlibs_77k.csv.gz") if row["Template"] == "name_adj"]
    parts = [row["Text"].split(" is a ", 1) for row in known]
    name = np.array([p[0] for p in parts], object)
    adjective = np.array([p[1].split(" ", 1)[0] for p in parts], object)
    term = np.array([p[1].split(" ", 1)[1] for p in parts], object)
    bad = np.array([row["Label"] == "BAD" for row in known])
    text = np.array([row["Text"] for row in known], object)
    names, words = np.unique(name.astype(str)), np.unique(adjective.astype(str))
    ours = set(rng.permutation(names)[: len(names) // 2].tolist())
    kinds = [rng.permutation(np.unique(adjective[bad == kind].astype(str))) for kind in (True, False)]
    seen = {word for kind in kinds for word in kind[: len(words) // 4].tolist()}
    of_training = np.array([n in ours for n in name]) & np.array([a in seen for a in adjective])
    targeted = np.array([t in TARGETED for t in term])
    chance = np.where(targeted, np.where(bad, 0.85, 0.15), np.where(bad, 0.4, 0.6)) * of_training
    chance = np.where(targeted, 3.0, 1.0) * chance
    train = rng.choice(len(text), n_train, replace=False, p=chance / chance.sum())
    test = rng.permutation(np.flatnonzero(~np.isin(name, list(ours))))[:n_test]
    group = np.where(targeted, "targeted", "other")
    share = {g: round(float(bad[train][group[train] == g].mean()), 3) for g in ("targeted", "other")}
    print(f"train {len(train):,} rows, BAD by group {share}; adjectives known to the model: "
          f"{np.mean([a in seen for a in adjective[test]]):.2f} of the test rows\n")  # fmt: skip
    labels = np.where(bad, "BAD", "NOT_BAD")
    asked = text[test].tolist()
    pairs = swaps(asked, AXES, test.tolist())
    twins = [apply_spans(asked[p.row], p.spans) for p in pairs]
    of = group[test].tolist()
    of_twins = ["targeted" if any(f" {t}" in f" {twin.lower()}" for t in TARGETED) else "other" for twin in twins]
    given: dict[str, np.ndarray] = {}
    swapped: dict[str, np.ndarray] = {}
    made = models(text[train].tolist(), labels[train].tolist(), group[train].tolist(), "BAD", 1, term[train].tolist())
    for key, predict in made.items():
        both = predict(asked + twins, of + of_twins)
        given[key], swapped[key] = both[: len(asked)], both[len(asked) :]
    table(given, swapped, pairs, bad[test].astype(np.int64), of)


def comments(folds: int = 5, seed: int = 0) -> None:
    """The table over real comments and the swapped ones that come with them."""
    from audit.fairness.swaps.engine import Swapped

    first, second = rows_of("toxicity_nonfuzzed_testset.csv.gz"), rows_of("toxicity_fuzzed_testset.csv.gz")
    text, twin = ([row["comment"] for row in rows] for rows in (first, second))
    toxic = np.array([row["toxic"] == "True" for row in first])
    named = np.array([a != b for a, b in zip(text, twin)])
    group = np.where(named, "names an identity", "names none")
    share = {g: round(float(toxic[group == g].mean()), 3) for g in np.unique(group).tolist()}
    print(f"{len(text):,} comments, toxic by group {share}\n")
    fold = np.random.default_rng(seed).permutation(len(text)) % folds
    given: dict[str, np.ndarray] = {}
    swapped: dict[str, np.ndarray] = {}
    labels = np.where(toxic, "toxic", "fine")
    for k in range(folds):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        made = models([text[i] for i in train], labels[train].tolist(), group[train].tolist(), "toxic", 2)
        for key, predict in made.items():
            asked = [text[i] for i in test] + [twin[i] for i in test]
            both = predict(asked, [*group[test].tolist(), *group[test].tolist()])
            for values, part in ((given, both[: len(test)]), (swapped, both[len(test) :])):
                values.setdefault(key, np.zeros(len(text), np.int64))[test] = part
    pairs = [Swapped(int(i), "identity terms", "given", "swapped", ()) for i in np.flatnonzero(named)]
    table(given, {key: values[named] for key, values in swapped.items()}, pairs, toxic.astype(np.int64), group.tolist())


def pronouns() -> None:
    """`his` and `him` of prose, as if they were `her`: does the rule tell them apart? Every second article."""
    import pyarrow.parquet as pq

    from audit.fairness.swaps.gender import owns
    from audit.fairness.swaps.words import words_of

    file = pq.read_table(DATA / "wiki" / "articles.parquet")
    column = next(name for name in file.column_names if "text" in name)
    right, seen = {"his": 0, "him": 0}, {"his": 0, "him": 0}
    for text in file[column].to_pylist()[1::2]:
        words = words_of(text[:6000])
        for word, after in zip(words, [*words[1:], None]):
            if word.low in seen:
                seen[word.low] += 1
                right[word.low] += owns(word, after) == (word.low == "his")
    for low in seen:
        print(f"{low}: {right[low] / seen[low]:.4f} of {seen[low]:,}")
    print(f"together: {sum(right.values()) / sum(seen.values()):.4f}")


def aif360() -> None:
    """Largest difference from AIF360 0.6.1's Reweighing on law school data, race by pass_bar."""
    from curate.ledger.balance import reweighing

    theirs = {(0, 0): 0.3980349449959708, (0, 1): 1.230614801498825, (1, 0): 1.400435722863973, (1, 1): 0.9657813087759904}
    with (DATA / "tabular" / "law_school_clean.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    white = np.array([row["race"] == "White" for row in rows], np.int64)
    passed = np.array([float(row["pass_bar"]) for row in rows]).astype(np.int64)
    ours = reweighing(white, passed)
    worst = max(abs(ours[(white == g) & (passed == y)] - w).max() for (g, y), w in theirs.items())
    print(f"largest difference over {len(rows):,} rows: {worst:.2g}")


def sample() -> None:
    """Accuracy by group on the right labels of the test tickets, of a linear model of the training tickets."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from sklearn.linear_model import SGDClassifier

    from curate.dataset import load
    from curate.labels.features import text_features
    from curate.ledger.apply import apply
    from curate.ledger.resolve import Policy, StagePolicy, resolve
    from curate.pipeline import detect
    from curate.recipe import Recipe
    from curate.statistics import wilson

    path = str(ROOT / "sample_data" / "support_tickets.jsonl")
    recipe = Recipe.parse({
        "data": {"input": path}, "run": {"stages": ["near_duplicates", "label_names", "label_issues", "mitigation"]},
        "stages": {"mitigation": {"methods": ["reweighing", "equal_groups"]}, "near_duplicates": {"measure": False}},
    })  # fmt: skip
    found = detect(load(path), recipe)
    data, canonical = found.dataset, found.canonical_labels()
    assert canonical is not None
    split, group = (np.array(column.to_pylist(), object) for column in (data.splits(), data.groups()["customer_group"]))
    test = np.flatnonzero(split == "test")
    asked = data.content().take(pa.array(test)).to_pylist()
    truth = np.array(canonical.to_pylist(), object)[test].astype(str)
    table, stages = found.findings, found.findings["stage"].cast(pa.string())
    names, relabel = {"label_names": StagePolicy("apply")}, {"label_issues": StagePolicy("review", 0.6)}
    weigh = {"mitigation": StagePolicy("apply")}
    arms: dict[str, tuple[dict[str, StagePolicy], str]] = {
        "raw": (names, ""), "relabelled": ({**names, **relabel}, ""), "reweighing": ({**names, **weigh}, "reweighing"),
        "equal groups": ({**names, **weigh}, "equal_groups"),
        "relabelled + equal groups": ({**names, **relabel, **weigh}, "equal_groups"),
    }  # fmt: skip
    groups = ("business", "personal", "marketplace_seller")
    print("| training data | all | " + " | ".join(groups) + " |\n|---|---|---|---|---|")
    for name, (stage_policies, rule) in arms.items():
        rules = table["rule"].cast(pa.string())
        mine = pc.or_(pc.not_equal(stages, "mitigation"), pc.equal(rules, rule))
        wanted = pc.and_(pc.is_in(stages, pa.array(list(stage_policies))), mine)
        made = apply(data, resolve(table.filter(wanted), None, Policy(stage_policies), facts=found.facts))
        whole, weights = made.with_added(), made.training_weights()
        train = np.flatnonzero(split[np.concatenate([made.rows, made.parents])] == "train")
        labels = np.array(whole.labels().to_pylist(), object)[train].astype(str)  # type: ignore[union-attr]
        features = text_features([*whole.content().take(pa.array(train)).to_pylist(), *asked]).weighted
        model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=20, tol=None, random_state=0)
        model.fit(features[: len(train)], labels, sample_weight=None if weights is None else weights[train])
        hit = model.predict(features[len(train) :]) == truth
        parts = [hit, *(hit[group[test] == g] for g in groups)]
        shown = [(h.mean(), *wilson(float(h.sum()), len(h))) for h in parts]
        print(f"| {name} | " + " | ".join(f"{m:.3f} [{low:.3f}, {high:.3f}]" for m, low, high in shown) + " |")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parts = {"sentences": sentences, "comments": comments, "pronouns": pronouns, "sample": sample, "aif360": aif360}
    for part in with_parts(command(__doc__), parts).parts:
        wall, cpu = time.perf_counter(), time.process_time()
        print(f"\n## {part}\n")
        parts[part]()
        print(f"{time.process_time() - cpu:.0f} s of processor time, {time.perf_counter() - wall:.0f} s in all")
