"""Evidence for people: what a peer signed about a message, and whether it holds."""

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item, Table
from gatepost.cli.times import clock
from gatepost.core.views import Evidence

SHOWS = {"received": "it has the message"}


def evidence(found: Evidence, now: int) -> list[Item]:
    """Each proof in a line, then what it is worth."""
    head = f"{found.state}  {found.id}"
    if not found.node:
        return [head, labelled("proof", "none: it never left this node, or came from a peer")]
    if not found.proofs:
        return [head, labelled("proof", f"{found.peer} has signed nothing about it yet")]
    rows = [
        (
            clock(proof.at, now),
            SHOWS.get(proof.shows, f"it ended {proof.shows}"),
            f"proves nothing: {proof.flaw}" if proof.flaw else "holds",
        )
        for proof in found.proofs
    ]
    return [
        head,
        labelled("signer", f"{found.peer}, {found.node}"),
        "",
        Table(("when", "what it signed", "signature"), rows),
    ]
