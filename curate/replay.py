"""Run a recorded run again, from its manifest and its decisions, and compare the bytes.

Training is left out: it repeats within a tolerance, the files compared here to the byte. A difference is no accident:
either a version of something that computes has changed (which ones is told), or something is not deterministic.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate import workflow
from curate.dataset.compression import file_hash
from curate.pipeline import Listener
from curate.recipe import Recipe
from curate.rundir import RunDir, versions
from curate.vaulting import VAULT

FOLDERS = ("findings", "scores", "hints")
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
    """Version recorded then and found now, of whatever changed."""

    @property
    def same(self) -> bool:
        """Whether every file came out the same."""
        return not self.different


def replay(run: str | Path, listener: Listener = lambda event: None, keep: Path | None = None) -> Replay:
    """Run it again in a temporary directory, or in `keep`, and compare.

    Raises RunError when the run is damaged or its input is not what it was, DataError when the input is gone.
    """
    directory = RunDir.open(run)
    manifest = directory.manifest()
    recipe = Recipe.parse(manifest["recipe"])
    workflow.same_input(directory, manifest, workflow.read_input(recipe))
    with tempfile.TemporaryDirectory(prefix="curate-replay-") as temporary:
        again = RunDir(keep or Path(temporary) / "run")
        with again.writing():
            pass
        if directory.decisions_path.is_file():
            shutil.copyfile(directory.decisions_path, again.decisions_path)
        workflow.run(recipe, out=again.path, train=False, listener=listener)
        identical, different = _compare(directory.path, again.path)
        again_manifest = again.manifest()
    then = {**manifest.get("versions", {}), **_stage_versions(manifest)}
    now = {**versions(), **_stage_versions(again_manifest)}
    changed = {n: (then.get(n), now.get(n)) for n in sorted({*then, *now}) if then.get(n) != now.get(n)}
    return Replay(directory.path, identical, different, changed)


def _compare(first: Path, second: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ours, theirs = _hashes(first), _hashes(second)
    names = sorted({*ours, *theirs})
    same = [ours.get(name) == theirs.get(name) for name in names]
    return tuple(n for n, s in zip(names, same) if s), tuple(n for n, s in zip(names, same) if not s)


def _stage_versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {f"stage {name}": str(stage["version"]) for name, stage in manifest.get("stages", {}).items()}


def _hashes(run: Path) -> dict[str, str]:
    """Hash of every file that must repeat to the byte, by its path in the run directory."""
    found = [p for folder in FOLDERS for p in (run / folder).glob("*.parquet")]
    found += list(run.glob("curated*"))
    found += [run / name for name in FILES if (run / name).is_file()]
    return {p.relative_to(run).as_posix(): file_hash(p) for p in found}
