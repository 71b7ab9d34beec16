"""Memorisation: what models recite of planted secrets, in raw against scrubbed arms.

Two kinds of arms of models that write: raw rows with canaries, and the same rows with everything scrubbed by one operator,
canaries included (for labelled texts the models learn the texts themselves: a classifier recites nothing). All else is
equal, so what scrubbing takes away is the difference in exposure. The scanner may miss a canary; it then stays, as the real
value would, and the share that it found is told.

Statements: mean exposure by arm, place and frequency with its interval over canaries and seeds; a randomisation test of
each against chance; the rise with frequency (bits a doubling); what scrubbing takes away. One family of questions for Holm.
Exposures are kept beside each run (numbers only), so a killed measurement goes on; the adapters, which may know a secret
that looks real, are deleted when they have been asked. Needs torch.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from curate.dataset.atomic import make_private_dir
from curate.words import rough_duration
from train.ablation.arms import Arm
from train.ablation.beyond.canaries import Canary, as_text, make_canaries, planted, strings_of, with_texts
from train.ablation.beyond.contrast import Answer, answer, contrast, corrected
from train.ablation.beyond.exposure import CHANCE_BITS, Question, bits, chance_p, score_candidates
from train.ablation.beyond.memorised import memorised_spans
from train.ablation.beyond.result import ExposureCell, MemorisedSpan, Memory
from train.ablation.beyond.wish import OPERATORS, Wish
from train.ablation.evaluation import Evaluation
from train.ablation.matrix import Matrix
from train.ablation.span import Span
from train.ablation.verdict import HELPED
from train.adapters import LoadedAdapter, load_adapter
from train.config import TrainConfig
from train.encoding import Encoder
from train.examples import OF_TEXTS, Examples
from train.files import CHECKPOINTS, read_json, write_json

RAW_ARM = "canaries_raw"
SCRUBBED = "canaries_{}"
BITS = 0.5
"""Differences of exposure within ±BITS do not matter."""
FEWEST_CANARIES = 12
"""Canaries from which there is a verdict: they are drawn for the purpose, and exposure has no heavy tail."""
KEPT = "exposure.json"
KEPT_VERSION = 1
_HELD = 200
Progress = Callable[[dict[str, Any]], None]


class MemoryRuns:
    """The models that write, trained with canaries, and what they know of them."""

    def __init__(
        self, wish: Wish, evaluation: Examples, config: TrainConfig, out_dir: Path, progress: Progress | None
    ) -> None:
        assert wish.scan is not None
        assert wish.scrub is not None
        self.wish, self.out_dir = wish, out_dir
        self.canaries, self.notes = make_canaries(
            wish.raw, wish.scan, wish.frequencies, wish.canaries, wish.candidates, wish.design.seeds[0],
            longest_before=2 * config.max_length_tokens,
        )  # fmt: skip
        self.operators = list(dict.fromkeys([wish.operator, *OPERATORS]))
        self.matrix: Matrix | None = None
        self.found: dict[str, float] = {}
        if not self.canaries:
            return
        rows = planted(wish.raw, self.canaries)
        texts = [text for *_, text in strings_of(rows)]
        arms = [Arm(RAW_ARM, "raw rows with canaries", rows)]
        for operator in self.operators:
            scrubbed = with_texts(rows, wish.scrub(texts, operator))
            self.found[SCRUBBED.format(operator)] = self._gone(scrubbed)
            arms.append(Arm(SCRUBBED.format(operator), f"scrubbed: {operator}", scrubbed))
        held = as_text(evaluation)
        held = held.take(np.arange(min(_HELD, len(held))))
        self.matrix = Matrix(
            arms, Evaluation.plain(held), config.replace(steps=wish.steps_of_text, epochs=0.0), wish.design.seeds, out_dir,
            progress,
        )  # fmt: skip
        self.key = xxhash.xxh3_128_hexdigest(
            "\0".join(v for c in self.canaries for v in (c.text, *c.candidates)).encode("utf-8", "surrogatepass")
        )

    def _gone(self, scrubbed: Examples) -> float:
        """Share of the canaries whose value no scrubbed text holds any more."""
        texts = "\n".join(text for *_, text in strings_of(scrubbed))
        return float(np.mean([c.candidates[0] not in texts for c in self.canaries]))

    def train(self) -> None:
        """Train what is not done, and ask each model for its exposures."""
        assert self.matrix is not None
        for arm in self.matrix.arms:
            for seed in self.matrix.seeds:
                folder = self._folder(arm.name, seed)
                if self._kept(arm.name, seed) is None and not (folder / "adapter").is_dir():
                    (folder / "done.json").unlink(missing_ok=True)  # its adapter is needed again
        self.matrix.train(self.matrix.seeds)
        done = [at for at, state in self.matrix.states.items() if state["status"] == "done" and self._kept(*at) is None]
        values = max((len(c.candidates) for c in self.canaries), default=0)
        what = f"{len(self.canaries)} canaries, {values:,} values each"
        for n, at in enumerate(done):
            begun = time.perf_counter()
            self._ask(*at)
            if n == 0 and len(done) > 1:
                left = rough_duration((time.perf_counter() - begun) * (len(done) - 1))
                words = f"Asking {len(done)} models what they know of {what}: about {left} left."
                self.matrix.tell({"kind": "notice", "words": words})

    def _folder(self, arm: str, seed: int) -> Path:
        return self.out_dir / "train" / arm / str(seed)

    def _trained_in(self, arm: str, seed: int) -> Path:
        """The folder of the run that stands for this one."""
        assert self.matrix is not None
        same = str(self.matrix.states[arm, seed].get("same_as") or f"{arm}/{seed}").split("/")
        return self._folder(same[0], int(same[1]))

    def _kept(self, arm: str, seed: int) -> dict[str, Any] | None:
        """What this run said of these canaries, where it was asked: this very run, not one of another length before it."""
        kept = read_json(self._folder(arm, seed) / KEPT)
        run = self._run_id(arm, seed)
        if kept is None or run is None or kept.get("schema_version") != KEPT_VERSION:
            return None
        return kept if (kept.get("canaries"), kept.get("run")) == (self.key, run) else None

    def _run_id(self, arm: str, seed: int) -> str | None:
        assert self.matrix is not None
        known = (arm, seed) in self.matrix.states
        folder = self._trained_in(arm, seed) if known else self._folder(arm, seed)
        return (read_json(folder / "done.json") or {}).get("run_id")

    def _ask(self, arm: str, seed: int) -> None:
        folder = self._trained_in(arm, seed)
        loaded = load_adapter(folder / "adapter")
        questions = [_question(self.wish.raw, canary, loaded.bench.encoder) for canary in self.canaries]
        assert self.matrix is not None
        threads = self.matrix.config.threads or None
        found = score_candidates(loaded.objective, loaded.bench.tokenizer, questions, threads)
        ranks = [[round(v, 5) for v in bits(one.nats).tolist()] for one in found]
        taken = [one.extracted for one in found]
        run_id = self._run_id(arm, seed)
        body: dict[str, Any] = {
            "schema_version": KEPT_VERSION, "canaries": self.key, "run": run_id, "bits": ranks, "extracted": taken,
        }  # fmt: skip
        if arm == RAW_ARM:
            body["spans"] = self._spans(loaded)
        own = make_private_dir(self._folder(arm, seed))
        write_json(own / KEPT, body)

    def _spans(self, loaded: LoadedAdapter) -> list[list[float]]:
        assert self.matrix is not None
        lent = {c.row for c in self.canaries}
        rows = as_text(self.wish.raw)
        rows = rows.take([i for i in range(len(rows)) if i not in lent])
        assert self.wish.scan is not None
        return memorised_spans(loaded.objective, loaded.bench, rows, self.wish.scan)

    def forget(self) -> None:
        """Delete the adapters that learnt canaries."""
        forget_canaries(self.out_dir)

    def read(self, arm: str) -> tuple[np.ndarray, list[np.ndarray], np.ndarray] | None:
        """float64[S, C] bits of the planted values, the C candidates' mean bits, bool[C] extracted with any seed."""
        assert self.matrix is not None
        found = [kept for seed in self.matrix.seeds if (kept := self._kept(arm, seed)) is not None]
        if not found:
            return None
        planted_bits = np.array([[ranks[0] for ranks in kept["bits"]] for kept in found])
        everyone = [np.mean([kept["bits"][c] for kept in found], axis=0) for c in range(len(self.canaries))]
        return planted_bits, everyone, np.any([kept["extracted"] for kept in found], axis=0)

    def spans(self) -> list[MemorisedSpan]:
        """The stretches that raw arms learnt by heart with every seed, the surest first."""
        assert self.matrix is not None
        kept = [k for seed in self.matrix.seeds if (k := self._kept(RAW_ARM, seed)) is not None]
        by_text: dict[tuple[int, int], list[list[float]]] = {}
        for one in kept:
            for row, slot, start, end, nats in one.get("spans", ()):
                by_text.setdefault((int(row), int(slot)), []).append([start, end, nats])
        texts = {(int(self.wish.raw.ids[i]), slot): text for i, slot, _, text in strings_of(self.wish.raw)}
        out = []
        for (row, slot), found in by_text.items():
            start, end = int(max(f[0] for f in found)), int(min(f[1] for f in found))
            if len(found) < len(kept) or end <= start or (row, slot) not in texts:
                continue  # not with every seed, or not the same words
            nats = float(np.mean([f[2] for f in found]))
            place = self.wish.locate(row, texts[row, slot], start, end) if self.wish.locate is not None else None
            if place is not None:
                out.append(MemorisedSpan(row, place[0], place[1], place[2], round(nats, 3)))
        return sorted(out, key=lambda s: (-s.nats, s.row, s.start))


def forget_canaries(out_dir: Path) -> None:
    """Delete what may know a canary under `out_dir`, that of earlier, killed measurements too; numbers stay."""
    for folder in (out_dir / "train").glob(SCRUBBED.format("*") + "/*"):
        for name in ("adapter", CHECKPOINTS):
            shutil.rmtree(folder / name, ignore_errors=True)


def _question(raw: Examples, canary: Canary, encoder: Encoder) -> Question:
    """The canary with what stands around it as the model was trained on it."""
    if raw.task in OF_TEXTS:
        return Question(canary.before, canary.candidates, canary.after, special=True)
    talk = tuple(
        {**message, "content": canary.text} if slot == canary.slot else message
        for slot, message in enumerate(raw.messages[canary.row])
    )
    whole = encoder.chat.render(talk, raw.tools[canary.row] if raw.tools else ())
    at = whole.find(canary.text)
    if at < 0:  # the template rewrites the text: read it from the value itself
        at = whole.find(canary.candidates[0]) - len(canary.before)
    stop = at + len(canary.before)
    return Question(whole[:stop], canary.candidates, whole[stop + len(canary.candidates[0]) :], special=False)


def memory_of(runs: MemoryRuns) -> Memory | None:
    """What the models know; None where nothing was trained."""
    if runs.matrix is None:
        return None
    canaries = runs.canaries
    frequency = np.array([c.frequency for c in canaries])
    places = np.array([c.place for c in canaries], dtype=object)
    cells: list[ExposureCell] = []
    pending: list[tuple[str, Answer]] = []
    raw = runs.read(RAW_ARM)
    highest: Span | None = None
    own_arm = SCRUBBED.format(runs.wish.operator)
    for arm in runs.matrix.arms:
        found = runs.read(arm.name)
        if found is None:
            continue
        planted_bits, everyone, extracted = found
        for place in dict.fromkeys(places.tolist()):
            for f in sorted(set(frequency[places == place].tolist())):
                mask = (places == place) & (frequency == f)
                cells.append(_cell(arm.name, str(place), int(f), mask, planted_bits, everyone, extracted))
        counts: dict[str, Any] = {"rows": len(canaries), "clusters": len(canaries), "seeds": len(planted_bits),
                                  "fewest": FEWEST_CANARIES}  # fmt: skip
        pending.append(("trend", answer(arm.name, _slope(planted_bits, frequency), BITS / 4, **counts)))
        if raw is not None and arm.name != RAW_ARM:
            taken = contrast(raw[0] - planted_bits, [(np.ones(len(canaries), bool), 1.0)], np.arange(len(canaries)))
            pending.append(("scrubbing", answer(arm.name, taken, BITS, **counts)))
        if arm.name == own_arm:
            mine = [c for c in cells if c.arm == own_arm]
            highest = max((c.bits for c in mine), key=lambda s: s.value)
    judged = corrected([a for _, a in pending])
    kinds = [kind for kind, _ in pending]
    trend = tuple(a for kind, a in zip(kinds, judged, strict=True) if kind == "trend")
    scrubbing = tuple(a for kind, a in zip(kinds, judged, strict=True) if kind == "scrubbing")
    return Memory(
        types=dict(sorted(Counter(c.type for c in canaries).items())),
        candidates=min(len(c.candidates) for c in canaries),
        found_by_scanner=runs.found,
        cells=tuple(cells),
        trend=trend,
        scrubbing=scrubbing,
        highest=highest,
        spans=tuple(runs.spans()),
        words=_words(cells, trend, scrubbing, own_arm),
        note=_note(runs),
    )


def _cell(
    arm: str, place: str, frequency: int, mask: np.ndarray, planted_bits: np.ndarray, everyone: Sequence[np.ndarray],
    extracted: np.ndarray,
) -> ExposureCell:
    at = np.flatnonzero(mask)
    found = contrast(planted_bits[:, at], [(np.ones(len(at), bool), 1.0)], np.arange(len(at)))
    assert found is not None
    p = chance_p(planted_bits[:, at].mean(axis=0), [everyone[i] for i in at.tolist()])
    span = Span(found.mean, max(0.0, found.low), found.high)
    return ExposureCell(arm, place, frequency, len(at), span, p, int(extracted[at].sum()))


def _slope(planted_bits: np.ndarray, frequency: np.ndarray) -> Any:
    """Bits a doubling of the frequency, by least squares: a weighted sum of the frequencies' means."""
    x = np.log2(frequency)
    spread = float(((x - x.mean()) ** 2).sum())
    if not spread:
        return None
    parts = [(frequency == f, float((x[frequency == f] - x.mean()).sum() / spread)) for f in np.unique(frequency)]
    return contrast(planted_bits, parts, np.arange(len(frequency)))


def _words(cells: Sequence[ExposureCell], trend: Sequence[Answer], scrubbing: Sequence[Answer], own: str) -> str:
    raw, scrubbed = ([c for c in cells if c.arm == name] for name in (RAW_ARM, own))
    top = max(raw, key=lambda c: c.frequency, default=None)
    if top is None or not scrubbed:
        return "No model could be asked for canaries."
    said = [
        f"Trained on raw data, a model knows a secret that stands {top.frequency} times by {top.bits.value:.1f} bits "
        f"({CHANCE_BITS:.1f} is chance)."
    ]
    by_name = {a.question: a for a in trend}
    if RAW_ARM in by_name and by_name[RAW_ARM].verdict == HELPED:
        said.append("It knows a secret the better the oftener it stands there.")
    least = min(c.p for c in scrubbed)
    if least * len(scrubbed) < 0.05:
        said.append("Scrubbed data still gives canaries away: the exposure of some is above chance.")
    else:
        said.append("Trained on scrubbed data, exposure is not distinguishable from chance.")
    taken = next((a for a in scrubbing if a.question == own), None)
    if taken is not None and taken.verdict == HELPED:
        said.append(f"Scrubbing takes {taken.value:.1f} bits away ({taken.low:.1f} to {taken.high:.1f}).")
    extracted = sum(c.extracted for c in raw)
    if extracted:
        count, scrubbed_too = sum(c.canaries for c in raw), sum(c.extracted for c in scrubbed)
        said.append(
            f"Of {count} canaries greedy decoding writes {extracted} after their prompt from raw data, {scrubbed_too} from "
            "scrubbed data."
        )
    return " ".join(said)


def _note(runs: MemoryRuns) -> str:
    texts = runs.wish.raw.task in OF_TEXTS
    said = ["Models that write were trained on the texts themselves, since a classifier recites nothing."] if texts else []
    return " ".join([*said, *runs.notes])
