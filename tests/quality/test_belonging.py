"""Which answers belong to which prompts, learned from the pairs alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curate.dataset import load
from curate.quality import Pieces, QualityConfig, judge, prepare
from curate.quality.belonging import FEWEST, belonging
from curate.stages.base import Context
from curate.stages.text_quality import STAGE

Pairs = list[tuple[str, str]]
LATIN, GREEK = "abcdefghiklmnoprstuvw", "αβγδεζηθικλμνξοπρστυφ"


def _pairs(letters: str = LATIN, n: int = 1500, seed: int = 1) -> Pairs:
    """Prompts of three kinds in a made-up language: each kind has its own form of answer, and most name their things."""
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list(letters), rng.integers(3, 9))) for _ in range(900)]
    asked, small = words[:12], words[12:60]
    out: Pairs = []
    for i in range(n):
        things, kind = rng.choice(words[60:], 3, replace=False).tolist(), i % 3
        said = [" ".join(rng.choice(small, rng.integers(4, 9)).tolist()) for _ in range(6)]
        prompt = " ".join([*asked[4 * kind : 4 * kind + 4], *things, *rng.choice(small, 4).tolist()])
        named = [f"{s} {thing}" for s, thing in zip(said, [*things, *things], strict=True)]
        answers = (". ".join(named) + ".", "\n".join(f"- {s}" for s in named), f"{things[0]} {rng.integers(9)}")
        out.append((prompt, answers[kind]))
    return out


def _marked(pairs: Pairs, threads: int = 1, **settings: float) -> set[int]:
    prompts, answers = (pa.array(side, pa.large_string()) for side in zip(*pairs, strict=True))
    measured, _ = prepare(Pieces(answers, np.arange(len(pairs)), prompts), threads)
    found = judge(measured, QualityConfig(**settings), threads)
    return {int(i) for one in found if one.rule == "unrelated" for i in one.at}


def _exchanged(pairs: Pairs, rows: list[int]) -> Pairs:
    out = list(pairs)
    for one, other in zip(rows, rows[1:] + rows[:1], strict=True):
        out[one] = (pairs[one][0], pairs[other][1])
    return out


@pytest.mark.parametrize("letters", [LATIN, GREEK])
def test_exchanged_answers_are_found_in_any_language_and_sound_ones_are_left(letters: str) -> None:
    pairs = _pairs(letters)
    assert not _marked(pairs)
    planted = list(range(7, 1500, 71))
    found = _marked(_exchanged(pairs, planted))
    assert len(found & set(planted)) >= len(planted) / 4
    assert len(found - set(planted)) <= len(found) / 5


def test_nothing_is_said_where_answers_have_nothing_to_do_with_their_prompts() -> None:
    pairs = _pairs()
    order = np.random.default_rng(3).permutation(len(pairs))
    assert not _marked([(prompt, pairs[int(k)][1]) for (prompt, _), k in zip(pairs, order, strict=True)])
    assert not _marked([("Answer.", answer) for _, answer in pairs])
    assert not _marked([(prompt, "yes") for prompt, _ in pairs])


def test_few_pairs_are_not_learned_from_and_a_limit_of_nothing_learns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = _exchanged(_pairs(), list(range(7, 1500, 71)))
    prompts, answers = (pa.array(side, pa.large_string()) for side in zip(*pairs[: FEWEST - 1], strict=True))
    assert belonging(prepare(Pieces(answers, np.arange(FEWEST - 1), prompts))[0]) is None
    every = _marked(pairs)
    monkeypatch.setattr("curate.quality.answering.belonging", lambda *_: pytest.fail("it learns"))
    assert _marked(pairs, unrelated_below=0.0) != every
    with pytest.raises(ValueError, match="unrelated_below"):
        QualityConfig(unrelated_below=1.5)


def test_the_same_rows_are_marked_at_any_number_of_threads() -> None:
    pairs = _exchanged(_pairs(), list(range(7, 1500, 71)))
    assert _marked(pairs, 1) == _marked(pairs, 3)


def test_of_many_pairs_a_part_is_learned_from_and_the_others_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.quality.belonging.LEARNED", 1200)
    monkeypatch.setattr("curate.quality.belonging.ASKED", 500)
    pairs = _pairs(n=3000)
    planted = list(range(7, 3000, 71))
    found = _marked(_exchanged(pairs, planted))
    assert len(found & set(planted)) >= len(planted) / 8
    assert len(found - set(planted)) <= len(found) / 5
    prompts, answers = (pa.array(side, pa.large_string()) for side in zip(*pairs, strict=True))
    learned = belonging(prepare(Pieces(answers, np.arange(3000), prompts))[0])
    assert learned is not None
    assert len(learned.learned) == 1200
    assert 0 < np.isinf(learned.log_odds).sum() < 1800


def test_the_stage_flags_them_and_drops_none(tmp_path: Path) -> None:
    planted = list(range(7, 1500, 71))
    pairs = _exchanged(_pairs(), planted)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": p, "completion": a}) + "\n" for p, a in pairs))
    found = STAGE.detect(load(path), STAGE.config(), Context())
    told = [f for f in found.findings.to_pylist() if f["rule"] == "unrelated"]
    assert told
    assert {f["action"] for f in told} == {"flag"}
    assert all(0.6 <= f["score"] <= 0.8 and f["field"] == "completion" for f in told)
    assert all(json.loads(f["evidence"])["random_pairs_stranger"] <= 0.15 for f in told)
