"""Why a pair of nodes stopped by itself, in words, and what a person can do about it.

A pair stops for good when going on could lose, repeat or forge something. `key` and `bug` end by
`peers trust`, once somebody has looked. The others mean that the two databases contradict each
other: this version can only begin anew, so both sides remove the peer and pair again.
"""

from typing import Final

CONTRADICTED: Final = ("superseded", "fork", "behind", "era")
"""Reasons that no word of the operator mends."""

_WHY: Final = {
    "key": "it shows keys that do not follow from those it was paired with",
    "bug": "what it sends made this node break off again and again",
    "superseded": "it has met a newer life of this node: this home is an old copy, or a copy runs",
    "fork": "it refuses this life of this node: this home is a copy, or an old one",
    "behind": "it holds more of what this node sent than this node's database knows of",
    "era": "it was restored from a backup and begins anew, which this version cannot follow",
}


def why(reason: str) -> str:
    """A stop in one sentence, without its end."""
    return _WHY.get(reason, reason)


def code(reason: str) -> str:
    """The error that says it."""
    return "peer.stopped" if reason in CONTRADICTED else "peer.frozen"


def fix(reason: str, alias: str) -> str:
    """The command that goes on from a stop."""
    return f"gatepost peers {'remove' if reason in CONTRADICTED else 'trust'} {alias}"
