"""Why, and who may: questions about the law, answered from what is known.

What is known is that of a running node, or what the files of one say that does not run: the
answers are made by the same lines either way. Nothing is decided here and no counter is drawn on.
"""

from typing import Protocol

import msgspec

from gatepost.core.views import RuleView
from gatepost.errors import GatepostError
from gatepost.policy.answers import Examined, Expected, May, Whose
from gatepost.policy.decision import strongest
from gatepost.policy.directory import Directory
from gatepost.policy.evaluate import evaluate
from gatepost.policy.expectations import Tried, try_all
from gatepost.policy.explain import Explanation, explain
from gatepost.policy.law import Law, origin
from gatepost.policy.patterns import Party
from gatepost.policy.request import VERBS, Facts, Request
from gatepost.policy.usage import Usage
from gatepost.policy.who import ANOTHER, bounds, who_can
from gatepost.policy.words import near

_ELSEWHERE = "these are the rules here; what comes in at {} its own decide"


class Known(Protocol):
    """What a node knows that bears on its law. `notes` say what is not known."""

    @property
    def law(self) -> Law:
        """The law to answer by."""
        ...

    @property
    def directory(self) -> Directory:
        """Its agents and peers."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the answers rest on, where that is not the running node."""
        ...

    def now(self) -> int:
        """The time, ms."""
        ...

    def facts(self, sender: Party, to: Party) -> Facts:
        """How the node stands towards two parties."""
        ...

    def taint(self, agent: str) -> tuple[str, ...]:
        """The owners whose text an agent of this node has in hand."""
        ...

    def approved(self, request: Request) -> tuple[str, ...]:
        """The rules that a person has answered for requests like this one."""
        ...


class Explaining:
    """Answers over what is known."""

    def __init__(self, known: Known) -> None:
        self._known = known

    @property
    def notes(self) -> tuple[str, ...]:
        """What the answers rest on."""
        return self._known.notes

    def wish(self, sender: str, verb: str, to: str, at: int = 0) -> tuple[Explanation, Request]:
        """May `sender` do `verb` to `to`, at a time (ms, 0: now), and why; and what was asked."""
        request = self._request(sender, verb, to, at)
        return self.explained(request), request

    def explained(self, request: Request) -> Explanation:
        """A request explained as the node stands now."""
        known = self._known
        found = explain(known.law, request, known.facts(request.sender, request.to))
        return msgspec.structs.replace(found, notes=known.notes)

    def can(self, sender: str, verb: str, to: str) -> May:
        """Do the rules let `sender` do `verb` to `to`? Who does not exist yet counts as there."""
        known = self._known
        request = msgspec.structs.replace(self._request(sender, verb, to), taint=())
        stand = known.facts(request.sender, request.to)
        steps = evaluate(known.law, request, _rules_alone(stand), full=True).steps
        top = strongest(steps) or next(step for step in steps if step.stage == "allowed")
        notes = (*self._missing(request, stand), *known.notes)
        return May(top.verdict == "allow", top.verdict, top.because, notes)

    def who_can(self, verb: str, to: str) -> Whose:
        """Everybody who may do `verb` to `to`."""
        known = self._known
        _check_verb(verb)
        party = known.directory.party(to)
        found = who_can(known.law, verb, party, known.directory, known.now())
        notes = () if party.local else (*self._tainted(verb, party), _ELSEWHERE.format(party.alias))
        return Whose(verb, to, found, (*notes, *known.notes))

    def _tainted(self, verb: str, to: Party) -> tuple[str, ...]:
        """What becomes of an agent that has read another owner's text."""
        known, directory = self._known, self._known.directory
        anybody = directory.request(Party(""), verb, to, known.now(), (ANOTHER,))
        facts = Facts(directory.node, Usage(), name=directory.name)
        clean = msgspec.structs.replace(anybody, taint=())
        top, other = (
            strongest(evaluate(known.law, one, facts, full=True).steps) for one in (anybody, clean)
        )
        if top is None or top == other:
            return ()
        says = "is held" if top.verdict == "hold" else "is refused"
        return (f"who has read text of another owner {says}: rule `{top.rule}`, {top.origin}",)

    def tested(self) -> Examined:
        """Every expectation of the law, tried."""
        known = self._known
        return examined(known.law, known.directory, known.now(), known.notes)

    def rules(self) -> list[RuleView]:
        """The law, rule by rule."""
        return [
            RuleView(
                id=rule.id,
                word=word,
                verbs=tuple(verbs),
                sender=", ".join(map(str, rule.from_)),
                to=", ".join(map(str, rule.to)),
                origin=origin(rule),
                text=bounds(rule),
            )
            for rule in self._known.law.rules
            for word, verbs in (("allow", rule.allow), ("hold", rule.hold), ("deny", rule.deny))
            if verbs
        ]

    def _request(self, sender: str, verb: str, to: str, at: int = 0) -> Request:
        known = self._known
        _check_verb(verb)
        one, other = known.directory.party(sender), known.directory.party(to)
        if not one.local and not other.local:
            raise GatepostError(
                "usage.invalid",
                what=f"neither `{sender}` nor `{to}` is of this node",
                why="a node decides what goes out from it, comes into it, or stays in it",
                command="explain",
            )
        taint = known.taint(one.agent) if one.local else ()
        request = known.directory.request(one, verb, other, at or known.now(), taint)
        return msgspec.structs.replace(request, approved=known.approved(request))

    def _missing(self, request: Request, stand: Facts) -> tuple[str, ...]:
        notes = [f"this node has no agent `{name}` yet" for name in stand.unknown]
        other = request.to if request.sender.local else request.sender
        if not stand.paired and not other.local:
            notes.append(f"this node has no peer `{other.alias or other.node}` yet")
        return tuple(notes)


def examined(law: Law, directory: Directory, now: int, notes: tuple[str, ...] = ()) -> Examined:
    """The expectations of a law, tried at a moment (ms)."""
    cases = tuple(_case(tried) for tried in try_all(law, directory, now))
    passed = sum(case.passed for case in cases)
    return Examined(passed, len(cases) - passed, cases, law.revision, notes)


def _case(tried: Tried) -> Expected:
    one = tried.expectation
    return Expected(
        who=f"{one.sender} -> {one.to}",
        verb=one.verb,
        want=one.want,
        got=tried.verdict,
        passed=tried.passed,
        origin=str(one.origin),
        says=tried.says,
    )


def _rules_alone(stand: Facts) -> Facts:
    """The same node with everybody there, nothing paused, nothing used up."""
    return msgspec.structs.replace(
        stand, paused="", paired=True, unknown=(), adapter="", running=0, open=0, usage=Usage()
    )


def _check_verb(verb: str) -> None:
    if verb not in VERBS:
        nearest = near(verb, VERBS)
        raise GatepostError(
            "usage.invalid",
            what=f"there is no verb `{verb}`" + (f"; did you mean `{nearest}`?" if nearest else ""),
            why=f"there are {', '.join(VERBS)}",
            command="explain",
        )
