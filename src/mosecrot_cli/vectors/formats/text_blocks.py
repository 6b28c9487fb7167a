"""Parsing blocks of lines `word number number …`: a fast parser for regular blocks, a tolerant one for odd lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError

_BOM = b"\xef\xbb\xbf"
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SHOWN_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The rows of a block of lines.

    Attributes:
        words: n words as written, possibly empty.
        matrix: float32 [n, D], finite.
        line: number of the first line, from 1.
        lines: number of lines, including blank ones.
        blanks: for each blank line, how many of the words precede it.
    """

    words: list[str]
    matrix: NDArray[np.float32]
    line: int
    lines: int
    blanks: Sequence[int]


def is_number(field: bytes) -> bool:
    """Whether the field is a decimal number, `nan` or `inf`."""
    return _NUMBER.fullmatch(field) is not None


def count_breaks(data: bytes) -> int:
    """Count the line breaks, several times as fast as `bytes.count`."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")))


def plain_lines(data: bytes) -> bytes:
    """The lines with LF as line end, spaces instead of tabs, and no trailing blanks."""
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    if not data.endswith(b"\n"):
        data += b"\n"
    # This is many times faster than searching for blanks before line breaks, and other threads can run meanwhile.
    characters = np.frombuffer(data, dtype=np.uint8)
    before_break = characters[np.flatnonzero(characters == ord("\n")) - 1]
    if np.isin(before_break, (ord(" "), ord("\r"))).any():
        data = b"\n".join(line.rstrip(b" \r") for line in data.split(b"\n"))
    return data


def parse_block(data: bytes, *, line: int, dimension: int, path: str) -> TextBlock:
    """Parse whole lines of a text file.

    Args:
        data: the lines; the last may lack its line break.
        line: number of the first line, for messages.
        dimension: D, how many numbers each line must have.
        path: the file, for messages.

    Raises:
        DataError: a line is not a word and D finite numbers in UTF-8; names the first such line (`path:line`).
    """
    data = plain_lines(data)
    lines = count_breaks(data)
    regular = _parse_regular(data, lines, dimension)
    if regular is not None:
        return TextBlock(regular[0], regular[1], line, lines, ())
    return _parse_odd(data.split(b"\n")[:-1], line=line, dimension=dimension, path=path)


def _parse_regular(data: bytes, lines: int, dimension: int) -> tuple[list[str], NDArray[np.float32]] | None:
    """Words and matrix if every line consists of a word and D numbers, separated by single spaces; else None."""
    if np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord(" ")) != lines * dimension:
        return None
    import polars as pl  # imported here, because only reading text needs it

    schema: dict[str, type[pl.DataType]] = {"word": pl.String, **{str(n): pl.Float32 for n in range(dimension)}}
    try:
        frame = pl.read_csv(data, separator=" ", has_header=False, schema=schema, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    if frame.height != lines:
        return None
    # A missing number is parsed as NaN, so this also finds short lines.
    matrix = frame[:, 1:].to_numpy(order="c")
    if not np.isfinite(matrix).all():
        return None
    words = [word or "" for word in frame.to_series(0).to_list()]
    if data.startswith(_BOM) and not words[0].startswith("\ufeff"):
        # In the middle of a file this is part of the word, but polars drops it at the start of its input.
        words[0] = "\ufeff" + words[0]
    return words, matrix


def _parse_odd(lines: list[bytes], *, line: int, dimension: int, path: str) -> TextBlock:
    """Parse lines some of which are odd: these one by one, and the others together if they are all regular."""
    even = [position for position, content in enumerate(lines) if content and content.count(b" ") == dimension]
    together = _parse_regular(b"".join(lines[position] + b"\n" for position in even), len(even), dimension)
    words: list[str | None] = [None] * len(lines)
    matrix = np.empty((len(lines), dimension), dtype=np.float32)
    if even and together is not None:
        matrix[even] = together[1]
        for position, word in zip(even, together[0], strict=True):
            words[position] = word
    for position, content in enumerate(lines):
        if words[position] is None and content:
            try:
                words[position], matrix[position] = parse_line(content, dimension)
            except ValueError as error:
                raise DataError(str(error), where=f"{path}:{line + position}") from error
    kept = [position for position, word in enumerate(words) if word is not None]
    blank = [position for position, word in enumerate(words) if word is None]
    return TextBlock(
        words=[word for word in words if word is not None],
        matrix=matrix if len(kept) == len(lines) else matrix[kept],
        line=line,
        lines=len(lines),
        blanks=[position - number for number, position in enumerate(blank)],
    )


def parse_line(content: bytes, dimension: int) -> tuple[str, NDArray[np.float32]]:
    """Split one plain line from the right: D numbers, and the rest, which may contain spaces, is the word.

    Raises:
        ValueError: the line is not a word and D finite numbers; the message is meant for the user.
    """
    word, numbers = _split_line(content, dimension)
    for number in numbers:
        if not is_number(number):
            raise ValueError(f"'{_shown(number)}' is not a number ({dimension} numbers a line are expected)")
    with np.errstate(over="ignore"):
        row = np.array([float(number) for number in numbers]).astype(np.float32)
    if not np.isfinite(row).all():
        raise ValueError(f"'{_shown(numbers[int(np.argmin(np.isfinite(row)))])}' is not a finite 32-bit number")
    _refuse_surplus(word, numbers, dimension)
    try:
        return word.decode("utf-8"), row
    except UnicodeDecodeError as error:
        raise ValueError(f"the word '{_shown(word)}' is not UTF-8 ({error.reason}); convert the file") from error


def _split_line(content: bytes, dimension: int) -> tuple[bytes, list[bytes]]:
    word, *numbers = content.rsplit(b" ", dimension)
    if not all(numbers):  # several blanks between numbers
        word, numbers = content, []
        while len(numbers) < dimension and word:
            word, _, number = word.rstrip(b" ").rpartition(b" ")
            numbers.insert(0, number)
    if len(numbers) < dimension:
        found = sum(map(is_number, content.split()[1:]))
        raise ValueError(f"the line has {found} numbers, {dimension} are expected: truncated or ragged")
    return word.strip(b" "), numbers


def _refuse_surplus(word: bytes, numbers: list[bytes], dimension: int) -> None:
    """Distinguish a line with too many numbers, like `word 0.1 0.2`, from a word with a space, like `route 66`.

    Raises:
        ValueError: the text before the D numbers ends in a number of the same form.
    """
    head, _, last = word.rpartition(b" ")
    if head and is_number(last) and (_is_decimal(last) or not any(map(_is_decimal, numbers))):
        raise ValueError(f"the line has more than the expected {dimension} numbers: ragged")


def _is_decimal(number: bytes) -> bool:
    return not number.lstrip(b"+-").isdigit()


def _shown(field: bytes) -> str:
    return field.decode("utf-8", "backslashreplace")[:_SHOWN_CHARACTERS]
