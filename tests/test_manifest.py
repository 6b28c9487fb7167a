import hashlib
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError
from mosecrot_cli.manifest import (
    Facts,
    Input,
    Manifest,
    describe_input,
    file_manifest,
    package_versions,
    portable,
    resolve_fact,
)


def test_round_trip_and_place(tmp_path: Path):
    output = tmp_path / "anchors.tsv"
    Manifest("anchors", {"seed": 1}, facts=Facts(src="en"), seconds=0.5).write(file_manifest(output))
    found = Manifest.of(output)
    assert found is not None
    assert (found.command, found.settings, found.facts, found.seconds) == ("anchors", {"seed": 1}, Facts(src="en"), 0.5)
    assert not found.created
    found = found.stamped()
    assert found.created and found.versions["numpy"] == package_versions()["numpy"]
    folder = tmp_path / "mapped.v2"
    folder.mkdir()
    assert Manifest.of(folder) is None
    Manifest("map", {}).write(folder / "manifest.json")
    assert Manifest.of(folder) is not None


def test_what_is_no_manifest_is_a_data_error(tmp_path: Path):
    path = tmp_path / "manifest.json"
    for content in ("{", "[]", '{"command": "map"}'):
        path.write_text(content)
        with pytest.raises(DataError, match="manifest.json.*(not JSON|expected|missing)"):
            Manifest.read(path)
    with pytest.raises(DataError, match="no such file"):
        Manifest.read(tmp_path / "none.json")


def test_paths_in_a_manifest_survive_the_moving_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    work = tmp_path / "work"
    (work / "mapped").mkdir(parents=True)
    (work / "ru.npy").write_text("")
    fact = portable(str(work / "ru.npy"), work / "mapped" / "manifest.json")
    assert fact == "./../ru.npy"
    moved = work.rename(tmp_path / "elsewhere")
    monkeypatch.chdir(moved)
    assert resolve_fact(fact, Path("mapped/manifest.json")) == "ru.npy"


def test_other_paths_are_absolute_and_ids_stay(tmp_path: Path):
    (tmp_path / "vectors").mkdir()
    (tmp_path / "work").mkdir()
    manifest = tmp_path / "work" / "anchors.manifest.json"
    assert portable(str(tmp_path / "vectors"), manifest) == str((tmp_path / "vectors").resolve())
    assert portable("bert-base-cased", manifest) == "bert-base-cased"
    assert resolve_fact("bert-base-cased", manifest) == "bert-base-cased"


def test_inputs_are_described_by_size_and_hash(tmp_path: Path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"abc")
    assert describe_input(path) == Input(str(path), 3, hashlib.sha256(b"abc").hexdigest())
    assert describe_input(path, digest="known").sha256 == "known"
    assert describe_input("bert-base-cased") == Input("bert-base-cased")


@pytest.mark.parametrize("recorded", ["", "12", 1.5, True, -1, [3]])
def test_a_count_that_is_none_is_said(recorded: object):
    written = Manifest("map", {}, statistics={"anchors": recorded, "texts": 12})
    with pytest.raises(DataError, match=r"mapped/manifest.json: `statistics.anchors` is .* no count"):
        written.count("anchors", where=Path("mapped/manifest.json"))
    assert written.count("texts", where=Path("m")) == 12 and written.count("words", where=Path("m")) == 0
