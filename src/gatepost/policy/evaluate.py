"""The one function that decides: local, outbound, inbound; when a message comes and when it runs.

`evaluate` asks the five stages in turn. The real decision stops at the first that refuses or
makes wait; a hold goes on, for a limit may still refuse it. The full decision asks them all and
lists every blocker. Whatever a check raises becomes a refusal. Deciding takes nothing from any
counter: the caller does, with the decision's `charges`, once it acts on it.
"""

from collections.abc import Sequence

from gatepost.policy.decision import STAGES, Decision, Stage, Step, strongest
from gatepost.policy.law import Law, Outcome, origin
from gatepost.policy.limits import NO_LIMITS
from gatepost.policy.patterns import Party
from gatepost.policy.request import Facts, Request
from gatepost.policy.stages import CHECKS

__all__ = ["Decision", "Facts", "Party", "Request", "Step", "evaluate"]

_STOPS = ("deny", "wait")


def evaluate(law: Law, request: Request, facts: Facts, full: bool = False) -> Decision:
    """Decide `request` by `law` and `facts`; with `full`, list every blocker. Never raises."""
    try:
        outcome = law.match(request.direction, request.verb, request.sender, request.to).outcome(
            request
        )
    except Exception as crash:
        return _decision(None, (_crashed("allowed", crash),))
    found: list[Step] = []
    for stage, check in CHECKS:
        try:
            steps = check(law, request, facts, outcome, full)
            if not steps:
                continue
            found.extend(steps)
        except Exception as crash:
            found.append(_crashed(stage, crash))
        if not full and any(step.verdict in _STOPS for step in found):
            break
    if not found:
        return _allowed(request, outcome)
    if full:
        found = _complete(request, outcome, found)
    return _decision(outcome, found)


def _allowed(request: Request, outcome: Outcome) -> Decision:
    """The decision that nothing blocks; made once for each outcome, for it is always the same."""
    decision = outcome.allowed
    if decision is None:
        decision = outcome.allowed = _decision(outcome, _complete(request, outcome, ()))
    return decision


def _decision(outcome: Outcome | None, steps: Sequence[Step]) -> Decision:
    top = strongest(steps)
    return Decision(
        verdict=top.verdict if top else "allow",
        word=top.word if top else "ok",
        stage=top.stage if top else "",
        code=top.code if top else "",
        rules=tuple(rule.id for rule in outcome.rules) if outcome else (),
        steps=tuple(steps),
        limits=outcome.limits if outcome else NO_LIMITS,
        charges=outcome.charges if outcome else (),
    )


def _complete(request: Request, outcome: Outcome, blockers: Sequence[Step]) -> list[Step]:
    """All stages in order: the blockers of each, or the line that says it passes."""
    steps: list[Step] = []
    for stage in STAGES:
        mine = [step for step in blockers if step.stage == stage]
        steps.extend(mine or (_passes(stage, request, outcome),))
    return steps


def _passes(stage: Stage, request: Request, outcome: Outcome) -> Step:
    if stage == "allowed":
        rule = (outcome.allows or outcome.holds)[0]
        because = f"rule `{rule.id}` lets {request.sender} {request.verb} {request.to}"
        return Step("allowed", "allow", rule.id, origin(rule), because)
    return _PASSED[stage]


_PASSED: dict[Stage, Step] = {
    "paused": Step("paused", "allow", because="nothing is paused"),
    "genuine": Step("genuine", "allow", because="the peer is known, and the request fits"),
    "limits": Step("limits", "allow", because="no limit is reached"),
    "ready": Step("ready", "allow", because="the agent is there"),
}


def _crashed(stage: Stage, crash: Exception) -> Step:
    """A check that fails refuses. What failed stays here; the peer sees a plain refusal."""
    because = (
        f"the check failed ({type(crash).__name__}: {crash}), and what cannot be checked is refused"
    )
    return Step(
        stage,
        "deny",
        because=because,
        fix="gatepost log",
        code="bug.internal",
        word="denied",
    )
