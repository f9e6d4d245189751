"""Explaining: a full decision as something to read, and the other side's half of it.

Nothing is decided here. The stages are those of the decision, in order, each blocker with its own
fix. Where this node allows and another decides too, the commands of that node's operator are
named as well, in the words that node would use for this one. What another node thinks is known
only from what it said: one word.
"""

from typing import Literal

import msgspec

from gatepost.policy.decision import Decision, Step, Verdict, strongest
from gatepost.policy.evaluate import evaluate
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party, shell
from gatepost.policy.request import Facts, Request
from gatepost.policy.stages import command_grant


class StageLine(msgspec.Struct, frozen=True):
    """One stage, or one blocker of it, as it is shown and as `--json` gives it."""

    stage: str
    verdict: str
    rule: str
    origin: str
    because: str
    fix: str


class Past(msgspec.Struct, frozen=True):
    """What was decided of a message when it came, at `at` (ms).

    `stages` are those of that decision, empty where it was not kept; `revision` names the law it
    was made by. `differs` says that this node would decide otherwise now.
    """

    at: int
    verdict: str
    because: str
    stages: tuple[StageLine, ...] = ()
    revision: str = ""
    differs: bool = False


class There(msgspec.Struct, frozen=True):
    """What the other node said, as far as it says anything.

    `verdict` is "unknown" where it has not been asked; `word` the one it answered with, at `at`
    (ms). `fixes` are commands for its operator.
    """

    node: str
    verdict: Literal["allow", "hold", "deny", "unknown"]
    because: str
    word: str = ""
    at: int = 0
    fixes: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """A decision explained. `verdict` is "allow", "wait", "hold" or "deny": this node's, now.

    `headline` is one sentence. `fixes` are the commands that remove every blocker here, `remote`
    those for the operator of the other node, `remote_node` its name. `rules` are all that spoke,
    `revision` names the text of the law. `then` is what was decided of a message when it came,
    `there` what the other node said. `notes` say what the answer rests on.
    """

    verdict: Verdict
    stages: tuple[StageLine, ...]
    headline: str
    code: str = ""
    fixes: tuple[str, ...] = ()
    remote_node: str = ""
    remote: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    revision: str = ""
    then: Past | None = None
    there: There | None = None
    notes: tuple[str, ...] = ()


def explain(law: Law, request: Request, facts: Facts) -> Explanation:
    """Decide `request` in full and explain it."""
    decision = evaluate(law, request, facts, full=True)
    return explained(decision, request, facts, law.revision)


def explained(
    decision: Decision, request: Request, facts: Facts, revision: str = ""
) -> Explanation:
    """Explain a decision, whether taken now or recorded."""
    blockers = [step for step in decision.steps if step.verdict != "allow"]
    outbound = request.direction == "outbound"
    return Explanation(
        verdict=decision.verdict,
        stages=lines(decision.steps),
        headline=_headline(decision, request),
        code=decision.code,
        fixes=_fixes(blockers),
        remote_node=(request.to.alias or request.to.node) if outbound else "",
        remote=remote_fixes(request, facts) if outbound else (),
        rules=decision.rules,
        revision=revision,
    )


def lines(steps: tuple[Step, ...]) -> tuple[StageLine, ...]:
    """Steps as they are shown."""
    return tuple(
        StageLine(step.stage, step.verdict, step.rule, step.origin, step.because, step.fix)
        for step in steps
    )


def remote_fixes(request: Request, facts: Facts) -> tuple[str, ...]:
    """What the other node's operator types to see what is in the way there, and to open it.

    This node's name stands for the alias the other side may have chosen; its id always works.
    """
    sender = Party(request.sender.agent, facts.node, facts.name or facts.node)
    to = Party(request.to.agent)
    seen = f"gatepost explain {shell(str(sender))} {shell(str(to))} {request.verb}"
    return (seen, command_grant(sender, request.verb, to))


_REMOTE: dict[str, str] = {
    "denied": (
        "`{node}` refuses it: no rule there lets {sender} {verb} {to}, or there is no such agent"
    ),
    "limited": "`{node}` refuses it: a limit there is reached",
    "held": "`{node}` lets it wait for a person there",
    "hold.refused": "a person at `{node}` refused it",
    "expired": "it had expired when it reached `{node}`",
    "bad_request": "`{node}` could not read it",
    "unsupported": "`{node}` does not know that kind of request",
    "too_large": "it is larger than `{node}` takes",
    "ok": "`{node}` let it in",
    "": "`{node}` has said nothing about it yet; its own rules decide",
}
_OPENED = ("denied", "limited", "held", "")
"""The words after which the other node's operator can do something about it."""


def said_there(word: str, request: Request, facts: Facts, at: int = 0) -> There:
    """Explain what the other node answered: all it says is one word ("": nothing yet)."""
    node = request.to.alias or request.to.node
    text = _REMOTE.get(word, "`{node}` answers `" + word + "`")
    because = text.format(node=node, sender=request.sender, verb=request.verb, to=request.to.agent)
    fixes = remote_fixes(request, facts) if word in _OPENED else ()
    if word == "":
        return There(node, "unknown", because, "", 0, fixes)
    verdict = "hold" if word == "held" else "allow" if word == "ok" else "deny"
    return There(node, verdict, because, word, at, fixes)


def _fixes(blockers: list[Step]) -> tuple[str, ...]:
    # A rule that goes takes its limits along; raising them would find no rule.
    gone = {step.rule for step in blockers if step.stage == "allowed" and step.rule}
    kept = (step for step in blockers if step.stage != "limits" or step.rule not in gone)
    return tuple(dict.fromkeys(step.fix for step in kept if step.fix))


def _headline(decision: Decision, request: Request) -> str:
    wish = f"{request.sender} {request.verb} {request.to}"
    blockers = [step for step in decision.steps if step.verdict != "allow"]
    top = strongest(blockers)
    if top is None:
        return f"allowed: {wish}"
    words = {"deny": "denied", "hold": "held", "wait": "allowed, but it waits"}
    more = f" (and {len(blockers) - 1} more)" if len(blockers) > 1 else ""
    return f"{words[top.verdict]}: {wish}: {top.because}{more}"
