"""Which spellings are one word: the one place that says so, for texts, lexica and vectors.

Two things follow from it. `fold` gives all spellings of a word one key, by which lists of words are searched
(`SpellingIndex`). `SpellingRules` are what the tokenizer of a stitched model does with texts: the rules depend on the
words of the vectors, because the form that is written wins wherever the vectors have it.
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
