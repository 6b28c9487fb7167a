"""How much of a text a vocabulary knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts over a data set.

    Attributes:
        words: words, as split before tokenization.
        unknown_words: those that are not whole in the vocabulary, whether they were cut into pieces or not.
        tokens: tokens, special ones left out.
        unknown_tokens: those that are the unknown token.
        examples: the most frequent unknown words.
    """

    words: int
    unknown_words: int
    tokens: int
    unknown_tokens: int
    examples: tuple[str, ...]

    @property
    def unknown_word_share(self) -> float:
        """Share of unknown words (0 where there are no words)."""
        return self.unknown_words / self.words if self.words else 0.0

    @property
    def unknown_token_share(self) -> float:
        """Share of unknown tokens (0 where there are no tokens)."""
        return self.unknown_tokens / self.tokens if self.tokens else 0.0

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with the shares."""
        shares = {"unknown_word_share": self.unknown_word_share, "unknown_token_share": self.unknown_token_share}
        return asdict(self) | shares


def coverage(
    words: Iterable[Sequence[str]],
    token_ids: Iterable[Sequence[int]],
    *,
    is_known: Callable[[str], bool],
    unknown_id: int | None,
    special_ids: Collection[int] = (),
) -> Coverage:
    """Count known and unknown words and tokens.

    Args:
        words: the words of each text.
        token_ids: the token ids of each text.
        is_known: whether a word is whole in the vocabulary.
        unknown_id: id of the unknown token, None where the tokenizer has none.
        special_ids: ids that are no tokens of a text (padding, `[CLS]`); the unknown token counts whether or not it is
            among them.
    """
    counts = Counter(word for text in words for word in text)
    unknown = Counter({word: count for word, count in counts.items() if not is_known(word)})
    special = set(special_ids) - {unknown_id}
    tokens = Counter(token for text in token_ids for token in text if token not in special)
    return Coverage(
        words=counts.total(),
        unknown_words=unknown.total(),
        tokens=tokens.total(),
        unknown_tokens=tokens[unknown_id] if unknown_id is not None else 0,
        examples=tuple(word for word, _ in unknown.most_common(_EXAMPLES)),
    )
