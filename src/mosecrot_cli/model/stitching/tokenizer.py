"""A real fast tokenizer over the words of static embeddings, so that plain `transformers` reads the target language.

The design, and why:

* A `Unigram` model whose scores are all close together (`-(10 + rank / size)`) keeps a known word whole and cuts
  another one into the fewest known words (`Donaudampfschiff` -> `Donau dampf schiff`; the more frequent words in a
  tie). So compounds, unspaced scripts and punctuation that sticks to a word need nothing else.
* In alphabetic scripts a single letter is no useful piece of a word. The normaliser marks a letter that stands alone
  with `▁`, and the vocabulary holds such words as `▁в`: they match words of one letter and never a letter within a
  word. What cannot be cut into pieces of two letters or more is unknown.
* The vocabulary holds the *normalised* form of each word (`can't` -> `can'▁t`), so each word is its own single token.
* Special tokens keep the strings and ids that they have in the pre-trained model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import regex
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import Unigram

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.source_words import fast_backend, special_ids
from mosecrot_cli.model.stitching.vocabulary import (
    NO_VECTOR,
    Entries,
    RowKind,
    SourceRow,
    VocabularyLayout,
    add_aliases,
    add_words,
    lay_out,
)
from mosecrot_cli.orthography import SYLLABIC, UNSPACED, WORD_CHARACTER
from mosecrot_cli.spellings import Replacement, SpellingRules

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

    from mosecrot_cli.model.torch_free import StoredTokenizer

MAX_ALIASES = 200_000
"""How many other spellings of words (letter case, apostrophes, …) get a row, at most."""
STAND_ALONE = "▁"
_SCORE = 10.0
# A piece that mixes letters with punctuation, or that comes from the source model, loses a tie to a plain word.
_HANDICAP = 1.0
# Below every word: the model derives from the lowest score what an unknown character costs, and so takes any cut into
# known words before an unknown one.
_NEVER = -1000.0
_MIXED = regex.compile(rf"(?=.*[{WORD_CHARACTER}])(?=.*[^{WORD_CHARACTER}{STAND_ALONE}])", regex.DOTALL)
_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_CHUNK = 200


@dataclass(frozen=True)
class TargetTokenizer:
    """A tokenizer over the target vocabulary, and where each of its rows comes from.

    Attributes:
        backend: the tokenizer itself.
        settings: what `transformers` is told beside it: lengths, sides, names of inputs.
        named: `cls_token` and the like -> special token.
        extra: strings of further special tokens.
        kinds: `RowKind` of each token id, `V`.
        indices: by token id, the row of the mapped matrix (WORD, ALIAS) or of the checkpoint's; -1: none, `V`.
        left_out: reason -> number of mapped words that got no row.
    """

    backend: Tokenizer
    settings: Mapping[str, Any]
    named: Mapping[str, AddedToken]
    extra: Sequence[str]
    kinds: NDArray[np.int8]
    indices: NDArray[np.int64]
    left_out: Mapping[str, int]

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The same for `transformers`."""
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_object=self.backend, extra_special_tokens=list(self.extra), **self.settings, **self.named
        )

    def save(self, folder: Path) -> None:
        """Save it so that `AutoTokenizer` of transformers 4 and 5 gives back exactly this one.

        The class is written as `PreTrainedTokenizerFast`, which both know: transformers 5 would write a name that 4
        lacks, and a model's own class (`BertTokenizer`) makes transformers 5 rebuild another kind of tokenizer.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.backend.save(str(folder / "tokenizer.json"))
        names = {name: token.content for name, token in self.named.items()}
        config = dict(sorted({**self.settings, **names, "tokenizer_class": "PreTrainedTokenizerFast"}.items()))
        if self.extra:  # under the name that both versions read as a list
            config["additional_special_tokens"] = list(self.extra)
        text = json.dumps(config, indent=2, ensure_ascii=False)
        (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return len(self.kinds)

    def count(self, kind: RowKind) -> int:
        """Number of rows of one kind."""
        return int(np.count_nonzero(self.kinds == kind))


def build_target_tokenizer(
    words: Sequence[str],
    source: PreTrainedTokenizerBase | StoredTokenizer,
    *,
    lowercased: bool,
    source_rows: Sequence[SourceRow] = (),
    reserved: Collection[int] = (),
    rules: SpellingRules | None = None,
) -> TargetTokenizer:
    """Build the tokenizer; every string of its vocabulary is checked to encode to its own id.

    Args:
        words: the mapped words, most frequent first.
        source: the pre-trained model's tokenizer: its special tokens, their ids, its template and lengths are kept.
        lowercased: whether the words are in lower case, so that texts are to be lower-cased.
        source_rows: strings to add where the words lack them, most important first.
        reserved: further ids that must keep their row (such as a padding index that the tokenizer does not know of).
        rules: of spelling; None: those of the words.

    Raises:
        DataError: no word can be in the vocabulary, or `source` is not a fast tokenizer.
    """
    special = _special_tokens(source)
    fixed = {index: f"[reserved {index}]" for index in reserved} | {i: token.content for i, token in special.items()}
    unknown = source.unk_token or _unused("[UNK]", fixed.values())
    rules = rules or SpellingRules.of(words)
    normalizer = target_normalizer(rules, lowercased=lowercased, final_sigma=any("ς" in word for word in words))
    entries = Entries(_normal_form(normalizer, lowercased=lowercased), forbidden={*fixed.values(), unknown})
    add_words(entries, words)
    if not entries:
        raise DataError("no mapped word can be in a vocabulary", hint="are the words of the mapped embeddings empty?")
    add_aliases(entries, words, rules, lowercased=lowercased, limit=MAX_ALIASES)
    for row in source_rows:
        entries.add(row.string, row.kind, row.index)
    if source.unk_token is None:
        fixed[next(index for index in range(len(fixed) + 1) if index not in fixed)] = unknown
    added = _added(special, unknown)
    build = partial(_backend, unknown=unknown, normalizer=normalizer, protected=rules.protected)
    layout, backend = _checked_backend(entries, fixed, build, added)
    backend.post_processor = fast_backend(source).post_processor
    if source.unk_token is None:
        layout.indices[layout.tokens.index(unknown)] = NO_VECTOR
    left_out = {reason: count for reason, count in entries.left_out.items() if count}
    named = _named(source, special, unknown)
    names = {token.content for token in named.values()}
    return TargetTokenizer(
        backend,
        _inherited_options(source),
        named,
        [string for string in dict.fromkeys(token.content for token in special.values()) if string not in names],
        layout.kinds,
        layout.indices,
        left_out,
    )


def _normal_form(normalizer: normalizers.Normalizer, *, lowercased: bool) -> Callable[[str], str]:
    """The normaliser as a function, which is not asked about plain words."""

    def normalise(string: str) -> str:
        # Most words of many languages, which the normaliser would take most of the time for.
        plain = len(string) > 1 and string.isascii() and string.isalpha() and (string.islower() or not lowercased)
        return string if plain else normalizer.normalize_str(string)

    return normalise


def _checked_backend(
    entries: Entries,
    fixed: Mapping[int, str],
    build: Callable[[VocabularyLayout], Tokenizer],
    added: list[AddedToken],
) -> tuple[VocabularyLayout, Tokenizer]:
    """The vocabulary and its tokenizer, without the entries that are not one token in it: they are removed."""
    while True:
        layout = lay_out(entries, fixed)
        backend = build(layout)
        backend.add_special_tokens(added)
        failing = _not_one_token(backend, entries, np.flatnonzero(_is_entry(layout.kinds)))
        if not failing:
            return layout, backend
        entries.remove(failing)


def _inherited_options(source: PreTrainedTokenizerBase | StoredTokenizer) -> dict[str, Any]:
    """What the tokenizer's class is told besides the special tokens, as the source model's is."""
    return {
        "model_max_length": source.model_max_length,
        "padding_side": source.padding_side,
        "truncation_side": source.truncation_side,
        "model_input_names": list(source.model_input_names),
        "clean_up_tokenization_spaces": False,
    }


def target_normalizer(rules: SpellingRules, *, lowercased: bool, final_sigma: bool = False) -> normalizers.Normalizer:
    """What texts and vocabulary words alike go through.

    The spelling rules, with NFKC; lower case where the vectors are lower-cased (with the Greek final sigma, which
    letter-by-letter lower-casing loses, where the vocabulary has it); `▁` before a letter of an alphabetic script that
    stands alone.
    """
    steps: list[Any] = [*_replacements(rules.before), normalizers.NFKC()]
    if lowercased:
        if rules.dotless:
            steps += [normalizers.Replace("İ", "i"), normalizers.Replace("I", "ı")]
        steps.append(normalizers.Lowercase())
        if final_sigma:
            steps.append(normalizers.Replace(Regex(r"(?<=[\p{L}\p{M}])σ(?![\p{L}\p{M}])"), "ς"))
    steps += _replacements(rules.after)
    letter = rf"[\p{{L}}&&[^{UNSPACED}{SYLLABIC}]]"
    # Not a second time: so a string of the vocabulary is its own normal form.
    alone = rf"(?<![{WORD_CHARACTER}{STAND_ALONE}])(?={letter}\p{{M}}*(?![{WORD_CHARACTER}]))"
    steps.append(normalizers.Replace(Regex(alone), STAND_ALONE))
    return normalizers.Sequence(steps)


def _replacements(steps: Iterable[Replacement]) -> list[Any]:
    return [normalizers.Replace(Regex(step.pattern), step.content) for step in steps]


def _special_tokens(source: PreTrainedTokenizerBase | StoredTokenizer) -> dict[int, AddedToken]:
    """Special tokens by id, matched in texts before normalisation so that no word can become one."""
    known = source.added_tokens_decoder
    tokens: dict[int, AddedToken] = {}
    for index in sorted(special_ids(source)):
        token = known.get(index) or AddedToken(str(source.convert_ids_to_tokens(index)))
        tokens[index] = AddedToken(
            token.content,
            single_word=token.single_word,
            lstrip=token.lstrip,
            rstrip=token.rstrip,
            normalized=False,
            special=True,
        )
    return tokens


def _added(special: Mapping[int, AddedToken], unknown: str) -> list[AddedToken]:
    tokens = list(special.values())
    if unknown not in {token.content for token in tokens}:
        tokens.append(AddedToken(unknown, normalized=False, special=True))
    return tokens


def _unused(string: str, taken: Collection[str]) -> str:
    while string in taken:
        string = f"[{string}]"
    return string


def _is_entry(kinds: NDArray[np.int8]) -> NDArray[np.bool_]:
    return np.isin(kinds, (RowKind.SPECIAL, RowKind.FILLER), invert=True)


def _backend(
    layout: VocabularyLayout, unknown: str, normalizer: normalizers.Normalizer, protected: Mapping[str, str]
) -> Tokenizer:
    scores = np.full(len(layout.tokens), _NEVER)
    ordinary = np.flatnonzero(_is_entry(layout.kinds))
    scores[ordinary] = -(_SCORE + np.arange(len(ordinary)) / len(ordinary))
    mixed = [index for index in ordinary.tolist() if _MIXED.match(layout.tokens[index])]
    scores[mixed] -= _HANDICAP
    scores[layout.kinds == RowKind.SHARED] -= _HANDICAP
    pairs = list(zip(layout.tokens, scores.tolist(), strict=True))
    backend = Tokenizer(Unigram(pairs, unk_id=layout.tokens.index(unknown), byte_fallback=False))
    backend.normalizer = normalizer
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    # The first decoder puts spaces between words and takes them from before punctuation; no token has its prefix.
    signs = [decoders.Replace(private, sign) for private, sign in protected.items()]
    backend.decoder = decoders.Sequence(
        [decoders.WordPiece(prefix="\ue000", cleanup=True), decoders.Replace(STAND_ALONE, ""), *signs]
    )
    return backend


def _not_one_token(backend: Tokenizer, entries: Entries, ids: NDArray[np.int64]) -> list[int]:
    """Positions of the entries that do not encode to their own id; `ids` holds those, in the order of the entries."""
    failing = []
    starts = range(0, len(entries), _CHUNK)
    texts = [" ".join(entries.spellings[start : start + _CHUNK]) for start in starts]
    for start, encoding in zip(starts, backend.encode_batch_fast(texts, add_special_tokens=False), strict=True):
        if encoding.ids == ids[start : start + _CHUNK].tolist():
            continue
        for position in range(start, min(start + _CHUNK, len(entries))):
            if backend.encode(entries.spellings[position], add_special_tokens=False).ids != [ids[position]]:
                failing.append(position)
    return failing


def _named(
    source: PreTrainedTokenizerBase | StoredTokenizer, special: Mapping[int, AddedToken], unknown: str
) -> dict[str, AddedToken]:
    by_string = {token.content: token for token in special.values()}
    strings = {name: str(getattr(source, name)) for name in _NAMED if getattr(source, name) is not None}
    for name, string in strings.items():
        if not string or string not in by_string:
            raise DataError(f"`{name}` of the tokenizer is {string!r}, which is not one of its special tokens")
    named = {name: by_string[string] for name, string in strings.items()}
    named.setdefault("unk_token", AddedToken(unknown, normalized=False, special=True))
    return named
