"""Two languages in one column are a prompt and its completion, and keep their shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import apply, detect
from curate.dataset import Dataset, load
from curate.dataset.inner import holder_of, two_languages
from curate.errors import ConfigError, DataError
from curate.recipe import Recipe
from train.examples import from_dataset

Row = dict[str, Any]


def row(i: int, one: str = "en", other: str = "fr") -> Row:
    said = f"The {i}th house of the old street was sold in {1800 + i * 7} to a painter."
    return {"id": f"r{i}", "translation": {one: said, other: f"La maison {i} de la vieille rue, vendue en {1800 + i * 7}."}}


def of(tmp_path: Path, rows: list[Row]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return load(path)


@pytest.mark.parametrize("codes", [("en", "fr"), ("en", "it"), ("zh-CN", "en"), ("de", "hsb")])
def test_two_languages_are_a_prompt_and_its_completion(tmp_path: Path, codes: tuple[str, str]) -> None:
    data = of(tmp_path, [row(i, *codes) for i in range(20)])
    both = tuple(f"translation/{code}" for code in codes)
    assert (data.task, data.roles.prompt, data.roles.completion) == ("sft", both[:1], both[1:])
    assert data.content()[3].as_py() == "\n".join(row(3)["translation"].values())
    again = load(data.source.path, roles=dict(data.roles.items()), task="sft")
    assert (again.roles, again.row_ids.equals(data.row_ids)) == (data.roles, True)
    assert [turn["content"] for turn in from_dataset(data).messages[3]] == list(row(3)["translation"].values())


def test_parquet_holds_them_as_fields(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(20)]), tmp_path / "rows.parquet")
    data = load(tmp_path / "rows.parquet")
    assert dict(data.roles.items()) == {"prompt": ("translation/en",), "completion": ("translation/fr",)}


def test_copies_go_a_second_translation_stays_and_edits_keep_the_shape(tmp_path: Path) -> None:
    rows = [row(i) for i in range(40)]
    rows[7]["translation"]["fr"] = ""
    rows += [{**row(3), "id": "copy"}, {"id": "other", "translation": {**row(5)["translation"], "fr": "Une autre phrase."}}]
    data = of(tmp_path, rows)
    stages = ["exact_duplicates", "near_duplicates", "text_quality"]
    found = detect(data, Recipe.parse({"schema_version": 1, "run": {"stages": stages}}))
    kept = apply(data, found.resolve()).rows.tolist()
    assert sorted({3, 40} - set(kept)) in ([3], [40])
    assert {5, 41} <= set(kept)
    assert {field for field in found.findings["field"].to_pylist() if field} == {"translation/fr"}
    data.write(tmp_path / "out.jsonl", [7, 8], {7: {"translation/fr": "Voilà."}})
    mended = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert mended == [{"id": "r7", "translation": {"en": row(7)["translation"]["en"], "fr": "Voilà."}}, rows[8]]


def test_other_objects_are_no_languages(tmp_path: Path) -> None:
    others: list[Any] = [{"en": "One.", "fr": "Un.", "de": "Eins."}, {"id": "One.", "to": "Two."}, {"en": 1, "fr": 2}]
    for held in others:
        data = of(tmp_path, [{"translation": held}] * 12)
        assert two_languages("translation", data._column("translation")) == []


def test_a_role_may_name_a_place_in_a_column(tmp_path: Path) -> None:
    of(tmp_path, [{"data": {"q": f"How old is house {i}?", "a": f"{i} years, they say."}} for i in range(12)])
    path = tmp_path / "rows.jsonl"
    data = load(path, roles={"prompt": "data/q", "completion": "data/a"})
    assert (data.task, data.response()[2].as_py()) == ("sft", "2 years, they say.")  # type: ignore[index]
    with pytest.raises(DataError, match="nothing in the required role completion"):
        load(path, roles={"prompt": "data/q", "completion": "data/b"})
    with pytest.raises(ConfigError, match="names the column 'date/q', which the data lacks"):
        load(path, roles={"prompt": "date/q"})


def test_a_column_whose_name_has_a_slash_is_itself() -> None:
    assert holder_of("km/h", ["km/h", "km"]) == ""
    assert holder_of("km/h", ["km"]) == "km"
    assert holder_of("a~1b/en", ["a/b"]) == "a/b"
