"""What a person's yes answers, and what it does not."""

import msgspec
import pytest

from gatepost.core.origin import Document
from gatepost.policy.approvals import Approval, answered, mark
from gatepost.policy.evaluate import Facts, Party, Request, evaluate
from gatepost.policy.rules import read_law
from gatepost.policy.usage import Usage

RULES = """
[[rule]]
id = "in"
allow = ["send", "ask"]
from = "*@work"
to = "bob"

[[rule]]
id = "look"
hold = ["ask"]
from = "*@work"
to = "bob"
"""
FACTS = Facts(node="n" * 52, usage=Usage())
ASK = Request("inbound", "ask", Party("carol", "w" * 52, "work"), Party("bob"), 1000)


def law(text: str = RULES):
    return read_law([Document("policy.toml", text)], ["home"])


def marks(text: str = RULES) -> dict[str, str]:
    return {rule.id: mark(rule) for rule in law(text).rules if rule.hold}


def standing(**more: object) -> Approval:
    return Approval(
        **{
            "id": "a",
            "rules": marks(),
            "direction": "inbound",
            "verb": "ask",
            "sender": ASK.sender,
            "to": ASK.to,
            "conversation": "",
            "until": 0,
            "made": 1,
            "message": "m",
            **more,
        }
    )


def verdict(text: str, once: dict[str, str], *approvals: Approval, request: Request = ASK) -> str:
    yes = answered(law(text), request, ["look"], once, approvals)
    return evaluate(law(text), msgspec.structs.replace(request, approved=yes), FACTS).verdict


def test_a_yes_answers_the_rule_it_was_given_for() -> None:
    assert verdict(RULES, {}) == "hold"
    assert verdict(RULES, marks()) == "allow"
    assert verdict(RULES, {}, standing()) == "allow"


@pytest.mark.parametrize(
    "more",
    [
        'unless = { hours = "08:00-18:00 UTC" }',
        'unless = { conversation = "0199f3a2-7b1c-7000-8000-000000000000" }',
        "until = 2099-01-31T00:00:00Z",
    ],
)
def test_a_rule_that_came_to_say_something_else_is_not_answered(more: str) -> None:
    assert verdict(RULES + more + "\n", marks()) == "hold"
    assert verdict(RULES + more + "\n", {}, standing()) == "hold"


@pytest.mark.parametrize(
    ("old", "new"), [('"*@work"\nto = "bob"', '"*@*"\nto = "bob"'), ('id = "look"', 'id = "see2"')]
)
def test_a_rule_of_other_breadth_or_name_is_not_answered(old: str, new: str) -> None:
    head, tail = RULES.split('id = "look"')
    text = head + ('id = "look"' + tail).replace(old, new)
    yes = answered(law(text), ASK, ["look", "see2"], marks(), [])
    assert yes == ()


def test_a_limit_or_a_comment_beside_it_changes_nothing_about_what_a_rule_holds() -> None:
    text = "# a new first line\n" + RULES + 'limit = { rate = "1/min" }\n'
    assert verdict(text, marks()) == "allow"


def test_a_yes_never_answers_a_deny() -> None:
    text = RULES + '[[rule]]\nid = "no"\ndeny = ["ask"]\nfrom = "*@work"\nto = "*"\n'
    assert verdict(text, marks(), standing()) == "deny"


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "delegate"},
        {"sender": Party("dave", "w" * 52, "work")},
        {"sender": Party("carol", "x" * 52, "work")},
        {"to": Party("eve")},
        {"direction": "local"},
        {"conversation": "c2"},
        {"at": 2000},
    ],
)
def test_a_standing_yes_is_for_one_pair_one_verb_one_conversation_and_its_time(
    change: dict[str, object],
) -> None:
    approval = standing(conversation="c1", until=2000)
    asked = msgspec.structs.replace(ASK, conversation="c1")
    assert approval.covers(asked)
    assert not approval.covers(msgspec.structs.replace(asked, **change))


def test_an_alias_that_went_to_another_node_takes_no_yes_along() -> None:
    renamed = msgspec.structs.replace(ASK, sender=Party("carol", "w" * 52, "office"))
    assert standing().covers(renamed)


def test_messages_that_wait_for_a_person_are_limited_and_what_is_approved_is_not() -> None:
    waiting = msgspec.structs.replace(FACTS, held=5)
    decision = evaluate(law(), ASK, waiting)
    assert (decision.verdict, decision.word, decision.code) == ("deny", "limited", "policy.limited")
    assert evaluate(law(), ASK, msgspec.structs.replace(FACTS, held=4)).verdict == "hold"
    approved = msgspec.structs.replace(ASK, approved=("look",))
    assert evaluate(law(), approved, waiting).verdict == "allow"
    run = msgspec.structs.replace(ASK, moment="run")
    assert evaluate(law(), run, waiting).verdict == "hold", "it is here already"
    more = law(RULES + "[limits]\nholds = 6\n")
    assert evaluate(more, ASK, waiting).verdict == "hold"
