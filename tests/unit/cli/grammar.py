"""Asks the real parser whether a command line can be read, without running it."""

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from gatepost.cli.app import build

MISTYPED = "there is no command `", "` has no option ", "` does not take "
TOLD = re.compile(r"(?<=^  )gatepost [^`]+|(?<=  )gatepost [^`]+|(?<=`)gatepost [^`]+(?=`)")


def tree() -> TyperGroup:
    found = typer.main.get_command(build())
    assert isinstance(found, TyperGroup)
    return found


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command with its words."""
    for name, one in tree().commands.items():
        if isinstance(one, TyperGroup):
            for verb, inner in one.commands.items():
                assert isinstance(inner, TyperCommand)
                yield f"{name} {verb}", inner
        else:
            assert isinstance(one, TyperCommand)
            yield name, one


def commands_in(text: str) -> Iterator[str]:
    """Every `gatepost …` that a text tells somebody to type."""
    for line in text.splitlines():
        if any(word in line for word in MISTYPED):
            continue
        for found in TOLD.finditer(line):
            yield found[0].split("   ")[0].rstrip()


def read(line: str) -> None:
    """Parse `gatepost …`; raises what the parser raises."""
    word, *rest = shlex.split(line, comments=True)
    assert word == "gatepost", line
    root = tree()
    if rest in (["--help"], ["--version"]):
        return
    one = root.commands[rest[0]]
    depth = 1
    if isinstance(one, TyperGroup):
        if rest[1:] == ["--help"]:
            return
        one, depth = one.commands[rest[1]], 2
    try:
        with redirect_stdout(io.StringIO()):
            one.make_context(" ".join(rest[:depth]), rest[depth:])
    except typer.Exit as done:
        assert done.exit_code == 0
