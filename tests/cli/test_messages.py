"""Parameters in messages become flags; what the terminal could act on is written out."""

import ast
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

import mosecrot_cli
from mosecrot_cli.cli.app import app
from mosecrot_cli.cli.framework.messages import OF_ANOTHER, in_flags, one_line, speak_for, visible
from mosecrot_cli.settings import MapSettings
from mosecrot_cli.settings.option import parameters_of


@pytest.fixture(autouse=True)
def of_map():
    speak_for(parameters_of(MapSettings))
    yield
    speak_for(())


@pytest.mark.parametrize(
    "text, shown",
    [
        ("`overwrite` replaces it", "--overwrite replaces it"),
        ("name the model with `source_model`", "name the model with --source-model"),
        ("try `basis=vocabulary`", "try --basis vocabulary"),
        ("try `basis='vocabulary'`", "try --basis vocabulary"),
        ("`keep_source=True` or `keep_source=False`", "--keep-source or --map-source"),
        ("`subwords=False`", "--no-subwords"),
        ("`pivot_lexicons` without `pivot_vectors`", "--pivot-lexicon without --pivot-vectors"),
        ("`anchors`: no such file", "ANCHORS: no such file"),
        ("`map.vocab_from` keeps few words", "`mosecrot map --vocab-from` keeps few words"),
        ("`vectors train.exclude` leaves them out", "`mosecrot vectors train --exclude` leaves them out"),
        ("try `map.preset=transfer`", "try `mosecrot map --preset transfer`"),
        ("run `mosecrot anchors` first, then `train`", "run `mosecrot anchors` first, then `train`"),
        ("`overwrite=True` again, `overwrite=False` never", "--overwrite again, `overwrite=False` never"),
    ],
)
def test_names_become_flags(text: str, shown: str):
    assert in_flags(text) == shown


@given(st.text())
def test_nothing_that_a_terminal_acts_on_is_left(text: str):
    shown = visible(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)
    shown.encode("utf-8")


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"])))
def test_text_of_any_script_stays(text: str):
    assert visible(text) == text


@given(st.text())
def test_a_message_is_one_line(text: str):
    assert len(one_line(text).splitlines()) <= 1


def test_joiners_of_words_stay():
    assert visible("می\u200cخواهم") == "می\u200cخواهم"


def messages_of(source: str) -> list[str]:
    """The string literals of a module, docstrings left out."""
    tree = ast.parse(source)
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in bare]
    return [node.value for node in constants if isinstance(node.value, str)]


def command_of(commands: dict[str, Any], name: str) -> Any:
    """A command by its name, that of a group by both: `vectors train`."""
    group, _, rest = name.partition(" ")
    return commands[group].commands[rest] if rest else commands[group]


def test_parameters_of_other_commands_exist():
    texts = [path.read_text(encoding="utf-8") for path in Path(mosecrot_cli.__file__).parent.rglob("*.py")]
    named = {found for text in texts for message in messages_of(text) for found in OF_ANOTHER.findall(message)}
    assert ("map", "vocab_from", "") in named
    commands = typer.main.get_group(app).commands
    for command, name, _ in named:
        flag = f"--{name.replace('_', '-')}"
        assert any(flag in parameter.opts for parameter in command_of(commands, command).params), (command, flag)
