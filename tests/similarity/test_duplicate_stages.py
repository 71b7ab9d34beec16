"""The two duplicates stages on real files: findings, scores, hints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from curate.dataset import Dataset, load
from curate.errors import Cancelled, ConfigError
from curate.stages import exact_duplicates, near_duplicates
from curate.stages.base import Context, Detection

BASE = "please tell me how I can change the address on my account because I have moved to another town last week"
NEAR = BASE + " thanks"
OTHER = "the card machine in the shop on the corner does not accept my new card although it worked there yesterday"


def dataset(tmp_path: Path, rows: list[dict[str, Any]]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    roles = {k: k for k in ("text", "label", "split") if any(k in r for r in rows)}
    return load(path, roles=roles, task="classification" if "label" in roles else "text")


def exact(data: Dataset, **hints: Any) -> Detection:
    return exact_duplicates.STAGE.detect(data, exact_duplicates.ExactDuplicatesConfig(), Context(hints=hints))


def near(data: Dataset, **hints: Any) -> Detection:
    config = near_duplicates.NearDuplicatesConfig()
    return near_duplicates.STAGE.detect(data, config, Context(seed=1, threads=2, hints=hints))


def brief(found: Detection) -> set[tuple[int, str, str, int]]:
    columns = (found.findings[c].to_pylist() for c in ("row", "rule", "action", "witness_row"))
    return set(zip(*columns, strict=True))


def test_every_exact_copy_gets_a_drop_that_names_another(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": t} for t in ("same  text", OTHER, "same text", " same text ")])
    found = exact(data)
    assert brief(found) == {(0, "identical", "drop", 2), (2, "identical", "drop", 0), (3, "identical", "drop", 0)}
    assert found.scores is not None
    assert found.scores["group"].to_pylist() == [0, -1, 0, 0]
    assert found.findings["row_id"][0].as_py() == data.row_ids[0].as_py()


def test_the_same_text_under_two_labels_is_flagged_and_never_dropped(tmp_path: Path) -> None:
    rows = [{"text": "a b", "label": "Refund Request"}, {"text": "a b", "label": "card"}]
    assert brief(exact(dataset(tmp_path, rows))) == {
        (0, "conflicting_label", "flag", 1),
        (1, "conflicting_label", "flag", 0),
    }


def test_spellings_of_one_label_are_no_conflict(tmp_path: Path) -> None:
    rows = [{"text": "a b", "label": "Refund Request"}, {"text": "a b", "label": "refund_request"}]
    data = dataset(tmp_path, rows)
    assert {f[1] for f in brief(exact(data))} == {"identical"}
    canonical = {"label_names.canonical": pa.array(["x", "y"])}
    assert {f[1] for f in brief(exact(data, **canonical))} == {"conflicting_label"}


def test_only_the_training_side_goes_across_splits_whatever_its_label(tmp_path: Path) -> None:
    rows = [
        {"text": "a b", "label": "x", "split": "train"},
        {"text": "a b", "label": "y", "split": "test"},
        {"text": "a b", "label": "y", "split": "validation"},
    ]
    found = exact(dataset(tmp_path, rows))
    assert brief(found) == {(0, "across_splits", "drop", 1), (2, "across_splits", "drop", 1)}


def test_both_rows_of_a_near_pair_get_a_finding_with_the_numbers_in_evidence(tmp_path: Path) -> None:
    found = near(dataset(tmp_path, [{"text": OTHER}, {"text": BASE}, {"text": NEAR}]))
    assert brief(found) == {(1, "verified_jaccard", "drop", 2), (2, "verified_jaccard", "drop", 1)}
    evidence = json.loads(found.findings["evidence"][0].as_py())
    n = len(BASE.split()) - 2
    assert evidence == {"jaccard": round(n / (n + 1), 4), "cluster_size": 2, "threshold": 0.8}
    assert not any(c.isdigit() for reason in found.findings["reason"].to_pylist() for c in reason)
    assert np.asarray(found.hints["cluster"]).tolist() == [0, 1, 1]


def test_near_pairs_under_two_labels_are_flagged_and_their_edge_justifies_no_drop(tmp_path: Path) -> None:
    found = near(dataset(tmp_path, [{"text": BASE, "label": "a"}, {"text": NEAR, "label": "b"}]))
    assert brief(found) == {(0, "conflicting_label", "flag", 1), (1, "conflicting_label", "flag", 0)}
    assert found.scores is not None
    assert found.scores["drop"].to_pylist() == [False]
    assert np.asarray(found.hints["cluster"]).tolist() == [0, 0]


def test_the_witness_is_the_evaluation_row_when_there_is_one(tmp_path: Path) -> None:
    rows = [
        {"text": BASE, "split": "train"},
        {"text": BASE + " today", "split": "train"},
        {"text": NEAR, "split": "test"},
    ]
    assert brief(near(dataset(tmp_path, rows))) == {(0, "across_splits", "drop", 2), (1, "across_splits", "drop", 2)}


def test_exact_copies_share_the_near_duplicates_of_their_content(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": t} for t in (BASE, NEAR, BASE, OTHER, OTHER)])
    hinted = near(data, **{"exact_duplicates.group": exact(data).hints["group"]})
    assert brief(hinted) == {
        (0, "verified_jaccard", "drop", 1),
        (1, "verified_jaccard", "drop", 0),
        (2, "verified_jaccard", "drop", 1),
    }
    assert hinted.scores is not None
    pairs = list(zip(hinted.scores["a"].to_pylist(), hinted.scores["b"].to_pylist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (3, 4)]
    assert np.asarray(hinted.hints["cluster"]).tolist() == [0, 0, 0, 3, 3]


def test_where_no_other_stage_speaks_of_identical_copies_this_one_does(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": t} for t in (BASE, NEAR, BASE, OTHER, OTHER)])
    assert brief(near(data)) == {
        (0, "verified_jaccard", "drop", 2),
        (1, "verified_jaccard", "drop", 0),
        (2, "verified_jaccard", "drop", 0),
        (3, "verified_jaccard", "drop", 4),
        (4, "verified_jaccard", "drop", 3),
    }
    assert np.asarray(near(data).hints["cluster"]).tolist() == [0, 0, 0, 3, 3]


def test_rows_of_identical_shingles_all_have_partners(tmp_path: Path) -> None:
    texts = [BASE, BASE.upper(), BASE.replace("account", "account,"), NEAR]
    found = near(dataset(tmp_path, [{"text": t} for t in texts]))
    assert {f[0] for f in brief(found)} == {0, 1, 2, 3}
    assert {f[3] for f in brief(found)} == {0, 1}


def test_blank_rows_are_no_near_duplicates(tmp_path: Path) -> None:
    found = near(dataset(tmp_path, [{"text": t} for t in ("", " ", "", "\u3000", BASE)]))
    assert found.findings.num_rows == 0
    assert np.asarray(found.hints["cluster"]).tolist() == [0, 1, 2, 3, 4]


def test_one_row_makes_no_findings(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": BASE}])
    assert exact(data).findings.num_rows == near(data).findings.num_rows == 0


def test_a_cancelled_context_stops_both_stages(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": BASE}, {"text": NEAR}])
    context = Context(cancelled=lambda: True)
    for stage in (exact_duplicates.STAGE, near_duplicates.STAGE):
        with pytest.raises(Cancelled):
            stage.detect(data, stage.config(), context)


def test_a_threshold_out_of_range_is_a_configuration_error(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": BASE}])
    with pytest.raises(ConfigError, match="near_duplicates"):
        near_duplicates.STAGE.detect(data, near_duplicates.NearDuplicatesConfig(threshold=1.5), Context())
