"""Which words of a vocabulary some texts and word lists need: a filter that is asked while vectors are read."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable

from mosecrot_cli.orthography import ONE_APOSTROPHE

_LONGEST = 48
# The stitched tokenizer's mark of a letter that stands alone.
_MARK = "▁"


class WantedWords:
    """The words of a vocabulary that can matter for some texts, and those of a list.

    The tokenizer of a stitched model cuts what stands between two white spaces into words of the vocabulary, whatever
    letter case they have there and whichever apostrophe. So of the vocabulary every word is wanted that is such a piece
    of a text, in NFC and letter case aside: `dampf` of `Donaudampfschiff`, `喜欢` of `我们喜欢狗`. From the list a
    word is wanted as `WordVectors.find` looks it up: as written or in lower case, not in pieces.

    Memory: some 100 bytes a character of the texts' different words (in unspaced scripts, of their phrases).

    Args:
        texts: texts; lines of them, too.
        words: words to keep whatever the texts hold, such as the target side of anchors.
    """

    def __init__(self, texts: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._words = {form for word in words for form in _folded(word)}
        forms = {form for chunk in {chunk for text in texts for chunk in text.split()} for form in _folded(chunk)}
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
    """The text without its letter case: also `ß` and `SS`, `ς` and `Σ`, which differ in lower case.

    Where letters and marks meet that were apart in the other case (`ß` with an acute: `s`, `ś`), there are two forms:
    with the letters composed, as in the other case, and not, so that the pieces of this one are pieces still.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    folded = normal.casefold().translate(ONE_APOSTROPHE).replace(_MARK, "")
    return {folded} if folded.isascii() else {folded, unicodedata.normalize("NFC", folded)}
