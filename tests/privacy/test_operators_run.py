"""Operators in a recipe and a run: settings, second look, previews, what the command line says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import curate
from curate.cli import cli
from curate.dataset import load
from curate.errors import ConfigError
from curate.ledger.decisions import append_decisions, decide
from curate.outputs import looked_for
from curate.privacy import masked_preview
from curate.privacy.keys import make_key
from curate.recipe import Recipe
from curate.recipe.toml import write_recipe
from curate.workflow import reapply

NAMED = [
    ["I am John Smith, mail john.smith@acme.org, born on 3 April 1985.", "Thank you, Mr. Smith! And jsmith@acme.org?"],
    ["Please ask John Smith's office, (212) 736-5000.", "DOB 1985-04-03, John Smith. Card 4111 1111 1111 1111."],
]


def chat(folder: Path, rows: list[list[str]] = NAMED) -> Path:
    path = folder / "chat.jsonl"
    turns = [[{"role": role, "content": text} for role, text in zip(("user", "assistant"), row)] for row in rows]
    path.write_text("".join(json.dumps({"messages": row}, ensure_ascii=False) + "\n" for row in turns), encoding="utf-8")
    return path


def run(source: Path, settings: str, out: str = "run") -> Path:
    recipe = source.parent / f"{out}.toml"
    data = f'[data]\ninput = "{source.name}"\n[run]\nstages = ["pii"]\n'
    recipe.write_text(f"{data}[stages.pii]\n{settings}\n", encoding="utf-8")
    curate.run(recipe, out=source.parent / out, train=False)
    return source.parent / out


def texts(directory: Path) -> list[list[str]]:
    lines = (directory / "curated.jsonl").read_text(encoding="utf-8").splitlines()
    return [[turn["content"] for turn in json.loads(line)["messages"]] for line in lines]


def left(directory: Path) -> int:
    return int(json.loads((directory / "manifest.json").read_text())["rescan"]["pii"]["left"])


def test_a_person_is_one_person_in_every_text_of_the_data(tmp_path: Path) -> None:
    directory = run(chat(tmp_path), 'names = "replace"\n[stages.pii.operators]\ndefault = "surrogate"')
    (opening, answer), (office, last) = texts(directory)
    first, surname = opening.removeprefix("I am ").split(",")[0].split()
    domain = opening.split("@")[1].split(",")[0]
    assert f"mail {first.lower()}.{surname.lower()}@{domain}" in opening
    assert f"Mr. {surname}!" in answer
    assert f" {first[0].lower()}{surname.lower()}@{domain}" in answer
    assert f"{first} {surname}'s office" in office
    assert f"{first} {surname}." in last
    assert left(directory) == 0


def test_a_second_look_does_not_count_surrogates_but_counts_what_people_kept(tmp_path: Path) -> None:
    directory = run(chat(tmp_path), '[stages.pii.operators]\ndefault = "surrogate"')
    assert left(directory) == 0
    findings = pq.read_table(directory / "findings/pii.parquet")
    card = findings["rule"].to_pylist().index("pii.credit_card")
    append_decisions(directory / "decisions.jsonl", [decide(findings, [card], "reject", actor="ann")])
    reapply(directory)
    assert "4111 1111 1111 1111" in texts(directory)[1][1]
    assert left(directory) == 1


@pytest.mark.parametrize("operator", ["numbered", "numbered_row", "hash", "vault"])
def test_running_again_on_curated_data_changes_nothing(tmp_path: Path, operator: str) -> None:
    make_key(tmp_path / "k")
    rows = [["my driver's license number is D1234567", "the passport no. is 123456789, SSN 536-90-4399"], NAMED[1]]
    settings = f'key_file = "k"\n[stages.pii.operators]\ndefault = "{operator}"'
    first = run(chat(tmp_path, rows), settings)
    again = tmp_path / "again.jsonl"
    again.write_bytes((first / "curated.jsonl").read_bytes())
    second = run(again, settings, out="second")
    assert (second / "curated.jsonl").read_bytes() == again.read_bytes()


def test_custom_recognisers_name_operator_and_placeholder_and_the_recipe_goes_first(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[[recognizer]]\nname = "PROJECT"\ndeny = ["Bluebird", "Heron"]\nplaceholder = "[CODENAME]"\n'
        'operator = "numbered"\nexamples = ["a heron"]\n'
        '[[recognizer]]\nname = "BADGE"\npattern = "E-[0-9]{6}"\noperator = "redact"\nexamples = ["E-123456"]\n'
    )
    source = chat(tmp_path, [["Heron, Bluebird, heron: badge E-123456 now", "bob@acme.org"]])
    own = 'recognizers = "own.toml"'
    assert texts(run(source, own, "a")) == [["[CODENAME_1], [CODENAME_2], [CODENAME_1]: badge now", "[EMAIL]"]]
    table = '[stages.pii.operators]\nBADGE = "mask"\nPROJECT = "placeholder"'
    assert texts(run(source, f"{own}\n{table}", "b")) == [
        ["[CODENAME], [CODENAME], [CODENAME]: badge *-****** now", "[EMAIL]"]
    ]
    with pytest.raises(ConfigError, match="did you mean 'BADGE'"):
        run(source, f'{own}\n[stages.pii.operators]\nBADGES = "mask"', "c")
    (tmp_path / "own.toml").write_text('[[recognizer]]\nname = "X1"\npattern = "x"\noperator = "burn"\n')
    with pytest.raises(ConfigError, match="no operator 'burn'"):
        run(source, own, "d")


def test_a_changed_recogniser_file_is_looked_with_again(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[recognizer]]\nname = "PROJECT"\ndeny = ["Heron"]\n')
    source = chat(tmp_path, [["Heron and Bluebird", "ok"]])
    assert texts(run(source, 'recognizers = "own.toml"'))[0][0] == "[PROJECT] and Bluebird"
    own.write_text('[[recognizer]]\nname = "PROJECT"\ndeny = ["Heron", "Bluebird"]\n')
    assert texts(run(source, 'recognizers = "own.toml"'))[0][0] == "[PROJECT] and [PROJECT]"


def test_what_a_recipe_declares_private_is_masked_in_previews(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[[recognizer]]\nname = "BADGE"\npattern = "E-[0-9]{6}"\nexamples = ["E-123456"]\n')
    recipe = Recipe.parse(
        {"stages": {"pii": {"recognizers": "own.toml", "deny": ["Project Heron"]}}}, tmp_path / "curate.toml"
    )
    shown = masked_preview("E-123456 of project heron", config=looked_for(recipe))
    assert shown == "[BADGE] of [LISTED_VALUE]"
    (tmp_path / "own.toml").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        looked_for(recipe)


def test_listed_values_are_replaced_and_shown_nowhere(tmp_path: Path) -> None:
    source = chat(tmp_path, [["We call it Project Heron.", "project heron, yes"]] * 2)
    directory = run(source, 'deny = ["Project Heron"]\n[stages.pii.operators]\nLISTED_VALUE = "numbered"')
    assert texts(directory) == [["We call it [LISTED_VALUE_1].", "[LISTED_VALUE_1], yes"]] * 2
    for name in ("report.html", "report.json", "removed.parquet", "findings/pii.parquet"):
        assert b"roject heron" not in (directory / name).read_bytes().lower()


def test_a_written_recipe_holds_its_operators_and_is_read_back(tmp_path: Path) -> None:
    source = chat(tmp_path)
    given = Recipe.parse({"stages": {"pii": {"operators": {"default": "mask", "EMAIL_ADDRESS": "redact"}}}})
    text = write_recipe(load(source), given, tmp_path)
    read = Recipe.parse(tomllib.loads(text))
    assert dict(read.choice("pii").config.operators) == {"default": "mask", "EMAIL_ADDRESS": "redact"}
    assert "operators = {}" in write_recipe(load(source), Recipe(), tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"operators": {"EMAIL": "mask"}}, "did you mean 'EMAIL_ADDRESS'"),
        ({"operators": {"default": "masked"}}, "did you mean 'mask'"),
        ({"operators": {"default": "hash"}}, "hash needs a key"),
        ({"operators": "mask"}, "operators"),
        ({"operator": {"default": "mask"}}, "did you mean 'operators'"),
    ],
)
def test_wrong_settings_are_said_when_the_recipe_is_read(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Recipe.parse({"stages": {"pii": settings}})


def test_the_command_line_takes_operators_and_says_once_that_surrogates_have_no_key(tmp_path: Path) -> None:
    source = chat(tmp_path)
    command = ["pii", str(source), "--operator", "surrogate", "--operator", "CREDIT_CARD=mask", "--out"]
    command.append(str(tmp_path / "r"))
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0
    assert done.output.count("ithout a key file") == 1
    assert "**** **** **** 1111" in texts(tmp_path / "r")[1][1]
    make_key(tmp_path / "k")
    done = CliRunner().invoke(cli, [*command[:-1], str(tmp_path / "s"), "--key", str(tmp_path / "k")])
    assert done.exit_code == 0
    assert "ithout a key file" not in done.output


def test_flagged_names_stay_and_no_surrogate_is_one_of_them(tmp_path: Path) -> None:
    rows = [[f"My name is {name} Walker, mail q{n}@acme.org", "ok"] for n, name in enumerate(("Elijah", "Gary", "Darrell"))]
    directory = run(chat(tmp_path, rows), 'names = "flag"\n[stages.pii.operators]\ndefault = "surrogate"')
    assert len(texts(directory)) == len(rows)
    for n, (text, _) in enumerate(texts(directory)):
        assert rows[n][0].split(",")[0] in text
        assert "walker" not in text.split("mail")[1].lower()


def test_screens_show_what_is_written_cut_to_a_width_and_no_raw_value(tmp_path: Path) -> None:
    pytest.importorskip("textual")
    from curate.review.session import Session
    from tui.reader import REPLACEMENT_WIDTH, Reader

    block = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA7abc\n" * 60 + "-----END RSA PRIVATE KEY-----"
    source = chat(tmp_path, [[f"x {block} y", "mail ann@acme.org"]])
    directory = run(source, '[stages.pii.operators]\ndefault = "surrogate"')
    session = Session.open(directory)
    reader = Reader(session)
    places = np.arange(session.findings.num_rows)
    lines = [reader.line(places, at) for at in places.tolist()]
    spans = [reader.evidence(at).span for at in places.tolist()]
    assert any("EXAMPLE" in line.proposal for line in lines)
    assert any("example.org" in line.proposal for line in lines)
    assert all(len(line.proposal) <= REPLACEMENT_WIDTH + 2 and "\n" not in line.proposal for line in lines)
    assert not any(raw in str((lines, spans)) for raw in ("MIIEow", "ann@acme"))
