"""Review that ends: rates that decisions certify, an order worth a person's time, rules, and how far reviewers agree."""

from audit.review.agreement import Reliability, reliability
from audit.review.dataset import DatasetRates, Seen, dataset_rates
from audit.review.missed import Draws, Span, Stratum, strata_of, turns
from audit.review.order import ORDERS, RedCheck, arranged, guides, lots, mended, progress
from audit.review.rates import CertifiedRate, certified_rate, corrected, hypergeometric_interval
from audit.review.rules import Rule, propose

__all__ = [
    "ORDERS", "CertifiedRate", "DatasetRates", "Draws", "RedCheck", "Reliability", "Rule", "Seen", "Span", "Stratum",
    "arranged", "certified_rate", "corrected", "dataset_rates", "guides", "hypergeometric_interval", "lots", "mended",
    "progress", "propose", "reliability", "strata_of", "turns",
]  # fmt: skip
