"""What docs/measured.md quotes and no other target measures, one benchmark after another; `make bench`.

    python benchmarks/run.py [NAME …]

Any other `bench_NAME.py` that needs no arguments can be named too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("startup", "resolve", "similarity", "recall", "pii", "pipeline", "train")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"unless given: {', '.join(NAMES)}")
    wanted = parser.parse_args().names or NAMES
    known = sorted(p.stem.removeprefix("bench_") for p in HERE.glob("bench_*.py"))
    failed = []
    for name in wanted:
        script = HERE / f"bench_{name}.py"
        if not script.is_file():
            print(f"there is no benchmark {name!r}; known: {', '.join(known)}", file=sys.stderr)
            return 2
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=HERE.parent).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
