"""Drift: nothing where nothing changed, each kind of change by its name, and a rule that says when it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import mannwhitneyu

from audit.drift import Drift, measure
from audit.drift.measure import _auc
from curate.cli.drift import drift_command
from curate.dataset import Dataset, load
from curate.errors import CurateError, DataError

TOPICS = {"card": ["card", "chip", "plastic", "tap"], "cash": ["cash", "note", "coin", "atm"],
          "loan": ["loan", "rate", "term", "credit"]}  # fmt: skip
FILL = [f"word{k}" for k in range(300)]


Rows = list[dict[str, Any]]


def rows(n: int, seed: int, shares: tuple[float, ...] = (0.4, 0.3, 0.3), extra: list[str] | None = None) -> Rows:
    rng = np.random.default_rng(seed)
    out = []
    for topic in rng.choice(list(TOPICS), n, p=shares):
        words = [*rng.choice(TOPICS[topic], 3), *rng.choice(FILL, 9), *(rng.choice(extra, 2) if extra else [])]
        out.append({"text": " ".join(rng.permutation(words)), "label": str(topic), "team": str(rng.choice(["a", "b"]))})
    return out


def dataset(tmp_path: Path, name: str, what: list[dict[str, Any]]) -> Dataset:
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in what))
    return load(path, roles={"text": "text", "label": "label", "group": "team"}, task="classification")


def drift(tmp_path: Path, old: list[dict[str, Any]], new: list[dict[str, Any]], seed: int = 0) -> Drift:
    return measure(dataset(tmp_path, "old.jsonl", old), dataset(tmp_path, "new.jsonl", new), seed, threads=2)


def test_two_draws_of_one_source_are_not_told_apart(tmp_path: Path) -> None:
    found = [drift(tmp_path, rows(900, 2 * s), rows(900, 2 * s + 1), s) for s in range(6)]
    assert all(f.recommendation != "train again" for f in found)
    assert all(f.shares[0].low < 0.05 for f in found)
    assert sum(f.apart is not None and f.apart.p < 0.05 for f in found) <= 2
    assert all(f.apart is not None and f.apart.low < 0.55 for f in found)


def test_labels_that_moved_are_measured_and_named(tmp_path: Path) -> None:
    found = drift(tmp_path, rows(900, 0), rows(900, 1, (0.1, 0.3, 0.6)))
    label = found.shares[0]
    assert (label.role, label.column) == ("label", "label")
    assert label.low <= 0.3 <= label.high
    assert {name for name, _, _ in label.moved[:2]} == {"card", "loan"}
    assert found.recommendation == "train again"
    assert any("labels moved" in reason for reason in found.reasons)
    assert {s.column for s in found.shares} == {"label", "team"}


def test_a_new_label_is_a_reason_by_itself_and_a_vanished_one_is_named(tmp_path: Path) -> None:
    new = rows(600, 1)
    new = [{**r, "label": "crypto"} if k % 40 == 0 else r for k, r in enumerate(new) if r["label"] != "loan"]
    found = drift(tmp_path, rows(600, 0), new)
    assert found.shares[0].new == ("crypto",)
    assert found.shares[0].gone == ("loan",)
    assert "crypto" in found.reasons[0]


def test_another_spelling_is_no_new_label(tmp_path: Path) -> None:
    new = [{**r, "label": f" {r['label'].upper()}"} if k % 9 == 0 else r for k, r in enumerate(rows(600, 1))]
    found = drift(tmp_path, rows(600, 0), new)
    assert found.shares[0].new == found.shares[0].gone == ()
    assert found.shares[0].low < 0.05
    camel = [{**r, "label": "cardLost" if r["label"] == "loan" else r["label"]} for r in rows(600, 1)]
    snake = [{**r, "label": "card_lost" if r["label"] == "loan" else r["label"]} for r in rows(600, 0)]
    assert drift(tmp_path, snake, camel).shares[0].new == ()


def test_texts_that_changed_under_the_same_labels_are_told_apart_by_their_words(tmp_path: Path) -> None:
    found = drift(tmp_path, rows(800, 0), rows(800, 1, extra=["blockchain", "wallet", "token"]))
    assert found.apart is not None
    assert found.apart.low > 0.9
    assert found.apart.p < 0.01
    assert {"blockchain", "wallet", "token"} <= set(found.words_new)
    assert not {"blockchain", "wallet", "token"} & set(found.words_gone)
    assert found.shares[0].low < 0.05
    assert any("tells new rows from old ones" in reason for reason in found.reasons)


def test_rows_carried_over_are_counted_and_do_not_dilute_what_is_new(tmp_path: Path) -> None:
    old = rows(900, 0)
    edited = [{**r, "text": r["text"] + " please"} for r in old[300:400]]
    found = drift(tmp_path, old, [*old[:300], *edited, *rows(200, 5, extra=["blockchain", "wallet"])])
    assert found.repeated == pytest.approx(300 / 600)
    assert found.nearly == pytest.approx(400 / 600, abs=0.03)
    assert found.apart is not None
    assert found.apart.low > 0.9


def test_the_area_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(0)
    score, side = np.round(rng.normal(size=200), 1), rng.integers(0, 2, 200)
    u = mannwhitneyu(score[side == 1], score[side == 0]).statistic
    assert _auc(score, side) == pytest.approx(u / ((side == 1).sum() * (side == 0).sum()))


def test_personal_data_never_becomes_a_word_or_a_name_of_the_answer(tmp_path: Path) -> None:
    mail = "quentin.ashworth@private-mail.org"
    told = f"write to {mail} or call +1 415 555 2671, says Quentin Ashworth, voucher"
    new = [{**r, "text": f"{r['text']} {told}", "label": f"for {mail}"} for r in rows(400, 1)]
    found = drift(tmp_path, rows(400, 0), new)
    said = json.dumps(found.to_json()).lower()
    assert "voucher" in found.words_new
    assert not any(part in said for part in ("ashworth", "quentin", "private-mail", "2671", "415"))


def test_a_handful_of_rows_is_never_for_sure(tmp_path: Path) -> None:
    found = drift(tmp_path, rows(8, 0, (1.0, 0.0, 0.0)), rows(8, 1, (0.0, 0.5, 0.5)))
    label = found.shares[0]
    assert 0 <= label.low <= label.distance <= label.high <= 1
    assert not any("labels moved" in reason for reason in found.reasons)


def run(*args: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(drift_command, [*map(str, args)], standalone_mode=False)
    if isinstance(result.exception, CurateError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout


def test_the_verb_says_it_in_words_and_as_json_and_alike_each_time(tmp_path: Path) -> None:
    dataset(tmp_path, "old.jsonl", rows(400, 0))
    dataset(tmp_path, "new.jsonl", rows(400, 1, (0.1, 0.3, 0.6)))
    args = (tmp_path / "old.jsonl", tmp_path / "new.jsonl", "--role", "label=label", "--role", "group=team")
    code, out = run(*args)
    assert code == 0
    assert "train again? train again: labels moved by" in out
    first, second = (json.loads(run(*args, "--json")[1]) for _ in range(2))
    assert first == second
    assert first["recommendation"] == "train again"


def test_too_few_new_rows_are_insufficient_evidence_and_exit_with_three(tmp_path: Path) -> None:
    old = rows(400, 0)
    dataset(tmp_path, "old.jsonl", old)
    dataset(tmp_path, "new.jsonl", [*old, *rows(20, 1)])
    code, out = run(tmp_path / "old.jsonl", tmp_path / "new.jsonl", "--role", "label=label")
    assert code == 3
    assert "insufficient evidence" in out


def test_a_file_beside_itself_is_nothing_new_and_no_reason_to_train(tmp_path: Path) -> None:
    dataset(tmp_path, "old.jsonl", rows(150, 0))
    code, out = run(tmp_path / "old.jsonl", tmp_path / "old.jsonl", "--role", "label=label")
    assert code == 0
    assert "texts: nothing to compare (every new row repeats an old one, or nearly)" in out
    assert "train again? not needed: every new row repeats an old one, or nearly, and the labels have not moved" in out


def test_rows_without_a_word_repeat_those_of_before_too(tmp_path: Path) -> None:
    wordless = [{"text": text, "label": "card", "team": "a"} for text in ("", "🙏", "...") for _ in range(40)]
    data = dataset(tmp_path, "may.jsonl", rows(300, 0) + wordless)
    found = measure(data, data, threads=2)
    assert (found.repeated, found.recommendation) == (1.0, "not needed")


def test_one_new_row_is_told_as_one(tmp_path: Path) -> None:
    old = rows(150, 0)
    found = drift(tmp_path, old, [*old, *rows(1, 1)])
    assert found.why_missing == "1 new row that no old row repeats; at least 100 are needed"
    old = rows(600, 0)
    moved = drift(tmp_path, old, [r for r in old if r["label"] != "loan"])
    assert moved.recommendation == "train again", "rows that were carried over, in other shares"


def test_data_that_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    dataset(tmp_path, "old.jsonl", rows(200, 0))
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": [{"role": "user", "content": "hi"}]}) + "\n")
    assert run(tmp_path / "old.jsonl", tmp_path / "chat.jsonl")[0] == 2
    sft = tmp_path / "sft.jsonl"
    sft.write_text("".join(json.dumps({"prompt": f"say {k}", "completion": f"it is {k}"}) + "\n" for k in range(30)))
    with pytest.raises(DataError, match="--task"):
        measure(dataset(tmp_path, "old.jsonl", rows(200, 0)), load(sft))


def test_a_new_kind_of_text_and_one_that_is_gone_are_told_by_their_words(tmp_path: Path) -> None:
    def kind(n: int, seed: int, words: list[str]) -> Rows:
        made = rows(n, seed)
        rng = np.random.default_rng(seed)
        return [{**row, "text": " ".join([*rng.choice(words, 8), *row["text"].split()[:3]])} for row in made]

    crypto, fax = ["wallet", "coinbase", "ledger", "token"], ["fax", "telex", "paper", "modem"]
    old = dataset(tmp_path, "old.jsonl", [*rows(700, 1), *kind(90, 2, fax)])
    new = dataset(tmp_path, "new.jsonl", [*rows(700, 3), *kind(90, 4, crypto)])
    found = measure(old, new, seed=0)
    told = {s.kind: s for s in found.slices}
    assert {"wallet", "ledger", "token"} & set(told["new"].words)
    assert {"fax", "telex", "modem"} & set(told["gone"].words)
    assert told["new"].before < 0.01 < 0.05 < told["new"].after
    assert found.shift is not None
    assert found.shift.p < 0.01
    assert any("a kind of text" in reason for reason in found.reasons)
    assert found.recommendation == "train again"
    assert found.to_json()["slices"][0]["kind"] in ("new", "gone")
    assert measure(old, new, seed=0, threads=2).to_json() == found.to_json()


def test_two_samples_of_one_source_have_no_new_kinds_of_text(tmp_path: Path) -> None:
    wrong = 0
    for seed in range(3):
        old, new = (dataset(tmp_path, f"{name}{seed}.jsonl", rows(300, 10 * seed + i)) for i, name in enumerate("ab"))
        found = measure(old, new, seed=seed)
        assert found.shift is not None
        wrong += bool(found.slices) + (found.shift.p < 0.01)
    assert wrong <= 1
