"""`mosecrot study init|run|report`."""

from __future__ import annotations

import typer

from mosecrot_cli.cli.framework.command import Command, Group, command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.cli.output import report as show_step
from mosecrot_cli.settings.study import StudyInitSettings, StudyReportSettings, StudyRunSettings

study = typer.Typer(
    help="Run a grid of experiments (languages, anchors, maps, seeds), and report it.", no_args_is_help=True, cls=Group
)


@study.command(cls=Command)
@command(StudyInitSettings)
def init(settings: StudyInitSettings, sink: Sink) -> None:
    """Write a study file to begin with: a table of the paper, or a study of your language.

    Examples:
        mosecrot study init my-language
        mosecrot study init paper-table3 -o table3.toml
    """
    from mosecrot_cli.pipeline.study.init import run

    path = run(settings)
    if sink.as_json:
        sink.value({"output": str(path)})
    else:
        sink.summary(str(path), [("study", settings.name.summary)], hint=f"next: mosecrot study run {path} --dry-run")


@study.command("run", cls=Command)
@command(StudyRunSettings, offline=True)
def run_study(settings: StudyRunSettings, sink: Sink) -> None:
    """Run what is left of a study, as ordinary commands that Snakemake schedules.

    Steps that several rows share run once. A run that was killed goes on where it was; a step that fails leaves the
    others going, and is named at the end with its log. Everything goes into a folder named like the file.

    Examples:
        mosecrot study run paper-table3.toml --dry-run
        mosecrot study run paper-table3.toml --jobs 2
        mosecrot study run paper-table3.toml --gpus 0,1 --jobs 2
        mosecrot study run paper-table3.toml --profile slurm
    """
    from mosecrot_cli.pipeline.study.run import run

    found = run(settings, sink)
    if sink.as_json:
        sink.value(found.to_dict())
        return
    title = "not run (dry run)" if settings.dry_run else "done"
    hint = None if settings.dry_run else f"next: mosecrot study report {settings.file}"
    sink.summary(f"{settings.file}: {title}", found.summary(), hint=hint)


@study.command("report", cls=Command)
@command(StudyReportSettings)
def report_study(settings: StudyReportSettings, sink: Sink) -> None:
    """Report a study, whole or half done: results.tsv, report.md, report.tex and report.html with pictures.

    Means and standard deviations over seeds, paired bootstrap against a reference row with Holm's correction, verdicts
    of inspect, settings, licences, and a check that no test text was trained on.

    Examples:
        mosecrot study report paper-table3.toml
        mosecrot study report my-language.toml --reference all/transfer/kept
    """
    from mosecrot_cli.pipeline.study.report.run import run

    show_step(sink, run(settings, sink))
