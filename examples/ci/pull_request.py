"""A pull request that spoils training data, and how the gate meets it: a story in four acts, in a real git repository.

    python examples/ci/pull_request.py [FOLDER]

1. `main` holds clean tickets: the gate is green, and its verdict becomes the baseline.
2. A branch adds copies, a test row to the training rows, a secret and wrong labels: red, each with its line.
3. `curate run` and `curate apply` remove copies and leaks, mask the secret and mend the labels.
4. The curated file is committed: green again.

The data is made here, from a seed. It needs git and an installed `curate`; it leaves FOLDER (default: a temporary one).
Exits with 1 where an act does not end as it should.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

RECIPE = """\
[data]
input = "data/tickets.jsonl"
[stages.label_issues]
auto = 0.4  # relabel without asking from this score on: the team has read these findings before
[gate]
preset = "starter"
[gate.checks.duplicate_rate]
fail = 0.02
[gate.checks.rows_per_class]
fail = 50
[gate.checks.label_error_rate]
warn = 0.03
fail = 0.06
"""
TOPICS = {
    "refund": ("money back", "refund", "returned the item", "charged twice", "credit note"),
    "delivery": ("parcel", "courier", "tracking number", "arrived late", "delivery slot"),
    "login": ("password", "sign in", "locked account", "reset link", "two-factor code"),
}
OPENERS = ("Hello", "Hi there", "Good morning", "Quick question", "Dear team", "Please help", "Not happy")
THINGS = ("kettle", "lamp", "jacket", "printer", "bicycle", "desk", "camera", "tent", "mixer", "guitar", "scarf", "router")
TAILS = ("since Monday", "for the second time", "after the update", "before the holidays", "as promised", "this morning")
CURATE = shutil.which("curate") or str(Path(sys.executable).with_name("curate"))
SECRET = "postgres://reporting:Rainy-Day-77@db.internal.example.org/sales"


def tickets(n: int, seed: int) -> list[dict[str, str]]:
    """Distinct tickets with right labels; every fifth is a test row."""
    rng = random.Random(seed)
    rows: list[dict[str, str]] = []
    for i in range(n):
        label = list(TOPICS)[i % len(TOPICS)]
        words = rng.sample(TOPICS[label], 3)
        things = rng.sample(THINGS, 3)
        text = (
            f"{rng.choice(OPENERS)}, about the {things[0]} and the {things[1]}: {words[0]}, {words[1]} "
            f"{rng.choice(TAILS)}, then {words[2]} with the {things[2]}, order {rng.randrange(10**6, 10**7)}."
        )
        rows.append({"text": text, "label": label, "split": "test" if i % 5 == 4 else "train"})
    return rows


def spoil(rows: list[dict[str, str]], seed: int) -> list[dict[str, str]]:
    """The rows of the pull request: copies, a leaked test row, a secret, wrong labels."""
    rng = random.Random(seed)
    train = [row for row in rows if row["split"] == "train"]
    copies = [dict(row) for row in rng.sample(train, 40)]
    leak = dict(next(row for row in rows if row["split"] == "test"), split="train")
    secret = {"text": f"The export job cannot log in, it uses {SECRET}", "label": "login", "split": "train"}
    fresh = [row for row in tickets(200, seed + 1) if row["split"] == "train"]
    names = list(TOPICS)
    wrong = [{**row, "label": names[(names.index(row["label"]) + 1) % 3]} for row in fresh[:60]]
    return [*rows, *copies, leak, secret, *wrong, *fresh[60:]]


class Story:
    """A repository, and what happened to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data" / "tickets.jsonl"
        self.wrong: list[str] = []

    def sh(self, *command: str, expect: int = 0) -> str:
        """Run a command in the repository; an exit code other than the expected one is remembered."""
        program = CURATE if command[0] == "curate" else command[0]
        done = subprocess.run([program, *command[1:]], cwd=self.folder, capture_output=True, text=True, check=False)
        print("$", " ".join(command), f"   [exit {done.returncode}]")
        if done.returncode != expect:
            self.wrong.append(f"{' '.join(command)}: exit {done.returncode}, expected {expect}\n{done.stderr[-800:]}")
        return done.stdout

    def commit(self, rows: list[dict[str, Any]], message: str) -> None:
        """Write the data and commit it."""
        self.data.parent.mkdir(exist_ok=True)
        self.data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        self.sh("git", "add", "-A")
        self.sh("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", message)

    def failed(self, out: str) -> dict[str, list[int]]:
        """Failed checks of a JSON verdict, with their lines."""
        found = json.loads(out)
        for check in found["checks"]:
            if check["verdict"] != "not applicable":
                print(f"    {check['verdict']:<10} {check['sentence']}")
        return {
            c["name"]: [p["line"] for p in c["places"]] for c in found["checks"] if c["verdict"] == "fail"
        }  # fmt: skip

    def expect(self, holds: bool, what: str) -> None:
        """Remember what should have held."""
        if not holds:
            self.wrong.append(what)


def tell(folder: Path) -> list[str]:
    """The four acts; returns what went otherwise than it should."""
    story = Story(folder)
    gate = ("curate", "gate", "curate.toml", "-q")
    print("\n1. main is clean")
    story.sh("git", "init", "-q", "-b", "main")
    (folder / "curate.toml").write_text(RECIPE)
    (folder / ".gitignore").write_text("runs/\n")
    rows = tickets(450, seed=1)
    story.commit(rows, "Tickets")
    story.sh(*gate, "--format", "json", "--output", "baseline.json")

    print("\n2. a pull request spoils it")
    story.sh("git", "switch", "-q", "-c", "more-tickets")
    spoilt = spoil(rows, seed=7)
    story.commit(spoilt, "More tickets")
    red = story.failed(story.sh(*gate, "--baseline", "baseline.json", "--format", "json", expect=1))
    n = len(rows)
    story.expect(set(red.get("duplicate_rate", [])) == set(range(n + 1, n + 41)), f"copies: {red.get('duplicate_rate')}")
    story.expect(red.get("leaked_rows") == [n + 41], f"the leak: {red.get('leaked_rows')}")
    story.expect(red.get("secrets") == [n + 42], f"the secret: {red.get('secrets')}")
    flipped = set(range(n + 43, n + 103))
    named = set(red.get("label_error_rate", []))
    story.expect(len(named & flipped) >= 0.8 * len(flipped), f"{len(named & flipped)} of {len(flipped)} wrong labels named")

    print("\n3. curate")
    story.sh("curate", "run", "curate.toml", "--out", "runs/pr", "--no-train", "-q")
    story.sh("curate", "apply", "runs/pr", "-q")
    curated = folder / "runs" / "pr" / "curated.jsonl"

    print("\n4. the curated file is committed")
    story.commit([json.loads(line) for line in curated.read_text(encoding="utf-8").splitlines()], "Curated tickets")
    left = story.failed(story.sh(*gate, "--baseline", "baseline.json", "--format", "json"))
    story.expect(not left, f"still red: {sorted(left)}")
    story.expect(SECRET not in story.data.read_text(encoding="utf-8"), "the secret is still in the data")
    return story.wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder or Path(tempfile.mkdtemp(prefix="curate-pull-request-"))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / ".git").exists():
        sys.exit(f"{folder} holds a repository already; name a new folder")
    wrong = tell(folder)
    print(f"\nThe repository is in {folder}.")
    for line in wrong:
        print("WRONG:", line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
