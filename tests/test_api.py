"""The Python API: the same words as the command line, and objects that show themselves in a notebook."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import curate
from tests.cli.conftest import jsonl  # noqa: F401 - a fixture


def test_load_detect_resolve_apply_write(jsonl: Path, tmp_path: Path) -> None:  # noqa: F811
    data = curate.load(jsonl)
    recipe = curate.Recipe().with_(stages=["exact_duplicates", "pii"])
    found = curate.detect(data, recipe)
    plan = found.resolve()
    clean = curate.apply(data, plan)
    clean.write(tmp_path / "clean.jsonl")

    assert len(clean) == 120
    assert len((tmp_path / "clean.jsonl").read_text().splitlines()) == 120
    assert "@example.org" not in (tmp_path / "clean.jsonl").read_text()
    assert clean.dataset().n_rows == 120
    for thing, rows in ((data, 126), (found, 126), (plan, 126), (clean, 120)):
        assert str(rows) in repr(thing)
        assert "@example.org" not in thing._repr_html_()
        assert "<" in thing._repr_html_()
    skipped = dataclasses.replace(found.outcomes["pii"], status="skipped", reason="column <b>x</b> is no label")
    told = dataclasses.replace(found, outcomes={**found.outcomes, "pii": skipped})._repr_html_()
    assert "column &lt;b&gt;x&lt;/b&gt; is no label" in told
    assert "<b>" not in told


def test_run_gives_a_result_whose_files_are_there(jsonl: Path, tmp_path: Path) -> None:  # noqa: F811
    result = curate.run(
        curate.Recipe().with_(input=str(jsonl), stages=["exact_duplicates"]), out=tmp_path / "run", train=False
    )
    assert result.plan.counts()["exact_duplicates"]["applied"] == 6
    assert (tmp_path / "run" / "report.html").is_file()
    assert "<table>" in result._repr_html_()
    assert "exact_duplicates" in repr(curate.RunDir.open(tmp_path / "run"))


def test_every_public_name_resolves_and_is_documented() -> None:
    for name in curate.__all__:
        assert getattr(curate, name).__doc__, name
    assert set(curate.__all__) <= set(dir(curate))


def test_tables_go_to_polars_pandas_and_datasets_with_every_value_kept(jsonl: Path) -> None:  # noqa: F811
    data = curate.load(jsonl)
    found = curate.detect(data, curate.Recipe().with_(stages=["exact_duplicates", "pii"]))
    plan = found.resolve()
    clean = curate.apply(data, plan)
    rows = [clean.dataset().row(i) for i in range(clean.dataset().n_rows)]
    assert curate.to_polars(clean).to_dicts() == rows
    assert curate.to_pandas(clean).to_dict("records") == rows
    assert curate.to_datasets(clean).to_list() == rows
    assert curate.to_polars(plan)["status"].cast(str).to_list() == plan.table["status"].to_pylist()
    assert curate.to_polars(found).height == found.findings.num_rows
