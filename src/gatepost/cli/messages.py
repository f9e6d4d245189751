"""Messages as the operator sees them: all of them, and one with its timeline."""

from typing import Annotated, get_args

import typer

from gatepost.cli import options as opt
from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.content import save as keep
from gatepost.cli.near import nearest
from gatepost.cli.pages import messages as page
from gatepost.cli.times import now
from gatepost.core.lifecycle import State
from gatepost.core.views import MessagesQuery
from gatepost.errors import GatepostError

STATES = get_args(State)


def register(app: typer.Typer) -> None:
    """Add `messages` to the command line."""
    noun = group("messages", "Find messages, and see what became of one.")
    command(
        noun,
        "list",
        "messages list",
        "messages list --open --peer lab",
        "messages list --state failed --json",
    )(listed)
    command(noun, "show", "messages show 0199f3a2-7b1c")(show)
    app.add_typer(noun)


def listed(
    call: Call,
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="Only those in this state.")
    ] = "",
    peer: Annotated[
        str, typer.Option("--peer", metavar="PEER", help="Only those to or from this peer.")
    ] = "",
    agent: Annotated[
        str, typer.Option("--agent", metavar="AGENT", help="Only those of this agent.")
    ] = "",
    unended: Annotated[
        bool, typer.Option("--open", help="Only those that have not ended.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most this many.")] = 50,
) -> None:
    """Messages, newest first."""
    if state and state not in STATES:
        near = nearest(state, STATES)
        raise GatepostError(
            "usage.invalid",
            what=f"no message is ever `{state}`",
            why=f"did you mean {near[0]}?" if near else f"the states are {', '.join(STATES)}",
        )
    query = MessagesQuery(state=state, peer=peer, agent=agent, limit=limit, open_only=unended)
    views = call.as_operator(lambda operator: operator.messages(query))
    call.screen.data(views, page.listed(views, now()))


def show(call: Call, message: opt.MessageId, save: opt.Save = "") -> None:
    """One message: each state, when, why; what was said and answered. Changes nothing."""
    view = call.as_operator(lambda operator: operator.message(message))
    call.screen.data(view, page.shown(view, now()))
    if save:
        parts = (*view.question, *view.parts)
        call.screen.say(*(page.labelled("saved", str(path)) for path in keep(parts, save)))
    call.hint("why", f"gatepost explain {view.id}")
