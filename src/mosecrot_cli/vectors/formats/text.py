"""Text vectors: `.vec`, `.txt` and their gzip-compressed forms, with or without the header `rows dimension`.

The file is read in blocks of lines. Several blocks are parsed in parallel while the next one is read, hashed and
unpacked, so only the matrix and a few blocks are in memory.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mosecrot_cli.errors import DataError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.formats.collector import Keep, RowCollector
from mosecrot_cli.vectors.formats.description import MAX_DIMENSION, Sample, VectorFormat
from mosecrot_cli.vectors.formats.streams import SourceFile, open_source
from mosecrot_cli.vectors.formats.text_blocks import (
    TextBlock,
    count_breaks,
    is_number,
    parse_block,
    parse_line,
    plain_lines,
)
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

BLOCK_BYTES = 8 << 20
_HEAD_BYTES = 64 << 10
_LONGEST_LINE_BYTES = 64 << 20
_PARSERS = 2
_BOM = b"\xef\xbb\xbf"
_CONCEPT = re.compile(r"/c/[a-z]{2,3}/")
HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t\r]*")


@dataclass(frozen=True, slots=True)
class TextLayout:
    """The layout of a file, as its first lines show it.

    Attributes:
        rows: the number of rows in the header; None without a header.
        dimension: how many numbers each line has.
        start: byte offset of the first row.
        line: line number of the first row, from 1.
    """

    rows: int | None
    dimension: int
    start: int
    line: int


def text_layout(head: bytes, path: str) -> TextLayout:
    """Read the header; without a header, count the numbers of the first line.

    Args:
        head: the start of the file, at least its first two lines.
        path: the file, for messages.

    Raises:
        DataError: there are no vectors or no numbers, or the first row contradicts the header.
    """
    start, line = (len(_BOM) if head.startswith(_BOM) else 0), 1
    while True:
        content, newline, _ = head[start:].partition(b"\n")
        if content.strip() or not newline:
            break
        start, line = start + len(content) + 1, line + 1
    header = HEADER.fullmatch(content)
    if header is None:
        dimension = _count_numbers(content)
        if not dimension:
            hint = "expected: a word and its numbers, between spaces"
            raise DataError("no word vectors in text form", where=f"{path}:{line}", hint=hint)
        _check_dimension(dimension, f"{path}:{line}")
        return TextLayout(None, dimension, start, line)
    rows, dimension = int(header[1]), int(header[2])
    _check_dimension(dimension, f"{path}:{line}")
    start, line = start + len(content) + 1, line + 1
    _check_header(head[start:], rows, dimension, f"{path}:{line - 1}")
    return TextLayout(rows, dimension, start, line)


def _check_dimension(dimension: int, where: str) -> None:
    if dimension > MAX_DIMENSION:
        raise DataError(f"rows of {dimension:,} numbers: at most {MAX_DIMENSION:,} are possible", where=where)


def _check_header(body: bytes, rows: int, dimension: int, where: str) -> None:
    promise = f"the header promises {rows} rows of {dimension} numbers"
    first = next((content for content in plain_lines(body).split(b"\n") if content), None)
    if first is None or not rows or not dimension:
        raise DataError(f"no word vectors: {promise}", where=where)
    found = _count_numbers(first)
    if found != dimension and len(first.split(b" ")) != dimension + 1:
        try:
            parse_line(first, dimension)  # the word may contain spaces and numbers
        except ValueError as error:
            raise DataError(f"{promise}, the first row has {found}", where=where) from error


def _count_numbers(content: bytes) -> int:
    """How many numbers are at the end of the line; the first field is the word, even if it looks like a number."""
    fields = plain_lines(content)[:-1].split(b" ")
    count = 0
    for field in reversed(fields[1:]):
        if field and not is_number(field):
            break
        count += bool(field)
    return count


def peek_text(path: Path) -> VectorPreview:
    """Read the sizes of a text file from its first lines.

    Raises:
        DataError: as `text_layout`.
    """
    with open_source(path) as source:
        layout = text_layout(_LineBlocks(source).head(), str(path))
        return VectorPreview(str(path), FORMAT.name, layout.rows, layout.dimension, source.size)


def read_text(path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None) -> WordVectors:
    """Read a text file, up to `max_vocab` words.

    Raises:
        DataError: with `path:line`, see `readers.read_vectors`.
    """
    size = path.stat().st_size
    with reporter.track(f"reading {path.name}", size) as advance, open_source(path, advance) as source:
        return _TextReader(source, max_vocab, keep).read()


class _LineBlocks:
    """Reads a file in blocks of whole lines."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._rest = b""
        self.line = 1

    def head(self) -> bytes:
        """The start of the file with at least two lines that are not blank, if there are two; consumes nothing."""
        while self._rest.count(b"\n") < 2 or not self._has_two_rows():
            if not self._fill(max(_HEAD_BYTES, len(self._rest))):
                break
        return self._rest

    def skip(self, size: int, line: int) -> None:
        """Skip the first `size` bytes of the head; the next line has the number `line`."""
        self._rest, self.line = self._rest[size:], line

    def take(self, most_lines: float) -> tuple[bytes, int]:
        """The next block, of at most `most_lines` lines, and its number of lines; `b""` at the end."""
        while (end := self._rest.rfind(b"\n") + 1) == 0 or len(self._rest) < BLOCK_BYTES:
            if not self._fill(BLOCK_BYTES):
                end = len(self._rest)
                break
        block, self._rest = self._rest[:end], self._rest[end:]
        lines = count_breaks(block)
        if lines > most_lines:
            breaks = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
            end, lines = int(breaks[int(most_lines) - 1]) + 1, int(most_lines)
            block, self._rest = block[:end], block[end:] + self._rest
        return block, lines + (bool(block) and not block.endswith(b"\n"))

    def ended(self) -> bool:
        """Whether all lines have been read."""
        return not self._rest and not self._fill(1)

    def _fill(self, size: int) -> bool:
        data = self._source.read(size)
        self._rest += data
        if len(self._rest) > _LONGEST_LINE_BYTES and b"\n" not in self._rest:
            raise DataError("no line break in the first 64 MiB: no text vectors", where=str(self._source.path))
        return bool(data)

    def _has_two_rows(self) -> bool:
        *whole, _ = self._rest.split(b"\n")
        return sum(1 for content in whole if content.strip()) >= 2


class _TextReader:
    """Reads and parses one text file, and collects its rows."""

    def __init__(self, source: SourceFile, max_vocab: int | None, keep: Keep | None) -> None:
        self._source, self._path = source, str(source.path)
        self._blocks = _LineBlocks(source)
        head = self._blocks.head()
        self._layout = text_layout(head, self._path)
        self._blocks.skip(self._layout.start, self._layout.line)
        expected = self._expected_rows(head)
        self._rows = RowCollector(self._layout.dimension, limit=max_vocab, expected=expected, keep=keep)
        self._pending: deque[Future[TextBlock]] = deque()
        self._pending_lines = self._read_rows = 0
        self._prefix: str | None = None
        self._rows.words.note("blank_lines", ())

    def _expected_rows(self, head: bytes) -> int:
        """How many rows to reserve: as the header says or the first rows suggest, but no more than fit in the file."""
        shortest_row = 2 * self._layout.dimension + 1
        possible = self._source.most_bytes // shortest_row + 1
        if self._layout.rows is not None:
            return min(self._layout.rows, possible)
        body = head[self._layout.start :]
        return min(possible, int(self._source.size / (len(body) / max(1, body.count(b"\n")))) + 1)

    def read(self) -> WordVectors:
        """Read the file."""
        with ThreadPoolExecutor(_PARSERS) as pool:
            while not self._rows.words.full:
                self._submit(pool)
                if not self._pending:
                    break
                self._gather(self._pending.popleft().result())
        promised = self._layout.rows
        ended = not self._pending and self._blocks.ended()
        if ended and promised is not None and self._read_rows < promised:
            what = f"the header promises {promised} rows, the file has {self._read_rows}: truncated, or a wrong header"
            line = f"{self._read_rows} {self._layout.dimension}"
            hint = f"fetch the file again; if it was cut on purpose (by `head`, say), make its first line `{line}`"
            raise DataError(what, where=f"{self._path}:{max(1, self._layout.line - 1)}", hint=hint)
        return self._rows.finish(source=self._path, digest=self._source.digest())

    def _submit(self, pool: ThreadPoolExecutor) -> None:
        while len(self._pending) <= _PARSERS:
            wanted = self._rows.words.rows_ahead - self._pending_lines
            if wanted <= 0:
                return
            data, lines = self._blocks.take(wanted)
            if not data:
                return
            line, dimension = self._blocks.line, self._layout.dimension
            self._pending.append(pool.submit(parse_block, data, line=line, dimension=dimension, path=self._path))
            self._blocks.line += lines
            self._pending_lines += lines

    def _gather(self, block: TextBlock) -> None:
        self._pending_lines -= block.lines
        self._read_rows += len(block.words)
        promised = self._layout.rows
        if promised is not None and self._read_rows > promised:
            what = f"more rows than the header promises ({promised})"
            hint = "correct the first line: it says how many rows follow"
            raise DataError(what, where=f"{self._path}:{self._layout.line + promised}", hint=hint)
        before = len(self._rows.words.index)
        kept = self._rows.add(self._without_language(block), block.matrix)
        self._rows.words.note("blank_lines", [before + bisect_left(kept, position) for position in block.blanks])

    def _without_language(self, block: TextBlock) -> list[str]:
        """The words; those of ConceptNet Numberbatch without their prefix `/c/xx/`."""
        if self._prefix is None:
            found = _CONCEPT.match(block.words[0]) if block.words else None
            self._prefix = found[0] if found else ""
        prefix = self._prefix
        if not prefix:
            return block.words
        other = next((word for word in block.words if not word.startswith(prefix)), None)
        if other is not None:
            what = f"Numberbatch with words of several languages ({prefix}… and {other[:20]}…)"
            hint = f"keep one language: zcat -f FILE | grep '^{prefix}' > xx.vec"
            raise DataError(what, where=self._path, hint=hint)
        return [word.removeprefix(prefix) for word in block.words]


def _matches(sample: Sample) -> bool:
    return b"\0" not in sample.head.partition(b"\n")[0]


FORMAT = VectorFormat("text", _matches, peek_text, read_text)
