"""`map --vocab-from`: only the words of given texts and of the anchors; the mapped rows are those of the whole."""

import json
from pathlib import Path

import numpy as np
import pytest

from commands import ANCHORS, failure_of, output_of
from mosecrot_cli.cli.app import run


def words_of(folder: str) -> list[str]:
    return (Path(folder) / "target.vocab.txt").read_text().split("\n")[:-1]


def test_rows_are_those_of_the_whole_and_the_anchors_stay(world: Path, capsys: pytest.CaptureFixture[str]):
    output_of(ANCHORS, capsys)
    lines = Path("anchors.tsv").read_text().splitlines()
    Path("few.tsv").write_text("\n".join(lines[:8]) + "\n")
    anchors = {line.split("\t")[1] for line in lines[:8]}
    Path("texts.txt").write_text("Qmota, qhctamqlaog?\nqetats\n")
    output_of("map few.tsv --source-model pico-bert --target-vectors xx.vec --k 3 -q -o whole", capsys)
    report = output_of(
        "map few.tsv --source-model pico-bert --target-vectors xx.vec --k 3 --vocab-from texts.txt -o some --json",
        capsys,
    )
    whole, some = words_of("whole"), words_of("some")
    wanted = {word for word in whole if word in anchors or any(word in text for text in ("qmota,", "qhctamqlaog?"))}
    assert {"qmota", "qhctam", "qlaog"} <= wanted and set(some) == wanted and len(some) < len(whole)
    assert some == [word for word in whole if word in wanted]
    rows = [whole.index(word) for word in some]
    np.testing.assert_allclose(np.load("some/target.npy"), np.load("whole/target.npy")[rows], rtol=1e-5, atol=1e-6)
    assert np.array_equal(np.load("some/source.npy"), np.load("whole/source.npy"))
    found = json.loads(report)
    assert found["settings"]["vocab_from"] == ["texts.txt"]
    assert found["inputs"]["vocab_from_1"]["path"] == "texts.txt" and found["inputs"]["vocab_from_1"]["sha256"]
    assert found["statistics"]["vector_notes"]["unwanted"] == len(whole) - len(some)


def test_tables_several_files_and_a_limit_on_what_is_kept(world: Path, capsys: pytest.CaptureFixture[str]):
    output_of(ANCHORS, capsys)
    Path("one.jsonl").write_text(json.dumps({"text": "QMOTA", "n": 1}) + "\n")
    all_words = "map --k 3 -q --overwrite --vocab-from one.jsonl --vocab-from xx.test.tsv --max-vocab "
    output_of(all_words + "all", capsys)
    everything = words_of("mapped")
    output_of(all_words + "9", capsys)
    assert words_of("mapped") == everything[:9]
    changed = "map --k 3 --vocab-from one.jsonl --vocab-from xx.test.tsv --max-vocab 9 --if-changed --json"
    assert json.loads(output_of(changed, capsys))["state"] == "unchanged"
    Path("one.jsonl").write_text(json.dumps({"text": "qetats"}) + "\n")
    assert json.loads(output_of(changed, capsys))["state"] == "written"


def test_bad_texts_are_one_line(world: Path, capsys: pytest.CaptureFixture[str]):
    output_of(ANCHORS, capsys)
    Path("latin.txt").write_bytes("gut\nsch\u00f6n\n".encode("latin-1"))
    assert "latin.txt:2: not UTF-8" in failure_of("map --vocab-from latin.txt", 3, capsys)
    assert "no such file" in failure_of("map --vocab-from none.txt", 3, capsys)
    assert run(["map", "--vocab-from", "xx.test.tsv", "--dry-run", "--json"]) == 0
    assert "xx.test.tsv" in json.loads(capsys.readouterr().out)["plan"]["words kept"]
