"""Dict-backed vocabularies."""

from collections.abc import Mapping, Sequence


class FakeModel:
    """A model's words with their ids; `uncased` looks the lower case up, as such a tokenizer does."""

    def __init__(self, ids: Mapping[str, tuple[int, ...]], *, uncased: bool = False) -> None:
        self.ids, self.uncased = dict(ids), uncased
        self.asked: list[str] = []

    @classmethod
    def of(cls, words: Sequence[str], **options: bool) -> "FakeModel":
        return cls({word: (row,) for row, word in enumerate(words)}, **options)

    def token_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        self.asked += words
        return [self.ids.get(word.lower() if self.uncased else word, ()) for word in words]

    def whole_word_tokens(self) -> dict[str, int]:
        return {word: ids[0] for word, ids in self.ids.items() if len(ids) == 1}


class FakeVectors:
    """The words of static embeddings."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._rows = {word: row for row, word in enumerate(words)}

    def find(self, word: str) -> int | None:
        return self._rows.get(word, self._rows.get(word.lower()))

    def __contains__(self, word: object) -> bool:
        return word in self._rows
