"""`study init`: a study to begin with."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.settings.study import StudyInitSettings
from mosecrot_cli.staging import atomic_outputs


def run(settings: StudyInitSettings) -> Path:
    """Write a study file and return its path.

    Raises:
        UsageError, OutputExistsError, OutputError: it cannot be written.
    """
    path = settings.output or Path(f"{settings.name}.toml")
    check_outputs([path], inputs={}, overwrite=settings.overwrite)
    text = files("mosecrot_cli.pipeline.study").joinpath("templates", f"{settings.name}.toml").read_text("utf-8")
    with atomic_outputs(path, overwrite=settings.overwrite) as (work,):
        work.write_text(text, encoding="utf-8")
    return path
