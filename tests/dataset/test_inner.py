"""Two languages in one column are a prompt and its completion, and keep their shape."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import apply, detect
from curate.dataset import Dataset, inner, load
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


@pytest.mark.parametrize("codes", [("en", "fr"), ("en", "it"), ("zh-CN", "en"), ("de", "hsb"), ("eng_Latn", "pt_BR")])
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


def test_under_translation_one_code_makes_a_pair_of_any_two(tmp_path: Path) -> None:
    for other in ("creole", "lus", "mai"):
        held = {"en": "More money, more sin.", other: "Mo' money, mo' sin."}
        assert two_languages("translation", of(tmp_path, [{"translation": held}] * 12)._column("translation"))


def test_other_objects_are_no_languages(tmp_path: Path) -> None:
    others: list[Any] = [{"en": "One.", "fr": "Un.", "de": "Eins."}, {"id": "One.", "to": "Two."}, {"en": 1, "fr": 2}]
    others += [dict.fromkeys(keys, "One.") for keys in (("pos", "neg"), ("old", "new"), ("src", "tgt"))]
    for held in others:
        data = of(tmp_path, [{"translation": held}] * 12)
        assert two_languages("translation", data._column("translation")) == []


LANGUAGES: dict[str, tuple[Any, str, dict[str, tuple[str, ...]]]] = {
    "nothing in a row": (lambda i: {"translation": row(i)["translation"] if i else None}, "text", {}),
    "one side missing": (lambda i: {"translation": row(i)["translation"] if i != 9 else {"en": "One."}}, "text", {}),
    "two columns of two": (
        lambda i: {"abstract": row(i)["translation"], "title": row(i + 50)["translation"], "topic": "ab"[i % 2]},
        "classification", {"label": ("topic",)},
    ),
    "a label": (lambda i: {**row(i), "label": "abc"[i % 3]}, "classification", {"label": ("label",)}),
    "longer prose": (
        lambda i: {"caption": row(i)["translation"], "body": " ".join(row(k)["translation"]["en"] for k in (i, i + 60))},
        "text", {"text": ("body",)},
    ),
    "an answer": (lambda i: {"question": f"Who bought house {i}?", "answer": row(i)["translation"]}, "text",
                  {"text": ("question",)}),
    "a side that repeats": (
        lambda i: {"text_by": {"en": f"House {i} is sold to him.", "fr": "Une maison vendue."}}, "text", {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LANGUAGES)
def test_languages_that_are_no_prompt_and_completion_are_left_alone(tmp_path: Path, case: str) -> None:
    make, task, roles = LANGUAGES[case]
    data = of(tmp_path, [make(i) for i in range(30)])
    assert (data.task, dict(data.roles.items())) == (task, roles)


def test_a_role_inside_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["meta", "id"])
        writer.writeheader()
        writer.writerows({"meta": json.dumps({"body": row(i)["translation"]["en"]}), "id": i} for i in range(9))
    with pytest.raises(ConfigError, match="role 'text' names 'meta/body', but the column 'meta' holds no objects"):
        load(path, roles={"text": "meta/body"})


def test_what_lies_inside_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[str]()
    monkeypatch.setattr(inner, "loaded", lambda text: read.append(text) or json.loads(text))
    data = of(tmp_path, [row(i) for i in range(2000)])
    part = data.select(list(range(0, 2000, 2)))
    assert (part.content()[1], part.content()[999]) == (data.content()[2], data.content()[1998])
    assert part.select([3]).content()[0] == data.content()[6]
    assert len(read) == 2200  # and the sample whose keys are looked at


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
