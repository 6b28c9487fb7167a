"""Reading word vectors of any supported format, which is recognised by content (`formats.registry`)."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.vectors.cache import VectorCache
from mosecrot_cli.vectors.formats.collector import Keep
from mosecrot_cli.vectors.formats.registry import detect_format
from mosecrot_cli.vectors.types import VectorPreview, WordVectors


def read_vectors(
    path: str | Path, *, max_vocab: int | None, reporter: Reporter | None = None, keep: Keep | None = None
) -> WordVectors:
    """Read static word embeddings, or open them from the cache if they were read before (`cache`).

    Formats: text (`.vec`, `.txt`, GloVe's without a header, Numberbatch's of one language), word2vec binary, fastText
    `.bin`, each also compressed (gzip, bzip2, xz, zstd) or in a zip or tar archive of one file; `.npy` with its words
    in `X.vocab.txt` or `X.txt`; navec's `.tar`; spaCy's `vocab` folders. Words are NFC-normalised and keep the order
    of the file; the first of several duplicates wins; empty words are left out. Lines of text are split from the
    right, so words may contain any white space except line breaks. If `max_vocab` leaves words out, the reporter
    receives a warning.

    Args:
        path: the file.
        max_vocab: how many words to read, from the start of the file; None for all.
        reporter: receives progress and warnings.
        keep: whether a word (in NFC) is wanted; others are left out while reading, and `max_vocab` does not count them.

    Raises:
        DataError: the file is missing, empty, truncated, ragged, not UTF-8, of no known format, unpacks to far more
            than any real file, holds NaN or infinite numbers, or its header or list of words disagrees with its rows;
            `where` has the line or row.
        UsageError: MOSECROT_VECTOR_CACHE is malformed.
    """
    file, progress = Path(path), reporter or SilentReporter()
    found = detect_format(file)

    def read() -> WordVectors:
        return found.read(file, max_vocab=max_vocab, reporter=progress, keep=keep)

    # Filtered vectors are of no use to the next reader.
    if not found.cached or keep is not None:
        vectors = read()
    else:
        vectors = VectorCache.of_environment().through(file, max_vocab, read, progress)
    if max_vocab is not None and len(vectors) == max_vocab:
        _report_limit(found.peek(file).rows, vectors, progress)
    return vectors


def peek(path: str | Path) -> VectorPreview:
    """Format and sizes of a file from its first bytes.

    Raises:
        DataError: as `read_vectors`, as far as the first row shows it.
    """
    file = Path(path)
    return detect_format(file).peek(file)


def _report_limit(rows: int | None, vectors: WordVectors, reporter: Reporter) -> None:
    """Warn that `max_vocab` left out words of the file."""
    if rows is None:
        reporter.warn(f"{vectors.source}: the first {len(vectors):,} words are read; `max_vocab` leaves out any others")
    elif rows > vectors.notes["rows"]:
        what = f"{vectors.source}: the first {len(vectors):,} of {rows:,} words are read"
        reporter.warn(f"{what} (`max_vocab` sets how many)")
