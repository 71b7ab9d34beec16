"""Parts of `python -m benchmarks.bench_dedup`: the corpus, one process a tool, what each found."""
