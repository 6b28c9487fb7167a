"""Which spellings count as the same word, defined once for texts, lexica and vectors.

The definition is used in two ways. `fold` maps all spellings of a word to one key, by which `SpellingIndex` searches
lists of words. `SpellingRules` describe how the tokenizer of a stitched model normalises texts. They depend on the
words of the vectors, because the written form wins wherever the vectors contain it.
"""

from mosecrot_cli.spellings.chinese import to_simplified, to_traditional
from mosecrot_cli.spellings.equivalence import Equivalence, difference, fold
from mosecrot_cli.spellings.index import SpellingIndex
from mosecrot_cli.spellings.replacements import Replacement
from mosecrot_cli.spellings.rules import SpellingRules

__all__ = [
    "Equivalence",
    "Replacement",
    "SpellingIndex",
    "SpellingRules",
    "difference",
    "fold",
    "to_simplified",
    "to_traditional",
]
