"""The operator surface, one message: send it now, send it anew, end it, prove its end."""

from typing import Any

from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import Nothing, Reason
from gatepost.core.message import MessageView, Receipt
from gatepost.core.views import Evidence


async def retry(given: Given[Nothing]) -> MessageView:
    """Try to hand a message on at once."""
    return await given.inside.operator.retry(given.path["id"])


async def replay(given: Given[Reason]) -> Receipt:
    """Send a message that has ended anew."""
    return await given.inside.operator.replay(given.path["id"], given.body.reason)


async def drop(given: Given[Reason]) -> MessageView:
    """End a message."""
    return await given.inside.operator.drop(given.path["id"], given.body.reason)


async def evidence(given: Given[Nothing]) -> Evidence:
    """What a peer signed about a message."""
    return given.inside.operator.evidence(given.path["id"])


_MESSAGE = "/v1/messages/{id}"

REMEDIES: tuple[Operation[Any], ...] = (
    Operation(
        "POST",
        f"{_MESSAGE}/retry",
        "Hand an open message on at once",
        Nothing,
        MessageView,
        retry,
        waits=True,
    ),
    Operation(
        "POST",
        f"{_MESSAGE}/replay",
        "Send a message that has ended anew, under a new id",
        Reason,
        Receipt,
        replay,
    ),
    Operation("POST", f"{_MESSAGE}/drop", "End an open message", Reason, MessageView, drop),
    Operation(
        "GET",
        f"{_MESSAGE}/evidence",
        "What a peer signed about a message",
        Nothing,
        Evidence,
        evidence,
    ),
)
