"""Curated data made ready for other trainers: plain rows by split, and the configurations that read them."""

from train.export.configs import TRAINERS, configurations, split_file
from train.export.rows import Exported, exported_rows

__all__ = ["TRAINERS", "Exported", "configurations", "exported_rows", "split_file"]
