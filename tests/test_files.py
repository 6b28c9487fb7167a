import hashlib
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file, sha256


def test_existing_file_says_what_is_wrong(tmp_path: Path):
    with pytest.raises(DataError, match="no such file"):
        existing_file(tmp_path / "none")
    with pytest.raises(DataError, match="a folder"):
        existing_file(tmp_path)


def test_digest_of_a_folder_depends_on_names_and_contents_but_not_on_manifests(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"1")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"1").hexdigest()
    before = sha256(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    assert sha256(tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256(tmp_path) != before
