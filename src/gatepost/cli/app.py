"""The command line as a whole: its words, its first screen, from what was typed to an exit code."""

import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer
from typer.core import TyperGroup

from gatepost import __version__
from gatepost.cli import (
    agents,
    config,
    doctor,
    explain,
    inbox,
    keys,
    log,
    mcp,
    messages,
    node,
    openclaw,
    peers,
    policy,
    talk,
    tokens,
)
from gatepost.cli.call import Call
from gatepost.cli.command import INTERRUPTED
from gatepost.cli.near import Tree
from gatepost.cli.pages import first
from gatepost.cli.render import Screen
from gatepost.errors import GatepostError

PIPE_CLOSED = 141
GLOBAL = {
    "--home": True,
    "--as": True,
    "--json": False,
    "--quiet": False,
    "-q": False,
    "--verbose": False,
    "-v": False,
    "-vv": False,
}


class Words(TyperGroup):
    """The whole command line; its help is the first screen."""

    def get_help(self, ctx: object) -> str:
        """The page `--help` prints."""
        return "\n".join(first.screen())


def build() -> typer.Typer:
    """Every command, in the order of the first screen."""
    app = typer.Typer(
        name="gatepost",
        cls=Words,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_root)
    for noun in (
        talk,
        inbox,
        node,
        explain,
        messages,
        agents,
        log,
        peers,
        policy,
        openclaw,
        keys,
        tokens,
        config,
        doctor,
        mcp,
    ):
        noun.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    root = cast(TyperGroup, typer.main.get_command(build()))
    screen = Screen(json="--json" in typed)
    try:
        return int(
            root.main(_ordered(typed, root), prog_name="gatepost", standalone_mode=False) or 0
        )
    except typer.TyperException as error:
        screen.error(_misread(error, typed, root).report())
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence()
        return PIPE_CLOSED


def words(root: TyperGroup) -> dict[str, tuple[str, ...]]:
    """The nouns with their verbs; a word that stands alone has none."""
    return {
        name: tuple(found.commands) if isinstance(found, TyperGroup) else ()
        for name, found in root.commands.items()
    }


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        Screen().data(__version__, [__version__])
    elif context.invoked_subcommand is None:
        Screen().data(None, [*first.screen(), *first.standing(Call(Screen()).directory())])


def _ordered(typed: list[str], root: TyperGroup) -> list[str]:
    """Options that every command has may stand between its words: they are moved behind them."""
    known = words(root)
    path: list[str] = []
    moved: list[str] = []
    at = 0
    while at < len(typed):
        name = typed[at].split("=")[0]
        if name in GLOBAL:
            end = at + (2 if GLOBAL[name] and "=" not in typed[at] else 1)
            moved += typed[at:end]
            at = end
        elif not path or (len(path) == 1 and known.get(path[0])):
            path.append(typed[at])
            at += 1
        else:
            break
    return [*path, *moved, *typed[at:]] if path else typed


def _misread(error: typer.TyperException, typed: list[str], root: TyperGroup) -> GatepostError:
    said = error.format_message().rstrip(".")
    plain = [word for word in _ordered(typed, root) if not word.startswith("-")]
    known = words(root)
    path = " ".join(plain[: 2 if plain and known.get(plain[0]) else 1])
    if "No such command" in said:
        meant = Tree(known).suggestion(plain)
        return GatepostError(
            "usage.invalid",
            what=f"there is no command `gatepost {path}`",
            why=f"did you mean `gatepost {meant}`?" if meant else "",
            command=meant,
        )
    return GatepostError("usage.invalid", what=said[:1].lower() + said[1:], command=path)


def _silence() -> None:
    """Whoever read us is gone: say nothing more, not even at exit."""
    from contextlib import suppress

    with suppress(OSError, ValueError):
        sys.stdout.close()
