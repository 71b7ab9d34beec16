"""Lines that people's words are kept in: whole on disk, or not there at all."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from curate.ledger import answer_file
from curate.ledger.appending import append_lines


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, as under a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def answers(path: Path) -> list[int]:
    return answer_file.read(path, lambda line: int(line["n"]), "answer")


def test_an_answer_that_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answer_file.append(path, {"n": 1})
    before = path.read_bytes()
    with room_for(len(before) + 4), pytest.raises(OSError, match="File too large"):
        answer_file.append(path, {"n": 2})
    assert path.read_bytes() == before
    answer_file.append(path, {"n": 3})
    assert answers(path) == [1, 3]


def test_a_last_line_without_its_line_break_is_whole_and_one_cut_short_goes(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2}')
    answer_file.append(path, {"n": 3})
    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n{"n":3}\n'
    with path.open("ab") as file:
        file.write(b'{"n":4,"te')
    assert answers(path) == [1, 2, 3]
    answer_file.append(path, {"n": 5})
    assert answers(path) == [1, 2, 3, 5]


@pytest.mark.parametrize("long", [65_535, 65_536, 65_537, 200_000])
def test_the_last_line_break_is_found_however_far_back(tmp_path: Path, long: int) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"n":1}\n' + b"x" * long)
    append_lines(path, b'{"n":2}\n')
    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n'
    path.write_bytes(b"x" * long)
    append_lines(path, b'{"n":3}\n')
    assert path.read_bytes() == b'{"n":3}\n'
