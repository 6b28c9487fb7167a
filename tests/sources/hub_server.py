"""A hub on 127.0.0.1 for uploads: creates repositories, checks cards, and takes commits with LFS objects.

The formats are those of huggingface.co: `/api/repos/create`, `/api/validate-yaml`, `preupload`, the batch API of Git LFS,
`commit` as JSON lines. What is committed can be read in `repositories`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

TOKEN = "hf_PLANTEDsecretTOKEN0123456789"
_LFS = (".safetensors", ".bin", ".onnx")


@dataclass
class Repository:
    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)


@dataclass
class HubServer:
    """What is there, what was asked, and which statuses come next for a path (`hang`: no answer)."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    writers: tuple[str, ...] = (TOKEN,)

    def __enter__(self) -> HubServer:
        handler = type("Handler", (_Handler,), {"home": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    home: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self._received() is None:
            return
        if self.path.startswith("/stored/"):  # not of the hub: for tests in other processes
            found = self.home.repositories.get(self.path.removeprefix("/stored/"), Repository(private=False))
            self._answer(200, {name: hashlib.sha256(file).hexdigest() for name, file in found.files.items()})
            return
        repository = self.home.repositories.get(self.path.removeprefix("/api/models/").partition("?")[0])
        if repository is None:
            self._answer(404, {"error": "Repository not found"}, {"x-error-code": "RepoNotFound"})
        else:
            name = self.path.removeprefix("/api/models/").partition("?")[0]
            self._answer(200, {"id": name, "private": repository.private, "siblings": [], "tags": []})

    def do_POST(self) -> None:
        if (body := self._received()) is None:
            return
        path = self.path.partition("?")[0]
        if path.startswith("/api/") and not self._may_write() and path != "/api/validate-yaml":
            status = 403 if self.headers.get("authorization") else 401
            self._answer(status, {"error": f"Bad token {self.headers.get('authorization')}"})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._validate(json.loads(body))
        elif path.endswith("/preupload/main"):
            files = [
                {"path": each["path"], "uploadMode": _mode(each["path"]), "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            self._answer(200, {"files": files})
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(body))
        elif path.endswith("/commit/main"):
            self._commit(path.removeprefix("/api/models/").removesuffix("/commit/main"), body)
        else:
            self._answer(404, {"error": "no such address"})

    def do_PUT(self) -> None:
        if (body := self._received()) is None:
            return
        oid = self.path.rpartition("/")[2]
        assert hashlib.sha256(body).hexdigest() == oid
        self.home.objects[oid] = body
        self._answer(200, {})

    def _received(self) -> bytes | None:
        """The body; None where a fault was answered."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.home.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        waiting = self.home.faults[self.path.partition("?")[0]]
        fault = waiting.pop(0) if waiting else ""
        if fault == "hang":
            time.sleep(3)
            self.close_connection = True
        elif fault == "page":
            self._send(200, b"<html>Please log in</html>", {"content-type": "text/html"})
        elif fault:
            self._answer(int(fault), {"error": f"broken, you sent {self.headers.get('authorization')}"})
        return None if fault else body

    def _may_write(self) -> bool:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ") in self.home.writers

    def _create(self, wanted: dict[str, Any]) -> None:
        name = f"{wanted['organization'] or 'me'}/{wanted['name']}"
        if name in self.home.repositories:
            answer = {"error": "You already created this model repo", "url": f"{self.home.url}/{name}"}
            self._answer(409, answer)
            return
        self.home.repositories[name] = Repository(wanted.get("visibility") == "private")
        self._answer(200, {"url": f"{self.home.url}/{name}", "name": name})

    def _validate(self, wanted: dict[str, Any]) -> None:
        assert wanted["repoType"] == "model"
        parts = wanted["content"].split("---\n")
        try:
            metadata = yaml.safe_load(parts[1]) if len(parts) > 2 else None
        except yaml.YAMLError as error:
            self._answer(400, {"errors": [{"message": str(error)}], "warnings": []})
            return
        if metadata is None:
            self._answer(200, {"errors": [], "warnings": [{"message": "empty or missing yaml metadata in repo card"}]})
        elif isinstance(metadata.get("license", "mit"), str):
            self._answer(200, {"errors": [], "warnings": []})
        else:
            self._answer(400, {"errors": [{"message": '"license" must be a string'}], "warnings": []})

    def _batch(self, wanted: dict[str, Any]) -> None:
        assert wanted["operation"] == "upload" and wanted["hash_algo"] == "sha256"
        objects = []
        for each in wanted["objects"]:
            there = each["oid"] in self.home.objects
            place = {"upload": {"href": f"{self.home.url}/lfs/{each['oid']}"}}
            objects.append(each if there else each | {"actions": place})
        self._answer(200, {"transfer": "basic", "objects": objects})

    def _commit(self, name: str, body: bytes) -> None:
        repository = self.home.repositories[name]
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                repository.files[value["path"]] = self.home.objects[value["oid"]]
        commit = hashlib.sha1(body).hexdigest()
        repository.commits.append(commit)
        self._answer(200, {"commitOid": commit, "commitUrl": f"{self.home.url}/{name}/commit/{commit}"})

    def _answer(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(content).encode(), {"content-type": "application/json"} | (headers or {}))

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _mode(path: str) -> str:
    return "lfs" if path.endswith(_LFS) else "regular"
