"""What the commands that write vectors have in common: the files of an output, and how a result is described."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.outputs import check_name
from mosecrot_cli.settings import FloatType, VectorForm
from mosecrot_cli.vectors.formats.npy import words_path
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.writers import write_arrays, write_vectors


def outputs_of(path: Path, form: VectorForm | None) -> tuple[Path, ...]:
    """The files that are written: an `.npy` comes with a file of its words.

    Raises:
        UsageError, OutputError: `path` is no name for a new file; see `outputs.check_name`.
    """
    check_name(path)
    return (path, words_path(path)) if form is VectorForm.npy else (path,)


def manifest_of(path: Path) -> Path:
    """`tt.vec.manifest.json`: with the ending, for `tt.vec` and `tt.npy` often lie side by side."""
    return path.with_name(path.name + ".manifest.json")


def write(
    vectors: WordVectors, partials: Sequence[Path], form: VectorForm, dtype: FloatType = FloatType.float32
) -> None:
    """Write vectors into the partial files of `outputs_of`.

    Raises:
        DataError: a word or a number does not fit the format.
        OutputError: the system refuses the writing.
    """
    if form is VectorForm.npy:
        write_arrays(vectors, partials[0], partials[1], dtype=dtype.value)
    else:
        write_vectors(vectors, partials[0], form)


def facts_of(vectors: WordVectors) -> dict[str, Any]:
    """What a manifest says of vectors."""
    return {"words": len(vectors), "dimension": vectors.dimension, "lowercased": is_lowercased(vectors.words)}


def summary_of(vectors: WordVectors) -> list[tuple[str, str]]:
    """The same for people."""
    case = "lower case" if is_lowercased(vectors.words) else "upper and lower case, or a script without case"
    return [("words", f"{len(vectors):,} x {vectors.dimension}"), ("letters", case)]
