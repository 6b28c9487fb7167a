"""word2vec's binary format: `rows dimension LF`, then rows of a word, a space, D little-endian floats and often LF."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mosecrot_cli.errors import DataError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.formats.collector import Keep, RowCollector
from mosecrot_cli.vectors.formats.description import MAX_DIMENSION, Sample, VectorFormat
from mosecrot_cli.vectors.formats.streams import SourceFile, open_source, read_head
from mosecrot_cli.vectors.formats.text import HEADER
from mosecrot_cli.vectors.formats.text_blocks import is_number, plain_lines
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

BLOCK_BYTES = 8 << 20
_LONGEST_HEADER_BYTES = 256
_LONGEST_WORD_BYTES = 1 << 20
_SUFFIXES = {".bin", ".vector", ".w2v"}
_CONTROL_CHARACTERS = bytes(set(range(32)) - set(b"\t\n\v\f\r"))


def peek_word2vec(path: Path) -> VectorPreview:
    """Read the sizes from the header.

    Raises:
        DataError: there is no header.
    """
    rows, dimension, _ = _header(read_head(path, _LONGEST_HEADER_BYTES), str(path))
    return VectorPreview(str(path), FORMAT.name, rows, dimension, path.stat().st_size)


def read_word2vec(path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None) -> WordVectors:
    """Read a word2vec binary file, up to `max_vocab` words.

    Raises:
        DataError: with the row, see `readers.read_vectors`.
    """
    size = path.stat().st_size
    with reporter.track(f"reading {path.name}", size) as advance, open_source(path, advance) as source:
        return _BinaryReader(source, max_vocab, keep).read()


def _header(head: bytes, path: str) -> tuple[int, int, int]:
    """Number of rows, dimension, and the byte offset of the first row."""
    line, newline, _ = head.partition(b"\n")
    sizes = HEADER.fullmatch(line)
    if not newline or sizes is None or not 0 < int(sizes[2]) <= MAX_DIMENSION:
        raise DataError("not a word2vec binary file: it must begin with 'rows dimension'", where=path)
    return int(sizes[1]), int(sizes[2]), len(line) + 1


class _BinaryReader:
    """Reads one file row by row from large blocks."""

    def __init__(self, source: SourceFile, max_vocab: int | None, keep: Keep | None) -> None:
        self._source, self._path = source, str(source.path)
        self._buffer = source.read_all(_LONGEST_HEADER_BYTES)
        self._promised, self._dimension, self._position = _header(self._buffer, self._path)
        self._width = 4 * self._dimension
        possible = source.most_bytes // (self._width + 1) + 1
        expected = min(self._promised, possible)
        self._rows = RowCollector(self._dimension, limit=max_vocab, expected=expected, keep=keep)

    def read(self) -> WordVectors:
        """Read the file."""
        row = 0
        while row < self._promised and not self._rows.words.full:
            row += self._read_rows(row)
        if row == self._promised:
            self._skip_line_breaks()
            if self._position < len(self._buffer):
                what = f"more data than the {self._promised} rows that the header promises"
                raise DataError(what, where=f"{self._path}: row {row + 1}")
        return self._rows.finish(source=self._path, digest=self._source.digest())

    def _read_rows(self, first: int) -> int:
        """Read the wanted rows that are complete in the buffer, at least one; returns their number."""
        words: list[str] = []
        starts: list[int] = []
        wanted = min(self._promised - first, self._rows.words.rows_ahead)
        while len(words) < wanted:
            space = self._buffer.find(b" ", self._position)
            if space < 0 or space + 1 + self._width > len(self._buffer):
                if words:
                    break
                self._refill(first)
                continue
            words.append(self._word(self._buffer[self._position : space].lstrip(b"\r\n"), first + len(words)))
            starts.append(space + 1)
            self._position = space + 1 + self._width
        block = np.empty((len(words), self._dimension), dtype=np.float32)
        for row, start in enumerate(starts):
            block[row] = np.frombuffer(self._buffer, dtype="<f4", count=self._dimension, offset=start)
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            bad = int(np.argmin(finite))
            raise DataError(f"NaN or infinite numbers for '{words[bad]}'", where=f"{self._path}: row {first + bad + 1}")
        self._rows.add(words, block)
        return len(words)

    def _refill(self, row: int) -> None:
        left = self._buffer[self._position :]
        data = self._source.read(max(BLOCK_BYTES, self._width))
        if not data:
            what = f"truncated: the header promises {self._promised} rows of {self._dimension} numbers"
            raise DataError(what, where=f"{self._path}: row {row + 1}")
        self._buffer, self._position = left + data, 0
        if len(left) > _LONGEST_WORD_BYTES and b" " not in self._buffer[:_LONGEST_WORD_BYTES]:
            raise DataError("no word before the numbers: damaged", where=f"{self._path}: row {row + 1}")

    def _skip_line_breaks(self) -> None:
        self._buffer = (self._buffer[self._position :] + self._source.read(BLOCK_BYTES)).lstrip(b"\r\n")
        self._position = 0

    def _word(self, word: bytes, row: int) -> str:
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError as error:
            shown = word.decode("utf-8", "backslashreplace")[:20]
            what = f"the word '{shown}' is not UTF-8 ({error.reason})"
            hint = "wrong encoding, or the header's dimension is wrong"
            raise DataError(what, where=f"{self._path}: row {row + 1}", hint=hint) from error


def _matches(sample: Sample) -> bool:
    """Distinguish it from text, which may begin with the same header, by what follows the header."""
    header, newline, body = sample.head.partition(b"\n")
    sizes = HEADER.fullmatch(header)
    if not newline or sizes is None:
        return False
    dimension = int(sizes[2])
    line = plain_lines(body.partition(b"\n")[0])[:-1]
    numbers = line.split(b" ")[1:]
    if numbers and all(is_number(field) for field in numbers[-dimension:] if field):
        return False
    if not _SUFFIXES.isdisjoint(suffix.lower() for suffix in sample.path.suffixes[-2:]):
        return True
    first_row = body[body.find(b" ") + 1 :][: 4 * dimension]
    # The bytes of floats are hardly ever all printable, but those of a malformed line of text are.
    return any(byte in _CONTROL_CHARACTERS for byte in first_row)


FORMAT = VectorFormat("word2vec binary", _matches, peek_word2vec, read_word2vec)
