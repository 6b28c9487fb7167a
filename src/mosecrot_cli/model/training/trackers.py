"""Trackers that the curves of a training go to: each training is a run of its own, and nothing is printed on stdout."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from accelerate.utils import patch_environment  # type: ignore[import-untyped]

from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.progress import Reporter

PROJECT: Final = "mosecrot"
"""The project that runs belong to in trackers that have projects."""
_OFFLINE = "log in with `wandb login`, or set WANDB_MODE=offline to keep the curves on this machine"
_ADVICE = {"wandb": _OFFLINE, "trackio": "train without it, or choose another tracker"}


@contextmanager
def tracked(names: Sequence[str], run_name: str, reporter: Reporter) -> Iterator[None]:
    """The context of a training whose curves go to trackers.

    Args:
        names: of the trackers (`settings.RunLog`).
        run_name: name of the run.
        reporter: hears where the curves are.

    Raises:
        SourceUnavailableError: a tracker cannot be reached, or nobody is logged in.
    """
    if not names:
        yield
        return
    # The libraries of the trackers print greetings and tables on stdout, which is for data.
    curves = _folder_of_curves(run_name)
    project = os.environ.get("WANDB_PROJECT", PROJECT)
    changes = {"TENSORBOARD_LOGGING_DIR": curves, "WANDB_PROJECT": project, "WANDB_SILENT": "true"}
    own_run = _current_run()
    with patch_environment(**changes), contextlib.redirect_stdout(io.StringIO()):
        try:
            yield
        except Exception as error:
            _finish(own_run, failed=True)
            package = type(error).__module__.partition(".")[0]
            if package not in names:
                raise
            said = " ".join(str(error).split()) or type(error).__name__
            raise SourceUnavailableError(said, where=package, hint=_ADVICE.get(package)) from error
        place = _finish(own_run, failed=False)
    told = {
        "tensorboard": curves,
        "wandb": place or f"project {project}",
        "trackio": f"project {PROJECT}, which `trackio show --project {PROJECT}` draws",
    }
    for name in names:
        reporter.milestone(f"{name}: the curves are in {told[name]}")


def _folder_of_curves(run_name: str) -> str:
    """The folder for TensorBoard: that of the user, else `runs/`; the Trainer's own is removed after the training."""
    return os.environ.get("TENSORBOARD_LOGGING_DIR") or str(Path("runs", run_name).absolute())


def _current_run() -> Any:
    """The run of Weights & Biases that is open in this process, if any."""
    return getattr(sys.modules.get("wandb"), "run", None)


def _finish(own_run: Any, *, failed: bool) -> str | None:
    """Close the run of Weights & Biases that the Trainer opened, which does not do it; return where its curves are.

    Otherwise, the next seed would go on in the same run. A run that the user had opened before stays open.
    """
    run = _current_run()
    if run is None or run is own_run:
        return None
    place = run.url or str(Path(run.dir).parent)
    sys.modules["wandb"].finish(exit_code=int(failed))
    return str(place)
