"""The steps of the method as Python functions: plain values in, objects to look at out.

    import mosecrot_cli as mosecrot

    anchors = mosecrot.select_anchors("en-tt.tsv", source_model="bert-base-cased", target_vectors="wiki.tt.vec")
    mapped = mosecrot.map_vectors(anchors, preset="transfer")
    classify = mosecrot.stitch("model", mapped).pipeline()

Each function runs the command of the same step, so both give the same result. `output` names the file or folder to
write. Without it, the result lies in a temporary folder that is removed together with the object. Any other setting of
the command can be given by the name of its field in `mosecrot_cli.settings`. Warnings are Python warnings.
"""

from mosecrot_cli.api.assessment import evaluate, inspect
from mosecrot_cli.api.results import Anchors, Checkpoint, MappedVectors
from mosecrot_cli.api.steps import adapt, align, finetune, map_vectors, select_anchors, stitch
from mosecrot_cli.api.studies import report_study, run_study
from mosecrot_cli.api.values import MosecrotWarning

__all__ = [
    "Anchors",
    "Checkpoint",
    "MappedVectors",
    "MosecrotWarning",
    "adapt",
    "align",
    "evaluate",
    "finetune",
    "inspect",
    "map_vectors",
    "report_study",
    "run_study",
    "select_anchors",
    "stitch",
]
