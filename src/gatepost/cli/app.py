"""The command line as a whole: its words, its first screen, from what was typed to an exit code."""

import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer
import typer.completion
from typer.core import TyperGroup

from gatepost import __version__
from gatepost.cli import (
    agents,
    config,
    doctor,
    explain,
    holds,
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
from gatepost.cli.command import HELPS, INTERRUPTED
from gatepost.cli.manual import width
from gatepost.cli.misread import misread
from gatepost.cli.pages import first
from gatepost.cli.render import Screen
from gatepost.core.views import NodeStatus
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
        return "\n".join(first.screen(width()))


def build() -> typer.Typer:
    """Every command, in the order of the first screen."""
    app = typer.Typer(
        name="gatepost",
        cls=Words,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True, context_settings=HELPS)(_root)
    for noun in (
        talk,
        inbox,
        node,
        explain,
        messages,
        agents,
        holds,
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
    typer.completion.get_completion_inspect_parameters()  # this is what makes shells known
    root = cast(TyperGroup, typer.main.get_command(build()))
    typed = _helped(list(sys.argv[1:] if arguments is None else arguments), root)
    screen = Screen(json="--json" in typed)
    try:
        return int(
            root.main(_ordered(typed, root), prog_name="gatepost", standalone_mode=False) or 0
        )
    except typer.TyperException as error:
        screen.error(_misread(error, typed, root).report())
        return 2
    except GatepostError as error:  # of a page that no command shows
        screen.error(error.report())
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence()
        return PIPE_CLOSED
    except OSError as error:  # of a help page, which the parser writes
        unwritten = GatepostError("output.failed", why=error.strerror or str(error))
        screen.error(unwritten.report())
        return unwritten.exit_code


def words(root: TyperGroup) -> dict[str, tuple[str, ...]]:
    """The nouns with their verbs; a word that stands alone has none."""
    return {
        name: tuple(found.commands) if isinstance(found, TyperGroup) else ()
        for name, found in root.commands.items()
    }


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    if version:
        Screen().data(__version__, [__version__])
    elif context.invoked_subcommand is None:
        call = Call(Screen())
        standing = first.standing(call.directory(), _status(call))
        call.screen.data(None, [*first.screen(width()), *standing])


def _status(call: Call) -> NodeStatus | None:
    """How the node stands, when it runs."""
    if not (call.directory() / "gatepost.toml").exists():
        return None
    try:
        return call.as_operator(lambda operator: operator.status())
    except GatepostError:
        return None


def _helped(typed: list[str], root: TyperGroup) -> list[str]:
    """`help`, as people type it, is --help: in front of a word, behind a noun."""
    if typed[:1] == ["help"]:
        return [*typed[1:], "--help"]
    noun = typed[0] if typed else ""
    return [noun, "--help"] if typed[1:] == ["help"] and words(root).get(noun) else typed


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
    plain = [word for word in _ordered(typed, root) if not word.startswith("-")]
    return misread(error, plain, words(root), root)


def _silence() -> None:
    """Whoever read us is gone: say nothing more, not even at exit."""
    from contextlib import suppress

    with suppress(OSError, ValueError):
        sys.stdout.close()
