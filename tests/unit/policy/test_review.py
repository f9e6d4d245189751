"""What is odd in a law: rules that cannot matter, and names nobody has."""

import pytest

from gatepost.policy.directory import Directory
from gatepost.policy.patterns import Party
from gatepost.policy.review import MOST, Remark, review
from tests.unit.policy.cases import HERE, HOME, NOW, WORK, default_law, law, rule

KNOWN = Directory.of(
    HERE, "lab", ("bob", "specialist"), [Party("", HOME, "home"), Party("", WORK, "work")]
)


def remarks(text: str, grants: str = "") -> tuple[Remark, ...]:
    return review(law(text, grants), KNOWN, NOW)


def test_nothing_is_odd_about_the_first_law():
    assert review(default_law(), KNOWN, NOW) == ()
    assert review(default_law(), Directory(), NOW) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (rule(from_="main@home", to="*@work"), "two peers"),
        (rule(says="allow = []"), "nobody or nothing in its verbs"),
        (rule().replace('"main@home"', "[]"), "in its `from`"),
        (rule().replace('to = "*"', "to = []"), "in its `to`"),
        (rule(more="until = 2001-01-01T00:00:00Z"), "ended 2001-01-01 00:00 UTC"),
        (rule(says='deny = ["ping"]'), "`ping` comes from a node as a whole"),
        (rule(says='allow = ["see"]'), "`see` comes from a node as a whole"),
        (rule(more="unless = { tainted = false }"), "only agents of this node count"),
    ],
)
def test_a_rule_that_can_never_apply_is_named_with_its_line(text: str, says: str):
    (remark,) = remarks("\n\n" + text)
    assert (remark.kind, remark.rule, remark.origin) == ("never", "r", "policy.toml:3")
    assert says in remark.text


def test_a_rule_that_lets_in_what_another_always_denies_is_named_with_that_one():
    wide = rule("no", 'deny = ["ask", "send"]', "*@*", "b*")
    (remark,) = remarks(rule(to="bob") + wide)
    assert remark.says == "lets nothing through: `no` (policy.toml:7) always denies it"
    for almost in (
        rule("no", 'deny = ["send"]', "*@*", "*"),
        rule("no", 'deny = ["ask"]', "*@work", "*"),
        rule("no", 'deny = ["ask"]', "*@*", "bo"),
        rule("no", 'deny = ["ask"]', "*@*", "*", 'unless = { hours = "08:00-18:00 UTC" }'),
        rule("no", 'deny = ["ask"]', "*@*", "*", "until = 2100-01-01T00:00:00Z"),
    ):
        assert [one for one in remarks(rule(to="bob") + almost) if one.rule == "r"] == []


def test_the_rules_of_a_blocked_peer_wait_and_are_not_odd():
    block = rule(
        "block", 'deny = ["ask", "send"]', "*@home", "*", 'by = "gatepost peers block home"'
    )
    assert remarks(rule(to="bob"), block) == ()
    assert remarks(rule(to="bob"), block.replace("peers block home", "policy grant")) != ()


def test_several_denies_may_cover_a_rule_together():
    both = rule("no1", 'deny = ["ask"]', "*@home", "*") + rule("no2", 'deny = ["ask"]', "*@work")
    text = rule().replace('"main@home"', '["main@home", "*@work"]') + both
    (remark,) = remarks(text)
    assert "`no1`" in remark.says
    assert "`no2`" in remark.says


def test_names_nobody_has_come_with_the_nearest_that_somebody_has():
    agent, peer, id_ = remarks(
        rule("a", to="bbo")
        + rule("b", from_="main@hom", to="bob")
        + rule("c", from_=f"*@{'c' * 52}", to="bob")
    )
    assert (agent.kind, agent.suggestion) == ("agent", "bob")
    assert agent.text == (
        "policy.toml:1: rule `a` names the agent `bbo`, which this node has not; "
        "did you mean `bob`?"
    )
    assert (peer.kind, peer.suggestion) == ("peer", "home")
    assert (id_.kind, id_.suggestion) == ("peer", "")


def test_an_expectation_may_name_somebody_unknown_too():
    (remark,) = remarks('[[expect]]\nwho = "*@home -> bbo"\nverb = "ask"\nwant = "deny"\n')
    assert (remark.rule, remark.origin, remark.suggestion) == ("", "policy.toml:1", "bob")


def test_an_alias_that_means_another_node_now_is_said():
    bound = rule(to="bob", more=f'nodes = {{ home = "{"c" * 52}" }}')
    (other,) = remarks(bound)
    assert other.kind == "moved"
    assert "another node that was called `home` then" in other.says
    renamed = rule(from_="main@old", to="bob", more=f'nodes = {{ old = "{HOME}" }}')
    (known,) = remarks(renamed)
    assert (known.kind, known.suggestion) == ("moved", "home")


def test_the_list_ends_somewhere():
    text = "".join(rule(f"r{n}", to="nobody-here") for n in range(MOST + 20))
    assert len(remarks(text)) == MOST


def test_a_rule_by_a_former_name_says_what_its_node_is_called_now():
    known = Directory.of(HERE, "lab", ("bob",), [Party("", HOME, "home", former=("old",))])
    (remark,) = review(law(rule(from_="main@old", to="bob")), known, NOW)
    assert (remark.kind, remark.suggestion) == ("moved", "home")
    assert known.party("main@old").alias == "home"
