"""A server on 127.0.0.1 that speaks the wire formats of the sources, with their limits, and breaks on demand.

It is bounded: it refuses after MOST requests and stops itself after SECONDS.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST, SECONDS = 600, 90
PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
KEY = "AIzaPLANTED-SECRET-key-0123456789"


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Loopback:
    """What is there, which faults come next for a path, and what was asked.

    Faults, each for one request: a status such as `500` or `429 0.05` (Retry-After), `cut N` (the body ends after N
    bytes), `page` (a web page), `slow` (too slow), `drop` (no answer), `md5` (a wrong checksum), `junk` (no JSON).
    """

    files: dict[str, bytes] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    panlex: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    page_size: int = 2000
    pause: float = 0.0
    dictionary: dict[str, str] = field(default_factory=dict)
    quota: int = 1_000_000
    languages: frozenset[str] = frozenset({"en", "de", "tt", "zh-CN"})
    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    served: int = 0
    last_query: float = 0.0

    def __enter__(self) -> Loopback:
        handler = type("Handler", (_Handler,), {"home": self})
        self.server = _Server(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.watchdog = threading.Timer(SECONDS, self.server.shutdown)
        self.watchdog.daemon = True
        self.watchdog.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.watchdog.cancel()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    def endpoints(self) -> str:
        """A file for MOSECROT_ENDPOINTS."""
        return f"""
muse = "{self.url}/muse/{{pair}}{{part}}.txt"
panlex = "{self.url}/v2/expr"
google = "{self.url}/translate"
wiktionary = "{self.url}/wiktionary/{{name}}.txt"
fasttext_wiki = "{self.url}/wiki.{{code}}.vec"
fasttext_crawl = "{self.url}/cc.{{code}}.300.vec.gz"
fasttext_crawl_bin = "{self.url}/cc.{{code}}.300.bin.gz"
hub = "{self.url}"
taxi1500_english = "{self.url}/taxi1500/eng_{{split}}.tsv"
taxi1500_corpus = "{self.url}/Taxi1500-c_v{{version}}.0.zip"
"""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    home: Loopback
    cut: int | None = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._file(with_body=False)

    def do_GET(self) -> None:
        self._file(with_body=True)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.loads(raw)
        if self._fails(body):
            return
        if self.path in self.home.answers:
            content = json.dumps(self.home.answers[self.path]).encode()
            self._send(200, content, {"content-type": "application/json"})
            return
        answer = {"/v2/expr": self._panlex, "/translate": self._google}.get(self.path)
        if answer is None:
            self._send(404, b"{}", {"content-type": "application/json"})
            return
        status, content, headers = answer(body)
        self._send(status, json.dumps(content).encode(), {"content-type": "application/json"} | headers, cut=self.cut)

    # --- faults ---
    def _fails(self, body: Any) -> bool:
        self.cut = None
        self.home.seen.append(Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if len(self.home.seen) > MOST:
            self._send(503, b"enough", {})
            return True
        waiting = self.home.faults[self.path]
        kind, _, argument = (waiting.pop(0) if waiting else "").partition(" ")
        if kind.isdigit():
            self._send(int(kind), b'{"message": "broken"}', {"retry-after": argument} if argument else {})
        elif kind == "page":
            self._send(200, PAGE, {"content-type": argument or "text/html; charset=utf-8"})
        elif kind == "junk":
            self._send(200, b'{"result": [', {"content-type": "application/json"})
        elif kind == "slow":
            time.sleep(1.0)
            self.close_connection = True
        elif kind == "drop":
            self.close_connection = True
        elif kind == "cut" and self.command == "POST":
            self.cut = int(argument)
            return False
        elif kind in ("cut", "md5"):
            self._file_body(cut=int(argument) if kind == "cut" else None, wrong_md5=kind == "md5")
        return bool(kind)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None
        self.home.served += len(body)

    # --- files: Range, If-Range, ETag; the hub's headers ---
    def _file(self, *, with_body: bool) -> None:
        if self._fails(None):
            return
        self._file_body(with_body=with_body)

    def _file_body(self, *, with_body: bool = True, cut: int | None = None, wrong_md5: bool = False) -> None:
        content = self.home.files.get(self.path)
        if content is None:
            commit = {"x-repo-commit": "0" * 40} if "/resolve/" in self.path else {}
            self._send(404, b"Entry not found" if with_body else b"", {"x-error-code": "EntryNotFound"} | commit)
            return
        etag = self.home.etags.get(self.path, f'"{hashlib.sha256(content).hexdigest()}"')
        headers = {"etag": etag, "accept-ranges": "bytes", "content-type": "application/octet-stream"}
        if "/resolve/" in self.path:
            headers |= {"x-repo-commit": "0" * 40, "x-linked-size": str(len(content)), "x-linked-etag": etag}
        if wrong_md5:
            headers["content-md5"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        start, status = 0, 200
        wanted = self.headers.get("range", "")
        if wanted and self.headers.get("if-range", etag) == etag:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(content):
                self._send(416, b"", {"content-range": f"bytes */{len(content)}"})
                return
            status = 206
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            body = body if cut is None else body[:cut]
            self.wfile.write(body)
            self.home.served += len(body)
            self.close_connection = cut is not None

    # --- PanLex, version 2 ---
    def _panlex(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        now = time.monotonic()
        early, self.home.last_query = now - self.home.last_query < self.home.pause, now
        if early:
            return 429, {"code": "TooManyRequestsError", "message": "Rate limit exceeded"}, {"retry-after": "0.2"}
        known = {"uid", "trans_uid", "trans_txt", "trans_distance", "trans_quality_min", "include", "offset", "sort"}
        words, offset = body.get("trans_txt", []), body.get("offset", 0)
        if not known.issuperset(body) or len(words) > 10_000 or offset > 250_000:
            return 409, {"code": "InvalidArgumentError", "message": f"bad parameters {sorted(body)}"}, {}
        least = body.get("trans_quality_min", 0)
        rows = [
            {"id": 7, "langvar": 1, "txt": text, "txt_degr": text.lower(), "trans_expr": 1, "trans_txt": word}
            | ({"trans_quality": quality} if "trans_quality" in body.get("include", []) else {})
            for word in words
            for text, quality in self.home.panlex.get(f"{body['trans_uid']} {body['uid']} {word}", [])
            if quality >= least
        ]
        page = rows[offset : offset + self.home.page_size]
        return 200, {"resultType": "expr", "result": page, "resultNum": len(page), "resultMax": self.home.page_size}, {}

    # --- Google Translate, version 2 ---
    def _google(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if self.headers.get("x-goog-api-key") != KEY:
            given = self.headers.get("x-goog-api-key")
            return 400, _google_error(400, "badRequest", f"API key not valid: {given}"), {}
        if body["target"] not in self.home.languages:
            return 400, _google_error(400, "invalid", "Invalid Value"), {}
        words = body["q"]
        if len(words) > 128 or sum(map(len, words)) > 5_000:
            return 400, _google_error(400, "badRequest", "Too many text segments"), {}
        if sum(map(len, words)) > self.home.quota:
            return 403, _google_error(403, "dailyLimitExceeded", "Daily Limit Exceeded"), {}
        self.home.quota -= sum(map(len, words))
        found = [{"translatedText": self.home.dictionary.get(word, word)} for word in words]
        return 200, {"data": {"translations": found}}, {}


def _google_error(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}}
