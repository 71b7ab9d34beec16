"""Judging many candidates at once must say what judging each by itself says."""

from __future__ import annotations

import json
import random
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.privacy import ScanConfig, scan
from curate.privacy import neighbourhood as k
from curate.privacy.candidates import Candidate, View
from curate.privacy.chance import CHECKED
from curate.privacy.column import block
from curate.privacy.crowds import identify_all
from curate.privacy.identifiers import IDENTIFIERS, passes
from curate.privacy.identify import identify
from curate.privacy.judging import Verdicts, recognise
from curate.privacy.kernel import lex
from curate.privacy.phone_shapes import possible
from curate.privacy.phones import find_phones
from curate.privacy.plans import form, relaxed
from tests.conftest import examples
from tests.privacy.identifier_examples import EXAMPLES

LABELS = sorted({phrase.rstrip("*") for i in IDENTIFIERS for phrase in i.phrases() if phrase.isascii()})
FORMS = ("#######", "#########", "###.###.###-##", "###-###-####", "##########", "###########", "#######A", "AB######",
         "A#######A", "##.###.###-#", "######-####", "## ### ###", "####/####", "############", "+##########")  # fmt: skip


def _filled(form_: str, rng: random.Random) -> str:
    return re.sub("#", lambda _: rng.choice("0123456789"), form_)


def _candidates(rows: list[str]) -> tuple[object, np.ndarray]:
    text = block(pa.array(rows, pa.large_string()))
    proposed, count, _ = lex(text.data, text.starts, text.ends, False, text.masks, text.name_of)
    found = proposed[:count]
    return text, found[(found[:, 0] == k.ALNUM) | (found[:, 0] == k.NUMBER)]


def _both(rows: list[str]) -> tuple[list[object], list[object]]:
    text, candidates = _candidates(rows)
    view = View(text.data.data, text.starts.tolist(), text.ends.tolist(), "US", text.names)  # type: ignore[attr-defined]
    owner, places, score = identify_all(text, view, candidates).all()  # type: ignore[arg-type]
    together = sorted((n, *p, round(s, 4)) for n, p, s in zip(owner.tolist(), places.tolist(), score.tolist()))
    alone = [(n, *span) for n, c in enumerate(candidates.tolist()) for span in identify(view, Candidate._make(c))]
    return together, sorted((n, a, b, code, round(s, 4)) for n, a, b, code, s in alone)


@pytest.mark.parametrize("seed", range(12))
def test_crowds_of_labelled_values_are_judged_as_each_by_itself(seed: int) -> None:
    rng = random.Random(seed)
    rows = []
    for label in rng.sample(LABELS, 25):
        sign = rng.choice((" ", ": ", "=", " is ", " no. ", '":"'))
        written = rng.choice(FORMS)
        rows += [f"Anna, {label}{sign}{_filled(written, rng)} and so on" for _ in range(60)]
    together, alone = _both(rows)
    assert together == alone
    assert together


def test_crowds_of_valid_identifiers_are_judged_as_each_by_itself() -> None:
    phrase = {i.name: i.phrases()[0].rstrip("*") for i in IDENTIFIERS if i.phrases()}
    rows = [f"{phrase[name]} {value}, thanks" for name, value in EXAMPLES.items() if name in phrase for _ in range(30)]
    together, alone = _both(rows)
    assert together == alone
    assert len(together) > len(rows) * 0.8


WORDS = st.lists(
    st.one_of(
        st.sampled_from(LABELS), st.sampled_from(FORMS).flatmap(lambda f: st.randoms().map(lambda r: _filled(f, r))),
        st.sampled_from(("order", "the", "is", "Dr.", "no", "CC", "d", "c", "f", "Zürich", "счёт", "[PHONE]", "a1", "1a")),
        st.text("abcXYZ019 .-:;'\"\n", min_size=1, max_size=6),
    ),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(WORDS, st.sampled_from((" ", ", ", ": ", "")))
def test_no_candidate_is_passed_over_that_would_have_been_found(words: list[str], joint: str) -> None:
    together, alone = _both([joint.join(words)])
    assert together == alone


def test_a_block_says_what_its_rows_say_alone() -> None:
    rng = random.Random(3)
    rows = [f"{rng.choice(LABELS)} {_filled(rng.choice(FORMS), rng)}, tel {_filled(FORMS[3], rng)}" for _ in range(400)]
    rows += [json.dumps({"id": n, "phone": f"{n * 7919:010d}", "cpf": "390.533.447-05"}) for n in range(200)]
    whole = scan(pa.array(rows))
    spans = sorted(zip(whole.row.tolist(), whole.start.tolist(), whole.end.tolist(), whole.kind.tolist()))
    alone = []
    for row, text in enumerate(rows):
        one = scan(pa.array([text]))
        alone += [(row, *s) for s in zip(one.start.tolist(), one.end.tolist(), one.kind.tolist())]
    # What a check takes by chance may be cleared where many are seen, which no row by itself can tell.
    assert set(spans) <= set(alone)
    assert {kind for _, _, _, kind in set(alone) - set(spans)} <= set(CHECKED.tolist())
    assert len(spans) > 0.98 * len(alone)


def test_verdicts_are_remembered_and_equal() -> None:
    text, candidates = _candidates(["CPF 390.533.447-05 and 390.533.447-06", "call 212-555-0134"] * 3)
    verdicts = Verdicts()
    first = recognise(text, candidates, ScanConfig(), verdicts)  # type: ignore[arg-type]
    again = recognise(text, candidates, ScanConfig(), verdicts)  # type: ignore[arg-type]
    assert first[0].tolist() == again[0].tolist()
    assert len(first[0])


def test_a_relaxed_pattern_fits_whatever_the_pattern_fits() -> None:
    for identifier in IDENTIFIERS:
        for match in re.finditer(identifier.pattern, EXAMPLES.get(identifier.name, "")):
            assert form(identifier).any_digits.search(re.sub("[1-9]", "0", match[0])), identifier.name
        assert relaxed(relaxed(identifier.pattern)) == relaxed(identifier.pattern)


@settings(max_examples=examples(500), deadline=None)
@given(st.text("0123456789 -.()/+", min_size=9, max_size=70))
@example("02010/000")
@example("040/12345")
@example("0511 / 123 456 78 90")
@example("00491)5112-3456")
@example("(90) 9 11234-1234")
def test_no_telephone_is_passed_over_by_its_shape(text: str) -> None:
    match = re.search(r"[0-9+(][0-9 .\-()/+]*[0-9]", text)
    if not match:
        return
    run = match[0]
    told = possible(np.frombuffer(run.encode(), np.uint8), np.array([[k.NUMBER, 0, 0, len(run), 0, 0, 0]]))[0]
    for part in (run, run.removeprefix("(")):
        found = find_phones(part, "", context=False, context_after=False, blocked=False, region="US")
        assert told or all(score < 0.5 for _, _, score in found)


def test_most_runs_of_random_digits_and_signs_are_no_telephone() -> None:
    rng = random.Random(0)
    runs = ["".join(rng.choices("123456789 -./", k=20)).strip(" -./") for _ in range(200)]
    told = [possible(np.frombuffer(r.encode(), np.uint8), np.array([[0, 0, 0, len(r), 0, 0, 0]]))[0] for r in runs]
    assert sum(told) < 40


def test_a_valid_number_at_the_end_of_a_flood_of_wrong_ones_is_found() -> None:
    rng = random.Random(1)
    line = " ".join(f"cpf {_filled('###.###.###-##', rng)}" for _ in range(3000)) + " cpf 390.533.447-05"
    spans = scan(pa.array([line]), ScanConfig(min_score=0.6))
    assert passes("br.cpf", "390.533.447-05")
    assert spans.end.tolist()[-1] == len(line)
