"""`curate generate`: try an adapter on a prompt."""

from __future__ import annotations

import sys
from typing import Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import Choice, json_option

MOST_WORDS = 12
EPILOG = """\b
Examples:
  curate generate runs/tickets --prompt "my parcel has not arrived"
  curate generate adapters/tickets --prompt "hello" --prompt "where is my card?" --json
  head -20 questions.txt | curate generate runs/chat --max-tokens 60 --with-base
"""


@click.command("generate", epilog=EPILOG)
@click.argument("adapter", metavar="RUN|ADAPTER", type=click.Path())
@click.option("--prompt", "prompts", multiple=True, help="What to ask; may be repeated (default: a line each on stdin).")
@click.option("--system", default="", help="System turn before each prompt (adapters that write).")
@click.option("--max-tokens", type=int, default=128, show_default=True, help="Most tokens of an answer.")
@click.option("--top", type=click.IntRange(1), default=3, show_default=True, help="Labels shown (classification).")
@click.option("--base", help="Where the base model lies now, if not where it was.")
@click.option("--with-base", is_flag=True, help="Also show what the base says without the adapter.")
@click.option("--why", is_flag=True, help="Also show which words of the prompt carry the likeliest label or the answer.")
@click.option("--why-method", type=Choice(["leave_one_out", "gradient"]), default="leave_one_out",
              show_default=True, help="How --why weighs words: take each out, or gradient times input (quicker).")
@json_option
def generate_command(
    adapter: str, prompts: tuple[str, ...], system: str, max_tokens: int, top: int, base: str | None,
    with_base: bool, why: bool, why_method: str, as_json: bool,
) -> int:
    """Say what an adapter (or a merged model) makes of a prompt: a label with probabilities, spans, or an answer.

    ADAPTER is a run, the folder of a training, or an adapter's folder. Answers are greedy, so they repeat.
    """
    import orjson

    from curate import workflow
    from curate.errors import ConfigError
    from curate.house import require
    from curate.safetext import safe_text

    asked = list(prompts)
    if not asked and not sys.stdin.isatty():
        asked = sys.stdin.buffer.read().decode("utf-8", "replace").splitlines()
    asked = [prompt for prompt in asked if prompt.strip()]
    if not asked:
        raise ConfigError("there is no prompt; give --prompt TEXT, or lines on stdin")
    Narrator(as_json or not sys.stderr.isatty()).begin(f"loading {safe_text(adapter)}")
    workflow.trainer_present()
    loaded = require("train.adapters").load_adapter(adapter, base=base)
    if with_base and loaded.merged:
        raise ConfigError("--with-base needs an adapter; in full weights the base is no longer told apart")
    if with_base and loaded.labels is not None:
        raise ConfigError("--with-base is for adapters that write: a base has no labels")
    generate: Any = require("train.generate").generate
    limits: dict[str, Any] = {"system": system, "new_tokens": max_tokens, "top": top}
    said = generate(loaded, asked, **limits)
    plain = generate(loaded, asked, **limits, with_base=True) if with_base else None
    for i, (prompt, tried) in enumerate(zip(asked, said, strict=True)):
        reasons = _why(loaded, prompt, tried, system, why_method) if why else None
        if as_json:
            beside = {} if plain is None else {"base": plain[i].to_json()}
            beside |= {} if reasons is None else {"why": reasons.to_json()}
            click.echo(orjson.dumps({"prompt": prompt, **tried.to_json(), **beside}).decode())
            continue
        if len(asked) > 1:
            click.echo(f"{'' if not i else chr(10)}> {safe_text(prompt)}")
        _show(prompt, tried)
        if reasons is not None:
            _show_why(prompt, reasons)
        if plain is not None:
            click.echo("without the adapter:")
            _show(prompt, plain[i])
    return 0


def _why(loaded: Any, prompt: str, tried: Any, system: str, method: str) -> Any:
    from curate.house import require

    if tried.spans or not (tried.labels or tried.answer):
        return None
    said = tried.labels[0][0] if tried.labels else tried.answer
    attribute = require("train.attribution").attribute
    return attribute(
        loaded.objective, loaded.bench, prompt, said, labels=loaded.labels, system=system, method=method
    )


def _show_why(prompt: str, reasons: Any) -> None:
    """The words in the order of their weight, and what the weight means."""
    from curate.safetext import safe_text

    unit = "nats lost without it" if reasons.method == "leave_one_out" else "logits"
    click.echo(f"why ({unit}):")
    for piece in sorted(reasons.pieces, key=lambda p: -abs(p.weight))[:MOST_WORDS]:
        click.echo(f"{piece.weight:+8.2f}  {safe_text(prompt[piece.start:piece.end])}")


def _show(prompt: str, tried: object) -> None:
    from curate.safetext import safe_text

    labels, spans, answer = (getattr(tried, name) for name in ("labels", "spans", "answer"))
    for name, chance in labels:
        click.echo(f"{chance:6.1%}  {safe_text(name)}")
    for start, end, name in spans:
        click.echo(f"{safe_text(name)}\t{start}-{end}\t{safe_text(prompt[start:end])}")
    if not labels and not spans:
        for line in answer.splitlines() or ["(nothing)"]:
            click.echo(safe_text(line))
