"""Data and noise for measuring the label engine."""
