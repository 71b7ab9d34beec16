"""Execution: where the kernels run. One idea: the answer is the same everywhere, byte for byte.

`local` runs them over threads of this process. `ray` cuts rows into blocks and runs the same kernels as tasks of a
Ray cluster, which hand each other records through files on storage that all nodes share. A stage asks its context for
edges and does not know which of the two answers.
"""

from curate.execution.local import LOCAL, Execution, LocalExecution, engine_present, open_execution

__all__ = ["LOCAL", "Execution", "LocalExecution", "engine_present", "open_execution"]
