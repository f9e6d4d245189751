"""Answers as JSON: the shapes `gatepost openclaw explain --json` and `doctor --json` print."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from gatepost.adapters.openclaw.explain.explanation import Explanation, Warned
from gatepost.adapters.openclaw.explain.gates import Gate, Name
from gatepost.adapters.openclaw.explain.survey import Survey

Answer = Literal["allow", "deny"]


class Blocker(msgspec.Struct, frozen=True):
    """A gate that is shut.

    `effective` is the value that counts, `origin` the file and line it stands on or whose default
    it is, `error` the exact words the calling agent reads, `fix` the commands that open the gate.
    """

    gate: Name
    effective: bool | str | tuple[str, ...]
    origin: str
    error: str
    fix: tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True):
    """May it pass? `deny` without blockers: a warning says what else is in the way."""

    verdict: Answer
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[str, ...] = ()


class Pair(msgspec.Struct, frozen=True, rename={"sender": "from", "target": "to"}):
    """One pair of agents in a survey, with the gates shut for it."""

    sender: str
    target: str
    verdict: Answer
    gates: tuple[Name, ...] = ()


class Surveyed(Verdict, frozen=True):
    """All pairs of a gateway: `deny` when some pair is refused."""

    pairs: tuple[Pair, ...] = ()


def surveyed(found: Survey, warnings: Iterable[Warned]) -> Surveyed:
    """A survey as JSON."""
    pairs = tuple(pair(one) for one in found.pairs)
    refused = any(one.verdict == "deny" for one in pairs)
    return Surveyed(
        "deny" if refused else "allow",
        tuple(blocker(gate) for gate in found.blockers),
        tuple(said(one) for one in warnings),
        pairs,
    )


def pair(one: Explanation) -> Pair:
    """One pair as JSON."""
    gates: tuple[Name, ...] = tuple(gate.name for gate in one.blockers)
    answer = "allow" if one.allowed else "deny"
    return Pair(one.wish.sender, one.wish.target, answer, gates)


def verdict(found: Explanation) -> Verdict:
    """An explanation as JSON. What mends the file itself stands with the first blocker."""
    first, *others = [*found.blockers, None]
    blockers = () if first is None else (blocker(first, found.mending),)
    blockers += tuple(blocker(gate) for gate in others if gate)
    warnings = tuple(said(one) for one in found.warnings)
    return Verdict("allow" if found.allowed else "deny", blockers, warnings)


def blocker(gate: Gate, before: tuple[str, ...] = ()) -> Blocker:
    """One shut gate as JSON; `before` is typed before its own fix."""
    fix = tuple(dict.fromkeys((*before, *gate.fix)))
    return Blocker(gate.name, gate.effective, gate.origin, gate.error, fix)


def said(one: Warned) -> str:
    """A warning in one line, with what to type."""
    return f"{one.text}   fix: {'; '.join(one.fix)}" if one.fix else one.text
