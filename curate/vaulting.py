"""A run's vault: made beside the curated file, and the curated file turned back with it.

The vault holds the value behind every token in the curated data, and nothing of what other operators took out. Tokens are
found by themselves, wherever they stand. Two things are kept in full: a text that putting values back does not restore
(an edit of another stage overlapped it), and a row whose spelling an edit has changed (escapes of a JSON string), so that
the restored rows are the input's to the byte. Rows that were dropped are not in a vault; labels stay as curation set them.

Making it reads the curated file once more. Both directions are deterministic.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset, load
from curate.dataset.compression import file_hash
from curate.errors import ConfigError, RunError
from curate.ledger.apply import Curated, reader
from curate.pipeline import Detected
from curate.privacy.keys import load_key
from curate.privacy.operators.rewrite import TOKEN
from curate.privacy.vault import seal, unseal
from curate.rundir import RunDir

VAULT = "vault.bin"
_FOUND = re.compile(f'"?{TOKEN}"?')
_TOKEN = re.compile(TOKEN)


@dataclass
class Contents:
    """What a vault holds."""

    curated_hash: str
    """Hash of the curated file that it belongs to."""
    input_hash: str
    """Hash of the file that was curated."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Token -> the text it stands for."""
    numbers: dict[str, str] = field(default_factory=dict)
    """The same for bare numbers inside JSON, where token and quotes go together."""
    texts: list[tuple[int, str, str]] = field(default_factory=list)
    """(row of the curated file, pointer, text) where putting values back is not enough."""
    rows: dict[int, bytes] = field(default_factory=dict)
    """Row of the curated file -> its bytes, where its spelling was changed."""

    def to_bytes(self) -> bytes:
        """As JSON, keys sorted."""
        rows = {str(row): base64.b64encode(raw).decode() for row, raw in self.rows.items()}
        return orjson.dumps({**vars(self), "rows": rows}, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def of(cls, content: bytes) -> Contents:
        """From the bytes of `to_bytes`."""
        held = orjson.loads(content)
        held["rows"] = {int(row): base64.b64decode(raw) for row, raw in held["rows"].items()}
        held["texts"] = [(int(row), pointer, text) for row, pointer, text in held["texts"]]
        return cls(**held)

    def put_back(self, text: str) -> str:
        """A text with the values of its tokens."""

        def value(found: re.Match[str]) -> str:
            whole, token = found[0], found[0].strip('"')
            if token in self.numbers and whole == f'"{token}"':
                return self.numbers[token]
            return whole.replace(token, self.tokens[token]) if token in self.tokens else whole

        return _FOUND.sub(value, text)


def write_vault(run: RunDir, detected: Detected, curated: Curated, name: str) -> str | None:
    """Write the vault of a run whose curated file `name` is there; returns its hash, or None where it needs none."""
    config = detected.recipe.choice("pii").config if "pii" in detected.outcomes else None
    path = run.path / VAULT
    if config is None or "vault" not in _operators(config):
        path.unlink(missing_ok=True)  # of an earlier recipe
        return None
    contents = _contents(detected, curated, run.path / name)
    run.write_bytes(VAULT, seal(contents.to_bytes(), load_key(config.key_file)))
    return file_hash(path)


def _operators(config: Any) -> set[str]:
    from curate.stages.pii_operators import choice_of, settings_of_scan

    settings = settings_of_scan(config)
    choice = choice_of(config, settings)
    return {choice.default, *(operator for _, operator in choice.by_type)}


def _contents(detected: Detected, curated: Curated, path: Path) -> Contents:
    raw, plan = detected.dataset, curated.plan
    out = Contents(file_hash(path), raw.source.input_hash)
    place_of = {row: at for at, row in enumerate(curated.rows.tolist())}
    values = _values(detected, curated, place_of)
    for token, (value, quoted) in values.items():
        (out.numbers if quoted else out.tokens)[token] = value
    edits: dict[tuple[int, str], list[tuple[int | None, int | None, str]]] = defaultdict(list)
    columns = ("row", "field", "start", "end", "replacement")
    applied = plan.applied("replace").select(list(columns))
    for row, pointer, start, end, new in zip(*(applied[c].to_pylist() for c in columns)):
        if row in place_of:
            edits[row, pointer].append((start, end, new or ""))
    mixed = {row for row, changes in curated.edits.items() for pointer in changes if (row, pointer) not in edits}
    readers: dict[str, Any] = {}
    for (row, pointer), spans in edits.items():
        tokens = [span for span in spans if span[2].strip('"') in values]
        if len(tokens) < len(spans):
            mixed.add(row)
        if not tokens:
            continue
        text = readers.setdefault(pointer, reader(raw, pointer))(row)
        wanted = text
        for start, end, new in sorted((s for s in spans if s not in tokens), key=lambda s: -(s[0] or 0)):
            wanted = new if start is None else wanted[:start] + new + wanted[end:]
        if out.put_back(curated.edits[row][pointer]) != wanted:
            out.texts.append((place_of[row], pointer, wanted))
    out.texts.sort()
    _keep_spelling(out, raw, path, {place_of[row]: row for row, _ in edits if row not in mixed})
    return out


def _values(detected: Detected, curated: Curated, place_of: Mapping[int, int]) -> dict[str, tuple[str, bool]]:
    """Token -> (the text it stands for, whether that is a bare number), for tokens in the curated data."""
    plan, findings = curated.plan.table, detected.findings
    mine = pc.and_(pc.equal(plan["stage"].cast(pa.string()), "pii"), pc.equal(plan["status"].cast(pa.string()), "applied"))
    mine = pc.and_(mine, pc.match_substring_regex(plan["replacement"].fill_null(""), f'^"?{TOKEN}"?$'))
    where = pa.array(np.flatnonzero(np.asarray(mine)))
    some = findings.take(where)
    columns = [some[c].to_pylist() for c in ("row", "field", "start", "end")]
    out: dict[str, tuple[str, bool]] = {}
    readers: dict[str, Any] = {}
    for row, pointer, start, end, new in zip(*columns, plan["replacement"].take(where).to_pylist()):
        if row in place_of:
            text = readers.setdefault(pointer, reader(detected.dataset, pointer))(row)
            out[new.strip('"')] = text[start:end], new.startswith('"')
    return out


def _keep_spelling(out: Contents, raw: Dataset, path: Path, rows: Mapping[int, int]) -> None:
    """Note the bytes of rows that putting values back would spell in another way; `rows`: curated -> raw row."""
    if not rows or raw.raw_row(0) is None:
        return
    data = load(path, roles=dict(raw.roles.items()), task=raw.task)
    restored = data.select(np.arange(data.n_rows), _edits(out, data))
    for at, row in sorted(rows.items()):
        original = raw.raw_row(row)
        if original is not None and restored.raw_row(at) != original:
            out.rows[at] = original


def _edits(contents: Contents, data: Dataset) -> dict[int, dict[str, Any]]:
    edits: dict[int, dict[str, Any]] = {}
    for batch in data.strings():
        hits = np.flatnonzero(np.asarray(pc.match_substring_regex(batch.texts, TOKEN).fill_null(False)))
        for at, text in zip(hits.tolist(), batch.texts.take(pa.array(hits)).to_pylist()):
            new = contents.put_back(text)
            if new != text:
                edits.setdefault(int(batch.rows[at]), {})[batch.fields[at]] = new
    for row, pointer, text in contents.texts:
        edits.setdefault(row, {})[pointer] = text
    return edits


@dataclass(frozen=True)
class Restored:
    """What came of a restoration."""

    path: Path
    rows: int
    """Rows in which something was put back."""
    identical: bool
    """Whether the file has the very bytes of the run's input."""


def restore(run_path: str | Path, key_file: str | Path, out: str | Path | None = None) -> Restored:
    """Write the curated data of a run with the values of its vault put back.

    Raises ConfigError for a key that is missing, readable by others or not the vault's, RunError for a run without a
    vault or whose curated file is not the vault's, DataError for a damaged vault; nothing is written then.
    """
    run = RunDir.open(run_path)
    key = load_key(key_file)
    manifest = run.manifest()
    path = run.path / VAULT
    if not path.is_file():
        raise RunError(f"{run.path} has no vault; one is made where the recipe gives some type the operator vault")
    contents = Contents.of(unseal(path.read_bytes(), key, str(path)))
    curated = next(iter(sorted(run.path.glob("curated*"))), None)
    if curated is None or file_hash(curated) != contents.curated_hash:
        raise RunError(f"{run.path}: its vault was made for another curated file; `curate apply {run.path}` makes both")
    target = Path(out) if out is not None else run.path.parent / f"{run.path.name}.restored{curated.name[7:]}"
    if target.exists():
        raise ConfigError(f"{target}: exists already; give another name with --out, or move it away")
    columns = manifest["recipe"]["data"]["id_columns"]
    data = load(curated, roles=manifest["roles"], task=manifest["task"], id_columns=columns)
    edits = _edits(contents, data)
    for row in contents.rows:
        edits.pop(row, None)
    touched = len(edits.keys() | contents.rows.keys())
    data.respelled(contents.rows).write(target, edits=edits)
    same = f"xxh3_128:{file_hash(target)}" == contents.input_hash
    return Restored(target, touched, same)
