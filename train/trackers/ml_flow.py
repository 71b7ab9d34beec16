"""MLflow: the store that MLFLOW_TRACKING_URI names, else MLflow's own default, an SQLite file in the working directory.

Only the client is used, so `mlflow-skinny` with sqlalchemy and alembic is enough, and no global state of MLflow changes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.errors import ConfigError
from train.trackers.runs import RunFacts

TAG = "curate.run_id"
MOST_TEXT = 250


def check(project: str) -> None:
    """Open the store, and make its tables and the experiment where they are not there: workers come later, all at once."""
    try:
        _experiment(_client(), project)
    except ImportError as error:
        raise ConfigError(
            f"tracker = 'mlflow' needs {error.name or 'a package'} for this store; pip install 'curate-toolkit[mlflow]', "
            "or set MLFLOW_TRACKING_URI=sqlite:///mlflow.db"
        ) from None
    except Exception as error:  # the store's own errors, which quote addresses and SQL
        raise ConfigError(
            f"tracker = 'mlflow' cannot use its store ({type(error).__name__}); set MLFLOW_TRACKING_URI to a server that "
            "answers (with MLFLOW_TRACKING_TOKEN where it asks for one), or to a file: sqlite:///mlflow.db"
        ) from None


def _client() -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient()


def _experiment(client: Any, project: str) -> str:
    known = client.get_experiment_by_name(project)
    return str(client.create_experiment(project) if known is None else known.experiment_id)


class Run:
    """One run, found again by the tag `curate.run_id`."""

    def __init__(self, facts: RunFacts, directory: Path) -> None:
        from mlflow.entities import Param

        self._client = _client()
        experiment = _experiment(self._client, facts.project)
        known = self._client.search_runs([experiment], f"tags.`{TAG}` = '{facts.id}'", max_results=1)
        if known:
            self._id = known[0].info.run_id
            self._client.update_run(self._id, status="RUNNING")
        else:
            tags = {TAG: facts.id, "curate.group": facts.group, **{tag.partition(":")[0]: tag.partition(":")[2]
                                                                   for tag in facts.tags}}  # fmt: skip
            self._id = self._client.create_run(experiment, run_name=facts.name, tags=tags).info.run_id
            told = [Param(name, str(value)[:MOST_TEXT]) for name, value in facts.settings.items()]
            for start in range(0, len(told), 100):
                self._client.log_batch(self._id, params=told[start : start + 100])
        self.where = f"run {self._id} of experiment {experiment}"

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Numbers at a step."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(self._id, metrics=[Metric(name, value, now, step) for name, value in values.items()])

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """Numbers as metrics, sentences as tags."""
        for name, value in outcome.items():
            if isinstance(value, str):
                self._client.set_tag(self._id, f"curate.{name}", value)
            else:
                self._client.log_metric(self._id, f"outcome/{name}", value)
        self._client.set_terminated(self._id)
