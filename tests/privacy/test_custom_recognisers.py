"""Recognisers from a TOML file: tried on their own examples, linear, masked like the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from curate.errors import ConfigError
from curate.privacy import Recognizer, ScanConfig, count_left, load_recognizers, mask_column, scan
from curate.privacy.custom import recognizers_from
from curate.stages.pii import STAGE, Config

GOOD = """
[[recognizer]]
name = "EMPLOYEE_ID"
pattern = 'E-[0-9]{6}'
examples = ["badge E-123456"]
near_misses = ["E-12345"]

[[recognizer]]
name = "PROJECT"
deny = ["Project Bluebird", "Heron (2)"]
placeholder = "[PROJECT]"
examples = ["about project bluebird"]

[[recognizer]]
name = "LOYALTY"
pattern = '[0-9]{12}'
checksum = "luhn"
examples = ["123456789015"]
near_misses = ["123456789016"]
"""


def test_own_recognisers_find_mask_and_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")
    config = ScanConfig(recognizers=load_recognizers(path))
    raw = pa.array(["é E-123456 \x02 mail a@b.com", "PROJECT BLUEBIRD 123456789015", None, "E-12345 123456789016"])
    spans = scan(raw, config)
    masked = mask_column(raw.cast(pa.large_string()), spans)
    assert masked.to_pylist() == ["é [EMPLOYEE_ID] \x02 mail [EMAIL]", "[PROJECT] [LOYALTY]", None, "E-12345 123456789016"]
    assert spans.rule.to_pylist()[0] == "pii.employee_id"
    assert '"checksum": "luhn"' in spans.evidence()[-1]
    assert count_left(masked, config) == {}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "lower", "pattern": "x"}, "capitals"),
        ({"name": "X1"}, "either a pattern or a deny list"),
        ({"name": "X1", "pattern": "(?=x)"}, "RE2"),
        ({"name": "X1", "pattern": "x*"}, "empty text"),
        ({"name": "X1", "pattern": "x", "examples": ["y"]}, "example 1 is missed"),
        ({"name": "X1", "pattern": "x", "near_misses": ["a", "x"]}, "near miss 2 is found"),
        ({"name": "X1", "pattern": "x", "colour": "red"}, "unknown colour"),
        ({"name": "X1", "pattern": "x", "placeholder": "<x>"}, "square brackets"),
    ],
)
def test_a_recogniser_that_is_wrong_is_refused_and_the_message_says_why(entry: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recognizers_from({"recognizer": [entry]}, "own.toml")


def test_names_are_unique_and_not_those_of_built_in_types() -> None:
    twice = [{"name": "X1", "pattern": "x"}, {"name": "X1", "pattern": "y"}]
    with pytest.raises(ConfigError, match="two recognizers"):
        recognizers_from({"recognizer": twice}, "own.toml")
    with pytest.raises(ConfigError, match="built-in"):
        ScanConfig(recognizers=(Recognizer("IBAN", "x"),))


def test_a_pattern_that_would_explode_elsewhere_stays_linear() -> None:
    config = ScanConfig(recognizers=(Recognizer("X1", "(a+)+b"),))
    assert len(scan(pa.array(["a" * 300_000]), config)) == 0  # backtracking would not end


def test_a_missing_or_broken_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        load_recognizers(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[[recognizer]\n")
    with pytest.raises(ConfigError, match=r"bad\.toml: not TOML"):
        load_recognizers(tmp_path / "bad.toml")


def test_the_version_of_the_name_lists_counts_where_a_recogniser_asks_for_surrogates(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    own = '[[recognizer]]\nname = "BADGE"\npattern = "B-[0-9]{4}"\nexamples = ["B-1234"]\n'
    path.write_text(own, encoding="utf-8")
    assert "names" not in STAGE.depends_on(Config(recognizers=str(path)))
    path.write_text(own + 'operator = "surrogate"\n', encoding="utf-8")
    said = STAGE.depends_on(Config(recognizers=str(path)))
    assert said["names"] == STAGE.depends_on(Config(operators={"default": "surrogate"}))["names"]
    assert "names" not in STAGE.depends_on(Config(recognizers=str(path), operators={"BADGE": "placeholder"}))


PLUG_IN = """
from curate.privacy import Recognizer
BADGE = Recognizer("ACME_BADGE", "BDG-[0-9]{5}", examples=("badge BDG-12345",), near_misses=("BDG-1",))
"""


def test_recognisers_of_an_installed_plug_in_are_asked_by_runs_explanations_and_evaluations(tmp_path: Path) -> None:
    info = tmp_path / "site" / "acme_badges-1.0.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "site" / "acme_badges.py").write_text(PLUG_IN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-badges\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[curate.recognizers]\nbadge = acme_badges:BADGE\n")
    (tmp_path / "data.jsonl").write_text('{"text": "my badge is BDG-12345, call me"}\n')
    span = {"start": 12, "end": 21, "type": "ACME_BADGE"}
    (tmp_path / "gold.jsonl").write_text(json.dumps({"text": "my badge is BDG-12345", "spans": [span]}) + "\n")

    def curate(*args: str) -> str:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *sys.path])}
        command = [sys.executable, "-m", "curate", *args]
        return subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout

    curate("pii", "data.jsonl", "--out", "run")
    assert "my badge is [ACME_BADGE], call me" in (tmp_path / "run" / "curated.jsonl").read_text()
    assert "my badge is [ACME_BADGE]" in curate("pii-explain", "my badge is BDG-12345")
    scored = json.loads(curate("pii-eval", "gold.jsonl", "--json"))
    assert "ACME_BADGE" in json.dumps(scored)
    assert '"f1": 1.0' in json.dumps(scored)
