"""How a setting is written on a command line: metadata that the fields of the settings classes carry.

A field is declared once, with its type, its option and its default:

    k: Annotated[int, Option("--k", help="Number of nearest anchors.", metavar="N|all", parser=count)] = 50

`parameters_of` lists the options of a settings class, and `assemble` builds the settings from values. Neither knows
the library that parses the command line (`mosecrot_cli.cli` does), so a documentation page or another front end can
read the same declarations.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from mosecrot_cli.settings.choices import ALL, AUTO

# Panels: the headings under which `--help` groups the options.
INPUT: Final = "Input"
SELECTION: Final = "Selection of pairs"
PAPER: Final = "Method of the paper"
OTHER_MAPS: Final = "Other maps and refinements"
PIVOT: Final = "Source-language vectors"
VOCABULARY: Final = "Target vocabulary"
SOURCES: Final = "Online sources"
TRAINING: Final = "Training"
AUGMENTATION: Final = "Augmentation"
CLASS_BIAS: Final = "Class bias"
SELF_TRAINING: Final = "Self-training"
DATA: Final = "Data set"
SCORES: Final = "Scores"
CHECKS: Final = "Checks"
COMPUTE: Final = "Device"
OUTPUT: Final = "Output"

DATA_SET: Final = "FILE|NAME"
"""The metavar of a data set; `--help` lists the names (`tasks.registry`)."""

REQUIRED: Final = dataclasses.MISSING
"""The default of a parameter that has none."""


class Option:
    """One option of a command.

    Args:
        flags: how it is written: `--k`, or `-o` and `--output`, or `--shared/--no-shared` for a choice of two.
        help: what it does, in whole sentences.
        panel: the heading that it stands under.
        metavar: what its value is called (`N|all`); None: by its type.
        parser: text -> value; raises `ValueError` with a message for the user.
        least, most: bounds of a number.
        unset: what happens without it, where the default is `None` or an empty tuple.
        variable: an environment variable that sets it, too.
        former: spellings of earlier releases, which are accepted with a warning.
    """

    positional = False

    def __init__(
        self,
        *flags: str,
        help: str,
        panel: str = INPUT,
        metavar: str | None = None,
        parser: Callable[[str], Any] | None = None,
        least: int | None = None,
        most: int | None = None,
        unset: str | None = None,
        variable: str | None = None,
        former: tuple[str, ...] = (),
    ) -> None:
        self.flags, self.help, self.panel, self.metavar = flags, help, panel, metavar
        self.parser, self.least, self.most = parser, least, most
        self.unset, self.variable, self.former = unset, variable, former

    @property
    def flag(self) -> str:
        """The flag for messages: the long one."""
        return max(self.flags, key=len).partition("/")[0]


class Argument(Option):
    """A positional argument; `metavar` is its name in the usage line, and `flags` name it as well."""

    positional = True

    @property
    def flag(self) -> str:
        """The name for messages."""
        return self.metavar or ""


class Nested:
    """For a field that holds other settings: which of their options the command leaves out or describes differently.

    Args:
        without: names of fields that are no options of this command.
        options: other declarations, by name of the field.
    """

    def __init__(self, *without: str, **options: Option) -> None:
        self.without, self.options = without, options


@dataclass(frozen=True)
class Parameter:
    """An option of a command, and where its value goes.

    Attributes:
        path: names of the fields from the settings class down to the value: `("out", "overwrite")`.
        type: the type of the value, without its metadata.
        default: the default, or `REQUIRED`.
        option: how it is written.
    """

    path: tuple[str, ...]
    type: Any
    default: Any
    option: Option

    @property
    def name(self) -> str:
        """The name of the setting, which messages use."""
        return self.path[-1]


Settings = TypeVar("Settings")


def parameters_of(settings: type[Any], changes: Nested | None = None) -> tuple[Parameter, ...]:
    """The options of a settings class in the order of their fields; those of nested settings in place of their field.

    Args:
        settings: a dataclass.
        changes: what a command leaves out or describes differently.

    Raises:
        ValueError: two fields have the same name (a fault of the declaration).
    """
    found = tuple(_parameters(settings, REQUIRED, (), changes or Nested()))
    names = [parameter.name for parameter in found]
    if len(set(names)) < len(names):
        raise ValueError(f"{settings.__name__}: the name of an option occurs twice in {names}")
    return found


def option_of(annotation: Any) -> tuple[Any, Option | None]:
    """Type and option of an annotation; None if it has no option."""
    plain, metadata = _split(annotation)
    return plain, next((item for item in metadata if isinstance(item, Option)), None)


def assemble(settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Settings with these values, by name of the option; the others keep their defaults."""
    result: Settings = _assemble(settings, REQUIRED, values)
    return result


def _parameters(settings: type[Any], defaults: Any, path: tuple[str, ...], changes: Nested) -> Iterator[Parameter]:
    for field, annotation in _fields(settings):
        if field.name in changes.without:
            continue
        plain, metadata = _split(annotation)
        default, place = _default(field, defaults), (*path, field.name)
        if dataclasses.is_dataclass(plain) and isinstance(plain, type):
            nested = next((item for item in metadata if isinstance(item, Nested)), Nested())
            yield from _parameters(plain, default, place, nested)
        elif option := changes.options.get(field.name) or option_of(annotation)[1]:
            yield Parameter(place, plain, default, option)


def _assemble(settings: type[Any], defaults: Any, values: Mapping[str, Any]) -> Any:
    given: dict[str, Any] = {}
    for field, annotation in _fields(settings):
        plain, _ = _split(annotation)
        if dataclasses.is_dataclass(plain) and isinstance(plain, type):
            given[field.name] = _assemble(plain, _default(field, defaults), values)
        elif field.name in values:
            given[field.name] = values[field.name]
    return settings(**given) if defaults is REQUIRED else dataclasses.replace(defaults, **given)


def _fields(settings: type[Any]) -> list[tuple[dataclasses.Field[Any], Any]]:
    hints = get_type_hints(settings, include_extras=True)
    return [(field, hints[field.name]) for field in dataclasses.fields(settings)]


def _default(field: dataclasses.Field[Any], defaults: Any) -> Any:
    return field.default if defaults is REQUIRED else getattr(defaults, field.name)


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    plain, *metadata = get_args(annotation)
    return plain, tuple(metadata)


# --- parsers ----------------------------------------------------------------------------------------------------------
def count(text: str) -> int:
    """A number of at least 1, or `all`."""
    if text.strip().lower() == "all":
        return ALL
    if not re.fullmatch(r"\s*\d{1,18}\s*", text, re.ASCII) or int(text) < 1:
        raise ValueError(f"{text!r} is neither a whole number of at least 1 nor 'all'")
    return int(text)


def positive(text: str) -> float:
    """A finite number above 0."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise ValueError(f"{text} is not above 0")
    return value


def positive_or_auto(text: str) -> float | str:
    """A finite number above 0, or `auto`."""
    return AUTO if text.strip().lower() == AUTO else positive(text)


def not_negative(text: str) -> float:
    """A finite number of 0 or more."""
    value = _number(text)
    if not 0 <= value < math.inf:
        raise ValueError(f"{text} is below 0")
    return value


def fraction(text: str) -> float:
    """A number above 0 and at most 1."""
    value = _number(text)
    if not 0 < value <= 1:
        raise ValueError(f"{text} is not above 0 and at most 1")
    return value


def probability(text: str) -> float:
    """A number from 0 to 1."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{text} is not between 0 and 1")
    return value


def holdout(text: str) -> float:
    """A share from 0 to below 1."""
    value = _number(text)
    if not 0 <= value < 1:
        raise ValueError(f"{text} is not at least 0 and below 1")
    return value


def numbers(text: str) -> tuple[int, ...]:
    """Different whole numbers separated by commas, as in `1,2,3`."""
    if not re.fullmatch(r"\s*\d{1,18}\s*(,\s*\d{1,18}\s*)*", text, re.ASCII):
        raise ValueError(f"{text!r} is not a list of whole numbers like 1,2,3")
    found = tuple(int(part) for part in text.split(","))
    if len(set(found)) < len(found):
        raise ValueError(f"{text!r} names a number twice")
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
