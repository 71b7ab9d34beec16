"""Text quality: speed, faults planted into sound rows, pairs of a worse and a better answer, and flags judged by reading.

    python -m benchmarks.bench_quality [speed|plants|pairs|verdicts|slipped|exchanged|speakers]

Data: raw instructions (9,229), an instruction set with longer answers to some of the same prompts, preference pairs, prose.
`speed`: processor time of one thread, the language detector with and without, beside Arrow counting characters. `plants`:
one fault in a hundredth of the rows that no rule marks (so this says nothing of precision); recall is the share found by
the rule meant, false marks are rows without a plant that the plants made this rule mark. `pairs`: how often the better
answer scores higher (ties half); for damages, the row before it was damaged. `verdicts`:
`benchmarks/quality/alpaca_verdicts.csv`, written by a reader: for every flag right, arguable or wrong; for rows that no
rule marks, drawn by a seed, sound or what is wrong with them; `other_verdicts.csv` the same of six other sets, judged
before a rule was changed for them. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.parts import command, with_parts
from benchmarks.quality.pairs import DATA, Row, read
from curate.quality import Pieces, QualityConfig, judge, overall, prepare
from curate.statistics import wilson

VERDICTS = Path(__file__).parent / "quality" / "alpaca_verdicts.csv"
OTHERS = Path(__file__).parent / "quality" / "other_verdicts.csv"


def strings(texts: list[str]) -> pa.LargeStringArray:
    """A column of texts."""
    return pa.array(texts, pa.large_string())


def pieces(rows: list[Row]) -> Pieces:
    """Instructions as the stage reads them."""
    parts = tuple(strings([row[name] for row in rows]) for name in ("instruction", "input"))
    prompts = strings(["\n".join(filter(None, (row["instruction"], row["input"]))) for row in rows])
    return Pieces(strings([row["output"] for row in rows]), np.arange(len(rows)), prompts, parts)


def marks(rows: list[Row]) -> tuple[dict[str, set[int]], np.ndarray]:
    """(rows that each rule marks, quality of each row)."""
    measured, _ = prepare(pieces(rows))
    found = judge(measured, QualityConfig())
    by_rule: dict[str, set[int]] = {}
    for one in found:
        by_rule.setdefault(one.rule, set()).update(one.at.tolist())
    return by_rule, overall.with_faults(overall.answers(measured), found, measured.features["words"])


def share_of(hits: int, of: int) -> str:
    """A share with its 95% interval (Wilson)."""
    if not of:
        return "none"
    low, high = wilson(hits, of)
    return f"{hits}/{of} = {hits / of:.2f} [{low:.2f}, {high:.2f}]"


def speed() -> None:
    """Megabytes a second of one thread."""
    prose = pq.read_table(DATA / "wiki" / "articles.parquet")["text"].combine_chunks().cast(pa.large_string())
    rows = read("alpaca/random_9k.json.gz") * 10
    for name, given in (("prose", Pieces(prose, np.arange(len(prose)))), ("instructions", pieces(rows))):
        size = (given.texts.nbytes + (0 if given.prompts is None else given.prompts.nbytes)) / 1e6
        head = Pieces(*(None if v is None else v[:400] for v in (given.texts, given.row, given.prompts)))
        _scored(head, QualityConfig())  # compiled before the clock starts
        floor = _seconds(lambda given=given: pc.utf8_length(given.texts))
        cheap = _seconds(lambda given=given: _scored(given, QualityConfig(language="off")))
        whole = _seconds(lambda given=given: _scored(given, QualityConfig()))
        told = f"{name}: {size:.0f} MB, cheap rules {size / cheap:.0f} MB/s, with languages {size / whole:.0f} MB/s"
        print(f"{told}; Arrow counts their characters in 1/{cheap / floor:.0f} of the time")
    web = QualityConfig(language="off", web="all")
    took = _seconds(lambda: _scored(Pieces(prose, np.arange(len(prose))), web))
    print(f"prose with the heuristics for pages: {prose.nbytes / 1e6 / took:.0f} MB/s")


def _scored(given: Pieces, config: QualityConfig) -> Any:
    """All that the stage asks of the engine: counts, rules and the score."""
    measured, _ = prepare(given)
    found = judge(measured, config)
    return overall.with_faults(overall.answers(measured), found, measured.features["words"])


def _seconds(work: Callable[[], Any]) -> float:
    best = np.inf
    for _ in range(2):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return float(best)


def _cut(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: max(9, int(len(words) * rng.uniform(0.5, 0.9)))])


def _end(text: str, words: int) -> str:
    return " " + " ".join(text.split()[-words:])


PLANTS: dict[str, Callable[[Row, random.Random], Row]] = {
    "empty": lambda r, g: r | {"output": g.choice(["", " ", "\n\n"])},
    "placeholder": lambda r, g: r | {"output": g.choice(["N/A", "<nooutput>", "TODO", "null", "..."])},
    "cut_off": lambda r, g: r | {"output": _cut(r["output"], g)},
    "broken_fence": lambda r, g: r | {"output": r["output"] + "\n\n```python\nprint(1)\n"},
    "broken_json": lambda r, g: r | {"output": json.dumps({"answer": r["output"]})[: -g.randint(2, 12)]},
    "repetition_loop": lambda r, g: r | {"output": r["output"] + _end(r["output"], g.randint(1, 9)) * 30},
    "refusal": lambda r, g: r | {"output": g.choice([
        "I'm sorry, but I cannot help with that request.", "I am unable to provide an answer to this question.",
        "Leider kann ich diese Frage nicht beantworten.", "Lo siento, pero no puedo responder a eso.",
        "很抱歉，我无法回答这个问题。", "Unfortunately, I can't do that."])},
    "as_an_ai": lambda r, g: r | {"output": g.choice(
        ["As an AI language model, ", "Being honest, I'm just an AI. "]) + r["output"]},
    "runs_on": lambda r, g: r | {"output": r["output"] + "\n\n### Instruction:\nName a color.\n\n### Response:\nBlue."},
    "prompt_echoed": lambda r, g: r | {"output": r["instruction"]},
    "wrong_language": lambda r, g: r | {"output": g.choice([
        "Das ist eine gute Frage, und die Antwort hängt davon ab, wie viel Zeit man dafür hat.",
        "C'est une bonne question, et la réponse dépend du temps dont on dispose pour la traiter.",
        "Это хороший вопрос, и ответ зависит от того, сколько времени у вас есть.",
        "这是一个很好的问题，答案取决于你有多少时间来做这件事。"])},
    "garbled": lambda r, g: r | {"output": r["output"].replace("e", "\u00c3\u00a9", 2).replace(" ", " \ufffd", 1)},
    "template_leftover": lambda r, g: r | {"output": r["output"] + g.choice(
        [" {{signature}}", " [INSERT LINK]", " <your name>"])},
    "unrelated": lambda r, g: r | {"output": g.choice(_OTHERS)},
}  # fmt: skip
_OTHERS: list[str] = []


def plants() -> None:
    """Faults of one kind among sound rows."""
    rows = read("alpaca/random_9k.json.gz")
    marked = set().union(*marks(rows)[0].values())
    sound = [r for i, r in enumerate(rows) if i not in marked and len(r["output"].split()) >= 12]
    _OTHERS[:] = [r["output"] for r in sound]
    print(f"{len(sound)} rows; rule, planted and found, false marks among the others")
    for rule, plant in PLANTS.items():
        rng = random.Random(rule)
        at = set(rng.sample(range(len(sound)), 90))
        found = marks([plant(r, rng) if i in at else r for i, r in enumerate(sound)])[0].get(rule, set())
        print(f"{rule:18} {share_of(len(found & at), len(at)):28} {len(found - at)}")


def pairs() -> None:
    """The better of two scores higher, by kind (`benchmarks/quality/fit_score.py` fits the weights to such pairs)."""
    from benchmarks.quality.fit_score import apart, measure

    measure()
    apart()


def verdicts() -> None:
    """What a reader said of flags and of rows without one: as judged then, and what of it this version still says."""
    judged = _judged(VERDICTS)
    now = marks(read("alpaca/random_9k.json.gz"))[0]
    found = {(rule, row) for rule, of in now.items() for row in of}
    flags = {(row["rule"], int(row["row"])): row["verdict"] for row in judged if row["rule"]}
    print(f"raw instructions: {len(flags)} judged; given now {len(found)}, {len(found & set(flags))} of them judged")
    for rule in sorted({rule for rule, _ in flags}):
        _tell_of(rule, {key: verdict for key, verdict in flags.items() if key[0] == rule}, found)
    _tell_of("all", flags, found)
    rest = {int(row["row"]): row["verdict"] for row in judged if not row["rule"] and row["draw"] == "2"}
    bad = {row: verdict for row, verdict in rest.items() if verdict != "sound"}
    since = sorted(bad[row] for row in bad if row in {row for _, row in found})
    print(f"rows without a flag, second draw: bad {share_of(len(bad), len(rest))} {dict(Counter(bad.values()))}")
    print(f"found since: {since}")
    others = {(row["data"], row["rule"], int(row["row"])): row["verdict"] for row in _judged(OTHERS)}
    by_set = {name: marks(rows)[0] for name, rows in other_data().items()}
    found_there = {(name, rule, row) for name, by_rule in by_set.items() for rule, of in by_rule.items() for row in of}
    print("other data, judged before any rule was changed for it:")
    for rule in sorted({rule for _, rule, _ in others}):
        _tell_of(rule, {key: verdict for key, verdict in others.items() if key[1] == rule}, found_there)
    _tell_of("all", others, found_there)


def _judged(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _tell_of(rule: str, flags: dict[Any, str], found: set[Any]) -> None:
    """Precision as judged, and of those flags that are still given."""
    count, left = Counter(flags.values()), Counter(verdict for key, verdict in flags.items() if key in found)
    kept = f"right {share_of(left['right'], left.total())}" if left else "none given now"
    print(f"{rule:18} right {share_of(count['right'], count.total()):28} of those given now: {kept}")


def other_data() -> dict[str, list[Row]]:
    """The other sets whose flags were judged."""
    pairs = read("chat_formats/dpo_en_demo.json.gz")
    asked = [" ".join(turn["value"] for turn in row["conversations"]) for row in pairs]
    turns = [row["messages"] for row in read("chat_formats/kto_en_demo.json.gz")]
    with gzip.open(DATA / "gsm8k" / "train.jsonl.gz") as file:
        maths = [json.loads(line) for line in file]
    both = {side: [_row(p, r[side]["value"]) for p, r in zip(asked, pairs, strict=True)] for side in ("chosen", "rejected")}
    return both | {
        "larger_model": read("chat_formats/alpaca_en_demo.json.gz"),
        "unpaired_preference": [_row(t[-2]["content"], t[-1]["content"]) for t in turns],
        "school_maths": [_row(row["question"], row["answer"]) for row in maths],
        "tool_calls": read("near_duplicates/toolformer-dedupe-only-dataset.json.gz"),
    }


def _row(prompt: str, answer: str) -> Row:
    return {"instruction": prompt, "input": "", "output": answer}


if __name__ == "__main__":
    from benchmarks.quality.exchanged import exchanged
    from benchmarks.quality.slipped import slipped
    from benchmarks.quality.speakers import speakers

    parts = {one.__name__: one for one in (speed, plants, pairs, verdicts, slipped, exchanged, speakers)}
    for part in with_parts(command(__doc__), parts).parts:
        print(f"== {part}")
        parts[part]()
