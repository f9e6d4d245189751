"""`tools.agentToAgent.allow`: which agents its entries match, and which entries are traps.

Both the sender and the target must match an entry. No list and an empty list match everybody; one
of nothing but blanks matches nobody. An entry without `*` is compared as it stands, and ids are
lower case, so `Main` matches nobody; one with `*` matches in any case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatepost.adapters.openclaw.explain.agents import canonical
from gatepost.adapters.openclaw.explain.json5 import Node


@dataclass(frozen=True, slots=True)
class Trap:
    """An entry that does not do what whoever wrote it meant, with its place."""

    entry: str
    because: str
    where: str


def matches(entries: Sequence[str], agent: str) -> bool:
    """True when the list lets this agent (its canonical id) take part."""
    return not entries or any(_match(entry.strip(), agent) for entry in entries)


def texts(allow: Node | None) -> tuple[str, ...]:
    """The entries that are text; the others make the whole file invalid."""
    elements = allow.elements() if allow else ()
    return tuple(one.value for one in elements if isinstance(one.value, str))


def repaired(allow: Node | None, agents: Sequence[str]) -> tuple[str, ...]:
    """The list as it was written, plus those of `agents` it does not match yet."""
    entries = texts(allow)
    missing = [one for one in agents if not (entries and matches(entries, one))]
    return tuple(dict.fromkeys((*(one for one in entries if one.strip()), *missing)))


def traps(allow: Node | None, ids: Sequence[str]) -> Iterator[Trap]:
    """Every entry that matches none of the agents `ids` although somebody wrote it."""
    for one in allow.elements() if allow else ():
        if not isinstance(one.value, str):
            because = "an entry is text, the id of an agent; OpenClaw refuses the whole file"
            yield Trap(_kind(one), because, one.where)
        elif because := _odd(one.value.strip(), ids):
            yield Trap(one.value, because, one.where)


def _match(entry: str, agent: str) -> bool:
    if "*" not in entry:
        return bool(entry) and entry == agent
    first, *inner, last = entry.lower().split("*")
    if not agent.startswith(first) or len(first) + len(last) > len(agent):
        return False
    at, end = len(first), len(agent) - len(last)
    for part in inner:
        found = agent.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return agent.endswith(last)


def _odd(entry: str, ids: Sequence[str]) -> str:
    if not entry:
        return "a blank entry matches no agent; delete it, or the whole list to allow every pair"
    if any(_match(entry, id) for id in ids):
        return ""
    if entry.lower().startswith("agent:"):
        return f"an entry is an agent id, not a session key: write {canonical(entry.split(':')[1])}"
    if "*" in entry:
        return "it matches no agent of this gateway"
    if canonical(entry) in ids:
        return f"ids are compared exactly, and this agent's is {canonical(entry)}"
    return "this gateway has no such agent"


def _kind(node: Node) -> str:
    id = node.at("id")
    if id and isinstance(id.value, str):
        return f'{{"id": "{id.value}"}}'
    return "an object" if node.members() else "a list" if node.elements() else f"{node.value}"
