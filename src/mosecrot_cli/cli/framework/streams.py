"""The standard streams of the process: UTF-8 whatever the locale, and safe when they are closed or full.

Data on stdout must arrive: what cannot be written is an error (exit 6), except that a reader may stop reading. Messages
on stderr need not arrive: a good command does not fail because nobody can read its warnings.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import cast

from mosecrot_cli.errors import OutputError

_OUT, _ERR = 1, 2


def prepare_streams() -> None:
    """Make the streams of this process fit for use; call it once, before anything is opened."""
    _occupy()
    # surrogateescape: a file name that is not UTF-8 leaves as the bytes that it is.
    sys.stdout = _text(_Data(_OUT, "w", closefd=False), "utf-8", "surrogateescape")
    sys.stderr = _text(
        _Messages(_ERR, "w", closefd=False), getattr(sys.stderr, "encoding", "utf-8"), "backslashreplace"
    )


def end_stdout(code: int) -> int:
    """Flush stdout at the end of a command and give its exit code; what cannot be written makes a good command fail."""
    try:
        sys.stdout.flush()
    except SystemExit:
        return code
    except OutputError as error:
        if not code:
            sys.stderr.write(f"error: {error}\n")
        return code or error.exit_code
    return code


def _text(raw: io.FileIO, encoding: str, errors: str) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(cast(io.RawIOBase, raw))
    return io.TextIOWrapper(buffer, encoding, errors, line_buffering=raw.isatty() or raw.fileno() == _ERR)


def _occupy() -> None:
    """Put something in the place of closed streams; else the next file that is opened would get their number.

    What is read from stdin and written to stdout then fails as it would on the closed stream.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)


class _Data(io.FileIO):
    """Standard output."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        try:
            return super().write(data) or 0
        except OSError as error:
            # Python flushes it again when it ends: give it something that takes what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if isinstance(error, BrokenPipeError):
                raise SystemExit(0) from error  # whoever read it has had enough
            reason = "it is closed" if error.errno == errno.EBADF else os.strerror(error.errno or 0).lower()
            raise OutputError(f"cannot write: {reason}", where="standard output") from error


class _Messages(io.FileIO):
    """Standard error: what cannot be written is dropped."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)
