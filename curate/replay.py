"""Run a recorded run again, from its manifest and its decisions, and compare the bytes.

Training is left out: it repeats within a tolerance, the files compared here to the byte. A difference is no accident:
either a version of something that computes has changed, or a file that a setting names (which ones is told), or something
is not deterministic. What a key made can be made again with that key alone: another one is refused before any work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from curate import workflow
from curate.dataset.compression import file_hash
from curate.errors import ConfigError, RunError
from curate.pipeline import Listener
from curate.privacy.keys import fingerprint, load_key
from curate.recipe import Recipe
from curate.rundir import RunDir, versions
from curate.safetext import safe_text
from curate.vaulting import VAULT

FOLDERS = ("findings", "scores", "hints")
"""Findings and what was computed for them: all that a gate's run holds."""
FILES = ("plan.parquet", "removed.parquet", "rejected.jsonl", VAULT)


@dataclass(frozen=True)
class Replay:
    """What came of running a run again."""

    run: Path
    identical: tuple[str, ...]
    """Files whose bytes are the same."""
    different: tuple[str, ...]
    """Files whose bytes differ, or that only one of the two runs has."""
    changed_versions: dict[str, tuple[str | None, str | None]]
    """Version recorded then and found now, of whatever changed; of a file that a setting names, its hash."""
    decided_since: int = 0
    """Decisions taken since the data was written: the files know nothing of them, and neither does the replay."""

    @property
    def same(self) -> bool:
        """Whether every file came out the same."""
        return not self.different


def replay(
    run: str | Path, listener: Listener = lambda event: None, keep: Path | None = None, *,
    key_file: str | Path | None = None,
) -> Replay:  # fmt: skip
    """Run it again in a temporary directory, or in `keep`, and compare; `key_file`: where the run's key lies now.

    Raises RunError when the run is damaged, unfinished or its input is not what it was, DataError when the input is gone,
    ConfigError when the key is gone or another.
    """
    directory = RunDir.open(run)
    manifest = directory.manifest()
    recipe = _with_key(Recipe.parse(manifest["recipe"]), manifest, key_file)
    workflow.same_input(directory, manifest, workflow.read_input(recipe))
    made_data = "plan" in manifest
    if not made_data and manifest.get("status") != "detected":
        raise RunError(f"{directory.path} is not finished; run the same command again, it goes on where it stopped")
    with tempfile.TemporaryDirectory(prefix="curate-replay-") as temporary:
        again = RunDir(keep or Path(temporary) / "run")
        with again.writing():
            pass
        decided, since = _decided_then(directory, manifest)
        if decided:
            again.decisions_path.write_bytes(decided)
        workflow.run(recipe, out=again.path, train=False, listener=listener)
        identical, different = _compare(directory.path, again.path, made_data)
        again_manifest = again.manifest()
    then = {**manifest.get("versions", {}), **_stage_versions(manifest)}
    now = {**versions(), **_stage_versions(again_manifest)}
    changed = {n: (then.get(n), now.get(n)) for n in sorted({*then, *now}) if then.get(n) != now.get(n)}
    return Replay(directory.path, identical, different, changed, since)


def _decided_then(directory: RunDir, manifest: Mapping[str, Any]) -> tuple[bytes, int]:
    """The journal as it was when the data was written, and how many lines came since; all of it where nothing tells."""
    held = directory.decisions_path.read_bytes() if directory.decisions_path.is_file() else b""
    then, lines = manifest.get("plan", {}).get("decisions"), held.splitlines(keepends=True)
    if then == "":
        return b"", len(lines)
    digest, at = xxhash.xxh3_128(), 0
    for number, line in enumerate(lines, 1):
        bare = digest.copy()  # a file that was edited by hand may have lacked its last line break then
        bare.update(line.rstrip(b"\n"))
        digest.update(line)
        at += len(line)
        if then in (digest.hexdigest(), bare.hexdigest()):
            return held[:at], len(lines) - number
    return held, 0


def _with_key(recipe: Recipe, manifest: Mapping[str, Any], key_file: str | Path | None) -> Recipe:
    """The recipe with the key that the run was made with, wherever that lies now."""
    then = (manifest.get("stages", {}).get("pii", {}).get("depends_on") or {}).get("key")
    if then is None:
        if key_file is not None:
            raise ConfigError("this run was made without a key; leave --key out")
        return recipe
    if key_file is not None:
        recipe = recipe.with_settings("pii", key_file=str(Path(key_file).resolve()))
    made = f"this run was made with the key of fingerprint {then}, and without it its bytes cannot be made again"
    try:
        now = fingerprint(load_key(recipe.choice("pii").config.key_file))
    except ConfigError as error:
        missing = safe_text(str(error)).partition("; `curate vault key")[0]  # a new one is no help here
        raise ConfigError(f"{made}; --key FILE says where it lies ({missing})") from None
    if now != then:
        where = safe_text(recipe.choice("pii").config.key_file)
        raise ConfigError(f"{made}; {where} holds the key of fingerprint {now}. Name the right one with --key FILE")
    return recipe


def _compare(first: Path, second: Path, made_data: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ours, theirs = _hashes(first, made_data), _hashes(second, made_data)
    names = sorted({*ours, *theirs})
    same = [ours.get(name) == theirs.get(name) for name in names]
    return tuple(n for n, s in zip(names, same) if s), tuple(n for n, s in zip(names, same) if not s)


def _stage_versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The version of each stage, and the hashes of what its settings name."""
    stages = manifest.get("stages", {}).items()
    files = {f"stage {name}, {what}": of for name, stage in stages for what, of in (stage.get("depends_on") or {}).items()}
    return {f"stage {name}": str(stage["version"]) for name, stage in stages} | files


def _hashes(run: Path, made_data: bool) -> dict[str, str]:
    """Hash of every file that must repeat to the byte, by its path in the run directory."""
    found = [p for folder in FOLDERS for p in (run / folder).glob("*.parquet")]
    if made_data:
        found += [*run.glob("curated*"), *(run / name for name in FILES if (run / name).is_file())]
    return {p.relative_to(run).as_posix(): file_hash(p) for p in found}
