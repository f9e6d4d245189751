"""What a model gives a tool, read into types; what cannot be read is said in words a model can use.

Waits are bounded here: a client gives up on a tool after about a minute, and an answer that comes
after that is lost to it. Unknown arguments are refused, the nearest known one is named.
"""

from difflib import get_close_matches
from typing import Annotated, Final, Literal, TypeVar, cast

import msgspec

from gatepost.errors import GatepostError

LONGEST_WAIT: Final = 50.0
"""Seconds. The clients in use give a tool 60 and more."""

HOUR_MS: Final = 3_600_000

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Words = Annotated[str, msgspec.Meta(min_length=1)]
Hours = Annotated[float, msgspec.Meta(ge=0)]
Action = Literal["send", "ask", "delegate"]


class AgentsList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents to list."""

    query: str = ""
    can: Literal["", "send", "ask", "delegate"] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class Send(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message that wants nothing back."""

    to: Words
    text: Words
    conversation: str = ""
    expires_hours: Hours = 0
    request_key: str = ""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question."""

    to: Words
    question: Words
    wait_seconds: Seconds = 45.0
    conversation: str = ""
    request_key: str = ""


class Delegate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task."""

    to: Words
    task: Words
    done_when: Words
    context: str = ""
    conversation: str = ""
    expires_hours: Hours = 0
    request_key: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about a message this agent has, or to a question asked back."""

    to_message: Words
    text: str
    kind: Literal["answer", "progress", "needs_input", "done", "declined", "failed"] = "answer"


class Inbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looking for messages."""

    unread_only: bool = True
    wait_seconds: Seconds = 0.0


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looking after a message."""

    id: Words
    wait_seconds: Seconds = 0.0
    cancel: bool = False


class Explain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asking why."""

    message_id: str = ""
    to: str = ""
    action: Action = "ask"


GivenT = TypeVar("GivenT", bound=msgspec.Struct)


def read(kind: type[GivenT], given: object) -> GivenT:
    """The arguments as `kind`. Raises `usage.invalid`, saying which argument and why."""
    if isinstance(given, dict):
        _known(kind, {str(name) for name in cast("dict[object, object]", given)})
    try:
        return msgspec.convert(given, kind, strict=True)
    except msgspec.ValidationError as fault:
        raise GatepostError(
            "usage.invalid", what="the arguments cannot be used", why=str(fault)
        ) from None


def _known(kind: type[msgspec.Struct], names: set[str]) -> None:
    known = kind.__struct_fields__
    for name in sorted(names - set(known)):
        near = get_close_matches(name, known, 1)
        meant = f"did you mean `{near[0]}`?" if near else f"it takes {', '.join(known)}"
        raise GatepostError("usage.invalid", what=f"there is no argument `{name}`", why=meant)


def bounded(seconds: float) -> float:
    """A wait that ends before the client gives up."""
    return min(seconds, LONGEST_WAIT)
