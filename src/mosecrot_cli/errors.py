"""The errors a user can meet, each with the exit code of its class.

A message is one line: where, what is wrong, how to mend it. Anything that is not a `MosecrotError` is a fault of the
program (exit code 1).
"""

from __future__ import annotations

from typing import ClassVar


class MosecrotError(Exception):
    """An error that the user sees as one line.

    Args:
        what: what is wrong.
        where: the file, and line where known (`path:line`), or the option.
        hint: how to mend it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text} ({self.hint})" if self.hint else text
        # Names out of a file and messages of libraries may hold line breaks.
        return " ".join(text.splitlines())


class UsageError(MosecrotError):
    """The options make no sense: k < 1, an unknown device, an output that is an input."""

    exit_code = 2


class DataError(MosecrotError):
    """An input is missing, damaged or does not fit the others."""

    exit_code = 3


class OutputExistsError(MosecrotError):
    """The output exists and may not be replaced."""

    exit_code = 4


class SourceUnavailableError(MosecrotError):
    """Something to download is unreachable, over quota, or asked for while offline."""

    exit_code = 5


class OutputError(MosecrotError):
    """The output cannot be written: no space, no permission, a read-only folder."""

    exit_code = 6


INTERRUPTED = 130
