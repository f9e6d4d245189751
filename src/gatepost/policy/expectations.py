"""Tests beside the rules: what the law is expected to say, evaluated by the one evaluator.

    [[expect]]
    who = "carol@work -> bob"
    verb = "delegate"
    want = "deny"

An expectation speaks of the law alone: not of limits, pauses or what exists yet. With a `*` it
speaks of everybody the star may stand for. Nobody can be asked for all of them, so the parties to
try are taken from the rules: for each pair of patterns of the verb that meets the expectation's,
one pair of agents both match; and one pair that no rule names.

Nothing is refused here: `broken_by` names the expectations a change would break, and whoever
saves decides. One that was broken before does not stand in the way of other changes.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from gatepost.core.origin import Origin
from gatepost.errors import GatepostError
from gatepost.policy.decision import STRENGTH, Step, Verdict, strongest
from gatepost.policy.directory import Directory
from gatepost.policy.evaluate import evaluate
from gatepost.policy.law import Expectation, Law
from gatepost.policy.patterns import ANY, Party, Pattern, common, glob
from gatepost.policy.request import Facts, Request
from gatepost.policy.usage import Usage

ANOTHER = "another"
"""A node and an owner that no rule names."""
_MOST_PAIRS = 100_000
"""All expectations of a law together try no more: about a second, and it is the node's own."""
_LEAST_PAIRS = 100
_MOST_COMPARED = 1_000
_NOWHERE = Origin("")


class Tried(msgspec.Struct, frozen=True):
    """One expectation as it came out.

    `passed`: all that was tried came out as wanted. `verdict` and `decided` (the steps that made
    it, each with rule and origin) are those of `request`: the first that did not, else the first.
    """

    expectation: Expectation
    passed: bool
    verdict: Verdict
    request: Request
    decided: tuple[Step, ...]

    @property
    def wider(self) -> bool:
        """The law permits more than was wanted."""
        return STRENGTH[self.verdict] < STRENGTH[self.expectation.want]

    @property
    def says(self) -> str:
        """One sentence: what was expected where, and what decides."""
        expected, request = self.expectation, self.request
        wish = f"{request.sender} {request.verb} {request.to}"
        reasons = "; ".join(
            step.because + (f" ({step.origin})" if step.rule else "") for step in self.decided
        )
        wish = "it" if wish == str(expected) and not self.passed else wish
        means = f"{wish} is {_SAID[self.verdict]}: {reasons}"
        if self.passed:
            return f"{expected.origin}: as expected, {means}"
        return f"{expected.origin} expects `{expected.want}` for {expected}, but {means}"


_SAID = {"allow": "allowed", "wait": "allowed", "hold": "held", "deny": "denied"}


def try_all(law: Law, directory: Directory, now: int) -> tuple[Tried, ...]:
    """Try all expectations of a law at a moment (ms), those with an `at` at theirs."""
    most = max(_LEAST_PAIRS, _MOST_PAIRS // max(1, len(law.expectations)))
    return tuple(_first_wrong(law, one, directory, now, most) for one in law.expectations)


def broken_by(before: Law | None, after: Law, directory: Directory, now: int) -> tuple[Tried, ...]:
    """The expectations of `after` that fail, but for those that fail in `before` already."""
    failing = tuple(one for one in try_all(after, directory, now) if not one.passed)
    if not failing or before is None:
        return failing
    failed = {_said(one.expectation) for one in try_all(before, directory, now) if not one.passed}
    return tuple(one for one in failing if _said(one.expectation) not in failed)


def contradiction(expectations: Sequence[Expectation]) -> tuple[Expectation, Expectation] | None:
    """Two expectations that no law can meet at once: of the same wish, and of two minds."""
    for number, one in enumerate(expectations[:_MOST_COMPARED]):
        for other in expectations[number + 1 : _MOST_COMPARED]:
            if one.want != other.want and _same_wish(one, other):
                return one, other
    return None


def _same_wish(one: Expectation, other: Expectation) -> bool:
    same = (one.verb, one.at, one.tainted) == (other.verb, other.at, other.tainted)
    return same and _meet(one.sender, other.sender) and _meet(one.to, other.to)


def _meet(one: Pattern, other: Pattern) -> bool:
    """True when some party is of both, as far as it can be told without knowing the peers."""
    if one.node != other.node and (
        ANY not in (one.node, other.node) or "" in (one.node, other.node)
    ):
        return False
    return common(one.agent, other.agent) is not None


def refusal(broken: tuple[Tried, ...]) -> GatepostError:
    """The error for a change that breaks these expectations (at least one)."""
    first, *others = broken
    more = f"; {len(others)} more would fail" if others else ""
    return GatepostError(
        "policy.expectation",
        what=first.says + more,
        where=str(first.expectation.origin),
        rule=next((step.rule for step in first.decided if step.rule), ""),
    )


def _said(expectation: Expectation) -> Expectation:
    """What it says, wherever it stands."""
    return msgspec.structs.replace(expectation, origin=_NOWHERE)


def _first_wrong(
    law: Law, expectation: Expectation, directory: Directory, now: int, most: int
) -> Tried:
    """What became of the first pair that came out otherwise than wanted, else of the first."""
    facts = Facts(node=directory.node, usage=Usage(), name=directory.name)
    at, taint = expectation.at or now, (ANOTHER,) if expectation.tainted else ()
    requests = (
        directory.request(*wish, at, taint) for wish in _wishes(law, expectation, directory, most)
    )
    first = next(requests)
    tried = _tried(law, expectation, first, facts)
    if not tried.passed:
        return tried
    wrong = next((one for one in requests if _glance(law, one) != expectation.want), None)
    return tried if wrong is None else _tried(law, expectation, wrong, facts)


def _glance(law: Law, request: Request) -> Verdict:
    """What the rules say, without a trace: the evaluator gives that for what comes out wrong."""
    try:
        match = law.match(request.direction, request.verb, request.sender, request.to)
        outcome = match.outcome(request)
    except Exception:
        return "deny"
    if outcome.denies or not (outcome.allows or outcome.holds):
        return "deny"
    return "hold" if outcome.holds else "allow"


def _tried(law: Law, expectation: Expectation, request: Request, facts: Facts) -> Tried:
    decision = evaluate(law, request, facts, full=True)
    steps = [step for step in decision.steps if step.stage == "allowed"]
    top = strongest(steps)
    verdict = top.verdict if top else "allow"
    decided = tuple(step for step in steps if step.verdict == verdict)
    return Tried(expectation, verdict == expectation.want, verdict, request, decided)


def _wishes(
    law: Law, expectation: Expectation, directory: Directory, most: int
) -> Iterator[tuple[Party, str, Party]]:
    """The wishes to try: of a pair that no rule names, then of one for each pair of patterns."""
    sender, verb, to = expectation.sender, expectation.verb, expectation.to
    tried = {(_anybody(sender, directory), _anybody(to, directory))}
    yield from ((one, verb, other) for one, other in tuple(tried))
    if sender.literal and to.literal and ANY not in (sender.node, to.node):
        return
    for rule in law.rules:
        said = {"allow": rule.allow, "hold": rule.hold, "deny": rule.deny}
        if not any(verb in verbs for word, verbs in said.items() if word != expectation.want):
            continue  # it cannot be what makes another verdict of this one
        others = _meeting(to, rule.to, directory)
        for one in _meeting(sender, rule.from_, directory):
            for other in others:
                if (one, other) not in tried and len(tried) < most:
                    tried.add((one, other))
                    yield one, verb, other


def _meeting(wanted: Pattern, patterns: Iterable[Pattern], directory: Directory) -> list[Party]:
    """Parties that `wanted` and one of the patterns both speak of."""
    found: list[Party] = []
    for pattern in patterns:
        node = pattern.node if wanted.node == ANY else wanted.node
        party = directory.at(ANOTHER if node == ANY else node)
        if (wanted.node == "") != (pattern.node == ""):
            continue
        if pattern.node not in (ANY, "", party.alias, party.node):
            continue
        # A star is filled with a name of its own too: the shortest may be one that a rule names.
        agents = {common(wanted.agent, pattern.agent), _filled(pattern), _filled(wanted)}
        both = sorted(one for one in agents if one is not None and _match(one, wanted, pattern))
        found += [msgspec.structs.replace(party, agent=agent) for agent in both]
    return found


def _match(agent: str, *patterns: Pattern) -> bool:
    return all(glob(pattern.agent, agent) for pattern in patterns)


def _anybody(pattern: Pattern, directory: Directory) -> Party:
    """A party of this pattern that no rule names, as far as the pattern leaves it open."""
    return directory.at(ANOTHER if pattern.node == ANY else pattern.node, _filled(pattern))


def _filled(pattern: Pattern) -> str:
    return "" if pattern.agent == ANY else pattern.agent.replace(ANY, ANOTHER)
