"""The Multilingual Amazon Reviews Corpus, stars grouped into three sentiments (MoSECroT, section 4).

Files in the data folder, of which the first that exists is read (SPLIT of dev may also be `validation` or `val`; each
file may end in `.gz`):

- the corpus as it was published: `[amazon/]json/SPLIT/dataset_LANG_SPLIT.json`, `[amazon/]dataset_LANG_SPLIT.json`;
- the layout of the hub's mirror: `amazon/LANG/SPLIT.jsonl` (`.csv`, `.tsv`, `.json`);
- `[amazon/]amazon_LANG_SPLIT.EXT`, `amazon/LANG_SPLIT.EXT`;
- `amazon/SPLIT.csv` (`.jsonl`, ...) for all languages with a column `language`.

The folder may also be called `amazon_reviews_multi` or `amazon-reviews-multi`. The columns are `stars` (1-5) or, as in
the mirror, `label` (0-4), and `review_body` with `review_title`, or `text`. Title and body are joined by an empty line,
as in the mirror, so that both layouts give the same texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mosecrot_cli.errors import DataError, SourceUnavailableError, UsageError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.provenance import AMAZON as PROVENANCE
from mosecrot_cli.sources.provenance import announce
from mosecrot_cli.tasks.columns import ID_NAMES, normal
from mosecrot_cli.tasks.datadir import OPTION, first_file, require_known, split_names
from mosecrot_cli.tasks.rows import OpenTable, open_table
from mosecrot_cli.tasks.stars import SENTIMENTS, STAR_COLUMNS, sentiment
from mosecrot_cli.tasks.textfiles import Item, collect
from mosecrot_cli.tasks.types import Split, TextDataset

NAME = "amazon"
LANGUAGES = ("de", "en", "es", "fr", "ja", "zh")
MIRROR = "mteb/amazon_reviews_multi"
_FOLDERS = ("amazon", "amazon_reviews_multi", "amazon-reviews-multi")
_BODIES = ("review_body", "text")
_MIRROR_LABELS = ("label", "label_text", "sentiment")
_EXTENSIONS = (".jsonl", ".json", ".csv", ".tsv")


def load(language: Language, split: Split, folder: Path | None, reporter: Reporter) -> TextDataset:
    """Load a split; see `registry.DatasetLoader`."""
    path = first_file(folder, local_candidates(language, split))
    return read_reviews(str(path or download(language, split, reporter)), language)


def check_language(language: Language) -> None:
    """Check that the corpus has a language.

    Raises:
        UsageError: it does not, or there is no such language.
    """
    require_known(language, NAME)
    if language.code not in LANGUAGES:
        raise UsageError(
            f"the Amazon reviews do not exist in {language.name}",
            where=f"{NAME}:{language.code}",
            hint=f"they exist in {', '.join(LANGUAGES)}",
        )


def local_candidates(language: Language, split: Split) -> list[str]:
    """Relative paths of the split in a data folder, in the order in which they are tried."""
    code, found = language.code, []
    for name in split_names(split):
        published = (f"dataset_{code}_{name}.json", f"json/{name}/dataset_{code}_{name}.json")
        found += [f"{folder}/{path}" for folder in _FOLDERS for path in published] + list(published)
        for extension in _EXTENSIONS:
            found += [
                f"{folder}/{stem}{extension}"
                for folder in _FOLDERS
                for stem in (f"{code}/{name}", f"amazon_{code}_{name}", f"{code}_{name}", name)
            ]
            found.append(f"amazon_{code}_{name}{extension}")
    return found


def read_reviews(path: str, language: Language) -> TextDataset:
    """Read a file of reviews in any of the layouts above.

    Raises:
        DataError: a column is missing, a rating is invalid, or no review is in the language.
    """
    table = open_table(path, is_header=lambda cells: any(normal(cell) in _BODIES for cell in cells))
    if table.names is None:
        raise DataError(
            "the file has no header",
            where=f"{path}:{table.first_line}",
            hint=f"the columns are {' or '.join(_BODIES)}, and stars",
        )
    names = [normal(name) for name in table.names]
    dataset = collect(_reviews(table, names, language), source=path, language=language.code)
    return replace(dataset, notes=PROVENANCE.notes)


def download(language: Language, split: Split, reporter: Reporter) -> Path:
    """Fetch a split from the mirror on the hub into the hub's cache.

    The mirror's loading script is not run: its files are JSON lines and are read as such.

    Raises:
        UsageError: an unknown language, or one that the corpus does not have.
        SourceUnavailableError: the hub cannot be reached or has no such file.
    """
    check_language(language)
    from mosecrot_cli.tasks.hub import download_file

    path = f"{language.code}/{'validation' if split == 'dev' else split}.jsonl"
    hint = f"put {path} of huggingface.co/datasets/{MIRROR} into DIR/amazon/{language.code}/ and name DIR with {OPTION}"
    try:
        file = download_file(MIRROR, path, reporter)
    except SourceUnavailableError as error:
        raise SourceUnavailableError(error.what, where=f"{NAME}:{language.code}", hint=hint) from error
    announce(PROVENANCE, Fetcher(reporter=reporter))
    return file


def _reviews(table: OpenTable, names: list[str], language: Language) -> Iterator[Item]:
    where = f"{table.where}:{table.first_line}"
    body, title = _column(names, _BODIES), _column(names, ("review_title",))
    identifier, spoken = _column(names, ID_NAMES), _column(names, ("language",))
    stars = _column(names, STAR_COLUMNS)
    labels = [names.index(name) for name in _MIRROR_LABELS if name in names]
    if body is None or (stars is None and not labels):
        missing = " or ".join(_BODIES) if body is None else "stars or label"
        raise DataError(f"there is no column {missing}, only {', '.join(names)}", where=where)
    for number, row in enumerate(table.rows, start=1):
        if spoken is not None and row.cells[spoken] != language.code:
            continue
        place = f"{table.where}:{row.line}"
        if stars is not None:
            rating = sentiment(row.cells[stars].strip(), where=place)
        else:
            rating = _mirror_rating([row.cells[column].strip().lower() for column in labels], place)
        parts = [row.cells[column].strip() for column in (title, body) if column is not None]
        text = "\n\n".join(part for part in parts if part)
        yield Item(row.cells[identifier] if identifier is not None else str(number), text, rating, row.line)


def _mirror_rating(labels: list[str], where: str) -> str:
    """The mirror counts the stars from 0; the name of a sentiment in either of its columns is kept."""
    for label in labels:
        if label in SENTIMENTS:
            return label
    if labels[0] not in ("0", "1", "2", "3", "4"):
        raise DataError(
            f"the label {labels[0]!r} is neither 0 to 4 nor a sentiment",
            where=where,
            hint="a column of star ratings is called `stars`",
        )
    return sentiment(str(int(labels[0]) + 1), where=where)


def _column(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
