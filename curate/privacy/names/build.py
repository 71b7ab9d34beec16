"""Train the names model again: `python -m curate.privacy.names.build --data DIR` writes `model.npz` beside this file.

DIR holds `ner/` (annotated tweets, CoNLL), `wiki/articles.parquet` (title, text) and `presidio_synth/`; docs/names-model.md
says where they come from. Two trainings: one without the tweets and templates that calibrate the scores, one on
everything. BTC section g, the odd templates of presidio_synth and the locales of `lists.HELD_OUT` are never read here.
Needs Faker and scikit-learn. About ten minutes on one core, 3 GB of memory; the same input gives the same file on one
machine and lockfile.

`--abroad` builds the model for texts in other languages, which is not the one that ships (docs/names-model.md says why):
the texts of `training/abroad.py` as well, more made-up names, features in order and the reading mode with the language.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression

from curate.privacy.column import block
from curate.privacy.names.find import marks
from curate.privacy.names.labels import TYPES
from curate.privacy.names.model import LEAST, PATH, lexicon_table, load, save
from curate.privacy.names.training import clusters, corpus, texts, train
from curate.privacy.names.training.abroad import Abroad
from curate.privacy.names.training.fill import MADE_UP
from curate.privacy.names.training.lexicon import lexicon

SEED = 1
BITS = 20
SYNTHETIC, NAMELESS, WIKI_SHARE = 60_000, 8_000, 0.03
ABROAD = 20_000
"""Texts in other languages, with `--abroad`."""
PASSES, RATE, DECAY = 7, 0.2, 0.01
TWEETS = ("btc_a", "btc_b", "btc_f", "btc_e")
CALIBRATION = ("btc_e",)
_GOLD = {"PERSON": 0, "LOCATION": 1, "GPE": 1, "ORGANIZATION": 2, "STREET_ADDRESS": 3, "ADDRESS": 3}


@dataclass(frozen=True)
class Plan:
    """What differs between the two models."""

    abroad: bool = False
    bits: int = BITS
    made_up: float = MADE_UP
    coined: float = 0.0
    hide: float = 0.35
    fewest: int = 2
    least: int = LEAST


SHIPPED, OF_ABROAD = Plan(), Plan(True, 21, 0.2, 0.4, 0.5, 3, 4)


def templates_for_tuning(folder: Path) -> list[texts.Text]:
    """The gold texts of even template ids."""
    out: list[texts.Text] = []
    for name in ("generated_large.json", "synth_dataset_v2.json"):
        for record in json.loads((folder / name).read_text(encoding="utf-8")):
            if int(record["template_id"]) % 2 == 0:
                spans = [(s["start_position"], s["end_position"], _GOLD[s["entity_type"]])
                         for s in record["spans"] if s["entity_type"] in _GOLD]  # fmt: skip
                out.append((record["full_text"], spans))
    return out


def tweets(folder: Path) -> tuple[list[texts.Text], list[texts.Text]]:
    """Tweets to train on in the first training, and those held back for calibration."""
    own = [text for name in TWEETS if name not in CALIBRATION for text in texts.conll(folder / f"{name}.conll")]
    others = list(texts.conll(folder / "wnut17_train.conll"))
    back = [text for name in CALIBRATION for text in texts.conll(folder / f"{name}.conll")]
    return own + [t for i, t in enumerate(others) if i % 5], back + others[::5]


def corpus_of(
    data: Path, articles: list[tuple[str, str]], annotated: list[texts.Text], plan: Plan
) -> list[tuple[texts.Text, int]]:
    """All training texts with the classes of their columns."""
    writer = texts.Writer(SEED)
    draw = random.Random(SEED + 1)
    writer.filler.made_up, writer.filler.coined = plan.made_up, plan.coined
    out = [writer.example() for _ in range(SYNTHETIC)]
    if plan.abroad:
        abroad = Abroad(writer)
        out += [(abroad.text(), 0) for _ in range(ABROAD)]
    out += [(text, 0) for text in annotated] * 2
    out += [(texts.cased(*text, draw.random()), 0) for text in annotated]
    out += [(text, 0) for text in corpus.encyclopaedia(articles, SEED + 2, WIKI_SHARE)]
    out += [(text, 0) for text in corpus.sentences(articles, SEED + 3, NAMELESS)]
    out += [(text, 0) for text in corpus.code(Path(__file__).resolve().parents[3])]
    return out


def calibrate(path: Path, gold: list[texts.Text]) -> npt.NDArray[np.float64]:
    """Slope and intercept of the log-odds for each type: how often a span with this score touches a true one."""
    found, sure = marks(block(pa.array([text for text, _ in gold], pa.large_string())), load(path))
    out = np.tile([1.0, 0.0], (len(TYPES), 1))
    starts = np.cumsum([0] + [len(text.encode("utf-8", "replace")) for text, _ in gold])
    for kind in range(len(TYPES)):
        true: dict[int, list[tuple[int, int]]] = {}
        for row, (text, spans) in enumerate(gold):
            place = [int(starts[row]) + len(text[:edge].encode("utf-8", "replace")) for a, b, _ in spans for edge in (a, b)]
            true[row] = [(place[2 * i], place[2 * i + 1]) for i, span in enumerate(spans) if span[2] == kind]
        mine = found[:, 3] == kind
        right = np.array([any(a < e and s < b for s, e in true[r]) for r, a, b, _ in found[mine].tolist()])
        if 20 < right.sum() < len(right) - 20:
            p = np.clip(sure[mine], 1e-6, 1 - 1e-6)
            fit = LogisticRegression(C=10.0).fit(np.log(p / (1 - p)).reshape(-1, 1), right)
            out[kind] = max(0.1, float(fit.coef_[0, 0])), float(fit.intercept_[0])
    return out


def main() -> None:
    """Train twice and write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with ner/, wiki/ and presidio_synth/")
    parser.add_argument("--out", type=Path, default=PATH)
    parser.add_argument("--abroad", action="store_true", help="the model for texts in other languages; give it an --out")
    args = parser.parse_args()
    if args.abroad and args.out == PATH:
        parser.error("--abroad needs an --out of its own: the model that ships is another one")
    plan = OF_ABROAD if args.abroad else SHIPPED
    table = pq.read_table(args.data / "wiki" / "articles.parquet")
    articles = list(zip(table["title"].to_pylist(), table["text"].to_pylist()))
    words, entries = lexicon(clusters.cluster([text for _, text in articles]), articles)
    print(f"lexicon: {len(words):,} words", flush=True)
    keys, values = lexicon_table(words, entries)
    first, back = tweets(args.data / "ner")
    fit = np.tile([1.0, 0.0], (len(TYPES), 1))
    for annotated, final in ((first, False), (first + back, True)):
        made = corpus_of(args.data, articles, annotated, plan)
        examples = train.examples(made, keys, values, plan.bits, SEED + 4, plan.hide, plan.abroad)
        print(f"{len(examples.rows):,} active tokens", flush=True)
        weights, step = train.fit(examples, plan.bits, PASSES, RATE, DECAY, SEED + 5, verbose=True, fewest=plan.fewest)
        if final:
            save(args.out, weights, step, words, entries, fit, plan.least, plan.abroad)
        else:
            with tempfile.TemporaryDirectory() as folder:
                trial = Path(folder) / "trial.npz"
                save(trial, weights, step, words, entries, fit, plan.least, plan.abroad)
                fit = calibrate(trial, back + templates_for_tuning(args.data / "presidio_synth"))
                print("calibration", fit.round(3).tolist(), flush=True)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
