"""Stage `pii`: personal data and secrets in every string of every row.

Thin: `curate.privacy.scan` finds spans, operators say what takes their place (`pii_operators`), this file makes `replace`
findings of them, with the pointer of the string (`messages/2/content`) and code-point offsets into its raw text. Columns
that no role names are scanned too. Reasons and evidence never hold the value.

Keys of nested objects are looked at, never changed. A row with personal data in a key gets one flag (`pii.key`) that
names its top-level column, and the strings under such a key get no finding: a pointer to them would repeat the key.
They stay in the data as they are; whoever reads the flag must decide about the row. Column names are not looked at.

The name of a column, and inside nested values the key, speaks of short cells: `2125552368` under `phone` is one.

Numbers that are not text (integer columns, integers of seven digits or more inside nested values) are scanned as they
print, and flagged (`pii.number`), not replaced: a placeholder in a column of integers would break the format. Column
names are not looked at for values of their own.

Names of people and street addresses are flagged where they stand (`pii.person`, `pii.street_address`), not replaced, unless
`names = "replace"`: in public prose and questions of fact the names are what the text is about. Places and organisations
are looked for only where `types` lists them, and then replaced, as are the other types that it lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as setting
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.pointer import parse_pointer
from curate.dataset.types import Strings
from curate.ledger.findings import concat_findings, empty_findings, make_findings
from curate.privacy import ScanConfig, Spans, scan
from curate.privacy.names import apart, find_names
from curate.privacy.ner import find_ner, located_ner
from curate.privacy.operators import Rewritten
from curate.privacy.types import NAMES
from curate.stages.base import Context, Detection, Stage
from curate.stages.pii_known import Scans
from curate.stages.pii_names import NAMES_SETTING, checked_names, names_to_flag
from curate.stages.pii_numbers import sensitive_numbers
from curate.stages.pii_operators import checked, depends_on, rewriter_of, said_of, settings_of_scan

TITLE = "Personal data and secrets"
KEY_RULE = "pii.key"
NUMBER_RULE = "pii.number"
NUMBER_REASON = "a number that is not text has the form of personal data; it is not replaced"
KEY_REASON = "a key inside the row holds personal data; neither it nor what stands under it is replaced"


@dataclass(frozen=True)
class Config:
    """Which personal data to replace, and how sure to be."""

    types: tuple[str, ...] = NAMES
    """Kinds of personal data to look for and replace; LOCATION and ORGANIZATION only if they are listed."""
    names: str = "flag"
    """What happens to names of people and street addresses: replace, flag (noted, left in the text) or off."""
    default_region: str = "US"
    """Two-letter country whose national telephone formats need no further evidence."""
    min_score: float = 0.5
    """Spans below this score (0 to 1) are not reported."""
    allow: tuple[str, ...] = ()
    """Literal values that are never reported, compared without regard to case."""
    deny: tuple[str, ...] = ()
    """Literal values that are always reported, found without regard to case."""
    recognizers: str = ""
    """A TOML file with recognisers of your own, each with its examples."""
    ner: str = ""
    """A model on this machine that is asked as well: hf:FOLDER, spacy:FOLDER or gliner:FOLDER. Nothing is downloaded. Names
    that are only flagged are then those that it finds."""
    operators: Mapping[str, str] = setting(default_factory=dict)
    """What takes the place of a value, by type or `default`: placeholder, numbered, numbered_row, mask, redact, hash,
    surrogate or vault."""
    key_file: str = ""
    """Key of hashes, vaults and surrogates, made by `curate vault key FILE`; only hash and vault must have one."""

    def located(self, folder: Path) -> Config:
        """The same with absolute paths; relative ones that do not exist here are taken from `folder`."""
        config = replace(
            self,
            recognizers=_absolute(self.recognizers, folder) if self.recognizers else "",
            key_file=_absolute(self.key_file, folder) if self.key_file else "",
            ner=located_ner(self.ner, folder) if self.ner else "",
        )
        checked_names(config.names)
        if config.operators:
            checked(config)
        return config


def detect(dataset: Dataset, config: Config, context: Context) -> Detection:
    """One `replace` finding for each span in any string of the dataset, one flag for each row with such a key."""
    settings = settings_of_scan(config)
    plain = replace(settings, types=tuple(t for t in settings.types if t in NAMES), ner="")
    flagged_types = names_to_flag(config)
    work, choice, stand_ins = rewriter_of(config, settings, dataset.source.input_hash, context.seed)
    settings = replace(settings, stand_ins=stand_ins)
    found: dict[int, tuple[Spans, npt.NDArray[np.int64], list[str]]] = {}
    tables: list[pa.Table] = []
    counts: Counter[str] = Counter()
    strings_scanned = rows_with_keys = names_flagged = 0
    affected: list[npt.NDArray[np.int64]] = []
    rows_with_names: list[npt.NDArray[np.int64]] = []
    scans, columns = Scans(context.known), list(dict.fromkeys(dataset.columns))
    for batch in dataset.strings():
        context.check_cancelled()
        under = _names(batch)
        spans = scans.spans(batch, settings, under, columns.index(parse_pointer(batch.column)[0]))
        noted = apart(_names_in(batch.texts, config, flagged_types, under), spans)
        strings_scanned += len(batch.rows)
        keys = _unsafe_keys(batch, plain)
        if keys:
            flagged = sorted({row for key in keys for row in batch.keys[key]})
            tables.append(_flags(dataset, batch.column, flagged, KEY_RULE, KEY_REASON))
            rows_with_keys += len(flagged)
            affected.append(np.asarray(flagged, np.int64))
            spans = spans.take(_without(batch.fields, spans.row, keys))
            noted = noted.take(_without(batch.fields, noted.row, keys))
        if len(noted):
            work.know(batch.texts, noted)
            tables.append(_noted(dataset, batch, noted))
            names_flagged += len(noted)
            rows_with_names.append(np.unique(np.asarray(batch.rows)[noted.row]))
        if len(spans):
            rows = np.asarray(batch.rows)[spans.row]
            found[len(tables)] = spans, rows, [batch.fields[i] for i in spans.row.tolist()]
            tables.append(None)  # its replacements are known when all values are
            counts.update(spans.counts())
            affected.append(np.unique(rows))
        work.add(batch.texts, spans, np.asarray(batch.rows)[spans.row])  # an empty one too: it may hold old tokens
        if len(batch.rows):
            context.progress(int(batch.rows[-1]) + 1, dataset.n_rows)
    scans.finish()
    for place, rewritten in zip(found, work.finish(), strict=True):
        tables[place] = _replacements(dataset, *found[place], rewritten)
    rows_with_numbers = 0
    for column in dataset.columns:
        context.check_cancelled()
        for field, numbers in sensitive_numbers(dataset, column, plain):
            rows = np.asarray(numbers, np.int64)
            tables.append(_flags(dataset, field, rows.tolist(), NUMBER_RULE, NUMBER_REASON))
            affected.append(rows)
            rows_with_numbers += len(rows)
    context.progress(dataset.n_rows, dataset.n_rows)
    findings = concat_findings(tables) if tables else empty_findings()
    rows_with_pii = len(np.unique(np.concatenate(affected))) if affected else 0
    summary = {
        "strings_scanned": strings_scanned,
        "rows_with_pii": rows_with_pii,
        "spans": sum(counts.values()),
        "by_type": dict(sorted(counts.items())),
        **said_of(choice, counts, bool(config.key_file)),
    }
    if names_flagged:
        summary["names_flagged"] = names_flagged
        summary["rows_with_names_flagged"] = len(np.unique(np.concatenate(rows_with_names)))
        summary["names_replaced_by"] = NAMES_SETTING
    if rows_with_keys:
        summary["rows_with_pii_in_keys"] = rows_with_keys
    if rows_with_numbers:
        summary["numbers_with_pii"] = rows_with_numbers
    holds = np.zeros(dataset.n_rows, bool)
    for rows in (*affected, *rows_with_names):
        holds[rows] = True
    return Detection(findings=findings, summary=summary, hints={"rows": holds})


def _replacements(
    dataset: Dataset, spans: Spans, rows: npt.NDArray[np.int64], fields: list[str], new: Rewritten
) -> pa.Table:
    return make_findings(
        "pii",
        dataset.row_ids,
        row=rows,
        rule=spans.rule,
        action="replace",
        score=spans.score,
        reason=spans.reason,
        field=fields,
        start=new.start,
        end=new.end,
        replacement=new.replacement,
        evidence=spans.evidence(),
    )


def _noted(dataset: Dataset, batch: Strings, spans: Spans) -> pa.Table:
    """Flags on names: where they stand, with nothing proposed."""
    fields = pa.array(batch.fields, pa.string()).take(pa.array(spans.row))
    return make_findings(
        "pii",
        dataset.row_ids,
        row=np.asarray(batch.rows)[spans.row],
        rule=spans.rule,
        action="flag",
        score=spans.score,
        reason=spans.reason,
        field=fields,
        start=spans.start,
        end=spans.end,
    )


def _absolute(path: str, folder: Path) -> str:
    given = Path(path)
    return str((given if given.is_absolute() or given.exists() else folder / given).resolve())


def _names_in(texts: pa.Array, config: Config, types: tuple[str, ...], under: str | list[str]) -> Spans:
    """Names to flag: those of the user's own model where there is one."""
    if config.ner and types:
        return find_ner(texts, config.ner, types, min_score=config.min_score, allow=config.allow)
    return find_names(texts, types, under, min_score=config.min_score, allow=config.allow)


def _unsafe_keys(batch: Strings, settings: ScanConfig) -> frozenset[str]:
    """The keys of a batch in which the scanner finds something."""
    if not batch.keys:
        return frozenset()
    keys = list(batch.keys)
    texts = pa.array([key.encode("utf-8", "ignore").decode() for key in keys], pa.large_string())
    return frozenset(keys[i] for i in np.unique(scan(texts, settings).row).tolist())


def _names(batch: Strings) -> str | list[str]:
    """What the texts stand under: the column, or inside nested values the last key."""
    if not batch.keys:
        return batch.column
    last: dict[str, str] = {}
    for field in dict.fromkeys(batch.fields):
        column, path = parse_pointer(field)
        last[field] = next((token for token in reversed(path) if not token.isdigit()), column)
    return [last[field] for field in batch.fields]


def _flags(dataset: Dataset, column: str, rows: list[int], rule: str, reason: str) -> pa.Table:
    return make_findings(
        "pii", dataset.row_ids, row=rows, rule=rule, action="flag", score=1.0, reason=reason, field=column
    )


def _without(fields: list[str], at: npt.NDArray[np.int64], keys: frozenset[str]) -> npt.NDArray[np.int64]:
    """Positions of the spans whose pointer names none of the keys; `at` is the string of each span."""
    safe = {place: keys.isdisjoint(parse_pointer(fields[place])[1]) for place in np.unique(at).tolist()}
    return np.flatnonzero(np.asarray([safe[place] for place in at.tolist()], bool))


STAGE = Stage(name="pii", title=TITLE, version=32, config=Config, detect=detect, on_finding="apply",
              depends_on=depends_on, keeps_rows=True, concern="privacy", looks_again=True)  # fmt: skip
