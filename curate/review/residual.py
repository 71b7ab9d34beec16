"""What the `pii` stage missed in a run: the sample, its review and the numbers of the report and the gate.

The sample is drawn by the run's seed from the raw rows, so every look at a run draws the same one: at most `SAMPLE_ROWS`
rows and about `SAMPLE_CHARS` code points; rows of more than `LONGEST_ROW` are left out and counted. What the stage found
there comes from its findings, whatever was decided about them. Where the data holds little, the sample alone would teach
nothing of how often detectors find what is there, so up to `LEARNT_ROWS` rows with findings are read beside it. Cost: the
weak detectors read 2.5 MB/s, so at most about 0.3 s, whatever the size of the data; the copy of those rows comes on top.

A review is a line a row in `pii_review.jsonl`: the row's id, a hash of the places that were marked, which of them are
personal data, and how many more the reader saw. It holds no text. The last line on a row counts, and only while the
marks are those that were read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.dataset.pointer import parse_pointer
from curate.ledger import answer_file
from curate.ledger.decisions import login_name
from curate.pipeline import Detected
from curate.privacy import residual as engine
from curate.privacy.names.find import find_names
from curate.privacy.residual import Missed, Read, Seen, Text, Unit, groups
from curate.rundir import REVIEW_FILE
from curate.stages.pii_names import names_to_flag, types_to_replace
from curate.words import rate

SAMPLE_ROWS = 2000
SAMPLE_CHARS = 600_000
LEARNT_ROWS = 300
LEARNT_CHARS = 150_000
"""Beyond the sample, rows in which the scanner found something: how often a weak detector finds it too is learnt there."""
LONGEST_ROW = 1 << 16
CARRIERS = 1000
"""Strings of the sample in which sentences with one name are looked for, to put made-up names into."""
_CARRIER_CHARS = 4000
MOST_SEEN = LONGEST_ROW
"""More spans than a row has code points are a slip of the pen."""
_PER = 1000.0
_SEED = 0x51DE
_DECIMALS = 3


@dataclass(frozen=True)
class Sample:
    """Rows that were looked at again, and what was marked there."""

    rows: np.ndarray
    """int64: positions in the data, in the order they were drawn."""
    row_ids: tuple[str, ...]
    """Hex id of each."""
    left_out: int
    """Drawn rows that were too long to look at."""
    texts: tuple[Text, ...]
    """Their strings, and those of the rows beside the sample, whose number goes on where it ends."""
    fields: tuple[str, ...]
    """Pointer of each text."""
    units: tuple[Unit, ...]
    types: tuple[str, ...]
    """What the stage was asked to look for, to replace or to flag."""

    @property
    def seen(self) -> Seen:
        """The units as arrays."""
        return engine.seen_of(self.units, self.texts)

    def candidates(self, row: int) -> list[Unit]:
        """What a weak detector marked in a row of the sample and the scanner did not."""
        return [u for u in self.units if not u.main and self.texts[u.text].row == row]

    def marks(self, row: int) -> str:
        """A hash of the candidates' places: what a review of the row is a review of."""
        places = [(self.fields[u.text], u.start, u.end, u.kind) for u in self.candidates(row)]
        return xxhash.xxh3_64_hexdigest(orjson.dumps(places))


def sample_of(detected: Detected) -> Sample | None:
    """The sample of a run; None where the `pii` stage did not run."""
    outcome = detected.outcomes.get("pii")
    if outcome is None or outcome.status == "skipped" or not detected.dataset.n_rows:
        return None
    config = next(c.config for c in detected.recipe.stages() if c.name == "pii")
    rng = np.random.Generator(np.random.PCG64([detected.recipe.run.seed, _SEED]))
    drawn = rng.permutation(detected.dataset.n_rows)[:SAMPLE_ROWS]
    with_findings = np.setdiff1d(_rows_with_spans(outcome.detection.findings), drawn)
    learnt = rng.permutation(with_findings)[:LEARNT_ROWS]
    texts, fields, sizes = _texts(detected, np.concatenate([drawn, learnt]))
    kept, left_out = _within(sizes[: len(drawn)], SAMPLE_CHARS)
    beside, _ = _within(sizes[len(drawn) :], LEARNT_CHARS)
    place = np.full(len(sizes), -1, np.int64)
    place[np.concatenate([kept, len(drawn) + beside])] = np.arange(len(kept) + len(beside))
    chosen = [i for i, text in enumerate(texts) if place[text.row] >= 0]
    mine = tuple(Text(int(place[texts[i].row]), texts[i].name, texts[i].text, texts[i].spans) for i in chosen)
    rows = drawn[kept]
    return Sample(
        rows=rows,
        row_ids=tuple(value.hex() for value in detected.dataset.row_ids.take(pa.array(rows)).to_pylist()),
        left_out=left_out,
        texts=mine,
        fields=tuple(fields[i] for i in chosen),
        units=tuple(engine.look(mine, config.types, config.allow)),
        types=types_to_replace(config) + names_to_flag(config),
    )


def _within(sizes: np.ndarray, room: int) -> tuple[np.ndarray, int]:
    """Positions of the first rows that are not too long and together fit, and how many before the last were too long."""
    usable = sizes <= LONGEST_ROW
    stop = max(1, int(np.searchsorted(np.cumsum(np.where(usable, sizes, 0)), room, "right")))
    return np.flatnonzero(usable[:stop]), int((~usable[:stop]).sum())


def _rows_with_spans(findings: pa.Table) -> np.ndarray:
    replaced = findings.filter(pc.equal(findings["action"].cast(pa.string()), "replace"))
    return np.unique(replaced["row"].to_numpy())


def _texts(detected: Detected, drawn: np.ndarray) -> tuple[list[Text], list[str], np.ndarray]:
    """Every string of the drawn rows with the stage's spans, their pointers, and the code points of each row."""
    order = np.argsort(drawn, kind="stable")
    rows = drawn[order]
    spans = _spans(detected, drawn)
    texts: list[Text] = []
    fields: list[str] = []
    sizes = np.zeros(len(drawn), np.int64)
    for batch in detected.dataset.select(rows).strings():
        for at, field, text in zip(batch.rows.tolist(), batch.fields, batch.texts.to_pylist()):
            place = int(order[at])
            sizes[place] += len(text)
            column, path = parse_pointer(field)
            name = next((token for token in reversed(path) if not token.isdigit()), column)
            texts.append(Text(place, name, text, spans.get((int(rows[at]), field), ())))
            fields.append(field)
    return texts, fields, sizes


def _spans(detected: Detected, drawn: np.ndarray) -> dict[tuple[int, str], list[tuple[int, int, str]]]:
    found = detected.outcomes["pii"].detection.findings
    mine = found.filter(
        pc.and_(
            pc.is_in(found["row"], value_set=pa.array(np.sort(drawn), pa.int64())),
            pc.equal(found["action"].cast(pa.string()), "replace"),
        )
    )
    out: dict[tuple[int, str], list[tuple[int, int, str]]] = {}
    columns = (mine[name].to_pylist() for name in ("row", "field", "start", "end", "rule"))
    for row, field, start, end, rule in zip(*columns):
        out.setdefault((row, field), []).append((start, end, str(rule).removeprefix("pii.").upper()))
    return out


def residual_of(detected: Detected, run: Path) -> dict[str, Any] | None:
    """What the stage missed, per 1,000 rows, as JSON; None where it did not run."""
    sample = sample_of(detected)
    if sample is None:
        return None
    read, stale = read_review(run / REVIEW_FILE, sample)
    return numbers(sample, read, stale)


def numbers(sample: Sample, read: Mapping[int, Read], stale: int = 0) -> dict[str, Any]:
    """The estimates of a sample under a review."""
    n, seen = len(sample.rows), sample.seen
    covered = sorted(set(engine.kind_of_type(sample.types).values()))
    found = engine.estimate(seen, n, len(engine.KINDS), read, [covered])
    total = found[-1]
    by_readers = engine.from_reviewed(seen, n, read) if read else None
    believed = "detectors"
    if by_readers is not None and by_readers.low is not None and total.high is not None and by_readers.low > total.high:
        total, believed = by_readers, "readers"  # more was seen than detectors that miss independently would leave
    out = {
        "sampled_rows": n,
        "left_out_rows": sample.left_out,
        "reviewed_rows": len(read),
        "stale_reviews": stale,
        "believed": believed,
        "total": {"kind": "all", **_shown(total)},
        "kinds": [{"kind": engine.KINDS[k][0], **_shown(found[k])} for k in covered],
        "readers": None if by_readers is None else {"kind": "all", **_shown(by_readers)},
        "not_covered": sorted(set(sample.types) - {t for _, types in engine.KINDS for t in types}),
        "names": _names(sample) if "PERSON" in sample.types else None,
    }
    return {**out, "sentence": sentence(out)}


def _names(sample: Sample) -> dict[str, Any]:
    """Recall by locale of made-up names, in sentences of the sample that hold a name, or in built-in ones."""
    texts = [t.text for t in sample.texts[:CARRIERS] if len(t.text) <= _CARRIER_CHARS]
    found = find_names(pa.array(texts, pa.large_string()), ("PERSON",))
    places: list[list[tuple[int, int]]] = [[] for _ in texts]
    for row, start, end in zip(found.row.tolist(), found.start.tolist(), found.end.tolist()):
        places[row].append((start, end))
    return groups.as_json(groups.probe(groups.frames_of(texts, places)))


def _shown(m: Missed) -> dict[str, Any]:
    rates = {"value": m.value, "low": m.low, "high": m.high}
    return {
        **{name: None if rate is None else round(_PER * rate, _DECIMALS) for name, rate in rates.items()},
        "found": m.found, "candidates": m.candidates, "reviewed": m.reviewed, "why_missing": m.why_missing,
    }  # fmt: skip


def sentence(found: Mapping[str, Any]) -> str:
    """One sentence: the interval, from how many rows, and who looked."""
    total = found["total"]
    rows = f"from {found['sampled_rows']:,} sampled rows"
    if total["high"] is None:
        return f"How much personal data was missed is not known: {total['why_missing']}."
    if found["believed"] == "readers":
        how = f"{rows}, of which a person read {found['reviewed_rows']:,}; they saw more than the detectors allow for"
    elif found["reviewed_rows"]:
        how = f"{rows}, by three detectors and a person who read {found['reviewed_rows']:,} of the rows"
    else:
        how = f"{rows}, by three detectors; nobody has read the sample (`curate pii-review RUN`)"
    if total["value"] is None and total["high"] > _PER:  # a bound of many spans a row says nothing but that
        why = f"what weak detectors mark and nobody has read allows for more than one span a row, {rows}"
        return f"How much personal data was missed is not known: {why} (`curate pii-review RUN`)."
    if total["value"] is None:
        amount = f"At most {rate(total['high'])}"
    else:
        amount = f"Between {rate(total['low'])} and {rate(total['high'])}"
    return f"{amount} missed spans of personal data in 1,000 rows (95%), {how}."


# -- the review ---------------------------------------------------------------------------------------------------------


def queue(sample: Sample, read: Mapping[int, Read], rows: int) -> list[int]:
    """Rows of the sample still to be read of a review of `rows` rows: half with candidates, half without.

    Within each half in the order they were drawn, so a longer review goes on where a shorter one stopped.
    """
    marked = np.zeros(len(sample.rows), bool)
    for unit in sample.units:
        row = sample.texts[unit.text].row
        if not unit.main and row < len(marked):
            marked[row] = True
    with_, without = np.flatnonzero(marked), np.flatnonzero(~marked)
    take = min(len(with_), max(rows // 2, rows - len(without)))
    chosen = [*with_[:take].tolist(), *without[: rows - take].tolist()]
    return [row for row in chosen if row not in read]


def read_review(path: Path, sample: Sample) -> tuple[dict[int, Read], int]:
    """What people said of rows of the sample, and how many lines speak of other marks or other rows."""
    row_of = {row_id: row for row, row_id in enumerate(sample.row_ids)}
    last = {row_id: (marks, answer) for row_id, marks, answer in answer_file.read(path, _said, "review")}
    out: dict[int, Read] = {}
    for row_id, (marks, answer) in last.items():
        row = row_of.get(row_id)
        if row is not None and marks == sample.marks(row) and len(answer.real) == len(sample.candidates(row)):
            out[row] = answer
    return out, len(last) - len(out)


def _said(line: Any) -> tuple[str, str, Read]:
    """Row id, marks and answer of a line. KeyError, TypeError or ValueError where it is not a review."""
    row_id, marks, real, more = line["row_id"], line["marks"], line["real"], line["more"]
    texts = isinstance(row_id, str) and isinstance(marks, str)
    if not texts or not isinstance(real, list) or not all(isinstance(x, bool) for x in real) or not is_count(more):
        raise TypeError("not a review")
    return row_id, marks, Read(tuple(real), more)


def is_count(value: object) -> bool:
    """Whether a value is a number of spans that a person may have seen in one row."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_SEEN


def append_review(path: Path, sample: Sample, row: int, real: Sequence[bool], more: int) -> None:
    """Keep what a person said of one row; on disk when this returns."""
    if len(real) != len(sample.candidates(row)) or not is_count(more):
        raise ValueError("a review says yes or no of every mark of its row")
    line = {
        "schema_version": 1,
        "row_id": sample.row_ids[row],
        "row": int(sample.rows[row]),
        "marks": sample.marks(row),
        "real": list(real),
        "more": more,
        "actor": login_name(),
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
    }
    answer_file.append(path, line)
