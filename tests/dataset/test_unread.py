"""Prose that no role names is told before rows that differ only there go as copies of one another."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from curate import load, run
from curate.dataset.unread import told
from curate.stages.setting import unread
from tests.conftest import Curate

ASKED = ("how do I flatten a nested list", "which header sets the cache", "where is the log of the scheduler kept")


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def triples(n: int = 60) -> list[dict[str, object]]:
    return [{"query": f"{ASKED[k % 3]} in version {k // 2}", "positive": f"Section {k} of the manual explains it all.",
             "negative": f"Chapter {k * 7} is about the colour of the cover."} for k in range(n)]  # fmt: skip


def test_columns_of_prose_beside_the_text_are_named_with_the_options_that_read_them(tmp_path: Path) -> None:
    data = load(write(tmp_path / "rag.jsonl", triples()))
    assert unread(data) == ["positive", "negative"]
    asked = told(data, unread(data)).partition("unless you say ")[2]
    assert asked == "--role text=query --role text=positive --role text=negative"
    assert unread(load(tmp_path / "rag.jsonl", roles={"text": ["query", "positive", "negative"]})) == []


@pytest.mark.parametrize(
    "beside",
    [
        {"title": "A note on it"},  # short beside the text that is read
        {"source": "one of the three forums that we read"},  # few values
        {"url": "https://example.org/a/b"},
        {"score": 3},
    ],
)
def test_what_is_about_a_row_is_not_called_prose(tmp_path: Path, beside: dict[str, object]) -> None:
    rows = [{"text": f"Report {k} of this year says that the river rose by {k * 3} cm in the night before, and that the "
             f"bridge near house {k * 11} was closed for everybody until noon.", **beside} for k in range(40)]  # fmt: skip
    assert unread(load(write(tmp_path / "t.jsonl", rows))) == []


def test_prose_beside_a_prompt_and_its_answer_is_named_but_not_what_is_about_them(tmp_path: Path) -> None:
    def rows(name: str) -> list[dict[str, object]]:
        return [{"instruction": "Mend the bug.", name: f"def area ( w ) : return w * {k} - 1", "output": f"Take {k} away."}
                for k in range(40)]  # fmt: skip

    data = load(write(tmp_path / "code.jsonl", rows("buggy_code")))
    assert (data.task, unread(data)) == ("sft", ["buggy_code"])
    assert told(data, unread(data)).endswith("unless you say --role context=buggy_code")
    assert unread(load(tmp_path / "code.jsonl", roles={"context": ["buggy_code"]})) == []
    for name in ("source_url", "Notes", "rationale", "model_answer", "incorrect_answers"):
        assert unread(load(write(tmp_path / "about.jsonl", rows(name)))) == []
    whole = [{**row, "instruction": f"Mend the bug of line {k} for me."} for k, row in enumerate(rows("notes"))]
    whole = [{**row, "whole": f"Below is a task. {row['instruction']} Answer: {row['output']}"} for row in whole]
    assert unread(load(write(tmp_path / "whole.jsonl", whole))) == []


def test_a_run_that_drops_such_rows_says_so_first(tmp_path: Path, inside: Curate) -> None:
    rows = triples()
    rows[31] = {**rows[31], "query": rows[30]["query"]}
    done = inside("run", write(tmp_path / "rag.jsonl", rows), "--no-train", "--stages", "exact_duplicates")
    assert "positive, negative hold prose that no role names" in done.stderr
    report = run(str(tmp_path / "rag.jsonl"), out=tmp_path / "run", train=False).report
    assert report.flow.dropped_rows == 1
    assert report.headline.cautions[0].startswith("positive, negative hold prose that no role names: rows that are nearly")


MEANT = (
    "Du hast sicher den Zug verpasst und willst es nur nicht zugeben.",
    "Hauptsache, wir essen vor acht Uhr zu Abend.",
    "Mir wäre lieber, deine Mutter bliebe dieses Wochenende daheim.",
    "Ich freue mich wirklich auf den langen Spaziergang.",
)


def test_rows_of_the_same_text_stay_where_prose_beside_it_says_something_else(tmp_path: Path, inside: Curate) -> None:
    said = "Das macht doch nichts. Ich bringe dann Brot Nummer {} mit, und du den Wein."
    rows: list[dict[str, object]] = [
        {"talk": k, "said": said.format(k), "meant": f"{k}: {MEANT[k % 4]}"} for k in range(24)
    ]
    rows += [{**rows[k], "talk": 30 + k, "meant": MEANT[(k + 1) % 4]} for k in range(3)]  # the same is said, other is meant
    rows += [{**rows[k], "talk": 40 + k} for k in range(5, 9)]  # copies
    data = load(write(tmp_path / "said.jsonl", rows))
    assert (data.roles.text, unread(data)) == (("said",), ["meant"])
    done = inside("run", tmp_path / "said.jsonl", "--no-train", "--stages", "exact_duplicates")
    assert done.stdout.startswith("31 rows in, 27 out: 4 removed")


def test_rows_with_other_lists_of_passages_under_one_query_are_no_copies(tmp_path: Path) -> None:
    rows = [{"query": ASKED[k % 3], "pos": [f"Section {k} of the manual explains all of it to you."], "neg": []}
            for k in range(30)]  # fmt: skip
    report = run(str(write(tmp_path / "pos.jsonl", [*rows, rows[4]])), out=tmp_path / "run", train=False).report
    assert report.flow.dropped_rows == 1


def test_many_such_columns_are_counted_not_listed(tmp_path: Path) -> None:
    rows = [{f"part_{c}": f"words of part {c} in row {k} of the sheet" for c in range(30)} for k in range(30)]
    said = told((data := load(write(tmp_path / "wide.jsonl", rows))), unread(data))
    assert "and 25 more hold prose" in said
    assert len(said) < 250
