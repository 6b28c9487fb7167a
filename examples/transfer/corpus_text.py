"""Plain text of a corpus of GiellaLT (https://github.com/giellalt/corpus-fao, ...): one paragraph a line, each once.

Documents come in random order, so that the first lines are a sample of all kinds of text. Paragraphs and passages that
are marked as another language are left out.

Usage: python corpus_text.py CORPUS LANGUAGE [WORDS] > text.txt
  CORPUS    a checkout; the documents are in CORPUS/converted
  LANGUAGE  its ISO 639-3 code: fao
  WORDS     stop after so many words
"""

import random
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
SHORTEST = 20


def passages(element: ET.Element, language: str) -> Iterator[str]:
    """The text below an element without what is in another language."""
    if element.get(LANGUAGE, language) == language:
        yield element.text or ""
        for child in element:
            yield from passages(child, language)
            yield child.tail or ""


def paragraphs(document: Path, language: str) -> Iterator[str]:
    try:
        body = ET.parse(document).find("body")
    except ET.ParseError as error:
        print(f"{document}: left out, {error}", file=sys.stderr)
        return
    for paragraph in body.iter("p") if body is not None else ():
        text = " ".join(" ".join(passages(paragraph, language)).split())
        if len(text) >= SHORTEST:
            yield text


def main(corpus: Path, language: str, words: int | None = None) -> None:
    documents = sorted((corpus / "converted").rglob("*.xml"))
    random.Random(1).shuffle(documents)
    seen: set[str] = set()
    written = 0
    for document in documents:
        for text in paragraphs(document, language):
            if text not in seen:
                seen.add(text)
                print(text)
                written += len(text.split())
        if words is not None and written >= words:
            break
    print(f"{len(documents):,} documents, {len(seen):,} paragraphs, {written:,} words written", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
