"""A run that stands on disk, opened again: its data checked to be the same, its findings taken as they were kept."""

from __future__ import annotations

import dataclasses

from curate.ledger.decisions import read_journal
from curate.ledger.sightings import with_sightings
from curate.pipeline import Detected, Listener, detect, silent
from curate.recipe import Recipe
from curate.rundir import RunDir
from curate.workflow.inputs import known_input, read_input, same_input, same_version


def reopen(directory: RunDir, listener: Listener = silent, *, as_found: bool = False, read_only: bool = True) -> Detected:
    """The findings of a run, with its data read again and checked to be the same; `read_only` writes nothing.

    `as_found`: what a finished run found, also where this version would find something else. RunError where the run holds
    less than that, or where the data is not what it was.
    """
    manifest = directory.manifest()
    recipe = Recipe.parse(manifest["recipe"])
    if as_found and not same_version(manifest):  # another version may see other roles in the same columns
        recipe = recipe.with_(roles=manifest["roles"], task=manifest["task"])
    dataset = known_input(manifest, recipe) or read_input(recipe)
    same_input(directory, manifest, dataset)
    return with_people(directory, detect(
        dataset, recipe, run=directory, listener=listener, read_only=read_only, as_found=as_found
    ))  # fmt: skip


def with_people(directory: RunDir, detected: Detected) -> Detected:
    """What people saw and no detector found, as findings behind those of the stages."""
    findings = with_sightings(detected.findings, read_journal(directory.decisions_path), detected.dataset)
    return detected if findings is detected.findings else dataclasses.replace(detected, findings=findings)
