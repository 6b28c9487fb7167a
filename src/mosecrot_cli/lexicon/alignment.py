"""A lexicon by word alignment: which words of a sentence translate which words of its translation (eflomal).

Östling and Tiedemann 2016, Efficient word alignment with Markov Chain Monte Carlo. Every sentence pair is aligned in
both directions, and a link counts 1 where both directions have it, else 1/2: the mean of the two. Links between a word
and a punctuation mark are left out.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.lexicon.parallel import SentencePair
from mosecrot_cli.lexicon.types import ALIGNED, Pair
from mosecrot_cli.orthography import is_punctuation, normalised_lower, tokenize
from mosecrot_cli.progress import Reporter

Link = tuple[int, int]
"""Places of a source and of a target word in their sentences."""

_ONE_DIRECTION = 0.5


def align_words(pairs: Sequence[SentencePair], reporter: Reporter) -> list[Pair]:
    """The pairs of words that translate each other, each with its count; the most frequent first.

    A word is written as it is most often in the texts. eflomal draws random numbers that cannot be set, so two runs
    differ a little.

    Args:
        pairs: sentences and their translations.
        reporter: hears of progress.

    Raises:
        UsageError: eflomal is not installed.
        DataError: no pair has words on both sides, or eflomal fails.
    """
    sentences = [(_words(pair.source), _words(pair.target)) for pair in pairs]
    sentences = [(source, target) for source, target in sentences if source and target]
    if not sentences:
        raise DataError("no pair of sentences has words on both sides", where="`lexicons` align")
    sources = [[normalised_lower(word) for word in source] for source, _ in sentences]
    targets = [[normalised_lower(word) for word in target] for _, target in sentences]
    with reporter.track("aligning words", None):
        forward, backward = _links(sources, targets)
    counts: dict[tuple[str, str], float] = defaultdict(float)
    for source, target, one, other in zip(sources, targets, forward, backward, strict=True):
        for (i, j), weight in symmetrised(one, other).items():
            if is_punctuation(source[i]) == is_punctuation(target[j]):
                counts[source[i], target[j]] += weight
    written = [_commonest(side) for side in zip(*sentences, strict=True)]
    return [
        Pair(written[0][source], written[1][target], score=count, origin=ALIGNED)
        for (source, target), count in sorted(counts.items(), key=lambda item: -item[1])
    ]


def symmetrised(forward: Iterable[Link], backward: Iterable[Link]) -> dict[Link, float]:
    """Each link of two directions with its weight: 1 where both have it, else 1/2."""
    one, other = set(forward), set(backward)
    return {link: 1.0 if link in one and link in other else _ONE_DIRECTION for link in sorted(one | other)}


def _words(text: str) -> list[str]:
    return tokenize(text, lowercase=False)


def _commonest(sentences: Iterable[Sequence[str]]) -> dict[str, str]:
    """The form in which each lower-cased word is written most often; of equals the first."""
    forms: dict[str, Counter[str]] = {}
    for sentence in sentences:
        for word in sentence:
            forms.setdefault(normalised_lower(word), Counter())[word] += 1
    return {word: counts.most_common(1)[0][0] for word, counts in forms.items()}


def _links(
    sources: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]
) -> tuple[list[list[Link]], list[list[Link]]]:
    """The links of each sentence pair in both directions, each as `(source, target)`."""
    try:
        import eflomal
    except ImportError as error:
        hint = "`pip install 'mosecrot[align]'` compiles it; a C compiler is needed"
        raise UsageError("word alignment needs eflomal, which is not installed", hint=hint) from error
    with tempfile.TemporaryDirectory() as folder:
        forward, backward = Path(folder) / "forward", Path(folder) / "backward"
        try:
            eflomal.Aligner().align(
                [" ".join(words) for words in sources],
                [" ".join(words) for words in targets],
                links_filename_fwd=str(forward),
                links_filename_rev=str(backward),
            )
            found = _read_links(forward), _read_links(backward)
        except (OSError, RuntimeError, ValueError) as error:
            raise DataError(f"eflomal failed: {error}", where="`lexicons` align", hint="too little memory?") from error
    if not len(found[0]) == len(found[1]) == len(sources):
        raise DataError("eflomal did not align every sentence", where="`lexicons` align")
    return found


def _read_links(path: Path) -> list[list[Link]]:
    lines = path.read_text(encoding="ascii").split("\n")[:-1]
    return [[_link(link) for link in line.split()] for line in lines]


def _link(text: str) -> Link:
    source, _, target = text.partition("-")
    return int(source), int(target)
