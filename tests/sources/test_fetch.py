"""The one way to fetch, against a server that breaks: every fault ends in the right bytes or one clear error."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError, OutputError, SourceUnavailableError, UsageError
from mosecrot_cli.files import cache_folder
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.endpoints import Endpoints, load_endpoints

CONTENT = bytes(range(256)) * 2_000
PATH = "/wiki.tt.vec"


@pytest.fixture
def remote(server) -> Remote:
    server.files[PATH] = CONTENT
    return Remote(f"{server.url}{PATH}", "vectors/wiki.tt.vec", "wiki.tt.vec", "target_vectors")


def leftovers(fetcher) -> list[str]:
    return sorted(path.name for path in fetcher.cache.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_a_file_is_fetched_once(server, fetcher, remote):
    path = fetcher().file(remote)
    assert path.read_bytes() == CONTENT
    assert fetcher().file(remote) == path
    assert fetcher(offline=True).file(remote) == path
    assert len(server.seen) == 1
    assert leftovers(fetcher()) == ["wiki.tt.vec"]


@pytest.mark.parametrize(
    "faults",
    [
        ["500"],
        ["503", "502"],
        ["429 0.05"],
        ["drop"],
        ["slow"],
        ["cut 1000"],
        ["cut 0", "500"],
        ["md5"],
        ["drop", "429"],
    ],
)
def test_what_passes_is_tried_again(server, fetcher, remote, faults):
    server.faults[PATH] = list(faults)
    assert fetcher().file(remote).read_bytes() == CONTENT
    assert len(server.seen) == len(faults) + 1


def test_a_broken_download_goes_on_where_it_stopped(server, fetcher, remote):
    server.faults[PATH] = ["cut 100000", "500"]
    assert fetcher().file(remote).read_bytes() == CONTENT
    first, _, third = server.asked(PATH)
    assert "range" not in first.headers
    assert third.headers["range"] == "bytes=100000-"
    assert server.served <= len(CONTENT) + 100


def test_so_does_that_of_an_earlier_process(server, fetcher, remote):
    server.faults[PATH] = ["cut 100000", "500", "500", "500"]
    with pytest.raises(SourceUnavailableError):
        fetcher().file(remote)
    assert leftovers(fetcher()) == ["wiki.tt.vec.part", "wiki.tt.vec.part.json"]
    assert fetcher().file(remote).read_bytes() == CONTENT
    assert server.seen[-1].headers["range"] == "bytes=100000-"


def test_progress_renews_the_patience(server, fetcher, remote):
    """A long file over a bad line: far more breaks than attempts in a row."""
    server.faults[PATH] = ["cut 60000"] * 8
    assert fetcher().file(remote).read_bytes() == CONTENT
    assert len(server.seen) == 9


def test_the_rest_of_another_file_is_not_appended(server, fetcher, remote):
    server.faults[PATH] = ["cut 100000", "404"]
    with pytest.raises(SourceUnavailableError, match="no such file there"):
        fetcher().file(remote)
    server.files[PATH] = b"another version\n"
    assert fetcher().file(remote).read_bytes() == b"another version\n"


def test_a_weak_etag_is_not_trusted_with_a_resumption(server, fetcher, remote):
    server.etags[PATH] = 'W/"1"'
    server.faults[PATH] = ["cut 100000"]
    assert fetcher().file(remote).read_bytes() == CONTENT
    assert "range" not in server.seen[-1].headers


@pytest.mark.parametrize("fault", ["page", "page application/octet-stream"])
def test_a_web_page_is_no_file(server, fetcher, remote, fault):
    server.faults[PATH] = [fault]
    with pytest.raises(DataError, match="a web page came.*by hand.*`target_vectors`"):
        fetcher().file(remote)
    assert leftovers(fetcher()) == []


@pytest.mark.parametrize("faults", [["404"], ["403"], ["500"] * 3, ["drop"] * 3, ["slow"] * 3, ["cut 0"] * 3])
def test_what_does_not_pass_is_one_clear_error(server, fetcher, remote, faults):
    server.faults[PATH] = list(faults)
    with pytest.raises(SourceUnavailableError) as caught:
        fetcher().file(remote)
    assert len(server.seen) == len(faults)
    message = str(caught.value)
    assert remote.url in message and "target_vectors" in message and "\n" not in message
    assert caught.value.exit_code == 5
    assert "wiki.tt.vec" not in leftovers(fetcher())


def test_no_server_at_all(fetcher, tmp_path):
    remote = Remote("http://127.0.0.1:9/x.vec", "vectors/x.vec", "x.vec", "target_vectors")
    with pytest.raises(SourceUnavailableError, match="no connection.*3 attempts.*fetch http"):
        fetcher().file(remote)


def test_a_long_wait_is_a_quota(server, fetcher, remote):
    server.faults[PATH] = ["429 86400"]
    with pytest.raises(SourceUnavailableError, match="over quota: the server asks to wait 86,400 s"):
        fetcher().file(remote)
    assert len(server.seen) == 1


def test_offline_asks_nothing(server, fetcher, remote, monkeypatch):
    for name in ("MOSECROT_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "1")
        with pytest.raises(
            SourceUnavailableError, match=r"offline.*fetch http.*wiki\.tt\.vec by hand.*`target_vectors`"
        ):
            fetcher().file(remote)
        monkeypatch.delenv(name)
    assert not server.seen


def test_a_known_checksum_is_compared(fetcher, remote):
    right = hashlib.sha256(CONTENT).hexdigest()
    assert fetcher(endpoints=Endpoints(sha256={remote.url: right})).file(remote).exists()
    other = Remote(remote.url, "vectors/again.vec", "again", remote.parameter)
    with pytest.raises(DataError, match="the checksum is wrong"):
        fetcher(endpoints=Endpoints(sha256={remote.url: "0" * 64})).file(other)
    assert leftovers(fetcher()) == ["wiki.tt.vec"]


def test_two_at_once_fetch_it_once(server, fetcher, remote):
    found: list[bytes] = []
    one, two = fetcher(), fetcher()
    threads = [threading.Thread(target=lambda f=f: found.append(f.file(remote).read_bytes())) for f in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [CONTENT, CONTENT]
    assert len(server.seen) == 1


def test_a_cache_that_cannot_be_written(fetcher, remote, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        fetcher(cache=tmp_path / "file" / "cache").file(remote)


def test_nothing_leads_out_of_the_cache(fetcher):
    with pytest.raises(ValueError, match="out of the cache"):
        fetcher().file(Remote("http://127.0.0.1:9/", "../x", "x", "--x"))


def test_the_bar_has_the_size_and_fills_up(server, fetcher, remote):
    bars = []

    class Watching(SilentReporter):
        def track(self, description, total):
            from contextlib import contextmanager

            @contextmanager
            def bar():
                bars.append([total, 0])
                yield lambda units: bars[-1].__setitem__(1, bars[-1][1] + units)

            return bar()

    server.faults[PATH] = ["cut 100000"]
    fetcher(reporter=Watching()).file(remote)
    assert bars == [[len(CONTENT), 100_000], [len(CONTENT), len(CONTENT)]]


def test_proxies_come_from_the_environment(server, fetcher, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    server.faults["http://mirror.invalid/x.vec"] = ["page"]
    with pytest.raises(DataError, match="a web page"):
        fetcher().file(Remote("http://mirror.invalid/x.vec", "x.vec", "x", "--x"))
    assert server.seen[0].path == "http://mirror.invalid/x.vec"


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("MOSECROT_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("MOSECROT_CACHE")
    assert "mosecrot" in str(cache_folder())


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('panlx = "http://x/"', UsageError, "did you mean panlex"),
        ('panlex = "ftp://x/"', UsageError, "http or https"),
        ('muse = "http://x/{pair}.txt"', UsageError, r"\{pair\} and \{part\}|\{part\} and \{pair\}"),
        ("panlex = ", DataError, "not TOML"),
        ('muse = "http://x/{pair}{part.__class__}"', UsageError, "must have the places"),
        ('muse = "http://x/{pair}{part}{evil.x}"', UsageError, "must have the places"),
        ('muse = "http://x/{pair}{part}{0}"', UsageError, "must have the places"),
        ('panlex = "http://x/{"', UsageError, "must have the places"),
        ('panlex = "http://x/}"', UsageError, "must have the places"),
        ('panlex = ["http://x/"]', UsageError, "http or https"),
        ('sha256 = {"a" = 1}', UsageError, "a table"),
        ('muse = "http://x/{pair}{part:>99999999999}"', UsageError, "must have the places"),
        ("sha256 = 1", UsageError, "a table"),
    ],
)
def test_a_wrong_file_of_addresses(tmp_path: Path, text, error, message):
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(error, match=message):
        load_endpoints(path)


def test_addresses_are_replaced(tmp_path, monkeypatch):
    path = tmp_path / "e.toml"
    path.write_text('panlex = "http://127.0.0.1:1/v2/expr"\n[sha256]\n"http://a/b" = "AB"\n')
    monkeypatch.setenv("MOSECROT_ENDPOINTS", str(path))
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    found = load_endpoints()
    assert (found.panlex, found.hub, found.sha256) == (
        "http://127.0.0.1:1/v2/expr", "https://mirror.example", {"http://a/b": "ab"},
    )  # fmt: skip
    assert found.muse == Endpoints().muse
    with pytest.raises(DataError, match="no such file"):
        load_endpoints(tmp_path / "none.toml")
