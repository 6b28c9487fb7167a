"""Coverage counts (by hand) and tables (their numbers are those of the results)."""

from __future__ import annotations

from mosecrot_cli.evaluation.bootstrap import macro_f1_interval, paired_bootstrap
from mosecrot_cli.evaluation.metrics import score
from mosecrot_cli.evaluation.runs import Run, summarise
from mosecrot_cli.evaluation.tables import (
    comparison_table,
    confusion_table,
    per_class_table,
    results_table,
    summary_table,
)

GOLD = ["a", "a", "b", "b"]
FIRST = ["a", "a", "b", "a"]
SECOND = ["b", "a", "b", "a"]


def test_tables_hold_the_results() -> None:
    runs = [Run(seed, score(GOLD, run, ["a", "b"])) for seed, run in enumerate((FIRST, SECOND))]
    summary = summarise(runs, macro_f1_interval(GOLD, [FIRST, SECOND]))
    rows = dict(summary_table(summary).rows)
    assert rows["macro-F1"] == summary.macro_f1
    assert rows["standard deviation over 2 seeds"] == summary.macro_f1_std
    assert rows["95% interval over texts, low"] == summary.interval.low
    assert rows["always 'a': accuracy"] == 0.5
    assert "standard deviation over 1 seeds" not in dict(summary_table(summarise(runs[:1])).rows)

    per_class = per_class_table(summary)
    assert per_class.rows[0] == (
        "a",
        *(getattr(summary.per_class[0], key) for key in ("precision", "recall", "f1")),
        2,
    )
    assert confusion_table(runs[0].scores).rows == (("a", 2, 0), ("b", 1, 1))
    assert confusion_table(summary).columns == ("gold", "a", "b")
    results = results_table({"one": summarise(runs[:1]), "both": summary})
    assert [row[0] for row in results.rows] == ["one", "both"]
    assert results.rows[1][1:] == (summary.macro_f1, summary.macro_f1_std, summary.accuracy, 2, 4)
    for table in (per_class, results, confusion_table(summary), summary_table(summary)):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_comparison_table() -> None:
    found = paired_bootstrap(GOLD, FIRST, SECOND, resamples=500)
    rows = dict(comparison_table(found, ("A", "B")).rows)
    assert rows["macro-F1 of A"] == found.first
    assert rows["difference"] == found.difference
    assert rows["p-value (two-sided)"] == found.p_value
