"""Uploads to a hub on this machine, which speaks the hub's wire format."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.sources import upload
from mosecrot_cli.sources.retrying import Patience
from sources.hub_server import TOKEN, HubServer

CAPSYS = pytest.CaptureFixture[str]


@pytest.fixture
def hub(chain: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """The server, with a user who is logged in; the finished chain is the current folder."""
    from huggingface_hub import constants

    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.delenv("HF_HUB_OFFLINE")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        # The other protocol for large files is in a library of compiled code, and needs the hub's own servers.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield server


def test_a_stitched_model_arrives_whole(hub: HubServer, capsys: CAPSYS):
    found = json.loads(output_of("push stitched me/fo --json", capsys))
    arrived = hub.repositories["me/fo"]
    assert arrived.files.keys() == found["files"].keys() == {path.name for path in _checkpoint("stitched")}
    for path in _checkpoint("stitched"):
        assert arrived.files[path.name] == path.read_bytes()
    assert found["state"] == "pushed" and found["commit"] == arrived.commits[0] and not arrived.private
    assert found["address"] == f"{hub.url}/me/fo"


def _checkpoint(folder: str) -> list[Path]:
    return [path for path in Path(folder).iterdir() if path.name != "manifest.json"]


def test_what_arrives_is_a_model(hub: HubServer, tmp_path: Path):
    from mosecrot_cli.model.loading import load_classifier

    assert run("push stitched me/fo -q".split()) == 0
    for name, content in hub.repositories["me/fo"].files.items():
        (tmp_path / "fetched").mkdir(exist_ok=True)
        (tmp_path / "fetched" / name).write_bytes(content)
    assert load_classifier(tmp_path / "fetched").labels == ("science", "sports")


def test_folders_of_this_machine_stay_here(hub: HubServer):
    config = Path("stitched/config.json")
    content = json.loads(config.read_text())
    content["mosecrot"]["source_model"] = "/home/alice/secret-project/minilm"
    config.write_text(json.dumps(content))
    assert run("push stitched me/fo -q".split()) == 0
    arrived = hub.repositories["me/fo"].files
    assert "manifest.json" not in arrived
    assert json.loads(arrived["config.json"])["mosecrot"]["source_model"] == "minilm"
    assert not any(b"alice" in file for file in arrived.values())


def test_a_second_push_is_a_second_commit(hub: HubServer):
    assert run("push stitched me/fo -q".split()) == 0
    assert run("evaluate --data xx.test.tsv --update-card -q".split()) == 0
    assert run("push stitched me/fo -q".split()) == 0
    arrived = hub.repositories["me/fo"]
    assert len(arrived.commits) == 2 and b"model-index" in arrived.files["README.md"]


def test_private_is_never_public(hub: HubServer, capsys: CAPSYS):
    assert run("push stitched me/fo --private".split()) == 0
    assert hub.repositories["me/fo"].private
    assert "its owners only" in capsys.readouterr().err
    assert run("push stitched me/open -q".split()) == 0
    files = dict(hub.repositories["me/open"].files)
    Path("stitched/README.md").write_text("secret")
    said = failure_of("push stitched me/open --private", 4, capsys)
    assert "exists and is public" in said
    assert hub.repositories["me/open"].files == files


def test_a_dry_run_asks_nobody(hub: HubServer, capsys: CAPSYS):
    found = json.loads(output_of("push stitched me/fo --dry-run --json", capsys))
    assert found["files"] == {path.name: path.stat().st_size for path in _checkpoint("stitched")}
    assert found["state"] == "planned" and hub.seen == []


def test_the_token_appears_nowhere(hub: HubServer, chain: Path, capsys: CAPSYS):
    assert run("push stitched me/fo -v".split()) == 0
    hub.writers = ()
    assert run("push stitched me/other -v".split()) == 5
    hub.writers = (TOKEN,)
    hub.faults["/api/models/me/fo/preupload/main"] = ["409"]  # a status that is not tried again
    assert run("push stitched me/fo -v".split()) == 5
    captured = capsys.readouterr()
    assert TOKEN not in captured.out + captured.err
    assert not any(TOKEN.encode() in path.read_bytes() for path in chain.rglob("*") if path.is_file())
    assert not any(TOKEN.encode() in file for file in hub.repositories["me/fo"].files.values())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("HF_TOKEN", "nobody is logged in"),
        ("writers", "HTTP 403: the token may not write there"),
        ("offline", "offline"),
        ("page", "the upload failed"),
        ("stopped", "the upload failed"),
        ("hang", "the upload failed"),
    ],
)
def test_what_cannot_be_reached_is_one_line(
    change: str, expected: str, hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: CAPSYS
):
    line = "push stitched me/fo"
    if change == "HF_TOKEN":
        monkeypatch.delenv("HF_TOKEN")
    elif change == "writers":
        hub.writers = ()
    elif change == "offline":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    elif change == "page":
        hub.faults["/api/repos/create"] = ["page"]
    elif change == "hang":
        hub.faults["/api/repos/create"] = ["hang"]
        monkeypatch.setattr(upload, "Patience", lambda: Patience(connect=0.5, answer=0.5))
    else:
        hub.server.shutdown()
        hub.server.server_close()
    assert expected in failure_of(line, 5, capsys)


def test_a_card_that_the_hub_refuses(hub: HubServer, capsys: CAPSYS):
    Path("stitched/README.md").write_text("---\nlicense: [mit]\n---\n# Mine\n")
    said = failure_of("push stitched me/fo", 3, capsys)
    assert 'refuses the metadata of README.md: "license" must be a string' in said
    assert hub.repositories["me/fo"].files == {}


def test_what_is_no_model_is_refused(hub: HubServer, capsys: CAPSYS):
    assert "neither a checkpoint" in failure_of("push mapped me/fo", 3, capsys)
    assert "id of a repository" in failure_of("push stitched me/f/o", 2, capsys)
    # A folder that only looks like a checkpoint.
    shutil.copytree("stitched", "broken")
    Path("broken/manifest.json").unlink()
    Path("broken/model.safetensors").write_bytes(b"\xff" * 100)
    assert "broken" in failure_of("push broken me/fo", 3, capsys)
    # Weights that are cut, or of another model.
    weights = Path("stitched/model.safetensors").read_bytes()
    for damaged in (weights[:-100], Path("pico-bert/model.safetensors").read_bytes()):
        Path("stitched/model.safetensors").write_bytes(damaged)
        assert "stitched: " in failure_of("push stitched me/fo", 3, capsys)
    Path("stitched/model.safetensors").write_bytes(weights)
    card = Path("stitched/README.md").read_bytes()
    Path("stitched/README.md").write_bytes(card + b"\xff")
    assert "stitched/README.md" in failure_of("push stitched me/fo", 3, capsys)
    Path("stitched/README.md").write_bytes(card)
    Path("stitched/tokenizer.json").unlink()
    assert "tokenizer.json is missing" in failure_of("push stitched me/fo", 3, capsys)
    assert hub.seen == []


def test_a_checkpoint_from_elsewhere_goes_too_but_nothing_hidden(hub: HubServer, capsys: CAPSYS):
    shutil.copytree("stitched", "elsewhere")
    for name in ("manifest.json", "README.md"):
        Path("elsewhere", name).unlink()
    Path("elsewhere/.env").write_text("PASSWORD=1")
    assert run("push elsewhere me/fo".split()) == 0
    assert "no model card" in capsys.readouterr().err
    assert ".env" not in hub.repositories["me/fo"].files
    assert "model.safetensors" in hub.repositories["me/fo"].files


def test_what_was_put_into_an_output_stays_here(hub: HubServer):
    """Of a folder of ours only our files go: notes and predictions of the user are nobody's business."""
    Path("stitched/predictions.tsv").write_text("private")
    assert run("push stitched me/fo -q".split()) == 0
    assert "predictions.tsv" not in hub.repositories["me/fo"].files


def test_seeds_go_together(hub: HubServer):
    for seed in ("seed-1", "seed-2"):
        shutil.copytree("model", f"seeds/{seed}")
        Path(f"seeds/{seed}/manifest.json").unlink()
    assert run("stitch seeds -o stitched-seeds -q".split()) == 0
    assert run("push stitched-seeds me/fo -q".split()) == 0
    assert {"README.md", "seed-1/config.json", "seed-2/README.md"} <= hub.repositories["me/fo"].files.keys()
