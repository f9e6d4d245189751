"""The verdict with its trace: what a decision says, to this node, to the operator, to a peer.

Only values. Strongest first: deny, hold, wait, allow. A `wait` is not a refusal: the message
stays where it is until a pause ends, a run ends or an adapter is back.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from gatepost.policy.limits import Limits
from gatepost.policy.usage import Charge

Verdict = Literal["allow", "wait", "hold", "deny"]
Stage = Literal["paused", "genuine", "allowed", "limits", "ready"]
Word = Literal[
    "ok", "denied", "limited", "expired", "bad_request", "unsupported", "too_large", "held"
]
STAGES: tuple[Stage, ...] = ("paused", "genuine", "allowed", "limits", "ready")
STRENGTH: dict[Verdict, int] = {"allow": 0, "wait": 1, "hold": 2, "deny": 3}


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the trace. `origin` is file:line, or the command and time that made the rule.

    `fix` is a command that removes this blocker, or a plain sentence where none can. `code` is of
    the error catalogue and `word` what a peer would learn; both empty when nothing is refused.
    """

    stage: Stage
    verdict: Verdict
    rule: str = ""
    origin: str = ""
    because: str = ""
    fix: str = ""
    code: str = ""
    word: Word = "ok"


class Decision(msgspec.Struct, frozen=True):
    """What was decided. `stage` and `code` are those of the strongest step, "" when allowed.

    `rules` are the ids of all rules that spoke, sorted. `limits` is the smallest of each kind
    that applies. `charges` are the counters to take from once the node acts on an `allow` or a
    `hold`.
    """

    verdict: Verdict
    word: Word
    stage: Stage | Literal[""]
    code: str
    rules: tuple[str, ...]
    steps: tuple[Step, ...]
    limits: Limits
    charges: tuple[Charge, ...] = ()


def strongest(steps: Sequence[Step]) -> Step | None:
    """The first of the strongest blockers; None when nothing blocks."""
    found: Step | None = None
    for step in steps:
        if STRENGTH[step.verdict] > (STRENGTH[found.verdict] if found else 0):
            found = step
    return found
