"""A 10 MB line must not hold the scanner up; a process of its own, which a limit of time may end, proves it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator

import pytest

SECONDS = 60.0  # for a busy machine; the measured times are in benchmarks/LOG.md
STARTING_SECONDS = 300.0  # where the kernels are compiled first
SCANNER = """
import json, sys
import pyarrow as pa
from curate.privacy import scan
scan(pa.array(["mail me at ann@example.org"], pa.large_string()))
print("ready", flush=True)
for asked in sys.stdin:
    scan(pa.array([eval(json.loads(asked))], pa.large_string()))
    print("scanned", flush=True)
"""

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


class Scanner:
    """One process for all lines; where a line ends it or holds it up, the next line gets another."""

    process: subprocess.Popen[str] | None = None

    def scan(self, line: str) -> str:
        """What the process says within the limit: nothing where it ended, crashed or hangs."""
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-c", SCANNER]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert self.read(STARTING_SECONDS) == "ready\n"
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        said = self.read(SECONDS)
        if not said:
            self.end()
        return said

    def read(self, seconds: float) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline() if ready else ""

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="module")
def scanner() -> Iterator[Scanner]:
    one = Scanner()
    yield one
    one.end()


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_ten_megabyte_line_is_scanned_in_bounded_time(scanner: Scanner, name: str) -> None:
    assert scanner.scan(LINES[name]) == "scanned\n"


def test_a_line_that_ends_the_scanner_is_told_and_the_next_one_is_scanned(scanner: Scanner) -> None:
    assert scanner.scan("__import__('os')._exit(1)") == ""
    assert scanner.scan("'mail me at ann@example.org'") == "scanned\n"
