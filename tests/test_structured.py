import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.manifest import Facts, Manifest
from mosecrot_cli.structured import MAX_DEPTH, JsonObject, decode_json, decode_line, read_json, read_toml, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@dataclasses.dataclass(frozen=True)
class Record:
    name: str
    count: int = 0
    rows: tuple[tuple[str, float | None], ...] = ()


@given(st.dictionaries(TEXT, VALUES), st.sampled_from([None, 2]))
def test_reads_what_the_standard_library_writes(content: dict[str, Any], indent: int | None):
    data = json.dumps(content, ensure_ascii=indent is None, indent=indent).encode()
    assert decode_json(data, JsonObject, where="a.json") == content
    assert to_json(content) == content


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes):
    try:
        decode_json(data, Record, where="a.json")
    except DataError as error:
        assert str(error).startswith("a.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a.json:1: not JSON: input data was truncated"),
        ('{\n\n "name": }', "a.json:3: not JSON: malformed: invalid character"),
        ('{"name": NaN}', "a.json:1: not JSON: malformed: invalid character"),
        ('{"name":\n "\\ud800 x"}', r"a.json:2: not JSON: \ud800 is half of a surrogate pair"),
        ('{"name": "\\udc00"}', r"a.json:1: not JSON: \udc00 is half of a surrogate pair"),
        ('{"name": "\\ud83d\\ude00\\ude00"}', r"a.json:1: not JSON: \ude00 is half of a surrogate pair"),
        ('{"name": "\\\\ud800"} x', "a.json:1: not JSON: malformed: trailing characters"),
        ("[]", "a.json: the document: expected object, got array"),
        ("{}", "a.json: the document: object missing required field name"),
        ('{"name": 1}', "a.json: name: expected str, got int"),
        ('{"name": "x", "count": true}', "a.json: count: expected int, got bool"),
        ('{"name": "x", "rows": [["a", 1], ["b"]]}', "a.json: rows[1]: expected array of length 2"),
        ('{"name": "x", "rows": [["a", "b"]]}', "a.json: rows[0][1]: expected float | null, got str"),
    ],
)
def test_the_message_names_the_place(text: str, said: str):
    with pytest.raises(DataError) as caught:
        decode_json(text.encode(), Record, where="a.json")
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("kind", [JsonObject, Record, Manifest, list, str])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 200_000])
@pytest.mark.parametrize("opening", [b"[", b'{"command":', b'\n{"settings":['])
def test_deep_nesting_is_refused(kind: Any, depth: int, opening: bytes):
    with pytest.raises(DataError, match="a.json:[0-9]+: not JSON: nested too deeply"):
        decode_json(opening * depth, kind, where="a.json")


def test_brackets_in_strings_are_no_depth():
    content = {"a": "[{" * 500, '"{': '\\"[' * 100}
    assert decode_json(json.dumps(content).encode(), JsonObject, where="a") == content


def test_a_line_is_named_by_its_number():
    with pytest.raises(DataError, match=r"^crawl:7: not JSON"):
        decode_line(b'{"words": [', JsonObject, where="crawl:7")


def test_files_that_are_no_files(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xe9"}')
    (tmp_path / "mark.json").write_bytes(b'\xef\xbb\xbf{"name": "x"}')
    for name, said in [
        ("pipe", "a pipe or a device"),
        ("none", "no such file"),
        (".", "a folder"),
        ("latin.json", "UTF-8"),
    ]:
        with pytest.raises(DataError, match=said):
            read_json(tmp_path / name, Record)
    assert read_json(tmp_path / "mark.json", Record) == Record("x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not TOML: "),
        ("name = 1", "name: expected str, got int"),
        ("name = " + "[" * 5000, "not TOML|nested too deeply"),
        ("name = '\xe9'", "not UTF-8"),
        ("name = 'x'", ""),
    ],
)
def test_toml(tmp_path: Path, text: str, said: str):
    path = tmp_path / "a.toml"
    path.write_bytes(text.encode("latin-1"))
    if said:
        with pytest.raises(DataError, match=f"a.toml: ({said})"):
            read_toml(path, Record)
    else:
        assert read_toml(path, Record) == Record("x")


def test_to_json_makes_what_json_can_hold():
    assert to_json({"a": math.nan, 1: (math.inf, Path("x")), "b": os.fsdecode(b"caf\xe9")}) == {
        "a": None,
        "1": [None, "x"],
        "b": r"caf\udce9",
    }


@pytest.mark.parametrize("name", [b"vec\xe9.vec", "vécé.vec".encode(), b"file: x.vec", b"new\nline.vec"])
def test_facts_survive_every_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes):
    path = os.fsdecode(name)
    monkeypatch.chdir(tmp_path)
    Path(path).write_text("")
    manifest = Path("anchors.manifest.json")
    Manifest("anchors", {"vectors": path}, facts=Facts(target_vectors=path).recorded(manifest)).write(manifest)
    assert Facts.of(Path("anchors.tsv")).target_vectors == path
