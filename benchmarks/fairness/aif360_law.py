"""AIF360's group metrics of the law school data, for comparison; runs in an environment of its own.

    python3 -m venv .venv-peers-fairness && .venv-peers-fairness/bin/pip install -r benchmarks/fairness/peers.txt
    .venv-peers-fairness/bin/python benchmarks/fairness/aif360_law.py ../shared/data/tabular/law_school_clean.csv

Outcome `pass_bar`; the prediction is `lsat >= 37`, so that no model stands between the two libraries. Prints JSON: for each
group as the unprivileged one against all other rows, AIF360's differences and ratios.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

warnings.filterwarnings("ignore")


def main(path: str) -> None:
    """Print the metrics."""
    import pandas as pd
    from aif360.datasets import BinaryLabelDataset
    from aif360.metrics import ClassificationMetric

    frame = pd.read_csv(path)
    out: dict[str, Any] = {}
    for column, group in (("race", "Non-White"), ("male", "0.0")):
        data = pd.DataFrame({
            "inside": (frame[column].astype(str) == group).astype(float),
            "y": frame["pass_bar"].astype(float),
        })  # fmt: skip
        truth = BinaryLabelDataset(df=data, label_names=["y"], protected_attribute_names=["inside"])
        guess = truth.copy(deepcopy=True)
        guess.labels = (frame["lsat"] >= 37).astype(float).to_numpy().reshape(-1, 1)
        m = ClassificationMetric(truth, guess, unprivileged_groups=[{"inside": 1.0}], privileged_groups=[{"inside": 0.0}])
        out[f"{column}={group}"] = {
            "base_rate_difference": m.base_rate(privileged=False) - m.base_rate(privileged=True),
            "statistical_parity_difference": m.statistical_parity_difference(),
            "disparate_impact": m.disparate_impact(),
            "equal_opportunity_difference": m.equal_opportunity_difference(),
            "false_positive_rate_difference": m.false_positive_rate_difference(),
            "average_odds_difference": m.average_odds_difference(),
            "precision_difference": m.positive_predictive_value(privileged=False) - m.positive_predictive_value(True),
            "accuracy_difference": m.accuracy(privileged=False) - m.accuracy(privileged=True),
            "selection_rate": m.selection_rate(privileged=False),
            "tpr": m.true_positive_rate(privileged=False),
            "fpr": m.false_positive_rate(privileged=False),
        }
    print(json.dumps({k: {n: float(v) for n, v in d.items()} for k, d in out.items()}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
