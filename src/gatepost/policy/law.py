"""The law: one set of rules, compiled so that a decision costs the same among ten rules and many.

Deny beats hold beats allow, silence denies, and order never matters. Rules are looked up by verb
and by the node and agent names of both ends, globs by the letters before or after their star, so
rules that cannot match are hardly ever looked at. What was found for one (verb, from, to) is kept,
up to a bound. The law never reads text and never decides: `rules` reads, `evaluate` decides.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from gatepost.core.origin import Document, Origin
from gatepost.policy.conditions import Unless
from gatepost.policy.decision import Decision, Verdict
from gatepost.policy.limits import DEFAULT_LIMITS, NO_LIMITS, RATE_KEYS, Limits, combine
from gatepost.policy.patterns import ANY, Party, Pattern, nodes_of
from gatepost.policy.request import Request
from gatepost.policy.usage import Charge
from gatepost.policy.words import stamp

BLOCK = "gatepost peers block "
_MOST_MATCHES = 4_096
_MOST_OUTCOMES = 64


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `until` is ms, 0 for ever; `by` the command that made it, `made` when (ms)."""

    id: str
    allow: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    from_: tuple[Pattern, ...] = ()
    to: tuple[Pattern, ...] = ()
    unless: Unless | None = None
    until: int = 0
    limit: Limits = NO_LIMITS
    origin: Origin = Origin("policy.toml")
    by: str = ""
    made: int = 0

    @property
    def conditional(self) -> bool:
        """True when the rule does not apply always."""
        return self.until > 0 or self.unless is not None

    @property
    def blocks(self) -> str:
        """The peer that `peers block` blocks by this rule, "" where it is another rule."""
        return self.by.removeprefix(BLOCK) if self.by.startswith(BLOCK) else ""

    def applies(self, request: Request) -> bool:
        """True unless the rule has ended or steps aside for this request."""
        if self.until and request.at >= self.until:
            return False
        return self.unless is None or not self.unless.holds(request)


class Expectation(msgspec.Struct, frozen=True):
    """A test beside the rules: may `sender` do `verb` to `to`? `want` is a verdict.

    `at` is the moment to try it at (ms, 0: now), `tainted` whether the sender has read text of
    another owner.
    """

    sender: Pattern
    to: Pattern
    verb: str
    want: Verdict
    origin: Origin
    at: int = 0
    tainted: bool = False

    def __str__(self) -> str:
        return f"{self.sender} {self.verb} {self.to}"


class Outcome:
    """What the law says about one (verb, from, to) while a certain set of rules applies."""

    __slots__ = ("allowed", "allows", "charges", "denies", "holds", "limits", "rules")

    def __init__(self, verb: str, rules: Iterable[Rule], defaults: Limits, peer: str) -> None:
        self.allowed: Decision | None = None
        self.rules = tuple(sorted(rules, key=lambda rule: rule.id))
        self.denies = tuple(rule for rule in self.rules if verb in rule.deny)
        self.holds = tuple(rule for rule in self.rules if verb in rule.hold)
        self.allows = tuple(rule for rule in self.rules if verb in rule.allow)
        self.limits = combine((defaults, *(rule.limit for rule in self.rules)))
        self.charges = tuple(_charges("", defaults, peer)) + tuple(
            charge for rule in self.rules for charge in _charges(rule.id, rule.limit, peer)
        )


class Match:
    """All rules that speak of one (verb, from, to), whether or not they apply now."""

    __slots__ = ("_conditional", "_defaults", "_outcomes", "_peer", "_rules", "_verb")

    def __init__(self, verb: str, rules: tuple[Rule, ...], defaults: Limits, peer: str) -> None:
        self._verb = verb
        self._rules = rules
        self._defaults = defaults
        self._peer = peer
        self._conditional = tuple(rule for rule in rules if rule.conditional)
        self._outcomes: dict[int, Outcome] = {}

    def outcome(self, request: Request) -> Outcome:
        """What they say about `request`."""
        away = 0
        for position, rule in enumerate(self._conditional):
            if not rule.applies(request):
                away |= 1 << position
        return self._outcomes.get(away) or self._keep(away)

    def _keep(self, away: int) -> Outcome:
        gone = {rule.id for n, rule in enumerate(self._conditional) if away >> n & 1}
        applying = (rule for rule in self._rules if rule.id not in gone)
        outcome = Outcome(self._verb, applying, self._defaults, self._peer)
        if len(self._outcomes) >= _MOST_OUTCOMES:
            self._outcomes.clear()
        self._outcomes[away] = outcome
        return outcome

    def away(self, request: Request) -> tuple[Rule, ...]:
        """The rules that would speak but do not apply to `request`."""
        return tuple(rule for rule in self._conditional if not rule.applies(request))


_End = tuple[str, str]
"""One end in the index: an agent name or the edge of a glob, and the node part of a pattern."""
_Entry = tuple[Rule, Pattern, Pattern]


class Law:
    """One set of all rules, with the default limits and the expectations written beside them.

    `revision` names the text the law was read from, `documents` are that text. `limit_origins` says
    where each default limit stands; a kind that is missing there was not written and has its
    built-in value. `counts_open` says whether any limit asks how many conversations are open,
    `timed` whether any rule depends on the time.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        limits: Limits = DEFAULT_LIMITS,
        limit_origins: Mapping[str, Origin] | None = None,
        expectations: tuple[Expectation, ...] = (),
        revision: str = "",
    ) -> None:
        self.rules = rules = tuple(rules)
        self.limits = limits
        self.limit_origins = dict(limit_origins or {})
        self.expectations = expectations
        self.revision = revision
        self.documents: tuple[Document, ...] = ()
        self.counts_open = any(one.open is not None for one in (limits, *(r.limit for r in rules)))
        self.timed = any(one.until or (one.unless and one.unless.hours) for one in rules)
        self._elsewhere = msgspec.structs.replace(limits, rate=None)
        self._index: dict[tuple[str, _End], dict[_End, list[_Entry]]] = {}
        self._edges: tuple[set[int], set[int]] = (set(), set())
        self._matches: dict[tuple[str, str, Party, Party], Match] = {}
        for rule in self.rules:
            self._enter(rule)
        self._bound: dict[str, dict[str, list[Rule]]] = {}
        for rule in rules:
            for one in dict.fromkeys((*rule.from_, *rule.to)):
                if one.alias:
                    nodes = self._bound.setdefault(one.alias, {})
                    nodes.setdefault(one.node, []).append(rule)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule with that id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def match(self, direction: str, verb: str, sender: Party, to: Party) -> Match:
        """All rules that speak of this verb between these two."""
        key = (direction, verb, sender, to)
        found = self._matches.get(key)
        if found is None:
            found = self._look_up(direction, verb, sender, to)
            if len(self._matches) >= _MOST_MATCHES:
                self._matches.clear()
            self._matches[key] = found
        return found

    def _look_up(self, direction: str, verb: str, sender: Party, to: Party) -> Match:
        found: dict[str, Rule] = {}
        for rule, from_, towards in self._near(verb, _Ends.of(sender), _Ends.of(to)):
            if from_.matches(sender) and towards.matches(to):
                found[rule.id] = rule
        # The default rate is what one peer may send to this node; it counts nothing else.
        defaults = self.limits if direction == "inbound" else self._elsewhere
        other = to if direction == "outbound" else sender
        return Match(verb, tuple(found.values()), defaults, other.node or other.alias)

    def denying(self, verb: str, sender: Pattern, to: Pattern) -> Iterator[Rule]:
        """The rules that always deny a verb between all parties of two patterns."""
        from_ = _Ends(sender.agent, tuple(dict.fromkeys((sender.node, sender.node and ANY))))
        towards = _Ends(to.agent, tuple(dict.fromkeys((to.node, to.node and ANY))))
        for rule, one, other in self._near(verb, from_, towards):
            if verb in rule.deny and not rule.conditional:
                if one.covers(sender) and other.covers(to):
                    yield rule

    def elsewhere(self, verb: str, sender: Party, to: Party) -> Iterator[Rule]:
        """Rules that would allow this, had an alias in them not come to mean another node."""
        for party in (sender, to):
            for node, rules in self._bound.get(party.alias, {}).items():
                then = msgspec.structs.replace(party, node=node)
                ends = (then, to) if party is sender else (sender, then)
                for rule in rules if node != party.node else ():
                    if verb in rule.allow and _speak_of((rule.from_, rule.to), ends):
                        yield rule

    def _near(self, verb: str, sender: "_Ends", to: "_Ends") -> Iterator[_Entry]:
        """Rules with patterns that may match both ends: the glob is still to be asked."""
        towards = [(agent, node) for node in to.nodes for agent in self._forms(to.agent)]
        for node in sender.nodes:
            for agent in self._forms(sender.agent):
                entries = self._index.get((verb, (agent, node)))
                if entries is not None:
                    for end in towards:
                        yield from entries.get(end, ())

    def _forms(self, agent: str) -> Iterator[str]:
        """How patterns that match this agent stand in the index."""
        yield agent
        yield ANY
        before, behind = self._edges
        yield from (agent[:n] + ANY for n in before if n <= len(agent))
        yield from (ANY + agent[-n:] for n in behind if n <= len(agent))

    def _enter(self, rule: Rule) -> None:
        for verb in {*rule.allow, *rule.hold, *rule.deny}:
            for from_ in rule.from_:
                entries = self._index.setdefault((verb, self._end(from_)), {})
                for to in rule.to:
                    entries.setdefault(self._end(to), []).append((rule, from_, to))

    def _end(self, pattern: Pattern) -> _End:
        if pattern.literal:
            return pattern.agent, pattern.node
        before, behind = pattern.agent.partition(ANY)[0], pattern.agent.rpartition(ANY)[2]
        if before:
            self._edges[0].add(len(before))
            return before + ANY, pattern.node
        if behind:
            self._edges[1].add(len(behind))
        return ANY + behind, pattern.node


class _Ends(msgspec.Struct, frozen=True):
    """One end that is looked up: an agent, or a glob, at any of these node parts."""

    agent: str
    nodes: tuple[str, ...]

    @classmethod
    def of(cls, party: Party) -> "_Ends":
        return cls(party.agent, nodes_of(party))


def _speak_of(
    patterns: tuple[tuple[Pattern, ...], tuple[Pattern, ...]], ends: tuple[Party, Party]
) -> bool:
    return all(
        any(one.matches(party) for one in some) for some, party in zip(patterns, ends, strict=True)
    )


def _charges(rule_id: str, limits: Limits, peer: str) -> Iterable[Charge]:
    for kind in RATE_KEYS:
        rate = limits.rate if kind == "rate" else limits.tokens
        if rate is not None:
            yield Charge.of(rule_id, peer, kind, rate)


def origin(rule: Rule) -> str:
    """Where a rule stands and, when a command made it, which and when."""
    if not rule.by:
        return str(rule.origin)
    when = f", {stamp(rule.made)}" if rule.made else ""
    return f"{rule.origin} (`{rule.by}`{when})"
