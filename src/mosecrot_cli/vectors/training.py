"""Training word vectors on text with fastText, in a separate process that can be interrupted and cannot crash this one.

fastText 0.9.3 initialises its matrix with random numbers in ten parts, one per thread. With fewer threads it leaves the
other parts uninitialised (`DenseMatrix::uniform`). In that case this module provides the initial rows of the words, and
the rows of the n-grams must be so many that the system allocates fresh, zeroed memory for them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO

import numpy as np

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import writing
from mosecrot_cli.orthography import is_unsegmented, tokenize
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import FastTextSettings, VectorForm
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.writers import write_vectors

SENTENCE_END = "</s>"
"""fastText's word for the end of a line, which is not a word of the text."""

_FILLING_THREADS = 11
# malloc requests larger blocks directly from the system, which zeroes them (its highest M_MMAP_THRESHOLD).
_FRESH_BYTES = 32 << 20
_UNSEGMENTED_SHARE = 0.1
_FEW_WORDS = 1_000
"""A New Testament has ten times as many different words."""
_PROGRESS = re.compile(rb"Progress:\s*([\d.]+)%")
_ERROR = "error: "


def write_corpus(texts: Iterable[str], path: Path, *, lowercase: bool) -> Counter[str]:
    """Write the words of each text on one line, separated by spaces, and count them.

    Raises:
        OutputError: the file cannot be written.
    """
    counts: Counter[str] = Counter()
    with writing(path), path.open("w", encoding="utf-8", newline="\n") as stream:
        for text in texts:
            tokens = tokenize(text, lowercase=lowercase)
            if tokens:
                counts.update(tokens)
                stream.write(" ".join(tokens) + "\n")
    return counts


def check_corpus(counts: Counter[str], settings: FastTextSettings, *, where: str, reporter: Reporter) -> int:
    """How many words will get a vector; warns about text that is not split into words.

    Raises:
        DataError: there is no word, or none occurs often enough.
        UsageError: fastText cannot be initialised properly with these settings.
    """
    if not counts:
        raise DataError("no words in the text", where=where)
    most = max(counts.values())
    if most < settings.min_count:
        often = "once" if most == 1 else f"{most:,} times"
        what = f"too little text: no word occurs {settings.min_count} times (the commonest {often})"
        raise DataError(what, where=where, hint="more text, or a lower `min_count`")
    if settings.maxn and settings.minn > settings.maxn:
        raise UsageError(f"`minn` {settings.minn} is above `maxn` {settings.maxn}", hint="`maxn` 0: no n-grams")
    few = settings.threads < _FILLING_THREADS
    if few and settings.maxn and 4 * settings.buckets * settings.dim < _FRESH_BYTES:
        what = f"{settings.buckets:,} buckets are too few for {settings.threads} threads"
        hint = f"at least {_FRESH_BYTES // (4 * settings.dim):,}, or {_FILLING_THREADS} threads, or `maxn` 0"
        raise UsageError(what, where="`buckets`", hint=hint)
    words = sum(count >= settings.min_count for count in counts.values())
    total = counts.total()
    unsegmented = sum(count for token, count in counts.items() if is_unsegmented(token))
    if unsegmented > _UNSEGMENTED_SHARE * total:
        reporter.warn(
            f"{unsegmented:,} of {total:,} words are long stretches of a script without spaces between words: "
            "put spaces between the words first"
        )
    elif words < _FEW_WORDS:
        reporter.warn(f"so little text: only {words:,} different words get a vector, which will mean next to nothing")
    return words


def train_model(
    corpus: Path, counts: Counter[str], model: Path, settings: FastTextSettings, reporter: Reporter
) -> None:
    """Train on a file of space-separated words and write a fastText model (`.bin`).

    Args:
        corpus: the file, as `write_corpus` writes it.
        counts: how often each of its words occurs.
        model: the file to write.
        settings: see `FastTextSettings`.
        reporter: receives the progress.

    Raises:
        DataError: fastText fails; the message contains its reason.
    """
    initial = corpus.with_suffix(".vec")
    if settings.threads < _FILLING_THREADS:
        _write_initial(counts, initial, settings)
    job = {
        "corpus": str(corpus),
        "model": str(model),
        "initial": str(initial) if initial.exists() else "",
        "settings": asdict(settings),
    }
    command = [sys.executable, "-m", "mosecrot_cli.vectors.training_process", json.dumps(job)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None  # a pipe was asked for
        last = _relay(process.stderr, reporter)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code:
        reason = last.removeprefix(_ERROR) if last.startswith(_ERROR) else f"its process ended with {code}"
        raise DataError(f"fastText failed: {reason}", where=str(model), hint="too little memory, or too high an `lr`?")


def _write_initial(counts: Counter[str], path: Path, settings: FastTextSettings) -> None:
    words = [word for word, count in counts.items() if count >= settings.min_count]
    shape = (len(words) + 1, settings.dim)
    # Uniformly between -1/D and 1/D, as fastText does it.
    numbers = np.random.default_rng(settings.seed).uniform(-1, 1, shape) / settings.dim
    write_vectors(WordVectors([*words, SENTENCE_END], numbers.astype(np.float32)), path, VectorForm.vec)


def _relay(stream: IO[bytes], reporter: Reporter) -> str:
    """Draw fastText's progress as a bar; returns its last line."""
    done, rest = 0, b""
    with reporter.track("training", 100) as advance:
        while data := stream.read1(1 << 16):  # type: ignore[attr-defined]
            rest = (rest + data)[-4096:]
            for found in _PROGRESS.findall(rest):
                percent = int(float(found))
                advance(max(0, percent - done))
                done = max(done, percent)
    lines = [line for line in rest.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
