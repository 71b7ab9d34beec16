"""The journal: what is said to be saved is saved, whatever happens next."""

from __future__ import annotations

import gc
import multiprocessing as mp
import pickle
import resource
import weakref
from pathlib import Path

import pyarrow as pa
import pytest

from curate.errors import DataError
from curate.ledger import lookup
from curate.ledger.decisions import Decision, Journal, append_decisions, decide, effect, match, read_journal, undo
from curate.ledger.findings import empty_findings, make_findings
from curate.ledger.sightings import Sighting, row_decision
from curate.review.steps import reversing

IDS = pa.array([bytes([i]) * 16 for i in range(4)], pa.binary(16))


def findings() -> pa.Table:
    return make_findings(
        "pii", IDS, row=[0, 1, 2], rule=["pii.email_address", "pii.phone_number", "pii.email_address"],
        action="replace", score=[0.9, 0.5, 0.7], reason="personal data", field="text", start=0, end=5,
        replacement="[X]",
    )


def test_a_missing_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "decisions.jsonl") == Journal()


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    made = [decide(findings(), [0], "accept", actor="ann", why="looks right"), decide(findings(), [1, 2], "reject")]
    append_decisions(path, made[:1])
    append_decisions(path, made[1:])
    assert read_journal(path).decisions == tuple(made)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_left_out_with_a_warning_and_cannot_swallow_the_next(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "decisions.jsonl"
    first, second, third = (decide(findings(), [i], "accept") for i in range(3))
    append_decisions(path, [first, second])
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.warns(UserWarning, match="cut short") if cut > 1 else _nothing():
        journal = read_journal(path)
    assert journal.decisions == ((first,) if cut > 1 else (first, second))
    append_decisions(path, [third])
    assert read_journal(path).decisions == (*journal.decisions, third)


def _nothing():  # type: ignore[no-untyped-def]
    import contextlib

    return contextlib.nullcontext()


def test_decisions_that_do_not_all_fit_on_the_disk_are_none_of_them_in_force(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    first, *more = (decide(findings(), [i % 3], "accept") for i in range(6))
    append_decisions(path, [first])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * path.stat().st_size, hard))
    try:
        with pytest.raises(OSError, match="large"):
            append_decisions(path, more)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read_journal(path).decisions == (first,)
    append_decisions(path, more)
    assert read_journal(path).decisions == (first, *more)


def test_an_undo_of_what_the_journal_does_not_hold_leaves_nothing_to_take_back() -> None:
    missing = decide(findings(), [0], "accept")
    journal = Journal((undo(missing),))
    assert reversing(findings(), "redo")(journal) is None
    assert reversing(findings(), "undo")(journal) is None


def test_a_damaged_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    append_decisions(path, [decide(findings(), [i], "accept") for i in range(3)])
    lines = path.read_bytes().split(b"\n")
    lines[1] = b'{"verdict": "maybe"}'
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(DataError, match="line 2 is not a decision"):
        read_journal(path)


def _append_many(path: str, start: int) -> None:
    for i in range(40):
        append_decisions(Path(path), [Decision(f"{start + i:032x}", "accept", why="x" * 500)])


def test_two_writers_never_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    context = mp.get_context("spawn")
    writers = [context.Process(target=_append_many, args=(str(path), k * 1000)) for k in range(2)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    ids = [d.decision_id for d in read_journal(path).decisions]
    assert sorted(ids) == sorted(f"{k * 1000 + i:032x}" for k in range(2) for i in range(40))


def test_the_last_live_decision_on_a_finding_counts() -> None:
    accept, reject = decide(findings(), [0], "accept"), decide(findings(), [0], "reject")
    assert effect(Journal((accept, reject)), findings()).verdict.tolist() == [2, 0, 0]
    assert effect(Journal((accept, reject, undo(reject))), findings()).verdict.tolist() == [1, 0, 0]


def test_undo_and_redo_walk_back_and_forth_without_limit() -> None:
    made = [decide(findings(), [i], "accept") for i in range(3)]
    journal = Journal(tuple(made))
    states = [journal.live()]
    for _ in range(3):
        last = journal.next_undo()
        assert last is not None
        journal = Journal((*journal.decisions, undo(last)))
        states.append(journal.live())
    assert journal.next_undo() is None
    for expected in states[2::-1]:
        again = journal.next_redo()
        assert again is not None
        journal = Journal((*journal.decisions, undo(again)))
        assert journal.live() == expected
    assert journal.next_redo() is None


def test_a_fresh_decision_ends_redo() -> None:
    a, b = decide(findings(), [0], "accept"), decide(findings(), [1], "accept")
    assert Journal((a, undo(a), b)).next_redo() is None


def test_a_bulk_filter_binds_what_it_matched_and_a_standing_one_what_comes_later() -> None:
    query = {"rule": "pii.email_address", "min_score": 0.8}
    assert match(findings(), query).tolist() == [0]
    once = decide(findings(), [0], "reject", filter=query)
    standing = decide(findings(), [0], "reject", filter={"rule": "pii.email_address"}, standing=True)
    assert effect(Journal((once,)), findings()).verdict.tolist() == [2, 0, 0]
    assert effect(Journal((standing,)), findings()).verdict.tolist() == [2, 0, 2]


def test_an_unknown_filter_key_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match="known: stage, rule"):
        match(findings(), {"colour": "red"})


def test_a_finding_id_does_not_depend_on_how_sure_the_stage_was() -> None:
    def one(score: float, start: int) -> bytes:
        table = make_findings("pii", IDS, row=[0], rule="r", action="replace", score=score, reason="x", field="t",
                              start=start, end=9)
        return bytes(table["finding_id"][0].as_py())

    assert one(0.1, 3) == one(0.9, 3)
    assert one(0.1, 3) != one(0.1, 4)


def test_what_was_seen_in_a_row_that_is_gone_is_an_orphan_until_a_later_answer_holds() -> None:
    gone = row_decision("ab" * 16, "wrong", ["label", "quality"], seen=[Sighting("quality", "drop")], actor="ada")
    clean = row_decision("ab" * 16, "clean", ["quality"], actor="bo")
    unsure = row_decision("ab" * 16, "unsure", ["quality"], actor="bo")

    def orphans(*said: Decision) -> list[str]:
        return effect(Journal(said), empty_findings()).orphans

    assert orphans(gone) == list(gone.finding_ids)
    assert orphans(clean) == orphans(gone, clean) == orphans(gone, unsure) == []
    assert orphans(gone, clean, undo(clean)) == list(gone.finding_ids)


def test_decisions_are_looked_up_once_for_each_table_and_hold_none(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    index = lookup._index
    monkeypatch.setattr(lookup, "_index", lambda table, fresh: looked.append(len(fresh)) or index(table, fresh))
    one, other = findings(), findings().slice(1)
    said = Journal((decide(one, [0], "accept"), decide(one, [1, 2], "reject")))
    for _ in range(2):
        assert effect(said, one).verdict.tolist() == [1, 2, 2]
        assert effect(said, other).verdict.tolist() == [2, 2]
    assert looked == [2, 2, 0, 0], "one table does not push out the other"
    assert pickle.loads(pickle.dumps(said.decisions)) == said.decisions
    assert len(pickle.dumps(said.decisions[0])) < 1000, "no table goes with a decision"
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None, "nor does a decision keep one"
    later = findings().slice(2)
    assert effect(said, later).verdict.tolist() == [2]
    assert looked[-1] == 2


def test_what_is_known_of_tables_and_decisions_goes_with_them() -> None:
    gc.collect()
    before = len(lookup._TABLES)
    table = findings()
    kept = decide(table, [0], "accept")
    effect(Journal((kept, decide(table, [1], "reject"))), table)
    gc.collect()
    assert len(lookup._TABLES) == before + 1
    assert len(lookup._TABLES[id(table)]._places) == 1
    del table
    gc.collect()
    assert len(lookup._TABLES) == before
