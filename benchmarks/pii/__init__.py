"""The PII scanner beside presidio-analyzer, each in its own interpreter."""
