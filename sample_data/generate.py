"""Write the sample data and its truth files, or check that the committed ones are what this script writes.

    python sample_data/generate.py --out DIR     write all files there (default: beside this script)
    python sample_data/generate.py --check       exit 1 if a committed file differs

Standard library only; the same bytes on every machine and every Python from 3.11. Takes a few seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: make the package importable
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sample_data import _chat, _tickets

SEED = 20250611
HERE = Path(__file__).resolve().parent


def files(seed: int = SEED) -> dict[str, bytes]:
    """Name -> content of every generated file."""
    tickets, tickets_truth = _tickets.build(seed)
    chats, chats_truth = _chat.build(seed)
    return {
        "support_tickets.jsonl": _jsonl(tickets),
        "support_tickets.truth.jsonl": _jsonl(tickets_truth),
        "assistant_chat.jsonl": _jsonl(chats),
        "assistant_chat.truth.jsonl": _jsonl(chats_truth),
    }


def _jsonl(objects: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--check", action="store_true", help="compare with the files in --out and write nothing")
    options = parser.parse_args(arguments)
    made = files()
    if options.check:
        wrong = [n for n, b in made.items() if not (options.out / n).is_file() or (options.out / n).read_bytes() != b]
        for name in wrong:
            print(f"{options.out / name}: not what this script writes; run it without --check", file=sys.stderr)
        return 1 if wrong else 0
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (options.out / name).write_bytes(content)
        n_lines = content.count(b"\n")
        print(f"{options.out / name}: {n_lines:,} lines, {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
