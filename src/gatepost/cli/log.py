"""The log: what happened on this node, each thing on one line.

The node keeps the latest thousand events. What is asked for is sought among all of them, so that
`--limit` counts what is shown. `--follow` shows these and goes on; an event is shown once.
"""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.near import nearest
from gatepost.cli.pages import node as page
from gatepost.cli.times import now, seconds
from gatepost.core.events import LEVEL, LEVELS, loud
from gatepost.core.views import Event
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.sdk import OperatorClient

KEPT = 1000


class Wanted(msgspec.Struct, frozen=True):
    """Which events to show; "" and 0 are any."""

    kind: str
    level: str
    message: str
    peer: str
    agent: str
    since: int

    def has(self, event: Event) -> bool:
        """Whether this one is asked for."""
        return (
            event.kind.startswith(self.kind)
            and event.message.startswith(self.message)
            and self.peer in ("", event.peer)
            and self.agent in ("", event.agent)
            and event.at >= self.since
            and (not self.level or event.kind in loud(self.level))
        )


def register(app: typer.Typer) -> None:
    """Add `log` to the command line."""
    command(app, "log", "log", "log --follow --peer lab", "log --follow --json --kind message")(log)


def log(
    call: Call,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Only kinds that begin so: message, link.")
    ] = "",
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="Only what is as loud: info, warning.")
    ] = "",
    message: Annotated[
        str, typer.Option("--message", metavar="ID", help="Only of this message.")
    ] = "",
    peer: Annotated[str, typer.Option("--peer", metavar="PEER", help="Only of this peer.")] = "",
    agent: Annotated[
        str, typer.Option("--agent", metavar="AGENT", help="Only of this agent.")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Only the last 10m, 2h, 1d.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="This many of the latest first.")
    ] = 50,
) -> int:
    """What happened: messages, links, peers, rules, settings. With --json one event a line."""
    start = now() - round(seconds(since, "--since") * 1000) if since else 0
    wanted = Wanted(_kind(kind), _level(level), message, peer, agent, start)

    def show(event: Event) -> None:
        call.screen.data(event, [page.event(event, now())])

    async def work(operator: "OperatorClient") -> None:
        latest = [event async for event in operator.events(recent=KEPT)]
        found = [event for event in latest if wanted.has(event)]
        for event in found[len(found) - min(limit, len(found)) :]:
            show(event)
        shown = latest[-1].n if latest else 0
        if not follow:
            return
        async for event in operator.events(recent=KEPT, follow=True):
            if event.n > shown and wanted.has(event):
                show(event)
        raise GatepostError("node.not_running", what="the node stopped")

    call.goes_on = ""
    call.as_operator(work)
    return 0


def _kind(typed: str) -> str:
    if any(kind.startswith(typed) for kind in LEVEL):
        return typed
    families = sorted({kind.partition(".")[0] for kind in LEVEL})
    near = nearest(typed, [*families, *LEVEL])
    raise GatepostError(
        "usage.invalid",
        what=f"no event is of the kind `{typed}`",
        why=f"did you mean {near[0]}?" if near else f"there are {', '.join(families)}",
    )


def _level(typed: str) -> str:
    if typed in ("", *LEVELS):
        return typed
    raise GatepostError(
        "usage.invalid", what=f"`{typed}` is no level", why=f"the levels are {', '.join(LEVELS)}"
    )
