"""The log: what happened on this node, each thing on one line."""

from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.pages import node as page
from gatepost.cli.times import now

if TYPE_CHECKING:
    from gatepost.sdk import OperatorClient


def register(app: typer.Typer) -> None:
    """Add `log` to the command line."""
    command(app, "log", "log", "log --follow", "log --follow --json --kind message")(log)


def log(
    call: Call,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Only kinds that begin so: message, link.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", help="This many of the latest first.")
    ] = 50,
) -> int:
    """What happened: messages, links, peers, rules. With --json one event a line."""

    async def work(operator: "OperatorClient") -> None:
        async for event in operator.events(recent=limit, follow=follow):
            if event.kind.startswith(kind):
                call.screen.data(event, [page.event(event, now())])

    call.goes_on = ""
    call.as_operator(work)
    return 0
