"""An erasure request: where a person's data stands, and what to do about each place.

    forget(subjects, [paths]) -> Forgotten

`places` looks through runs and indexes, `files` searches one file of a run, `adapters` says what was trained on which rows.
"""

from __future__ import annotations

from curate.forget.places import Forgotten, forget

__all__ = ["Forgotten", "forget"]
