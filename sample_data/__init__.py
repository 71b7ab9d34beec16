"""Invented data with planted faults, the script that writes it, and the score card that marks a run against the truth.

`generate.py` writes the files; `scorecard.py` compares a run directory with a truth file. Nothing in the toolkit
itself reads a truth file: only tests and the demo's score card do.
"""
