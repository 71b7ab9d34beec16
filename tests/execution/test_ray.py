"""`--engine ray` on a real cluster of two nodes on loopback: the files of a run are those of a local run, bit for bit."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from execution_corpus import assert_same, contents, mixed_texts

from curate.execution.job import ShuffleConfig
from curate.house import child_environment
from curate.similarity import NearConfig, near_duplicate_edges

SAME = ("findings/", "scores/", "hints/", "plan.parquet", "curated.jsonl", "removed.parquet", "rejected.jsonl")
TASKS = ("ray::sketch", "ray::propose", "ray::contract", "ray::scatter", "ray::bucket", "ray::settle", "ray::verify")
CUT = ShuffleConfig(block_bytes=40_000, partition_rows=700, group_rows=100)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with a core each, reachable from this machine alone and with a token of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
        patch.setenv("RAY_TMPDIR", folder)
        pytest.importorskip("ray")
        if sys.platform != "linux":
            pytest.skip("needs two loopback addresses")
        from ray.cluster_utils import Cluster

        # Not 127.0.0.1: Ray takes that for "this machine" and looks for the cluster at the machine's outer address.
        node = {"num_cpus": 1, "object_store_memory": 80 << 20}
        two = Cluster()
        two.add_node(**node, node_ip_address="127.0.0.2", include_dashboard=False)
        two.add_node(**node, node_ip_address="127.0.0.3")
        patch.setenv("RAY_ADDRESS", two.address)
        try:
            yield two
        finally:
            two.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def write_rows(path: Path, n: int) -> Path:
    rows = [{"text": text, "label": "ab"[k % 2]} for k, text in enumerate(mixed_texts(n, 11)) if text is not None]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def curate(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "curate", *map(str, args)],
        capture_output=True, text=True, cwd=cwd, stdin=subprocess.DEVNULL, env=child_environment(), timeout=200,
    )


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.02, 0.0], ids=["templates", "crowded buckets"])
def test_a_run_on_two_nodes_writes_the_files_of_a_local_run(share: float, cluster: Any, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", 3000)
    recipe = tmp_path / "curate.toml"
    stages = '[run]\nstages = ["exact_duplicates", "near_duplicates"]\n[stages.near_duplicates]\n'
    recipe.write_text(f'{stages}template_share = {share}\n[data]\ninput = "rows.jsonl"\n')
    for name in ("train.py", "audit.py", "tui.py"):  # as people have them beside their data
        (tmp_path / name).write_text("raise SystemExit('the user\\'s own file was imported')\n")
    for engine in ("local", "ray"):
        done = curate("run", recipe, "--engine", engine, "--out", tmp_path / engine, "--no-train", "-q", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    local, ray = contents(tmp_path / "local"), contents(tmp_path / "ray")
    same = [name for name in local if name.startswith(SAME)]
    assert len(same) >= 8
    assert {name: ray[name] for name in same} == {name: local[name] for name in same}
    assert set(ray) == set(local)
    of = {engine: json.loads((tmp_path / engine / "manifest.json").read_text()) for engine in ("local", "ray")}
    for stage in ("exact_duplicates", "near_duplicates"):
        assert of["ray"]["stages"][stage]["summary"] == of["local"]["stages"][stage]["summary"]
        assert of["ray"]["stages"][stage]["key"] == of["local"]["stages"][stage]["key"]
    summary = of["local"]["stages"]["near_duplicates"]["summary"]
    assert summary["template_shingles" if share else "crowded_buckets"] > 0
    assert of["ray"]["rescan"] == of["local"]["rescan"]


@pytest.mark.slow
def test_both_nodes_work_and_a_killed_worker_changes_nothing(cluster: Any, tmp_path: Path) -> None:
    import ray

    from curate.execution.ray import RayExecution

    texts, near = pa.array(mixed_texts(2000, 5), pa.large_string()), NearConfig(largest_bucket=8)
    killed: list[str] = []
    over = threading.Event()
    nodes = [node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()]

    def kill() -> None:
        """Kill a worker of each node, each in the middle of a task; Ray names a worker's process after its task."""
        waiting = list(nodes)
        while waiting and not over.is_set():
            for raylet in list(waiting):
                for child in psutil.Process(raylet).children(recursive=True):
                    try:
                        title = " ".join(child.cmdline())
                        if title.split()[:1] and title.split()[0] in TASKS:  # others are agents of the node
                            os.kill(child.pid, signal.SIGKILL)
                            killed.append(title.split()[0])
                            waiting.remove(raylet)
                            break
                    except (psutil.Error, ProcessLookupError):
                        continue
            time.sleep(0.002)

    execution = RayExecution(tmp_path / "records", CUT)
    try:
        execution.near_duplicate_edges(texts.slice(0, 20))  # connects; nodes are checked
        thread = threading.Thread(target=kill)
        thread.start()
        found = execution.near_duplicate_edges(texts, near)
        over.set()
        thread.join()
    finally:
        over.set()
        execution.close()
    assert not ray.is_initialized()
    assert len(killed) == 2
    assert_same(found, near_duplicate_edges(texts, near))


@pytest.mark.slow
def test_workers_do_not_look_for_packages_in_the_drivers_folder(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("__file__ = 'the users own'\n")
    script = tmp_path / "work.py"
    script.write_text(
        "import os, ray\n"
        "from curate.execution.ray import look_around\n"
        "def probe(here, clean):\n"
        "    from curate.execution.ray import look_around\n"
        "    if clean: look_around(here, here)\n"
        "    import train\n"
        "    return train.__file__\n"
        "ray.init(os.environ['RAY_ADDRESS'], log_to_driver=False)\n"
        "ask = ray.remote(max_calls=1)(probe)\n"
        "print([ray.get(ask.remote(os.getcwd(), clean)) for clean in (False, True)])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, env=child_environment(), timeout=120
    )
    assert done.returncode == 0, done.stderr
    shadowed, clean = json.loads(done.stdout.strip().splitlines()[-1].replace("'", '"'))
    assert shadowed == "the users own"  # what would happen
    assert clean.endswith(os.path.join("train", "__init__.py")), done.stderr


@pytest.mark.slow
def test_a_run_without_a_cluster_starts_one_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    data = write_rows(tmp_path / "rows.jsonl", 300)
    before = set(Path("/tmp").glob("curate-ray-*"))
    done = curate("dedup", data, "--engine", "ray", "--out", tmp_path / "out", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""
    assert set(Path("/tmp").glob("curate-ray-*")) <= before
    assert not (tmp_path / "out" / ".shuffle").exists()
    assert not (tmp_path / "home" / ".ray").exists()


def test_an_address_where_no_cluster_answers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    data = write_rows(tmp_path / "rows.jsonl", 40)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    done = curate("dedup", data, "--engine", "ray", "--out", tmp_path / "out", "-q", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "127.0.0.1:1" in done.stderr


def test_without_the_extra_the_install_command_is_given_before_any_work(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "rows.jsonl", 40)
    code = (
        "import sys; sys.modules['ray'] = None\nfrom curate.cli import main\n"
        f"main(['run', {str(data)!r}, '--no-train', '--engine', 'ray', '--out', {str(tmp_path / 'out')!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'curate-toolkit[ray]'" in done.stderr
    assert not (tmp_path / "out").exists()
