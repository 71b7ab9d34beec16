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
    for words in ("99.95 %", "0.012", "exact McNemar by seed: p = 0.008 to 0.110", "What each stage does"):
        assert words in html


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
