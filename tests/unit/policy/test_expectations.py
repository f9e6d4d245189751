"""Tests beside the rules: tried, and a change that breaks one."""

import pytest

from gatepost.errors import GatepostError
from gatepost.policy.directory import Directory
from gatepost.policy.expectations import broken_by, refusal, try_all
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from tests.unit.policy.cases import HERE, HOME, NOW, WORK, law, rule

KNOWN = Directory.of(
    HERE, "lab", ("bob", "specialist"), [Party("", HOME, "home"), Party("", WORK, "work")]
)


def expect(who: str = "carol@work -> bob", verb: str = "ask", want: str = "deny", more: str = ""):
    return f'[[expect]]\nwho = "{who}"\nverb = "{verb}"\nwant = "{want}"\n{more}\n'


def passed(read: Law, now: int = NOW) -> list[bool]:
    return [one.passed for one in try_all(read, KNOWN, now)]


def test_each_expectation_is_tried_and_says_which_rule_decided_and_where():
    text = (
        expect() + rule("in", from_="*@work", to="bob") + expect("bob -> alice@work", want="deny")
    )
    wrong, right = try_all(law(text), KNOWN, NOW)
    assert (wrong.passed, wrong.verdict, right.passed) == (False, "allow", True)
    assert wrong.says == (
        "policy.toml:1 expects `deny` for carol@work ask bob, but it is allowed: "
        "rule `in` lets carol@work ask bob (policy.toml:6)"
    )
    assert right.says.startswith(
        "policy.toml:12: as expected, bob ask alice@work is denied: no rule"
    )


@pytest.mark.parametrize("want", ["allow", "hold", "deny"])
def test_all_three_verdicts_can_be_wanted(want: str):
    rules = rule("yes", from_="*@work", to="bob") + rule(
        "wait", 'hold = ["ask"]', from_="*@work", to="bob", more="unless = { tainted = false }"
    )
    tries = try_all(law(rules + expect(want=want)), KNOWN, NOW)
    assert [one.passed for one in tries] == [want == "allow"]


def test_a_star_speaks_of_everybody_also_of_those_some_rule_names():
    nobody = expect("*@work -> *", want="deny")
    assert passed(law(nobody + rule("one", from_="main@home", to="bob"))) == [True]
    for let_in in ("alice@work", "a*@work", "*@*", "alice@*", f"alice@{WORK}"):
        assert passed(law(nobody + rule("one", from_=let_in, to="bob"))) == [False], let_in


def test_a_name_that_is_refused_does_not_hide_the_others_of_its_glob():
    text = rule("many", from_="b*@work", to="bob") + rule("b", 'deny = ["ask"]', "b@work", "*")
    assert passed(law(text + expect("*@work -> bob", want="deny"))) == [False]


def test_what_everybody_may_is_broken_by_one_who_may_not():
    text = expect("*@work -> bob", want="allow") + rule("yes", from_="*@work", to="bob")
    assert passed(law(text)) == [True]
    assert passed(law(text + rule("no", 'deny = ["ask"]', "eve@*", "bob"))) == [False]


def test_an_expectation_may_say_when_and_whose_text_was_read():
    text = rule("day", from_="*@work", to="bob", more='unless = { hours = "18:00-08:00 UTC" }')
    late = expect(more="at = 2027-01-31T20:00:00Z") + expect(
        want="allow", more="at = 2027-01-31T12:00:00Z"
    )
    assert passed(law(text + late)) == [True, True]
    taint = rule("out", from_="*", to="*@*") + rule(
        "taint", 'hold = ["ask"]', "*", "*@*", "unless = { tainted = false }"
    )
    out = expect("bob -> main@home", want="hold", more="tainted = true") + expect(
        "bob -> main@home", want="allow"
    )
    assert passed(law(taint + out)) == [True, True]


def test_only_the_law_is_tried_and_not_limits_or_who_exists():
    text = rule("in", from_="*@work", to="nobody-yet", more="limit = { bytes = 0, open = 0 }")
    assert passed(law(text + expect("carol@work -> nobody-yet", want="allow"))) == [True]


def test_a_change_is_answered_with_what_it_breaks_and_not_with_what_was_broken_before():
    text = expect() + expect("bob -> alice@work", want="allow")
    before = law(text)
    after = law(text, rule("open", from_="*@work", to="bob"))
    (broken,) = broken_by(before, after, KNOWN, NOW)
    assert broken.expectation.want == "deny"
    assert len(broken_by(None, after, KNOWN, NOW)) == 2
    assert broken_by(after, after, KNOWN, NOW) == ()
    error = refusal((broken,))
    assert (error.code, error.where) == ("policy.expectation", "policy.toml:1")
    assert "rule `open`" in error.what


def test_an_expectation_that_is_wrong_when_it_is_written_is_broken_by_being_written():
    assert len(broken_by(law(""), law(expect(want="allow")), KNOWN, NOW)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("carol@work -> bob", "carol@work -> bob"),
        ("carol@work -> bob", "*@work -> *"),
        ("c*@work -> bob", "*l@* -> b*"),
    ],
)
def test_two_expectations_that_no_law_can_meet_are_named_with_their_lines(one: str, other: str):
    with pytest.raises(GatepostError) as caught:
        law(rule() + expect(one, want="allow") + expect(other, want="deny"))
    assert (caught.value.code, caught.value.where) == ("policy.invalid", "policy.toml:12")
    assert "policy.toml:7" in caught.value.what


def test_expectations_of_other_moments_parties_or_verbs_do_not_contradict_each_other():
    others = [
        expect("carol@work -> bob", want="deny", verb="send"),
        expect("carol@home -> bob", want="deny"),
        expect("carol -> bob", want="deny"),
        expect("carol@work -> rob", want="deny"),
        expect("carol@work -> bob", want="deny", more="at = 2027-01-31T00:00:00Z"),
        expect("bob -> carol@work", want="deny", more="tainted = true"),
    ]
    assert len(law(expect(want="allow") + "".join(others)).expectations) == 7


def test_many_expectations_over_many_rules_are_tried_within_bounds():
    grants = "".join(rule(f"g{n}", from_=f"a{n}@work", to=f"b{n}") for n in range(2_000))
    many = "".join(expect(f"*@* -> b{n}*", verb="delegate") for n in range(400))
    assert all(passed(law(grants + many)))
    late = rule("late", 'allow = ["delegate"]', from_="eve@home", to="b7")
    assert passed(law(grants + late + many)).count(False) == 1
