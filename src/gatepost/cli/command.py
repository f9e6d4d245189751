"""Makes a function a command: the options every command has, its examples in the help, one way out.

A command is a function whose first argument is a `Call`; it returns an exit code, or None for 0.
What it raises becomes one rendered error and that error's exit code; Ctrl-C becomes 130 and a line
about what goes on without us.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from gatepost.cli import completing
from gatepost.cli.call import Call
from gatepost.cli.manual import Noun, Verb
from gatepost.cli.render import Screen
from gatepost.errors import GatepostError

INTERRUPTED = 130
HELPS: dict[str, Any] = {"help_option_names": ["--help", "-h"]}
ASKED = "stopped; nothing was changed"
Command = TypeVar("Command", bound=Callable[..., int | None])

_COMMON = {
    "home": (
        Annotated[str, typer.Option("--home", metavar="DIR", help="The node's directory.")],
        "",
    ),
    "json": (Annotated[bool, typer.Option("--json", help="Data as JSON on stdout.")], False),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Data and errors only.")], False),
    "verbose": (
        Annotated[
            int, typer.Option("--verbose", "-v", count=True, help="More; twice: stack traces.")
        ],
        0,
    ),
}
_SPEAKER = {
    "speaker": (
        Annotated[
            str,
            typer.Option(
                "--as",
                metavar="AGENT",
                help="Who speaks. Default: the first agent.",
                autocompletion=completing.agents,
            ),
        ],
        "",
    ),
}


def group(name: str, help: str) -> typer.Typer:
    """A noun: `gatepost NAME …`."""
    noun = typer.Typer(name=name, cls=Noun, help=help, add_completion=False, rich_markup_mode=None)
    noun.callback(invoke_without_command=True, context_settings=HELPS)(_alone)
    return noun


def _alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        Screen().data(None, context.get_help().splitlines())


def command(
    to: typer.Typer, name: str, *examples: str, speaks: bool = False
) -> Callable[[Command], Command]:
    """Add the function to the noun `to` as `name`. With `speaks` it takes `--as AGENT`."""

    def add(function: Command) -> Command:
        path = name if to.info.name in (None, "gatepost") else f"{to.info.name} {name}"
        shown = "\n".join(f"gatepost {line}" for line in examples)
        to.command(name, cls=Verb, epilog=shown, help=function.__doc__, context_settings=HELPS)(
            _entry(function, path, speaks)
        )
        return function

    return add


def guarded(call: Call, path: str, body: Callable[[], int | None]) -> int:
    """Run a command's body; every way out is an exit code."""
    try:
        return body() or 0
    except KeyboardInterrupt:
        call.screen.clear()
        call.screen.say(ASKED if call.screen.asking else call.goes_on or "stopped")
        return INTERRUPTED
    except GatepostError as error:
        error.details.setdefault("command", path)
        call.fail(error, error.__cause__)
        return error.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:
        bug = GatepostError(
            "bug.internal",
            what=f"{type(error).__name__}: {error}",
            why="the same command with -vv shows where",
        )
        call.fail(bug, error)
        return bug.exit_code


def _entry(function: Callable[..., int | None], path: str, speaks: bool) -> Callable[..., int]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in {**(_SPEAKER if speaks else {}), **_COMMON}.items()
    ]

    def entry(
        *, home: str, json: bool, quiet: bool, verbose: int, speaker: str = "", **values: object
    ) -> int:
        call = Call(Screen(json=json, quiet=quiet, verbose=verbose), home, speaker)
        return guarded(call, path, lambda: function(call, **values))

    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    parameters = [*own, *extra]
    setattr(entry, "__signature__", inspect.Signature(parameters))  # noqa: B010 - typer reads it
    entry.__annotations__ = {p.name: p.annotation for p in parameters}
    return entry
