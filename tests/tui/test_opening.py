"""A run opens with the plan that lies in it, which is the plan that resolving gives; anything in doubt is resolved."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest

from curate import workflow
from curate.errors import DataError
from curate.ledger.decisions import append_decisions, decide
from curate.recipe import Recipe
from curate.review.session import Session
from curate.rundir import RunDir
from tests.tui.conftest import Drive
from tui.reader import Reader
from tui.table import QueueBackend


def test_a_run_opens_with_its_plan_and_without_reading_a_row(run: Path) -> None:
    session = Session.open(run)
    assert not session.dataset.at_hand
    resolved = session.detected.resolve(session.state.journal)
    assert session.plan.table.equals(resolved.table)
    assert np.array_equal(session.plan.dropped, resolved.dropped)
    assert session.is_written
    state = session.state
    assert not session.confirm()
    assert session.state is state, "what was shown stays, so that nothing is drawn or judged twice"


def test_a_plan_that_does_not_follow_the_journal_is_resolved_again(run: Path) -> None:
    before = Session.open(run)
    index = int(before.of_stage("pii")[0])
    append_decisions(run / "decisions.jsonl", [decide(before.findings, [index], "reject")])
    session = Session.open(run)
    assert str(session.plan.table["status"][index]) == "rejected"
    assert not session.is_written
    session.undo()
    assert session.is_written


def test_a_plan_that_says_otherwise_than_its_hash_is_not_believed(run: Path) -> None:
    here = RunDir(run)
    table = here.read_table("plan.parquet")
    here.write_table("plan.parquet", table.take(np.arange(table.num_rows)[::-1].tolist()))
    session = Session.open(run)
    assert session.plan.table.equals(session.detected.resolve(session.state.journal).table)
    assert not session.is_written


def test_what_the_files_say_gives_way_to_what_resolving_says(run: Path) -> None:
    here = RunDir(run)
    table = here.read_table("plan.parquet")
    words = table["status"].cast("string").to_pylist()
    changed = ["pending" if word == "applied" else word for word in words]
    column = table.schema.field("status")
    place = table.schema.get_field_index("status")
    lied = table.set_column(place, column, pa.array(changed).dictionary_encode())
    here.write_table("plan.parquet", lied)
    manifest = here.manifest()
    manifest["outputs"]["plan.parquet"] = Session.open(run).plan_hash()
    here.manifest_path.write_bytes(orjson.dumps(manifest))
    session = Session.open(run)
    assert session.rows()[0] == session.rows()[1], "no drop applies, says the file"
    assert session.confirm()
    assert session.rows()[0] > session.rows()[1]
    assert not session.is_written


def test_the_plan_of_another_policy_is_not_shown_when_a_run_was_killed_before_its_end(run: Path) -> None:
    before = Session.open(run)
    assert before.rows()[0] > before.rows()[1]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    here = RunDir(run)
    written = here.manifest()["recipe"]
    written["stages"] = {**written.get("stages", {}), **{s: {"on_finding": "flag"} for s in here.manifest()["stages"]}}
    with pytest.raises(KeyboardInterrupt):
        workflow.run(Recipe.parse(written), out=run, train=False, listener=killed)
    session = Session.open(run)
    assert not session.is_written
    assert session.rows()[0] == session.rows()[1]


def test_nothing_is_saved_where_the_rows_can_no_longer_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"text": f"row {i}, write to p{i}@example.com", "split": "train" if i % 5 else "test"} for i in range(20)]
    path.write_text("".join(orjson.dumps(row).decode() + "\n" for row in rows))
    recipe = Recipe.parse({"data": {"input": str(path)}, "run": {"stages": ["exact_duplicates", "pii"]}})
    workflow.run(recipe, out=tmp_path / "run", train=False)
    session = Session.open(tmp_path / "run")
    assert not session.dataset.at_hand
    path.write_text(path.read_text().replace("row 3", "row three"))
    with pytest.raises(DataError, match="not what it was"):
        session.decide([int(session.of_stage("pii")[0])], "reject")
    journal = tmp_path / "run" / "decisions.jsonl"
    assert not journal.exists() or not journal.read_text()


def test_a_line_that_was_not_read_is_drawn_without_touching_the_data(run: Path) -> None:
    session = Session.open(run)
    backend = QueueBackend(session.queue("pii"))
    backend.reader = Reader(session)
    asked: list[bool] = []
    backend.ask = lambda: asked.append(True)
    first = backend.get_row_at(0)
    assert first[3:] == ("…", "")
    assert asked
    assert not session.dataset.at_hand
    reader = backend.reader
    lines = {i: (reader.planned(i), line) for i, line in reader.lines(backend.data[:5]).items()}
    assert backend.take(lines)
    assert backend.get_row_at(0)[:3] == first[:3]
    assert backend.get_row_at(0)[3].startswith("→")
    assert not backend.take(lines), "the same words again are no reason to draw"


def test_a_decision_has_only_those_lines_read_again_of_which_the_plan_says_something_else(run: Path) -> None:
    session = Session.open(run)
    reader = Reader(session)
    backend = QueueBackend(session.queue("pii")[:8])
    backend.reader = reader
    n = len(backend.data)
    assert n >= 3
    backend.take({i: (reader.planned(i), line) for i, line in reader.lines(backend.data).items()})
    assert backend.unread(0, n) == []
    first, second = map(int, backend.data[:2])
    session.decide([first], "reject")
    assert backend.unread(0, n) == [], "its state is drawn from the plan of now"
    session.decide([second], "override", "[SOMEBODY]")
    assert backend.unread(0, n) == [second]
    session.undo()
    assert backend.unread(0, n) == []


def test_lines_that_were_read_keep_no_earlier_plan_alive(run: Path) -> None:
    session = Session.open(run)
    backend = QueueBackend(session.queue("pii")[:8])
    backend.reader = Reader(session)
    earlier = []
    for finding in map(int, backend.data[:3]):
        lines = backend.reader.lines(backend.data)
        backend.take({i: (backend.reader.planned(i), line) for i, line in lines.items()})
        assert backend.unread(0, len(backend.data)) == []
        earlier.append(weakref.ref(session.state))
        session.decide([finding], "reject")
    gc.collect()
    assert [state() for state in earlier] == [None] * 3


async def test_the_queue_stands_there_before_its_texts_and_then_with_them(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.until(lambda: d.app.has_desk and getattr(d.app.screen, "queue", None) is not None, "a queue")
        await d.until(lambda: d.app.desk.settled, "rows and plan")
        await d.settle()
        table = d.app.screen.table
        assert not table.queue.unread(0, min(20, len(table.queue.data)))
        assert "…" not in {table.queue.get_cell_at(at, 3) for at in range(min(20, len(table.queue.data)))}
