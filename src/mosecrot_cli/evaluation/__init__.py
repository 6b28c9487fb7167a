"""Scores, their uncertainty, and the files, tables and pictures that show them.

- `metrics`: macro-F1, accuracy, scores of each class, confusion matrix, majority baseline; `runs`: means over seeds;
- `bootstrap`: intervals and paired comparisons; `ensembles`: averages of log-probabilities;
- `predictions`: the predictions file; `tables`: results as rows that fit a terminal; `plots`: pictures;
- `reference_ranges`: ranges measured on real material, and verdicts against them.
"""
