"""The ledger: what was found, what people decided, what follows, and the one function that makes data.

    findings  + decisions + policy  --resolve-->  plan  --apply-->  curated data

Findings are proposals and never change. Decisions are appended and never rewritten. A plan is a pure function of
both, so preview, undo, replay, an ablation arm and the curated file all come from the same code.
"""
