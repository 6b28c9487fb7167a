"""Lexica: reading them, finding them, and selecting the anchors among their pairs (step 1 of the method)."""

from mosecrot_cli.lexicon.choice import SOURCES, LexiconChoice, LexiconKind, read_lexica, resolve_lexicon
from mosecrot_cli.lexicon.files import read_anchor_pairs, read_lexicon, write_anchor_scores, write_anchors
from mosecrot_cli.lexicon.scripts import Script, dominant_script, find_script
from mosecrot_cli.lexicon.selection import Selection, SelectionOptions, load_stopwords, select_anchors
from mosecrot_cli.lexicon.types import Anchor, DropReason, Pair, SourceVocabulary, TargetVocabulary

__all__ = [
    "SOURCES",
    "Anchor",
    "DropReason",
    "LexiconChoice",
    "LexiconKind",
    "Pair",
    "Script",
    "Selection",
    "SelectionOptions",
    "SourceVocabulary",
    "TargetVocabulary",
    "dominant_script",
    "find_script",
    "load_stopwords",
    "read_anchor_pairs",
    "read_lexica",
    "read_lexicon",
    "resolve_lexicon",
    "select_anchors",
    "write_anchor_scores",
    "write_anchors",
]
