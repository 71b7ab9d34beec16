"""The kinds of personal data that the scanner knows, and what is said about each.

A type has a placeholder (``[EMAIL]``), a rule name (``pii.email_address``), a priority for overlaps and a plain
sentence that a finding shows as its reason. Priorities run from the most specific evidence (a key block, a checksum)
to the least (a date beside the word "born"): where two spans overlap, the higher priority stays, then the longer span.

Placeholders are upper-case ASCII in square brackets, so they never need escaping in JSON, CSV or HTML, and no
recogniser accepts them: a text that already holds placeholders is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PiiType:
    """One kind of personal data or secret."""

    name: str
    """Name in the field's usual spelling, e.g. `EMAIL_ADDRESS`."""
    placeholder: str
    """Replacement text, e.g. `[EMAIL]`."""
    priority: int
    """Higher wins where spans overlap."""
    reason: str
    """Plain sentence for a finding; it never holds the value."""
    checksum: str | None = None
    """Name of the arithmetic check that the value passed, if the type has one."""

    @property
    def rule(self) -> str:
        """Rule name of a finding, e.g. `pii.email_address`."""
        return "pii." + self.name.lower()


TYPES: tuple[PiiType, ...] = (
    PiiType("PRIVATE_KEY", "[PRIVATE_KEY]", 100, "The text holds a private key block."),
    PiiType("URL_CREDENTIALS", "[URL_CREDENTIALS]", 95, "An address holds a user name and a password."),
    PiiType("SECRET", "[SECRET]", 90, "The text holds an access key, a token or a password."),
    PiiType("EMAIL_ADDRESS", "[EMAIL]", 80, "The text holds an e-mail address."),
    PiiType("IBAN", "[IBAN]", 75, "A bank account number passes the IBAN check digits.", "mod97"),
    PiiType("CREDIT_CARD", "[CARD]", 70, "A number has an issuer's prefix and length and passes the Luhn check.", "luhn"),
    PiiType("IP_ADDRESS", "[IP]", 65, "The text holds an IP address."),
    PiiType("MAC_ADDRESS", "[MAC]", 60, "The text holds a hardware (MAC) address."),
    PiiType("US_SSN", "[SSN]", 55, "A number has the form of a US social security number."),
    PiiType("DATE_OF_BIRTH", "[DATE_OF_BIRTH]", 50, "A date stands beside words that speak of a birth."),
    PiiType("PHONE_NUMBER", "[PHONE]", 40, "A number has the form and the setting of a telephone number."),
)

NAMES: tuple[str, ...] = tuple(t.name for t in TYPES)
CODE: dict[str, int] = {t.name: i for i, t in enumerate(TYPES)}
"""Type name -> small integer used inside the engine."""
