"""Step 1: from lexica to anchors (paper, section 3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.readers import read_lexicon
from mosecrot_cli.lexicon.selection import Selection, SelectionOptions, select_anchors
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.lexicon.writers import write_anchors, write_scores
from mosecrot_cli.manifest import file_manifest, portable
from mosecrot_cli.model.loading import load_tokenizer
from mosecrot_cli.model.words import SourceWords
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import STDIO, AnchorsSettings
from mosecrot_cli.vectors.readers import peek, read_vectors
