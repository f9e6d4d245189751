"""The five questions: paused, genuine, allowed, limits, ready. Each answers with what blocks.

Every check here serves the real decision and the explanation alike, so that they cannot disagree.
A check that finds nothing costs a few comparisons; words are made only when something blocks.
`full` asks for all blockers, whatever the moment; without it only those that count at this
moment: a pause takes in nothing new from peers, and running agents and adapters matter when a run
starts.
"""

from collections.abc import Callable, Iterable

from gatepost.core import stops
from gatepost.policy.decision import Stage, Step
from gatepost.policy.law import Law, Outcome, Rule, origin
from gatepost.policy.overrun import CYCLE, over, spent
from gatepost.policy.patterns import Party, shell
from gatepost.policy.request import VERBS, Facts, Request
from gatepost.policy.words import near, stamp

Steps = Iterable[Step]
Check = Callable[[Law, Request, Facts, Outcome, bool], Steps]


def paused(law: Law, request: Request, facts: Facts, outcome: Outcome, full: bool) -> Steps:
    """A pause: nothing is taken in from peers and nothing handed over; nothing is refused."""
    if not facts.paused:
        return ()
    if not full and request.moment == "admit" and request.direction != "inbound":
        return ()
    return tuple(_pause(name) for name in facts.paused.split())


def _pause(name: str) -> Step:
    whole = name == "node"
    what = "the node" if whole else f"`{name}`"
    fix = "gatepost resume" if whole else f"gatepost resume {name}"
    because = f"{what} is paused; messages wait and nothing is refused"
    return Step("paused", "wait", because=because, fix=fix, code="node.paused")


def genuine(law: Law, request: Request, facts: Facts, outcome: Outcome, full: bool) -> Steps:
    """Who asks, and whether it fits. Signatures and replays were judged before."""
    sender, to, direction = request.sender, request.to, request.direction
    fits = sender.local != (direction == "inbound") and to.local != (direction == "outbound")
    if fits and facts.paired and not facts.frozen and request.verb in VERBS:
        if not request.expires or request.at < request.expires:
            return ()
    return _not_genuine(request, facts, fits)


def _not_genuine(request: Request, facts: Facts, fits: bool) -> Steps:
    peer = request.sender if request.direction == "inbound" else request.to
    name = peer.alias or peer.node
    if not fits:
        because = f"{request.sender} to {request.to} is no {request.direction} request"
        yield Step("genuine", "deny", because=because, code="usage.invalid", word="bad_request")
    if request.verb not in VERBS:
        because = f"there is no verb `{request.verb}`; there are {', '.join(VERBS)}"
        yield Step("genuine", "deny", because=because, code="usage.invalid", word="unsupported")
    if not facts.paired and not peer.local:
        because = f"this node has no peer `{name}`" + _did_you_mean(name, facts.peers)
        fix = f"gatepost peers invite {name}"
        yield Step("genuine", "deny", "", "", because, fix, "peer.unknown", "denied")
    if facts.frozen:
        fix, code = stops.fix(facts.frozen, name), stops.code(facts.frozen)
        because = f"`{name}` is stopped: {stops.why(facts.frozen)}"
        yield Step("genuine", "deny", "", "", because, fix, code, "denied")
    if request.expires and request.at >= request.expires:
        because = f"it expired at {stamp(request.expires)}"
        fix = "send it again with a later --expires"
        yield Step("genuine", "deny", "", "", because, fix, "message.expired", "expired")


def allowed(law: Law, request: Request, facts: Facts, outcome: Outcome, full: bool) -> Steps:
    """The law: deny beats hold beats allow, and silence denies."""
    if outcome.allows and not outcome.denies and not outcome.holds and not facts.blocked:
        return ()
    return _not_allowed(law, request, facts, outcome)


def _not_allowed(law: Law, request: Request, facts: Facts, outcome: Outcome) -> Steps:
    if facts.blocked:
        peer = request.sender if request.direction == "inbound" else request.to
        name = peer.alias or peer.node
        because = f"`{name}` is blocked" + _unless_said(facts.blocked)
        fix = f"gatepost peers unblock {name}"
        yield Step(
            "allowed", "deny", f"block:{name}", fix.replace("unblock", "block"), because, fix,
            "peer.blocked", "denied",
        )  # fmt: skip
    for rule in outcome.denies:
        yield _spoken(rule, request, "deny")
    waiting = [rule for rule in outcome.holds if rule.id not in request.approved]
    if not outcome.allows and not outcome.holds:
        yield _silence(law, request)
    for rule in waiting:
        yield _spoken(rule, request, "hold")
    if waiting and not outcome.allows:
        because = f"beside what makes it wait, no rule lets {_wish(request)}"
        yield Step("allowed", "hold", "", SILENCE, because, grant(request), "policy.held", "held")


def _unless_said(why: str) -> str:
    return "" if why == "blocked" else f": {why}"


SILENCE = "no rule"


def _spoken(rule: Rule, request: Request, word: str) -> Step:
    """The step of a deny or hold rule. Taking the rule away is what flips it."""
    says = "refuses it" if word == "deny" else "lets it wait for a person"
    because = f"rule `{rule.id}` {says}"
    if rule.unless is not None:
        because += f": {rule.unless.says(request)}"
    fix = f"gatepost policy revoke {rule.id}"
    if rule.blocks:
        fix = f"gatepost peers unblock {rule.blocks}"
    if word == "deny":
        return Step(
            "allowed", "deny", rule.id, origin(rule), because, fix, "policy.denied", "denied"
        )
    return Step("allowed", "hold", rule.id, origin(rule), because, fix, "policy.held", "held")


def _silence(law: Law, request: Request) -> Step:
    because = f"no rule lets {_wish(request)}"
    for rule in law.elsewhere(request.verb, request.sender, request.to):
        because += f"; rule `{rule.id}` ({origin(rule)}) means another node by that name"
    match = law.match(request.direction, request.verb, request.sender, request.to)
    for rule in match.away(request):
        if request.verb in rule.allow:
            ended = rule.until and request.at >= rule.until
            why = f"ended {stamp(rule.until)}" if ended or rule.unless is None else ""
            why = why or f"steps aside: {rule.unless.says(request) if rule.unless else ''}"
            because += f"; rule `{rule.id}` ({origin(rule)}) would, but {why}"
    return Step("allowed", "deny", "", SILENCE, because, grant(request), "policy.denied", "denied")


def _wish(request: Request) -> str:
    return f"{request.sender} {request.verb} {request.to}"


def grant(request: Request) -> str:
    """The command that allows this request on this node."""
    return command_grant(request.sender, request.verb, request.to)


def command_grant(sender: Party, verb: str, to: Party) -> str:
    """`gatepost policy grant FROM VERB TO`."""
    return f"gatepost policy grant {shell(str(sender))} {verb} {shell(str(to))}"


def known(law: Law, request: Request, facts: Facts, outcome: Outcome, full: bool) -> Steps:
    """The local agents exist. Asked with the law, so that a peer cannot tell which refused."""
    if not facts.unknown:
        return ()
    # Looking for a name that is near takes a while, which a peer could measure.
    hint = full or request.direction != "inbound"
    return tuple(_unknown(name, facts.agents if hint else ()) for name in facts.unknown)


def _unknown(name: str, agents: tuple[str, ...]) -> Step:
    because = f"this node has no agent `{name}`" + _did_you_mean(name, agents)
    fix = f"gatepost agents add {name}"
    return Step("ready", "deny", "", "", because, fix, "agent.unknown", "denied")


def within(law: Law, request: Request, facts: Facts, outcome: Outcome, full: bool) -> Steps:
    """The limits: counters when a message is admitted, running agents when it is run."""
    limits = outcome.limits
    admit = full or request.moment == "admit"
    used: list[tuple[str, int]] = []
    if limits.bytes is not None and request.size > limits.bytes:
        used.append(("bytes", request.size))
    if limits.hops is not None and request.hops > limits.hops:
        used.append(("hops", request.hops))
    if limits.turns is not None and request.turns > limits.turns:
        used.append(("turns", request.turns))
    if limits.open is not None and admit and facts.open >= limits.open:
        used.append(("open", facts.open + 1))
    asks = outcome.holds and request.moment == "admit"
    if asks and limits.holds is not None and facts.held >= limits.holds:
        if any(rule.id not in request.approved for rule in outcome.holds):
            used.append(("holds", facts.held + 1))
    if limits.concurrent is not None and facts.running >= limits.concurrent:
        if full or request.moment == "run":
            used.append(("concurrent", facts.running + 1))
    steps = [step for key, value in used for step in over(law, outcome, key, value)]
    if request.visited and request.direction != "local" and _returns(request, facts):
        steps.append(CYCLE)
    if admit:
        for charge in outcome.charges:
            wait = facts.usage.wait(charge, request.at)
            if wait:
                steps.append(spent(law, outcome, charge, wait))
    return steps


def _returns(request: Request, facts: Facts) -> bool:
    destination = facts.node if request.direction == "inbound" else request.to.node
    return destination in request.visited


def ready(law: Law, request: Request, facts: Facts, outcome: Outcome, full: bool) -> Steps:
    """The agent can be woken now; else the message waits in its mailbox."""
    if not facts.adapter or not (full or request.moment == "run"):
        return ()
    because = f"agent `{request.to.agent}` cannot be woken now: {facts.adapter}"
    fix = "gatepost agents list"
    return (Step("ready", "wait", "", "", because, fix, "agent.not_ready"),)


def _did_you_mean(name: str, known_names: tuple[str, ...]) -> str:
    nearest = near(name, known_names)
    return f"; did you mean `{nearest}`?" if nearest else ""


CHECKS: tuple[tuple[Stage, Check], ...] = (
    ("paused", paused),
    ("genuine", genuine),
    ("allowed", allowed),
    ("ready", known),
    ("limits", within),
    ("ready", ready),
)
