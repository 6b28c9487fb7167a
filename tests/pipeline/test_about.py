"""`mosecrot list`, `env` and `cache`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from commands import failure_of, output_of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    for name, size, days in [
        ("vectors/a.vec", 3000, 100),
        ("parsed/x.vectors", 500, 2),
        ("lexica/muse/en-de.txt", 9, 0),
    ]:
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (time.time() - days * 86400,) * 2)
    (folder / "mine.txt").write_text("not of the cache")
    (folder / "vectors" / "b.vec.part").write_bytes(b"going on")
    (folder / "vectors" / "b.vec.lock").write_bytes(b"")
    monkeypatch.setenv("MOSECROT_CACHE", str(folder))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def rows(line: str, capsys) -> list[dict]:
    return json.loads(output_of(f"{line} --json", capsys))


@pytest.mark.parametrize("what", ["languages", "lexica", "vectors", "datasets", "methods", "weightings", "presets"])
def test_listings(what, capsys):
    found = rows(f"list {what}", capsys)
    assert found and all(row.keys() == found[0].keys() for row in found)
    lines = output_of(f"list {what}", capsys).splitlines()
    assert len(lines) == len(found)


def test_what_exists_for_a_language(capsys):
    assert [row["name"] for row in rows("list vectors --tgt Tatar", capsys)] == ["wiki", "cc", "cc.bin", "hub"]
    assert "muse" not in [row["name"] for row in rows("list lexica --tgt tt", capsys)]
    assert "muse" in [row["name"] for row in rows("list lexica --tgt de", capsys)]
    assert [row["name"] for row in rows("list datasets --tgt tt", capsys)] == ["taxi1500", "sib200"]
    assert rows("list languages --tgt tat", capsys)[0] == {
        "code": "tt", "name": "Tatar", "lexicon": "panlex", "vectors": "wiki", "sib200": "tat_Cyrl",
    }  # fmt: skip
    assert "tatr" in failure_of("list vectors --tgt tatr", 2, capsys)
    assert failure_of("list vectorz", 2, capsys)


def test_environment(cache, capsys, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://me:SECRET@mirror.example")
    found = json.loads(output_of("env --json", capsys))
    assert found["packages"]["numpy"] and "cpu" in found["devices"] and found["cache"] == str(cache)
    assert found["hub"] == "https://mirror.example"
    assert "SECRET" not in output_of("env", capsys)


def test_the_cache_is_listed_and_measured(capsys):
    assert [Path(row["path"]).name for row in rows("cache list", capsys)][:2] == ["a.vec", "x.vectors"]
    assert json.loads(output_of("cache size --part parsed --json", capsys)) == {"parts": {"parsed": 500}, "total": 500}
    assert output_of("cache size", capsys).splitlines()[-1].startswith("total")


def test_the_cache_is_pruned_of_its_own_files_only(cache, capsys):
    assert [Path(row["path"]).name for row in rows("cache prune --unused-for 30 --dry-run", capsys)] == ["a.vec"]
    assert (cache / "vectors" / "a.vec").exists()
    rows("cache prune --unused-for 30", capsys)
    assert not (cache / "vectors" / "a.vec").exists() and (cache / "parsed" / "x.vectors").exists()
    rows("cache prune", capsys)
    left = sorted(path.name for path in cache.rglob("*") if path.is_file())
    assert left == ["b.vec.lock", "b.vec.part", "mine.txt"]


def test_an_empty_cache(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MOSECROT_CACHE", str(tmp_path / "nothing"))
    assert rows("cache list", capsys) == [] and output_of("cache list", capsys) == ""
    assert rows("cache prune", capsys) == []
