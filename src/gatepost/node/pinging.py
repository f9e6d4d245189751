"""Pings: whether a peer is there, and what stands in the way when it is not.

A plain ping is judged by the other side's policy. `try_way` stays below it: it tries the addresses
of the peer afresh, step by step, beside the live link, and asks over that link for a sign of life
no rule judges. So a rule and trouble of the network cannot be taken for each other.
"""

from gatepost.core.control import Answer
from gatepost.core.views import Ping, Step
from gatepost.errors import GatepostError
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.peers import Peer

_DIALS_US = Step("tcp", "skipped", "no address of it is known: it dials this node")
Tried = tuple[tuple[Step, ...], GatepostError | None]


async def timed(node: Node, peer: Peer, args: dict[str, str]) -> tuple[Answer, float]:
    """The answer to a ping, and how long it took (ms). Raises why there is none."""
    started = node.clock.monotonic()
    answer: Answer = await outcome(lambda done: node.talk.ask(peer, "ping", args, done))
    return answer, (node.clock.monotonic() - started) * 1000


async def try_way(node: Node, peer: Peer) -> Ping:
    """Every step of the way to a peer. Raises when this node itself wants no link with it."""
    closed = node.talk.closed(peer)
    if closed is not None:
        raise closed
    steps, error = await _probe(node, peer)
    link = await _over_link(node, peer)
    if link.state == "ok":
        error = None
    elif steps == (_DIALS_US,):
        error = GatepostError("peer.unreachable", why=f"{_DIALS_US.text}, and {link.text}")
    elif error is None:
        node.peers.dial_later(peer, 0.0)
    return Ping(
        peer.row.alias,
        peer.row.node,
        link.ms or sum(step.ms for step in steps),
        True,
        error is None,
        error.why if error else "",
        error.code if error else "",
        (*steps, link),
    )


async def _probe(node: Node, peer: Peer) -> Tried:
    transport, endpoints = node.peers.transport, node.peers.endpoints(peer)
    if transport is None:
        raise GatepostError("node.not_running")
    if not endpoints:
        return (_DIALS_US,), None
    pin = peer.record.tls_bytes
    return await outcome(
        lambda done: transport.probe(
            peer.row.node, endpoints, pin, lambda steps, error: done((steps, error))
        )
    )


async def _over_link(node: Node, peer: Peer) -> Step:
    line = peer.exchange.line
    if line is None:
        return Step("link", "failed", "there is no link now")
    try:
        _, ms = await timed(node, peer, {"wire": "yes"})
    except GatepostError as error:
        return Step("link", "failed", error.why)
    return Step("link", "ok", line.address, ms)
