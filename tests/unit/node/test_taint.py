"""Whose text a speaker has read, and that it waits for a person before another owner reads it."""

import pytest

from gatepost.core.views import AgentSpec
from gatepost.node.explaining import Explaining
from gatepost.node.standing import Standing
from gatepost.policy.defaults import POLICY
from tests.unit.node.stage import Stage, law

GRANT = '\n[[rule]]\nid = "in"\nallow = ["send", "ask"]\nfrom = "*@*"\nto = "*"\n'


def stage(*, owners: dict[str, str] | None = None) -> Stage:
    """Three nodes under the default law, with everything let in."""
    agents = ("main", "bob", AgentSpec(name="other"))
    return Stage("home", "lab", "work", agents=agents, text=POLICY + GRANT, owners=owners)


@pytest.mark.requirement("T08")
def test_an_agent_that_has_read_one_owners_text_is_held_before_it_writes_to_another() -> None:
    here = stage()
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    sent = here.submit("lab", "bob", "bob@work")
    assert sent.state == "held"
    assert "taint" in sent.why
    here.run(30)
    assert here.node("work").inbox.open == {}


def test_what_has_not_been_handed_over_taints_nobody() -> None:
    here = stage()
    waits = here.submit("home", "main", "bob@lab")
    here.ends("home", waits.id, "received")
    assert here.submit("lab", "bob", "bob@work").state == "accepted"


def test_once_the_run_has_ended_the_agent_writes_freely() -> None:
    here = stage()
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    here.tell("lab", "bob", bob.ids[0])
    assert here.submit("lab", "bob", "bob@work").state == "accepted"


def test_naming_another_run_does_not_wash_an_agent_clean() -> None:
    here = stage()
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.submit("lab", "main", "bob")
    here.until(lambda: len(bob.offers) == 2)
    local = next(run for run in bob.offers if not run.node)
    assert here.submit("lab", "bob", "bob@work", run=local.run).state == "held"


def test_nodes_of_one_owner_do_not_taint_each_other() -> None:
    here = stage(owners={"home": "ann", "work": "ann"})
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    assert here.submit("lab", "bob", "bob@work").state == "accepted"


@pytest.mark.requirement("T08")
def test_text_passed_on_to_another_agent_of_the_node_taints_that_one_too() -> None:
    here = stage()
    bob, other = here.worker("lab", "bob"), here.worker("lab", "other")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    here.submit("lab", "bob", "other")
    here.until(lambda: other.offers)
    assert here.submit("lab", "other", "main@work").state == "held"


def test_taint_survives_a_restart_as_long_as_the_run_is_open() -> None:
    here = stage()
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    here.crash("lab")
    here.boot("lab")
    assert here.submit("lab", "bob", "bob@work").state == "held"


def test_a_reply_to_whoever_asked_is_never_held() -> None:
    here = stage()
    bob = here.worker("lab", "bob")
    asked = here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    here.tell("lab", "bob", asked.id, text="42")
    assert here.ends("home", asked.id, "done").text == "42"


def test_explaining_knows_the_taint_of_now() -> None:
    here = stage()
    wish = ("bob", "ask", "bob@work")
    explaining = Explaining(Standing(here.node("lab")))
    assert explaining.wish(*wish)[0].verdict == "allow"
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    found, _ = explaining.wish(*wish)
    assert found.verdict == "hold"
    assert any(line.rule == "taint" for line in found.stages)


def test_the_law_says_whether_open_conversations_must_be_counted() -> None:
    limited = GRANT + "limit = { open = 2 }\n"
    assert not law("lab", POLICY + GRANT).counts_open
    assert law("lab", POLICY + limited).counts_open


def test_an_answer_taints_the_run_in_which_it_came() -> None:
    here = stage()
    bob, there = here.worker("lab", "bob"), here.worker("home", "bob")
    here.submit("lab", "main", "bob")
    here.until(lambda: bob.offers)
    asked = here.submit("lab", "bob", "bob@home", run=bob.offers[0].run)
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "accepted"
    here.until(lambda: there.offers)
    here.tell("home", "bob", asked.id, text="42")
    here.ends("lab", asked.id, "done")
    late = here.submit("lab", "bob", "bob@work", verb="send")
    assert (late.state, "taint" in late.why) == ("held", True)
    assert here.submit("lab", "bob", "main@home", verb="send").state == "accepted"
    here.tell("lab", "bob", bob.ids[0])
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "accepted"


def test_an_answer_without_words_taints_nobody() -> None:
    here = stage()
    bob, there = here.worker("lab", "bob"), here.worker("home", "bob")
    here.submit("lab", "main", "bob")
    here.until(lambda: bob.offers)
    asked = here.submit("lab", "bob", "bob@home")
    here.until(lambda: there.offers)
    here.tell("home", "bob", asked.id)
    here.ends("lab", asked.id, "done")
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "accepted"


@pytest.mark.requirement("T08")
def test_what_was_read_in_answers_goes_along_to_the_next_agent_and_comes_back_with_its_answer() -> (
    None
):
    here = stage()
    bob, other, there = (
        here.worker("lab", "bob"),
        here.worker("lab", "other"),
        here.worker("home", "bob"),
    )
    here.submit("lab", "main", "bob")
    here.submit("lab", "main", "other")
    here.until(lambda: bob.offers and other.offers)
    asked = here.submit("lab", "bob", "bob@home")
    here.until(lambda: there.offers)
    here.tell("home", "bob", asked.id, text="42")
    here.ends("lab", asked.id, "done")
    assert here.submit("lab", "other", "bob@work", verb="send").state == "accepted"
    passed = here.submit("lab", "other", "bob", conversation=asked.conversation)
    here.until(lambda: passed.id in bob.ids)
    here.tell("lab", "bob", passed.id, text="they say 42")
    here.ends("lab", passed.id, "done")
    assert here.submit("lab", "other", "bob@work", verb="send").state == "held"
    # And the other way: what bob sends on carries what bob has read.
    main = here.worker("lab", "main")
    on = here.submit("lab", "bob", "main")
    here.until(lambda: on.id in main.ids)
    assert here.submit("lab", "main", "bob@work", verb="send").state == "held"


def test_what_was_read_in_answers_survives_a_restart_with_the_run() -> None:
    here = stage()
    bob, there = here.worker("lab", "bob"), here.worker("home", "bob")
    here.submit("lab", "main", "bob")
    here.until(lambda: bob.offers)
    asked = here.submit("lab", "bob", "bob@home")
    here.until(lambda: there.offers)
    here.tell("home", "bob", asked.id, text="42")
    here.ends("lab", asked.id, "done")
    here.crash("lab")
    here.boot("lab")
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "held"


def test_a_rule_may_hold_tainted_text_between_the_agents_of_one_node() -> None:
    here = stage()
    hold = GRANT + '[[rule]]\nid = "inner"\nhold = ["send"]\nfrom = "bob"\nto = "main"\n'
    here.node("lab").law_changed(law("lab", POLICY + hold + "unless = { tainted = false }\n"))
    assert here.submit("lab", "bob", "main", verb="send").state == "accepted"
    bob = here.worker("lab", "bob")
    here.submit("home", "main", "bob@lab")
    here.until(lambda: bob.offers)
    assert here.submit("lab", "bob", "main", verb="send").state == "held"
    standing = Explaining(Standing(here.node("lab")))
    assert standing.wish("bob", "send", "main")[0].verdict == "hold"


def test_an_old_answer_that_is_looked_at_in_a_run_taints_it() -> None:
    here = stage()
    there = here.worker("home", "bob")
    asked = here.submit("lab", "bob", "bob@home")
    here.until(lambda: there.offers)
    here.tell("home", "bob", asked.id, text="42")
    here.ends("lab", asked.id, "done")
    bob = here.worker("lab", "bob")
    here.submit("lab", "main", "bob")
    here.until(lambda: bob.offers)
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "accepted"
    assert here.desk("lab", "bob").shown(asked.id).text == "42"
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "held"


def test_a_look_into_the_mailbox_taints_until_what_was_seen_has_ended() -> None:
    here = stage()
    waits = here.submit("home", "main", "bob@lab")
    here.ends("home", waits.id, "received")
    desk = here.desk("lab", "bob")
    assert [run.id for run in desk.waiting(10)] == [waits.id]
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "held"
    here.cancel("home", "main", waits.id)
    here.ends("home", waits.id, "cancelled")
    assert here.submit("lab", "bob", "bob@work", verb="send").state == "accepted"
