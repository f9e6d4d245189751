from gatepost.policy.opening import opens
from tests.unit.policy.cases import HOME, default_law, law, rule


def test_taking_a_deny_away_says_who_may_do_what_then_and_by_which_rule():
    read = law(rule("yes", from_="*@*") + rule("no", 'deny = ["ask", "see"]', f"*@{HOME}", "bob"))
    assert opens(read, "no") == (f"*@{HOME} → bob may then ask: `yes` allows it",)


def test_taking_a_hold_away_says_that_nobody_is_asked_any_more():
    said = opens(default_law(), "taint")
    assert said[0] == "* → *@* may then send without a person: `outbound` allows it"
    assert len(said) == 3


def test_taking_an_allow_away_opens_nothing_unless_it_carried_a_limit():
    assert opens(default_law(), "outbound") == ()
    limited = law(rule("x", more="limit = { turns = 1 }"))
    assert opens(limited, "x") == ("its limits no longer narrow what other rules allow",)
    assert opens(limited, "nothing") == ()


def test_rules_for_other_parties_do_not_count():
    read = law(rule("yes", from_="*@work") + rule("no", 'deny = ["ask"]', "*@home"))
    assert opens(read, "no") == ()
    local = law(rule("yes", from_="*") + rule("no", 'deny = ["ask"]', "*@*"))
    assert opens(local, "no") == ()
