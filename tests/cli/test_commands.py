"""Every command alike: options with help, panel and default; pages that fit; examples that parse; one declaration."""

import dataclasses
import inspect
import re
import shlex
import sys
from enum import Enum
from typing import Any

import pytest
import typer

from mosecrot_cli import settings as settings_package
from mosecrot_cli.cli.app import app, run
from mosecrot_cli.cli.framework.command import declaration_of
from mosecrot_cli.cli.framework.help import default_of
from mosecrot_cli.settings.option import REQUIRED, Parameter, assemble, parameters_of


def leaves() -> dict[str, Any]:
    found = {}
    for name, command in typer.main.get_group(app).commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {child}": each for child, each in inner.items()} if inner else {name: command}
    return found


COMMANDS = leaves()
PARAMETERS = [
    pytest.param(parameter, id=f"{name} {parameter.name}")
    for name, command in COMMANDS.items()
    for parameter in declaration_of(command.callback).parameters
]
SETTINGS = [
    each
    for name, each in vars(settings_package).items()
    if dataclasses.is_dataclass(each) and name.endswith("Settings") and parameters_of(each)
]


def page(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run([*name.split(), "--help"]) == 0
    return capsys.readouterr().out


def test_the_commands_of_the_contract_are_there():
    steps = {"anchors", "map", "finetune", "stitch", "evaluate", "predict", "inspect", "adapt", "compare"}
    assert steps | {"baseline lr", "baseline mbert", "baseline lstsq", "vectors train"} <= {*COMMANDS}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_option_says_what_it_does_and_what_happens_without_it(parameter: Parameter):
    option = parameter.option
    assert option.help.endswith(".") and option.panel
    switch = isinstance(parameter.default, bool) and not any("/" in flag for flag in option.flags)
    assert (parameter.default is REQUIRED) or switch or default_of(parameter), "the default is not told"
    # A value needs a name, but for those that are named by their choices.
    assert (
        option.metavar or parameter.type in (bool, bool | None) or "|" in default_of(parameter) or _choices(parameter)
    )


def _choices(parameter: Parameter) -> bool:
    return isinstance(parameter.type, type) and issubclass(parameter.type, Enum)


@pytest.mark.parametrize("name", COMMANDS)
def test_typer_has_the_defaults_of_the_settings(name: str):
    """What the parser falls back on is what the settings class says, for each option."""
    command = COMMANDS[name]
    declared = {each.name: each for each in declaration_of(command.callback).parameters}
    for parameter in command.params:
        own = declared.get(parameter.name.removesuffix("_option"))
        if own is None or (own.option.positional and own.option.flags):
            continue
        assert parameter.required == (own.default is REQUIRED)
        if own.default is not REQUIRED:
            assert parameter.default == (None if own.default == () else own.default)
        assert parameter.rich_help_panel == own.option.panel


@pytest.mark.parametrize("cls", SETTINGS, ids=lambda cls: cls.__name__)
def test_no_value_is_every_default(cls: type):
    needed = {each.name: "given" for each in parameters_of(cls) if each.default is REQUIRED}
    made = assemble(cls, needed)
    for parameter in parameters_of(cls):
        value = made
        for name in parameter.path:
            value = getattr(value, name)
        assert value == needed.get(parameter.name, parameter.default)


@pytest.mark.parametrize("name", ["", "baseline", "vectors", *COMMANDS])
def test_pages_fit_80_columns(name: str, capsys: pytest.CaptureFixture[str]):
    text = page(name, capsys)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert len(text.splitlines()) < 120
    assert "\n\n\n" not in text and "<bool>" not in text and str(sys.maxsize) not in text
    assert "https://" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_printed_as_they_are_and_can_be_pasted(name: str, capsys: pytest.CaptureFixture[str]):
    shown = page(name, capsys)
    examples = re.findall(r"^    .*mosecrot .*", inspect.cleandoc(COMMANDS[name].help), re.MULTILINE)
    assert examples, "no example"
    for example in examples:
        assert f"\n  {example.strip()}\n" in shown
        words = shlex.split(example.partition("mosecrot ")[2])
        assert words[: len(name.split())] == name.split()
        context = COMMANDS[name].make_context(name, words[len(name.split()) :])
        assert context.params


@pytest.mark.parametrize("name", COMMANDS)
def test_a_scalar_option_given_twice_is_refused(name: str, capsys: pytest.CaptureFixture[str]):
    for parameter in declaration_of(COMMANDS[name].callback).parameters:
        option = parameter.option
        if option.positional or parameter.type is bool or "tuple" in str(parameter.type):
            continue
        assert run([*name.split(), option.flag, "1", option.flag, "2"]) == 2
        assert f"{option.flag}: given 2 times" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_a_mistyped_option_is_answered_with_the_nearest(name: str, capsys: pytest.CaptureFixture[str]):
    assert run([*name.split(), "--hlep"] if name else ["--verson"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "did you mean --" in message


@pytest.mark.parametrize(
    "line, answer",
    [
        ("mapp", "did you mean 'map'"),
        ("vectors convertt", "did you mean 'convert'"),
        ("map --weighting sparsmax", "--weighting: 'sparsmax' is not one of"),
        ("map --method rigde", "did you mean 'ridge'"),
        ("map --k x", "--k: 'x' is neither"),
        ("map --k", "--k"),
        ("finetune", "option --train is missing"),
        ("finetune --self-train x", "mosecrot adapt --method self-training --texts TEXTS"),
        ("evaluate --compare a b --data c", "mosecrot compare A B"),
        ("vectors convert a", "name OUT once"),
        ("vectors convert a b.vec -o c.vec", "name OUT once"),
        ("map a b", "unexpected extra argument"),
        ("finetune --train x --seed 1 --seeds 1,2", "--seed and --seeds exclude each other"),
        ("finetune --train x --augment-rate 0.2", "--augment-rate has no effect without --augment"),
    ],
)
def test_wrong_usage_is_one_line(line: str, answer: str, capsys: pytest.CaptureFixture[str]):
    assert run(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("error: ") and answer.lower() in captured.err.lower()


def test_a_former_spelling_is_accepted_with_a_warning(capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("anchors --tgt tt --pivot-vectors x.vec --dry-run --offline".split())
    assert "--pivot-vectors is now called --source-vectors" in capsys.readouterr().err


def test_pages_of_the_documentation_name_every_option():
    from command_pages import pages

    found = pages()
    for name, command in COMMANDS.items():
        text = found[name.split()[0]].replace("\\|", "|")
        for parameter in declaration_of(command.callback).parameters:
            assert parameter.option.metavar is None or parameter.option.metavar.replace("|", "|") in text
            assert parameter.option.help.replace("<", "&lt;") in text
