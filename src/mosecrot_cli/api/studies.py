"""Studies as functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mosecrot_cli.api.values import WarningReporter, settings_of
from mosecrot_cli.settings import OutputSettings
from mosecrot_cli.settings.study import StudyReportSettings, StudyRunSettings

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.study.run import StudyRun


def run_study(file: str | Path, **settings: Any) -> StudyRun:
    """Run what is left of a study; see `mosecrot study run`.

    Args:
        file: the study, a TOML file.
        settings: fields of `StudyRunSettings` (`jobs`, `gpus`, `profile`, `dry_run`).

    Raises:
        MosecrotError: see `errors`; a job that failed is named with its log.
    """
    from mosecrot_cli.pipeline.study.run import run

    return run(settings_of(StudyRunSettings, settings | {"file": file})[0], WarningReporter())


def report_study(
    file: str | Path, *, output: str | Path | None = None, overwrite: bool = False, **settings: Any
) -> Path:
    """Report a study, whole or half done; see `mosecrot study report`.

    Args:
        file: the study, a TOML file.
        output: the folder of the report; None: `report/` in the study's folder.
        overwrite: replace an earlier report.
        settings: fields of `StudyReportSettings` (`reference`, `resamples`).

    Returns:
        The folder, with `report.html`, `report.md`, `report.tex` and `results.tsv`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.study.report.run import run

    out = OutputSettings(Path(output or StudyReportSettings.out.output), overwrite=overwrite)
    return run(settings_of(StudyReportSettings, settings | {"file": file, "out": out})[0], WarningReporter()).output
