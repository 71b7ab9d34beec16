"""Writes what `make demo` printed into `docs/demo.md`, and its verdict and score card into the README.

    make demo > demo.txt 2>&1 && python docs/demo_page.py demo.txt

Where the files lie and how long it took go to standard error, so both streams are kept.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
PAGE = """# The demo

`make demo` on `sample_data/support_tickets.jsonl` (4,005 invented tickets; what is wrong with them was planted and is
written down beside them) prints this on two cores. The same run is in `runs/demo/report.html`, one file without remote
parts.

```
{said}
```
"""
BEGIN = r"^[\d,]+ rows in, "
PARTS = (
    (BEGIN, r"^(Disparity|Differences in accuracy)"),
    (r"^Against what was planted", r"^  credit_card "),
    (r"^\d.* in all; ", r"\Z"),
)
"""Beginning and end (left out) of what the README shows: the verdict, the score card without its notes, the time."""
NOTES = r"^(.{20} +\d+ +\d+ +[\d.]+ +[\d.]+)  .*"


def excerpt(said: str) -> str:
    """The parts of the output that the README shows, with a line of dots for what is left out."""
    shown = []
    for begin, end in PARTS:
        start = re.search(begin, said, re.M)
        if start is None:
            raise SystemExit(f"the output has no line like {begin}")
        stop = re.compile(end, re.M).search(said, start.end())
        part = said[start.start() : stop.start() if stop else None].strip("\n")
        shown.append(re.sub(NOTES, r"\1", part, flags=re.M))
    return "\n\n[…]\n\n".join(shown)


def main(path: str) -> None:
    """Write both files from the output in `path`; what was narrated before the result is left out."""
    lines = [line.rstrip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    first = next(n for n, line in enumerate(lines) if re.match(BEGIN, line))
    said = "\n".join(lines[first:])
    shown = excerpt(said)  # before anything is written: an output that lacks a part leaves both files alone
    (HOME / "docs" / "demo.md").write_text(PAGE.format(said=said), encoding="utf-8")
    readme = HOME / "README.md"
    head, _, rest = readme.read_text(encoding="utf-8").partition("<!-- demo -->")
    tail = rest.partition("<!-- /demo -->")[2]
    readme.write_text(f"{head}<!-- demo -->\n```\n{shown}\n```\n<!-- /demo -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="demo.txt")
    main(parser.parse_args().path)
