"""What `curate doctor --warm` promises: the first run waits for no compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from curate.house import HOME

COMPILED = """
import gc, sys
import pyarrow as pa, pyarrow.csv, pyarrow.json
from numba.core.dispatcher import Dispatcher
from curate.cli.doctor import WARM_ROWS, _warm
from curate.recipe import Recipe
from curate.workflow import run

def kernels():
    found = [o for o in gc.get_objects() if isinstance(o, Dispatcher)]
    return {f"{o.py_func.__module__}.{o.py_func.__name__}{kinds}" for o in found for kinds in o.signatures}

_warm()
warm = kernels()
table = pa.json.read_json(sys.argv[1]).slice(2 * WARM_ROWS, 600)
pa.csv.write_csv(table, "others.csv")
run(Recipe.parse({"data": {"input": "others.csv"}}), out="run", train=False)
print(len(warm), *(kernels() - warm))
"""


def test_after_warming_a_first_run_on_other_rows_compiles_nothing(tmp_path: Path) -> None:
    sample = HOME / "sample_data" / "support_tickets.jsonl"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-P", "-c", COMPILED, str(sample)], cwd=tmp_path, env=env, capture_output=True,
                          text=True, check=True)  # fmt: skip
    compiled, *missing = done.stdout.split(maxsplit=1)
    assert int(compiled) > 50, "the engines were asked"
    assert not missing, "compiled only by the run"
