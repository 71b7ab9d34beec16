"""What can be known to go wrong before the first step: too few rows, nothing to judge by, judges that were seen, tokens
that the base does not know.

`FEWEST_A_CLASS` rows: with ten independent rows a recall of 0.8 has a 95% interval of about 0.5 to 0.95 (Wilson), and
few-shot fine-tuning below that is decided by which rows were drawn (Zhang et al. 2021, arXiv:2006.05987). The figure
is a warning level, not a sufficient number; `curate`'s stage `sufficiency` measures what more rows would bring.
"""

from __future__ import annotations

from collections.abc import Sequence

from train.watch.alert import Alert, Event, Facts

FEWEST_A_CLASS, FEWEST_ROWS, MOST_TIMES = 10, 50, 20
MOST_NAMED, MOST_ROWS_NAMED = 20, 50


class Before:
    """Checks of the data and of the set-up."""

    def see(self, event: Event) -> Sequence[Alert]:
        if not isinstance(event, Facts):
            return ()
        found = []
        small = sorted((n, name) for name, n in event.class_rows.items() if 0 < n < FEWEST_A_CLASS)
        if small:
            numbers = {"classes": len(small), "of_classes": len(event.class_rows), "fewest": small[0][0]}
            names = tuple(name for _, name in small[:MOST_NAMED])
            found.append(Alert("few_rows_per_class", 0, {**numbers, "warning_below": FEWEST_A_CLASS}, names=names))
        elif event.rows < FEWEST_ROWS:
            found.append(Alert("few_rows", 0, {"rows": event.rows, "warning_below": FEWEST_ROWS}))
        sizes = sorted(n for n in event.class_rows.values() if n)
        if len(sizes) > 1 and sizes[-1] > MOST_TIMES * sizes[0]:
            found.append(Alert("imbalance", 0, {"largest": sizes[-1], "smallest": sizes[0]}))
        if event.unseen_classes:
            names = event.unseen_classes[:MOST_NAMED]
            found.append(Alert("classes_unseen", 0, {"classes": len(event.unseen_classes)}, names=names))
        if event.untrained_tokens:
            names = event.untrained_tokens[:MOST_NAMED]
            found.append(Alert("untrained_tokens", 0, {"tokens": len(event.untrained_tokens)}, names=names))
        if event.left_out:
            found.append(Alert("left_out", 0, {"matrices": len(event.left_out)}, names=event.left_out[:MOST_NAMED]))
        if not event.evaluation_rows:
            found.append(Alert("no_evaluation", 0))
        if not event.validation_rows:
            # A run of fixed length that held-out rows judge afterwards, as in an ablation, may do without.
            found.append(Alert("no_validation", 0, quiet=event.evaluation_rows > 0))
        if event.repeated_rows or event.repeated_real_cases:
            of = event.validation_rows + event.evaluation_rows
            numbers = {"rows": len(event.repeated_rows), "of_rows": of, "real_cases": event.repeated_real_cases}
            found.append(Alert("evaluation_seen", 0, numbers, event.repeated_rows[:MOST_ROWS_NAMED]))
        return found
