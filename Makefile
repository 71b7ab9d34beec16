# One command for each thing a developer does. `make` or `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow explore test-s3 bench-gate lint format bench peers bench-labels bench-review bench-ablation bench-dedup peers-pii bench-pii bench-fairness peers-train peers-lm-eval bench-train bench-gpu bench-tui base-model names-model sample-data clean

help: ## list these commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY) ## make .venv and install everything into it (done by the others when needed)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Curate needs Python 3.11 or newer: make PYTHON=python3.12 setup"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet -c constraints.txt --group dev -e '.[all]'
	$(BIN)/curate doctor --warm | tail -2
	@touch $@

demo: $(READY) ## run the main job on the sample data: curate, train, compare, score (under 5 minutes)
	$(BIN)/curate demo

test: $(READY) ## the fast tests (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(READY) ## the tests that take minutes each
	$(BIN)/python -m pytest -m slow

explore: $(READY) ## the properties of the tests on other random examples, a thousand where a test sets no number
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -n 2 --dist worksteal -m 'hypothesis and not slow and not gpu'

test-s3: .venv-s3/.ready ## s3:// URLs against a server on loopback, in an environment that borrows ours
	.venv-s3/bin/python -m pytest tests/dataset/test_s3.py

.venv-s3/.ready: tests/dataset/s3-server.txt $(READY)
	test -x .venv-s3/bin/python || $(PYTHON) -m venv .venv-s3
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib")); print("$(CURDIR)")' > "$$(.venv-s3/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ours.pth"
	.venv-s3/bin/python -m pip install --quiet -r tests/dataset/s3-server.txt
	@touch $@

bench-gate: $(READY) ## how long the gate takes, cold, warm and on a million rows (3 minutes)
	$(BIN)/python -m benchmarks.bench_gate

lint: $(READY) ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## let ruff mend what it can
	$(BIN)/ruff check --fix .

bench: $(READY) ## what docs/measured.md quotes and no other target measures (half an hour, most of it training)
	$(BIN)/python benchmarks/run.py

bench-labels: $(READY) ## label noise beside the plain recipe: ranking, precision, calibration, time (about 20 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.bench_labels

bench-review: $(READY) ## do certified rates, recall and the share of wrong rows hold the truth over 500 simulated reviews (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/curate run sample_data/support_tickets.jsonl --no-train --quiet --out runs/bench-review
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.bench_review runs/bench-review sample_data/support_tickets.truth.jsonl
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.bench_missed runs/bench-review sample_data/support_tickets.truth.jsonl

peers: .venv-peers/.ready ## other duplicate removers, in an environment of their own, for bench-dedup

.venv-peers/.ready: benchmarks/peers.txt
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --upgrade pip
	.venv-peers/bin/python -m pip install --quiet --no-deps text-dedup==0.4.0
	grep -v '^text-dedup' benchmarks/peers.txt | .venv-peers/bin/python -m pip install --quiet -r /dev/stdin
	@touch $@

bench-ablation: $(READY) ## the ablation's 64 runs beside stock Trainer, and its simulated error rates (hours)
	$(BIN)/python -m benchmarks.bench_ablation
	$(BIN)/python benchmarks/simulate_ablation.py

bench-dedup: $(READY) .venv-peers/.ready ## speed, memory and accuracy of duplicate removal beside the peers (about an hour)
	$(BIN)/python -m benchmarks.bench_dedup

peers-pii: .venv-peers-pii/.ready ## presidio-analyzer, in an environment of its own, for bench-pii

.venv-peers-pii/.ready: benchmarks/pii/peers.txt
	test -x .venv-peers-pii/bin/python || $(PYTHON) -m venv .venv-peers-pii
	.venv-peers-pii/bin/python -m pip install --quiet -r benchmarks/pii/peers.txt
	@touch $@

bench-pii: $(READY) .venv-peers-pii/.ready ## speed, accuracy and false positives of the PII scanner beside Presidio (2 minutes)
	$(BIN)/python -m benchmarks.pii.compare

bench-fairness: $(READY) ## the fairness audit beside fairlearn's bootstrap, and the law school table (3 minutes)
	$(BIN)/python -m benchmarks.bench_fairness

peers-train: .venv-peers-train/.ready ## trl, in an environment that borrows ours, for bench-train

.venv-peers-train/.ready: benchmarks/trainers/peers.txt $(READY)
	test -x .venv-peers-train/bin/python || $(PYTHON) -m venv .venv-peers-train
	.venv-peers-train/bin/python -m pip install --quiet --no-deps -r benchmarks/trainers/peers.txt
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(.venv-peers-train/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ours.pth"
	@touch $@

peers-lm-eval: .venv-peers-lm-eval/.ready ## lm-evaluation-harness, in an environment that borrows ours, for the hand-over's slow test

.venv-peers-lm-eval/.ready: benchmarks/trainers/peers_lm_eval.txt $(READY)
	test -x .venv-peers-lm-eval/bin/python || $(PYTHON) -m venv .venv-peers-lm-eval
	.venv-peers-lm-eval/bin/python -m pip install --quiet --no-deps -r benchmarks/trainers/peers_lm_eval.txt
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(.venv-peers-lm-eval/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ours.pth"
	@touch $@

bench-train: $(READY) .venv-peers-train/.ready ## speed beside transformers' Trainer and TRL, accuracy beside TF-IDF (ten minutes)
	OMP_WAIT_POLICY=PASSIVE .venv-peers-train/bin/python -m benchmarks.trainers.compare
	$(BIN)/python benchmarks/bench_train.py --intents 77 --seeds 1

bench-gpu: $(READY) .venv-peers-train/.ready ## everything that is measured on a GPU, in pieces that are kept: run it again until none is left
	.venv-peers-train/bin/python -m benchmarks.bench_gpu

bench-tui: $(READY) ## the terminal interface on 1,000,000 rows and 200,000 findings: paint, opening, keys, memory (3 minutes)
	$(BIN)/python -m benchmarks.bench_tui

base-model: $(READY) ## rebuild the bundled base model (CORPUS=path to articles.parquet; up to an hour)
	$(BIN)/python -m train.bundled.build --corpus $(CORPUS) --work runs/base-model

names-model: $(READY) ## train the shipped names model again (DATA=folder with ner/, wiki/, presidio_synth/; ten minutes)
	$(BIN)/python -m curate.privacy.names.build --data $(DATA)

sample-data: $(READY) ## write sample_data/ again from its generator
	$(BIN)/python sample_data/generate.py

clean: ## remove the environment (not the peers'), caches and runs
	rm -rf $(VENV) runs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
