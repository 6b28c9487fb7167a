"""Checkpoints of the hub: a server on this machine speaks its protocol."""

from __future__ import annotations

import hashlib
import http.server
import threading
from pathlib import Path

import huggingface_hub.constants
import pytest

from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.model.loading import load_classifier, load_input_embeddings, load_tokenizer
from pico import LABELS, pico_tokenizer, write_pico_checkpoint


def one_line(caught):
    message = str(caught.value)
    assert "\n" not in message
    return message


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub's protocol as loading needs: one repository `org/model` out of a folder."""

    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(body=True)

    def do_HEAD(self):
        self.answer(body=False)

    def answer(self, *, body):
        path = self.path.split("?")[0]
        prefix = "/org/model/resolve/"  # then a revision: a branch, or the commit that the first answer named
        file = self.folder / path.removeprefix(prefix).partition("/")[2]
        if path.startswith("/api/models/org/model/"):  # asked for a folder of chat templates
            self.reply(404, {"X-Error-Code": "EntryNotFound"}, b"", body=body)
        elif not path.startswith(prefix):
            self.reply(404, {"X-Error-Code": "RepoNotFound"}, b"", body=body)
        elif not file.is_file():
            self.reply(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": "c" * 40}, b"", body=body)
        else:
            content = file.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()}"'
            self.reply(200, {"ETag": tag, "X-Repo-Commit": "c" * 40}, content, body=body)

    def reply(self, status, headers, content, *, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub on this machine; its cache is a folder of the test."""
    Hub.folder = write_pico_checkpoint(tmp_path / "served")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    server.server_close()


def test_a_model_of_the_hub_and_then_of_the_cache(hub, monkeypatch):
    assert load_classifier("org/model").labels == LABELS
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert load_classifier("org/model").labels == LABELS
    assert load_input_embeddings("org/model").shape == (len(pico_tokenizer()), 32)


def test_a_model_that_the_hub_has_not(hub):
    with pytest.raises(DataError, match="neither a folder here nor a model on the hub") as caught:
        load_tokenizer("org/other")
    one_line(caught)


def test_a_broken_model_of_the_hub(hub):
    (Hub.folder / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(DataError, match="org/model: a broken checkpoint"):
        load_classifier("org/model")


@pytest.mark.parametrize("load", [load_tokenizer, load_input_embeddings, load_classifier])
def test_offline_says_what_to_fetch(load, hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceUnavailableError, match=r"model\.safetensors.*folder") as caught:
        load("org/model")
    assert "org/model" in one_line(caught)
    assert caught.value.exit_code == 5


def test_an_unreachable_hub_says_so(hub, monkeypatch, capfd):
    hub.shutdown()
    hub.server_close()
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(SourceUnavailableError) as caught:
        load_tokenizer("org/model")
    assert "unreachable" in one_line(caught)
    assert capfd.readouterr().err == ""
