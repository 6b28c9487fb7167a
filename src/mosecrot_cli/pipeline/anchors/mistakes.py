"""Slips that are named: vectors given as a lexicon, a lexicon as vectors, one language as the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.scripts import dominant_script, find_script
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AnchorsSettings
from mosecrot_cli.sources.languages import find_language, near_languages
from mosecrot_cli.text_lines import STDIN, read_lines

_LINES = 5
"""Lines that are looked at."""
_NUMBERS = 3
"""A line with a word and this many numbers or more is a line of vectors."""


@contextmanager
def naming_swapped_files(lexica: Iterable[str | Path], vectors: str | Path | None) -> Iterator[None]:
    """While these files are read: where one cannot be read because it is of the other kind, the error says so.

    Raises:
        DataError: what went wrong, in terms of the file's kind where that explains it.
    """
    try:
        yield
    except DataError as error:
        for lexicon in lexica:
            if _is_text(lexicon) and _cells_of_vectors(_start(lexicon)):
                what = "a file of word vectors, given as a lexicon"
                raise DataError(what, where=str(lexicon), hint="give it with `target_vectors`") from error
        if vectors is not None and _is_text(vectors) and _cells_of_pairs(_start(vectors)):
            what = "a lexicon, given as word vectors"
            raise DataError(what, where=str(vectors), hint="give it with `lexicons`") from error
        raise


def refuse_vectors(path: Path) -> None:
    """Refuse word vectors in the place of a text.

    Raises:
        DataError: the file begins like one of word vectors.
    """
    if _is_text(path) and _cells_of_vectors(_start(path)):
        raise DataError("a file of word vectors, given as a text", where=str(path), hint="name a text")


def warn_about_codes(settings: AnchorsSettings, reporter: Reporter) -> None:
    """Warn of names that are no language: with files they stand for themselves, so a slip would go unnoticed."""
    for name in ("src", "tgt"):
        given = getattr(settings, name)
        if given and not find_language(given).known:
            near = near_languages(given)
            advice = f"; near: {', '.join(near)}" if near else ""
            reporter.warn(f"`{name}`: no language {given!r} is known{advice}")


def warn_about_scripts(settings: AnchorsSettings, words: Sequence[str], reporter: Reporter) -> None:
    """Warn where most target words are in another script than their language: `src` and `tgt` may be swapped."""
    language = find_language(settings.tgt) if settings.tgt else None
    if language is None or not language.known or not language.flores:
        return
    usual, found = find_script(language.flores.partition("_")[2]), dominant_script(words)
    if found is not None and found.name != usual.name:
        reporter.warn(
            f"most target words are in {found.name} script, but {language.name} is usually written in {usual.name}: "
            "`tgt` is the language of the vectors, `src` that of the model"
        )


def _is_text(path: str | Path) -> bool:
    return str(path) != STDIN and Path(path).is_file()


def _start(path: str | Path) -> list[str]:
    """The first lines that are not empty; none of a file that is not UTF-8."""
    try:
        return [line for _, line in islice(read_lines(str(path)), _LINES) if line.strip()]
    except DataError:
        return []


def _cells_of_vectors(lines: list[str]) -> bool:
    """Whether these are words with numbers; the first line may be a header of two numbers."""
    rows = [line.split() for line in lines]
    if rows and len(rows[0]) == 2 and all(map(_is_number, rows[0])):
        rows = rows[1:]
    return bool(rows) and all(len(row) > _NUMBERS and all(map(_is_number, row[-_NUMBERS:])) for row in rows)


def _cells_of_pairs(lines: list[str]) -> bool:
    """Whether these are pairs of words, with a tab or a space between."""
    rows = [line.split("\t") if "\t" in line else line.split() for line in lines]
    return bool(rows) and all(len(row) == 2 and not _is_number(row[1]) for row in rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
