"""The kinds of events, and how loud each is: what `log.level` lets through to the terminal.

Every kind a node emits stands here; a kind is dotted, its first word says what it is about.
"""

from typing import get_args

from gatepost.core.lifecycle import State

LEVELS = ("debug", "info", "warning", "error")

_MESSAGES = tuple(f"message.{state}" for state in get_args(State))
LEVEL: dict[str, str] = {
    **dict.fromkeys((*_MESSAGES, "frame.refused"), "debug"),
    "node.started": "info",
    "node.recovered": "warning",
    "node.paused": "info",
    "node.resumed": "info",
    "link.up": "info",
    "link.down": "info",
    "link.failed": "info",
    "contact.begun": "info",
    "contact.lost": "info",
    "peer.paired": "info",
    "peer.record": "info",
    "peer.stopped": "warning",
    "hold.opened": "info",
    "hold.approved": "info",
    "hold.refused": "info",
    "policy.changed": "info",
    "policy.refused": "warning",
    "config.changed": "info",
    "config.broken": "warning",
    "health.found": "warning",
    "health.mended": "info",
    "health.failed": "warning",
    "disk.low": "warning",
    "disk.enough": "warning",
    "message.replayed": "info",
    "message.dropped": "info",
    "messages.pruned": "info",
}


def loud(level: str) -> frozenset[str]:
    """The kinds of at least this level."""
    least = LEVELS.index(level)
    return frozenset(kind for kind, its in LEVEL.items() if LEVELS.index(its) >= least)
