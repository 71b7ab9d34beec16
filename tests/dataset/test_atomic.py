"""A file is the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from curate.dataset import atomic_path, atomic_write, atomic_write_bytes, atomic_write_text, load, make_private_dir
from curate.errors import DataError


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    atomic_write_text(target, "old")
    with pytest.raises(ValueError, match="broken"), atomic_write(target) as file:
        file.write(int("broken"))
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_files_and_new_directories_are_private(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "a.bin"
    atomic_write_bytes(target, b"x")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(target.parent.parent.stat().st_mode) == 0o700
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"y")
    assert target.read_bytes() == b"y"
    with atomic_write(target) as file:
        file.write(b"line\n")
    assert target.read_bytes() == b"line\n"


def test_unwritable_places_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="a file stands where a directory is needed"):
        make_private_dir(tmp_path / "file" / "sub")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="a directory stands where a file is needed"):
        atomic_write_bytes(tmp_path / "folder", b"x")
    if os.geteuid() != 0:
        (tmp_path / "folder").chmod(0o500)
        with pytest.raises(DataError, match="permission denied"):
            atomic_write_bytes(tmp_path / "folder" / "a", b"x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with (
        pytest.raises(DataError, match="the disk is full"),
        atomic_path(target),
        Path("/dev/full").open("wb", 0) as file,
    ):
        file.write(b"x")
    assert not list(tmp_path.iterdir())


def test_an_error_of_the_caller_is_not_called_a_write_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a"):
        (tmp_path / "missing").read_bytes()


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    target.write_bytes(b'{"text": "old row here"}\n')
    program = (
        "import os, sys\nfrom curate.dataset import atomic_write\n"
        "with atomic_write(sys.argv[1]) as f:\n f.write(b'x' * 100000); f.flush(); os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, str(target)], cwd=root, check=False)
    assert done.returncode == -9
    assert target.read_bytes() == b'{"text": "old row here"}\n'


def test_a_write_that_fails_leaves_the_old_output(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,n\nhello you there,1\nsecond row here,2\n")
    dataset = load(tmp_path / "a.csv", task="text")
    dataset.write(tmp_path / "out.csv", [0], {})
    before = (tmp_path / "out.csv").read_bytes()
    with pytest.raises(DataError, match="lacks: 'nope'"):
        dataset.write(tmp_path / "out.csv", [0, 1], {}, [{"nope": 1}])
    with pytest.raises(ValueError, match="weights"):
        dataset.write(tmp_path / "out.csv", [0, 1], {}, [], [1.0, 2.0, 3.0])
    assert (tmp_path / "out.csv").read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.csv", "out.csv"]


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        atomic_write_text(pipe, "all of it")
        assert reader.communicate(timeout=60)[0] == b"all of it"
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_device_stays_a_device_also_for_root(tmp_path: Path, linked: bool) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    target = tmp_path / "link" if linked else device
    if linked:
        target.symlink_to(device)
    with contextlib.suppress(DataError):  # a file system that opens no device
        atomic_write_text(target, "gone")
    assert stat.S_ISCHR(device.lstat().st_mode)
    assert target.is_symlink() == linked


def test_standard_output_by_its_name_is_written_behind_what_stands_there(tmp_path: Path) -> None:
    code = "from curate.dataset import atomic_write_text; atomic_write_text('/dev/stdout', 'second')"
    held = tmp_path / "held"
    held.write_text("first ")
    with held.open("a") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True, cwd=Path(__file__).parents[2])
    assert held.read_text() == "first second"
    assert Path("/dev/stdout").is_symlink()
