"""The online lexica by name. Each provides a lexicon file in the cache; its name is the origin of its pairs.

The names and their summaries for `--help` are defined in `settings.OnlineLexicon`. The source of a name is the constant
`SOURCE` in the module of that name in this folder. It is imported on demand, so that the command line can list the
names without importing the code that fetches them.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mosecrot_cli.settings.choices import OnlineLexicon
from mosecrot_cli.sources.lexica.base import LexiconRequest, LexiconSource

if TYPE_CHECKING:
    from mosecrot_cli.sources.fetch import Fetcher
    from mosecrot_cli.sources.languages import Language


def find_lexicon(value: str) -> tuple[LexiconSource, str]:
    """The source and the part that a value such as `muse` or `muse:train` names, in any letter case.

    Raises:
        ValueError: there is no such source (`lexicon.resolve_lexicon` distinguishes names from files).
        UsageError: the source has no such part.
    """
    given, _, part = value.lower().partition(":")
    name = OnlineLexicon(given)
    source: LexiconSource = import_module(f"{__package__}.{name}").SOURCE
    source.check_part(name, part)
    return source, part


def bring(value: str, request: LexiconRequest, fetcher: Fetcher) -> Path:
    """The file of an online lexicon (`muse`, `muse:train`, `panlex`, …); its licence is shown once.

    Raises:
        SourceUnavailableError, DataError, UsageError: see the sources.
    """
    from mosecrot_cli.sources.provenance import announce

    source, part = find_lexicon(value)
    path = source.bring(request, part, fetcher)
    announce(source.provenance, fetcher)
    return path


def plan(value: str, request: LexiconRequest, fetcher: Fetcher) -> str:
    """A description of what fetching a lexicon would involve, for a dry run, without using the network."""
    source, _ = find_lexicon(value)
    return source.plan(request, fetcher) if source.plan else source.provenance.name


def default_lexicon(source: Language, target: Language) -> str:
    """The lexicon that the paper uses: MUSE if it has the pair of languages, else PanLex."""
    from mosecrot_cli.sources.languages import in_muse

    return OnlineLexicon.muse if in_muse(source, target) else OnlineLexicon.panlex
