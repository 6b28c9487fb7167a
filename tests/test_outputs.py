import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mosecrot_cli.errors import MosecrotError, OutputError, OutputExistsError, UsageError
from mosecrot_cli.manifest import Manifest
from mosecrot_cli.outputs import check_outputs


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refusal(check: Callable[[], None]) -> MosecrotError:
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    with pytest.raises(MosecrotError) as caught:
        check()
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    return caught.value


def check(*paths: str, inputs: dict[str, object] | None = None, overwrite: bool = True, **more: object) -> None:
    check_outputs([Path(path) for path in paths], inputs=inputs or {}, overwrite=overwrite, **more)


def written(folder: str, *names: str) -> None:
    """A folder as mosecrot has written it."""
    Path(folder).mkdir()
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("ours")
    Manifest("map", {}, files=(*names, "manifest.json")).write(Path(folder, "manifest.json"))


# --- names ---


@pytest.mark.parametrize("name", [".", "..", "/", "", "../work", "sub/..", "../..", "./."])
@pytest.mark.parametrize("folder", [True, False])
def test_the_current_folder_and_those_above_are_no_output(name: str, folder: bool):
    Path("sub").mkdir()
    assert isinstance(refusal(lambda: check(name, folder=folder)), UsageError)


@pytest.mark.parametrize("name", ["x" * 256, "x" * 5000, "/".join(["sub"] * 3000), "é" * 128])
@pytest.mark.parametrize("folder", [True, False])
def test_names_that_are_too_long_are_one_line(name: str, folder: bool):
    assert "name too long" in str(refusal(lambda: check(name, folder=folder)))


def test_a_name_of_which_the_further_files_are_too_long():
    assert "name too long" in str(refusal(lambda: check("x" * 250, manifest=Path("x" * 250 + ".manifest.json"))))


@pytest.mark.parametrize("links", [["out"], ["a", "out"]])
def test_a_link_to_itself(links: list[str]):
    for link, target in zip(links, [*links[1:], links[0]], strict=True):
        Path(link).symlink_to(target)
    assert isinstance(refusal(lambda: check("out")), OutputError)


# --- inputs ---


@pytest.mark.parametrize("relation", ["same", "dots", "symbolic link", "hard link", "link to its folder"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_an_output_that_is_an_input(relation: str, overwrite: bool):
    Path("data").mkdir()
    Path("data/t.txt").write_text("text")
    Path("link").symlink_to("data")
    output = {"same": "data/t.txt", "dots": "data/../data/./t.txt", "link to its folder": "link/t.txt"}.get(
        relation, "out"
    )
    if relation == "symbolic link":
        Path("out").symlink_to("data/t.txt")
    elif relation == "hard link":
        os.link("data/t.txt", "out")
    for given in ("data/t.txt", Path("data/t.txt").absolute()):
        error = refusal(lambda given=given: check("new", output, inputs={"texts": given}, overwrite=overwrite))
        assert isinstance(error, UsageError) and "is the input `texts`" in str(error)


def test_an_output_that_holds_an_input_or_lies_in_one():
    written("all", "model/config.json")
    error = refusal(lambda: check("all", inputs={"checkpoint": "all/model"}, folder=True))
    assert isinstance(error, UsageError) and "holds the input `checkpoint`" in str(error)
    for output in ("all/new.tsv", "all/model/deep/er"):
        assert "lies in the input" in str(refusal(lambda output=output: check(output, inputs={"checkpoint": "all"})))
    os.link("all/model/config.json", "out")
    assert "lies in the input" in str(refusal(lambda: check("out", inputs={"checkpoint": "all"})))


def test_what_is_no_path_is_no_input():
    check("bert-base-cased", inputs={"source_model": "bert-base-cased", "texts": "-", "dev": None})
    check("model-2", inputs={"checkpoint": Path("model")})  # not inside, though the name begins alike


# --- what is not ours ---


@pytest.mark.parametrize("names", [["letter.txt"], ["sub/letter.txt"], ["manifest.json"]])
def test_a_folder_of_the_user_is_not_replaced(names: list[str]):
    Path("home/sub").mkdir(parents=True)
    for name in names:
        Path("home", name).write_text("{}")
    error = refusal(lambda: check("home", folder=True))
    assert isinstance(error, OutputExistsError) and "not written by mosecrot" in str(error)


def test_a_folder_of_ours_is_replaced_unless_the_user_added_something():
    written("mapped", "source.npy", "sub/inner")
    refusal(lambda: check("mapped", folder=True, overwrite=False))
    check("mapped", folder=True)
    Path("mapped/.DS_Store").write_text("")
    check("mapped", folder=True)
    Path("mapped/sub/notes.txt").write_text("dear")
    assert "holds sub/notes.txt, which was not written by mosecrot" in str(
        refusal(lambda: check("mapped", folder=True))
    )
    Path("mapped/other").symlink_to("/")
    assert "holds other and 1 more" in str(refusal(lambda: check("mapped", folder=True)))


def test_a_folder_of_an_older_version_lists_no_files():
    written("mapped", "source.npy")
    Manifest("map", {}).write(Path("mapped/manifest.json"))
    check("mapped", folder=True)


def test_an_empty_folder_is_replaced():
    Path("new/sub").mkdir(parents=True)
    check("new", folder=True)


def test_files_and_folders_do_not_replace_each_other():
    Path("file").write_text("")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    assert isinstance(refusal(lambda: check("file", folder=True)), OutputExistsError)
    assert isinstance(refusal(lambda: check("folder")), OutputExistsError)
    assert isinstance(refusal(lambda: check("pipe")), OutputExistsError)
    assert isinstance(refusal(lambda: check("/dev/null")), OutputExistsError)


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "json"])
def test_a_foreign_manifest_is_not_replaced(overwrite: bool, kind: str):
    manifest = Path("out.manifest.json")
    if kind == "folder":
        manifest.mkdir()
    else:
        manifest.write_text("{}" if kind == "json" else "dear")
    error = refusal(lambda: check("out.tsv", "out.scores.tsv", manifest=manifest, overwrite=overwrite))
    assert isinstance(error, OutputExistsError) and "out.manifest.json" in str(error)


def test_further_files_are_replaced_only_if_they_are_ours():
    manifest = Path("out.manifest.json")
    Path("out.tsv").write_text("the user named it")
    check("out.tsv", "out.scores.tsv", manifest=manifest)
    Path("out.scores.tsv").write_text("dear")
    assert "out.scores.tsv" in str(refusal(lambda: check("out.tsv", "out.scores.tsv", manifest=manifest)))
    Manifest("anchors", {}, files=("out.tsv", "out.manifest.json")).write(manifest)
    assert "out.scores.tsv" in str(refusal(lambda: check("out.tsv", "out.scores.tsv", manifest=manifest)))
    Manifest("anchors", {}, files=("out.tsv", "out.scores.tsv", "out.manifest.json")).write(manifest)
    check("out.tsv", "out.scores.tsv", manifest=manifest)
    Manifest("anchors", {}).write(manifest)  # of an older version
    check("out.tsv", "out.scores.tsv", manifest=manifest)


# --- the system ---


def test_folders_above_are_made_and_a_file_in_their_place_is_refused(tmp_path: Path):
    check("a/b/out.tsv", overwrite=False)
    assert Path("a/b").is_dir()
    Path("file").write_text("")
    assert isinstance(refusal(lambda: check("file/out.tsv")), OutputError)


def test_overwrite_is_not_advised_where_it_would_not_help():
    Path("out").mkdir()
    Path("out/notes").write_text("mine")
    said = str(refusal(lambda: check("out", folder=True, overwrite=False)))
    assert "was not written by mosecrot" in said and "overwrite" not in said
