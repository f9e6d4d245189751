"""Holds: what waits for a person's yes or no. An answer is to exactly what was shown."""

from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli import options as opt
from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.content import save as keep
from gatepost.cli.pages import holds as page
from gatepost.cli.pages.messages import labelled
from gatepost.cli.times import now, seconds
from gatepost.core.holding import Answered, HoldView, Scope
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.sdk import OperatorClient

REFUSED = 3
SHORTEST = 8
HoldId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The id of a message that waits; its beginning is enough when unique.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add `holds` to the command line."""
    noun = group("holds", "What waits for your yes or no.")
    command(noun, "list", "holds list", "holds list --standing")(listed)
    command(noun, "show", "holds show 0199f3a2-7b1c", "holds show 0199f3a2-7b1c --save DIR")(show)
    command(
        noun,
        "approve",
        "holds approve 0199f3a2-7b1c",
        "holds approve 0199f3a2-7b1c --digest 5f3c9a01",
        "holds approve 0199f3a2-7b1c --conversation --for 2h",
    )(approve)
    command(noun, "refuse", 'holds refuse 0199f3a2-7b1c "Not on a Friday."')(refuse)
    command(noun, "revoke", "holds revoke y5f3c9a01")(revoke)
    app.add_typer(noun)


def listed(
    call: Call,
    standing: Annotated[
        bool, typer.Option("--standing", help="Approvals that stand for more than one message.")
    ] = False,
) -> None:
    """Every message that waits for a person here, the oldest first."""
    if standing:
        approvals = call.as_operator(lambda operator: operator.approvals())
        call.screen.data(approvals, page.standing(approvals, now()))
        return
    views = call.as_operator(lambda operator: operator.holds())
    call.screen.data(views, page.listed(views, now()))
    if views:
        call.hint("next", f"gatepost holds show {page.short(views)}")


def show(call: Call, message: HoldId, save: opt.Save = "") -> None:
    """One of them: who, why it waits, and exactly what it says. Changes nothing."""
    view = call.as_operator(lambda operator: operator.hold(message))
    call.screen.data(view, page.shown(view, now()))
    if save:
        call.screen.say(*(labelled("saved", str(path)) for path in keep(view.parts, save)))
    call.hint("yes", f"gatepost holds approve {view.id} --digest {view.digest[:SHORTEST]}")
    call.hint("no", f"gatepost holds refuse {view.id} REASON")


def approve(
    call: Call,
    message: HoldId,
    digest: Annotated[
        str,
        typer.Option(
            "--digest",
            metavar="DIGEST",
            help="The digest `holds show` showed, or its beginning: for nothing else.",
            show_default=False,
        ),
    ] = "",
    conversation: Annotated[
        bool,
        typer.Option("--conversation", help="Also what follows in its conversation, same verb."),
    ] = False,
    lasting: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="TIME",
            help="Also what this sender does so to this agent for so long: 2h, 7d.",
            show_default=False,
        ),
    ] = "",
) -> int:
    """Let it go on: this message, and with --conversation or --for others like it.

    It answers the rules that hold the message now, and never a rule that denies.
    """
    length = round(seconds(lasting, "--for") * 1000) if lasting else 0
    scope: Scope = "conversation" if conversation else "time" if lasting else "once"

    async def work(operator: "OperatorClient") -> tuple[HoldView, Answered]:
        view = await operator.hold(message)
        if not view.digest.startswith(digest.lower()):
            raise GatepostError("hold.changed", why=f"its digest is {view.digest}", id=view.id)
        until = now() + length if lasting else 0
        return view, await operator.approve(view.id, view.yes(scope, until))

    view, answered = call.as_operator(work)
    call.screen.data(answered, page.approved(view, answered, now()))
    call.hint("undo", answered.undo or f"none; it goes on to {view.to}")
    return REFUSED if answered.why else 0


def refuse(
    call: Call,
    message: HoldId,
    reason: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REASON]...", help="Why; its sender reads it.", show_default=False),
    ] = None,
) -> None:
    """End it: it is rejected, and never runs. That cannot be taken back."""
    said = " ".join(reason or ())
    answered = call.as_operator(lambda operator: operator.refuse(message, said))
    call.screen.data(answered, page.refused(answered))
    call.hint("undo", "none; its sender may send it again")


def revoke(
    call: Call,
    approval: Annotated[
        str,
        typer.Argument(metavar="APPROVAL", help="See `holds list --standing`.", show_default=False),
    ],
) -> None:
    """Take back an approval that stands. What it let go has gone."""
    call.as_operator(lambda operator: operator.revoke_approval(approval))
    call.screen.data({"revoked": approval}, [f"revoked  {approval}"])
