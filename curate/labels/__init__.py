"""Labels: what a model that has not seen a row thinks of its label, and which spellings mean the same label.

Arrays and strings only; nothing here knows findings or data sets. Import the part you need:

- `curate.labels.probabilities.out_of_sample_probabilities`: grouped, out-of-fold class probabilities;
- `curate.labels.noise.estimate_label_noise`: probability that a label is wrong, and the likelier one;
- `curate.labels.multilabel.judge_sets`, `curate.labels.numeric.judge_numbers`: sets of labels, and numbers;
- `curate.labels.annotators.consensus`: several people's labels of the same rows;
- `curate.labels.confident.cleanlab_judgement`: cleanlab's scores of the same probabilities;
- `curate.labels.neighbours.nearest_rows`: similar rows as evidence;
- `curate.labels.names.canonical_names`: inconsistent spellings of one label.

Nothing is imported here, so that `import curate.labels` stays free of numba, scikit-learn and cleanlab.
"""
