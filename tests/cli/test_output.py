"""The sink: what goes to stdout and stderr, for people, as JSON, and quietly."""

import io
import json
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from mosecrot_cli.cli.output import Sink, report, session
from mosecrot_cli.manifest import Manifest
from mosecrot_cli.pipeline.step import StepResult

DONE = StepResult(Path("mapped"), Manifest("map", {}, seconds=1.25), [("anchors", "6,731")])
SKIPPED = StepResult(Path("mapped"), Manifest("map", {}), skipped=True)
PLANNED = StepResult(Path("mapped"), None, [("target words", "at most 200,000")], planned=True)


@pytest.mark.parametrize(
    "result, shown",
    [
        (DONE, ["mapped (1.2 s)", "anchors  6,731", "next: mosecrot finetune"]),
        (SKIPPED, ["mapped: unchanged"]),
        (PLANNED, ["mapped: not written (dry run)", "target words  at most 200,000"]),
    ],
)
def test_people_read_a_report_on_stderr(result: StepResult, shown: list[str], capsys: pytest.CaptureFixture[str]):
    with session() as sink:
        report(sink, result, next_step="mosecrot finetune")
    captured = capsys.readouterr()
    assert captured.out == ""
    for text in shown:
        assert text in captured.err
    assert ("next:" in captured.err) == (result is DONE)


@pytest.mark.parametrize("result, state", [(DONE, "written"), (SKIPPED, "unchanged"), (PLANNED, "planned")])
def test_json_is_valid_and_alone_on_stdout(result: StepResult, state: str, capsys: pytest.CaptureFixture[str]):
    with session(as_json=True) as sink:
        report(sink, result, next_step="mosecrot finetune")
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out)["state"] == state


def test_quiet_prints_neither_reports_nor_warnings(capsys: pytest.CaptureFixture[str]):
    with session(quiet=True) as sink:
        report(sink, DONE)
        sink.warn("a warning")
        sink.info("a detail")
        sink.milestone("epoch 1/2")
        with sink.track("mapping", 10) as advance:
            advance(10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [True, False])
def test_details_are_for_those_who_ask(verbose: bool, capsys: pytest.CaptureFixture[str]):
    with session(verbose=verbose) as sink:
        sink.info("a detail")
        sink.milestone("epoch 1/2")
        sink.warn("a warning")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ("a detail\n" if verbose else "") + "epoch 1/2\nwarning: a warning\n"


def test_words_that_look_like_markup_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]):
    Sink().table("[/quote]", ("[b]word", "times"), [("[/url]", 3), ("[red]", 2)])
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("[/quote]", "[b]word", "[/url]", "[red]"))


def test_control_characters_reach_no_terminal(capsys: pytest.CaptureFixture[str]):
    sink = Sink()
    sink.warn("\x1b[31mred\x1b[0m")
    sink.summary("a\rb", [("name", "x\x07y")])
    sink.table("t\x1b", ("word", "n"), [("bell\x07", 1)])
    captured = capsys.readouterr()
    assert "\x1b[31mred" in captured.err.replace("\\x1b", "\x1b")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", captured.err + captured.out)


def test_a_bar_tells_the_speed_and_the_time_left():
    sink, written = Sink(), io.StringIO()
    sink._console = Console(file=written, force_terminal=True, width=120)
    with sink.track("mapping", 4000) as advance:
        for _ in range(3):
            time.sleep(0.06)
            advance(1000)
        time.sleep(0.15)
    bar = re.sub(r"\x1b[^A-Za-z]*[A-Za-z]", "", written.getvalue())
    assert re.search(r"75% 3000/4000 [\d,]{4,}/s 00:0\d", bar), bar
