"""Scores. Oracle: scikit-learn on the same lists, and figures worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from mosecrot_cli.evaluation.metrics import score
from mosecrot_cli.evaluation.runs import Run, summarise

LABELS = ("c", "a", "b")
pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcx")), min_size=1, max_size=40)


def test_by_hand() -> None:
    scores = score(["a", "a", "a", "b"], ["a", "a", "b", "b"], LABELS)
    # a: P 2/2, R 2/3, F 4/5; b: P 1/2, R 1/1, F 2/3; c does not occur and does not count.
    assert scores.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert scores.accuracy == 3 / 4
    assert scores.labels == LABELS
    assert scores.confusion == ((0, 0, 0), (0, 2, 1), (0, 0, 1))
    assert [item.support for item in scores.per_class] == [0, 3, 1]
    # Always a: F of a is 2 * 3/4 / (1 + 3/4) = 6/7, F of b is 0.
    assert scores.majority.label == "a"
    assert scores.majority.macro_f1 == pytest.approx(3 / 7)
    assert scores.majority.accuracy == 3 / 4


def test_the_first_of_equally_frequent_labels_is_the_majority() -> None:
    assert score(["a", "b"], ["a", "a"], ["b", "a"]).majority.label == "b"


@settings(deadline=None, max_examples=60)
@given(pairs)
def test_agrees_with_scikit_learn(items: list[tuple[str, str]]) -> None:
    gold, predicted = zip(*items, strict=True)
    scores = score(gold, predicted, LABELS)
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    assert scores.macro_f1 == pytest.approx(report["macro avg"]["f1-score"])
    assert scores.accuracy == pytest.approx(np.mean([right == guess for right, guess in items]))
    assert set(scores.labels) >= {*gold, *predicted}
    for item in scores.per_class:
        expected = report.get(item.label, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
        assert (item.precision, item.recall, item.f1, item.support) == pytest.approx(tuple(expected.values()))
    for row, right in enumerate(scores.labels):
        for column, guess in enumerate(scores.labels):
            assert scores.confusion[row][column] == items.count((right, guess))


def test_json_has_the_contract_keys() -> None:
    scores = score(["a", "b"], ["a", "b"], ["a", "b"])
    content = json.loads(json.dumps(scores.to_dict()))
    assert content["macro_f1"] == content["accuracy"] == 1
    assert content["n"] == 2
    assert content["per_class"]["b"] == {"precision": 1, "recall": 1, "f1": 1, "support": 1}
    assert content["confusion"] == [[1, 0], [0, 1]]


def test_lists_must_match() -> None:
    with pytest.raises(ValueError, match="2 gold labels and 1 predictions"):
        score(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="0 gold"):
        score([], [])


def test_seeds_are_summed_up() -> None:
    gold = ["a", "a", "b", "b"]
    runs = [
        Run(seed, score(gold, predicted, ["a", "b"]))
        for seed, predicted in enumerate((["a", "a", "b", "b"], ["a", "b", "b", "b"], ["b", "b", "b", "b"]), start=1)
    ]
    summary = summarise(runs)
    single = [run.scores.macro_f1 for run in runs]
    assert summary.macro_f1 == pytest.approx(np.mean(single))
    assert summary.macro_f1_std == pytest.approx(np.std(single, ddof=1))
    assert summary.accuracy == pytest.approx(np.mean([1, 0.75, 0.5]))
    assert summary.confusion == ((3, 3), (0, 6))
    assert summary.per_class[0].recall == pytest.approx(0.5)
    content = json.loads(json.dumps(summary.to_dict()))
    assert content["seeds"] == [1, 2, 3]
    assert content["macro_f1_std"] == pytest.approx(summary.macro_f1_std)
    assert [run["accuracy"] for run in content["runs"]] == [1, 0.75, 0.5]
    assert content["n"] == 4


def test_one_run_has_no_spread() -> None:
    content = summarise([Run(None, score(["a", "b"], ["a", "a"]))]).to_dict()
    assert content["macro_f1_std"] == 0
    assert content["seeds"] == []


def test_runs_on_different_data_are_refused() -> None:
    with pytest.raises(ValueError, match="different data"):
        summarise([Run(1, score(["a"], ["a"])), Run(2, score(["a", "a"], ["a", "a"]))])
    with pytest.raises(ValueError, match="no runs"):
        summarise([])
