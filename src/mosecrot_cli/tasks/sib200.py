"""SIB-200: topics of FLORES-200 sentences in 205 languages and scripts (7 topics; 701 / 99 / 204 sentences).

Files in the data folder: `[sib200/|sib-200/][data/annotated/]CODE/SPLIT.tsv` with the columns index_id, category and
text, where CODE is for example `rus_Cyrl`. A copy or a clone of github.com/dadelani/sib-200 has this layout. Files that
are not there are fetched from the hub's `Davlan/sib200`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mosecrot_cli.errors import SourceUnavailableError, UsageError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.listings import SIB200_REPOSITORY as REPOSITORY
from mosecrot_cli.sources.provenance import SIB200 as PROVENANCE
from mosecrot_cli.sources.provenance import announce
from mosecrot_cli.tasks.datadir import OPTION, first_file, require_known, split_names
from mosecrot_cli.tasks.textfiles import read_file
from mosecrot_cli.tasks.types import Columns, Split, TextDataset

NAME = "sib200"
_COLUMNS = Columns(text="text", label="category")


def load(language: Language, split: Split, folder: Path | None, reporter: Reporter) -> TextDataset:
    """Load a split; see `registry.DatasetLoader`."""
    path = first_file(folder, local_candidates(language, split))
    return read_local(str(path), language) if path else download(language, split, reporter)


def flores_code(language: Language) -> str:
    """The code of the language in SIB-200.

    Raises:
        UsageError: SIB-200 does not have the language.
    """
    if language.flores is None:
        raise UsageError(f"SIB-200 does not have {language.name}", where=f"{NAME}:{language.code}")
    return language.flores


def check_language(language: Language) -> None:
    """Check that SIB-200 has a language.

    Raises:
        UsageError: it does not, or there is no such language.
    """
    require_known(language, NAME)
    flores_code(language)


def local_candidates(language: Language, split: Split) -> list[str]:
    """Relative paths of the split in a data folder, in the order in which they are tried."""
    code = flores_code(language)
    return [
        f"{home}{inner}{code}/{name}.tsv"
        for home in ("sib200/", "sib-200/", "")
        for inner in ("", "data/annotated/")
        for name in split_names(split)
    ]


def read_local(path: str, language: Language) -> TextDataset:
    """Read one of the released files."""
    return replace(read_file(path, _COLUMNS, language=language.code), notes=PROVENANCE.notes)


def download(language: Language, split: Split, reporter: Reporter, *, repository: str = REPOSITORY) -> TextDataset:
    """Fetch a split from the hub.

    Args:
        language: the language.
        split: which part.
        reporter: receives progress and the licence.
        repository: hub id, or a local folder with the same layout.

    Raises:
        UsageError: an unknown language, or one that SIB-200 does not have.
        SourceUnavailableError: the hub cannot be reached.
    """
    from mosecrot_cli.tasks.hub import load_hub

    check_language(language)
    code = flores_code(language)
    try:
        dataset = load_hub(repository, code, split, columns=_COLUMNS, reporter=reporter)
    except SourceUnavailableError as error:
        hint = (
            f"put data/annotated/{code}/{{train,dev,test}}.tsv of github.com/dadelani/sib-200 "
            f"into DIR/sib200/{code}/ and name DIR with {OPTION}"
        )
        raise SourceUnavailableError(error.what, where=f"{NAME}:{language.code}", hint=hint) from error
    announce(PROVENANCE, Fetcher(reporter=reporter))
    return replace(dataset, language=language.code, notes=PROVENANCE.notes)
