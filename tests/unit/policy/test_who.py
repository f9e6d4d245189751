"""Who may: never somebody the evaluator would refuse, and nobody forgotten it would let in."""

from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy.directory import Directory
from gatepost.policy.evaluate import evaluate
from gatepost.policy.patterns import Party, Pattern, parse_pattern
from gatepost.policy.who import bounds, who_can
from tests.unit.policy.cases import (
    ALICE,
    BOB,
    HERE,
    MAIN,
    NOW,
    SPECIALIST,
    facts,
    law,
    numbered,
    rule,
    rules,
)

DIRECTORY = Directory.of(HERE, "lab", ("bob", "specialist"), (MAIN, ALICE))
SENDERS = (MAIN, ALICE, Party("alice", MAIN.node, "home"), Party("eve", MAIN.node, "home"), BOB)


def test_the_widest_first_and_then_only_what_differs():
    text = rule("all", from_="*@*") + rule("home", from_="*@home") + rule("me", from_="main@home")
    found = who_can(law(text), "ask", SPECIALIST, DIRECTORY, NOW)
    assert [(one.who, one.rule) for one in found] == [("*@*", "all")]
    text += rule("no", 'deny = ["ask"]', "main@home") + rule("wait", 'hold = ["ask"]', "*@work")
    found = who_can(law(text), "ask", SPECIALIST, DIRECTORY, NOW)
    assert [(one.who, one.verdict, one.rule) for one in found] == [
        ("*@*", "allow", "all"),
        ("*@work", "hold", "wait"),
        ("main@home", "deny", "no"),
    ]


def test_somebody_two_patterns_speak_of_is_named():
    text = rule("home", from_="*@home") + rule("no", 'deny = ["ask"]', "alice@*")
    found = who_can(law(text), "ask", SPECIALIST, DIRECTORY, NOW)
    assert [(one.who, one.verdict) for one in found] == [
        ("*@home", "allow"),
        ("alice@home", "deny"),
    ]


def test_silence_is_nobody():
    assert who_can(law(""), "ask", SPECIALIST, DIRECTORY, NOW) == ()
    assert who_can(law(rule()), "send", SPECIALIST, DIRECTORY, NOW) == ()


def test_how_a_rule_is_bound_is_told():
    more = (
        "until = 2100-01-01T00:00:00Z\n"
        'unless = { hours = "18:00-08:00 UTC", tainted = true }\n'
        'limit = { rate = "30/min", turns = 3 }'
    )
    read = law(rule(more=more)).rules[0]
    assert bounds(read) == (
        "until 2100-01-01 00:00 UTC, unless 18:00-08:00 UTC or tainted, rate 30/min, turns 3"
    )
    assert bounds(law(rule()).rules[0]) == ""


@given(st.lists(rules(), max_size=6), st.sampled_from(SENDERS))
def test_the_narrowest_line_that_speaks_of_somebody_agrees_with_the_evaluator(
    texts: list[str], sender: Party
):
    read = law(numbered(texts))
    request = DIRECTORY.request(sender, "ask", SPECIALIST, NOW)
    allowed = [s for s in evaluate(read, request, facts(), full=True).steps if s.stage == "allowed"]
    verdict = max(("allow", "hold", "deny").index(step.verdict) for step in allowed)
    told = "deny"
    for one in who_can(read, "ask", SPECIALIST, DIRECTORY, NOW):
        pattern: Pattern = parse_pattern(one.who, ("lab", HERE))
        if pattern.matches(sender):
            told = one.verdict
    assert told == ("allow", "hold", "deny")[verdict]
