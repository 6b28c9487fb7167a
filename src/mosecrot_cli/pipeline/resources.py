"""From what the user said, or left unsaid, to the models, vectors and lexica that are meant."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.manifest import FOLDER_MANIFEST, Manifest, file_manifest, resolve_fact
from mosecrot_cli.settings import ALL
from mosecrot_cli.vectors.types import VectorPreview

DEFAULT_MODELS = {"en": "bert-base-cased"}


def source_model(given: str | None, src: str, inherited: str | None = None) -> str:
    """The source model: as given, else as in the manifest of the input, else the default of the language.

    Raises:
        UsageError: none of the three is there.
    """
    if chosen := given or inherited or DEFAULT_MODELS.get(src):
        return chosen
    raise UsageError(f"no default model for the source language {src!r}", hint="name one with --source-model DIR|ID")


def target_vectors(given: str | None, tgt: str | None, inherited: str | None = None) -> Path:
    """The file of target vectors: as given, else as in the manifest of the input.

    Raises:
        UsageError: neither is there.
        DataError: the file is missing.
    """
    chosen = given or inherited
    if chosen is None:
        wanted = f"of {tgt!r} " if tgt else ""
        raise UsageError(f"which vectors {wanted}are meant is not known", hint="name the file with --target-vectors")
    path = Path(chosen)
    if not path.exists():
        raise DataError("no such file of vectors", where=str(path), hint="--target-vectors names another")
    return path


def inherited_facts(output: Path) -> dict[str, str]:
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


MUSE_LANGUAGES = frozenset(
    ["af", "ar", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu"]
    + ["id", "it", "ja", "ko", "lt", "lv", "mk", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sv"]
    + ["ta", "th", "tl", "tr", "uk", "vi", "zh"]
)
"""Languages that MUSE has a dictionary with English for."""


def default_lexicons(src: str, tgt: str | None) -> tuple[str, ...]:
    """The lexicon that the paper takes for a pair of languages: MUSE where it has the pair, else PanLex.

    Raises:
        UsageError: the target language is not known.
    """
    if tgt is None:
        raise UsageError("no lexicon and no target language", hint="give --lexicon FILE, or --tgt LANG")
    return ("muse",) if src == "en" and tgt in MUSE_LANGUAGES else ("panlex",)


def describe_vectors(found: VectorPreview, limit: int) -> list[tuple[str, str]]:
    """Lines of a plan: the file of vectors, its size, and the memory that its matrix will take."""
    size = f"{found.size / 1e6:,.0f} MB, {found.format.value}, dimension {found.dimension}"
    rows = limit if found.rows is None else min(limit, found.rows)
    lines = [("target vectors", f"{found.path} ({size})")]
    if rows == ALL:
        return [*lines, ("target words", "all; how many, only reading will tell")]
    memory = rows * found.dimension * 4 / 1e6
    return [*lines, ("target words", f"at most {rows:,}, {memory:,.0f} MB as a matrix")]


def limit(count: int) -> int | None:
    """A count as the reading functions take it: None for all."""
    return None if count == ALL else count
