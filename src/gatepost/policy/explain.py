"""Explaining: a full decision as something to read, and the other side's half of it.

Nothing is decided here. The stages are those of the decision, in order, each blocker with its own
fix. Where this node allows and another decides too, the commands of that node's operator are
named as well, in the words that node would use for this one.
"""

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


class Explanation(msgspec.Struct, frozen=True):
    """A decision explained. `verdict` is "allow", "wait", "hold" or "deny".

    `headline` is one sentence. `fixes` are the commands that remove every blocker here, `remote`
    those for the operator of the other node, `remote_node` its name. `rules` are all that spoke,
    `revision` names the text of the law.
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
        stages=tuple(_line(step) for step in decision.steps),
        headline=_headline(decision, request),
        code=decision.code,
        fixes=_fixes(blockers),
        remote_node=(request.to.alias or request.to.node) if outbound else "",
        remote=remote_fixes(request, facts) if outbound else (),
        rules=decision.rules,
        revision=revision,
    )


def remote_fixes(request: Request, facts: Facts) -> tuple[str, ...]:
    """What the operator of the other node types to see and to open this request there.

    This node's name stands for the alias the other side may have chosen; its id always works.
    """
    sender = Party(request.sender.agent, facts.node, facts.name or facts.node)
    to = Party(request.to.agent)
    seen = f"gatepost policy can {shell(str(sender))} {request.verb} {shell(str(to))}"
    return (seen, command_grant(sender, request.verb, to))


_REMOTE: dict[str, str] = {
    "denied": (
        "`{node}` refuses it: no rule there lets {sender} {verb} {to}, or there is no such agent"
    ),
    "limited": "`{node}` refuses it: a limit there is reached",
    "held": "`{node}` lets it wait for a person there",
    "expired": "it had expired when it reached `{node}`",
    "bad_request": "`{node}` could not read it",
    "unsupported": "`{node}` does not know that kind of request",
    "too_large": "it is larger than `{node}` takes",
}


def refused_there(word: str, request: Request, facts: Facts) -> Explanation:
    """Explain what the other node answered: all it says is one word."""
    node = request.to.alias or request.to.node
    text = _REMOTE.get(word, "`{node}` answers `" + word + "`")
    because = text.format(node=node, sender=request.sender, verb=request.verb, to=request.to.agent)
    verdict: Verdict = "hold" if word == "held" else "deny"
    fixes = remote_fixes(request, facts) if word in ("denied", "limited", "held") else ()
    line = StageLine("allowed", verdict, "", node, because, fixes[-1] if fixes else "")
    code = {"held": "policy.held", "limited": "policy.limited"}.get(word, "policy.denied")
    return Explanation(verdict, (line,), because, code, (), node, fixes)


def _fixes(blockers: list[Step]) -> tuple[str, ...]:
    # A rule that goes takes its limits along; raising them would find no rule.
    gone = {step.rule for step in blockers if step.stage == "allowed" and step.rule}
    kept = (step for step in blockers if step.stage != "limits" or step.rule not in gone)
    return tuple(dict.fromkeys(step.fix for step in kept if step.fix))


def _line(step: Step) -> StageLine:
    return StageLine(step.stage, step.verdict, step.rule, step.origin, step.because, step.fix)


def _headline(decision: Decision, request: Request) -> str:
    wish = f"{request.sender} {request.verb} {request.to}"
    blockers = [step for step in decision.steps if step.verdict != "allow"]
    top = strongest(blockers)
    if top is None:
        return f"allowed: {wish}"
    words = {"deny": "denied", "hold": "held", "wait": "allowed, but it waits"}
    more = f" (and {len(blockers) - 1} more)" if len(blockers) > 1 else ""
    return f"{words[top.verdict]}: {wish}: {top.because}{more}"
