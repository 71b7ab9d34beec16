"""Which row a rating is about: exact links, twins that answer differently, short prompts, other scripts, shapes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from curate import workflow
from curate.cli.feedback import feedback_command
from curate.errors import DataError
from curate.ledger.decisions import append_decisions, decide
from curate.rundir import RunDir
from curate.stages.feedback_links import SHORT, Links, linked
from curate.stages.ratings import read_ratings

WORDS = [f"{a}{b}" for a in ("cook", "rice", "long", "soup") for b in ("ing", "y", "s", "ly", "er")] + ["salt"]


def links(rows: list[str], prompts: list[str], outputs: list[str] | None = None, answers: list[str] | None = None,
          similarity: float = 0.7) -> Links:  # fmt: skip
    said = answers or [""] * len(rows)
    return linked(pa.array(rows, pa.large_string()), prompts, outputs or [""] * len(prompts), said.__getitem__, similarity)


def runs(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def test_a_prompt_goes_to_the_most_similar_row_of_all_and_no_pair_is_lost() -> None:
    rng = np.random.default_rng(4)
    rows = [" ".join(rng.choice(WORDS, rng.integers(10, 25))) for _ in range(300)]
    prompts = []
    for at in rng.integers(0, 300, 120).tolist():
        words = rows[at].split()
        for _ in range(int(rng.integers(0, 4))):
            words[int(rng.integers(0, len(words)))] = "salt"
        prompts.append(" ".join(words))
    found = links(rows, prompts, similarity=0.5)
    assert (found.row >= 0).sum() > 60
    for k, prompt in enumerate(prompts):
        alike = [len(runs(prompt) & runs(row)) / max(1, len(runs(prompt) | runs(row))) for row in rows]
        best = max(alike)
        if prompt in rows:
            assert (found.row[k], found.score[k]) == (rows.index(prompt), 1.0)
        elif best >= 0.5 and len(prompt.split()) > SHORT:
            assert found.score[k] == pytest.approx(min(best, 0.9999), abs=1e-4)
            assert alike[found.row[k]] == pytest.approx(best)
        elif len(prompt.split()) > SHORT:
            assert found.row[k] == -1


def test_of_rows_that_ask_the_same_the_one_is_meant_whose_answer_was_rated() -> None:
    rows = ["how long?", "when?", "how  long?", "how long?"]
    answers = ["An hour.", "Now.", "Two whole days.", "A minute or so."]
    found = links(rows, ["how long?"] * 4, ["two whole days", "a minute or so!", "", "xyz"], answers)
    assert found.row.tolist() == [2, 3, 0, 0]
    assert found.twins[0] == [0, 2, 3]


def test_a_prompt_as_like_one_row_as_another_that_answers_differently_is_linked_to_none() -> None:
    rows = [f"please tell me how long I should cook the {food} for my guests tonight" for food in ("rice", "soup")]
    asked = [rows[0].replace("rice", "bread")]
    found = links(rows, asked, answers=["ten", "nine"], similarity=0.5)
    assert (found.row.tolist(), found.unclear.tolist()) == ([-1], [0])
    assert links(rows, asked, answers=["ten", "ten"], similarity=0.5).row.tolist() == [0]


def test_a_short_prompt_may_have_a_word_more_or_less_and_none_changed() -> None:
    rows = ["where is my order", "how long should I cook rice"]
    asked = ["where is my order please", "where is my refund", "how long should I cook the rice",
             "how long should I boil rice"]  # fmt: skip
    assert links(rows, asked).row.tolist() == [0, -1, 1, -1]


@pytest.mark.parametrize(("row", "asked"), [
    ("荷物がまだ届いていません。いつ届きますか。", "荷物がまだ届いていません。いつ届きますか"),
    ("لم تصل شحنتي حتى الآن، متى ستصل إلى المنزل؟", "لم تصل شحنتي حتى الآن متى ستصل إلى المنزل"),
    ("Wo bleibt mein Paket, das ich letzte Woche bestellte?", "wo bleibt mein paket das ich letzte woche bestellte"),
    ("พัสดุของฉันยังไม่มาถึงเลย จะมาถึงเมื่อไร", "พัสดุของฉันยังไม่มาถึงเลยค่ะ จะมาถึงเมื่อไร"),
    ("Jak długo gotować ryż?", "Jak d\u0142ugo gotowac\u0301 ryz\u0307?"),
])  # fmt: skip
def test_other_scripts_and_other_marks_are_linked(row: str, asked: str) -> None:
    assert links(["something else altogether", row], [asked]).row.tolist() == [1]


def test_ratings_come_as_conversations_thumbs_and_compressed(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "How long?"},
             {"role": "assistant", "content": "All day."}]  # fmt: skip
    lines: list[dict[str, Any]] = [
        {"messages": turns, "thumbs": "\U0001f44e\U0001f3fd"},
        {"conversations": [{"from": "human", "value": "How long?"}, {"from": "gpt", "value": "All day."}], "vote": "Up"},
        {"prompt": turns[:2], "completion": [turns[2]], "label": False},
        {"question": "How long?", "answer": "All day.", "rating": "-1"},
    ]
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(line).encode() for line in lines)))
    read = read_ratings(path, 0.5)
    assert {(r.prompt, r.output) for r in read} == {("How long?", "All day.")}
    assert [r.good for r in read] == [False, True, False, False]
    for rating in ("nan", "", [1], float("1e999")):
        (tmp_path / "r.jsonl").write_text(json.dumps({"prompt": "x", "rating": rating}))
        with pytest.raises(DataError, match="line 1"):
            read_ratings(tmp_path / "r.jsonl", 0.5)


def test_the_next_run_says_what_changed_and_what_the_data_has_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": f"How long should I cook the {food} for my guests?", "completion": f"{n} min."}
            for n, food in enumerate(("bread", "soup", "rice", "cake"))]  # fmt: skip
    wrong = {"prompt": rows[1]["prompt"], "output": rows[1]["completion"], "rating": "down", "correction": "An hour."}
    more = {"prompt": rows[2]["prompt"], "correction": "Twelve minutes."}
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("may.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (wrong, more)))

    def feedback(*args: str) -> str:
        done = CliRunner().invoke(feedback_command, list(args), standalone_mode=False, catch_exceptions=False)
        return done.stderr

    assert "since the run before" not in feedback("may.jsonl", "a.jsonl", "--out", "may")
    Path("may.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (wrong, more, {**wrong, "rating": "up"})))
    again = feedback("may.jsonl", "a.jsonl", "--out", "may")
    assert "since the run before: ratings 1 good, 1 bad (0 good, 1 bad then)" in again
    detected = workflow.reopen(RunDir.open("may"))
    rules = detected.findings["rule"].to_pylist()
    accepted = [i for i, rule in enumerate(rules) if rule == "corrected_answer"]
    assert len(accepted) == 2
    append_decisions(Path("may/decisions.jsonl"), [decide(detected.findings, accepted, "accept")])
    workflow.reapply("may")
    after = feedback("may.jsonl", "may/curated.jsonl", "--out", "june", "--since", "may")
    assert "3 corrections are in the data by now: a row gives it" in after
    assert "findings 0 new, 3 gone, 0 as before" in after
    assert workflow.reopen(RunDir.open("june")).findings.num_rows == 0
