"""Peers: pairing, looking, and stopping. Pairing lets a peer ping, nothing more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli import options as opt
from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.pages import peers as page
from gatepost.cli.times import now, seconds, span
from gatepost.core.views import Invitation, Paired
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.sdk import OperatorClient

SLICE = 1.0
NO = 1


def register(app: typer.Typer) -> None:
    """Add `peers` to the command line."""
    noun = group("peers", "Invite, accept, look after and block other nodes.")
    command(
        noun,
        "invite",
        "peers invite lab",
        "peers invite lab --no-wait | ssh lab gatepost peers accept -",
    )(invite)
    command(
        noun, "accept", "peers accept gp1-…", "peers accept gp1-… --name home", "peers accept -"
    )(accept)
    command(noun, "list", "peers list", "peers list --json")(listed)
    command(noun, "show", "peers show lab")(show)
    command(noun, "ping", "peers ping lab", "peers ping lab --wire")(ping)
    command(noun, "block", "peers block lab")(block)
    command(noun, "unblock", "peers unblock lab")(unblock)
    command(noun, "trust", "peers trust lab")(trust)
    command(noun, "remove", "peers remove lab")(remove)
    command(noun, "endpoint", "peers endpoint lab lab.example:7443")(endpoint)
    command(noun, "alias", "peers alias lab workshop")(alias)
    app.add_typer(noun)


def invite(
    call: Call,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="What you will call the other node.", show_default=False
        ),
    ],
    valid: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long it is valid.")
    ] = "15m",
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait for the other side.")
    ] = False,
    reuse: opt.Reuse = False,
) -> int:
    """Make an invitation for one node: one string, valid for 15 minutes, usable once.

    stdout gets the string alone. On a terminal it then waits for the other side; Ctrl-C is safe,
    the invitation stays open.
    """
    minutes = max(1, round(seconds(valid, "--for") / 60))
    made = call.as_operator(lambda operator: operator.invite(name, minutes, reuse))
    call.screen.say(*page.invited(made, now()))
    call.screen.data(made, [made.text])
    call.screen.say(*page.hand_over(made))
    _warn(call, made.warnings)
    if no_wait or call.screen.piped or call.screen.json:
        return 0
    call.goes_on = (
        f"the invitation stays open: {call.typed('peers list')} shows {name} once it has joined"
    )
    paired = _joined(call, made)
    if paired is None:
        raise GatepostError(
            "invitation.expired", what=f"nobody used the invitation for `{name}`", peer=name
        )
    call.screen.say(*page.paired(paired))
    _next(call, paired)
    return 0


def accept(
    call: Call,
    invitation: Annotated[
        str,
        typer.Argument(
            metavar="[STRING]",
            help="The invitation; - reads stdin, nothing asks for it.",
            show_default=False,
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What you will call the other node. Default: its own name.",
        ),
    ] = "",
    reuse: opt.Reuse = False,
) -> int:
    """Accept an invitation, and prove the way both ways before anything is kept."""
    text = invitation if invitation not in ("", "-") else call.screen.prompt("invitation:")
    if not text:
        call.screen.say("nothing was paired")
        return NO
    call.goes_on = f"stopped while pairing: {call.typed('peers list')} shows whether it was done"
    call.screen.progress("pairing")
    made = call.as_operator(lambda operator: operator.accept(text, name, reuse))
    call.screen.data(made, page.paired(made))
    _next(call, made)
    call.hint("undo", f"gatepost peers remove {made.alias}")
    return 0


def listed(call: Call) -> None:
    """Peers: how each is, what waits for it, what it may do."""
    views = call.as_operator(lambda operator: operator.peers())
    call.screen.data(views, page.listed(views, now()))
    if not views:
        call.hint("next", "gatepost peers invite NAME")


def show(call: Call, peer: opt.Alias) -> None:
    """One peer as its pairing ended: a ping both ways, the six words, what it may do, what next.

    For peers that were invited, and for those that were declared on both sides.
    """

    async def work(operator: "OperatorClient") -> Paired:
        while (found := await operator.paired(peer, 0.0)) is None:
            await operator.ping(peer)  # raises why it is no peer yet
        return found

    found = call.as_operator(work)
    call.screen.data(found, page.paired(found, "peer"))
    _next(call, found)


def ping(
    call: Call,
    peer: opt.Alias,
    wire: Annotated[
        bool,
        typer.Option(
            "--wire", help="Stop before policy: tells trouble of the network from a rule."
        ),
    ] = False,
) -> int:
    """A signed ping and its answer: it passes the rules of the other node.

    With --wire each step of the way is tried short of them: tcp, tls, pin, hello, link.
    """
    try:
        found = call.as_operator(lambda operator: operator.ping(peer, wire))
    except GatepostError as error:
        if not wire and error.code in ("peer.unreachable", "peer.refused", "peer.wrong_node"):
            call.hint("next", f"gatepost peers ping {peer} --wire")
        raise
    call.screen.data(found, page.ping(found))
    if not found.ok:
        what = f"`{peer}` refuses the ping" if found.code == "peer.ping_denied" else ""
        raise GatepostError(
            found.code or "peer.unreachable",
            what=what or f"no way to `{peer}`",
            why=found.why,
            peer=peer,
        )
    return 0


def block(call: Call, peer: opt.Alias) -> None:
    """Refuse everything from and to a peer, within a second."""
    _done(call, "blocked", peer, call.as_operator(lambda operator: operator.block(peer)))


def unblock(call: Call, peer: opt.Alias) -> None:
    """Take a block back: the rules decide again."""
    _done(call, "unblocked", peer, call.as_operator(lambda operator: operator.unblock(peer)))


def trust(call: Call, peer: opt.Alias) -> int:
    """Accept that a peer's key or database changed, after its operator confirmed it by another way.

    Asks for the alias again; nothing skips the question.
    """
    known = {view.alias: view for view in call.as_operator(lambda operator: operator.peers())}
    if peer in known:
        call.screen.say(*page.changed(known[peer], now()))
    if (
        call.screen.prompt(
            f"Did the operator of {peer} confirm the change? Type {peer} to trust it:"
        )
        != peer
    ):
        call.screen.say("nothing was changed")
        return NO
    _done(call, "trusted", peer, call.as_operator(lambda operator: operator.trust(peer)))
    return 0


def remove(call: Call, peer: opt.Alias) -> None:
    """Forget a peer. What waits for it ends; what it sent stays known."""
    _done(call, "removed", peer, call.as_operator(lambda operator: operator.remove_peer(peer)))


def endpoint(
    call: Call,
    peer: opt.Alias,
    address: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="Where it is now.", show_default=False)
    ],
) -> None:
    """Say where a peer is dialled."""
    undo = call.as_operator(lambda operator: operator.set_endpoint(peer, address))
    where = f"dialled at {address}" if address else "dialled where its own record says"
    _done(call, where, peer, undo)


def alias(
    call: Call,
    peer: opt.Alias,
    new: Annotated[str, typer.Argument(metavar="NAME", help="Its new alias.", show_default=False)],
    reuse: opt.Reuse = False,
) -> None:
    """Call a peer something else. Rules that name the old alias go on meaning it.

    For 30 days no other node gets the old alias unasked (--reuse).
    """
    made = call.as_operator(lambda operator: operator.rename_peer(peer, new, reuse))
    did = f"renamed to {new}"
    call.screen.data({"peer": peer, "did": did, "undo": made.undo}, [f"{peer}  {did}"])
    _warn(call, made.warnings)
    call.hint("undo", made.undo)


def _joined(call: Call, made: Invitation) -> Paired | None:
    import asyncio

    async def work(operator: "OperatorClient") -> Paired | None:
        loop = asyncio.get_running_loop()
        end = loop.time() + (made.expires - now()) / 1000
        while (left := end - loop.time()) > 0:
            call.screen.progress(
                f"waiting for {made.alias}  {span(left * 1000)} left  (Ctrl-C is safe)"
            )
            if (paired := await operator.paired(made.alias, min(SLICE, left))) is not None:
                return paired
        return None

    return call.as_operator(work)


def _warn(call: Call, warnings: Sequence[str]) -> None:
    for line in warnings:
        call.hint("note", line)


def _next(call: Call, paired: Paired) -> None:
    _warn(call, paired.warnings)
    for line in paired.next:
        call.hint("next", line)


def _done(call: Call, did: str, peer: str, undo: str) -> None:
    call.screen.data({"peer": peer, "did": did, "undo": undo}, [f"{peer}  {did}"])
    call.hint("undo", undo)
