"""Laws of the law, over rules, requests and situations drawn at random."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy.decision import STRENGTH
from gatepost.policy.evaluate import evaluate
from gatepost.policy.explain import explain
from gatepost.policy.law import Law
from gatepost.policy.opening import opens
from gatepost.policy.request import Facts, Request
from tests.unit.policy.cases import facts, law, numbered, requests, rules, situations

MANY = st.lists(rules(), max_size=6)


def passes(read: Law, request: Request, stand: Facts) -> bool:
    return evaluate(read, request, stand).verdict in ("allow", "wait")


@given(MANY, rules(words=("deny", "hold")), requests(), situations())
def test_adding_a_deny_or_a_hold_lets_nothing_through_that_did_not_pass_before(
    texts: list[str], added: str, request: Request, stand: Facts
):
    after = passes(law(numbered([*texts, added])), request, stand)
    assert not after or passes(law(numbered(texts)), request, stand)


@given(MANY, rules(words=("deny",)), requests(), situations())
def test_adding_a_deny_never_weakens_a_verdict(
    texts: list[str], added: str, request: Request, stand: Facts
):
    before = evaluate(law(numbered(texts)), request, stand, full=True)
    after = evaluate(law(numbered([*texts, added])), request, stand, full=True)
    assert STRENGTH[after.verdict] >= STRENGTH[before.verdict]


@given(MANY, rules(words=("hold",)), requests(), situations())
def test_a_hold_opens_nothing_that_a_rule_denies(
    texts: list[str], added: str, request: Request, stand: Facts
):
    denying = [text.replace("allow", "deny", 1).replace("hold", "deny", 1) for text in texts]
    before = evaluate(law(numbered(denying)), request, stand, full=True)
    after = evaluate(law(numbered([*denying, added])), request, stand, full=True)
    assert before.verdict == "deny"
    assert after.verdict == "deny" or not before.rules


@given(st.lists(rules(limits=False), min_size=1, max_size=6), requests(), situations(), st.data())
def test_removing_an_allow_never_widens(
    texts: list[str], request: Request, stand: Facts, data: st.DataObject
):
    read = law(numbered(texts))
    allows = [n for n, text in enumerate(texts) if text.startswith("allow")]
    if not allows:
        return
    gone = data.draw(st.sampled_from(allows))
    fewer = Law([rule for rule in read.rules if rule.id != f"r{gone}"], read.limits)
    assert not passes(fewer, request, stand) or passes(read, request, stand)
    assert opens(read, f"r{gone}") == ()


@given(MANY, requests(), situations())
def test_removing_an_agent_or_a_peer_never_widens(texts: list[str], request: Request, stand: Facts):
    read = law(numbered(texts))
    for less in (
        msgspec.structs.replace(stand, unknown=("specialist",)),
        msgspec.structs.replace(stand, paired=False),
    ):
        if request.direction == "local" and not less.paired:
            continue
        assert not passes(read, request, less) or passes(read, request, stand)


@given(MANY, requests(), situations(), st.randoms(use_true_random=False))
def test_order_never_matters(texts: list[str], request: Request, stand: Facts, random):
    rules_ = list(law(numbered(texts)).rules)
    first = evaluate(Law(rules_), request, stand)
    random.shuffle(rules_)
    second = evaluate(Law(rules_), request, stand)
    assert first == second
    assert [charge.key for charge in first.charges] == [charge.key for charge in second.charges]


@given(MANY, requests(), situations(), st.sampled_from(["admit", "run"]))
def test_explain_agrees_with_the_decision(texts: list[str], request: Request, stand: Facts, moment):
    request = msgspec.structs.replace(request, moment=moment)
    read = law(numbered(texts))
    real, full = evaluate(read, request, stand), evaluate(read, request, stand, full=True)
    if real.verdict in ("deny", "hold"):
        assert full.verdict == real.verdict or (real.verdict, moment) == ("hold", "run")
        assert set(real.steps) <= set(full.steps)
    if real.verdict == "allow":
        # What only matters at another moment is shown, and never as a refusal, unless a counter
        # that was looked at when the message came would now be empty.
        assert full.verdict in ("allow", "wait") or moment == "run"
    if full.verdict == "allow":
        assert real.verdict == "allow"
    assert explain(read, request, stand).verdict == full.verdict


@given(MANY, requests(), situations())
def test_a_decision_is_the_same_when_it_is_asked_again(
    texts: list[str], request: Request, stand: Facts
):
    read = law(numbered(texts))
    assert evaluate(read, request, stand) == evaluate(read, request, stand)
    assert evaluate(read, request, stand) == evaluate(law(numbered(texts)), request, stand)


@given(MANY, requests())
def test_what_no_rule_names_is_denied(texts: list[str], request: Request):
    read = law(numbered(texts))
    named = any(
        request.verb in (*rule.allow, *rule.hold)
        and any(pattern.matches(request.sender) for pattern in rule.from_)
        and any(pattern.matches(request.to) for pattern in rule.to)
        for rule in read.rules
    )
    if not named:
        assert evaluate(read, request, facts()).verdict == "deny"


@given(MANY, requests(), situations())
def test_every_blocker_says_why_and_every_refusal_has_a_word(
    texts: list[str], request: Request, stand: Facts
):
    decision = evaluate(law(numbered(texts)), request, stand, full=True)
    for step in decision.steps:
        assert step.because
        assert (step.verdict == "allow") == (step.code == "")
        if step.verdict == "deny":
            assert step.word != "ok"
    stages = [step.stage for step in decision.steps]
    assert stages == sorted(stages, key=["paused", "genuine", "allowed", "limits", "ready"].index)
    assert set(stages) == {"paused", "genuine", "allowed", "limits", "ready"}


@given(MANY, requests())
def test_revoking_a_rule_that_is_said_to_open_nothing_opens_nothing(
    texts: list[str], request: Request
):
    read = law(numbered(texts))
    for rule in read.rules:
        if opens(read, rule.id):
            continue
        fewer = Law([one for one in read.rules if one.id != rule.id], read.limits)
        assert not passes(fewer, request, facts()) or passes(read, request, facts())
