"""States of a message and the only legal changes between them.

A message moves forward only: it may skip states (a quick answer is never seen `working`), it never
goes back, and the first outcome wins. Tools, API, CLI, screens and the A2A mapping use exactly
these words.
"""

from typing import Literal

State = Literal[
    "accepted",
    "held",
    "received",
    "working",
    "needs_input",
    "delivered",
    "done",
    "rejected",
    "failed",
    "expired",
    "cancelled",
    "unknown",
]

OUTCOMES: frozenset[str] = frozenset(
    {"delivered", "done", "rejected", "failed", "expired", "cancelled", "unknown"}
)

_NEXT: dict[str, frozenset[str]] = {
    "accepted": frozenset({"held", "received", "working", "needs_input"}),
    "held": frozenset({"accepted", "received", "working", "needs_input"}),
    "received": frozenset({"held", "working", "needs_input"}),
    "working": frozenset({"held", "needs_input"}),
    "needs_input": frozenset({"held", "working"}),
}


def is_outcome(state: str) -> bool:
    """True for a state that ends a message."""
    return state in OUTCOMES


def may_change(before: str, after: str) -> bool:
    """True when a message in `before` may become `after`.

    Nothing follows an outcome; an outcome may follow anything else.
    """
    if before in OUTCOMES:
        return False
    return after in OUTCOMES or after in _NEXT[before]
