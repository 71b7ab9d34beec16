"""`curate hand-over`: an adapter for other tools."""

from __future__ import annotations

import click

from curate.cli.options import Choice, data_options, shell_path
from curate.words import plural

TARGETS = ("gguf", "lm-eval", "accelerate")
EPILOG = """\b
Examples:
  curate hand-over runs/chat --to gguf --out chat.gguf
  curate hand-over runs/chat --to lm-eval --rows held_out.jsonl --out lm-eval-chat
  curate hand-over --to accelerate --processes 4 --out four-gpus.yaml
"""


@click.command("hand-over", epilog=EPILOG)
@click.argument("adapter", metavar="[RUN|ADAPTER]", type=click.Path(), required=False)
@click.option("--to", "target", type=Choice(TARGETS), required=True, help="Which tool.")
@click.option("--out", type=click.Path(), required=True, help="File (gguf, accelerate) or folder (lm-eval) to write.")
@click.option("--rows", "rows_file", type=click.Path(), help="lm-eval: file of rows with the right answers.")
@click.option("--name", default="", help="lm-eval: name of the task (default: that of the adapter's folder).")
@click.option("--outtype", default="f16", show_default=True, help="gguf: number format of the weights.")
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True, help="accelerate: one for each GPU.")
@click.option("--cpu", is_flag=True, help="accelerate: processes on the CPUs instead.")
@click.option("--base", help="Where the base model lies now, if not where it was.")
@data_options
def hand_over_command(
    adapter: str | None, target: str, out: str, rows_file: str | None, name: str, outtype: str, processes: int, cpu: bool,
    base: str | None, task: str | None, role: tuple[str, ...], on_bad_row: str | None,
) -> int:
    """Write what another tool needs: a GGUF file, a task for lm-evaluation-harness, or a launch configuration.

    gguf needs llama.cpp's converter (LLAMA_CPP names its folder). accelerate needs no adapter: it starts `curate train`
    in several processes, on several GPUs.
    """
    from pathlib import Path

    from curate import workflow
    from curate.errors import ConfigError
    from curate.house import require

    workflow.trainer_present()
    tools = require("train.hand_over")
    if target == "accelerate":
        command = tools.write_launch(out, processes=processes, cpu=cpu)
        click.echo(f"{command} FILE|RUN --out FOLDER")
        return 0
    if adapter is None:
        raise ConfigError(f"--to {target} needs a run or an adapter's folder")
    if target == "gguf":
        click.echo(str(tools.write_gguf(adapter, out, base=base, kind=outtype)))
        return 0
    if rows_file is None:
        raise ConfigError("--to lm-eval needs --rows FILE, the rows to judge by")
    from curate.cli.options import overrides, recipe_for

    dataset = workflow.read_input(recipe_for(rows_file).with_(**overrides(task, role, on_bad_row)))
    rows = require("train.examples").from_dataset(dataset)
    made = tools.write_lm_eval(adapter, rows, out, name=name, base=base)
    click.echo(f"cd {shell_path(Path(made.folder))} && {made.command}")
    tasks = f"{'tasks' if len(made.tasks) > 1 else 'task'} {', '.join(made.tasks)}"
    click.echo(f"{plural(made.rows, 'row')}, {tasks}; pip install lm-eval first", err=True)
    return 0
