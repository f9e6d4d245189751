"""Laws of what stands around the law: its index, its names, its review, its expectations."""

from datetime import datetime, timedelta, tzinfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core.origin import Origin
from gatepost.policy.conditions import Hours, Unless
from gatepost.policy.decision import STAGES
from gatepost.policy.directory import Directory
from gatepost.policy.evaluate import evaluate
from gatepost.policy.expectations import try_all
from gatepost.policy.explain import explain
from gatepost.policy.law import Expectation, Law, Rule
from gatepost.policy.patterns import Party, Pattern
from gatepost.policy.request import VERBS, Facts, Request
from gatepost.policy.review import review
from tests.unit.policy.cases import (
    HERE,
    HOME,
    LOCAL,
    NOW,
    REMOTE,
    WORK,
    facts,
    law,
    numbered,
    requests,
    rules,
    situations,
)

MANY = st.lists(rules(), max_size=6)
KNOWN = Directory.of(
    HERE, "lab", ("bob", "specialist"), [Party("", HOME, "home"), Party("", WORK, "work")]
)
GLOBS = st.text("ab*.", min_size=1, max_size=5).filter(lambda text: not text.startswith("."))
NAMES = st.text("ab.", max_size=5)
NODES = st.sampled_from(["", "*", "home", "work", HOME, WORK])
PATTERN = st.builds(Pattern, GLOBS, NODES)
PARTIES = st.builds(
    lambda agent, peer: Party(agent, *peer),
    NAMES,
    st.sampled_from([(), (HOME, "home"), (WORK, "work"), ("", "home"), (WORK, "")]),
)


def asked(request: Request) -> Request:
    """As the node asks: pings and looks at agents come from no agent, a peer's taint is unknown."""
    whole = {"ping": ("sender", "to"), "see": ("sender",)}.get(request.verb, ())
    for end in whole if request.direction == "inbound" or request.verb == "ping" else ():
        party = msgspec.structs.replace(getattr(request, end), agent="")
        request = msgspec.structs.replace(request, **{end: party})
    return msgspec.structs.replace(
        request, taint=request.taint if request.direction != "inbound" else ()
    )


@given(
    st.lists(st.tuples(st.lists(PATTERN, max_size=3), st.lists(PATTERN, max_size=3)), max_size=8),
    PARTIES,
    PARTIES,
)
def test_the_index_finds_exactly_the_rules_whose_patterns_match(
    pairs: list[tuple[list[Pattern], list[Pattern]]], sender: Party, to: Party
):
    made = [
        Rule(id=f"r{n}", allow=("ask",), from_=tuple(one), to=tuple(other))
        for n, (one, other) in enumerate(pairs)
    ]
    request = Request("inbound", "ask", sender, to, NOW)
    found = Law(made).match("inbound", "ask", sender, to).outcome(request)
    assert {rule.id for rule in found.rules} == {
        rule.id
        for rule in made
        if any(one.matches(sender) for one in rule.from_)
        and any(one.matches(to) for one in rule.to)
    }


@given(PATTERN, PATTERN, PARTIES)
def test_a_pattern_that_covers_another_matches_whatever_that_one_does(
    one: Pattern, other: Pattern, party: Party
):
    if one.covers(other) and other.matches(party):
        assert one.matches(party)


@given(MANY, requests(), situations(), st.sampled_from(["office", "zz"]))
def test_another_alias_for_the_same_node_changes_no_decision(
    texts: list[str], request: Request, stand: Facts, new: str
):
    read = law(numbered(texts))
    before = evaluate(read, request, stand)
    end = "sender" if request.direction == "inbound" else "to"
    party: Party = getattr(request, end)
    if party.local:
        return
    renamed = msgspec.structs.replace(party, alias=new, former=(party.alias,))
    after = evaluate(read, msgspec.structs.replace(request, **{end: renamed}), stand)
    assert (after.verdict, after.rules, after.word) == (before.verdict, before.rules, before.word)


@given(MANY, requests())
def test_a_name_taken_away_lets_nothing_through_by_it(texts: list[str], request: Request):
    """What rules by name let in is gone with the name; only rules by id or star are left."""
    read = law(numbered(texts))
    end = "sender" if request.direction == "inbound" else "to"
    party: Party = getattr(request, end)
    if party.local:
        return
    nameless = msgspec.structs.replace(party, alias="")
    after = evaluate(read, msgspec.structs.replace(request, **{end: nameless}), facts())
    for rule_id in after.rules:
        rule = read.rule(rule_id)
        assert rule is not None
        patterns = rule.from_ if end == "sender" else rule.to
        assert any(pattern.node in ("*", party.node) for pattern in patterns)


@given(MANY, requests())
def test_a_rule_that_is_said_never_to_matter_never_does(texts: list[str], request: Request):
    read = law(numbered(texts))
    request = asked(request)
    before = evaluate(read, request, facts())
    for remark in review(read, KNOWN, request.at):
        if remark.kind != "never":
            continue
        fewer = Law([one for one in read.rules if one.id != remark.rule], read.limits)
        assert evaluate(fewer, request, facts()).verdict == before.verdict, remark.text


@given(
    MANY,
    st.sampled_from(["*@*", "*@work", "alice@*", "a*@work", f"*@{WORK}"]),
    st.sampled_from(["*", "bob", "b*"]),
    st.sampled_from(VERBS),
    st.sampled_from(["allow", "hold", "deny"]),
)
def test_an_expectation_that_passes_holds_for_everybody_it_speaks_of(
    texts: list[str], who: str, to: str, verb: str, want: str
):
    read = law(
        numbered(texts) + f'[[expect]]\nwho = "{who} -> {to}"\nverb = "{verb}"\nwant = "{want}"\n'
    )
    (tried,) = try_all(read, KNOWN, NOW)
    expected: Expectation = tried.expectation
    for sender in REMOTE:
        for reader in LOCAL:
            if not (expected.sender.matches(sender) and expected.to.matches(reader)):
                continue
            decision = evaluate(read, Request("inbound", verb, sender, reader, NOW), facts(), True)
            steps = [step for step in decision.steps if step.stage == "allowed"]
            verdicts = {step.verdict for step in steps}
            got = next(word for word in ("deny", "hold", "allow") if word in verdicts)
            if tried.passed:
                assert got == want


class Broken(tzinfo):
    """A clock that is out of order."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        raise RuntimeError("no such hour")

    def dst(self, dt: datetime | None) -> timedelta:
        raise RuntimeError("no such hour")

    def tzname(self, dt: datetime | None) -> str:
        raise RuntimeError("no such hour")


@given(MANY, requests(), situations(), st.sampled_from(["allow", "hold", "deny"]))
def test_a_rule_whose_condition_cannot_be_checked_denies_whatever_it_says(
    texts: list[str], request: Request, stand: Facts, word: str
):
    broken = Rule(
        id="broken",
        **{word: VERBS},  # type: ignore[arg-type]
        from_=(Pattern("*"), Pattern("*", "*")),
        to=(Pattern("*"), Pattern("*", "*")),
        unless=Unless(hours=Hours(0, 60, Broken(), "00:00-01:00 Nowhere")),
        origin=Origin("policy.toml", 1),
    )
    read = Law((*law(numbered(texts)).rules, broken))
    for full in (False, True):
        decision = evaluate(read, request, stand, full)
        assert (decision.verdict, decision.word, decision.code) == (
            "deny", "denied", "bug.internal",
        )  # fmt: skip
    assert explain(read, request, stand).verdict == "deny"


@given(MANY, requests(), situations(), st.sampled_from(["paused", "frozen", "unknown", "running"]))
def test_facts_that_make_no_sense_deny(texts: list[str], request: Request, stand: Facts, what: str):
    class Trap:
        def __bool__(self) -> bool:
            raise RuntimeError("a trap")

        __iter__ = __ge__ = __eq__ = __hash__ = __bool__  # type: ignore[assignment]

    stand = msgspec.structs.replace(stand, **{what: Trap()})
    decision = evaluate(law(numbered(texts)), request, stand, full=True)
    assert decision.verdict == "deny"
    assert {step.stage for step in decision.steps} <= set(STAGES)
