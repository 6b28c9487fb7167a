"""Which words of a vocabulary some texts and word lists need: a filter that is asked while vectors are read."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable

from mosecrot_cli.orthography import ONE_APOSTROPHE
from mosecrot_cli.spellings import fold

_LONGEST = 48
# The stitched tokenizer's mark of a letter that stands alone.
_MARK = "▁"


class WantedWords:
    """The words of a vocabulary that can matter for some texts, and those of a list.

    The tokenizer of a stitched model cuts what stands between two white spaces into words of the vocabulary, in
    whichever spelling they have there (`mosecrot_cli.spellings`). So every word of the vocabulary is wanted that is
    such a piece of a text, its spelling aside: `dampf` of `Donaudampfschiff`, `喜欢` of `我们喜欢狗`. From the list a
    word is wanted as `WordVectors.find` looks it up: whole, in any spelling.

    Memory: some 100 bytes a character of the texts' different words (in unspaced scripts, of their phrases).

    Args:
        texts: texts; lines of them, too.
        words: words to keep whatever the texts hold, such as the target side of anchors.
    """

    def __init__(self, texts: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._words = {form for word in words for form in _folded(word)}
        chunks = {chunk for text in texts for chunk in text.replace("\u200b", " ").split()}
        forms = {form for chunk in chunks for form in _folded(chunk)}
        self._ends = sorted({form[start : start + _LONGEST] for form in forms for start in range(len(form))})

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.wants(word)

    def wants(self, word: str) -> bool:
        """Whether to keep the word; of more than 48 characters the first 48 decide, so that none too few are kept."""
        return any(form in self._words or self._is_piece(form[:_LONGEST]) for form in _folded(word))

    def _is_piece(self, start: str) -> bool:
        place = bisect_left(self._ends, start)
        return place < len(self._ends) and self._ends[place].startswith(start)


def _folded(text: str) -> set[str]:
    """The text in the one key of all its spellings (`spellings.fold`), and in letters that are not composed.

    Where letters and marks meet that were apart in the other case (`ß` with an acute: `s`, `ś`), the pieces of the one
    form are no pieces of the other. A dotless i counts as a dotted one, whatever the language.
    """
    folded = _plain(fold(text))
    if text.isascii():
        return {folded}
    apart = _plain(unicodedata.normalize("NFC", text).casefold().translate(ONE_APOSTROPHE))
    return {folded, apart, unicodedata.normalize("NFC", apart)}


def _plain(folded: str) -> str:
    return folded.replace(_MARK, "").replace("ı", "i")
