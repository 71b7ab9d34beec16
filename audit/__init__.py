"""The judgement: what the data is like, what curation did to it and to whom, and whether it is good enough.

Everything here reads; nothing changes data. Import the part you need (`audit.fairness`, `audit.report`).
"""
