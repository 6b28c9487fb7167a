"""From what the user said, or left unsaid, to the models, vectors and lexica that are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import ALL
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language, find_language, require_language
from mosecrot_cli.sources.lexica.registry import default_lexicon
from mosecrot_cli.sources.provenance import Provenance, announce
from mosecrot_cli.sources.vectors import NAMES, VectorSource, bring_vectors, named_vectors, vectors_of_language
from mosecrot_cli.suggestions import nearest, nearest_path
from mosecrot_cli.tasks.textfiles import stream_strings
from mosecrot_cli.vectors.readers import peek, read_vectors
from mosecrot_cli.vectors.types import VectorPreview, WordVectors
from mosecrot_cli.vectors.wanted_words import WantedWords

_FEWEST_ANCHORS = 3
DEFAULT_MODELS = {"en": "bert-base-cased"}


def source_model(given: str | None, src: str, inherited: str | None = None, *, tgt: str | None = None) -> str:
    """The source model: as given, else as in the manifest of the input, else the default of the language.

    Args:
        given: a folder or a hub id.
        src: code of the source language.
        inherited: the value in the manifest of the input.
        tgt: code of the target language, which may have been given in the place of the other.

    Raises:
        UsageError: none of the three is there.
    """
    if chosen := given or inherited or DEFAULT_MODELS.get(src):
        return chosen
    what = f"no default model for the source language {src!r}"
    if tgt in DEFAULT_MODELS:
        raise UsageError(what, hint="did you swap `src` and `tgt`? `src` is the language of the model")
    raise UsageError(what, hint="name one with `source_model`")


def announced(model: SourceModel, reporter: Reporter) -> Provenance | None:
    """Whose work a model of the hub is, which is shown the first time. None for a folder on this machine."""
    if model.provenance is not None:
        announce(model.provenance, Fetcher(reporter=reporter))
    return model.provenance


def warn_of_few_anchors(count: int, reporter: Reporter) -> None:
    """Warn where so few anchors are left that all words come out alike."""
    if count < _FEWEST_ANCHORS:
        left = "only one anchor is left: all words" if count == 1 else f"only {count} anchors are left: most words"
        reporter.warn(f"{left} get the same embedding; a lexicon of hundreds of pairs is needed")


@dataclass(frozen=True)
class VectorLocation:
    """Where word vectors are: in a file on this machine, or at a source that they are downloaded from.

    Attributes:
        file: the file; None where the vectors belong to a source.
        source: the source; None for a file that the user named.
        parameter: the parameter that names other vectors, for advice.
        fetcher: downloads.
    """

    file: Path | None
    source: VectorSource | None
    parameter: str
    fetcher: Fetcher

    @property
    def name(self) -> str:
        """The path of the file, or the source as a user names it (an address without its secrets)."""
        return self.source.name if self.source else str(self.file)

    @property
    def provenance(self) -> Provenance | None:
        """Whose work the vectors are; None for a file or an address that the user named."""
        return self.source.provenance if self.source else None

    def bring(self) -> Path:
        """The file of vectors, downloaded if it is not on this machine.

        Raises:
            SourceUnavailableError: offline, unreachable, or the source does not have the file.
            DataError: what was sent is not the file.
        """
        if self.source is None:
            assert self.file is not None  # one of the two is given
            return self.file
        return bring_vectors(self.source, self.fetcher, parameter=self.parameter)

    def plan(self, name: str = "target vectors", max_vocab: int | None = None) -> list[tuple[str, str]]:
        """Lines of a dry run; nothing is downloaded for them.

        Args:
            name: what the vectors are to the command.
            max_vocab: how many words will be read (`settings.ALL` for all): adds a line with the memory that they take.
        """
        remote = self.source.remote if self.source else None
        here = self.fetcher.path(remote) if remote else self.file
        if here is None or not here.exists():
            return [(name, f"{self.source.where} (to be fetched)" if self.source else str(self.file))]
        found = peek(here)
        cached = " from the cache" if self.source else ""
        kind = f"{found.size / 1e6:,.0f} MB, {found.format}, dimension {found.dimension}"
        lines = [(name, f"{found.path}{cached} ({kind})")]
        return lines if max_vocab is None else [*lines, _memory_line(found, max_vocab)]


def vectors(
    given: str | None,
    language: str | None = None,
    inherited: str | None = None,
    *,
    parameter: str = "target_vectors",
    language_parameter: str = "tgt",
    reporter: Reporter | None = None,
) -> VectorLocation:
    """Where the vectors are: as given, else as in the manifest of the input, else the default of the language.

    Nothing is downloaded. A value is the path of a file, the name of a source (`sources.vectors.NAMES`), an address,
    or a hub id.

    Args:
        given: the value of `parameter`.
        language: code or name of the language of the vectors, for sources by name and for the default.
        inherited: the value in the manifest of the input.
        parameter: the parameter that names the vectors.
        language_parameter: the parameter that names the language.
        reporter: receives the progress of downloads.

    Raises:
        UsageError: neither vectors nor a language are given, the language is unknown, or an address is malformed.
        DataError: no such file.
        SourceUnavailableError: the source does not have the language.
    """
    fetcher = Fetcher(reporter=reporter or SilentReporter())
    chosen = given or inherited
    if chosen and _is_here(chosen):
        return VectorLocation(Path(chosen), None, parameter, fetcher)
    if chosen is None or chosen in NAMES:
        if language is None:
            hint = f"name a file with `{parameter}`, or the language with `{language_parameter}`"
            raise UsageError("neither the vectors nor their language are given", hint=hint)
        known = require_language(language, f"`{language_parameter}`")
        source = vectors_of_language(chosen, known, fetcher, parameter=parameter)
        return VectorLocation(None, source, parameter, fetcher)
    if (named := named_vectors(chosen, parameter=parameter)) is not None:
        return VectorLocation(None, named, parameter, fetcher)
    missing = "no such file of vectors" if given else "the file of vectors that the manifest of the input names is gone"
    raise DataError(missing, where=chosen, hint=_other_vectors(chosen, parameter))


def _is_here(path: str) -> bool:
    """Whether there is such a file or folder; False also for what can be no path."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False


def _other_vectors(missing: str, parameter: str) -> str:
    """Advice for a value that is neither a file nor a source: files and sources with a similar name."""
    near = nearest_path(missing) or nearest(missing, NAMES)
    return (
        f"did you mean {near}?" if near else f"`{parameter}` takes a file, an address, a hub id or {', '.join(NAMES)}"
    )


def _memory_line(found: VectorPreview, max_vocab: int) -> tuple[str, str]:
    rows = max_vocab if found.rows is None else min(max_vocab, found.rows)
    if rows == ALL:
        return ("target words", "all; their number is known only after reading")
    memory = rows * found.dimension * 4 / 1e6
    return ("target words", f"at most {rows:,}, {memory:,.0f} MB as a matrix")


def language_code(name: str | None) -> str | None:
    """The code of a language that is named in any way (`tat`, `Tatar`); what is no language stays as it is."""
    return find_language(name).code if name else None


def language_pair(src: str, tgt: str | None) -> tuple[Language, Language]:
    """The two languages.

    Raises:
        UsageError: the target language is not said, or one of them is unknown.
    """
    if tgt is None:
        raise UsageError("no lexicon and no target language", hint="name `lexicons`, or the language with `tgt`")
    return require_language(src, "`src`"), require_language(tgt, "`tgt`")


def default_lexicons(src: str, tgt: str | None) -> tuple[str, ...]:
    """The lexicon that the paper takes for a pair of languages: MUSE where it has the pair, else PanLex.

    Raises:
        UsageError: the target language is not said, or one of them is unknown.
    """
    return (default_lexicon(*language_pair(src, tgt)),)


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


class Opened:
    """Source models and word vectors by name. They stay in memory as long as this object does."""

    def __init__(self) -> None:
        self._models: dict[str, SourceModel] = {}
        self._vectors: dict[tuple[Path, int | None], WordVectors] = {}

    def model(self, reference: str) -> SourceModel:
        """The source model of a folder or hub id.

        Raises:
            DataError: the folder is missing or is not a checkpoint.
        """
        if reference not in self._models:
            self._models[reference] = SourceModel.open(reference)
        return self._models[reference]

    def vectors(self, path: Path, max_vocab: int | None, reporter: Reporter) -> WordVectors:
        """The first `max_vocab` word vectors of a file (None: all of them).

        Raises:
            DataError: see `read_vectors`.
        """
        key = path.resolve(), max_vocab
        if key not in self._vectors:
            self._vectors[key] = read_vectors(path, max_vocab=max_vocab, reporter=reporter)
        return self._vectors[key]
