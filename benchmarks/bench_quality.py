"""Text quality: speed, faults planted into sound rows, pairs of a worse and a better answer, and flags judged by reading.

Run: python -m benchmarks.bench_quality            (all; about a minute)
     python -m benchmarks.bench_quality speed      (or plants, pairs, verdicts)

Data: raw instructions (9,229), an instruction set with longer answers to some of the same prompts, preference pairs, prose.
`speed`: processor time of one thread, the language detector with and without, beside Arrow counting characters. `plants`:
one fault in a hundredth of the rows that no rule marks (so this says nothing of precision); recall is the share found by
the rule meant, false marks are rows without a plant that the plants made this rule mark. `pairs`: how often the better
answer scores higher (ties half); for damages, the row before it was damaged. `verdicts`:
`benchmarks/quality/alpaca_verdicts.csv`, written by a reader: for every flag right, arguable or wrong; for rows that no
rule marks, drawn by a seed, sound or what is wrong with them. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.quality import Pieces, QualityConfig, judge, overall, prepare

DATA = Path(__file__).parents[2] / "shared" / "data"
VERDICTS = Path(__file__).parent / "quality" / "alpaca_verdicts.csv"
Row = dict[str, str]


def read(name: str) -> list[Any]:
    """A gzipped JSON list of the shared data."""
    with gzip.open(DATA / name) as file:
        found: list[Any] = json.load(file)
    return found


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
    return by_rule, overall.with_faults(overall.answers(measured), found)


def wilson(hits: int, of: int) -> str:
    """A share with its interval."""
    if not of:
        return "none"
    z, p = 1.96, hits / of
    mid, half = p + z * z / (2 * of), z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    low, high = (mid - half) / (1 + z * z / of), (mid + half) / (1 + z * z / of)
    return f"{hits}/{of} = {p:.2f} [{low:.2f}, {high:.2f}]"


def speed() -> None:
    """Megabytes a second of one thread."""
    prose = pq.read_table(DATA / "wiki" / "articles.parquet")["text"].combine_chunks().cast(pa.large_string())
    rows = read("alpaca/random_9k.json.gz") * 10
    for name, given in (("prose", Pieces(prose, np.arange(len(prose)))), ("instructions", pieces(rows))):
        size = (given.texts.nbytes + (0 if given.prompts is None else given.prompts.nbytes)) / 1e6
        head = Pieces(*(None if v is None else v[:50] for v in (given.texts, given.row, given.prompts)))
        judge(prepare(head)[0], QualityConfig())  # compiled before the clock starts
        floor = _seconds(lambda given=given: pc.utf8_length(given.texts))
        cheap = _seconds(lambda given=given: judge(prepare(given)[0], QualityConfig(language="off")))
        whole = _seconds(lambda given=given: judge(prepare(given)[0], QualityConfig()))
        told = f"{name}: {size:.0f} MB, cheap rules {size / cheap:.0f} MB/s, with languages {size / whole:.0f} MB/s"
        print(f"{told}; Arrow counts their characters in 1/{cheap / floor:.0f} of the time")
    web = QualityConfig(language="off", web="all")
    took = _seconds(lambda: judge(prepare(Pieces(prose, np.arange(len(prose))))[0], web))
    print(f"prose with the heuristics for pages: {prose.nbytes / 1e6 / took:.0f} MB/s")


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
        print(f"{rule:18} {wilson(len(found & at), len(at)):28} {len(found - at)}")


def _typos(text: str, rng: random.Random) -> str:
    letters = list(text)
    for i in range(len(letters) - 1):
        if rng.random() < 0.03 and letters[i].isalpha() and letters[i + 1].isalpha():
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


DAMAGES: dict[str, Callable[[str, random.Random], str]] = {
    "cut at 70 %": lambda t, g: " ".join(t.split()[: max(3, int(len(t.split()) * 0.7))]),
    "first sentence only": lambda t, g: t.split(". ")[0] + ".",
    "lower case": lambda t, g: t.lower(),
    "no punctuation": lambda t, g: "".join(c for c in t if c not in ".,!?"),
    "one paragraph": lambda t, g: " ".join(t.split()),
    "slips in 3 % of letters": _typos,
}


def pairs() -> None:
    """The better of two scores higher."""
    raw = read("alpaca/random_9k.json.gz")
    known = {(r["instruction"].strip(), r["input"].strip()): r for r in raw}
    other = {(r["instruction"].strip(), r["input"].strip()): r for r in read("chat_formats/alpaca_en_demo.json.gz")}
    longer = [(known[k], r) for k, r in other.items() if k in known and known[k]["output"] != r["output"]]
    _tell("raw answers and those of a larger model", [a for a, _ in longer], [b for _, b in longer])
    dpo = read("chat_formats/dpo_en_demo.json.gz")
    prompt = [" ".join(t["value"] for t in r["conversations"]) for r in dpo]
    both = [[{"instruction": p, "input": "", "output": r[side]["value"]} for p, r in zip(prompt, dpo)]
            for side in ("rejected", "chosen")]  # fmt: skip
    _tell("rejected and chosen answers", *both)
    sound = [r for r in raw if len(r["output"].split()) > 30][:2000]
    for name, damage in DAMAGES.items():
        rng = random.Random(0)
        bad = [r | {"output": damage(r["output"], rng)} for r in sound]
        changed = [i for i, r in enumerate(bad) if r["output"] != sound[i]["output"]]
        _tell(name, [bad[i] for i in changed], [sound[i] for i in changed])
    rng = random.Random(0)
    answers = [r["output"] for r in sound]
    rng.shuffle(answers)
    _tell("the answer of another row", [r | {"output": o} for r, o in zip(sound, answers)], sound)


def _tell(name: str, worse: list[Row], better: list[Row]) -> None:
    score = marks(worse + better)[1]
    a, b = score[: len(worse)], score[len(worse) :]
    size = [np.array([len(r["output"]) for r in rows]) for rows in (worse, better)]
    more = size[1] > size[0]
    wins = (b > a) + 0.5 * (b == a)
    kinds = [f"{kind} {wins[mask].mean():.3f} of {mask.sum()}"
             for kind, mask in (("longer", more), ("not longer", ~more)) if mask.any()]  # fmt: skip
    told = f"{name:42} {wins.mean():.3f} of {len(worse)}; by length alone {more.mean():.3f}"
    print(f"{told}; where it is {', '.join(kinds)}")


def verdicts() -> None:
    """What a reader said of flags and of rows without one."""
    with VERDICTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    count = Counter((row["rule"], row["verdict"]) for row in rows)
    rules = sorted({row["rule"] for row in rows if row["rule"]})
    now = marks(read("alpaca/random_9k.json.gz"))[0]
    judged = {(row["rule"], int(row["row"])) for row in rows if row["rule"]}
    found = {(rule, row) for rule, of in now.items() for row in of}
    print(f"flags judged {len(judged)}; this version gives {len(found)}, {len(judged & found)} of them judged")
    for rule in rules:
        right, wrong, arguable = (count[rule, verdict] for verdict in ("right", "wrong", "arguable"))
        print(f"{rule:18} right {wilson(right, right + wrong + arguable):28} arguable {arguable:3} wrong {wrong}")
    right = sum(n for (rule, verdict), n in count.items() if rule and verdict == "right")
    print(f"{'all':18} right {wilson(right, len(judged))}")
    rest = {verdict: n for (rule, verdict), n in count.items() if not rule}
    n = sum(rest.values())
    print(f"rows without a flag: {n}, {rest}; bad: {wilson(n - rest['sound'], n)}")


if __name__ == "__main__":
    for part in sys.argv[1:] or ("speed", "plants", "pairs", "verdicts"):
        print(f"== {part}")
        {"speed": speed, "plants": plants, "pairs": pairs, "verdicts": verdicts}[part]()
