"""The vault: what was taken out comes back to the byte, with the key and with nothing else."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.cli import cli
from curate.errors import ConfigError, CurateError, DataError, RunError
from curate.explain import explain
from curate.ledger.decisions import append_decisions, decide
from curate.privacy.keys import load_key, make_key
from curate.privacy.vault import MAGIC, seal, unseal
from curate.vaulting import VAULT, restore
from curate.workflow import reapply

KEY, OTHER = bytes(range(32)), bytes(32)
VALUES = ["bob@acme.com", "212-736-5000", "4111111111111111", "536-90-4399", "hunter2secret", "DE89370400440532013000"]
TEXTS = [
    f"write {VALUES[0]} or call {VALUES[1]} 😀 now",
    f"شماره {VALUES[1]} و {VALUES[0]} \u202bRTL\u202c",
    "already [EMAIL] and [EMAIL_ADDRESS_1] and [EMAIL_ADDRESS_ABCDEFGHIJ] and [SECRET_2222222222]",
    f"password: {VALUES[4]}! \\ \"quoted\" \t {VALUES[3]}",
    f"{VALUES[5]}{chr(10)}line two {VALUES[0].upper()}",
    "nothing here",
]


def recipe(folder: Path, name: str, operators: str = 'default = "vault"', more: str = "") -> Path:
    path = folder / "curate.toml"
    key = folder / "k"
    if not key.exists():
        make_key(key)
    path.write_text(
        f'[data]\ninput = "{name}"\n[run]\nstages = ["pii"]\n[stages.pii]\nkey_file = "k"\n{more}\n'
        f"[stages.pii.operators]\n{operators}\n",
        encoding="utf-8",
    )
    return path


def run(folder: Path, name: str, operators: str = 'default = "vault"', out: str = "run", more: str = "") -> Path:
    curate.run(recipe(folder, name, operators, more), out=folder / out, train=False)
    return folder / out


def jsonl(folder: Path, ascii_only: bool = False) -> Path:
    path = folder / "rows.jsonl"
    rows = [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(r, ensure_ascii=ascii_only) + "\n" for r in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("ascii_only", [True, False])
def test_jsonl_comes_back_to_the_byte(tmp_path: Path, ascii_only: bool) -> None:
    source = jsonl(tmp_path, ascii_only)
    directory = run(tmp_path, source.name)
    curated = (directory / "curated.jsonl").read_text(encoding="utf-8")
    assert not any(value in curated for value in VALUES)
    done = restore(directory, tmp_path / "k")
    assert done.identical
    assert done.path.read_bytes() == source.read_bytes()
    assert done.path.stat().st_mode & 0o777 == 0o600


def test_odd_spellings_of_json_come_back_to_the_byte(tmp_path: Path) -> None:
    source = tmp_path / "odd.jsonl"
    source.write_bytes(
        b'{"label":"a" ,"text" :  "caf\\u00e9 \\/ bob@acme.com \\ud83d\\ude00"}\n'
        + '{"text": "é and \\u00e9 bob@acme.com",   "label": "b"}\n'.encode()
        + b'{"text": "plain", "label": "a"}\n'
    )
    done = restore(run(tmp_path, source.name), tmp_path / "k")
    assert done.path.read_bytes() == source.read_bytes()


def test_csv_and_tsv_come_back_to_the_byte(tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text(
        'text,label,note\r\n"a ""quoted"" bob@acme.com",x,4111111111111111\r\n'
        '"needless, bob@acme.com\nsecond line",y,"212-736-5000"\r\nplain,x,\r\n',
        encoding="utf-8", newline="",
    )  # fmt: skip
    done = restore(run(tmp_path, source.name), tmp_path / "k")
    assert done.path.read_bytes() == source.read_bytes()


def test_messages_and_json_inside_strings_come_back_to_the_byte(tmp_path: Path) -> None:
    source = tmp_path / "chat.jsonl"
    call = json.dumps({"mail": "bob@acme.com", "card": 4111111111111111, "card_text": "4111111111111111", "n": [1, "é"]})
    turns = [
        {"role": "user", "content": "I am bob@acme.com"},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": call}}]},
    ]
    rows = [{"messages": turns, "meta": {"deep": [{"ip": "8.8.4.4"}]}}, {"messages": turns[:1] + turns[:1], "meta": {}}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    directory = run(tmp_path, source.name)
    curated = [json.loads(line) for line in (directory / "curated.jsonl").read_text().splitlines()]
    arguments = json.loads(curated[0]["messages"][1]["tool_calls"][0]["function"]["arguments"])
    assert arguments["card"].startswith("[CREDIT_CARD_")
    assert arguments["card"] != arguments["card_text"]
    done = restore(directory, tmp_path / "k")
    assert done.path.read_bytes() == source.read_bytes()


def test_compressed_and_parquet_data_come_back_as_text(tmp_path: Path) -> None:
    plain = jsonl(tmp_path)
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    done = restore(run(tmp_path, packed.name, out="a"), tmp_path / "k")
    assert gzip.decompress(done.path.read_bytes()) == plain.read_bytes()
    table = pa.table({"text": TEXTS, "label": list("ababab")})
    pq.write_table(table, tmp_path / "t.parquet")
    done = restore(run(tmp_path, "t.parquet", out="b"), tmp_path / "k")
    assert pq.read_table(done.path).to_pylist() == table.to_pylist()


PIECES = [*VALUES, "[EMAIL]", "[", "]", "😀", "שלום", '"', "\\", "{", " ", "a", "\n", "[EMAIL_ADDRESS_AAAAAAAAAA]"]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), min_size=10, max_size=30))
@settings(max_examples=4, deadline=None)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps({"text": f"x {t}"}) + "\n" for t in texts), encoding="utf-8")
    done = restore(run(folder, source.name), folder / "k")
    assert done.path.read_bytes() == source.read_bytes()


def test_only_the_types_of_the_vault_come_back(tmp_path: Path) -> None:
    source = jsonl(tmp_path)
    directory = run(tmp_path, source.name, 'EMAIL_ADDRESS = "vault"\nPHONE_NUMBER = "mask"\ndefault = "redact"')
    content = unseal((directory / VAULT).read_bytes(), load_key(tmp_path / "k"))
    assert b"bob@acme.com" in content
    assert not any(value.encode() in content for value in VALUES[1:])
    text = restore(directory, tmp_path / "k").path.read_text(encoding="utf-8")
    assert "bob@acme.com" in text
    assert "212-736-5000" not in text


def test_the_same_data_and_key_give_the_same_bytes_and_another_key_others(tmp_path: Path) -> None:
    source = jsonl(tmp_path)
    a, b = run(tmp_path, source.name, out="a"), run(tmp_path, source.name, out="b")
    for name in ("curated.jsonl", VAULT, "findings/pii.parquet"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    (tmp_path / "k").unlink()
    c = run(tmp_path, source.name, out="c")
    for name in ("curated.jsonl", VAULT):
        assert (a / name).read_bytes() != (c / name).read_bytes()


def test_a_wrong_or_unusable_key_fails_clearly_and_writes_nothing(tmp_path: Path) -> None:
    directory = run(tmp_path, jsonl(tmp_path).name)
    target = tmp_path / "out.jsonl"
    other = make_key(tmp_path / "other")
    with pytest.raises(ConfigError, match="not its key"):
        restore(directory, other, target)
    other.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        restore(directory, other, target)
    with pytest.raises(ConfigError, match="is missing"):
        restore(directory, tmp_path / "none", target)
    (tmp_path / "short").write_bytes(b"abc")
    (tmp_path / "short").chmod(0o600)
    with pytest.raises(ConfigError, match="32 bytes"):
        restore(directory, tmp_path / "short", target)
    assert not target.exists()
    target.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        restore(directory, tmp_path / "k", target)
    assert target.read_text() == "mine"


def test_a_recipe_without_a_usable_key_is_refused_before_any_work(tmp_path: Path) -> None:
    jsonl(tmp_path)
    path = recipe(tmp_path, "rows.jsonl")
    path.write_text(path.read_text().replace('key_file = "k"', ""))
    with pytest.raises(ConfigError, match="key_file"):
        curate.run(path, out=tmp_path / "a", train=False)
    recipe(tmp_path, "rows.jsonl")
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        curate.run(path, out=tmp_path / "a", train=False)
    assert not list((tmp_path / "a").glob("curated*"))


def test_a_damaged_vault_or_one_of_other_data_is_refused(tmp_path: Path) -> None:
    directory = run(tmp_path, jsonl(tmp_path).name)
    path = directory / VAULT
    sealed = path.read_bytes()
    for damaged in (sealed[:-1], sealed + b"x", sealed[:-20] + bytes([sealed[-20] ^ 1]) + sealed[-19:], b"", b"no vault"):
        path.write_bytes(damaged)
        with pytest.raises(CurateError, match=r"damaged|not a vault"):
            restore(directory, tmp_path / "k")
    path.write_bytes(sealed)
    (directory / "curated.jsonl").write_text('{"text": "x"}\n')
    with pytest.raises(RunError, match="another curated file"):
        restore(directory, tmp_path / "k")
    path.unlink()
    with pytest.raises(RunError, match="no vault"):
        restore(directory, tmp_path / "k")


@given(st.binary(max_size=2000))
@settings(max_examples=60)
def test_what_is_sealed_is_unsealed_and_nothing_shows(content: bytes) -> None:
    sealed = seal(content, KEY)
    assert unseal(sealed, KEY) == content
    assert seal(content, KEY) == sealed
    assert len(content) < 8 or content not in sealed.removeprefix(MAGIC)
    with pytest.raises(ConfigError):
        unseal(sealed, OTHER)


@given(st.binary(min_size=1, max_size=64), st.data())
@settings(max_examples=100)
def test_no_changed_byte_goes_unnoticed(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(content, KEY))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((ConfigError, DataError)):
        unseal(bytes(sealed), KEY)


def test_contents_of_many_chunks_are_sealed_and_two_contents_share_no_key_stream() -> None:
    long = bytes(9 << 20)
    sealed = seal(long, KEY)
    assert unseal(sealed, KEY) == long
    chunk = (4 << 20) + 16
    start = len(MAGIC) + 8 + 32
    swapped = sealed[:start] + sealed[start + chunk : start + 2 * chunk] + sealed[start : start + chunk]
    with pytest.raises(DataError):
        unseal(swapped + sealed[start + 2 * chunk :], KEY)
    with pytest.raises(DataError):
        unseal(sealed[: start + 2 * chunk], KEY)
    a, b = seal(b"a" * 64, KEY)[start:], seal(b"b" * 64, KEY)[start:]
    assert bytes(x ^ y for x, y in zip(a[:64], b[:64])) != bytes([ord("a") ^ ord("b")]) * 64


def test_decisions_of_people_are_followed_and_the_vault_holds_no_more_than_the_data(tmp_path: Path) -> None:
    source = jsonl(tmp_path)
    directory = run(tmp_path, source.name)
    findings = pq.read_table(directory / "findings/pii.parquet")
    mails = np.flatnonzero(np.asarray(pc.equal(findings["rule"].cast(pa.string()), "pii.email_address")))
    append_decisions(directory / "decisions.jsonl", [decide(findings, mails.tolist(), "reject", actor="ann")])
    reapply(directory)
    assert "bob@acme.com" in (directory / "curated.jsonl").read_text(encoding="utf-8")
    assert b"bob@acme.com" not in unseal((directory / VAULT).read_bytes(), load_key(tmp_path / "k"))
    assert restore(directory, tmp_path / "k").path.read_bytes() == source.read_bytes()


def test_who_only_looks_at_a_run_needs_no_key(tmp_path: Path) -> None:
    directory = run(tmp_path, jsonl(tmp_path).name)
    (tmp_path / "k").rename(tmp_path / "away")
    story = explain(directory, "0")
    assert story["findings"]
    assert not any(value in json.dumps(story) for value in VALUES)
    with pytest.raises(ConfigError, match="is missing"):
        reapply(directory)


def test_another_operator_takes_the_old_vault_away(tmp_path: Path) -> None:
    source = jsonl(tmp_path)
    directory = run(tmp_path, source.name)
    assert (directory / VAULT).is_file()
    run(tmp_path, source.name, 'default = "mask"')
    assert not (directory / VAULT).exists()


@pytest.mark.parametrize("operator", ["placeholder", "numbered", "redact", "hash", "surrogate", "vault"])
def test_no_file_of_a_run_but_the_data_that_were_kept_holds_a_raw_value(tmp_path: Path, operator: str) -> None:
    source = tmp_path / "rows.jsonl"
    listed = "Project Bluebird"
    own = tmp_path / "own.toml"
    own.write_text(f'[[recognizer]]\nname = "PROJECT"\ndeny = ["{listed}"]\nexamples = ["a {listed}"]\n')
    args = json.dumps({"to": VALUES[0], "card": 4111111111111111})
    rows = [{"text": text, "label": "a", "args": args} for text in TEXTS]
    rows += [{"text": f"we call it {listed} here", "label": "b", "args": "{}"}] * 2
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    more = 'recognizers = "own.toml"'
    path = recipe(tmp_path, source.name, f'default = "{operator}"', more)
    path.write_text(path.read_text().replace('["pii"]', '["exact_duplicates", "pii"]'))
    curate.run(path, out=tmp_path / "run", train=False)
    held = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    assert len(held) >= 8
    for file in list(held):
        if file.suffix == ".parquet":
            held[file] = repr(pq.read_table(file).to_pylist()).encode()
    for file, content in held.items():
        for value in (*VALUES, listed, listed.lower()):
            assert value.encode() not in content, (file.name, value)


KILLED = """
import os, signal, sys
import curate.dataset.atomic as atomic
from curate import vaulting
seal = vaulting.seal
def die(content, key):
    half = seal(content, key)
    with atomic.atomic_write(sys.argv[2] + "/vault.bin") as file:
        file.write(half[: len(half) // 2]); file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
vaulting.seal = die
import curate
curate.run(sys.argv[1], out=sys.argv[2], train=False)
"""


def test_a_killed_run_leaves_no_half_vault_and_goes_on(tmp_path: Path) -> None:
    source = jsonl(tmp_path)
    path = recipe(tmp_path, source.name)
    command = [sys.executable, "-c", KILLED, str(path), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / VAULT).exists()
    directory = run(tmp_path, source.name)
    assert not list(directory.glob(".*.tmp"))
    assert restore(directory, tmp_path / "k").path.read_bytes() == source.read_bytes()


def test_the_command_line_makes_keys_and_restores(tmp_path: Path) -> None:

    directory = run(tmp_path, jsonl(tmp_path).name)
    result = CliRunner().invoke(cli, ["vault", "key", str(tmp_path / "new")])
    assert result.exit_code == 0
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").read_text().strip() not in result.output
    result = CliRunner().invoke(cli, ["vault", "restore", str(directory), "--key", str(tmp_path / "k")])
    assert result.exit_code == 0
    assert "to the byte" in result.output
    assert not any(value in result.output for value in VALUES)
