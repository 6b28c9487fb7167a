"""Scores, their uncertainty, and the files and tables that hold them.

- `metrics`: macro-F1, accuracy, per class, confusion, majority baseline; `seeds`: mean and spread over runs;
- `bootstrap`: intervals and paired comparisons;
- `predictions`: the predictions file; `tables`: results as plain rows;
- `references`: ranges measured on real material, and verdicts against them.
"""
