"""Labelled verses in the target language, joined by their ids, and the verses that are not scored.

Usage: python prepare.py TARGET LABELLED OUT

Writes OUT/train.tsv, dev.tsv and test.tsv (id, label, text of the target language) and OUT/verses.tsv (id, text).
"""

import sys
from pathlib import Path


def read_verses(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    rows = (line.split("\t", 1) for line in lines if "\t" in line and not line.startswith("# "))
    return {identifier.strip(): text.strip() for identifier, text in rows if text.strip()}


def main(target: Path, labelled: Path, out: Path) -> None:
    verses = read_verses(target)
    scored: set[str] = set()
    for split in ("train", "dev", "test"):
        rows = [line.split("\t") for line in (labelled / f"{split}.tsv").read_text(encoding="utf-8").splitlines()]
        found = [f"{row[0]}\t{row[1]}\t{verses[row[0]]}\n" for row in rows if row[0] in verses]
        (out / f"{split}.tsv").write_text("".join(found), encoding="utf-8")
        scored |= {row[0] for row in rows} if split != "train" else set()
        print(f"{split}: {len(found):,} of {len(rows):,} verses", file=sys.stderr)
    free = [f"{identifier}\t{text}\n" for identifier, text in verses.items() if identifier not in scored]
    (out / "verses.tsv").write_text("".join(free), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
