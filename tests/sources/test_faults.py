"""Every source against every fault: the right result, or one clear error that says what to do; nothing asked twice."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError, MosecrotError, SourceUnavailableError
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.lexica import registry as lexica
from mosecrot_cli.sources.lexica.base import LexiconRequest
from mosecrot_cli.sources.vectors import bring_vectors, vectors_of_language
from mosecrot_cli.tasks import taxi1500
from sources.loopback import KEY

EN, DE, TT = map(find_language, ("en", "de", "tt"))
WORDS = [f"w{letter}" for letter in "abcdefghij"]
PAIRS = b"".join(f"{word} x{word}\n".encode() for word in WORDS)
VECTORS = b"2 3\n" + b"".join(f"{word} 1 2 {number}\n".encode() for number, word in enumerate(WORDS[:2]))


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("Taxi1500-c_v3.0/tat-x-bible.txt", "10000000\tэт\n")
    return packed.getvalue()


def request(target) -> LexiconRequest:
    return LexiconRequest(EN, target, lambda: WORDS)


def vectors(name, language) -> Callable:
    def bring(fetcher):
        source = vectors_of_language(name, language, fetcher, parameter="target_vectors")
        return bring_vectors(source, fetcher, parameter="target_vectors")

    return bring


@dataclass(frozen=True)
class Case:
    """A source: how it is asked, at which path, and what must be in the file that comes (a row, or its bytes)."""

    bring: Callable
    path: str
    expected: bytes
    parameter: str


CASES = {
    "muse": Case(lambda f: lexica.bring("muse", request(DE), f), "/muse/en-de.txt", PAIRS, "lexicons"),
    "muse:test": Case(
        lambda f: lexica.bring("muse:test", request(DE), f), "/muse/en-de.5000-6500.txt", PAIRS, "lexicons"
    ),
    "muse:reverse": Case(
        lambda f: lexica.bring("muse:reverse", request(DE), f), "/muse/de-en.txt", b"\nxwa\twa\t\tmuse\n", "lexicons"
    ),
    "wiktionary": Case(
        lambda f: lexica.bring("wiktionary", request(TT), f), "/wiktionary/tatar.txt", PAIRS, "lexicons"
    ),
    "panlex": Case(
        lambda f: lexica.bring("panlex", request(TT), f), "/v2/expr", "\nwa\tсwa\t9.0\tpanlex\n".encode(), "`panlex_dump`"
    ),
    "google": Case(lambda f: lexica.bring("google", request(TT), f), "/translate", b"\nwa\tgwa\t\tgoogle\n", "`lexicons`"),
    "wiki": Case(vectors("wiki", TT), "/wiki.tt.vec", VECTORS, "target_vectors"),
    "cc": Case(vectors("cc", TT), "/cc.tt.300.vec.gz", gzip.compress(VECTORS, mtime=0), "target_vectors"),
    "cc.bin": Case(vectors("cc.bin", TT), "/cc.tt.300.bin.gz", gzip.compress(VECTORS * 9, mtime=0), "target_vectors"),
    "taxi1500": Case(
        lambda f: taxi1500.bring_english(f) / "eng_test.tsv", "/taxi1500/eng_test.tsv", b"1\tSin\ta", "`data_dir`"
    ),
    "taxi1500-c": Case(
        lambda f: taxi1500.bring_editions(f, TT, 3) / "Taxi1500-c_v3.0.zip", "/Taxi1500-c_v3.0.zip", archive(), "`data_dir`"
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def full(server, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    for case in CASES.values():
        server.files[case.path] = case.expected
    server.files["/muse/de-en.txt"] = PAIRS
    for split in ("train", "dev"):
        server.files[f"/taxi1500/eng_{split}.tsv"] = b"2\tSin\tb"
    server.panlex = {f"eng-000 tat-000 {word}": [(f"с{word}", 9)] for word in WORDS}
    server.dictionary = {word: f"g{word}" for word in WORDS}
    return server


def came(path: Path, case: Case) -> bool:
    content = path.read_bytes()
    return content == case.expected or case.expected in content


@EVERY
@pytest.mark.parametrize(
    "faults", [["429 0.05"], ["500"], ["502", "503"], ["cut 5"], ["slow"], ["drop"], ["cut 0", "429"]]
)
def test_what_passes_ends_in_the_right_result(full, fetcher, name, faults):
    case = CASES[name]
    full.faults[case.path] = list(faults)
    assert came(case.bring(fetcher()), case)
    assert len(full.asked(case.path)) == len(faults) + 1
    # A later process has it from the cache.
    count = len(full.seen)
    assert came(case.bring(fetcher(offline=True)), case)
    assert len(full.seen) == count


@EVERY
@pytest.mark.parametrize(
    "faults", [["500"] * 3, ["429"] * 3, ["cut 0"] * 3, ["drop"] * 3, ["403"], ["page"], ["429 9000"]]
)
def test_what_does_not_pass_is_one_clear_error(full, fetcher, name, faults):
    case = CASES[name]
    full.faults[case.path] = list(faults)
    with pytest.raises(MosecrotError) as caught:
        case.bring(fetcher())
    message = str(caught.value)
    assert isinstance(caught.value, DataError if faults == ["page"] else SourceUnavailableError)
    assert "\n" not in message and case.path in message and case.parameter in message and KEY not in message
    assert len(full.asked(case.path)) == len(faults)
    # And then it works, and what came before is not asked for again.
    assert came(case.bring(fetcher()), case)
    assert Counter(seen.path for seen in full.seen)[case.path] == len(faults) + 1
    assert all(count == 1 for path, count in Counter(seen.path for seen in full.seen).items() if path != case.path)


@EVERY
def test_offline_says_what_to_fetch_and_which_parameter_takes_it(full, fetcher, name):
    case = CASES[name]
    with pytest.raises(SourceUnavailableError, match="offline") as caught:
        case.bring(fetcher(offline=True))
    assert case.parameter in str(caught.value) and caught.value.exit_code == 5
    assert not full.seen


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("panlex", "google")])
def test_a_broken_download_asks_only_for_the_rest(full, fetcher, name):
    case = CASES[name]
    full.faults[case.path] = ["cut 6"]
    case.bring(fetcher())
    assert full.asked(case.path)[1].headers["range"] == "bytes=6-"


def test_a_damaged_archive_is_fetched_anew(full, fetcher):
    full.files["/Taxi1500-c_v3.0.zip"] = archive()[:-9] + b"123456789"
    with pytest.raises(DataError, match="the archive is damaged.*run the command again"):
        taxi1500.bring_editions(fetcher(), TT, 3)
    full.files["/Taxi1500-c_v3.0.zip"] = archive()
    taxi1500.bring_editions(fetcher(), TT, 3)


# --- the hub, whose own client fetches ---
MODEL = "/facebook/fasttext-tt-vectors/resolve/main/model.bin"


@pytest.fixture
def hub(full, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.5)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    full.files[MODEL] = VECTORS * 1_000
    return full


@pytest.mark.parametrize("faults", [[], ["", "429"], ["", "500", "503"], ["", "cut 5000"], ["", "drop"], ["", "slow"]])
def test_vectors_of_the_hub(hub, fetcher, faults):
    hub.faults[MODEL] = list(faults)
    path = vectors("hub", TT)(fetcher())
    assert path.read_bytes() == VECTORS * 1_000
    count = len(hub.seen)
    assert vectors("hub", TT)(fetcher(offline=True)) == path
    assert len(hub.seen) == count


@pytest.mark.parametrize("faults", [["404"], ["403"], ["500"] * 20, ["drop"] * 20, ["", *["500"] * 20]])
def test_vectors_of_the_hub_that_do_not_come(hub, fetcher, faults):
    hub.faults[MODEL] = list(faults)
    with pytest.raises(SourceUnavailableError, match=r"model\.bin of.*by hand.*`target_vectors`") as caught:
        vectors("hub", TT)(fetcher())
    assert "\n" not in str(caught.value)
