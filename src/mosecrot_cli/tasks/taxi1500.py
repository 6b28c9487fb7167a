"""Taxi1500: topics of Bible verses (6 topics; 860 / 106 / 111 verses), as released files or as a corpus of editions.

Files in the data folder, also under `taxi1500/` or `Taxi1500/`, each also with `.gz`:

- labelled: `[eng_data/]eng_SPLIT.tsv` (github.com/cisnlp/Taxi1500), `CODE_SPLIT.tsv` for other languages, or
  `train_dev_test/SPLIT/CODE.tsv` as that repository's script writes them: verse id, label, text, without a header;
- editions: `CODE-x-bible-NAME.txt`, `CODE_NAME.txt`, `CODE-NAME.txt` or `CODE.txt`, there or in a folder that starts
  with `Taxi1500-c` (the released corpora v1 to v3) or is called `editions` or `corpus`: `#` comments, then
  `verse id TAB text`. A language without labelled files has its verses joined with the English labels by verse id.

Files that are not in the data folder are fetched: the English files from that repository, the editions from the newest
of the released corpora that has the language.

CODE is ISO 639-3 (`deu`). Of several editions the one with most of the labelled verses is read, unless the name of one
is given in place of the language (`taxi1500:deu-x-bible-luther1545`).
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.files import replacing, writing
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language, find_language
from mosecrot_cli.sources.provenance import TAXI1500 as PROVENANCE
from mosecrot_cli.sources.provenance import announce
from mosecrot_cli.tasks.datadir import OPTION, PARAMETER, first_file, require_known, split_names
from mosecrot_cli.tasks.textfiles import read_file
from mosecrot_cli.tasks.types import SPLITS, Split, TextDataset
from mosecrot_cli.text_lines import read_lines

NAME = "taxi1500"
VERSIONS = (3, 2, 1)
"""Of the released corpora. Version 3 was made anew from more sources; version 2, which contains all of version 1, still
has what version 3 lost."""
_NOTES: dict[str, str | int] = {**PROVENANCE.notes}
_HOMES = ("", "taxi1500/", "Taxi1500/")
_EDITION_PATTERNS = ("{code}.txt", "{code}-x-bible*.txt", "{code}-*.txt", "{code}_*.txt")
_VERSE_ID = re.compile(r"\d{7,8}")


def load(language: Language, split: Split, folder: Path | None, reporter: Reporter) -> TextDataset:
    """Load a split from a labelled file, or from an edition joined with the English labels.

    Raises:
        UsageError: an unknown language whose files are not in the data folder.
        SourceUnavailableError: not in the data folder, and it cannot be fetched or is in no released corpus.
        DataError: a damaged file, or an edition without any of the labelled verses.
    """
    released = first_file(folder, _labelled(language, split))
    if released is not None:
        return replace(read_file(str(released), language=language.code), notes=_NOTES)
    fetcher = Fetcher(reporter=reporter)
    labelled = _english(folder)
    if split not in labelled:
        labelled = _english(_fetched_english(fetcher, language))
    if language.code == "en":
        return replace(labelled[split], notes=_NOTES)
    editions = find_editions(folder, language) or _fetched_editions(fetcher, language)
    wanted = {identifier for dataset in labelled.values() for identifier in dataset.ids}
    edition, verses = _fullest(editions, wanted)
    reporter.info(f"Taxi1500: {edition} ({len(verses):,} of {len(wanted):,} labelled verses)")
    return _join(labelled[split], edition, verses, language, reporter)


def check_language(language: Language) -> None:
    """Check that there is such a language; which ones the corpora have is known once they are fetched.

    Raises:
        UsageError: there is not. An edition (`deu-x-bible-luther1545`) starts with its language.
    """
    require_known(find_language(language.code.partition("-")[0]), NAME)


def _fetched_english(fetcher: Fetcher, language: Language) -> Path:
    try:
        return bring_english(fetcher)
    except SourceUnavailableError as error:
        raise _unavailable(language, error, labels=False) from error


def _fetched_editions(fetcher: Fetcher, language: Language) -> list[Path]:
    """The editions of a language in the newest released corpus that has any; unpacked ones are not fetched again."""
    found = find_editions(fetcher.cache / NAME, language)
    known = find_language(language.code.partition("-")[0])
    if not found:
        require_known(known, NAME)
    for version in () if found else VERSIONS:
        try:
            home = bring_editions(fetcher, known, version)
        except SourceUnavailableError as error:
            raise _unavailable(language, error, labels=True) from error
        found = find_editions(home, language)
        if found:
            break
    if not found:
        missing = SourceUnavailableError("the released corpora have no edition in this language")
        raise _unavailable(language, missing, labels=True)
    return found


def bring_english(fetcher: Fetcher) -> Path:
    """Fetch `eng_{train,dev,test}.tsv` into the cache, and return their folder.

    Raises:
        SourceUnavailableError: offline or unreachable.
        DataError: the server sent something else.
    """
    for split in SPLITS:
        url = fetcher.endpoints.taxi1500_english.format(split=split)
        fetcher.file(Remote(url, f"{NAME}/eng_{split}.tsv", f"Taxi1500, {split}", PARAMETER))
    announce(PROVENANCE, fetcher)
    return fetcher.cache / NAME


def bring_editions(fetcher: Fetcher, language: Language, version: int) -> Path:
    """Fetch one released corpus and unpack the editions of a language, laid out as `find_editions` expects.

    Returns:
        The folder in the cache that holds the corpora; the corpus may have no edition in the language.

    Raises:
        SourceUnavailableError: offline or unreachable.
        DataError: the archive is damaged.
    """
    name = f"Taxi1500-c_v{version}.0"
    url = fetcher.endpoints.taxi1500_corpus.format(version=version)
    archive = fetcher.file(Remote(url, f"{NAME}/{name}.zip", name, PARAMETER))
    announce(PROVENANCE, fetcher)
    folder = fetcher.cache / NAME / name
    try:
        with zipfile.ZipFile(archive) as opened, writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for member in opened.infolist():
                _unpack(opened, member, folder, language.iso639_3)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        archive.unlink(missing_ok=True)
        hint = "it was removed from the cache: run the command again"
        raise DataError(f"the archive is damaged: {error}", where=url, hint=hint) from error
    return fetcher.cache / NAME


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, codes: tuple[str, ...]) -> None:
    # Only the bare file name is used: an archive must not write elsewhere.
    file = PurePosixPath(member.filename).name
    if member.is_dir() or not file.endswith(".txt") or not file.startswith(codes):
        return
    path = folder / file
    if path.exists():
        return
    with archive.open(member) as packed, replacing(path) as partial, partial.open("wb") as stream:
        shutil.copyfileobj(packed, stream)


def find_editions(folder: Path | None, language: Language) -> list[Path]:
    """The editions of a language in the data folder, sorted by name."""
    if folder is None:
        return []
    found: set[Path] = set()
    for home in (folder / name for name in _HOMES):
        corpora = [path for path in home.glob("Taxi1500-c*") if path.is_dir()]
        for place in (home, home / "editions", home / "corpus", *corpora):
            # In a released corpus every file starts with its language, whatever follows.
            patterns = (*_EDITION_PATTERNS, "{code}*.txt") if place in corpora else _EDITION_PATTERNS
            for pattern in patterns:
                for code in language.iso639_3:
                    name = pattern.format(code=code)
                    found.update(path for suffix in ("", ".gz") for path in place.glob(name + suffix))
    return sorted(found)


def read_edition(path: Path, wanted: set[str]) -> dict[str, str]:
    """The wanted verses of an edition by their eight-digit id, without empty ones (merged into another verse).

    Raises:
        DataError: a line that is not a verse (with its number), after the first verse.
    """
    verses: dict[str, str] = {}
    for identifier, text in _verses(path):
        if identifier in wanted and text:
            verses.setdefault(identifier, text)
    return verses


def _verses(path: Path) -> Iterator[tuple[str, str]]:
    started = False
    for number, line in read_lines(str(path)):
        if not line.strip() or line.startswith("#"):
            continue
        identifier, _, text = line.partition("\t")
        if _VERSE_ID.fullmatch(identifier.strip()):
            started = True
            yield identifier.strip().zfill(8), text.strip()
        elif started or "\t" in line:
            hint = "a verse is an id of 8 digits, a tab and the text; comments start with #"
            raise DataError("the line is not a verse", where=f"{path}:{number}", hint=hint)


def _labelled(language: Language, split: Split) -> list[str]:
    return [
        f"{home}{path}"
        for home in _HOMES
        for code in language.iso639_3
        for name in split_names(split)
        for path in (f"{code}_{name}.tsv", f"eng_data/{code}_{name}.tsv", f"train_dev_test/{name}/{code}.tsv")
    ]


def _english(folder: Path | None) -> dict[Split, TextDataset]:
    english = find_language("en")
    paths = {split: first_file(folder, _labelled(english, split)) for split in SPLITS}
    return {split: read_file(str(path), language=english.code) for split, path in paths.items() if path is not None}


def _fullest(editions: list[Path], wanted: set[str]) -> tuple[Path, dict[str, str]]:
    candidates = [(path, read_edition(path, wanted)) for path in editions]
    return max(candidates, key=lambda candidate: len(candidate[1]))


def _join(
    labelled: TextDataset, edition: Path, verses: dict[str, str], language: Language, reporter: Reporter
) -> TextDataset:
    kept = [(key, label) for key, label in zip(labelled.ids, labelled.labels or (), strict=True) if key in verses]
    missing = len(labelled) - len(kept)
    if not kept:
        hint = "an id has eight digits for book, chapter and verse, such as 40001001"
        raise DataError(f"none of the {len(labelled)} labelled verses is in the edition", where=str(edition), hint=hint)
    if missing:
        reporter.warn(f"{edition.name}: {missing} of {len(labelled)} labelled verses are missing and were left out")
    return TextDataset(
        ids=tuple(key for key, _ in kept),
        texts=tuple(verses[key] for key, _ in kept),
        labels=tuple(label for _, label in kept),
        source=str(edition),
        language=find_language(language.code.partition("-")[0]).code,
        notes=_NOTES | {"edition": edition.name, "labels": labelled.source, "missing_verses": missing},
    )


def _unavailable(language: Language, error: SourceUnavailableError, *, labels: bool) -> SourceUnavailableError:
    code = language.iso639_3[0]
    english = "put eng_{train,dev,test}.tsv (github.com/cisnlp/Taxi1500, eng_data/) into DIR"
    corpus = f"unpack {code}*.txt of the Taxi1500-c corpora (linked there) into DIR/Taxi1500-c"
    hint = english if code == "eng" else corpus if labels else f"{english} and {corpus}"
    return SourceUnavailableError(
        f"not in the data folder, and {error.what}",
        where=f"{NAME}:{language.code}",
        hint=f"{hint}, and name DIR with {OPTION}",
    )
