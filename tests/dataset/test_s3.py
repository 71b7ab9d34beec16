"""`s3://` against a server on loopback: files, patterns, folders, and keys that no message shows; see `make test-s3`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.dataset import load
from curate.dataset.remote import fetch
from curate.errors import DataError

pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")

KEY, SECRET = "AKIAHUSHHUSHHUSHHUSH", "hush/hush/hush"


def lines(start: int, n: int) -> bytes:
    rows = ({"text": f"row number {i} of this set says {i * i}", "label": "ab"[i % 2]} for i in range(start, start + n))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server with one bucket of three files."""
    running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=address, **keys)
    client.create_bucket(Bucket="curate-data")
    for name, data in {"a.jsonl": lines(0, 20), "b.jsonl": lines(20, 30), "notes.txt": b"about"}.items():
        client.put_object(Bucket="curate-data", Key=f"shards/{name}", Body=data)
    yield address
    running.stop()


@pytest.fixture(autouse=True)
def _environment(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials and endpoint as users give them."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": server,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def test_a_file_a_pattern_and_a_folder_are_fetched(tmp_path: Path) -> None:
    one = fetch("s3://curate-data/shards/b.jsonl", tmp_path / "runs")
    assert one.read_bytes() == lines(20, 30)
    for url in ("s3://curate-data/shards/*.jsonl", "s3://curate-data/shards", "s3://curate-data/shards/"):
        kept = fetch(url, tmp_path / "runs")
        assert [file.path for file in load(kept).source.files] == ["a.jsonl", "b.jsonl"]
    assert {path.name.partition("-")[0] for path in (tmp_path / "runs").iterdir()} == {"b", "shards"}


def test_the_gate_judges_data_in_a_bucket() -> None:
    from curate.cli.gate import gate_command

    Path("p.toml").write_text("[checks.label_error_rate]\nenabled = false\n")
    args = ["s3://curate-data/shards/*.jsonl", "--policy", "p.toml", "--format", "json", "-q"]
    done = CliRunner().invoke(gate_command, args, standalone_mode=False)
    assert done.exception is None
    found = json.loads(done.stdout)
    assert found["subject"]["rows"] == 50
    assert found["subject"]["files"] == ["a.jsonl", "b.jsonl"]
    assert KEY not in done.output
    assert SECRET not in done.output


@pytest.mark.parametrize(
    ("url", "said"),
    [("s3://curate-data/shards/none.jsonl", "there is no such file"),
     ("s3://no-such-bucket/x.jsonl", "there is no such file"), ("s3://curate-data/shards/*.csv", "names no data file"),
     (f"s3://{KEY}:{SECRET.replace('/', '%2F')}@curate-data/shards/gone.jsonl", "cannot be fetched")],
)  # fmt: skip
def test_what_is_not_there_is_said_without_keys(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as error:
        fetch(url, tmp_path / "runs")
    assert KEY not in str(error.value)
    assert "hush" not in str(error.value)


def test_wrong_keys_are_said_without_repeating_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(DataError, match="cannot be fetched") as error:
        fetch("s3://curate-data/shards/a.jsonl", tmp_path / "runs")
    assert KEY not in str(error.value)
    assert "hush" not in str(error.value)
