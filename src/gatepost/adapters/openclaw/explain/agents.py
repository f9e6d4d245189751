"""The agents a configuration names, and how OpenClaw spells their ids.

Newer releases keep agents as members of `agents.entries`, older ones as elements of `agents.list`.
A newer release reads both, and the entries win; an older one knows the list alone.
"""

import re
from dataclasses import dataclass

from gatepost.adapters.openclaw.explain.json5 import Node
from gatepost.adapters.openclaw.explain.release import Release

FIRST = "main"
"""The agent of a configuration that names none."""
LONGEST = 64

_VALID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}")
_FOREIGN = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent: its id as OpenClaw compares it, its part of the file, and the key of that part."""

    id: str
    node: Node
    key: str


@dataclass(frozen=True, slots=True)
class Roster:
    """All agents in the order of the file. `unread` is a part of it that the release ignores."""

    agents: tuple[Agent, ...]
    unread: Node | None = None

    def find(self, id: str) -> Agent | None:
        """The agent with this id, however it is spelled; the first of two that are the same."""
        wanted = canonical(id)
        return next((one for one in self.agents if one.id == wanted), None)

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id once."""
        return tuple(dict.fromkeys(one.id for one in self.agents))


def canonical(id: str) -> str:
    """An agent id as OpenClaw compares it: lower case, other signs replaced, at most 64."""
    trimmed = id.strip()
    if _VALID.fullmatch(trimmed):
        return trimmed.lower()
    plain = _FOREIGN.sub("-", trimmed.lower()).lstrip("-").rstrip("-")[:LONGEST]
    return plain or FIRST


def roster(tree: Node, like: Release) -> Roster:
    """The agents that this release sees in a configuration."""
    listed, keyed = tree.at("agents", "list"), tree.at("agents", "entries")
    if keyed and like.keyed:
        members = keyed.members().items()
        agents = tuple(Agent(canonical(id), one, f"agents.entries.{id}") for id, one in members)
        return Roster(agents, unread=listed)
    elements = listed.elements() if listed else ()
    agents = tuple(_listed(at, one) for at, one in enumerate(elements) if one.members())
    if not agents and not (like.keyed and listed):  # an empty list is one, for newer releases
        agents = (Agent(FIRST, Node({}, tree.file), "agents"),)
    return Roster(agents, unread=keyed)


def _listed(at: int, node: Node) -> Agent:
    id = node.at("id")
    written = id.value if id and isinstance(id.value, str) else FIRST
    return Agent(canonical(written), node, f"agents.list.{at}")
