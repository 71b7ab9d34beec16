"""Flat lines that Arrow reads are what the strict parser reads, whatever stands in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import jsonfiles, load
from curate.dataset.jsonfiles import read_jsonl

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=6),
    "n": st.integers(-(2**63), 2**63 - 1),
    "share": st.floats(-1e9, 1e9).filter(lambda x: x != int(x)),
    "yes": st.booleans(),
    "none": st.none(),
}
PLAIN = [{"text": "first", "n": 1, "share": 0.5, "yes": True, "none": None}]
ODD = [
    b'{"text": "a", "text": "b"}', b'{"text": "a", "t\\u0065xt": "b"}', b'{"text": "half \\ud800"}', b'{"text": "\xff"}',
    b'{"text": "a\tb"}', b'{"n": 1.0}', b'{"n": 9223372036854775808}', b'{"n": 1e3}', b'{"n": 01}', b'{"n": NaN}',
    b'{"share": NaN}', b'{"share": 1}', b'{"share": 2.0}', b'{"share": 1e400}', b'{"share": -0.0}', b'{"share": 1e30}',
    b'{"yes": 1}', b'{"none": 1}', b'{"none": "x"}', b'{"text": 7}', b'{"text": {"a": "b"}}', b'{"text": ["a"]}',
    b'{"more": "x"}', b'{"text": "a"}{"text": "b"}', b'{"text": "a"} {"text": "b"}', b"", b"  ", b'  {"text": "a"}', b"[1]",
    b'{"text": "a",', b'{"text": "b"}', b'"text": "c"}', b'{"text" : "a"}', b'{"text": "a"}\r', b'{"text": "a"} x', b"null",
    b'{"text": "a": "b"}', b"{'text': 'a'}", b'{"text": "\\u0000\\ud83d\\ude00"}', b"{}", b'{"text": "a"}\x00',
    b'{"\\u0074ext": "e"}', b'{"text": "2020-01-01T00:00:00Z"}', b'{"text": "1"}', b'{"": ""}',
    b'{"n": -0}', b'{"n": null, "text": null}',
]  # fmt: skip


def read(data: bytes, *, flat: bool) -> tuple[Any, ...]:
    """What a file is read as, three rows a block, by Arrow where it can or never."""
    with patch.object(jsonfiles, "PIECE_ROWS", 3), patch.object(jsonfiles, "_PATIENCE", 99 if flat else 0):
        parsed = read_jsonl(data)
    store = parsed.store
    columns = {name: (store.column(name).kind, str(store.column(name).array.type), store.column(name).array.to_pylist())
               for name in store.names}  # fmt: skip
    told = [(bad.line, bad.reason, bad.preview) for bad in parsed.rejected]
    return columns, store.starts.tolist(), store.ends.tolist(), store.lines.tolist(), told


def line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")


ROWS = st.fixed_dictionaries({}, optional=VALUES).map(line)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.one_of(ROWS, ROWS, ROWS, st.sampled_from(ODD)), max_size=14),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
def test_a_file_is_read_alike_the_quick_way_and_the_strict_way(lines: list[bytes], newline: bytes, ended: bool) -> None:
    data = newline.join([*map(line, PLAIN * 3), *lines]) + newline * ended
    assert read(data, flat=True) == read(data, flat=False)


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_line_among_flat_ones_is_told_as_ever(odd: bytes) -> None:
    plain = line(PLAIN[0])
    data = b"\n".join([plain, plain, plain, plain, odd, plain, plain, plain])
    assert read(data, flat=True) == read(data, flat=False)


def test_flat_lines_are_read_the_quick_way_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    quick = jsonfiles.read_lines

    def watched(*given: Any) -> Any:
        found = quick(*given)
        asked.append(found is not None)
        return found

    monkeypatch.setattr(jsonfiles, "read_lines", watched)
    read(b"\n".join([line(PLAIN[0])] * 12), flat=True)
    assert asked == [True, True, True]
    asked.clear()
    read(b"\n".join([b'{"messages": [{"role": "user", "content": "x"}]}'] * 12), flat=True)
    assert asked == []


def test_a_file_that_is_refused_again_and_again_is_left_to_the_strict_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def refuse(*_: Any) -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(jsonfiles, "read_lines", refuse)
    monkeypatch.setattr(jsonfiles, "PIECE_ROWS", 3)
    parsed = read_jsonl(b"\n".join([line(PLAIN[0])] * 60))
    assert (parsed.store.n_rows, asked) == (60, 3)


def test_a_large_file_comes_back_whole_and_is_written_to_the_byte(tmp_path: Path) -> None:
    said = 'row \u00e4\U0001f600 "quoted" \\ '
    rows = [{"text": f"{i} {said}" + "word " * (i % 40), "label": "ab"[i % 2]} for i in range(45_000)]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=i % 3 == 0) + "\n" for i, row in enumerate(rows)))
    data = load(source)
    assert data.values("text").to_pylist() == [row["text"] for row in rows]
    data.write(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == source.read_bytes()
