"""Train the names model again: `python -m curate.privacy.names.build --data DIR` writes `model.npz` beside this file.

DIR holds `ner/` (annotated tweets, CoNLL), `wiki/articles.parquet` (title, text) and `presidio_synth/`; docs/names-model.md
says where they come from. Trained twice: once without the tweets and templates that calibrate the scores, once on
everything; each time the mean of five trainings. BTC section g, the odd templates of presidio_synth and the locales of
`lists.HELD_OUT` are never read here. Needs Faker and scikit-learn. About ten minutes on one core, 3 GB of memory; the
same input gives the same file on one machine and lockfile.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression

from curate.privacy.column import block
from curate.privacy.names.find import marks
from curate.privacy.names.labels import LABELS, TYPES
from curate.privacy.names.model import PATH, lexicon_table, load, save
from curate.privacy.names.training import clusters, corpus, texts, train
from curate.privacy.names.training.abroad import Abroad
from curate.privacy.names.training.lexicon import lexicon

SEEDS = (1, 11, 21, 31, 41)
"""One training finds names that another of other draws does not, at the edge; their mean is that of no single draw."""
BITS = 20
SYNTHETIC, ABROAD, NAMELESS, WIKI_SHARE = 60_000, 34_000, 8_000, 0.03
PASSES, RATE, DECAY = 7, 0.2, 0.01
TWEETS = ("btc_a", "btc_b", "btc_f", "btc_e", "wnut17_train")
HELD_BACK = 3
"""Every so many tweets calibrate the scores: a tenth of them left the calibration to chance, and with it the recall of
names that no list holds."""
_GOLD = {"PERSON": 0, "LOCATION": 1, "GPE": 1, "ORGANIZATION": 2, "STREET_ADDRESS": 3, "ADDRESS": 3}


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
    every = [text for name in TWEETS for text in texts.conll(folder / f"{name}.conll")]
    return [text for n, text in enumerate(every) if n % HELD_BACK], every[::HELD_BACK]


def corpus_of(
    articles: list[tuple[str, str]], annotated: list[texts.Text], source: Path, seed: int
) -> list[tuple[texts.Text, int]]:
    """All training texts with the classes of their columns."""
    writer = texts.Writer(seed)
    draw = random.Random(seed + 1)
    out = [writer.example() for _ in range(SYNTHETIC)]
    abroad = Abroad(writer)
    out += [(abroad.text(), 0) for _ in range(ABROAD)]
    out += [(text, 0) for text in annotated] * 2
    out += [(texts.cased(*text, draw.random()), 0) for text in annotated]
    out += [(text, 0) for text in corpus.encyclopaedia(articles, seed + 2, WIKI_SHARE)]
    out += [(text, 0) for text in corpus.sentences(articles, seed + 3, NAMELESS)]
    out += [(text, 0) for text in corpus.code(source)]
    return out


def trained(
    articles: list[tuple[str, str]], annotated: list[texts.Text], source: Path, keys: npt.NDArray[np.uint32],
    values: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:  # fmt: skip
    """Weights and transitions: the mean of several trainings, each on texts drawn anew."""
    weights, step = np.zeros((1 << BITS, LABELS), np.float32), np.zeros((LABELS, LABELS))
    for seed in SEEDS:
        made = corpus_of(articles, annotated, source, seed)
        examples = train.examples(made, keys, values, BITS, seed + 4)
        print(f"{len(examples.rows):,} active tokens", flush=True)
        one, one_step = train.fit(examples, BITS, PASSES, RATE, DECAY, seed + 5, verbose=True)
        weights += one / len(SEEDS)
        step += one_step / len(SEEDS)
    return weights, step


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
    parser.add_argument(
        "--source", type=Path, default=Path(__file__).resolve().parents[3],
        help="a tree of this project, whose code is read as text without names: another commit's makes another model",
    )  # fmt: skip
    args = parser.parse_args()
    table = pq.read_table(args.data / "wiki" / "articles.parquet")
    articles = list(zip(table["title"].to_pylist(), table["text"].to_pylist()))
    words, entries = lexicon(clusters.cluster([text for _, text in articles]), articles)
    print(f"lexicon: {len(words):,} words", flush=True)
    keys, values = lexicon_table(words, entries)
    first, back = tweets(args.data / "ner")
    fit = np.tile([1.0, 0.0], (len(TYPES), 1))
    for annotated, final in ((first, False), (first + back, True)):
        weights, step = trained(articles, annotated, args.source, keys, values)
        if final:
            save(args.out, weights, step, words, entries, fit)
        else:
            with tempfile.TemporaryDirectory() as folder:
                trial = Path(folder) / "trial.npz"
                save(trial, weights, step, words, entries, fit)
                fit = calibrate(trial, back + templates_for_tuning(args.data / "presidio_synth"))
                print("calibration", fit.round(3).tolist(), flush=True)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
