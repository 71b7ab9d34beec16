"""Review that ends: rates that decisions certify, an order worth a person's time, rules, and how far reviewers agree."""

from audit.review.agreement import Reliability, reliability
from audit.review.order import ORDERS, arranged, guides, lots
from audit.review.rates import CertifiedRate, certified_rate, corrected
from audit.review.rules import Rule, propose

__all__ = [
    "ORDERS", "CertifiedRate", "Reliability", "Rule", "arranged", "certified_rate", "corrected", "guides", "lots",
    "propose", "reliability",
]  # fmt: skip
