"""PanLex's API and Google's: paging, limits, faults, and crawls that ask nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from mosecrot_cli.errors import DataError, SourceUnavailableError, UsageError
from mosecrot_cli.sources.endpoints import Endpoints
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.lexica import google, panlex
from mosecrot_cli.sources.lexica.crawl import Journal, Translation, write_lexicon
from sources.loopback import KEY

EN, TT, DE = map(find_language, ("en", "tt", "de"))
WORDS = [f"word{number:04d}" for number in range(2_500)]


@pytest.fixture
def full(server):
    server.panlex = {f"eng-000 tat-000 {word}": [(f"сүз{word[4:]}", 9), (f"башка{word[4:]}", 3)] for word in WORDS}
    server.page_size = 700
    return server


def asked_twice(server) -> list[str]:
    keys = [json.dumps([s.body["trans_txt"], s.body["offset"]]) for s in server.asked("/v2/expr")]
    return [key[:60] for key, count in Counter(keys).items() if count > 1]


def crawl(fetcher, words=WORDS, **options):
    return panlex.crawl(fetcher(), EN, TT, words, **({"pause": 0.0} | options))


# --- PanLex ---
def test_all_pages_of_all_words(full, fetcher):
    found = crawl(fetcher)
    assert found[:2] == [Translation("word0000", "сүз0000", 9.0), Translation("word0000", "башка0000", 3.0)]
    assert len(found) == 5_000
    body = full.seen[0].body
    assert (body["uid"], body["trans_uid"], body["trans_distance"]) == ("tat-000", "eng-000", 1)
    assert max(len(seen.body["trans_txt"]) for seen in full.seen) <= 10_000
    count = len(full.seen)
    assert crawl(fetcher) == found
    assert len(full.seen) == count


def test_more_words_ask_only_for_those(full, fetcher):
    crawl(fetcher, WORDS[:100])
    assert len(crawl(fetcher, WORDS[:120])) == 240
    assert full.seen[-1].body["trans_txt"] == WORDS[100:120]


def test_a_failed_crawl_goes_on_where_it_stopped(full, fetcher):
    full.faults["/v2/expr"] = ["", "", "404"]
    with pytest.raises(SourceUnavailableError, match="PanLex refuses.*`panlex_dump`"):
        crawl(fetcher)
    before = len(full.seen)
    assert len(crawl(fetcher)) == 5_000
    answered = full.seen[: before - 1] + full.seen[before:]
    keys = [json.dumps([seen.body["trans_txt"], seen.body["offset"]]) for seen in answered]
    assert len(set(keys)) == len(keys)
    assert full.seen[before].body["offset"] == 1_400


CHILD = """
from mosecrot_cli.sources.lexica import panlex
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import find_language
panlex.crawl(Fetcher(), find_language("en"), find_language("tt"), [f"word{n:04d}" for n in range(2500)], pause=0.05)
"""


def test_a_killed_crawl_asks_nothing_twice(full, fetcher):
    fetcher()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", CHILD], env=environment)
    try:
        deadline = time.monotonic() + 30
        while len(full.seen) < 3 and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    (path,) = (fetcher().cache / "crawls").glob("panlex*.jsonl")
    kept = len(path.read_bytes().splitlines())
    assert kept >= 2
    assert len(crawl(fetcher)) == 5_000
    # What was on its way when the process died may have to be asked for again; nothing that arrived is.
    assert len(asked_twice(full)) <= 1
    lines = path.read_bytes().splitlines()
    assert len({json.dumps([json.loads(line)["words"], json.loads(line)["next"]]) for line in lines}) == len(lines)


def test_the_limit_of_two_queries_a_second(full, fetcher):
    full.pause = 0.15
    assert len(crawl(fetcher, WORDS[:300])) == 600
    assert len(crawl(fetcher, WORDS[300:900], pause=0.2)) == 1_200


@pytest.mark.parametrize("faults", [["429 0.05"], ["500", "502"], ["junk"], ["drop"], ["slow"]])
def test_momentary_faults(full, fetcher, faults):
    full.faults["/v2/expr"] = list(faults)
    assert len(crawl(fetcher, WORDS[:10])) == 20
    assert len(full.seen) == len(faults) + 1


@pytest.mark.parametrize(
    ("faults", "error"),
    [(["429"] * 3, SourceUnavailableError), (["junk"] * 3, SourceUnavailableError), (["page"], DataError)],
)
def test_lasting_faults(full, fetcher, faults, error):
    full.faults["/v2/expr"] = list(faults)
    with pytest.raises(error, match="`panlex_dump`") as caught:
        crawl(fetcher, WORDS[:10])
    assert "\n" not in str(caught.value)
    assert len(full.seen) == len(faults)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"hello": 1}, "missing required field result"),
        ({"result": [{"id": 1}]}, "missing required field txt"),
        ({"result": [{"txt": 1, "trans_txt": "a"}]}, r"result\[0\].txt: expected str"),
        ({"result": [], "resultMax": "many"}, "resultMax: expected int"),
    ],
)
def test_an_answer_of_something_else(server, fetcher, content, message):
    server.answers["/v2/expr"] = content
    with pytest.raises(DataError, match=message):
        crawl(fetcher, ["a"])


def test_quality_and_distance_are_passed_on_and_kept_apart(full, fetcher):
    assert [row.score for row in crawl(fetcher, WORDS[:2], min_quality=5)] == [9.0, 9.0]
    assert full.seen[-1].body["trans_quality_min"] == 5
    assert len(crawl(fetcher, WORDS[:2], distance=2)) == 4
    assert full.seen[-1].body["trans_distance"] == 2


def test_offline_says_what_serves_instead(full, fetcher):
    with pytest.raises(SourceUnavailableError, match="offline.*dump.*`panlex_dump`.*`lexicons`"):
        panlex.crawl(fetcher(offline=True), EN, TT, WORDS)
    assert not full.seen


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b"\xff\xfe",
        b"\0" * 50,
        b"[" * 100_000,
        b'{"words": "b", "rows": [], "done": true}',
        b'{"words": ["b"], "rows": [["b"]], "done": true}',
        b'{"words": ["b"], "rows": [["b", "c", "high"]], "done": true}',
        b'{"words": ["b"], "rows": {}, "done": 1}',
        b'{"words": ["b\\ud800"], "rows": [], "done": true}',
    ],
)
def test_a_damaged_line_of_the_journal_is_asked_for_again(tmp_path, damage):
    journal = Journal(tmp_path / "x.jsonl")
    journal.add(["a"], [Translation("a", "б", 1.0)])
    first = journal.path.read_bytes()
    journal.add(["c"], [Translation("c", "в")])
    second = journal.path.read_bytes().removeprefix(first)
    journal.path.write_bytes(first + damage + b"\n" + second)
    again = Journal(journal.path)
    assert again.finished == {"a", "c"} and again.pending(["a", "b", "c"]) == ["b"]
    again.add(["b"], [Translation("b", "г", 0.5)])
    assert Journal(journal.path).finished == {"a", "b", "c"}


def test_a_torn_line_of_the_journal_is_dropped(tmp_path):
    journal = Journal(tmp_path / "x.jsonl")
    journal.add(["a"], [Translation("a", "б", 1.0)])
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + b'{"words": ["b"], "ro')
    again = Journal(journal.path)
    assert (again.finished, again.found) == ({"a"}, [Translation("a", "б", 1.0)])
    again.add(["b"], [])
    assert Journal(journal.path).finished == {"a", "b"}


def test_words_that_a_table_cannot_hold_are_left_out(tmp_path):
    rows = [
        Translation("a\tb", "c"),
        Translation("a", "c\nd"),
        Translation("a", "c d", 0.5),
        Translation("a", "c\u2028d"),
    ]
    write_lexicon(tmp_path / "x.tsv", rows, "panlex")
    assert (tmp_path / "x.tsv").read_text() == "source\ttarget\tscore\torigin\na\tc d\t0.5\tpanlex\n"


# --- Google ---
@pytest.fixture
def translator(server, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    server.dictionary = {word: f"слово {word}" for word in WORDS}
    return server


def translate(fetcher, words=WORDS[:300], target=TT):
    return google.crawl(fetcher(), EN, target, words)


def test_batches_within_the_limits(translator, fetcher):
    found = translate(fetcher)
    assert found[0] == Translation("word0000", "слово word0000")
    assert len(found) == 300
    assert [len(seen.body["q"]) for seen in translator.seen] == [128, 128, 44]
    assert translator.seen[0].body | {"q": []} == {"q": [], "source": "en", "target": "tt", "format": "text"}
    assert translate(fetcher) == found
    assert len(translator.seen) == 3
    long = ["x" * 3_000, "y" * 3_000]
    translate(fetcher, long)
    assert [seen.body["q"] for seen in translator.seen[3:]] == [long[:1], long[1:]]


def test_the_cost_before(translator, fetcher):
    assert google.cost(fetcher(), EN, TT, WORDS[:300]) == google.Cost(300, 2_400)
    translate(fetcher, WORDS[:100])
    assert google.cost(fetcher(), EN, TT, WORDS[:300]) == google.Cost(200, 1_600)


def test_over_quota_keeps_what_came(translator, fetcher):
    translator.quota = 2_100
    with pytest.raises(SourceUnavailableError, match="over quota: Daily Limit Exceeded.*goes on") as caught:
        translate(fetcher)
    assert caught.value.exit_code == 5
    translator.quota = 10_000
    assert len(translate(fetcher)) == 300
    sent = Counter(word for seen in translator.seen for word in seen.body["q"])
    # The refused batch was not answered; the answered ones are not sent again.
    assert {word for word, count in sent.items() if count > 1} == set(WORDS[256:300])


def test_a_limit_per_minute_passes(translator, fetcher):
    translator.faults["/translate"] = ["429 0.05", "503"]
    assert len(translate(fetcher, WORDS[:5])) == 5


def test_a_wrong_key_appears_nowhere(translator, fetcher, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaOTHER-secret")
    with pytest.raises(SourceUnavailableError, match="API key not valid.*GOOGLE_API_KEY") as caught:
        translate(fetcher)
    # The server of this test repeats the key in its message, as a bad proxy may.
    assert "AIzaOTHER" not in str(caught.value) and "***" in str(caught.value)


def test_the_key_is_in_no_file_address_or_message(translator, fetcher):
    translate(fetcher)
    translator.faults["/translate"] = ["500"] * 3
    with pytest.raises(SourceUnavailableError) as caught:
        translate(fetcher, ["new"])
    texts = [str(caught.value), repr(caught.value), *(seen.path for seen in translator.seen)]
    texts += [path.read_bytes().decode() for path in fetcher().cache.rglob("*") if path.is_file()]
    assert not any(KEY in text for text in texts)
    assert KEY not in repr(google._Api(fetcher(), KEY))
    assert translator.seen[0].headers["x-goog-api-key"] == KEY


def test_without_a_key_nothing_is_asked(server, fetcher, monkeypatch):
    with pytest.raises(SourceUnavailableError, match="needs a key.*GOOGLE_API_KEY.*`lexicons`"):
        translate(fetcher)
    assert not server.seen


def test_the_key_does_not_go_over_open_http(fetcher, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    with pytest.raises(UsageError, match="not sent over http"):
        google.crawl(fetcher(endpoints=Endpoints(google="http://mirror.invalid/translate")), EN, TT, ["a"])


def test_a_language_that_google_lacks(translator, fetcher):
    with pytest.raises(SourceUnavailableError, match="Invalid Value"):
        translate(fetcher, target=find_language("nds"))
