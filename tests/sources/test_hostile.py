"""Servers that mean harm, or are broken in odd ways: each ends in one line, in bounded time and space."""

from __future__ import annotations

import contextlib
import gzip
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mosecrot_cli.errors import DataError, MosecrotError, SourceUnavailableError, UsageError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.sources import fetch
from mosecrot_cli.sources.addresses import check_address, file_name, shown, without_secrets
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.retrying import Patience
from mosecrot_cli.sources.vectors import named_vectors

SECONDS = 20
PATIENCE = Patience(attempts=2, first=0.01, longest=0.2, connect=2, read=1, least_bytes=1000, window=0.4, answer=0.6)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable], str]]:
    """Starts a server whose every connection is answered by a function that gets the socket's write side."""
    servers = []

    def start(answer: Callable) -> str:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                length = 0
                while line := self.rfile.readline().strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                self.rfile.read(length)
                with contextlib.suppress(OSError):  # the client has gone away
                    answer(self.wfile)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(reporter=SilentReporter(), patience=PATIENCE)


def drip(out) -> None:
    out.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    for _ in range(50 * SECONDS):
        out.write(b"x")
        out.flush()
        time.sleep(0.02)


def endless_gzip(out) -> None:
    out.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: application/json\r\n\r\n")
    block = gzip.compress(b" " * (8 << 20))
    for _ in range(200):
        out.write(block)
        out.flush()


def redirect(to: str) -> Callable:
    def answer(out) -> None:
        out.write(f"HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())

    return answer


def head(*lines: str, body: bytes = b"a 1 2\n") -> Callable:
    def answer(out) -> None:
        out.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    return answer


OK = "HTTP/1.1 200 OK"
FAULTS = {
    "a byte now and then": drip,
    "to a file": redirect("file:///etc/passwd"),
    "to nowhere": redirect("http://%00/"),
    "to a bad host": redirect("http://" + "a" * 300 + "/x"),
    "in a circle": redirect("/x.vec"),
    "too short": head(OK, "content-length: 600000"),
    "negative": head(OK, "content-length: -5"),
    "no number": head(OK, "content-length: x"),
    "huge": head(OK, "content-length: 99999999999999999999"),
    "retry never": head("HTTP/1.1 503 No", "retry-after: nan", "content-length: 0", "connection: close", body=b""),
    "retry in a year": head(
        "HTTP/1.1 429 No", "retry-after: 1e400", "content-length: 0", "connection: close", body=b""
    ),
    "another part": head("HTTP/1.1 206 Part", "content-range: bytes 7-9/10", "content-length: 3", body=b"abc"),
    "no HTTP": head("SSH-2.0-OpenSSH"),
    "md5": head(OK, "content-md5: \xe9\xe9", "content-length: 6"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_of_such_a_server(serve, fetcher, name):
    url = serve(FAULTS[name])
    started = time.monotonic()
    try:
        fetcher.file(Remote(f"{url}/x.vec", "x.vec", "x.vec", "target_vectors"))
    except MosecrotError as error:
        assert error.exit_code in (3, 5, 6) and "\n" not in str(error)
    else:
        assert name == "md5"
    assert time.monotonic() - started < SECONDS


def test_a_file_that_never_ends(serve, fetcher, monkeypatch):
    monkeypatch.setattr("mosecrot_cli.sources.download.disk_usage", lambda place: type("Usage", (), {"free": 1 << 20}))

    def answer(out) -> None:
        out.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(10_000):
            out.write(b"a" * 10_000)

    with pytest.raises(DataError, match="without end"):
        fetcher.file(Remote(f"{serve(answer)}/x.vec", "x.vec", "x.vec", "target_vectors"))
    assert [path.name for path in fetcher.cache.iterdir() if "lock" not in path.name] == []


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (drip, "the answer takes too long|too slow"),
        (endless_gzip, "larger than 1 MiB"),
        (redirect("http://127.0.0.1:9/"), ""),
        (head(OK, "content-length: 200000", body=b"[" * 200_000), "damaged answer"),
    ],
)
def test_an_answer_of_such_a_server(serve, fetcher, monkeypatch, answer, match):
    monkeypatch.setattr(fetch, "_MOST_ANSWER_BYTES", 1 << 20)
    started = time.monotonic()
    url = serve(answer)
    if not match:
        assert fetcher.post(url, {"q": 1}, advice="x").status_code == 302  # not followed
        return
    with pytest.raises((SourceUnavailableError, DataError), match=match) as caught:
        fetcher.post(url, {"q": 1}, advice="x")
    assert time.monotonic() - started < SECONDS and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http:///x", "http://[::1/x", "http://h:99999/x", "http://h:abc/", "http://a b/c", "http://h/a\x00b",
        "http://" + "a" * 300 + "/x", "http://\u2100.com/", "http://.../x",
        "https://h/" + "a" * 5000,
    ],
)  # fmt: skip
def test_addresses_that_cannot_be(address):
    with pytest.raises(UsageError) as caught:
        named_vectors(address, parameter="target_vectors")
    assert len(str(caught.value)) < 500 and str(caught.value).isprintable()


@pytest.mark.parametrize(
    "address",
    [
        "https://us:PASS@h/x.vec", "https://us:PA%40SS@h/x", "https://us:PASS@h:99999/x", "https://us:PA/SS@h/x",
        "https://us:PASS\\@h/x", "https://us:PA#SS@h/x", "https://h/x?token=PASS&a=1", "https://h/?X-Amz-Signature=PASS",
        "https://PASS@h/x", "https://us:PA@SS@h/x",
    ],
)  # fmt: skip
def test_secrets_are_not_shown(address):
    for text in (shown(address), without_secrets(address)):
        assert "PA" not in text and "SS" not in text and text.startswith("https://h")
    try:
        check_address(address)
    except UsageError as error:
        assert "PA" not in str(error) and "SS" not in str(error)


@pytest.mark.parametrize(
    "path", ["/..%2f..%2fetc", "/../..", "/a/%00", "/.hidden", "/" + "é" * 400, "/%2e%2e", "/a%5c..%5cb"]
)
def test_file_names_from_addresses_stay_in_the_cache(path, fetcher):
    name = file_name(f"http://h{path}", "vectors.vec")
    assert name not in ("", ".", "..") and not set(name) & set("/\\\0") and len(name) <= 100
    source = named_vectors(f"http://h{path}", parameter="target_vectors")
    assert fetcher.path(source.remote).parent.parent.name == "by-address"
