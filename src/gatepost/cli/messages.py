"""Messages as the operator sees them: all of them, and one with its timeline."""

from typing import Annotated, get_args

import typer

from gatepost.cli import options as opt
from gatepost.cli import remedies
from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.content import save as keep
from gatepost.cli.near import nearest
from gatepost.cli.pages import messages as page
from gatepost.cli.times import now, seconds
from gatepost.core.lifecycle import State
from gatepost.core.views import MessagesQuery, Pruned
from gatepost.errors import GatepostError

STATES = get_args(State)


def register(app: typer.Typer) -> None:
    """Add `messages` to the command line."""
    noun = group("messages", "Find messages, see what became of one, do something about it.")
    command(
        noun,
        "list",
        "messages list",
        "messages list --open --peer lab",
        "messages list --state failed --json",
    )(listed)
    command(noun, "show", "messages show 0199f3a2-7b1c")(show)
    remedies.register(noun)
    command(noun, "prune", "messages prune", "messages prune --older 7d --dry-run")(prune)
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
    limit: opt.Limit = 50,
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
    if agent and not views:
        _stranger(call, agent)


def _stranger(call: Call, agent: str) -> None:
    """Say that nobody here is called so; an agent that was removed may still be asked for."""
    known = [view.address for view in call.as_operator(lambda operator: operator.agents())]
    if agent not in known:
        near = nearest(agent, known)
        meant = f"; did you mean `{near[0]}`?" if near else ""
        call.hint("note", f"no agent of this node is called `{agent}`{meant}")


def show(call: Call, message: opt.MessageId, save: opt.Save = "") -> None:
    """One message: each state, when, why; what was said and answered. Changes nothing."""
    view = call.as_operator(lambda operator: operator.message(message))
    call.screen.data(view, page.shown(view, now()))
    if save:
        parts = (*view.question, *view.parts)
        call.screen.say(*(page.labelled("saved", str(path)) for path in keep(parts, save)))
    call.hint("why", f"gatepost explain {view.id}")


def prune(
    call: Call,
    older: Annotated[
        str,
        typer.Option(
            "--older",
            metavar="TIME",
            help="What ended that long ago, an hour at least. Default: store.keep_messages.",
            show_default=False,
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Delete messages that ended long ago, with their text and evidence. It cannot be undone.

    What a peer still needs stays, and so does everything that has not ended. The node does this by
    itself for what is older than `store.keep_messages`.
    """
    age = round(seconds(older, "--older") * 1000) if older else 0
    messages = frames = 0
    call.goes_on = "what is gone is gone; the rest stays"
    while True:
        part = call.as_operator(lambda operator: operator.prune(age, counting=dry_run))
        messages, frames = messages + part.messages, frames + part.frames
        if not part.more or dry_run:
            break
        call.screen.progress(f"pruned {messages} messages")
    found = Pruned(messages, frames, part.kept)
    call.screen.data(found, page.pruned(found, dry_run))
