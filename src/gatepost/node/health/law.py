"""Checks of the law: whether it can be read, keeps its promises, and means what was meant."""

from collections.abc import Iterable, Iterator

from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known
from gatepost.policy.law import Rule
from gatepost.policy.patterns import ANY, Pattern
from gatepost.policy.review import Kind

_STRONG = ("send", "ask", "delegate")
SHELLS = ("process",)


def _invalid(facts: Facts) -> Iterator[Hit]:
    fault = known(facts.law).fault
    if fault is not None:
        running = facts.inside or (facts.process is not None and facts.process.running)
        tail = "; until it is mended the last good policy is in force" if running else ""
        yield Hit(fault.what + tail, why=fault.why, where=fault.where)


def _expectations(facts: Facts) -> Iterator[Hit]:
    for tried in known(facts.tried):
        if not tried.passed:
            where = str(tried.expectation.origin)
            yield Hit(tried.says, where, where=where)


def _remarks(facts: Facts, *kinds: Kind) -> Iterator[Hit]:
    for remark in known(facts.remarks):
        if remark.kind in kinds:
            revoke = f"gatepost policy revoke {remark.rule}" if remark.rule else ""
            write = f"write `{remark.suggestion}` in {remark.origin}" if remark.suggestion else ""
            both = f"{write}, or `{revoke}`" if write and revoke else ""
            subject = remark.rule or remark.origin
            yield Hit(remark.text, subject, where=remark.origin, fix=both or write or revoke)


def _never(facts: Facts) -> Iterable[Hit]:
    return _remarks(facts, "never")


def _nobody(facts: Facts) -> Iterable[Hit]:
    return _remarks(facts, "agent", "peer")


def _moved(facts: Facts) -> Iterable[Hit]:
    return _remarks(facts, "moved")


def _open(facts: Facts) -> Iterator[Hit]:
    """Rules that let any agent of any peer at every agent here."""
    for rule in known(facts.law).rules:
        verbs = [verb for verb in rule.allow if verb in _STRONG]
        if verbs and any(map(_anybody, rule.from_)) and any(map(_every_agent, rule.to)):
            yield Hit(
                f"rule `{rule.id}` lets every agent of every peer {', '.join(verbs)} every agent"
                " here",
                rule.id,
                where=str(rule.origin),
                fix=f"gatepost policy revoke {rule.id}",
            )


def _anybody(pattern: Pattern) -> bool:
    return pattern.node == ANY and pattern.agent == ANY


def _every_agent(pattern: Pattern) -> bool:
    return not pattern.node and pattern.agent == ANY


def _granted(facts: Facts) -> Iterator[Hit]:
    """Peers from which nothing but a ping comes in."""
    inbound = [rule for rule in known(facts.law).rules if _lets_in(rule)]
    told = {pattern.node for rule in inbound for pattern in rule.from_}
    for peer in facts.known_peers or ():
        if not peer.blocked and not told & {ANY, peer.alias, peer.node}:
            yield Hit(
                f"no rule lets an agent of {peer.alias} do anything here but ping",
                peer.alias,
                fix=f"gatepost policy grant '*@{peer.alias}' ask,delegate AGENT",
            )


def _lets_in(rule: Rule) -> bool:
    return any(verb != "ping" for verb in (*rule.allow, *rule.hold))


def _operator(facts: Facts) -> Iterator[Hit]:
    if facts.setting("operator.auth") != "uid":
        return
    shells = [one.spec.name for one in facts.known_agents or () if one.spec.adapter in SHELLS]
    if shells:
        yield Hit(
            f"whatever {', '.join(shells)} can run is this node's operator too",
            why="operator.auth is `uid`, and these agents are processes of the same user",
            where="operator.auth",
        )


CHECKS = (
    Check(
        code="policy.invalid",
        title="the policy cannot be used",
        severity="error",
        group="Policy",
        needs=("law",),
        probe=_invalid,
        depends_on=("home.missing",),
        explain="policy.toml or grants.toml cannot be read as rules. A running node keeps the last"
        " good policy; one that is not running does not start.",
        fix="gatepost policy test",
    ),
    Check(
        code="policy.expectation",
        title="a test beside the rules fails",
        severity="error",
        group="Policy",
        per="rule",
        needs=("tried",),
        probe=_expectations,
        explain="An [[expect]] says what the law should say, and it says something else: the rules"
        " were changed by hand, or an agent or peer has come or gone.",
        fix="gatepost policy test",
    ),
    Check(
        code="policy.never",
        title="a rule can never matter",
        severity="warning",
        group="Policy",
        per="rule",
        needs=("remarks",),
        probe=_never,
        explain="It speaks of nobody, has ended, or lets in what another rule always denies.",
        fix="gatepost policy revoke {subject}",
    ),
    Check(
        code="policy.nobody",
        title="a rule names somebody who is not there",
        severity="warning",
        group="Policy",
        per="rule",
        needs=("remarks",),
        probe=_nobody,
        explain="No agent or no peer of this node has that name. Rules may be written before there"
        " is anybody they speak of; a misspelt one never applies.",
        fix="gatepost policy show",
    ),
    Check(
        code="policy.moved",
        title="a rule names a peer that has another name now",
        severity="warning",
        group="Policy",
        per="rule",
        needs=("remarks",),
        probe=_moved,
        explain="The alias in the rule was another node's when it was written.",
        fix="gatepost policy show",
    ),
    Check(
        code="policy.open",
        title="a rule is open to everyone",
        severity="warning",
        group="Policy",
        per="rule",
        needs=("law",),
        probe=_open,
        explain="Any agent of any paired node may make any agent here work. Grants for single"
        " agents say what is meant.",
        fix="gatepost policy revoke {subject}",
    ),
    Check(
        code="operator.open",
        title="an agent with a shell can act as the operator",
        severity="hint",
        group="Policy",
        needs=("config", "known_agents"),
        probe=_operator,
        explain="With `operator.auth = uid` every process of this user is the operator, also what"
        " an agent runs: it could change the very rules it is held by. With `token` only who has"
        " the operator token is.",
        fix="gatepost config set operator.auth token",
    ),
    Check(
        code="policy.nothing_granted",
        title="a paired peer may do nothing here",
        severity="hint",
        group="Policy",
        per="peer",
        needs=("law", "known_peers"),
        probe=_granted,
        depends_on=("peer.stopped", "policy.invalid"),
        explain="It is paired, and no rule lets it do more than ping. That is how every pairing"
        " begins.",
        fix="gatepost policy grant '*@{subject}' ask,delegate AGENT",
    ),
)
