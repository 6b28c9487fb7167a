"""Plain Python values as the settings of a command."""

from __future__ import annotations

import difflib
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from mosecrot_cli.errors import UsageError
from mosecrot_cli.manifest import Manifest
from mosecrot_cli.pipeline.step import StepResult
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import ALL, OutputSettings

Settings = TypeVar("Settings")


class MosecrotWarning(UserWarning):
    """Something that a command would warn about."""


class WarningReporter(SilentReporter):
    """Turns what a command would warn about into Python warnings."""

    def warn(self, message: str) -> None:
        """Warn."""
        warnings.warn(message, MosecrotWarning, stacklevel=2)


def listed(value: str | Path | Sequence[str | Path]) -> list[str]:
    """One value or several, as strings."""
    return [str(value)] if isinstance(value, str | Path) else [str(each) for each in value]


def written(result: StepResult) -> tuple[Path, Manifest]:
    """The output of a step, and its manifest."""
    assert result.manifest is not None  # no function here makes a dry run
    return result.output, result.manifest


def settings_of(
    kind: type[Settings], given: Mapping[str, Any], default_output: str | None = None
) -> tuple[Settings, tempfile.TemporaryDirectory[str] | None]:
    """Settings from plain values, and the temporary folder of an output that has no name."""
    values, folder = dict(given), None
    hints = get_type_hints(kind, include_extras=True)
    if default_output is not None:
        output = values.pop("output", None)
        if output is None:
            folder = tempfile.TemporaryDirectory(prefix="mosecrot-")
            output = Path(folder.name) / default_output
        values["out"] = OutputSettings(Path(output), overwrite=bool(values.pop("overwrite", False)))
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"{kind.__name__} has no field `{name}`",
                hint=f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known - {'out'}))}",
            )
    return kind(**{name: _typed(hints[name], value, name) for name, value in values.items()}), folder


def _typed(hint: Any, value: Any, name: str) -> Any:
    """A plain value as the type of a field: enums and paths from strings, tuples from lists, counts from `all`."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    kinds = [part for part in (get_args(hint) or (hint,)) if part is not type(None)]
    if get_origin(hint) is tuple:
        items = [value] if isinstance(value, str | Path) else value
        return tuple(_typed(kinds[0], item, name) for item in items)
    if value is None or is_dataclass(value):
        return value
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return choice(kind, value, name)
    if Path in kinds and str not in kinds:
        return Path(value)
    if int in kinds and value == "all":
        return ALL
    return str(value) if isinstance(value, Path) else value


def choice(kind: type[Any], value: Any, name: str) -> Any:
    """A member of an enum, by its value.

    Raises:
        UsageError: it has no such value.
    """
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(str(choice) for choice in kind)
        raise UsageError(f"{value!r} is not a value of `{name}`", hint=f"one of {choices}") from None
