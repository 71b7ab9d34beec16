"""Where a person's data stands in runs, indexes, vaults and what was trained, and what to do about each place.

    forget(subjects, [paths]) -> Forgotten

Each path is a run directory or an index. Of a run are searched: its input (every string, key, number and date, the names
of its columns, and what the `pii` stage found there, compared by canonical spelling), every file in the directory
(Parquet columns, text, compressed or not, and a vault where its key is given), the indexes that its recipe names (by
row id), and the ablation's arms (which rows each adapter was trained on, worked out again from the run's seed). Binary
files that are not understood are named, never passed over in silence; a vault that was not opened or a file that cannot be
read makes the whole answer incomplete. Reports hold places, never a value.

Cost: each byte is read once a value, at 100 to 600 MB/s; memory is that of the input and of one file's columns.
It cannot see paraphrases, misspellings, copies outside these paths, or what weights remember: an adapter that was trained
on a row holds it in no form that can be looked up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate import workflow
from curate.dataset import Dataset
from curate.dataset.pointer import parse_pointer
from curate.errors import CurateError, RunError
from curate.forget.adapters import Adapter, adapters_of
from curate.forget.files import FileHit, Unread, as_texts, named_after, search_file, shown_columns, shown_place
from curate.forget.left_out import LeftOut, beside_rows
from curate.outputs import looked_for
from curate.pipeline import Detected
from curate.privacy.config import ScanConfig, preview_config
from curate.privacy.subjects import Subject, search
from curate.recipe import Recipe
from curate.rundir import RunDir
from curate.safetext import safe_text
from curate.similarity.index import Index, is_index
from curate.words import plural

CANNOT_SEE = (
    "paraphrases, misspellings, initials and nicknames",
    "copies of the data outside the paths that were given, backups among them",
    "what weights remember: an adapter trained on a row cannot be searched, only trained again without it",
)


@dataclass(frozen=True)
class RowHit:
    """A row of an input that holds a value."""

    row: int
    line: int
    row_id: str
    fields: tuple[str, ...]
    """Where: pointers of strings, names of columns for keys and numbers; masked where they hold personal data."""
    found: bool
    """Whether the `pii` stage found each of these places, so that the curated row holds the value nowhere."""
    outcome: str
    """What became of the row in this run: kept, edited or removed."""


@dataclass(frozen=True)
class IndexHit:
    """An index and the number of its items that are rows of the person."""

    path: str
    items: int


@dataclass(frozen=True)
class RunPlaces:
    """What one run holds."""

    path: str
    input: str
    rows: tuple[RowHit, ...] = ()
    files: tuple[FileHit, ...] = ()
    indexes: tuple[IndexHit, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    unread: tuple[Unread, ...] = ()
    problem: str = ""
    """Why the input or the run could not be read."""
    columns: tuple[str, ...] = ()
    """Columns of the input whose names hold a value, masked and numbered."""
    left_out: tuple[LeftOut, ...] = ()
    """Places of the input that are part of no row: of rows that could not be read, and beside the rows."""

    @property
    def found(self) -> bool:
        """Whether anything stands here."""
        return bool(self.rows or self.files or self.indexes or self.columns or self.left_out)

    @property
    def unreadable(self) -> bool:
        """Whether the input, a vault or another file that should have been looked into could not be."""
        return bool(self.problem) or any(unread.failed for unread in self.unread)


@dataclass(frozen=True)
class Forgotten:
    """The answer to an erasure request."""

    subjects: int
    runs: tuple[RunPlaces, ...]
    todo: tuple[str, ...]
    cannot_see: tuple[str, ...] = CANNOT_SEE

    @property
    def found(self) -> bool:
        """Whether anything was found anywhere."""
        return any(run.found for run in self.runs)

    @property
    def unreadable(self) -> bool:
        """Whether some place that should have been looked into could not be read."""
        return any(run.unreadable for run in self.runs)

    def row_ids(self) -> list[str]:
        """Hex ids of all rows found, sorted: what a drop list holds."""
        return sorted({hit.row_id for run in self.runs for hit in run.rows})

    def to_json(self) -> dict[str, Any]:
        """Plain values; no text of the data among them."""
        return {"schema_version": 1, "found": self.found, "unreadable": self.unreadable, **asdict(self)}


@dataclass
class _Search:
    subjects: Sequence[Subject]
    key: bytes | None
    indexes: list[Path] = field(default_factory=list)

    def rows(self, texts: pa.Array) -> list[int]:
        return [int(at) for at in search(self.subjects, texts)]

    def meant(self, type_name: str, value: str) -> bool:
        return any(subject.same(type_name, value, self.key) for subject in self.subjects)


def forget(
    subjects: Sequence[Subject],
    paths: Sequence[str | Path],
    *,
    key: bytes | None = None,
    drop_list: str | None = None,
    progress: Callable[[str], None] = lambda what: None,
) -> Forgotten:
    """Look for the subjects in every path. `drop_list`: the file that the rows found will be listed in, which is then named
    in what to do. RunError for a path that is neither a run nor an index."""
    indexes = [Path(p) for p in paths if _opens(p)]  # a run's manifest and an index's carry the same name
    runs = [RunDir.open(p) for p in paths if Path(p) not in indexes]
    work = _Search(subjects, key, indexes)
    found = []
    for run in runs:
        progress(f"looking into {safe_text(str(run.path))}")
        found.append(_run(run, work))
    done = Forgotten(len(subjects), tuple(found), ())
    return replace(done, todo=tuple(_todo(done, drop_list)))


def _opens(path: str | Path) -> bool:
    """Whether a path is an index of ours."""
    if not is_index(path):
        return False
    try:
        Index(path)
    except CurateError:
        return False
    return True


def _run(run: RunDir, work: _Search) -> RunPlaces:
    manifest = run.manifest()
    source = safe_text(str((manifest.get("input") or {}).get("path") or ""))
    problem = ""
    rows: tuple[RowHit, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    indexes: tuple[IndexHit, ...] = ()
    detected: Detected | None = None
    dataset: Dataset | None = None
    try:
        detected = workflow.reopen(run, as_found=True)
        dataset = detected.dataset
    except CurateError as error:
        problem = safe_text(str(error))
        try:  # other data stands there now, or the findings are gone: the rows can be looked at all the same
            dataset = workflow.read_input(Recipe.parse(manifest["recipe"]))
        except (CurateError, KeyError):
            dataset = None
    columns: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    masks = looked_for(detected.recipe) if detected else preview_config(None)
    if dataset is not None:
        shown = shown_columns(dataset.columns, work.subjects, masks)
        columns = tuple(shown[at] for at in named_after(dataset.columns, work.subjects))
        rows = _rows(dataset, detected, run, work)
        held = beside_rows(dataset, work.subjects, {hit.row for hit in rows})
        left_out = tuple(replace(hit, file=safe_text(hit.file)) for hit in held)
        indexes = _indexes(manifest, rows, work)
        if detected is not None and rows:
            adapters = adapters_of(detected, run, [hit.row for hit in rows])
    files, unread = _files(run, work, masks)
    return RunPlaces(safe_text(str(run.path)), source, rows, files, indexes, adapters, unread, problem, columns, left_out)


def _rows(dataset: Dataset, detected: Detected | None, run: RunDir, work: _Search) -> tuple[RowHit, ...]:
    """Rows of an input, with the places of each."""
    places: dict[int, dict[str, bool]] = {}
    hidden: set[tuple[int, str]] = set()
    """Places where a value is spelled out, so that no range of it is known."""
    spans = _found_spans(detected)
    for batch in dataset.strings():
        for at in work.rows(batch.texts):
            row, pointer = int(batch.rows[at]), batch.fields[at]
            known = spans.get((row, pointer), [])
            text = batch.texts[at].as_py()
            stands = [place for subject in work.subjects for place in subject.places(text)]
            covered = all(any(a <= start and end <= b for a, b, _ in known) for start, end in stands)
            places.setdefault(row, {})[pointer] = bool(stands) and covered
            if not stands:
                hidden.add((row, pointer))
        for (row, pointer), text in _found_texts(batch, spans):
            if any(work.meant(name, text[a:b]) for a, b, name in spans[row, pointer]):
                here = places.setdefault(row, {})
                here[pointer] = here.get(pointer, True) or (row, pointer) in hidden
        if batch.keys:
            keys = list(batch.keys)
            texts = pa.array([key.encode("utf-8", "ignore").decode() for key in keys], pa.large_string())
            for at in work.rows(texts):
                for row in batch.keys[keys[at]]:
                    places.setdefault(row, {})[f"{batch.column} (a key)"] = False
    for column in dataset.columns:
        for row in _numbers(dataset, column, work):
            here = places.setdefault(row, {})
            if not any(place == f"{column} (a key)" or parse_pointer(place)[0] == column for place in here):
                here[f"{column} (a number)"] = False
    if not places:
        return ()
    masks = looked_for(detected.recipe) if detected else preview_config(None)
    shown = cache(lambda pointer: shown_place(pointer, work.subjects, masks))
    outcome = _outcomes(detected, run)
    order = sorted(places)
    ids = dataset.row_ids.take(pa.array(order, pa.int64())).to_pylist()
    return tuple(
        RowHit(
            row, int(dataset.lines[row]), row_id.hex(), tuple(shown(pointer) for pointer in places[row]),
            all(places[row].values()), outcome(row),
        )
        for row, row_id in zip(order, ids, strict=True)
    )  # fmt: skip


def _found_spans(detected: Detected | None) -> dict[tuple[int, str], list[tuple[int, int, str]]]:
    """What the `pii` stage replaces, by row and pointer."""
    out: dict[tuple[int, str], list[tuple[int, int, str]]] = {}
    outcome = detected.outcomes.get("pii") if detected else None
    if outcome is None:
        return out
    found = outcome.detection.findings
    found = found.filter(pc.equal(found["action"].cast(pa.string()), "replace"))
    columns = (found[name].to_pylist() for name in ("row", "field", "start", "end", "rule"))
    for row, pointer, start, end, rule in zip(*columns):
        out.setdefault((row, pointer), []).append((start, end, str(rule).removeprefix("pii.").upper()))
    return out


def _found_texts(batch: Any, spans: Mapping[tuple[int, str], Any]) -> Any:
    """((row, pointer), text) of the strings of a batch in which something was found."""
    places = [(int(row), pointer) for row, pointer in zip(batch.rows, batch.fields)]
    held = [at for at, place in enumerate(places) if place in spans]
    return zip([places[at] for at in held], batch.texts.take(pa.array(held, pa.int64())).to_pylist())


def _numbers(dataset: Dataset, column: str, work: _Search) -> list[int]:
    """Rows whose number in a column, or inside a nested value of it, is a value that is looked for."""
    values = dataset.values(column)
    if pa.types.is_large_string(values.type) and not dataset.is_json(column):
        return []  # searched already, dates and decimals among them, which a dataset reads as strings
    texts = as_texts(values)  # of JSON too: what more is found there stands in a number or an escape
    return [] if texts is None else work.rows(texts)


def _outcomes(detected: Detected | None, run: RunDir) -> Callable[[int], str]:
    if detected is None or not (run.path / "plan.parquet").is_file():
        return lambda row: "not known"
    from curate.ledger.decisions import read_journal

    plan = detected.resolve(read_journal(run.decisions_path))
    edited = set(plan.applied("replace")["row"].to_pylist())
    return lambda row: "removed" if plan.dropped[row] else "edited" if row in edited else "kept"


def _indexes(manifest: Mapping[str, Any], rows: Sequence[RowHit], work: _Search) -> tuple[IndexHit, ...]:
    """Indexes, given or named by the recipe, that hold the rows found; an index keeps a row's id and no text."""
    named = [Path(p) for p in _strings((manifest.get("recipe") or {}).get("stages")) if _opens(p)]
    wanted = pa.array([bytes.fromhex(hit.row_id) for hit in rows], pa.binary(16))
    out = []
    for path in dict.fromkeys([*work.indexes, *named]):
        held = pc.is_in(Index(path).items().table["hash"].combine_chunks().cast(pa.binary(16)), value_set=wanted)
        items = int(pc.sum(held.cast(pa.int64())).as_py() or 0)
        if items:
            out.append(IndexHit(safe_text(str(path)), items))
    return tuple(out)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _strings(item)]
    return [text for item in value for text in _strings(item)] if isinstance(value, list | tuple) else []


def _files(run: RunDir, work: _Search, masks: ScanConfig) -> tuple[tuple[FileHit, ...], tuple[Unread, ...]]:
    """Every file of a run directory, in order of names."""
    hits: list[FileHit] = []
    unread: list[Unread] = []
    for path in sorted(p for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"):
        found = search_file(path, path.relative_to(run.path).as_posix(), work.subjects, work.key, masks)
        if isinstance(found, Unread):
            unread.append(found)
        elif found is not None:
            hits.append(found)
    return tuple(hits), tuple(unread)


def _todo(done: Forgotten, drop_list: str | None) -> list[str]:
    """What to do, in the order in which it must be done."""
    out: list[str] = []
    keep = f"name the drop list in recipes (`rows = {json.dumps(drop_list)}` under [stages.erasure])"
    if drop_list is None:
        keep = "keep a drop list (`--drop-list FILE`, then `rows = \"FILE\"` under [stages.erasure])"
    for run in done.runs:
        if run.problem:
            out.append(f"{run.path}: bring its input back and ask again, or look there by hand ({run.problem})")
        if run.columns:
            out.append(f"{run.input}: delete or rename at the source: {', '.join(run.columns)}; every row holds its name")
        if run.left_out:
            places = plural(len(run.left_out), "place")
            out.append(f"{run.input}: delete {places} at the source that are part of no row; no drop list can name them")
        if run.rows:
            n = len(run.rows)
            out.append(
                f"{run.input}: delete {plural(n, 'row')} at the source; until then {keep}, so that no later run uses them"
            )
            left = sum(not hit.found and hit.outcome != "removed" for hit in run.rows)
            if left:
                out.append(
                    f"{run.path}: its curated data still holds values in {plural(left, 'row')}, in a spelling or a place "
                    "that the run did not find or replace; delete copies of it too"
                )
        out += [f"{index.path}: build it again without these rows; nothing can be removed from it" for index in run.indexes]
        trained = ", ".join(dict.fromkeys(adapter.arm for adapter in run.adapters if adapter.rows))
        if trained:
            out.append(f"{run.path}: delete the adapters of {trained} and train again; what they learnt cannot be cut out")
        if run.files or run.rows or run.columns:
            out.append(f"{run.path}: delete the run directory when the new run stands; it is made of these rows")
        if any(unread.sealed for unread in run.unread):
            out.append(f"{run.path}: its vault was not opened; ask again with --key, or delete it")
        failed = sum(unread.failed and not unread.sealed for unread in run.unread)
        if failed:
            files = "a file" if failed == 1 else f"{failed:,} files"
            out.append(f"{run.path}: {files} could not be read; restore or delete what is named above and ask again")
    if not done.found and not done.unreadable:
        out.append("nothing: no place that was looked into holds any of the values")
    return out


__all__ = ["Forgotten", "RunError", "forget"]
