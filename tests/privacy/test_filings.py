"""Employer numbers: published in a company's filing, personal data elsewhere."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan

NUMBER = "82-1234567"


def found(text: str, min_score: float = 0.5) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(min_score=min_score))
    return [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]


@pytest.mark.parametrize(
    "text",
    [
        f"(State of incorporation) Delaware (I.R.S. Employer Identification No.) {NUMBER}",
        f"FORM 10-K. Exact name of registrant: Acme Corp. IRS Employer Identification No. {NUMBER}",
        f"Commission File Number 001-38291. EIN: {NUMBER}",
    ],
)
def test_in_a_filing_it_is_published(text: str) -> None:
    assert not found(text)
    assert found(text, 0.4) == [NUMBER]  # whoever asks for less sure ones is told


@pytest.mark.parametrize(
    "text",
    [
        f"My EIN is {NUMBER}",
        f"Invoice from Miller Carpentry, EIN {NUMBER}",
        f"Form W-2: EIN {NUMBER}, employee of the registrant",
        f"EIN {NUMBER}" + " and so on" * 60 + " the registrant",
    ],
)
def test_elsewhere_it_may_be_a_sole_traders(text: str) -> None:
    assert found(text) == [NUMBER]


def test_a_social_security_number_in_a_filing_stays_one() -> None:
    assert found("Form 10-K, registrant, EIN. SSN 219-09-9999") == ["219-09-9999"]
