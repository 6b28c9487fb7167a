"""`examples/new-testament/run.sh` on a tiny world: from two verse files to a table."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from make_pico import COMMON, TOPICS, backwards

from documentation.fork_server import MosecrotOnPath

SCRIPT = Path(__file__).parents[2] / "examples" / "new-testament" / "run.sh"


@pytest.mark.slow
def test_from_two_verse_files_to_a_table(world: Path, tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("eflomal")
    random = np.random.default_rng(4)
    rows = []
    for number in range(120):
        topic = list(TOPICS)[number % 2]
        words = [*random.choice(TOPICS[topic], 4), *random.choice(COMMON, 4)]
        rows.append((f"40{number:06}", topic, words))
    Path("en.tsv").write_text("".join(f"{i}\t{' '.join(words)}.\n" for i, _, words in rows))
    Path("xx.tsv").write_text("".join(f"{i}\t{' '.join(map(backwards, words))}.\n" for i, _, words in rows))
    Path("labelled").mkdir()
    for name, part in (("train", rows[:40]), ("dev", rows[40:60]), ("test", rows[60:80])):
        text = "".join(f"{i}\t{topic}\t{' '.join(words)}.\n" for i, topic, words in part)
        Path(f"labelled/{name}.tsv").write_text(text)
    vectors = "--dim 8 --min-count 1 --epochs 1 --threads 1 --maxn 0"
    settings = {"SEEDS": "1", "EPOCHS": "1", "VECTORS": vectors}
    line = ["bash", str(SCRIPT), "en.tsv", "xx.tsv", "labelled", "pico-bert", "xx"]
    with MosecrotOnPath(tmp_path_factory.mktemp("bin")) as environment:
        done = subprocess.run(line, env={**environment, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()
    assert table[-6:-4] == ["| macro-F1 | dev | test |", "|---|---|---|"]
    assert all(0 <= float(cell.split()[0]) <= 1 for row in table[-3:] for cell in row.split("|")[2:4])
    verses = {line.split("\t")[0] for line in Path("new-testament-run/verses.tsv").read_text().splitlines()}
    assert verses == {i for i, _, _ in rows[:40] + rows[80:]}
    assert subprocess.run(["bash", str(SCRIPT)], capture_output=True, check=False).returncode == 2
