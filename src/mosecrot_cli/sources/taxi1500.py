"""Taxi1500's labelled English files and its released corpora, laid out in the cache as `tasks.taxi1500` reads them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import partial_path, writing
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.fetch import Fetcher, Remote
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.provenance import announce

_SPLITS = ("train", "dev", "test")
_HOME = "taxi1500"
# Version 3 is made anew from more sources; what it lost is in version 2, which holds all of version 1.
VERSIONS = (3, 2, 1)
_OPTION = "--data-dir DIR"


def bring_english(fetcher: Fetcher) -> Path:
    """The folder with `eng_{train,dev,test}.tsv`.

    Raises:
        SourceUnavailableError: offline or unreachable.
        DataError: what came is no such file.
    """
    for split in _SPLITS:
        url = fetcher.endpoints.taxi1500_english.format(split=split)
        fetcher.file(Remote(url, f"{_HOME}/eng_{split}.tsv", f"Taxi1500, {split}", _OPTION))
    announce(provenance.TAXI1500, fetcher)
    return fetcher.cache / _HOME


def bring_editions(fetcher: Fetcher, language: Language, version: int) -> Path:
    """The folder with a language's editions of one released corpus, unpacked from its archive; it may be empty.

    Raises:
        SourceUnavailableError: offline or unreachable.
        DataError: the archive is damaged.
    """
    name = f"Taxi1500-c_v{version}.0"
    url = fetcher.endpoints.taxi1500_corpus.format(version=version)
    archive = fetcher.file(Remote(url, f"{_HOME}/{name}.zip", name, _OPTION))
    announce(provenance.TAXI1500, fetcher)
    folder = fetcher.cache / _HOME / name
    try:
        with zipfile.ZipFile(archive) as opened, writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for member in opened.infolist():
                _unpack(opened, member, folder, language.iso639_3)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        archive.unlink(missing_ok=True)
        raise DataError(
            f"a damaged archive: {error}", where=url, hint="it was removed from the cache: run again"
        ) from error
    return fetcher.cache / _HOME


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, codes: tuple[str, ...]) -> None:
    # The bare name only: an archive must not write elsewhere.
    file = PurePosixPath(member.filename).name
    if member.is_dir() or not file.endswith(".txt") or not file.startswith(codes):
        return
    path = folder / file
    if path.exists():
        return
    partial = partial_path(path)
    with archive.open(member) as packed, partial.open("wb") as stream:
        shutil.copyfileobj(packed, stream)
    partial.replace(path)
