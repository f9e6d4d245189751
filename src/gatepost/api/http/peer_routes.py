"""The operator surface, peers: each row is one method of the node's operator."""

from typing import Any

import msgspec

from gatepost.api.http.agent_routes import bounded
from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import (
    AcceptIn,
    AliasIn,
    EndpointIn,
    InviteIn,
    Nothing,
    PingIn,
    Undo,
)
from gatepost.core.views import Invitation, Paired, PeerView, Ping, Renamed


class PairedQuery(msgspec.Struct, frozen=True):
    """How long to wait for the other side, in seconds, at most 60."""

    timeout: float = 0.0


async def peers(given: Given[Nothing]) -> list[PeerView]:
    """All peers."""
    return given.inside.operator.peers()


async def invite(given: Given[InviteIn]) -> Invitation:
    """Make an invitation."""
    return await given.inside.operator.invite(
        given.body.alias, given.body.minutes, given.body.reuse
    )


async def paired(given: Given[PairedQuery]) -> Paired | None:
    """Wait for the other side to accept."""
    wait = bounded(given.body.timeout)
    return await given.inside.operator.paired(given.path["alias"], wait)


async def accept(given: Given[AcceptIn]) -> Paired:
    """Accept an invitation."""
    return await given.inside.operator.accept(given.body.text, given.body.alias, given.body.reuse)


async def ping(given: Given[PingIn]) -> Ping:
    """Ping a peer."""
    return await given.inside.operator.ping(given.path["alias"], given.body.wire)


async def block(given: Given[Nothing]) -> Undo:
    """Block a peer."""
    return Undo(await given.inside.operator.block(given.path["alias"]))


async def unblock(given: Given[Nothing]) -> Undo:
    """Unblock a peer."""
    return Undo(await given.inside.operator.unblock(given.path["alias"]))


async def trust(given: Given[Nothing]) -> Undo:
    """Trust what a frozen peer shows now."""
    return Undo(await given.inside.operator.trust(given.path["alias"]))


async def remove_peer(given: Given[Nothing]) -> Undo:
    """Forget a peer."""
    return Undo(await given.inside.operator.remove_peer(given.path["alias"]))


async def set_endpoint(given: Given[EndpointIn]) -> Undo:
    """Say where a peer is dialled."""
    operator = given.inside.operator
    return Undo(await operator.set_endpoint(given.path["alias"], given.body.endpoint))


async def rename_peer(given: Given[AliasIn]) -> Renamed:
    """Give a peer another alias."""
    body = given.body
    return await given.inside.operator.rename_peer(given.path["alias"], body.new, body.reuse)


_PEER = "/v1/peers/{alias}"

PEERS: tuple[Operation[Any], ...] = (
    Operation("GET", "/v1/peers", "All peers", Nothing, list[PeerView], peers),
    Operation("POST", "/v1/peers/invite", "Make an invitation", InviteIn, Invitation, invite),
    Operation(
        "POST", "/v1/peers/accept", "Accept an invitation", AcceptIn, Paired, accept, waits=True
    ),
    Operation(
        "GET",
        f"{_PEER}/paired",
        "Wait for the other side to accept; null when it has not",
        PairedQuery,
        Paired | None,
        paired,
        waits=True,
    ),
    Operation("POST", f"{_PEER}/ping", "Ping a peer", PingIn, Ping, ping, waits=True),
    Operation("POST", f"{_PEER}/block", "Block a peer", Nothing, Undo, block),
    Operation("POST", f"{_PEER}/unblock", "Unblock a peer", Nothing, Undo, unblock),
    Operation("POST", f"{_PEER}/trust", "Trust what a peer shows now", Nothing, Undo, trust),
    Operation("DELETE", _PEER, "Forget a peer", Nothing, Undo, remove_peer),
    Operation("PUT", f"{_PEER}/endpoint", "Say where it is", EndpointIn, Undo, set_endpoint),
    Operation("PUT", f"{_PEER}/alias", "Give it another alias", AliasIn, Renamed, rename_peer),
)
