"""Whether a model has learnt from texts that it is scored on: every text behind an output is read again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import sha256
from mosecrot_cli.lexicon.parallel import read_parallel
from mosecrot_cli.manifest import FOLDER_MANIFEST, Input, Manifest, manifest_of
from mosecrot_cli.pipeline.leakage.exclusion import Exclusion, telling_rows
from mosecrot_cli.pipeline.mapped import ALIGN
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import LeakageSettings
from mosecrot_cli.suggestions import did_you_mean
from mosecrot_cli.tasks.loading import load
from mosecrot_cli.tasks.textfiles import identified_texts

_USES = {"text": "word vectors", "parallel": "word alignment", "train": "training", "dev": "choice of the epoch"}
_SENTENCES = "alignment of sentences"
_REMEDIES = {
    _USES["text"]: "leave them out with `vectors train.exclude`",
    _USES["parallel"]: "leave them out with `anchors.exclude`",
    _SENTENCES: "leave them out with `align.exclude`",
}
_MADE_OF_TEXTS = {
    "checkpoint": "a checkpoint",
    "continue_from": "a checkpoint",
    "mapped": "a folder of mapped vectors",
}
"""Kinds of inputs whose texts must be known, in words."""
_BIAS = "class bias (no label)"
_SELF_TRAINING = "self-training"
_SIDE = re.compile(r"(?<=\d)_(source|target)$")


@dataclass(frozen=True)
class Reading:
    """A file of texts behind an output, and what was made of it.

    Attributes:
        use: what its texts were used for.
        path: the file; of parallel text both.
        texts: how many of its texts were read; None where it is no file of this machine.
        overlap: how many of these are among the scored ones.
    """

    use: str
    path: str
    texts: int | None
    overlap: int

    @property
    def leaks(self) -> bool:
        """Whether scored texts were learnt from. A class bias learns from no label, and may see them."""
        return self.overlap > 0 and self.use != _BIAS

    @property
    def unknown(self) -> bool:
        """Whether it was learnt from, but could not be read again: standard input, a named data set."""
        return self.texts is None and self.use != _BIAS

    @property
    def remedy(self) -> str:
        """How to leave scored texts out."""
        return _REMEDIES.get(self.use, "train on other texts, or score others")


@dataclass(frozen=True)
class Leakage:
    """What was found.

    Attributes:
        texts: number of scored texts.
        readings: every file of texts behind the output.
        foreign: inputs without a manifest, whose texts are not known: pre-trained models and vectors, mostly.
    """

    texts: int
    readings: list[Reading] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def run(settings: LeakageSettings, reporter: Reporter) -> Leakage:
    """Follow the manifests from an output to all texts behind it, and look for the scored texts among them.

    Raises:
        DataError: the output or one behind it has no manifest or is gone, a file of texts has changed since it was read
            or is gone, so that nothing can be proved; or the scored data are damaged.
    """
    dataset = load(settings.data_set, settings.split, settings.data, language=None, reporter=reporter)
    scored = Exclusion.of_rows(telling_rows(zip(dataset.ids, dataset.texts, strict=True)))
    if not settings.output.exists():
        raise DataError("no such file or folder", where=str(settings.output), hint=did_you_mean(settings.output))
    if not manifest_of(settings.output).is_file():
        hint = "a checkpoint, a mapped folder or vectors of mosecrot have one"
        raise DataError("no manifest, so what it was made of is not known", where=str(settings.output), hint=hint)
    found = Leakage(len(dataset))
    _follow(manifest_of(settings.output), scored, found, seen=set())
    return found


def _follow(path: Path, scored: Exclusion, found: Leakage, *, seen: set[Path]) -> None:
    """Add what the output of a manifest was made of, and what that was made of."""
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    manifest = Manifest.read(path)
    kept = Exclusion.of(_located(each, path) for name, each in manifest.inputs.items() if _kind(name) == "exclude")
    # The two files of a parallel text are one entry: `parallel_1_source`, `parallel_1_target`.
    for name, group in groupby(manifest.inputs.items(), key=lambda item: _SIDE.sub("", item[0])):
        kind, inputs = _kind(name), [each for _, each in group]
        if kind == "parallel":
            found.readings.append(_parallel(manifest, [_located(each, path) for each in inputs], kept, scored))
        elif kind in _USES or kind == "texts":
            found.readings.extend(_read(manifest, kind, each, path, kept, scored) for each in inputs)
        elif kind != "exclude":
            for each in inputs:
                behind = _manifest_behind(each, path)
                if behind is not None:
                    _follow(behind, scored, found, seen=seen)
                elif kind in _MADE_OF_TEXTS:
                    what = f"{_MADE_OF_TEXTS[kind]} without a manifest, so what it was made of is not known"
                    raise DataError(what, where=each.path, hint="nothing can be proved of what was made from it")
                elif each.path not in found.foreign:
                    found.foreign.append(each.path)


def _kind(name: str) -> str:
    """`text` for `text_2`."""
    start, _, number = name.rpartition("_")
    return start if number.isdigit() else name


def _read(manifest: Manifest, kind: str, given: Input, at: Path, kept: Exclusion, scored: Exclusion) -> Reading:
    use = _USES.get(kind) or (_SELF_TRAINING if manifest.settings.get("method") == "self-training" else _BIAS)
    if given.sha256 is None:
        return Reading(use, given.path, None, 0)
    path = _located(given, at)
    column = (manifest.settings.get("data") or manifest.settings).get("text_column")
    rows = telling_rows(identified_texts(str(path), column))
    read = [(identifier, text) for identifier, text in rows if not kept.holds(text, identifier)]
    return Reading(use, str(path), len(read), sum(scored.holds(text, identifier) for identifier, text in read))


def _parallel(manifest: Manifest, files: list[Path], kept: Exclusion, scored: Exclusion) -> Reading:
    pairs = read_parallel(files, src=manifest.facts.src, tgt=manifest.facts.tgt)
    pairs = [pair for pair in pairs if not kept.holds_either(pair)]
    overlap = sum(scored.holds_either(pair) for pair in pairs)
    use = _SENTENCES if manifest.command == ALIGN else _USES["parallel"]
    return Reading(use, ",".join(map(str, files)), len(pairs), overlap)


def _located(given: Input, manifest: Path) -> Path:
    """A file of texts as seen from here, the same as when it was read.

    Raises:
        DataError: it is gone or has changed.
    """
    places = _places(given, manifest)
    if not places:
        raise DataError("a text that was read is gone, so nothing can be proved", where=given.path)
    for place in places:
        if given.sha256 is None or sha256(place) == given.sha256:
            return place
    raise DataError("the text has changed since it was read, so nothing can be proved", where=str(places[0]))


def _places(given: Input, manifest: Path) -> list[Path]:
    """Where an input may be: manifests name it as the command did, from the folder in which that ran."""
    homes = (Path(), manifest.parent, manifest.parent.parent)
    return [home / given.path for home in homes if (home / given.path).exists()]


def _manifest_behind(given: Input, manifest: Path) -> Path | None:
    """The manifest of the command that wrote an input, or None for what comes from elsewhere."""
    for place in _places(given, manifest):
        if manifest_of(place).is_file():
            return manifest_of(place)
        beside = [place.parent / FOLDER_MANIFEST, *sorted(place.parent.glob(f"*.{FOLDER_MANIFEST}"))]
        for path in beside:
            if path.is_file() and place.name in Manifest.read(path).files:
                return path
    return None
