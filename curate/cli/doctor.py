"""`curate doctor`: is this installation whole?"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from importlib import metadata
from pathlib import Path

import click

CORE = ("polars", "pyarrow", "numba", "numpy", "sklearn", "cleanlab", "fairlearn", "pandas", "datasketch", "phonenumbers")
EXTRAS = {
    "train": ("torch", "transformers", "peft", "accelerate", "datasets", "safetensors"),
    "tui": ("textual", "textual_plotext", "textual_fastdatatable"),
    "ray": ("ray",),
}
NAMES = {"sklearn": "scikit-learn"}
WARMED_BY = (("support_tickets", False), ("support_tickets", True), ("assistant_chat", True))
"""Samples that are run to compile, and whether their letters are escaped. Kernels are compiled for what they are given:
rows with labels and splits or conversations, texts as they lie in the file or put together from escapes."""
WARM_ROWS = 800


@click.command("doctor", epilog="\b\nExamples:\n  curate doctor\n  curate doctor --warm --selftest")
@click.option("--warm", is_flag=True, help="Compile the engines' kernels now, once a machine, instead of in the first run.")
@click.option("--selftest", is_flag=True, help="Check the engines on this machine against independent libraries.")
def doctor_command(warm: bool, selftest: bool) -> int:
    """Check Python, packages, the bundled base model, name clashes and free disk; exit code 2 when the core is broken."""
    from curate.dataset.aside import scratch_folder
    from curate.house import HOME, OURS
    from curate.rundir import hardware
    from curate.words import duration, size

    broken = False
    machine = hardware()
    click.echo(f"ok       python {sys.version.split()[0]}, {machine['cores']} cores, {size(machine['memory_gib'] * 2**30)}")
    for module in CORE:
        broken |= not _show(module, "core")
    for extra, modules in EXTRAS.items():
        missing = [m for m in modules if importlib.util.find_spec(m) is None]
        if missing:
            click.echo(f"absent   {extra}: {', '.join(missing)} (pip install 'curate-toolkit[{extra}]')")
        else:
            click.echo(f"ok       {extra}: " + ", ".join(f"{m} {_version(m)}" for m in modules))
    for name in OURS:
        spec = importlib.util.find_spec(name)
        ours = spec is not None and spec.origin is not None and Path(spec.origin).resolve().parent == HOME / name
        where = spec.origin if spec else "nowhere"
        click.echo(f"{'ok' if ours else 'SHADOWED':<8} package {name}: {where}")
        broken |= not ours
    base = HOME / "train" / "bundled" / "base" / "model.safetensors"
    state = size(base.stat().st_size) if base.is_file() else "missing"
    click.echo(f"{'ok' if base.is_file() else 'absent':<8} bundled base model: {state}")
    click.echo(f"ok       free disk here: {size(shutil.disk_usage(Path.cwd()).free)}")
    scratch = scratch_folder()
    room = size(shutil.disk_usage(scratch).free) if scratch.is_dir() else "no such folder (TMPDIR)"
    click.echo(f"{'ok' if scratch.is_dir() else 'absent':<8} room for text of files over 1 GB, {scratch}: {room}")
    if warm and not broken:
        click.echo("compiling for this machine, once, which takes a minute or two", err=True)
        click.echo(f"ok       kernels compiled in {duration(_warm())}")
    if selftest and not broken:
        from curate.selftest import run

        for check in run():
            click.echo(f"{'ok' if check.passed else 'WRONG':<8} {check.name}: {check.detail}")
            broken |= not check.passed
    click.echo(f"{'BROKEN' if broken else 'ok'}")
    return 2 if broken else 0


def _warm() -> float:
    """Run every engine as a first run would; numba keeps what it compiles on disk."""
    import json
    import tempfile
    import time
    from itertools import islice

    from curate.cli.demo import sample_folder
    from curate.cli.live import LiveLine
    from curate.workflow import run

    started = time.perf_counter()
    samples, shown = sample_folder(), LiveLine()
    for name, escaped in WARMED_BY:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.jsonl"
            with (samples / path.name).open(encoding="utf-8") as lines:
                rows = [json.loads(line) for line in islice(lines, WARM_ROWS)]
            path.write_text("".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows), encoding="utf-8")
            run(path, out=Path(folder) / "run", train=False, listener=lambda event: shown.show(f"  {event.stage} …"))
    shown.end()
    return time.perf_counter() - started


def _show(module: str, kind: str) -> bool:
    found = importlib.util.find_spec(module) is not None
    click.echo(f"{'ok' if found else 'MISSING':<8} {kind}: {module} {_version(module) if found else ''}")
    return found


def _version(module: str) -> str:
    try:
        return metadata.version(NAMES.get(module, module.replace("_", "-")))
    except metadata.PackageNotFoundError:
        return "?"
