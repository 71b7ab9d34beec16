"""How fast is an erasure request?

    python benchmarks/bench_forget.py [--rows 200000]

So many rows of prose (passages of `../shared/data/wiki`, or made-up words where it is absent) as one column in memory,
and one value of each kind. Floor: the same column searched for one plain ASCII word by Arrow (`match_substring`). Then
the whole of `forget` on a run of a tenth of the rows, and the estimate of missed personal data of that run.
Processor seconds of one process; wall seconds where they differ.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.parts import command
from curate import workflow
from curate.forget import forget
from curate.privacy.subjects import Subject, search, subjects_of
from curate.recipe import Recipe
from curate.review import residual
from curate.rundir import RunDir

ARTICLES = Path(__file__).parents[2] / "shared" / "data" / "wiki" / "articles.parquet"
CHARS = 500
VALUES = {
    "e-mail address": "jane.doe@example.org", "telephone number": "+1 212 736 5000", "card": "4111 1111 1111 1111",
    "IBAN": "DE89 3704 0044 0532 0130 00", "name": "Jane Quillbert", "name with accents": "José Müller",
}  # fmt: skip


def passages(rows: int) -> list[str]:
    texts = pq.read_table(ARTICLES)["text"].to_pylist() if ARTICLES.is_file() else ["the parcel came late " * 500]
    cut = (text[at : at + CHARS] for text in itertools.cycle(texts) for at in range(0, len(text), CHARS))
    return list(itertools.islice(cut, rows))


def main(many: int) -> None:
    texts = passages(many)
    column = pa.array(texts, pa.large_string())
    size = column.nbytes / 1e6

    def cost(what: str, work: object) -> None:
        assert callable(work)
        work()
        started = time.process_time()
        work()
        seconds = time.process_time() - started
        print(f"{what:24} {seconds:6.2f} s  {size / seconds:7.0f} MB/s")

    print(f"{many:,} rows, {size:.0f} MB")
    cost("floor: one plain word", lambda: pc.match_substring(column, "zorvath"))
    for what, value in VALUES.items():
        subject = Subject(value)
        cost(what, lambda subject=subject: search([subject], column))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.jsonl"
        rows = [{"text": text + (f" mail {VALUES['e-mail address']}" if i % 1000 == 7 else "")}
                for i, text in enumerate(texts[: many // 10])]  # fmt: skip
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        workflow.run(Recipe().with_(input=str(data), stages=["pii"]), out=Path(folder) / "run", train=False)
        planted = sum(VALUES["e-mail address"] in row["text"] for row in rows)
        run = RunDir.open(Path(folder) / "run")
        started, wall = time.process_time(), time.perf_counter()
        done = forget(subjects_of(VALUES.values()), [run.path])
        print(f"forget, {len(VALUES)} values: {time.process_time() - started:.2f} s processor, "
              f"{time.perf_counter() - wall:.2f} s wall; {len(done.runs[0].rows)} rows found of {planted}")  # fmt: skip
        detected = workflow.reopen(run)
        started = time.process_time()
        found = residual.residual_of(detected, run.path)
        seconds = run.manifest()["seconds"]
        print(f"residual: {time.process_time() - started:.2f} s processor; the run: {seconds}")
        print(found and found["sentence"])


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    main(parser.parse_args().rows)
