"""The table at the end, from the JSON that `mosecrot evaluate --json` and `baseline lr --json` wrote.

Usage: python table.py RESULTS
"""

import json
import sys
from pathlib import Path

ROWS = {
    "stitched": "stitched, no label of the language",
    "bias": "the same with the class bias",
    "lr": "LR on the labelled verses of the language",
}


def score(file: Path) -> str:
    found = json.loads(file.read_text(encoding="utf-8"))
    spread = f" ± {found['macro_f1_std']:.3f}" if found.get("macro_f1_std") else ""
    return f"{found['macro_f1']:.3f}{spread}"


def main(folder: Path) -> None:
    print("| macro-F1 | dev | test |\n|---|---|---|")
    print(f"| English model on English | – | {score(folder / 'english.json')} |")
    for name, title in ROWS.items():
        print(f"| {title} | {score(folder / f'dev-{name}.json')} | {score(folder / f'test-{name}.json')} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
