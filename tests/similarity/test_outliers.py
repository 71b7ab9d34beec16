"""Rows that do not belong: measured against plain Python, found where planted, never dropped by themselves."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from similarity_reference import tokens

from curate.dataset import load
from curate.errors import ConfigError, StageSkipped
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.similarity import outliers
from curate.similarity.outliers import odd_rows
from curate.stages.base import Context
from curate.stages.outliers import STAGE

COMMON = ["card", "account", "money", "transfer", "pin", "app", "limit", "fee", "bank", "cash", "top", "up", "identity"]
ODD = ("the glacier carved a fjord through basalt during the pleistocene while moraines dammed several alpine valleys",
       "whisk egg whites with sugar then fold saffron cream under the meringue and chill overnight in ramekins",
       "der Gletscher schuf ein Tal und hinterließ dort viele große Findlinge aus rotem Granit und Gneis",
       "冰川侵蚀山谷形成峡湾与冰碛湖泊景观")  # fmt: skip


def ordinary(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    fill = ["how", "do", "I", "my", "the", "please", "can", "you", "why", "was", "is", "not", "with", "a"]
    return [" ".join(rng.permutation([*rng.choice(COMMON, 4), *rng.choice(fill, 6)])) for _ in range(n)]


def column(rows: list[str]) -> pa.Array:
    return pa.array(rows, pa.large_string())


def test_both_measures_are_those_of_plain_python() -> None:
    rows = [*ordinary(150), *ODD, "card card card fee", ""]
    found = odd_rows(column(rows), threads=2)
    words = [Counter(tokens(row)) for row in rows]
    worded = [i for i, w in enumerate(words) if w]
    held = Counter(word for w in words for word in w)
    n = len(worded)

    def vector(i: int) -> dict[str, float]:
        out = {t: (1 + math.log(c)) * (math.log((1 + n) / (1 + held[t])) + 1) for t, c in words[i].items()}
        size = math.sqrt(sum(x * x for x in out.values()))
        return {t: x / size for t, x in out.items()}

    vectors = {i: vector(i) for i in worded}
    for i in worded[::7] + worded[150:]:
        novelty = -sum(math.log(held[t] / n) for t in words[i]) / len(words[i])
        cosines = sorted(sum(x * vectors[j].get(t, 0.0) for t, x in vectors[i].items()) for j in worded if j != i)
        assert found.novelty[i] == pytest.approx(novelty, abs=1e-4)
        assert found.isolation[i] == pytest.approx(1 - sum(cosines[-outliers.NEAREST :]) / outliers.NEAREST, abs=1e-4)
    assert np.isnan(found.oddness[rows.index("")])


def test_rows_of_another_kind_are_the_oddest_in_any_script_and_at_any_number_of_threads() -> None:
    rows = [*ordinary(600), *ODD]
    one, two = (odd_rows(column(rows), seed=4, threads=t) for t in (1, 3))
    np.testing.assert_array_equal(one.oddness, two.oddness)
    assert set(np.argsort(-one.oddness)[: len(ODD)].tolist()) == set(range(600, 600 + len(ODD)))
    assert (one.oddness[600:] > 2.5).all()
    assert (one.oddness[:600] > 2.5).mean() < 0.02


def test_copies_of_an_odd_row_do_not_vouch_for_each_other() -> None:
    rows = [*ordinary(300), *[ODD[0]] * 8]
    cluster = np.r_[np.arange(300), np.full(8, 300)]
    alone = odd_rows(column(rows), cluster).isolation[300:]
    together = odd_rows(column(rows)).isolation[300:]
    assert alone.min() > 0.8
    assert together.max() < 0.5


def test_too_few_rows_and_rows_all_alike_are_no_ground_to_stand_on() -> None:
    with pytest.raises(ValueError, match="100"):
        odd_rows(column(ordinary(60)))
    alike = odd_rows(column(["card payment fee"] * 150), np.arange(150))
    assert not (alike.oddness > 0).any()


def write(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    return path


def test_the_stage_proposes_and_a_person_decides(tmp_path: Path) -> None:
    data = load(write(tmp_path, [*ordinary(400), *ODD]), task="text")
    found = detect(data, Recipe.parse({"run": {"stages": ["outliers"]}}))
    findings = found.outcomes["outliers"].detection.findings.to_pylist()
    assert {400, 401, 402, 403} <= {f["row"] for f in findings}
    assert {(f["rule"], f["action"]) for f in findings} == {("off_topic", "drop")}
    assert all(0.5 <= f["score"] < 0.9 for f in findings)
    assert "glacier" not in json.dumps(findings, default=str)
    plan = found.resolve()
    assert len(plan.kept_rows) == 404
    assert set(plan.table["status"].cast(pa.string()).to_pylist()) == {"pending"}
    loose = Recipe.parse({"run": {"stages": ["outliers"]}, "stages": {"outliers": {"oddness": 1.0}}})
    assert len(detect(data, loose).outcomes["outliers"].detection.findings) > len(findings)


def test_small_data_is_not_judged_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(StageSkipped, match="100"):
        STAGE.detect(load(write(tmp_path, ordinary(50)), task="text"), STAGE.config(), Context())
    with pytest.raises(ConfigError, match="oddness"):
        STAGE.config(oddness=0.0)
