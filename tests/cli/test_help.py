"""Every verb explains itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from curate.cli import VERBS, cli


@pytest.mark.parametrize("verb", [v for v in VERBS if v != "config"])
def test_a_verbs_help_says_what_it_does_and_shows_an_example(verb: str) -> None:
    out = CliRunner().invoke(cli, [verb, "--help"], prog_name="curate")
    assert out.exit_code == 0, out.output
    assert f"curate {verb}" in out.output
    assert "Example" in out.output or verb in ("doctor",)


@pytest.mark.parametrize("group", ["index", "vault", "config"])
def test_a_group_says_of_each_of_its_verbs_a_whole_sentence(group: str) -> None:
    out = CliRunner().invoke(cli, [group, "--help"], prog_name="curate")
    assert "..." not in out.output.split("Commands:")[1].split("Examples:")[0]
    assert f"curate {group}" in out.output.split("Examples:")[1]


@pytest.mark.parametrize("verb", ["show", "validate", "schema"])
def test_config_verbs_explain_themselves_too(verb: str) -> None:
    out = CliRunner().invoke(cli, ["config", verb, "--help"], prog_name="curate")
    assert out.exit_code == 0
    assert "Example" in out.output


def test_the_schema_covers_every_stage_and_every_setting_has_an_explanation() -> None:
    from curate.recipe.schema import as_json_schema, as_text
    from curate.stages.registry import BUILT_IN

    schema = as_json_schema()
    stages = schema["properties"]["stages"]["properties"]
    assert set(stages) >= set(BUILT_IN)
    for section in (*stages.values(), *(schema["properties"][s] for s in ("data", "run", "keep", "train", "ablation"))):
        for name, about in section["properties"].items():
            assert about.get("description"), name
    assert "[stages.near_duplicates]" in as_text()


@pytest.mark.parametrize(("section", "first"), [("keep", "[keep]"), ("pii", "[stages.pii]"), ("stages.pii", "[stages.pii]"),
                                                ("gate", "[gate]"), ("train", "[train]")])  # fmt: skip
def test_one_section_of_the_reference_is_printed_alone_and_fits_the_screen(section: str, first: str) -> None:
    told = CliRunner().invoke(cli, ["config", "schema", section, "--format", "text"]).output.splitlines()
    assert told[0].startswith(first)
    assert len(told) > 5
    assert not any(line.startswith("[") for line in told[1:])
    assert max(map(len, told)) <= 100


def test_a_section_that_is_misspelt_is_told_its_name() -> None:
    from curate.errors import ConfigError
    from curate.recipe.schema import as_json_schema

    assert set(as_json_schema("keep")["properties"]) >= {"policy", "sources", "per_cluster"}
    with pytest.raises(ConfigError, match="did you mean 'gate'"):
        as_json_schema("gat")


def test_doctor_finds_this_installation_whole() -> None:
    out = CliRunner().invoke(cli, ["doctor", "--selftest"], prog_name="curate")
    assert out.output.strip().endswith("ok")
    assert "MinHash kernel beside datasketch" in out.output


def test_the_selftest_notices_a_wrong_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    import curate.privacy.checks as checks
    from curate.selftest import checksums_beside_stdnum

    assert checksums_beside_stdnum().passed
    monkeypatch.setattr(checks, "luhn", lambda digits: len(digits) == 16)
    assert not checksums_beside_stdnum().passed


def test_completion_is_offered_for_bash() -> None:
    out = CliRunner().invoke(cli, [], prog_name="curate", env={"_CURATE_COMPLETE": "bash_source"})
    assert "_CURATE_COMPLETE=bash_complete" in out.output


def test_the_first_help_has_every_verb_on_a_line_of_its_own_under_a_heading() -> None:
    lines = CliRunner().invoke(cli, ["--help"], prog_name="curate").output.splitlines()
    first = [line.split()[0] for line in lines if line.startswith("  ") and line[2:3].isalpha()]
    shown = [word for word in first if word in VERBS]
    assert shown == list(VERBS)
    assert max(map(len, lines)) < 90
