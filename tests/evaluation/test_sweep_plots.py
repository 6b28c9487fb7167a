"""The pictures of sweeps: every number is drawn at its place, and many panels are wrapped."""

import numpy as np
import pytest

from mosecrot_cli.evaluation.sweep_plots import Gain, SweepPoint, curves_figure, gains_figure, heat_map_figure
from mosecrot_cli.progress import SilentReporter

LANGUAGES = ("de", "es", "fo", "mt", "nds", "sah", "tt", "zh")


@pytest.mark.parametrize("count", [1, 3, 8])
def test_every_gain_is_drawn_and_zero_is_in_the_middle(count: int) -> None:
    random = np.random.default_rng(0)
    panels = {
        language: [Gain(row, gain, gain - 0.02, gain + 0.03) for row, gain in (("a", random.normal()), ("b", 0.1))]
        for language in LANGUAGES[:count]
    }
    figure = gains_figure(panels, reference="c", reporter=SilentReporter())
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == [*panels]
    for axes, panel in zip(shown, panels.values(), strict=True):
        drawn = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() in ("o", "s")]
        assert drawn == [(gain.difference, place) for place, gain in enumerate(panel)]
        low, high = axes.get_xlim()
        assert low == -high and high > max(abs(gain.high) for gain in panel)
    assert figure.get_size_inches()[0] < 13


def test_what_was_not_measured_is_left_blank() -> None:
    axes, bar = heat_map_figure([[0.5, None], [0.25, 0.75]], ["a", "b"], ["de", "es"], reporter=SilentReporter()).axes
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (0, 0): ".500",
        (0, 1): ".250",
        (1, 1): ".750",
    }
    assert (axes.get_xlabel(), bar.get_ylabel()) == ("language", "macro-F1")


def test_curves_have_their_points_and_a_band() -> None:
    points = [SweepPoint(1, 0.2, 0.05), SweepPoint(50, 0.4, 0.0), SweepPoint(5695, 0.3, 0.1)]
    figure = curves_figure({"de": {"softmax": points}, "es": {}}, axis="k", reporter=SilentReporter())
    first, second = figure.axes
    (line,) = first.lines
    assert line.get_xydata().tolist() == [[1, 0.2], [50, 0.4], [5695, 0.3]]
    edges = first.collections[0].get_paths()[0].vertices
    assert {(50.0, 0.4), (5695.0, 0.2), (5695.0, 0.4)} <= {(x, round(y, 6)) for x, y in edges.tolist()}
    assert (first.get_xlabel(), first.get_ylabel(), second.get_title()) == ("k", "macro-F1", "es")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["softmax"]
