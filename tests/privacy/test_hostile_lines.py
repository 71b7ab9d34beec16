"""A 10 MB line must not hold the scanner up; a fresh process with a time limit proves it."""

from __future__ import annotations

import subprocess
import sys

import pytest

LINES = {
    "one digit run": "'1' * 10**7",
    "at signs": "'a@' * 5_000_000",
    "labels": "'a.' * 5_000_000",
    "pluses": "'+1 ' * 3_300_000",
    "single digits": "'1 ' * 5_000_000",
    "pairs of digits": "'12 34 ' * 1_600_000",
    "quads": "'1.' * 5_000_000",
    "brackets": "'(1' * 5_000_000",
    "schemes": "'://' * 3_300_000",
    "half tokens": "'eyJaaaaaaaaaa.' * 700_000",
    "key blocks": "'-----BEGIN PRIVATE KEY-----' * 370_000",
    "keys without values": "'password=' * 1_100_000",
    "zero width": "'1\\u200b' * 2_500_000",
    "json escapes": "'{\"a\":\"' + '\\\\n1' * 3_300_000 + '\"}'",
    "open brackets": "'[' * 10**7",
    "one hexadecimal word": "__import__('random').Random(0).randbytes(5 * 10**6).hex()",
    "spelled digits": "'one ' * 2_500_000",
    "a label and its value": "'cpf 390.533.447-05 ' * 520_000",
    "a label in a script without blanks": "'電話12345678 ' * 660_000",
}


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_ten_megabyte_line_is_scanned_in_bounded_time(name: str) -> None:
    code = f"import pyarrow as pa; from curate.privacy import scan; scan(pa.array([{LINES[name]}], pa.large_string()))"
    # Includes starting Python on a busy machine; the measured times are in benchmarks/LOG.md.
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
