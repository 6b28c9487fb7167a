"""What a study may name instead of a file: data sets, lexica, vectors and models; whether there is such a thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.choice import SOURCES
from mosecrot_cli.lexicon.types import ALIGNED, IDENTICAL
from mosecrot_cli.model.checks import CONFIG
from mosecrot_cli.pipeline.resources import DEFAULT_MODELS
from mosecrot_cli.sources.vectors import NAMES, named_vectors
from mosecrot_cli.suggestions import did_you_mean, nearest, nearest_path
from mosecrot_cli.tasks.registry import DATASETS, check_language, is_named, near_name

Problem = tuple[str, str | None]
"""What is wrong, and advice."""


def problem_of_name(part: str, text: str, folder: Path, *, published: bool = True) -> Problem | None:
    """Why a value can be no file and no name of anything; None if it can be one.

    Args:
        part: the key of the study file: `train`, `lexicons`, ...
        text: the value.
        folder: what names of files are relative to.
        published: named data sets are those that are published; a data folder may hold any language.
    """
    path = Path(folder, text).expanduser()
    if "://" in text or path.exists() or part not in _PARTS:
        return None
    problem = _PARTS[part](text, path)
    if problem is None and published and _PARTS[part] is _data:
        problem = problem_of_language(text)
    return problem


def _data(text: str, path: Path) -> Problem | None:
    if is_named(text):
        return None
    near = near_name(text)
    hint = f"did you mean {near}?" if near else did_you_mean(path, f"there is {', '.join(DATASETS)}, and hf:NAME")
    return f"there is no file and no data set {text}", hint


def problem_of_language(text: str) -> Problem | None:
    """Why a named data set cannot be in the language that its name ends with; None if it can."""
    try:
        check_language(text)
    except UsageError as error:
        return error.what, error.hint
    return None


def _lexicon(text: str, path: Path) -> Problem | None:
    if text.lower() == IDENTICAL or text.lower().partition(":")[0] in (*SOURCES, ALIGNED):
        return None
    near = nearest(text, (*SOURCES, IDENTICAL))
    hint = f"did you mean {near}?" if near else did_you_mean(path, f"there is {', '.join((*SOURCES, IDENTICAL))}")
    return f"there is no file and no lexicon {text}", hint


def _vectors(text: str, path: Path) -> Problem | None:
    try:
        if text in NAMES or named_vectors(text, parameter="target_vectors"):
            return None
    except UsageError as error:
        return error.what, error.hint
    near = nearest(text, NAMES)
    hint = f"did you mean {near}?" if near else did_you_mean(path, f"there is {', '.join(NAMES)}, and OWNER/NAME")
    return f"there is no file and there are no vectors {text}", hint


def _model(text: str, path: Path) -> Problem | None:
    """Any other text may be the id of a model on the hub, unless it looks like a folder that is there."""
    near = nearest_path(path)
    if text in DEFAULT_MODELS.values() or near is None or not (near / CONFIG).is_file():
        return None
    return f"there is no folder {text}", f"did you mean {near.name}?"


_PARTS: Final[Mapping[str, Callable[[str, Path], Problem | None]]] = {
    "train": _data,
    "dev": _data,
    "test": _data,
    "texts": _data,
    "lexicons": _lexicon,
    "target_vectors": _vectors,
    "source_models": _model,
}
