"""An OpenClaw configuration as the rules of `sessions_send` read it: typed, each value with origin.

Pure. What is not there stays None, so that a default can say that it is one; what has a wrong type
or is no legal value is kept as a fault, because OpenClaw refuses such a file as a whole. Parts that
these rules do not read are not looked at.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatepost.adapters.openclaw.explain.agents import Agent, Roster, roster
from gatepost.adapters.openclaw.explain.json5 import Node
from gatepost.adapters.openclaw.explain.release import VISIBILITIES, Release

VISIBILITY = "tools.sessions.visibility"
ENABLED = "tools.agentToAgent.enabled"
ALLOW = "tools.agentToAgent.allow"
CLAMP = "agents.defaults.sandbox.sessionToolsVisibility"
MODE = "agents.defaults.sandbox.mode"
CLAMPS = ("spawned", "all")
HOLDERS: Mapping[str, tuple[str, ...]] = {
    "tools": (),
    "tools.sessions": ("visibility",),
    "tools.agentToAgent": ("enabled", "allow"),
    "agents": (),
    "agents.defaults": (),
    "agents.defaults.sandbox": (),
}
"""Objects on the way to the gates, with all keys they may hold where that is known."""

_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_][A-Z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """A value OpenClaw refuses, and with it the file: its gate's key, its place, what it says."""

    key: str
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration under one release. `tree` is the file with all included ones in place."""

    tree: Node
    release: Release
    roster: Roster
    faults: tuple[Fault, ...] = ()

    def written(self, key: str) -> Node | None:
        """The value of a dotted key as it was written, if it was and is no `null`."""
        return self.tree.at(*key.split("."))

    def fault(self, key: str) -> Fault | None:
        """What is wrong with the value of a key, or with one of its elements."""
        return next((one for one in self.faults if f"{one.key}.".startswith(f"{key}.")), None)

    def of_agent(self, agent: Agent | None, *path: str) -> Node | None:
        """A value of one agent's own part."""
        return agent.node.at(*path) if agent else None

    @property
    def touched(self) -> str:
        """The version that wrote the file last, or nothing."""
        return touched(self.tree)

    @property
    def main_key(self) -> str:
        """What the main session of an agent is called: `agent:ID:main`, unless it was renamed."""
        found = self.written("session.mainKey")
        named = found.value.strip() if found and isinstance(found.value, str) else ""
        return named.lower() or "main"

    def session(self, agent: str) -> str:
        """The key of an agent's main session."""
        return f"agent:{agent}:{self.main_key}"


def touched(tree: Node) -> str:
    """`meta.lastTouchedVersion`, or nothing."""
    found = tree.at("meta", "lastTouchedVersion")
    return found.value if found and isinstance(found.value, str) else ""


def read(tree: Node, like: Release, environ: Mapping[str, str]) -> Configuration:
    """A configuration as this release reads it; `environ` fills in `${NAME}`."""
    filled = _filled(tree, environ)
    known = roster(filled, like)
    return Configuration(filled, like, known, _faults(filled, like, known))


def _filled(node: Node, environ: Mapping[str, str]) -> Node:
    """`${NAME}` replaced in every text, as OpenClaw does; an unknown name stays as it is."""
    if isinstance(node.value, str) and "${" in node.value:
        text = _VARIABLE.sub(lambda name: environ.get(name[1]) or name[0], node.value)
        return Node(text, node.file, node.line)
    if isinstance(node.value, tuple):
        return Node(tuple(_filled(one, environ) for one in node.value), node.file, node.line)
    if isinstance(node.value, Mapping):
        members = {key: _filled(one, environ) for key, one in node.value.items()}
        return Node(members, node.file, node.line)
    return node


def _faults(tree: Node, like: Release, known: Roster) -> tuple[Fault, ...]:
    gates = (*_choices(tree), *_switch(tree), *_entries(tree))
    return (*_shapes(tree), *gates, *_unknown(tree, like, known), *_owners(tree, like, known))


def _shapes(tree: Node) -> Iterator[Fault]:
    """What holds the keys of the gates must be an object, and hold nothing else."""
    for key, known in HOLDERS.items():
        found = tree.at(*key.split("."))
        if found and not isinstance(found.value, Mapping):
            yield Fault(
                key, f"Invalid input: expected object, received {_type(found)}", found.where
            )
        strange = [name for name in (found.members() if found else ()) if name not in known]
        if found and known and strange:
            word = "key" if len(strange) == 1 else "keys"
            error = f"Unrecognized {word}: {_either(strange, ', ')}"
            yield Fault(key, error, found.members()[strange[0]].where)


def _choices(tree: Node) -> Iterator[Fault]:
    errors = {
        VISIBILITY: (VISIBILITIES, f"Invalid option: expected one of {_either(VISIBILITIES, '|')}"),
        CLAMP: (CLAMPS, f"Invalid input (allowed: {_either(CLAMPS, ', ')})"),
    }
    for key, (values, error) in errors.items():
        if (found := tree.at(*key.split("."))) and found.value not in values:
            yield Fault(key, error, found.where)


def _switch(tree: Node) -> Iterator[Fault]:
    found = tree.at(*ENABLED.split("."))
    if found and not isinstance(found.value, bool):
        error = f"expected boolean, received {_type(found)} (allowed: true, false)"
        yield Fault(ENABLED, f"Invalid input: {error}", found.where)


def _entries(tree: Node) -> Iterator[Fault]:
    found = tree.at(*ALLOW.split("."))
    if found and not isinstance(found.value, tuple):
        error = f"Invalid input: expected array, received {_type(found)}"
        yield Fault(ALLOW, error, found.where)
    for at, one in enumerate(found.elements() if found else ()):
        if not isinstance(one.value, str):
            error = f"Invalid input: expected string, received {_type(one)}"
            yield Fault(f"{ALLOW}.{at}", error, one.where)


def _unknown(tree: Node, like: Release, known: Roster) -> Iterator[Fault]:
    """Keys people write because another release, or common sense, has them."""
    if known.unread:
        key = "list" if like.keyed else "entries"
        yield Fault("agents", f'Unrecognized key: "{key}"', known.unread.where)
    if like.keyed and (found := tree.at("session", "agentToAgent")):
        yield Fault("session", 'Unrecognized key: "agentToAgent"', found.where)
    for agent in known.agents:
        for key in ("sessions", "agentToAgent"):
            if found := agent.node.at("tools", key):
                yield Fault(f"{agent.key}.tools", f'Unrecognized key: "{key}"', found.where)


def _owners(tree: Node, like: Release, known: Roster) -> Iterator[Fault]:
    """Newer releases refuse several agents without a word on whom things without owner are for."""
    said = tree.at("agents", "ownership")
    marked = [
        one for one in known.agents if (mark := one.node.at("default")) and mark.value is True
    ]
    if not like.keyed or len(known.agents) < 2 or len(marked) == 1:
        return
    if not (said and said.value == "explicit"):
        error = (
            'multi-agent rosters require agents.ownership="explicit" or one legacy default=true '
            'marker; add agents.ownership="explicit" or run openclaw doctor'
        )
        yield Fault("agents.ownership", error, (tree.at("agents") or tree).where)


def _either(values: Sequence[str], mark: str) -> str:
    return mark.join(f'"{one}"' for one in values)


def _type(node: Node) -> str:
    if isinstance(node.value, tuple):
        return "array"
    if isinstance(node.value, Mapping):
        return "object"
    names = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return names[type(node.value)]
