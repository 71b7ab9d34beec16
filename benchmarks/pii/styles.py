"""Score the scanner on texts in many styles and languages, written by hand (styles_tune.txt, styles_held.txt).

    python -m benchmarks.pii.styles [--held] [--errors] [--region US] [--write DIR]
    python -m benchmarks.pii.styles --set names_held.txt --names
    python -m benchmarks.pii.styles --set fresh_held.txt --everything
    python -m benchmarks.pii.styles --set rare_held.txt --run

Names, places, organisations and addresses have sets of their own, in six languages (`--names`); `fresh_*.txt` have all
types in fourteen (`--everything`); `rare_*.txt` are chats, reviews, mails, news and forms of twelve languages, in most of
which nobody is named (`--run`); half of the lines of `broad_*.txt` only look like personal data. `daily_*.txt` (English)
and `tongues_*.txt` (sixteen languages) are messages, logs and code, and `alike_*.txt` hold nothing but look-alikes
(`--run`). `commands_*.txt` are command lines, notes of access data, tables and SQL, with look-alikes, and `public_*.txt`
imitate public sets: court decisions, clinical notes, resumes, mails, templates, dumps (`--run`). `desks_*.txt` are
transcripts of support, forms of personnel offices, police reports, discharge letters, labels of parcels and letters of
schools in fourteen languages (`--run`). `fields_*.txt` are what people say of themselves (telephone, identity number,
passport, account, birth, password) in some fifty languages, and the same words about prices and orders. `strange_*.txt`
are templates like those of synthetic sets, chats, clinical notes, letters, forums, logs, tables, messages with codes, firms
and people in foreign prose, in 28 languages with look-alikes (`--everything`); `strange_more.txt` words the same anew.
`unseen_*.txt` are courts, crews, genealogies, exports of chats, traces, dumps, statements, HL7, logs, travel documents and
chats in fifty languages, half of them look-alikes (`--run`). The texts are scanned as one column; a finding that is not
marked is wrong.
`--write` leaves the sets as JSON lines for `curate pii-eval`.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pyarrow as pa

from audit.pii_eval import Gold, GoldSpan, map_types, score
from audit.pii_eval.render import table
from benchmarks.pii.use_curate import STRUCTURED
from curate.privacy import ScanConfig, scan
from curate.privacy.types import NAMED
from curate.stages.pii_names import PERSONAL

HERE = Path(__file__).parent
_MARK = re.compile(r"\[\[([A-Z_]+)\|(.*?)\]\]", re.DOTALL)


def read(name: str) -> Gold:
    """A marked file as a gold set."""
    gold = Gold("curate")
    for line in (HERE / name).read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith("# "):
            continue
        line, text, edge = line.replace("⏎", "\n"), "", 0
        row = gold.add("")
        for mark in _MARK.finditer(line):
            text += line[edge : mark.start()]
            gold.spans.append(GoldSpan(row, len(text), len(text) + len(mark[2]), mark[1]))
            text, edge = text + mark[2], mark.end()
        gold.texts[row] = text + line[edge:]
    return gold


def found(texts: list[str], region: str, types: tuple[str, ...] = STRUCTURED) -> list[GoldSpan]:
    spans = scan(pa.array(texts, pa.large_string()), ScanConfig(types=types, default_region=region))
    return [GoldSpan(*s) for s in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--set", help="another file of this folder")
    parser.add_argument("--names", action="store_true", help="look for names, places, organisations and addresses instead")
    parser.add_argument("--everything", action="store_true", help="look for every type")
    parser.add_argument("--run", action="store_true", help="look for what a run looks for: no places, no organisations")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--region", default="US")
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    name = args.set or ("styles_held.txt" if args.held else "styles_tune.txt")
    gold = read(name)
    if args.write:
        args.write.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"text": text, "spans": [
            {"start": s.start, "end": s.end, "type": s.type} for s in gold.spans if s.row == row]}, ensure_ascii=False)
            for row, text in enumerate(gold.texts)]  # fmt: skip
        (args.write / name.replace(".txt", ".jsonl")).write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = (*STRUCTURED, *NAMED) if args.everything else NAMED if args.names else STRUCTURED
    if args.run:
        asked = (*STRUCTURED, *PERSONAL)
    ours = found(gold.texts, args.region, asked)
    types = map_types(gold.types(), asked, {kind: kind for kind in gold.types()} if args.names or args.run else {})
    for line in table(score(gold, ours, types)):
        print(line)
    if args.errors:
        truth = set(gold.spans)
        for title, left, right in (("missed or cut", gold.spans, set(ours)), ("wrong or cut", ours, truth)):
            print(title)
            for s in left:
                if s not in right:
                    text = gold.texts[s.row]
                    print("  ", s.type, "|", text[s.start : s.end], "|", text.replace("\n", "⏎"))


if __name__ == "__main__":
    main()
