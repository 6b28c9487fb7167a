"""Which rows and columns a table of the report has."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mosecrot_cli.pipeline.study.report.collect import Finished
from mosecrot_cli.pipeline.study.report.tables import result_tables

Numbers = dict[tuple[str, str], float]


def numbers_of(numbers: Numbers, folder: Path) -> list[Finished]:
    """Row and language -> macro-F1, as finished runs that predict the same two texts."""
    path = folder / "predictions.tsv"
    path.write_text("id\tgold\tpredicted\ta\tb\n1\ta\ta\t.9\t.1\n2\tb\ta\t.8\t.2\n", encoding="utf-8")
    return [
        Finished(
            run=cast(Any, SimpleNamespace(task="topics", model="m", language=language, row=SimpleNamespace(name=row))),
            n=2,
            macro_f1=score,
            accuracy=score,
            low=None,
            high=None,
            unknown_words=None,
            anchors=None,
            notes={},
            predictions=path,
        )
        for (row, language), score in numbers.items()
    ]


def plan_of(tables: dict[str, tuple[str, ...]], languages: tuple[str, ...]) -> Any:
    rows = tuple(row for table in tables.values() for row in table)
    return SimpleNamespace(tables=tables, rows=rows, study=SimpleNamespace(languages=languages, published=()))


@pytest.fixture
def numbers() -> Numbers:
    return {
        ("base", "ru"): 0.5,
        ("base", "fr"): 0.7,
        ("few", "ru"): 0.25,
        ("poor", "ru-x-poor"): 0.25,
        ("poor", "fr-x-poor"): 0.75,
    }


def test_a_table_has_the_languages_of_its_own_rows(numbers: Numbers, tmp_path: Path):
    plan = plan_of({"Rich": ("base",), "Few": ("few",), "Poor": ("poor",)}, ("ru", "fr", "ru-x-poor", "fr-x-poor"))
    rich, few, poor = result_tables(plan, numbers_of(numbers, tmp_path), "base", resamples=10)
    assert (rich.languages, rich.shown) == (("ru", "fr"), ["base"])
    # The reference is there to be compared with, in these languages only.
    assert (few.languages, few.shown) == (("ru",), ["base", "few"])
    assert few.mean("base") == 0.5 and few.cells["few", "ru"].comparison is not None
    # Where it shares no language, it is left out, and the others have their mean.
    assert (poor.languages, poor.shown, poor.mean("poor")) == (("ru-x-poor", "fr-x-poor"), ["poor"], 0.5)
