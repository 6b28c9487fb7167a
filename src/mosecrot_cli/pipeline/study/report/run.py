"""`study report`: tables, pictures and checks of what a study has so far, in four forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.evaluation.plots import check_plot, save_figure
from mosecrot_cli.manifest import package_versions
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.pipeline.study.file import read_study
from mosecrot_cli.pipeline.study.plan import Plan, make_plan
from mosecrot_cli.pipeline.study.report.checks import changed_inputs, leaks, map_checks, origins
from mosecrot_cli.pipeline.study.report.collect import Finished, collect
from mosecrot_cli.pipeline.study.report.content import Content
from mosecrot_cli.pipeline.study.report.page import page
from mosecrot_cli.pipeline.study.report.pictures import pictures
from mosecrot_cli.pipeline.study.report.tables import result_tables
from mosecrot_cli.pipeline.study.report.text import latex, markdown, tidy
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings.study import StudyReportSettings

_FORM = ".svg"


def run(settings: StudyReportSettings, reporter: Reporter) -> StepResult:
    """Write the report of a study: results.tsv, report.md, report.tex, report.html and the pictures.

    Raises:
        DataError: the study is faulty, nothing is finished yet, or the reference names no row.
        UsageError: matplotlib is not installed.
        OutputExistsError, OutputError: the folder cannot be written.
    """
    plan = make_plan(read_study(settings.file))
    given = settings.out.output
    output = plan.study.folder / given if given == StudyReportSettings.out.output else given
    settings = dataclasses.replace(settings, out=dataclasses.replace(settings.out, output=output))
    check_plot(Path(f"picture{_FORM}"))
    reference = plan.reference(settings.reference)
    finished = collect(plan)
    if not finished:
        raise DataError("nothing is finished yet", where=str(plan.study.folder), hint="run the study first")
    step = Step("study report", settings, {"file": settings.file}, (output,))
    step.check()
    return step.run(lambda works: _write(plan, finished, reference, settings, works[0], reporter))


def _write(
    plan: Plan,
    finished: Sequence[Finished],
    reference: str | None,
    settings: StudyReportSettings,
    folder: Path,
    reporter: Reporter,
) -> Computed:
    tables = result_tables(plan, finished, reference, resamples=settings.resamples)
    folder.mkdir(parents=True, exist_ok=True)
    captions, drawn = {}, {}
    for table in tables:
        for name, (caption, figure) in pictures(plan, table, finished, reporter).items():
            file = f"{name}{_FORM}"
            save_figure(figure, folder / file, form=_FORM)
            captions[file], drawn[file] = caption, (folder / file).read_bytes()
    content = Content(
        plan=plan,
        finished=finished,
        tables=tables,
        leaks=leaks(plan, finished, reporter),
        changed=changed_inputs(plan),
        maps=map_checks(plan),
        origins=origins(plan, finished),
        pictures=captions,
        study=plan.study.path.read_text(encoding="utf-8"),
        versions=package_versions(),
        resamples=settings.resamples,
    )
    told = {
        "results.tsv": tidy(finished),
        "report.md": markdown(content),
        "report.tex": latex(content),
        "report.html": page(content, drawn),
    }
    for name, text in told.items():
        (folder / name).write_text(text, encoding="utf-8")
    shared = sum(leak.shared or 0 for leak in content.leaks)
    if shared:
        reporter.warn(f"{shared:,} test texts are among the training or unlabelled texts; see the report")
    statistics = {"numbers": len(finished), "missing": len(plan.runs) - len(finished), "shared_texts": shared}
    summary = (("numbers", content.state), ("page", str(settings.out.output / "report.html")))
    return Computed(statistics=statistics, summary=summary)
