"""What the privacy stages of a run found, whichever those are: what its views hide."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.ledger.private import PrivateValues
from curate.stages.registry import about


def private_values(dataset: Dataset, findings: pa.Table) -> PrivateValues:
    """What the privacy stages of a run found, replaced or only noted: no preview of its rows shows it."""
    return PrivateValues(dataset, findings, about("privacy", pc.unique(findings["stage"]).to_pylist()))
