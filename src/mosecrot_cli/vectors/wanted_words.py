"""A filter, applied while vectors are read, for the words that some texts and word lists need."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable

from mosecrot_cli.orthography import ONE_APOSTROPHE
from mosecrot_cli.spellings import fold

_LONGEST = 48
# The stitched tokenizer's mark of a single letter.
_MARK = "▁"


class WantedWords:
    """The words of a vocabulary that can matter for some texts, and those of a list.

    The tokenizer of a stitched model splits everything between white space into words of the vocabulary, in any of
    their spellings (`mosecrot_cli.spellings`). So a word of the vocabulary is wanted if any of its spellings is part of
    a word of the texts: `dampf` in `Donaudampfschiff`, `喜欢` in `我们喜欢狗`. A word of the list is wanted as
    `WordVectors.find` looks it up, as a whole word in any spelling.

    The filter takes about 100 bytes per character of the distinct words in the texts (or phrases, in scripts without
    spaces).

    Args:
        texts: whole texts, or their lines.
        words: words to keep whether or not the texts contain them, such as the target side of anchors.
    """

    def __init__(self, texts: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._words = {form for word in words for form in _folded(word)}
        chunks = {chunk for text in texts for chunk in text.replace("\u200b", " ").split()}
        forms = {form for chunk in chunks for form in _folded(chunk)}
        self._ends = sorted({form[start : start + _LONGEST] for form in forms for start in range(len(form))})

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.wants(word)

    def wants(self, word: str) -> bool:
        """Whether to keep the word. Only the first 48 characters are compared, which can keep a word too many."""
        return any(form in self._words or self._is_piece(form[:_LONGEST]) for form in _folded(word))

    def _is_piece(self, start: str) -> bool:
        place = bisect_left(self._ends, start)
        return place < len(self._ends) and self._ends[place].startswith(start)


def _folded(text: str) -> set[str]:
    """The common key of all spellings of the text (`spellings.fold`), and its case-folded form before and after NFC.

    Case folding and NFC can join a mark to another letter (`ß` with an acute becomes `s`, `ś`), so the parts of one
    form need not be parts of the other. A dotless i counts as a dotted one in every language.
    """
    folded = _plain(fold(text))
    if text.isascii():
        return {folded}
    apart = _plain(unicodedata.normalize("NFC", text).casefold().translate(ONE_APOSTROPHE))
    return {folded, apart, unicodedata.normalize("NFC", apart)}


def _plain(folded: str) -> str:
    return folded.replace(_MARK, "").replace("ı", "i")
