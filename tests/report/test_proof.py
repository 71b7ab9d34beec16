"""What single stages do, in every rendering of the report; partial files; figures that tell without colour."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import jsonschema
from rich.console import Console

from audit.report import json_schema, render_html, render_markdown, render_terminal
from tests.report.conftest import Run, ablation_of


def pair(a: str, b: str, delta: float, verdict: str = "helped") -> dict[str, Any]:
    return {"a": a, "b": b, "delta": delta, "low": delta - 0.02, "high": delta + 0.02, "verdict": verdict,
            "words": "", "p_holm": 0.012, "seeds": 3, "n_items": 400, "n_clusters": 380}  # fmt: skip


def told_ablation() -> dict[str, Any]:
    ablation = ablation_of()
    main = ablation["comparisons"][0]
    main |= {"minimum_detectable": 0.034, "sign_flip_p": 0.25,
             "mcnemar": [{"a_only": 30, "b_only": 12, "p": 0.008}, {"a_only": 25, "b_only": 14, "p": 0.11}]}  # fmt: skip
    return {
        **ablation,
        "preset": "quick",
        "noise_floor": 0.021,
        "evaluation": {"rows": 400, "clusters": 380, "labels": "column gold", "note": ""},
        "stages": [
            {"stage": "pii", "verdict": "equivalent", "words": "The stage pii made no difference that matters.",
             "alone": pair("only_pii", "raw", 0.001, "equivalent"), "left_out": None,
             "against_control": pair("only_pii", "control_pii", 0.002)},
            {"stage": "label_issues", "verdict": "helped", "words": "The stage label issues helped.",
             "alone": pair("only_label_issues", "raw", 0.061), "left_out": pair("curated", "without_label_issues", 0.05),
             "against_control": pair("only_label_issues", "control_label_issues", 0.083)},
        ],
        "shapley": [
            {"stage": "pii", "gain": {"value": -0.004, "low": -0.02, "high": 0.012}, "exact": True, "orders": 2},
            {"stage": "label_issues", "gain": {"value": 0.075, "low": 0.03, "high": 0.12}, "exact": True, "orders": 2},
        ],
        "views": [
            {"view": "given_split", "title": "the split as given, leaks included", "rows": 440,
             "arms": {"raw": 0.77, "curated": 0.82}, "comparisons": [pair("curated", "raw", 0.05)]},
        ],
        "leak": {"rows": 40, "words": "40 evaluation rows repeat training rows.",
                 "inflation": {"raw": {"value": 0.03, "low": 0.01, "high": 0.05}}, "seen": None},
        "looks": [{"seeds": 3, "level": 0.9995, "verdict": "inconclusive", "runs_left": 12},
                  {"seeds": 4, "level": 0.997, "verdict": "helped", "runs_left": 0}],
    }  # fmt: skip


def test_every_rendering_tells_stages_shapley_values_the_leak_and_how_sure_it_is(run: Run) -> None:
    report = run.without(ablation=told_ablation()).report()
    jsonschema.validate(json.loads(json.dumps(report.to_json(), allow_nan=False)), json_schema())
    screen = StringIO()
    Console(file=screen, width=100).print(render_terminal(report))
    for text in (render_html(report), render_markdown(report), screen.getvalue()):
        said = " ".join(text.replace("\n", " ").split())
        for words in ("+6.1", "+7.5", "40 evaluation rows", "Noise floor", "four times in five", "sign-flip"):
            assert words in said, words
    html = render_html(report)
    for words in ("99.95%", "0.012", "exact McNemar by seed: p = 0.008 to 0.110", "What each stage does"):
        assert words in html


def test_differences_are_told_at_the_level_of_the_look_that_ended_it(run: Run) -> None:
    ablation = told_ablation()
    for comparison in ablation["comparisons"]:
        comparison["level"] = 0.997
    report = run.without(ablation=ablation).report()
    assert "(99.7% interval" in report.headline.sentence
    screen = StringIO()
    Console(file=screen, width=100).print(render_terminal(report))
    html = render_html(report)
    assert "99.7% interval" in html
    assert "points, 99.7% intervals" in " ".join(screen.getvalue().split())
    assert "accuracy points, 99.7%" in render_markdown(report)
    for text in (html, render_markdown(report), screen.getvalue()):
        assert "Difference in accuracy points, 95%" not in text
        assert "Differences in accuracy points, 95%" not in " ".join(text.split())
        assert "vs raw, 95%" not in text


def test_seeds_that_failed_are_not_counted_as_seeds_of_an_arm(run: Run) -> None:
    ablation = told_ablation()
    arm = ablation["arms"][1]
    arm["runs"] = [*arm["runs"][:2], {"seed": 2, "status": "failed", "reason": "diverged"}]
    found = next(a for a in run.without(ablation=ablation).report().training.arms if a.name == arm["name"])
    assert (len(found.seeds), found.finished) == (3, 2)
    rows = [
        line
        for line in render_markdown(run.without(ablation=ablation).report()).splitlines()
        if f". {arm['title']} |" in line
    ]
    assert rows
    assert all(line.rstrip(" |").endswith("| 2") for line in rows)


def test_arms_that_trained_once_between_them_are_told_as_the_same_and_so_is_what_they_differ_in(run: Run) -> None:
    ablation = told_ablation()
    raw = ablation["arms"][1]
    twin = [{**one, "same_as": f"raw/{one['seed']}"} for one in raw["runs"]]
    partly = [*raw["runs"][:1], *twin[1:]]
    base = ablation["arms"][0]
    base["runs"] = [base["runs"][0], *({**one, "same_as": "base/0"} for one in base["runs"][1:])]
    ablation["arms"] += [
        {**raw, "name": "without_pii", "title": "every stage but pii", "runs": twin},
        {**raw, "name": "control_pii", "title": "random control of pii", "runs": partly},
    ]
    ablation["stages"][0]["left_out"] = {**pair("curated", "without_pii", 0.0, "identical"), "low": 0.0, "high": 0.0}
    ablation["yardstick"] = {"description": "Words alone", "by_arm": {"raw": 0.7}}
    report = run.without(ablation=ablation).report()
    assert [arm.name for arm in report.training.arms if arm.same_as] == ["without_pii"]
    screen = StringIO()
    Console(file=screen, width=120).print(render_terminal(report))
    for text in (render_html(report), render_markdown(report), screen.getvalue()):
        assert f"every stage but pii (the same rows as {raw['title']})" in text
        assert f"{raw['title']}: Words alone" in text
    for text in (render_html(report), render_markdown(report)):
        assert "identical" in text
        assert "[0.0, 0.0]" not in text


def test_no_two_of_many_arms_share_a_letter(run: Run) -> None:
    ablation = told_ablation()
    ablation["arms"] += [{**ablation["arms"][1], "name": f"only_{i}", "title": f"only {i}"} for i in range(60)]
    letters = [arm.letter for arm in run.without(ablation=ablation).report().training.arms]
    assert len(set(letters)) == len(letters)
    assert letters[25:28] == ["Z", "AA", "AB"]


def test_a_bar_that_harms_is_told_by_its_pattern_and_side(run: Run) -> None:
    html = render_html(run.without(ablation=told_ablation()).report())
    drawn = html[html.index('aria-labelledby="shapley-w') :].split("</svg>")[0]
    assert 'class="bar rejected"' in drawn
    assert 'class="bar after"' in drawn


def test_curves_are_those_of_the_main_arms_alone(run: Run) -> None:
    ablation = told_ablation()
    ablation["arms"].append({**ablation["arms"][1], "name": "only_pii", "title": "only pii"})
    html = render_html(run.without(ablation=ablation).report())
    drawn = html[html.index('aria-labelledby="curves-w') :].split("</svg>")[0]
    assert drawn.count('class="thick') == 3


def test_an_ablation_of_an_earlier_version_shows_nothing_more(run: Run) -> None:
    html = render_html(run.report())
    assert "What each stage does" not in html
    assert "Shapley" not in html


def test_stage_names_of_a_strange_file_are_escaped(run: Run) -> None:
    ablation = told_ablation()
    ablation["stages"][0]["stage"] = "<script>x</script>"
    ablation["stages"][0]["words"] = "<img src=x>"
    html = render_html(run.without(ablation=ablation).report())
    assert "<script>x" not in html
    assert "<img src=x>" not in html


def told_beyond() -> dict[str, Any]:
    """An ablation that was asked beyond accuracy; names in it are hostile."""

    def answer(value: float, verdict: str = "helped") -> dict[str, Any]:
        return {"question": "canaries_<b>raw</b>", "value": value, "low": value - 0.02, "high": value + 0.02, "delta": 0.01,
                "verdict": verdict, "p": 0.01, "p_holm": 0.02, "rows": 90, "clusters": 80, "seeds": 3,
                "minimum_detectable": 0.03}  # fmt: skip

    def span(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.01, "high": value + 0.01}

    gap = {"column": "group", "group": "<script>x</script>", "rows": 90, "others": 300, "rates": {},
           "by_arm": {"accuracy": {"raw": span(-0.11), "curated": span(-0.06)}}, "whole": answer(0.05),
           "stages": [{"stage": "label_issues", "answer": answer(0.044), "share": 0.4}]}  # fmt: skip
    cell = {"arm": "canaries_raw", "place": "text", "frequency": 16, "canaries": 10, "bits": span(6.4), "p": 0.0002,
            "extracted": 3}  # fmt: skip
    receipt = {"stage": "label_issues", "rule": "likely_wrong", "action": "relabel", "rows": 120, "estimate": None,
               "measured": answer(0.012, "inconclusive"), "words": ""}  # fmt: skip
    point = {"name": "redact", "title": "redact", "rows": 700, "utility": span(0.81), "change": answer(-0.01, "equivalent"),
             "exposure": span(1.5)}  # fmt: skip
    beyond = {
        "asked": ["fairness"], "seeds": [0, 1, 2], "config": {"steps": 100}, "rows": 800, "notes": ["A note <i>."],
        "seconds": 600.0, "schema_version": 1,
        "fairness": {"metric": "accuracy", "gaps": [gap], "largest": span(0.06),
                     "words": "Label cleaning closed 40% of it."},
        "memory": {"types": {"EMAIL_ADDRESS": 30}, "candidates": 1000, "exact": True, "found_by_scanner": {},
                   "cells": [cell, {**cell, "arm": "canaries_placeholder", "bits": span(1.4), "p": 0.6}],
                   "trend": [answer(1.1)], "scrubbing": [answer(5.0)], "highest": span(1.6), "note": "",
                   "spans": [{"row": 3, "field": "text", "start": 1, "end": 5, "nats": 9.0}], "words": "Scrubbing works."},
        "receipts": {"receipts": [receipt], "groups": 7, "rank_correlation": span(0.4), "p": 0.2, "agrees": False,
                     "words": "Receipts rest on group runs."},
        "frontiers": {"sizes": [], "operators": [point], "words": "Redact makes no difference that matters."},
        "flips": {"axes": [], "words": "No held-out text speaks of a person."},
        "forgetting": {"texts": 60, "base_nats": 4.0, "arms": [{"arm": "raw", "nats": span(0.3)}], "change": None,
                       "words": "W."},
    }  # fmt: skip
    return {**told_ablation(), "beyond": beyond}


def test_what_was_measured_beyond_accuracy_is_told_in_every_rendering(run: Run) -> None:
    report = run.without(ablation=told_beyond()).report()
    jsonschema.validate(json.loads(json.dumps(report.to_json(), allow_nan=False)), json_schema())
    screen = StringIO()
    Console(file=screen, width=100).print(render_terminal(report))
    html = render_html(report)
    for text in (html, render_markdown(report), screen.getvalue()):
        said = " ".join(text.replace("\n", " ").split())
        for words in ("Beyond accuracy", "Label cleaning closed 40", "Scrubbing works", "rest on group runs"):
            assert words in said, words
    for words in ("not distinguishable from noise", "6.4", "4.4 points", "1 stretch of training rows", "+40%"):
        assert words in html, words
    assert "<script>x" not in html
    assert 'aria-labelledby="beyond_memory-w' in html
