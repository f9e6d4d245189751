"""The gates a `sessions_send` passes, in the order the gateway asks them, each with its answer.

The gateway stops at the first gate that is shut, so whoever mends one thing meets the next error.
Here all gates are asked for one pair of agents, and each answer carries the effective value, where
it comes from, the words the calling agent would read, and the commands that open the gate.

The order: a sandboxed caller is first clamped to the sessions it spawned; then another agent's
session is seen only under `all`; then `agentToAgent` must be on; then both agents must be on its
list. Within one agent only visibility is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gatepost.adapters.openclaw.explain import allow, fixes
from gatepost.adapters.openclaw.explain.configuration import (
    ALLOW,
    CLAMP,
    ENABLED,
    VISIBILITY,
    Configuration,
    Fault,
)
from gatepost.adapters.openclaw.explain.fixes import Value
from gatepost.adapters.openclaw.explain.json5 import plain

Name = Literal["visibility", "agentToAgent.enabled", "agentToAgent.allow", "sandbox"]

DISABLED = (
    "Agent-to-agent messaging is disabled. "
    "Set tools.agentToAgent.enabled=true to allow cross-agent sends."
)
NOT_ALLOWED = "Agent-to-agent messaging denied by tools.agentToAgent.allow."
WITHIN = "Session send visibility is restricted to the current session"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who would send to whom, by canonical id; `sandboxed` when the sender runs in a sandbox."""

    sender: str
    target: str
    sandboxed: bool = False

    @property
    def crosses(self) -> bool:
        """True between two agents."""
        return self.sender != self.target


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: `error` is empty when it is open, else the words the calling agent reads.

    `wanted` is the value that opens it.
    """

    name: Name
    key: str
    effective: Value
    origin: str
    wanted: Value
    error: str = ""
    fault: Fault | None = None

    @property
    def fix(self) -> tuple[str, ...]:
        """The commands that open it; none when it is open."""
        if not self.error:
            return ()
        return (
            fixes.by_hand(self.fault, self.wanted)
            if self.fault
            else fixes.set(self.key, self.wanted)
        )


def gates(wish: Wish, configuration: Configuration) -> tuple[Gate, ...]:
    """Every gate this wish meets, in the gateway's own order."""
    between = (_enabled, _allow) if wish.crosses else ()
    asked = (*((_sandbox,) if wish.sandboxed else ()), _visibility, *between)
    return tuple(gate(wish, configuration) for gate in asked)


def shut(found: tuple[Gate, ...]) -> Iterator[Gate]:
    """The gates that are shut."""
    return (gate for gate in found if gate.error)


def _sandbox(wish: Wish, given: Configuration) -> Gate:
    written = given.written(CLAMP)
    value = str(written.value) if written else "spawned"
    error = "" if value == "all" else _clamped(wish, given)
    return _gate("sandbox", CLAMP, given, value, "all", error)


def _clamped(wish: Wish, given: Configuration) -> str:
    """What a sandboxed caller reads; newer releases tell it to set what cannot help."""
    if given.release.hides_first:
        session = given.session(wish.target)
        return f"Session not visible from this sandboxed agent session: {session}"
    return given.release.restricted if wish.crosses else f"{WITHIN} tree ({VISIBILITY}=tree)."


def _visibility(wish: Wish, given: Configuration) -> Gate:
    written = given.written(VISIBILITY)
    value = str(written.value) if written else given.release.visibility
    wanted = "all" if wish.crosses else "agent"
    return _gate("visibility", VISIBILITY, given, value, wanted, _unseen(wish, given, value))


def _unseen(wish: Wish, given: Configuration, value: str) -> str:
    """Why the target's main session is not seen from the sender's; empty when it is."""
    if wish.crosses:
        return "" if value == "all" else given.release.restricted
    if value == "self":
        return f"{WITHIN} ({VISIBILITY}=self)."
    if value == "tree" and not given.release.main_sees_own:
        return f"{WITHIN} tree ({VISIBILITY}=tree)."
    return ""


def _enabled(wish: Wish, given: Configuration) -> Gate:
    written = given.written(ENABLED)
    value = written.value if written else given.release.enabled
    shown = value if isinstance(value, bool) else str(value)
    error = "" if value is True else DISABLED
    return _gate("agentToAgent.enabled", ENABLED, given, shown, True, error)


def _allow(wish: Wish, given: Configuration) -> Gate:
    written = given.written(ALLOW)
    entries = allow.texts(written)
    pair = (wish.sender, wish.target)
    error = "" if all(allow.matches(entries, agent) for agent in pair) else NOT_ALLOWED
    wanted = allow.repaired(written, pair)
    return _gate("agentToAgent.allow", ALLOW, given, entries, wanted, error)


def _gate(
    name: Name, key: str, given: Configuration, value: Value, wanted: Value, error: str
) -> Gate:
    """A gate whose value OpenClaw refuses is shut, whatever the value would mean."""
    written, fault = given.written(key), given.fault(key)
    value = fixes.written(plain(written)) if fault else value
    origin = written.where if written else given.release.default
    return Gate(name, key, value, origin, wanted, fault.error if fault else error, fault)
