"""What the node counts and what it pauses, as the one evaluator is asked."""

import pytest

from gatepost.node.guard import PAUSE_FILE, party
from gatepost.policy.evaluate import Request
from tests.unit.node.stage import OPEN, Stage, law

NODE = "b" * 52


def test_an_alias_that_is_a_node_id_is_only_an_id() -> None:
    assert party("bob", NODE, NODE).alias == ""
    assert party("bob", NODE, "lab").alias == "lab"
    assert party("bob").local


@pytest.mark.requirement("P7")
def test_the_rate_of_a_peer_is_taken_by_what_is_admitted_and_by_nothing_else() -> None:
    stage = Stage("home", "lab")
    stage.node("lab").law_changed(law("lab", OPEN.replace('rate = "none"', 'rate = "3/min"')))
    wish = Request(
        "inbound",
        "ask",
        stage.node("lab").peers.by_alias["home"].party("main"),
        party("bob"),
        stage.node("lab").clock.now(),
    )
    guard = stage.node("lab").guard
    for _ in range(10):
        assert guard.ask(wish, guard.facts()).verdict == "allow"
    ids = [stage.submit("home", "main", "bob@lab", verb="send").id for _ in range(4)]
    stage.run(5)
    assert [stage.state("home", id) for id in ids] == ["received"] * 3 + ["rejected"]
    assert stage.view("home", ids[3]).reason == "limited"
    stage.run(60)
    late = stage.submit("home", "main", "bob@lab", verb="send")
    stage.ends("home", late.id, "received")


def test_a_rule_may_bound_what_one_agent_sends() -> None:
    rule = (
        '[[rule]]\nid = "slow"\nallow = ["send"]\nfrom = "main"\nto = "bob@lab"\n'
        'limit = { rate = "2/min" }\n'
    )
    stage = Stage("home", "lab")
    stage.node("home").law_changed(law("home", rule))
    for _ in range(2):
        stage.submit("home", "main", "bob@lab", verb="send")
    error = stage.refused("home", "main", "bob@lab", verb="send")
    assert (error.code, error.entry.retryable) == ("policy.limited", True)


def test_paused_is_what_is_named_or_everything() -> None:
    guard = Stage("home").node("home").guard
    assert not guard.is_paused("lab")
    guard.paused.add("lab")
    assert guard.is_paused("bob", "lab")
    assert not guard.is_paused("bob")
    assert not guard.whole
    for whole in ("", PAUSE_FILE):
        guard.paused = {whole}
        assert guard.whole
        assert guard.is_paused("bob")
        assert guard.facts().paused == "node"


@pytest.mark.requirement("T28")
def test_a_paused_peer_keeps_its_messages_and_is_not_refused() -> None:
    stage = Stage("home", "lab")
    stage.node("lab").pause("home")
    stage.until(lambda: not stage.node("home").peers.by_alias["lab"].exchange.live)
    sent = stage.submit("home", "main", "bob@lab", verb="send")
    stage.run(600)
    assert stage.state("home", sent.id) == "accepted"
    stage.node("lab").resume("home")
    stage.until(lambda: stage.state("home", sent.id) == "received", 900)


@pytest.mark.requirement("T28")
def test_what_a_paused_peer_sent_before_waits_and_keeps_nobody_else_waiting() -> None:
    stage = Stage("home", "lab", "work")
    early = [stage.submit("home", "main", "bob@lab").id for _ in range(3)]
    for id in early:
        stage.ends("home", id, "received")
    stage.node("lab").pause("home")
    other = stage.submit("work", "main", "bob@lab").id
    stage.ends("work", other, "received")
    bob = stage.worker("lab", "bob", capacity=2)
    stage.run(5)
    assert bob.ids == [other]
    stage.node("lab").resume("home")
    stage.until(lambda: len(bob.ids) == 2)
    stage.tell("lab", "bob", other)
    stage.until(lambda: len(bob.ids) == 3)
    stage.tell("lab", "bob", early[0])
    stage.until(lambda: bob.ids == [other, *early])


def test_a_sender_whose_limit_is_reached_keeps_nobody_else_waiting() -> None:
    text = OPEN + (
        '[[rule]]\nid = "one"\nallow = ["ask"]\nfrom = "*@home"\nto = "*"\n'
        "limit = { concurrent = 1 }\n"
    )
    stage = Stage("home", "lab", "work")
    stage.node("lab").law_changed(law("lab", text))
    mine = [stage.submit("home", "main", "bob@lab").id for _ in range(3)]
    for id in mine:
        stage.ends("home", id, "received")
    others = [stage.submit("work", "main", "bob@lab").id for _ in range(2)]
    for id in others:
        stage.ends("work", id, "received")
    bob = stage.worker("lab", "bob")
    stage.run(5)
    assert bob.ids == [mine[0], *others]
    for id in (mine[0], *others):
        stage.tell("lab", "bob", id)
    stage.run(5)
    assert bob.ids == [mine[0], *others, mine[1]]
