"""Reading word vectors of any of the formats: the content decides which it is, the name only where that is silent."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.text_lines import is_utf16
from mosecrot_cli.vectors.cache import VectorCache
from mosecrot_cli.vectors.formats import fasttext as fasttext_models
from mosecrot_cli.vectors.formats import npy as arrays
from mosecrot_cli.vectors.formats.collector import Keep
from mosecrot_cli.vectors.formats.streams import is_packed, read_head
from mosecrot_cli.vectors.formats.text import HEADER, peek_text, read_text
from mosecrot_cli.vectors.formats.text_blocks import is_number, plain_lines
from mosecrot_cli.vectors.formats.word2vec import peek_word2vec, read_word2vec
from mosecrot_cli.vectors.types import VectorFormat, VectorPreview, WordVectors

_SAMPLE_BYTES = 64 << 10
_BINARY_SUFFIXES = {".bin", ".vector", ".w2v"}
_CONTROL_CHARACTERS = bytes(set(range(32)) - set(b"\t\n\v\f\r"))

_READERS = {
    VectorFormat.TEXT: read_text,
    VectorFormat.WORD2VEC: read_word2vec,
    VectorFormat.FASTTEXT: fasttext_models.read_fasttext,
    VectorFormat.NUMPY: arrays.read_arrays,
}
_PEEKS = {
    VectorFormat.TEXT: peek_text,
    VectorFormat.WORD2VEC: peek_word2vec,
    VectorFormat.FASTTEXT: fasttext_models.peek_fasttext,
    VectorFormat.NUMPY: arrays.peek_arrays,
}


def read_vectors(
    path: str | Path, *, max_vocab: int | None, reporter: Reporter | None = None, keep: Keep | None = None
) -> WordVectors:
    """Read static word embeddings, or open them as they were read before (`cache`).

    Formats: text (`.vec`, `.txt`; header optional; spaces or tabs), word2vec binary, fastText `.bin`, each also
    gzip-compressed; `.npy` with its words in `X.vocab.txt` or `X.txt`. Words are NFC-normalised and keep the file's
    order; of duplicates the first wins; empty words are left out. In text a line is split from its right, so words
    may hold any white space but a line break.

    Args:
        path: the file.
        max_vocab: how many words to take from its start; None takes all. Reading stops there.
        reporter: told of the progress.
        keep: whether a word (in NFC) is wanted; others are left out while reading, and `max_vocab` does not count them.

    Raises:
        DataError: the file is missing, empty, truncated, ragged, no UTF-8, of no known format, holds NaN or infinite
            numbers, or its header or list of words disagrees with its rows; `where` has the line or row.
        UsageError: MOSECROT_VECTOR_CACHE makes no sense.
    """
    file, told = Path(path), reporter or SilentReporter()
    found = detect_format(file)

    def read() -> WordVectors:
        return _READERS[found](file, max_vocab=max_vocab, reporter=told, keep=keep)

    # An array is mapped where it lies; what a filter leaves of a file is of no use to the next reader.
    if found is VectorFormat.NUMPY or keep is not None:
        return read()
    return VectorCache.of_environment().through(file, max_vocab, read, told)


def peek(path: str | Path) -> VectorPreview:
    """Format and sizes of a file from its first bytes.

    Raises:
        DataError: as `read_vectors`, as far as the first row shows it.
    """
    file = Path(path)
    return _PEEKS[detect_format(file)](file)


def detect_format(path: Path) -> VectorFormat:
    """Find the format.

    Raises:
        DataError: no such file, empty, or none of the formats.
    """
    sample = read_head(existing_file(path), _SAMPLE_BYTES)
    where = str(path)
    if not sample:
        raise DataError("the file is empty", where=where)
    if path.suffix == ".npy" or sample.startswith(arrays.MAGIC):
        if is_packed(path):
            raise DataError("a compressed .npy cannot be memory-mapped", where=where, hint="unpack it")
        return VectorFormat.NUMPY
    if sample.startswith(fasttext_models.MAGIC):
        return VectorFormat.FASTTEXT
    if is_utf16(sample):
        raise DataError("the text is UTF-16", where=where, hint="convert the file to UTF-8")
    header, newline, body = sample.partition(b"\n")
    sizes = HEADER.fullmatch(header)
    if newline and sizes is not None:
        return _text_or_word2vec(body, int(sizes[2]), path)
    if b"\0" in header:
        raise DataError("no known format of word vectors", where=where, hint=f"known: {', '.join(VectorFormat)}")
    return VectorFormat.TEXT


def _text_or_word2vec(body: bytes, dimension: int, path: Path) -> VectorFormat:
    """Tell the two formats apart that begin with the same header, by what follows it."""
    line = plain_lines(body.partition(b"\n")[0])[:-1]
    numbers = line.split(b" ")[1:]
    if numbers and all(is_number(field) for field in numbers[-dimension:] if field):
        return VectorFormat.TEXT
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if not _BINARY_SUFFIXES.isdisjoint(suffixes[-2:]):
        return VectorFormat.WORD2VEC
    first_row = body[body.find(b" ") + 1 :][: 4 * dimension]
    # The bytes of floats are hardly ever all printable; those of a malformed text line are.
    return VectorFormat.WORD2VEC if any(byte in _CONTROL_CHARACTERS for byte in first_row) else VectorFormat.TEXT
