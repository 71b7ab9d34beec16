"""Our scanner, in the same harness as the peer: one process, one thread, the same lists of texts.

    python -m benchmarks.pii.use_curate JOB.json OUT.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.privacy import ScanConfig, scan
from curate.privacy.types import ALL
from curate.privacy.types import NAMES as STRUCTURED


def run(texts: list[str], types: tuple[str, ...], repeats: int = 5) -> dict[str, Any]:
    """Spans, and the best of some passes; making the column from Python strings is counted."""
    config = ScanConfig(types=types)
    scan(pa.array(["warm up jane@example.com 4111 1111 1111 1111"], pa.large_string()), config)
    wall = cpu = 1e9
    for _ in range(repeats):
        began, began_cpu = time.perf_counter(), time.process_time()
        spans = scan(pa.array(texts, pa.large_string()), config)
        wall, cpu = min(wall, time.perf_counter() - began), min(cpu, time.process_time() - began_cpu)
    found = list(zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist(),
                     [round(float(s), 4) for s in spans.score]))  # fmt: skip
    return {"spans": found, "wall": wall, "cpu": cpu}


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out: dict[str, Any] = {name: run(texts, STRUCTURED) for name, texts in job.items()}
    for name, texts in job.items():
        out[name]["names"] = run(texts, ALL, 2)
    Path(sys.argv[2]).write_text(json.dumps(out), encoding="utf-8")


if __name__ == "__main__":
    main()
