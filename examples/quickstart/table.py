"""The table at the end of the quick start, from the JSON that `mosecrot evaluate --json` wrote.

Usage: python table.py RESULTS
"""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROWS = {
    "unstitched": ("Russian", "the English model as it is"),
    "lstsq": ("Russian", "stitched: least squares, source kept"),
    "kept-standard": ("Russian", "stitched: relative, standard, source kept"),
    "kept-softmax": ("Russian", "stitched: relative, softmax, source kept"),
    "kept-sparsemax": ("Russian", "stitched: relative, sparsemax, source kept"),
    "transfer": ("Russian", "stitched: the preset transfer, source kept"),
    "paper-standard": ("Russian", "stitched: the paper's F^s, standard"),
    "paper-softmax": ("Russian", "stitched: the paper's F^s, softmax"),
    "paper-sparsemax": ("Russian", "stitched: the paper's F^s, sparsemax"),
    "english": ("English", "the English model as it is"),
}


def main() -> None:
    table = Table("text", "model", "macro-F1", "95 % interval", "accuracy")
    for name, (text, model) in ROWS.items():
        file = Path(sys.argv[1]) / f"{name}.json"
        if not file.exists():
            continue
        found = json.loads(file.read_text(encoding="utf-8"))
        low, high = found["macro_f1_interval"]
        spread = f" ± {found['macro_f1_std']:.3f}" if found.get("macro_f1_std") else ""
        table.add_row(
            text, model, f"{found['macro_f1']:.3f}{spread}", f"{low:.3f} to {high:.3f}", f"{found['accuracy']:.3f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
