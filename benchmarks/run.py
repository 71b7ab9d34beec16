"""Every benchmark that needs no peers, one after another; `make bench`.

    python benchmarks/run.py [NAME …]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("startup", "resolve", "similarity", "selfmeasure", "optional_stages", "pii", "labels", "pipeline", "train")


def main() -> int:
    wanted = sys.argv[1:] or NAMES
    failed = []
    for name in wanted:
        script = HERE / f"bench_{name}.py"
        if not script.is_file():
            print(f"there is no benchmark {name!r}; known: {', '.join(NAMES)}", file=sys.stderr)
            return 2
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=HERE.parent).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
