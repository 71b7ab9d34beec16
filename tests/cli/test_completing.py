"""Completion by the words of `curate --help`, in the shells themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SET_UP = 'eval "$(_CURATE_COMPLETE={shell}_source curate)"; '
ASKED = {
    "bash": 'COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _curate_completion curate; '
            'echo "${{COMPREPLY[@]}}"',
    "fish": 'complete -C "{words}"',
    "zsh": "(( $+_comps[curate] )) && words=({words}) CURRENT=${{#words}}; "
           "compadd() {{ print -l $completions }}; _describe() {{ print -l $completions_with_descriptions }}; "
           "_curate_completion",
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "offered"),
    [("curate gat", "gate"), ("curate run t.jsonl --stages exact_duplicates,nea", "exact_duplicates,near_duplicates")],
    ids=["a verb", "a list"],
)
@pytest.mark.parametrize("shell", ASKED)
def test_a_shell_that_nobody_has_set_up_completes(tmp_path: Path, shell: str, words: str, offered: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    command = tmp_path / "curate"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m curate "$@"\n')
    command.chmod(0o755)
    alone = {"bash": ["--norc"], "fish": ["--no-config"], "zsh": ["-f"]}[shell]
    said = subprocess.run(
        [shell, *alone, "-c", SET_UP.format(shell=shell) + ASKED[shell].format(words=words)],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert offered in said.stdout.replace(":", " ").split(), said.stderr
