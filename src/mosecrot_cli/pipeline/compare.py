"""Whether one of two sets of predictions is better than the other; loads no model."""

from __future__ import annotations

from mosecrot_cli.evaluation.bootstrap import PairedComparison, paired_bootstrap
from mosecrot_cli.evaluation.plots import check_plot, difference_figure, save_figure
from mosecrot_cli.evaluation.predictions import check_against_gold, read_predictions
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import CompareSettings
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.tasks.loading import labels_of, load


def run(settings: CompareSettings, reporter: Reporter) -> PairedComparison:
    """Paired bootstrap of two prediction files against the gold labels; draws the picture that is asked for.

    Raises:
        DataError: a file is damaged or is not about the texts of the data set.
        UsageError, OutputExistsError, OutputError: the picture cannot be drawn or written.
    """
    if settings.plot:
        check_plot(settings.plot)
        inputs = {name: getattr(settings, name) for name in ("first", "second", "data_set")}
        check_outputs([settings.plot], inputs=inputs, overwrite=settings.overwrite)
    dataset = load(settings.data_set, settings.split, settings.data, language=None, reporter=reporter)
    gold = labels_of(dataset)
    predicted = []
    for path in (settings.first, settings.second):
        predictions = read_predictions(path)
        check_against_gold(predictions, dataset.ids, gold, path=path, source=dataset.source)
        predicted.append(predictions.predicted)
    found = paired_bootstrap(gold, *predicted, resamples=settings.resamples, seed=settings.seed)
    if settings.plot:
        figure = difference_figure(found, (settings.first.name, settings.second.name), reporter=reporter)
        with atomic_outputs(settings.plot, overwrite=settings.overwrite) as (work,):
            save_figure(figure, work, form=settings.plot.suffix)
    return found
