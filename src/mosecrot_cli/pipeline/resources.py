"""From what the user said, or left unsaid, to the models, vectors and lexica that are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.manifest import FOLDER_MANIFEST, Manifest, file_manifest, resolve_fact
from mosecrot_cli.model.locations import is_local
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import ALL
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language, find_language, require_language
from mosecrot_cli.sources.lexica.registry import default_lexicon
from mosecrot_cli.sources.models import model_provenance
from mosecrot_cli.sources.provenance import Provenance, announce
from mosecrot_cli.sources.vectors import NAMES, VectorSource, bring_vectors, find_vectors
from mosecrot_cli.tasks.textfiles import stream_strings
from mosecrot_cli.vectors.types import VectorPreview
from mosecrot_cli.vectors.wanted_words import WantedWords

DEFAULT_MODELS = {"en": "bert-base-cased"}


def source_model(given: str | None, src: str, inherited: str | None = None) -> str:
    """The source model: as given, else as in the manifest of the input, else the default of the language.

    Raises:
        UsageError: none of the three is there.
    """
    if chosen := given or inherited or DEFAULT_MODELS.get(src):
        return chosen
    raise UsageError(f"no default model for the source language {src!r}", hint="name one with --source-model DIR|ID")


def hub_model(reference: str, reporter: Reporter) -> Provenance | None:
    """Whose work a model of the hub is; shown the first time. None for a folder here."""
    if is_local(reference):
        return None
    origin = model_provenance(reference)
    announce(origin, Fetcher(reporter=reporter))
    return origin


def target_vectors(
    given: str | None,
    tgt: str | None,
    inherited: str | None = None,
    *,
    reporter: Reporter | None = None,
    option: str = "--target-vectors",
) -> Path:
    """The file of vectors: as given, else as in the manifest of the input, else the language's default.

    What is not on this machine (`wiki`, `cc`, `cc.bin`, `hub`, an address, a hub id, a default) is fetched.

    Raises:
        UsageError: nothing is said and no language either.
        DataError: the file is missing.
        SourceUnavailableError: the vectors cannot be fetched.
    """
    chosen = given or inherited
    if chosen and Path(chosen).exists():
        return Path(chosen)
    fetcher = Fetcher(reporter=reporter or SilentReporter())
    return bring_vectors(vector_source(chosen, tgt, fetcher, option=option), fetcher)


def vector_source(
    chosen: str | None, tgt: str | None, fetcher: Fetcher, *, option: str = "--target-vectors"
) -> VectorSource:
    """The source of vectors that are not a file here; `option` is what would name them.

    Raises:
        UsageError: nothing is said and no language either, or an unknown language.
        DataError: no source is called so: it must have been a file.
    """
    if chosen is None and tgt is None:
        raise UsageError("which vectors are meant is not known", hint=f"name the file with {option}")
    language = require_language(tgt, "--tgt") if tgt and (chosen is None or chosen in NAMES) else None
    source = find_vectors(chosen, language, fetcher)
    if source is None:
        raise DataError("no such file of vectors", where=str(chosen), hint=f"{option} names another")
    return source


def inherited_facts(output: Path) -> dict[str, Any]:
    """Facts in the manifest of an earlier step's output, paths as seen from here; empty where there is no manifest."""
    manifest = Manifest.of(output)
    if manifest is None:
        return {}
    place = output / FOLDER_MANIFEST if output.is_dir() else file_manifest(output)
    return {
        name: resolve_fact(value, place) if isinstance(value, str) else value
        for name, value in manifest.facts.items()
        if value is not None
    }


def language_code(name: str | None) -> str | None:
    """The code of a language that is named in any way (`tat`, `Tatar`); what is no language stays as it is."""
    return find_language(name).code if name else None


def language_pair(src: str, tgt: str | None) -> tuple[Language, Language]:
    """The two languages.

    Raises:
        UsageError: the target language is not said, or one of them is unknown.
    """
    if tgt is None:
        raise UsageError("no lexicon and no target language", hint="give --lexicon FILE, or --tgt LANG")
    return require_language(src, "--src"), require_language(tgt, "--tgt")


def default_lexicons(src: str, tgt: str | None) -> tuple[str, ...]:
    """The lexicon that the paper takes for a pair of languages: MUSE where it has the pair, else PanLex.

    Raises:
        UsageError: the target language is not said, or one of them is unknown.
    """
    return (default_lexicon(*language_pair(src, tgt)),)


def describe_vectors(found: VectorPreview, limit: int) -> list[tuple[str, str]]:
    """Lines of a plan: the file of vectors, its size, and the memory that its matrix will take."""
    rows = limit if found.rows is None else min(limit, found.rows)
    lines = [("target vectors", describe_file(found))]
    if rows == ALL:
        return [*lines, ("target words", "all; how many, only reading will tell")]
    memory = rows * found.dimension * 4 / 1e6
    return [*lines, ("target words", f"at most {rows:,}, {memory:,.0f} MB as a matrix")]


def describe_file(found: VectorPreview) -> str:
    """A file of vectors with its size and kind."""
    return f"{found.path} ({found.size / 1e6:,.0f} MB, {found.format.value}, dimension {found.dimension})"


def wanted_words(texts: Sequence[Path], words: Iterable[str]) -> Callable[[str], bool] | None:
    """The filter of `--vocab-from`: the words of some texts, and further words; None without texts.

    Raises:
        DataError: a text is missing or not UTF-8.
    """
    if not texts:
        return None
    return WantedWords((string for path in texts for string in stream_strings(str(path))), words).wants


def limit(count: int) -> int | None:
    """A count as the reading functions take it: None for all."""
    return None if count == ALL else count
