"""What a policy file may say, and what each mistake in it is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import jsonschema
import pytest

from audit.gate import PRESETS, load_policy, parse_policy
from audit.gate.policy import as_json_schema
from curate.errors import ConfigError
from curate.recipe import Recipe


def test_a_policy_changes_a_preset_and_keeps_the_rest_of_it() -> None:
    policy = parse_policy({"checks": {"duplicate_rate": {"fail": 0.5}, "secrets": {"enabled": False}}})
    assert policy.limits["duplicate_rate"].fail == 0.5
    assert policy.limits["duplicate_rate"].warn == PRESETS["starter"]["duplicate_rate"].warn
    assert policy.limits["duplicate_rate"].by_name
    assert not policy.limits["leaked_rows"].by_name
    assert "secrets" not in policy.limits


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"preset": "strickt"}, "strict"),
        ({"checks": {"duplicate_rat": {"fail": 1}}}, "duplicate_rate"),
        ({"checks": {"duplicate_rate": {"fial": 1}}}, "fail"),
        ({"check": {}}, "checks"),
        ({"checks": {"duplicate_rate": {"warn": 0.2, "fail": 0.1}}}, "at most"),
        ({"checks": {"rows_per_class": {"warn": 2, "fail": 5}}}, "at least"),
        ({"checks": {"duplicate_rate": {"fail": 5}}}, "between 0 and 1"),
        ({"checks": {"secrets": {"fail": "none"}}}, "number"),
        ({"checks": {"secrets": {"fail": True}}}, "number"),
        ({"checks": {"secrets": {"enabled": 1, "fail": 0}}}, "true or false"),
        ({"checks": {"tpr_gap": {"minimum_rows": 5}}}, "give warn, fail"),
        ({"checks": []}, "tables"),
        ({"checks": {"secrets": 0}}, "table"),
        ({"waivers": [{"check": "secrets", "owner": "ada", "reason": "x"}]}, "expires is missing"),
        ({"waivers": [{"check": "secret", "owner": "ada", "reason": "x", "expires": "2027-01-01"}]}, "secrets"),
        ({"waivers": [{"check": "secrets", "owner": "ada", "reason": "x", "expires": "soon"}]}, "date"),
        ({"waivers": {"check": "secrets"}}, "[[gate.waivers]]"),
        ({"waivers": [{"check": "tpr_gap", "owner": "ada", "reason": "x", "expires": "2027-01-01"}]}, "does not ask"),
    ],
)
def test_a_wrong_policy_is_told_what_is_wrong(raw: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_policy(raw)
    assert said in str(error.value)


def test_a_recipe_holds_a_policy_and_refuses_a_wrong_one() -> None:
    good = {"gate": {"preset": "strict", "checks": {"secrets": {"fail": 3}}}}
    assert Recipe.parse(good).gate["preset"] == "strict"
    assert Recipe.parse(Recipe.parse(good).to_dict()).gate == good["gate"]
    with pytest.raises(ConfigError, match="secrets"):
        Recipe.parse({"gate": {"checks": {"secretz": {"fail": 3}}}})


def test_a_policy_file_may_be_a_recipe_or_stand_alone(tmp_path: Path) -> None:
    alone, inside = tmp_path / "alone.toml", tmp_path / "inside.toml"
    body = "preset = 'strict'\n[{0}waivers]]\ncheck = 'secrets'\nowner = 'ada'\nreason = 'x'\nexpires = 2027-01-31\n"
    alone.write_text(body.format("["))
    inside.write_text("[gate]\n" + body.format("[gate."))
    for path in (alone, inside):
        policy = load_policy(path)
        assert policy.preset == "strict"
        assert policy.waivers[0].expires == dt.date(2027, 1, 31)
    (tmp_path / "broken.toml").write_text("[gate")
    for name, said in (("broken.toml", "not valid TOML"), ("missing.toml", "no policy")):
        with pytest.raises(ConfigError, match=said):
            load_policy(tmp_path / name)


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    schema = as_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"preset": "strict", "checks": {"rows": {"fail": 10}}}, schema)
    for wrong in ({"preset": "lax"}, {"checks": {"duplicate_rate": {"fail": 2}}}, {"check": {}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
