"""Files that are not laid out as rows are read where that is sure, else refused with the way to rows; none is lost."""

from __future__ import annotations

import csv
import gzip
import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import load
from curate.errors import DataError

THINGS = ("bread", "the river Elbe", "an old song", "a leap year", "the north wind", "a clock of wood", "salt", "the moon")


def said(i: int) -> str:
    return f"Page {i * 11} tells of {THINGS[i % 8]} and of {THINGS[i * 3 % 7]} near house {i * 13}, in note {i}."


ROWS = [{"question": f"What is said of {THINGS[i % 8]} on page {i}?", "answer": said(i)} for i in range(30)]
WRAPPED: dict[str, dict[str, Any]] = {
    "SQuAD": {"version": "1.1", "data": ROWS},
    "a server's rows": {"features": [{"name": "question"}], "rows": ROWS, "partial": False},
    "any key": {"faq": ROWS, "made": {"by": "Ann", "on": "2024-05-02"}},
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("what", WRAPPED)
def test_rows_under_a_key_are_read_and_written_without_what_stands_around_them(
    tmp_path: Path, what: str, indent: int | None
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(WRAPPED[what], indent=indent) + "\n")
    data = load(path)
    assert (data.n_rows, data.task, data.roles.prompt) == (30, "sft", ("question",))
    data.write(tmp_path / "same.json")
    assert json.loads((tmp_path / "same.json").read_text()) == ROWS
    data.write(tmp_path / "less.json", [0, *range(2, 30)], {0: {"answer": "short"}})
    assert json.loads((tmp_path / "less.json").read_text()) == [{**ROWS[0], "answer": "short"}, *ROWS[2:]]
    text = path.read_text()
    for row, line in enumerate(data.lines):
        at = text.index(json.dumps(ROWS[row]["question"]))
        assert line == text.count("\n", 0, at) + (0 if indent else 1)
    again = load(tmp_path / "same.json")
    again.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "same.json").read_bytes()
    assert again.row_ids.tolist() == data.row_ids.tolist()
    assert not again.notes


def test_what_stands_around_rows_is_told_and_in_no_file(tmp_path: Path) -> None:
    around = {"contacts": [{"mail": "jane.doe@example.com"}], "by": "Jane Doe", "jane.doe@example.com": 1, "n": 30}
    path = tmp_path / "a.json"
    for mark, end in ((b"", "\n"), (b"\xef\xbb\xbf", "\r\n")):
        text = json.dumps({"größe": "é", **around, "rows": ROWS, "note": "Jane Doe"}, indent=1, ensure_ascii=False)
        path.write_bytes(mark + text.replace("\n", end).encode())
        data = load(path)
        assert [data.n_rows, data.lines[0]] == [30, text[: text.index('"question"')].count("\n")]
        data.write(tmp_path / "b.json", range(1, 30))
        written = (tmp_path / "b.json").read_bytes()
        assert json.loads(written.decode("utf-8-sig")) == ROWS[1:]
        assert written.startswith(mark + b"[" + end.encode())
        (note,) = data.notes
        assert note.startswith("the rows are those under the key rows; what stands beside them is not looked at")
        assert note.endswith("6 other keys (contacts, by, n, note …)")
        assert "jane" not in note.lower()


@pytest.mark.parametrize("indent", [None, 2])
def test_of_lists_side_by_side_none_is_chosen(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "a.json"
    for value, keys in (
        ({"train": ROWS[:20], "test": ROWS[20:]}, ("train", "test")),
        ({"data": ROWS[:3], "held_out": ROWS[3:], "version": 2}, ("held_out", "data")),
    ):
        path.write_text(json.dumps(value, indent=indent))
        with pytest.raises(DataError, match="one JSON object, not rows") as told:
            load(path)
        assert f"jq -c '.{keys[0]}[]'" in str(told.value)
        assert keys[1] in str(told.value)
    path.write_text(f'{{"data": {json.dumps(ROWS[:3])},\n"data": {json.dumps(ROWS[3:])}}}')
    with pytest.raises(DataError, match="names a key twice"):
        load(path)


@pytest.mark.parametrize(
    ("value", "way"),
    [
        ({f"q{i}": row for i, row in enumerate(ROWS)}, "jq -c '.[]'"),
        ({key: {str(i): row[key] for i, row in enumerate(ROWS)} for key in ROWS[0]}, "orient='records'"),
        ({key: [row[key] for row in ROWS] for key in ROWS[0]}, "orient='records'"),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_by_id_or_by_column_are_refused_with_a_way(tmp_path: Path, value: Any, way: str, indent: int | None) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value, indent=indent))
    with pytest.raises(DataError, match="one JSON object, not rows") as told:
        load(path)
    assert way in str(told.value)


def test_a_document_with_a_list_in_a_file_of_its_own_is_one_row(tmp_path: Path) -> None:
    for i in range(12):
        found = [{"start": k, "end": k + 3, "label": "PER"} for k in range(i)]
        (tmp_path / f"{i:02}.json").write_text(json.dumps({"text": said(i), "entities": found}))
    assert load(tmp_path).content().to_pylist() == [said(i) for i in range(12)]
    (tmp_path / "a.json").write_text(json.dumps({"id": 7, "spans": [{"at": k} for k in range(3)]}))
    assert load(tmp_path / "a.json").n_rows == 1
    words = said(1).split()
    for one in ({"tokens": words, "tags": [0] * len(words)}, {"asked": {"text": said(2)}, "answered": {"text": said(3)}}):
        (tmp_path / "a.json").write_text(json.dumps(one))
        assert load(tmp_path / "a.json").n_rows == 1


def test_one_object_of_turns_or_of_an_answer_stays_a_row_whatever_list_is_beside_it(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "Behind the mill."}]
    tools = [{"name": f"tool_{i}", "description": said(i)} for i in range(12)]
    for row in ({"messages": turns, "source": "x"}, {"messages": turns, "tools": tools},
                {"prompt": "Salt?", "completion": "No.", "tools": tools},
                {"id": [1, 2], "talks": [{"name": "a"}, {"name": "b"}]}):  # fmt: skip
        (tmp_path / "a.json").write_text(json.dumps(row))
        assert load(tmp_path / "a.json").n_rows == 1


def table(path: Path, header: list[str] | None, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([*([header] if header else []), *rows])
    return path


HEADLESS = {
    "label and text": [["spam" if i % 5 == 0 else "ham", said(i)] for i in range(40)],
    "text and number": [[said(i), str(i % 4 + 1)] for i in range(40)],
    "two that come back": [[f"q{i}", str(i % 2), "wow" if i == 0 else said(i), "dev" if i % 5 == 0 else "train"]
                           for i in range(40)],
    "Chinese": [["好评" if i % 3 else "差评", f"第{i}页说的是河边的老房子和第{i * 7}号面包店的故事。"] for i in range(40)],
}


@pytest.mark.parametrize("what", HEADLESS)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_first_line_that_may_be_a_row_is_told_and_read_as_names(tmp_path: Path, what: str, name: str) -> None:
    rows = HEADLESS[what]
    data = load(table(tmp_path / name, None, rows))
    assert data.n_rows == 39
    (note,) = data.notes
    assert note.startswith("line 1 is read as the names of columns, and may be a row")
    assert max(rows[0], key=len)[:12] not in note
    named = load(table(tmp_path / name, ["one", "two", "three", "four"][: len(rows[0])], rows))
    assert (named.n_rows, named.notes) == (40, ())


NAMED = {
    "a survey": (["Timestamp", "What did you like most about it?", "Would you come again, and why (not)?"],
                 [[f"2024-05-{i % 28 + 1:02}", said(i), said(i + 9)] for i in range(40)]),
    "what was ticked": (["Other", "What did you like most about it?"],
                        [["Other" if i % 3 else "", said(i)] for i in range(40)]),
    "numbers of pandas": (["0", "1"], [[said(i), str(i % 2)] for i in range(40)]),
    "a class of its own name": (["spam", "text"], [["spam" if i % 5 else "ham", said(i)] for i in range(40)]),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED)
def test_odd_names_are_names(tmp_path: Path, what: str) -> None:
    header, rows = NAMED[what]
    data = load(table(tmp_path / "a.csv", header, rows))
    assert (data.n_rows, data.notes) == (40, ())


TICKED = {
    "ticked or not": (["Email", "Phone"], [["Email" if i % 2 else "No", "Phone" if i % 3 else "No"] for i in range(40)]),
    "a class": (["spam"], [["spam" if i % 5 else "ham"] for i in range(40)]),
}


@pytest.mark.parametrize("what", TICKED)
def test_names_that_are_values_lose_no_file(tmp_path: Path, what: str) -> None:
    names, values = TICKED[what]
    rows = [[said(i), *values[i]] for i in range(40)]
    for question in ("Tell us in a few words.", "What did you like most about it? Please write as much as you like here."):
        assert load(table(tmp_path / "a.csv", [question, *names], rows)).n_rows == 40
        assert load(table(tmp_path / "a.csv", [question], [[said(i)] for i in range(40)])).notes == ()


SPOKEN = {
    "cp932": "番号,質問\n1,先日購入した冷蔵庫の電源が入りません。\n2,返金の手続きについて教えてください。\n",
    "cp1251": "номер,вопрос\n1,Устройство не включается, экран остаётся чёрным\n2,Деньги за возврат не поступили\n",
    "cp1252": "Nr,Frage\n1,¿Dónde está mi pedido? Pagué £25\n2,Rückgeld fehlt, 5 € zu wenig\n",
}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.csv.gz"])
@pytest.mark.parametrize("encoding", SPOKEN)
def test_the_advice_to_convert_leaves_the_encoding_to_those_who_know_it(tmp_path: Path, encoding: str, name: str) -> None:
    path, text = tmp_path / name, SPOKEN[encoding]
    if "json" in name:
        lines = [json.dumps({"text": line}, ensure_ascii=False) for line in text.splitlines()]
        text = "\n".join(lines) + "\n" if name == "a.jsonl" else f"[{', '.join(lines)}]"
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    with pytest.raises(DataError, match="UTF-8") as told:
        load(path)
    assert ("Unpack the file, and convert it" in str(told.value)) == name.endswith(".gz")
    advice = str(told.value).partition("to UTF-8 (")[2].partition(",")[0].replace("ENCODING", encoding)
    done = subprocess.run(shlex.split(advice), input=raw, capture_output=True, check=True)
    assert done.stdout.decode() == text


def test_a_file_in_which_some_rows_are_of_another_encoding_is_not_to_be_converted(tmp_path: Path) -> None:
    lines = [f'{{"text": "Straße Nummer {i} im Süden"}}'.encode("cp1252" if i == 3 else "utf-8") for i in range(9)]
    for name in ("a.jsonl", "a.jsonl.gz"):
        content = b"\n".join(lines) + b"\n"
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        with pytest.raises(DataError, match="1 of 9 rows") as told:
            load(tmp_path / name)
        assert "Mend what is not UTF-8 (the rest is" in str(told.value)
        assert "iconv" not in str(told.value)


def test_a_workbook_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(DataError, match="workbook"):
        load(tmp_path / "a.xlsx")


def test_rows_that_cannot_be_used_are_counted_alike_whether_they_end_the_run_or_not(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in ROWS]
    lines[3:3] = ['{"question": "cut', json.dumps({"answer": "no question"}), json.dumps({"question": 7, "answer": "a"})]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    left_out = load(tmp_path / "a.jsonl", on_bad_row="skip").rejected
    with pytest.raises(DataError, match="3 of 33 rows"):
        load(tmp_path / "a.jsonl")
    assert [bad.line for bad in left_out] == [4, 5, 6]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_a_folder_of_texts_is_told_with_a_command_that_makes_rows_of_them(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / "my texts" / "pos").mkdir(parents=True, exist_ok=True)
        (tmp_path / "my texts" / "pos" / f"{i}.txt").write_text(f"{said(i)}\nand more")
    with pytest.raises(DataError, match="3 text files") as told:
        load(tmp_path / "my texts")
    command = str(told.value).split("`")[1]
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    data = load(tmp_path / "rows.jsonl")
    assert sorted(data.content().to_pylist()) == sorted(f"{said(i)}\nand more" for i in range(3))


def test_a_folder_of_runs_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "runs of may" / "a").mkdir(parents=True)
    (tmp_path / "runs of may" / "a" / "manifest.json").write_text("{}")
    with pytest.raises(DataError, match="It holds runs: name one of them"):
        load(tmp_path / "runs of may")


@pytest.mark.parametrize("again", ["text\tlabel", "\ufefftext\tlabel"])
def test_names_of_columns_that_come_again_are_a_row_and_told(tmp_path: Path, again: str) -> None:
    rows = [f'"{said(i)[:9]}" {said(i)}\t{"ab"[i % 2]}' for i in range(30)]  # makes no sense with quotes
    path = tmp_path / "a.tsv"
    path.write_text("\n".join(["text\tlabel", *rows[:10], again, *rows[10:], ""]))
    data = load(path)
    assert data.n_rows == 31
    assert data.notes == ("the names of columns stand again in line 12: read as a row, as such a row can be data",)
    data.write(tmp_path / "same.tsv")
    assert (tmp_path / "same.tsv").read_bytes() == path.read_bytes()
    (tmp_path / "words.csv").write_text("good,better\ngood,better\nbad,worse\n")
    assert load(tmp_path / "words.csv").n_rows == 2
    (tmp_path / "more").mkdir()
    for name in "abc":
        (tmp_path / "more" / f"{name}.tsv").write_bytes(path.read_bytes())
    (note,) = load(tmp_path / "more").notes
    assert note.startswith("a.tsv (and in 2 other files): the names of columns")
