"""What an agent's last word about a message means."""

from gatepost.core.entry import is_code
from gatepost.core.lifecycle import State
from gatepost.core.message import Content, Text, UpdateIn
from gatepost.node.opened import OpenMessage


def end_state(update: UpdateIn, message: OpenMessage) -> State:
    """The outcome: a failure after the sender withdrew is a cancellation."""
    if update.kind == "declined":
        return "rejected"
    if update.kind == "failed":
        return "cancelled" if message.cancelling else "failed"
    return "delivered" if message.row.want == "nothing" else "done"


def spoken(update: UpdateIn) -> tuple[Content, ...]:
    """What the sender is given to read: a reason in words stands among the parts."""
    if update.reason and not is_code(update.reason):
        return (*update.parts, Text(update.reason))
    return update.parts


def reason_of(update: UpdateIn) -> str:
    """The reason when it is a code, "" when it is words."""
    return update.reason if is_code(update.reason) else ""
