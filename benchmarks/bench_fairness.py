"""The fairness audit: speed beside fairlearn's own bootstrap, and the known disparity of the law school data.

    python -m benchmarks.bench_fairness [speed|law|identity] [--rows 1000000]           (or: make bench-fairness)

`speed`: so many rows, three sensitive columns with all their intersections, 1,000 draws, with and without
near-duplicate clusters, in a process of its own (peak memory); then a tenth of the rows and one column beside
`MetricFrame(n_boot=…)` with the same seven metrics in the same run. fairlearn is given fewer draws and its time is
scaled to 1,000: it is linear in the draws, which the run shows by timing two numbers of them. `law`: every metric by
group with intervals, and how far the values lie from MetricFrame's. `identity`: how often the word list finds the group
that template sentences name, and which groups come with toxic comments.
"""

from __future__ import annotations

import csv
import gzip
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parts import command, with_parts

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
SIDES = {"no clusters": False, "clusters of 1 to 4 rows": True}


def _rows(n: int, seed: int = 0) -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    shares = [0.4, 0.25, 0.15, 0.1, 0.07, 0.03]
    columns = {name: rng.choice(list("abcdef"), n, p=shares) for name in ("one", "two", "three")}
    label = (rng.random(n) < np.where(columns["one"] == "a", 0.5, 0.4)).astype(int)
    guess = np.where(rng.random(n) < 0.85, label, 1 - label)
    return label.astype(str), guess.astype(str), columns


def _large(rows: int, clustered: bool) -> None:
    from audit.fairness import audit_groups

    label, guess, columns = _rows(rows)
    clusters = np.random.default_rng(1).integers(0, rows // 2, rows) if clustered else None
    audit_groups(label[:1000], guess[:1000], {"one": columns["one"][:1000]}, n_boot=100)  # imports
    wall, cpu = time.perf_counter(), time.process_time()
    audit = audit_groups(label, guess, columns, clusters=clusters, intersections=3, n_boot=1000)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    groupings = len({c.column for c in audit.comparisons})
    print(f"{groupings} groupings, {len(audit.groups):,} values, {len(audit.comparisons):,} comparisons: "
          f"{wall:.1f} s wall, {cpu:.1f} s processor time, peak {peak:.2f} GB")  # fmt: skip


def _beside_fairlearn(rows: int) -> None:
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, f1_score, precision_score

    from audit.fairness import audit_groups

    label, guess, columns = _rows(rows)
    truth, predicted = (label == "1").astype(int), (guess == "1").astype(int)
    metrics = {
        "selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate,
        "precision": precision_score, "f1": f1_score, "accuracy": accuracy_score,
        "base_rate": lambda y_true, y_pred: selection_rate(y_true, y_true),
    }  # fmt: skip
    one = {"one": columns["one"]}
    audit_groups(label[:1000], guess[:1000], {"one": columns["one"][:1000]}, n_boot=100)
    start = time.process_time()
    audit_groups(label, guess, one, n_boot=1000)
    ours = time.process_time() - start
    theirs = {}
    for draws in (10, 30):
        start = time.process_time()
        MetricFrame(metrics=metrics, y_true=truth, y_pred=predicted, sensitive_features=one["one"], n_boot=draws,
                    ci_quantiles=[0.025, 0.975], random_state=0)  # fmt: skip
        theirs[draws] = time.process_time() - start
    per_draw = (theirs[30] - theirs[10]) / 20
    scaled = theirs[30] + 970 * per_draw
    print(f"{rows:,} rows, one column, seven metrics: ours, 1,000 draws and comparisons, {ours:.2f} s of processor time; "
          f"MetricFrame {theirs[10]:.1f} s for 10 draws, {theirs[30]:.1f} s for 30, so {scaled:,.0f} s for 1,000: "
          f"{scaled / ours:,.0f} times as long")  # fmt: skip


def law() -> None:
    """The law school table: `pass_bar` and a plain model of it, by race and male."""
    from audit.fairness import audit_groups
    from audit.fairness.reference import largest_difference

    with (DATA / "tabular" / "law_school_clean.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    label = ["pass" if float(r["pass_bar"]) else "fail" for r in rows]
    groups = {"race": [r["race"] for r in rows], "male": ["male" if float(r["male"]) else "female" for r in rows]}
    guess, score = _out_of_fold(rows, np.asarray([x == "pass" for x in label]))
    predicted = ["pass" if g else "fail" for g in guess]
    audit = audit_groups(label, predicted, groups, positive="pass", scores=score, intersections=2)
    apart = largest_difference(audit, label, predicted, groups, intersections=2)
    print(f"{len(rows):,} rows; largest difference from fairlearn's MetricFrame: {apart:.1e}\n")
    print("| column | group | rows | metric | value | 95 % interval |\n|---|---|---|---|---|---|")
    for g in audit.groups:
        if g.column in groups and g.value is not None:
            ends = "too few rows" if g.low is None else f"{g.low:.3f} to {g.high:.3f}"
            print(f"| {g.column} | {g.group} | {g.n:,} | {g.metric} | {g.value:.4f} | {ends} |")
    heads = "| column | group | metric | group less rest | 95 % interval | p (Holm) | detectable | outcome |"
    print(f"\n{heads}\n" + "|---" * 8 + "|")
    for c in audit.comparisons:
        told = ""
        if c.value is not None:
            told = f"{c.value:+.4f} | {c.low:+.3f} to {c.high:+.3f} | {c.p:.1g} | {c.detectable or 0:.3f}"
        open_ = f", about {c.rows_needed:,} rows" if c.rows_needed else ""
        print(f"| {c.column} | {c.group} | {c.metric} | {told or ' | | | '} | {c.outcome}{open_} |")
    print("\n| column | summary | difference | 95 % | ratio | 95 % |\n" + "|---" * 6 + "|")
    shown = ("base_rate", "demographic_parity", "equal_opportunity", "equalised_odds")
    for s in audit.spreads:
        if s.metric in shown and s.difference is not None:
            print(f"| {s.column} | {s.metric} | {s.difference:.4f} | {s.difference_low:.3f} to {s.difference_high:.3f} | "
                  f"{s.ratio or 0:.4f} | {s.ratio_low or 0:.3f} to {s.ratio_high or 0:.3f} |")  # fmt: skip
    print("\nfour-fifths rule: " + "; ".join(
        f"{f.column} {f.group} {f.ratio:.3f} of {f.reference} ({f.outcome})" for f in audit.four_fifths
        if f.column in groups and f.ratio is not None
    ))  # fmt: skip


def identity() -> None:
    """The word list on 76,564 template sentences that each name a group or a profession, and on real comments."""
    import pyarrow as pa

    from audit.fairness.encode import codes_of
    from audit.fairness.identity import associations, groups_named

    def read(name: str) -> list[dict[str, str]]:
        with gzip.open(DATA / "identity_terms" / name, "rt", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    sentences = read("bias_madlibs_77k.csv.gz")
    texts = pa.array([r["Text"] for r in sentences], pa.large_string())
    start = time.process_time()
    named = groups_named(texts)
    took = time.process_time() - start
    found = np.logical_or.reduce(list(named.values()))
    print(f"\n{len(texts):,} sentences in {took:.2f} s of processor time: some group in {found.mean():.1%}")
    comments = read("toxicity_nonfuzzed_testset.csv.gz")
    texts = pa.array([r["comment"] for r in comments], pa.large_string())
    code, names = codes_of([r["toxic"] for r in comments])
    told = associations(groups_named(texts), code, names)
    print(f"{len(texts):,} comments: " + "; ".join(
        f"{a.group} with toxic = {a.label}: {a.rows} texts, PMI {a.pmi:+.2f} [{a.low:+.2f}, {a.high:+.2f}], {a.outcome}"
        for a in told if a.label == names[-1] and a.pmi is not None and a.low is not None and a.high is not None
        and a.outcome != "insufficient evidence"
    ))  # fmt: skip


def _out_of_fold(rows: list[dict[str, str]], truth: Any) -> tuple[Any, Any]:
    """A logistic regression of the columns that are no group, balanced, five folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    used = ("lsat", "ugpa", "fulltime", "fam_inc", "tier")
    x = np.asarray([[float(r[c]) for c in used] for r in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    score = cross_val_predict(model, x, truth, cv=folds, method="predict_proba")[:, 1]
    return score >= 0.5, score


def speed(rows: int) -> None:
    """Many rows, each side in a process of its own; then beside fairlearn."""
    for name in SIDES:
        print(f"{rows:,} rows x 3 columns with intersections x 1,000 draws, {name}: ", end="", flush=True)
        again = [sys.executable, "-m", "benchmarks.bench_fairness", "--rows", str(rows), "--side", name]
        subprocess.run(again, check=True)
    _beside_fairlearn(rows // 10)


def main() -> None:
    """The parts asked for; all without arguments."""
    parser = command(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of speed; a tenth of them beside fairlearn")
    parser.add_argument("--side", choices=list(SIDES), help="this line of speed alone, in this process")
    asked = with_parts(parser, ("speed", "law", "identity"))
    if asked.side:
        _large(asked.rows, SIDES[asked.side])
        return
    if "speed" in asked.parts:
        speed(asked.rows)
    if "law" in asked.parts:
        law()
    if "identity" in asked.parts:
        identity()


if __name__ == "__main__":
    main()
