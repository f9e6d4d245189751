"""What the operator does about one message: send it now, send it anew, end it, prove its end."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gatepost.cli import options as opt
from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.pages import messages as page
from gatepost.cli.pages import remedies as remedy
from gatepost.cli.times import now
from gatepost.cli.waiting import exit_code
from gatepost.core.lifecycle import is_outcome
from gatepost.core.views import Evidence
from gatepost.errors import GatepostError

NO = 1
Reason = Annotated[
    str,
    typer.Option(
        "--reason", metavar="TEXT", help="Why; it is kept in the log.", show_default=False
    ),
]


def register(noun: typer.Typer) -> None:
    """Add retry, replay, drop and evidence to `messages`."""
    command(noun, "retry", "messages retry 0199f3a2-7b1c")(retry)
    command(
        noun, "replay", 'messages replay 0199f3a2-7b1c --reason "the agent was down all night"'
    )(replay)
    command(noun, "drop", 'messages drop 0199f3a2-7b1c --reason "sent by mistake"')(drop)
    command(
        noun,
        "evidence",
        "messages evidence 0199f3a2-7b1c",
        "messages evidence 0199f3a2-7b1c --save proof.json",
    )(evidence)


def retry(call: Call, message: opt.MessageId) -> None:
    """Hand an open message on at once, instead of at the next try. Its id stays; always safe."""
    call.goes_on = "it is tried again by itself"
    view = call.as_operator(lambda operator: operator.retry(message))
    call.screen.data(view, page.standing(view, now()))
    call.hint("next", f"gatepost messages show {view.id}")


def replay(call: Call, message: opt.MessageId, reason: Reason = "") -> int:
    """Send a message that has ended anew. It gets a new id, and the rules decide again.

    What has run may run again: the agent is told only that it was replayed, and of which message.
    """
    why = reason or call.screen.prompt("It may run a second time. Why is it sent anew?")
    if not why:
        call.screen.say("nothing was sent")
        return NO
    made = call.as_operator(lambda operator: operator.replay(message, why))
    call.screen.data(made, [made.id])
    call.screen.say(f"{made.state}  message {made.id}, sent anew for {message}")
    call.hint("look", f"gatepost messages show {made.id}")
    call.hint("undo", f"gatepost messages drop {made.id} --reason TEXT")
    return 0


def drop(call: Call, message: opt.MessageId, reason: Reason = "") -> int:
    """End a message that shall not run. What an agent has in hand is asked to stop.

    Its sender is told. It stays known, and what it said can be read.
    """
    why = reason or call.screen.prompt("It ends for good. Why?")
    if not why:
        call.screen.say("nothing was dropped")
        return NO
    view = call.as_operator(lambda operator: operator.drop(message, why))
    call.screen.data(view, page.standing(view, now()))
    if not is_outcome(view.state):
        call.screen.say("whoever has it was asked to stop")
        call.hint("next", f"gatepost messages show {view.id}")
        return exit_code(view.state)
    if view.direction != "in":
        call.hint("undo", f"gatepost messages replay {view.id} --reason TEXT")
    return 0


def evidence(
    call: Call,
    message: opt.MessageId,
    save: Annotated[
        str,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Keep it as JSON, to show to others.",
            show_default=False,
        ),
    ] = "",
) -> int:
    """What the other node signed about a message: that it has it, how it ended. Checked again here.

    Exits with 1 when nothing proves anything.
    """
    found = call.as_operator(lambda operator: operator.evidence(message))
    call.screen.data(found, remedy.evidence(found, now()))
    if save:
        _keep(found, save)
        call.screen.say(page.labelled("saved", save))
    return 0 if any(not proof.flaw for proof in found.proofs) else NO


def _keep(found: Evidence, path: str) -> None:
    try:
        with Path(path).open("xb") as sink:
            sink.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    except OSError as error:
        raise GatepostError(
            "usage.invalid", what=f"--save {path} cannot be written", why=error.strerror or ""
        ) from error
