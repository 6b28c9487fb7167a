"""Coverage counts (by hand) and tables (their numbers are those of the results)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.cli.output import Sink
from mosecrot_cli.evaluation.bootstrap import macro_f1_interval, paired_bootstrap
from mosecrot_cli.evaluation.metrics import score
from mosecrot_cli.evaluation.runs import Run, summarise
from mosecrot_cli.evaluation.tables import (
    Table,
    comparison_table,
    confusion_tables,
    display_width,
    per_class_table,
    results_tables,
    shortened,
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
    assert confusion_tables(runs[0].scores)[0].rows == (("a", 2, 0), ("b", 1, 1))
    (confusion,) = confusion_tables(summary)
    assert confusion.columns == ("gold", "a", "b")
    (results,) = results_tables([("one", "x.tsv", summarise(runs[:1])), ("both", "x.tsv", summary)])
    assert results.title == "results on x.tsv"
    assert [row[0] for row in results.rows] == ["one", "both"]
    ends = f"{summary.interval.low:.3f}-{summary.interval.high:.3f}"
    assert results.rows[1][1:] == (summary.macro_f1, summary.macro_f1_std, ends, summary.accuracy, 4)
    for table in (per_class, results, confusion, summary_table(summary)):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_several_systems_and_data_sets_have_a_table_for_each_data_set() -> None:
    found = summarise([Run(1, score(GOLD, FIRST))])
    one = results_tables([("m", "ru", found), ("m", "fr", found)])
    assert [(table.title, table.columns[0], [row[0] for row in table.rows]) for table in one] == [
        ("results of m", "data", ["ru", "fr"])
    ]
    both = results_tables([(system, data, found) for system in ("m", "n") for data in ("ru", "fr")])
    assert [(table.title, table.columns[0], [row[0] for row in table.rows]) for table in both] == [
        ("results on ru", "system", ["m", "n"]),
        ("results on fr", "system", ["m", "n"]),
    ]


def shown_lines(tables: list[Table], capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    for table in tables:
        Sink().table(table.title, table.columns, table.rows)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [3, 12, 45, 120])
@pytest.mark.parametrize("classes", [2, 7, 15, 60])
@pytest.mark.parametrize("letter", ["x", "好"])
def test_tables_fit_a_terminal_whatever_the_labels(
    width: int, classes: int, letter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [f"{number}{letter * width}" for number in range(classes)]
    gold = labels * 40
    predicted = [labels[(n * 7 + n // 3) % classes] for n in range(len(gold))]
    found = summarise([Run(seed, score(gold, predicted, labels)) for seed in (1, 2)])
    tables = [*confusion_tables(found), per_class_table(found)]
    tables += results_tables([("a/very/long/path/to/a/checkpoint" * 2, "data.tsv", found)] * 2)
    lines = shown_lines(tables, capsys)
    assert max(map(display_width, lines)) <= 80
    assert not any("..." in line for line in lines)
    if classes <= 7:
        rows = tables[0].rows
        assert [row[1:] for row in rows] == list(found.confusion)
        assert all(label.startswith(row[0].rstrip("…").split()[-1]) for label, row in zip(labels, rows, strict=True))
    if classes == 60:
        assert tables[0].title.startswith("most frequent confusions of ")
        assert len(tables[0].rows) == 20


@given(st.text(max_size=40), st.integers(1, 20), st.booleans())
def test_shortened_texts_keep_an_end(text: str, width: int, start: bool) -> None:
    short = shortened(text, width, start=start)
    assert display_width(short) <= width
    if short != text:
        assert text.startswith(short[:-1]) if start else text.endswith(short[1:])


def test_comparison_table() -> None:
    found = paired_bootstrap(GOLD, FIRST, SECOND, resamples=500)
    rows = dict(comparison_table(found, ("A", "B")).rows)
    assert rows["macro-F1 of A"] == found.first
    assert rows["difference"] == found.difference
    assert rows["p-value (two-sided)"] == found.p_value
