"""Metrics of written answers against references, one reference an answer.

| metric | method |
|---|---|
| exact_match, token_f1 | normalised texts and bags of words (`train.metrics.words`) |
| numeric_match | equal final numbers; only where nine in ten references mark a number or are one |
| bleu, chrf | sacrebleu (Post 2018; Popović 2015), 0 to 100; its signature is given |
| rouge1, rouge2, rougeL | rouge-score (Lin 2004), F measure, 0 to 1; Porter stems for ASCII references |
| meteor | nltk (Banerjee and Lavie 2005), 0 to 1 |

Scripts matter: rouge-score by itself drops every letter but a to z, and sacrebleu's default splits no Chinese. Where
references hold other letters, ROUGE gets our words without stems and BLEU sacrebleu's `zh` (Chinese characters) or
`13a`; `methods` says what was done. METEOR matches synonyms only where WordNet's data is installed for nltk and says
so; without it, exact and stem matches alone. An empty answer scores 0. Missing libraries leave their metrics out, named
in `left_out`. Cost: about 1 ms an answer, METEOR most of it, and the draws of BLEU.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from curate.errors import MissingExtraError
from train.extra import extra
from train.metrics.interval import Resampling
from train.metrics.words import is_numeric, normalised, number, unspaced, words

NUMERIC_SHARE = 0.9
BOOTSTRAP = 300
"""Draws of the intervals of BLEU and chrF, which are of whole corpora."""


def answer_metrics(answers: Sequence[str], references: Sequence[str], draws: Resampling) -> dict[str, Any]:
    """Every metric of the table, `intervals`, `methods` and `left_out`; raises ValueError where lengths differ."""
    if len(answers) != len(references) or not answers:
        raise ValueError(f"{len(answers)} answers for {len(references)} references")
    out: dict[str, Any] = {"answers": len(answers)}
    intervals: dict[str, list[float] | None] = {}
    methods: dict[str, str] = {}
    left_out: dict[str, str] = {}
    rows: dict[str, Sequence[float]] = {
        "exact_match": [float(normalised(a) == normalised(r)) for a, r in zip(answers, references, strict=True)],
        "token_f1": [token_f1(a, r) for a, r in zip(answers, references, strict=True)],
    }
    if sum(map(is_numeric, references)) >= NUMERIC_SHARE * len(references):
        rows["numeric_match"] = [float(same_number(a, r)) for a, r in zip(answers, references, strict=True)]
    for name, measure in (("rouge", _rouge), ("meteor", _meteor)):
        try:
            found, methods[name] = measure(answers, references)
        except MissingExtraError as error:
            left_out[name] = f"{error.module or name} is not installed"
            continue
        rows |= found
    for name, values in rows.items():
        out[name] = float(np.mean(values))
        intervals[name] = draws.of_mean(np.asarray(values))
    try:
        for name, (score, span, method) in _corpus(answers, references, draws).items():
            out[name], intervals[name], methods[name] = score, span, method
    except MissingExtraError:
        left_out |= dict.fromkeys(("bleu", "chrf"), "sacrebleu is not installed")
    return {**out, "intervals": intervals, "methods": methods, **({"left_out": left_out} if left_out else {})}


def token_f1(answer: str, reference: str) -> float:
    """F1 of two bags of words; two empty ones agree."""
    a, r = words(answer), words(reference)
    if not a or not r:
        return float(a == r)
    common = sum((Counter(a) & Counter(r)).values())
    return 2 * common / (len(a) + len(r))


def same_number(answer: str, reference: str) -> bool:
    """Whether both come to the same number; False where either has none."""
    wanted = number(reference)
    return wanted is not None and number(answer) == wanted


def _corpus(
    answers: Sequence[str], references: Sequence[str], draws: Resampling
) -> dict[str, tuple[float, list[float] | None, str]]:
    metrics = extra("sacrebleu.metrics")
    chinese = sum(0x3400 <= ord(c) <= 0x9FFF for r in references for c in r)
    letters = sum(c.isalpha() for r in references for c in r)
    made = {"bleu": metrics.BLEU(tokenize="zh" if chinese > 0.2 * max(1, letters) else "13a"), "chrf": metrics.CHRF()}
    out: dict[str, tuple[float, list[float] | None, str]] = {}
    for name, metric in made.items():
        score = metric.corpus_score(list(answers), [list(references)])
        span = _corpus_interval(metric, answers, references, draws)
        out[name] = (float(score.score), span, f"sacrebleu {metric.get_signature()}")
    return out


def _corpus_interval(
    metric: Any, answers: Sequence[str], references: Sequence[str], draws: Resampling
) -> list[float] | None:
    """Each draw's score from the sums of the answers' statistics (sacrebleu's own bootstrap fails on scores of zero)."""
    try:
        statistics = np.asarray(metric._extract_corpus_statistics(list(answers), [list(references)]), dtype=np.float64)
        compute = metric._compute_score_from_stats
    except (AttributeError, TypeError, ValueError):  # another version of sacrebleu
        return None

    def score(weights: np.ndarray) -> np.ndarray:
        sums = (weights @ statistics).round().astype(np.int64)
        return np.array([float(compute(row.tolist()).score) for row in sums])

    return Resampling(draws.n_rows, draws.cluster, draws=BOOTSTRAP, seed=draws.seed).of(score)


def _foreign(references: Sequence[str]) -> bool:
    letters = [c for r in references for c in r if c.isalpha()]
    return sum(not c.isascii() for c in letters) > 0.02 * max(1, len(letters))


class _Words:
    """Our words, where rouge-score would drop every letter but a to z."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


def _rouge(answers: Sequence[str], references: Sequence[str]) -> tuple[dict[str, Sequence[float]], str]:
    scorer = extra("rouge_score.rouge_scorer")
    names = ["rouge1", "rouge2", "rougeL"]
    foreign = _foreign(references)
    made = scorer.RougeScorer(names, use_stemmer=not foreign, tokenizer=_Words() if foreign else None)
    scores = [made.score(r, a) for a, r in zip(answers, references, strict=True)]
    method = "rouge-score, words of any script, no stems" if foreign else "rouge-score, Porter stems"
    return {name: [float(s[name].fmeasure) for s in scores] for name in names}, f"{method}, F measure"


class _NoSynonyms:
    """Stands in for WordNet where its data is not installed."""

    def synsets(self, word: str) -> list[Any]:
        return []


@functools.cache
def _wordnet() -> Any | None:
    """nltk's WordNet if its data is on this machine; nothing is downloaded."""
    wordnet = extra("nltk.corpus").wordnet
    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    return wordnet


def _meteor(answers: Sequence[str], references: Sequence[str]) -> tuple[dict[str, Sequence[float]], str]:
    single: Callable[..., float] = extra("nltk.translate.meteor_score").single_meteor_score
    wordnet = None if _foreign(references) else _wordnet()
    used = wordnet or _NoSynonyms()
    scores = [
        float(single(_meteor_words(r), _meteor_words(a), wordnet=used)) if a.strip() and r.strip() else 0.0
        for a, r in zip(answers, references, strict=True)
    ]
    matched = "exact, stem and WordNet matches" if wordnet else "exact and stem matches (WordNet is not used)"
    return {"meteor": scores}, f"nltk, {matched}"


def _meteor_words(text: str) -> list[str]:
    spaced = "".join(f" {c} " if unspaced(c) or not (c.isalnum() or c.isspace() or c in "'’") else c for c in text.lower())
    return spaced.split()
