"""MoSECroT: zero-shot text classification by stitching a model to static word embeddings of another language.

The names of `mosecrot_cli.api` are available here; they are loaded when they are first used, so importing this package
takes no time.
"""

import importlib
from typing import Any

__version__ = "0.2.0"

_API = "mosecrot_cli.api"
_NAMES = {"Anchors", "Checkpoint", "MappedVectors", "MosecrotWarning", "evaluate", "finetune", "inspect", "map_vectors"}
_NAMES |= {"adapt", "align", "report_study", "run_study", "select_anchors", "stitch"}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_API), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
