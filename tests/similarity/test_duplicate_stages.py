"""The two duplicates stages on real files: findings, scores, hints."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from similarity_corpus import edited, passage
from similarity_reference import jaccard, shingles

from curate.dataset import Dataset, load
from curate.errors import Cancelled, ConfigError
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.stages import exact_duplicates, near_duplicates
from curate.stages.base import Context, Detection

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
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
    alike = round(n / (n + 1), 4)
    assert evidence == {"jaccard": alike, "weighted_jaccard": alike, "cluster_size": 2, "threshold": 0.8}
    assert not any(c.isdigit() for reason in found.findings["reason"].to_pylist() for c in reason)
    assert np.asarray(found.hints["cluster"]).tolist() == [0, 1, 1]


def test_near_pairs_under_two_labels_are_flagged_and_their_edge_justifies_no_drop(tmp_path: Path) -> None:
    found = near(dataset(tmp_path, [{"text": BASE, "label": "a"}, {"text": NEAR, "label": "b"}]))
    assert brief(found) == {(0, "conflicting_label", "flag", 1), (1, "conflicting_label", "flag", 0)}
    assert found.scores is not None
    assert found.scores.column_names == ["a", "b", "score", "weighted", "parts"]
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
    with pytest.raises(ConfigError, match="part_threshold"):
        near_duplicates.STAGE.detect(data, near_duplicates.NearDuplicatesConfig(part_threshold=1.5), Context())


TEMPLATE = "you are a careful helper who reads the text below and answers in one short line and says nothing else at all"


def templated(rng: np.random.Generator, n: int) -> list[str]:
    return [f"{TEMPLATE} {TEMPLATE[::-1]} {' '.join(f'w{k}' for k in rng.integers(10**6, size=9))}" for _ in range(n)]


def test_shingles_of_characters_find_long_words_that_differ_in_a_letter(tmp_path: Path) -> None:
    words = "Donaudampfschifffahrtsgesellschaft Rechtsschutzversicherungsgesellschaft Kraftfahrzeughaftpflichtversicherung"
    data = dataset(tmp_path, [{"text": words}, {"text": words.replace("recht", "rescht").replace("Recht", "Rescht")}])

    def edges(**settings: Any) -> list[float]:
        config = near_duplicates.NearDuplicatesConfig(floor=0.5, **settings)
        scores = near_duplicates.STAGE.detect(data, config, Context(seed=1)).scores
        assert scores is not None
        return [round(score, 4) for score in scores["score"].to_pylist()]

    assert edges() == []
    one, two = (
        {tuple(letters[i : i + 5]) for i in range(len(letters) - 4)}
        for letters in ([c for c in text.casefold() if c.isalnum()] for text in data.content().to_pylist())
    )
    assert edges(shingle_of="character", shingle_words=5) == [pytest.approx(len(one & two) / len(one | two), abs=1e-4)]
    with pytest.raises(ConfigError, match="word or character"):
        edges(shingle_of="line")


def test_a_higher_recall_at_the_floor_makes_shorter_bands(tmp_path: Path) -> None:
    data = dataset(tmp_path, [{"text": BASE}, {"text": NEAR}])

    def rows_a_band(floor_recall: float) -> int:
        config = near_duplicates.NearDuplicatesConfig(floor_recall=floor_recall)
        return int(near_duplicates.STAGE.detect(data, config, Context()).summary["rows_a_band"])

    assert rows_a_band(0.98) < rows_a_band(0.88)


def test_rows_of_one_template_stay_and_both_numbers_stand_in_evidence_and_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texts = templated(rng, 120)
    texts.append(texts[5] + " today")
    found = near(dataset(tmp_path, [{"text": t} for t in texts]))
    assert brief(found) == {(5, "verified_jaccard", "drop", 120), (120, "verified_jaccard", "drop", 5)}
    evidence = json.loads(found.findings["evidence"][0].as_py())
    assert 0.8 <= evidence["weighted_jaccard"] < evidence["jaccard"]
    assert found.scores is not None
    assert found.scores["weighted"].to_pylist() == [pytest.approx(evidence["weighted_jaccard"], abs=1e-4)]


def test_the_weighted_threshold_of_a_recipe_moves_the_plan_without_detecting_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    texts = templated(rng, 120)
    texts.append(texts[5] + " today once again please")
    data = dataset(tmp_path, [{"text": t} for t in texts])
    run = {"stages": ["near_duplicates"]}
    loose = Recipe.parse({"run": run, "stages": {"near_duplicates": {"weighted_threshold": 0.5}}})
    strict = Recipe.parse({"run": run})
    found = detect(data, loose)
    assert found.resolve().dropped.tolist().count(True) == 1
    assert not found.resolve(policy=strict.policy()).dropped.any()
    assert not detect(data, strict).resolve().dropped.any()


@pytest.mark.skipif(not SHARED.exists(), reason="measurement data not here")
@pytest.mark.parametrize("size", [1000, 2500])
def test_all_planted_copies_of_news_articles_are_found_and_nothing_else(tmp_path: Path, size: int) -> None:
    folder = SHARED / "near_duplicates"
    with gzip.open(folder / f"articles_{size}.train.gz", "rt") as file:
        names, texts = zip(*(line.rstrip("\n").split(" ", 1) for line in file), strict=True)
    truth = {frozenset(line.split()) for line in (folder / f"articles_{size}.truth").read_text().splitlines()}
    data = dataset(tmp_path, [{"text": t} for t in texts])
    detected = detect(data, Recipe.parse({"run": {"stages": ["exact_duplicates", "near_duplicates"]}}))
    found = {frozenset((names[r], names[w])) for r, _, _, w in brief(detected.outcomes["near_duplicates"].detection)}
    assert found == truth
    dropped = [names[r] for r in np.flatnonzero(detected.resolve().dropped)]
    assert len(dropped) == len(truth)
    assert {frozenset(pair) for pair in truth if pair & set(dropped)} == truth


@pytest.mark.parametrize("keep", [{}, {"per_cluster": 2}, {"target_rows": 150}, {"policy": "longest", "per_cluster": 3}])
def test_under_every_limit_a_dropped_row_names_a_survivor_that_it_matches_word_for_word(
    tmp_path: Path, keep: dict[str, Any]
) -> None:
    rng = np.random.default_rng(3)
    rows = []
    for k in range(40):
        base = passage(rng, 40)
        for copy in range(int(rng.integers(1, 9))):
            text = " ".join(edited(rng, base, 0 if copy % 3 == 0 else int(rng.integers(1, 4))))
            rows.append({"text": text, "split": "test" if rng.random() < 0.03 else "train", "label": "ab"[k % 2]})
    recipe = Recipe.parse({"run": {"stages": ["exact_duplicates", "near_duplicates"]}, "keep": keep})
    detected = detect(dataset(tmp_path, rows), recipe)
    plan = detected.resolve()
    gone = [f for f in plan.table.to_pylist() if f["status"] == "applied" and f["action"] == "drop"]
    assert {f["row"] for f in gone} == set(np.flatnonzero(plan.dropped).tolist())
    for f in gone:
        row, witness = f["row"], f["witness_row"]
        assert not plan.dropped[witness]
        assert jaccard(shingles(rows[row]["text"], 3), shingles(rows[witness]["text"], 3)) >= 0.8
        assert (rows[row]["split"], rows[witness]["split"]) != ("test", "train")
    cluster = detected.clusters()
    trained = np.array([r["split"] == "train" for r in rows])
    led = {int(cluster[f["row"]]) for f in gone if rows[f["witness_row"]]["split"] == "test"}
    for c in set(cluster[trained].tolist()) - led:
        mine = trained & (cluster == c)
        assert (mine & ~plan.dropped).sum() >= min(keep.get("per_cluster", 1), mine.sum())
    if "target_rows" in keep:
        assert len(plan.kept_rows) == keep["target_rows"]


def test_reasons_speak_of_labels_and_splits_only_where_the_data_has_them(tmp_path: Path) -> None:
    bare = dataset(tmp_path, [{"text": t} for t in ("a b", "a b", BASE, NEAR)])
    assert set(exact(bare).findings["reason"].to_pylist()) == {"the same text stands in another row"}
    assert set(near(bare).findings["reason"].to_pylist()) >= {"another row says nearly the same"}
    labelled = dataset(tmp_path, [{"text": t, "label": "x", "split": "train"} for t in ("a b", "a b")])
    told = "the same text stands in another row of the same split with the same label"
    assert set(exact(labelled).findings["reason"].to_pylist()) == {told}
