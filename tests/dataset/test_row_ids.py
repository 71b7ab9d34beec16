"""A row keeps its id wherever it stands and whatever metadata it gains."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xxhash import xxh3_128_digest

from curate.dataset import Dataset, load
from curate.dataset.column import Column
from curate.dataset.jsontext import canonical, encode
from curate.dataset.rowids import digests

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROLES = {"text": "text", "label": "label"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from(["a b c", "d e f", "é", ""]),
            "label": st.sampled_from([None, "x", "1", 1, 1.5, True]),
        },
        optional={"other": st.integers(0, 3), "more": st.lists(st.integers(0, 1), max_size=2)},
    ),
    min_size=1,
    max_size=12,
)


def of(path: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    path.write_text("\n".join(map(json.dumps, rows)))
    return load(path, task="classification", roles=ROLES, **options)


def ids(dataset: Dataset) -> list[bytes]:
    return dataset.row_ids.to_pylist()


@CALM
@given(ROWS, st.randoms())
def test_reordering_moves_ids_with_their_rows(tmp_path: Path, rows: Any, random: Any) -> None:
    before = ids(of(tmp_path / "a.jsonl", rows))
    assert len(set(before)) == len(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    after = ids(of(tmp_path / "a.jsonl", [rows[i] for i in order]))

    def named(rows: list[dict[str, Any]], ids: list[bytes]) -> Counter[tuple[str, bytes]]:
        return Counter((json.dumps(row, sort_keys=True), name) for row, name in zip(rows, ids, strict=True))

    assert named(rows, before) == named([rows[i] for i in order], after)


@CALM
@given(ROWS, ROWS)
def test_appended_rows_take_no_id_away(tmp_path: Path, rows: Any, more: Any) -> None:
    before, after = ids(of(tmp_path / "a.jsonl", rows)), ids(of(tmp_path / "a.jsonl", rows + more))
    assert set(before) <= set(after)
    distinct = [i for i, row in enumerate(rows) if row["text"] not in {other["text"] for other in more}]
    assert all(before[i] == after[i] for i in distinct)


@CALM
@given(ROWS)
def test_added_metadata_changes_no_id(tmp_path: Path, rows: Any) -> None:
    before = of(tmp_path / "a.jsonl", rows)
    extra = [{"gender": "f", "source": "web", "split": "train", **row, "note": i} for i, row in enumerate(rows)]
    after = of(tmp_path / "a.jsonl", extra)
    assert set(ids(before)) == set(ids(after))
    fields = Counter(json.dumps([row["text"], row["label"]]) for row in rows)
    for row, one, two in zip(rows, ids(before), ids(after), strict=True):
        if fields[json.dumps([row["text"], row["label"]])] == 1:
            assert one == two


@CALM
@given(ROWS)
def test_absent_equals_null(tmp_path: Path, rows: Any) -> None:
    filled = [{"other": None, "more": None, **row} for row in rows]
    bare = [{key: value for key, value in row.items() if value is not None} for row in rows]
    assert ids(of(tmp_path / "a.jsonl", [*filled, {"text": "z", "label": 0}])) == ids(
        of(tmp_path / "a.jsonl", [*bare, {"text": "z", "label": 0}])
    )


def test_equal_fields_are_numbered_from_the_base_id(tmp_path: Path) -> None:
    rows = [{"text": "same words here", "label": "x", "n": n} for n in (2, 1, 1)]
    names = ids(of(tmp_path / "a.jsonl", rows))
    (base,) = ids(of(tmp_path / "a.jsonl", rows[:1]))
    assert set(names) == {base, *(xxh3_128_digest(base + n.to_bytes(8, "little")) for n in (2, 3))}


def test_the_id_of_one_row_is_pinned(tmp_path: Path) -> None:
    # An independent spelling of the scheme; a change here orphans every decision that people have made.
    (name,) = ids(of(tmp_path / "a.jsonl", [{"text": "héllo", "label": {"b": 1, "a": None}}]))
    parts = b"row1"
    parts += xxh3_128_digest(b"label") + xxh3_128_digest(b'{"b":1}', 1)
    parts += xxh3_128_digest(b"text") + xxh3_128_digest("héllo".encode(), 0)
    assert name == xxh3_128_digest(parts)


def test_a_string_and_a_number_differ_and_an_odd_row_changes_no_other(tmp_path: Path) -> None:
    words = [{"text": "one two three", "label": "1"}, {"text": "four five six", "label": "b"}]
    alone = ids(of(tmp_path / "a.jsonl", words))
    mixed = ids(of(tmp_path / "a.jsonl", [*words, {"text": "one two three", "label": 1}]))
    assert mixed[:2] == alone
    assert mixed[2] not in alone


def test_ids_do_not_depend_on_the_format(tmp_path: Path) -> None:
    rows = [{"text": f"some words {i}", "label": "ab"[i % 2]} for i in range(20)]
    lines = ids(of(tmp_path / "a.jsonl", rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("label,text\n" + "".join(f"{row['label']},{row['text']}\n" for row in rows))
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=2))
    for name in ("a.parquet", "a.csv", "a.json"):
        assert ids(load(tmp_path / name, roles=ROLES)) == lines


def test_id_columns_replace_the_roles(tmp_path: Path) -> None:
    rows = [{"text": f"text {i} here", "label": "a", "key": i % 2} for i in range(4)]
    dataset = of(tmp_path / "a.jsonl", rows, id_columns=["key"])
    changed = of(tmp_path / "a.jsonl", [{**row, "label": "b"} for row in rows], id_columns=["key"])
    assert set(ids(dataset)) == set(ids(changed))
    assert len(set(ids(dataset))) == 4


def test_a_selection_has_the_ids_of_its_rows(tmp_path: Path) -> None:
    dataset = of(tmp_path / "a.jsonl", [{"text": f"text {i} here", "label": "a"} for i in range(6)])
    assert ids(dataset.select([5, 0])) == [ids(dataset)[5], ids(dataset)[0]]


@CALM
@given(ROWS, st.data())
def test_rows_taken_from_others_are_named_as_they_would_be_alone(tmp_path: Path, rows: Any, data: Any) -> None:
    whole = of(tmp_path / "a.jsonl", rows)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1)))
    assert ids(whole)  # so that the rows have names when some are taken
    some = whole.select(chosen)
    fewer = sorted(data.draw(st.sets(st.integers(0, len(chosen) - 1), min_size=1)))
    alone = of(tmp_path / "b.jsonl", [rows[i] for i in chosen])
    assert ids(some) == ids(alone)
    assert ids(some.select(fewer)) == ids(of(tmp_path / "c.jsonl", [rows[chosen[i]] for i in fewer]))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["null", "", "ä😀", '"', "\\", "1e5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["b", "a", "null"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@CALM
@given(st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from(["b", "a", "null"]), VALUES, max_size=3))
def test_a_nested_value_hashes_as_its_canonical_json(value: Any) -> None:
    text = encode(value)
    array = pa.array([text], pa.large_string())
    hashed, _ = digests(Column(array, json=True))
    assert hashed.tobytes() == xxh3_128_digest(canonical(json.loads(text)), 1)
