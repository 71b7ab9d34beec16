"""`curate pii-eval`: score the scanner on texts whose personal data people marked."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import Choice, json_option


@click.command("pii-eval", epilog="\b\nExamples:\n  curate pii-eval gold.jsonl\n"
               "  curate pii-eval brat_folder --errors 10\n"
               "  curate pii-eval train.conll --format conll --types PERSON --json\n"
               "  curate pii-eval gold.json --map EMP_NO=NATIONAL_ID --region DE\n"
               "  curate pii-eval gold.jsonl --findings runs/gold\n"
               "  curate pii-eval gold.jsonl --by-locale")
@click.argument("gold", type=click.Path())
@click.option("--format", "form", type=Choice(["auto", "presidio", "brat", "conll", "curate"]), default="auto",
              help="How the gold set is written (default: seen from its contents).")
@click.option("--types", metavar="A,B", help="Score only these types (names of the gold set or ours).")
@click.option("--map", "mapping", multiple=True, metavar="GOLD=OURS",
              help="Score a gold type as one of ours, or as none; may be repeated.")
@click.option("--region", default="US", metavar="CC", help="Country whose telephone formats need no more evidence.")
@click.option("--findings", type=click.Path(), metavar="RUN|FILE",
              help="Score the findings of a run whose rows are the texts of GOLD, instead of scanning now.")
@click.option("--errors", type=click.IntRange(0), default=0, metavar="N",
              help="Show up to N misses and N wrong findings, masked.")
@click.option("--show-raw", "--reveal", is_flag=True, help="With --errors: show the texts as they are, not masked.")
@click.option("--by-locale", is_flag=True,
              help="Also put made-up names of 86 locales into the sentences of GOLD and tell which are missed most.")
@click.option("--allow-overlaps", is_flag=True, help="Score gold spans that overlap, instead of refusing them.")
@json_option
def pii_eval_command(
    gold: str, form: str, types: str | None, mapping: tuple[str, ...], region: str, findings: str | None, errors: int,
    show_raw: bool, by_locale: bool, allow_overlaps: bool, as_json: bool,
) -> int:  # fmt: skip
    """Precision, recall and F1 of the scanner by type, strict and by overlap, on a set with gold spans.

    GOLD is a file or directory: Presidio-style JSON, JSON lines with text and spans, a brat directory, or CoNLL. Names,
    places, organisations and addresses are looked for where the gold set marks them. Types that we do not know are
    listed as not scored; what is found of types that the gold set does not mark is listed apart. Exit code 3 when
    nothing can be scored.
    """
    import orjson

    from audit.pii_eval import read_gold, render, score
    from audit.pii_eval.errors import examples
    from audit.pii_eval.predict import from_findings, predict
    from audit.pii_eval.typemap import map_types
    from curate.errors import EXIT_NOT_JUDGED, EXIT_OK, ConfigError
    from curate.privacy import ScanConfig, installed_recognizers
    from curate.privacy.residual import groups
    from curate.privacy.types import ALL, NAMED, NAMES
    from curate.safetext import safe_text

    own: dict[str, str] = {}
    for item in mapping:
        name, found, ours = item.partition("=")
        if not found or not name or not ours:
            raise ConfigError(f"--map {item!r}: write GOLD=OURS, as in --map EMP_NO=NATIONAL_ID")
        own[name] = ours
    data = read_gold(gold, form, overlaps=allow_overlaps)
    added = installed_recognizers()
    known = (*ALL, *(recognizer.name for recognizer in added))
    chosen = map_types(data.types(), known, own, [t.strip() for t in (types or "").split(",") if t.strip()])
    for line in render.map_lines(chosen, data.types()):
        click.echo(safe_text(line), err=True)
    if not chosen.scored:
        click.echo("nothing to score: no gold type is one of ours; name one with --map GOLD=OURS", err=True)
        return EXIT_NOT_JUDGED
    marked = {t for accepted in chosen.accepts.values() for t in accepted}
    wanted = NAMES + tuple(t for t in NAMED if t in marked)
    config = ScanConfig(default_region=region, types=wanted, recognizers=added)
    with Narrator().working("scanner"):
        spans = from_findings(data, findings) if findings else predict(data, config)
    result = score(data, spans, chosen)
    missed, wrong = examples(data, spans, chosen, errors, raw=show_raw) if errors else ([], [])
    told = None
    if by_locale:
        people: list[list[tuple[int, int]]] = [[] for _ in data.texts]
        for span in data.spans:
            if "PERSON" in chosen.accepts.get(span.type, ()):
                people[span.row].append((span.start, span.end))
        told = groups.probe(groups.frames_of(data.texts, people))
    if as_json:
        out = render.as_json(result, missed, wrong) | ({} if told is None else {"by_locale": groups.as_json(told)})
        click.echo(orjson.dumps(out, option=orjson.OPT_INDENT_2).decode())
        return EXIT_OK
    click.echo(f"{result.texts:,} texts, {result.documents:,} documents, format {result.format}")
    for line in render.table(result):
        click.echo(safe_text_table(line))
    for title, shown in (("missed, cut or of another type", missed), ("wrong", wrong)):
        if shown:
            click.echo(f"\n{title}:")
        for e in shown:
            click.echo(f"  text {e.row}, {e.start}-{e.end}, {safe_text(e.type)}, {e.outcome}: {e.shown}")
    if told is not None:
        click.echo(f"\n{groups.sentence(told)}\nlocale    names  found, 95% interval")
        for share in told.groups[:10]:
            click.echo(f"{share.group:<8}{share.asked:>7}  {groups.span(share)}")
    return EXIT_OK


def safe_text_table(line: str) -> str:
    """Type names come from the user's file: nothing that a terminal obeys gets through, columns stay."""
    return "".join(c if c.isprintable() else " " for c in line)
