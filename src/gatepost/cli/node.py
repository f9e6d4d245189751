"""The node itself: make it, start it, look at it, pause it."""

from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.pages import node as page
from gatepost.cli.times import now
from gatepost.core.views import Event
from gatepost.errors import GatepostError

What = Annotated[
    str, typer.Argument(metavar="[PEER|AGENT]", help="Only this one. Default: everything.")
]


def register(app: typer.Typer) -> None:
    """Add init, start, status, pause and resume to the command line."""
    command(
        app,
        "init",
        "init --name home --listen 127.0.0.1:7443",
        "init --name lab --listen 0.0.0.0:7443 --advertise lab.example:7443",
    )(init)
    command(app, "start", "start", "start --home /srv/gatepost --set log.level=info")(start)
    command(app, "status", "status", "status --json")(status)
    command(app, "pause", "pause", "pause lab")(pause)
    command(app, "resume", "resume", "resume lab")(resume)


def init(
    call: Call,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="What this node calls itself.", show_default=False
        ),
    ] = "",
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where peers reach it.")
    ] = "127.0.0.1:7443",
    advertise: Annotated[
        str,
        typer.Option(
            "--advertise", metavar="HOST:PORT", help="What invitations name instead of --listen."
        ),
    ] = "",
) -> int:
    """Make a node: its key, its database, its files. Shows the recovery kit once.

    An existing node is never touched.
    """
    chosen = name or call.screen.prompt("name of this node:")
    if not chosen:
        call.screen.say("nothing was made")
        return 1
    from gatepost import compose

    try:
        made = compose.initialise(call.directory(), chosen, listen, advertise)
    except GatepostError as error:
        if error.code != "address.invalid":
            raise
        raise GatepostError(
            "usage.invalid", what=f"no node can be called `{chosen}`", why=error.why
        ) from error
    call.screen.data(made, page.made(made))
    for step in page.FIRST_STEPS:
        call.hint("next", step)
    call.hint("undo", f"delete the directory {made.home}")
    return 0


def start(
    call: Call,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting for this run; stronger than file and environment. Repeatable.",
        ),
    ] = None,
) -> int:
    """Run the node in the foreground. Ctrl-C or SIGTERM end it; nothing accepted is lost.

    What it says meanwhile is set by `log.level`; `gatepost log` shows everything that happens.
    """
    from gatepost import compose

    compose.start(
        call.directory(),
        lambda found: call.screen.data(found, page.ready(found)),
        lambda news: _news(call, news),
        dict(_flag(one) for one in given or ()),
    )
    return 0


def _flag(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise GatepostError("usage.invalid", what=f"--set `{text}` is not KEY=VALUE")
    return key.strip(), value.strip()


def _news(call: Call, news: Event | GatepostError) -> None:
    if isinstance(news, GatepostError):
        call.fail(news, None)
    else:
        call.screen.remark(news, page.event(news, now()))


def status(call: Call) -> None:
    """Show whether all is well, and what needs you."""
    found = call.as_operator(lambda operator: operator.status())
    call.screen.data(found, page.status(found, now()))


def pause(call: Call, what: What = "") -> None:
    """Take nothing in and hand nothing over until `resume`: messages wait, nothing is refused."""
    undo = call.as_operator(lambda operator: operator.pause(what))
    call.screen.data({"paused": what, "undo": undo}, [f"paused  {what or 'everything'}"])
    call.hint("undo", undo)


def resume(call: Call, what: What = "") -> None:
    """End a pause: what waits goes on."""
    undo = call.as_operator(lambda operator: operator.resume(what))
    call.screen.data({"resumed": what, "undo": undo}, [f"resumed  {what or 'everything'}"])
    call.hint("undo", undo)
