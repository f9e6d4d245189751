"""The law is asked again when a message that waited may go to its peer."""

from datetime import UTC, datetime

from tests.unit.node.stage import OPEN, Stage, law, states

NO = '\n[[rule]]\nid = "no"\ndeny = ["send"]\nfrom = "main"\nto = "*@lab"\n'
WAIT = NO.replace("deny", "hold").replace('"no"', '"wait"')


def waiting(text: str = OPEN) -> tuple[Stage, list[str]]:
    """Three messages that wait for a peer which cannot be reached."""
    stage = Stage("home", "lab", text=text)
    stage.part("home", "lab")
    sent = [stage.submit("home", "main", "bob@lab", verb="send").id for _ in range(3)]
    # What was in a slot before the link broke has left; these have none.
    assert [stage.state("home", id) for id in sent] == ["accepted"] * 3
    return stage, sent


def test_what_a_rule_forbids_by_now_does_not_leave_and_ends_for_certain() -> None:
    stage, sent = waiting()
    other = stage.submit("home", "bob", "bob@lab", verb="send").id
    stage.run(1)
    stage.node("home").law_changed(law("home", OPEN + NO))
    stage.join("home", "lab")
    stage.ends("home", other, "received")
    for id in sent:
        view = stage.ends("home", id, "rejected")
        assert (view.reason, view.by) == ("policy.denied", "rule")
    assert {m.row.id for m in stage.node("lab").inbox.open.values()} == {other}


def test_what_a_rule_holds_by_now_waits_and_goes_when_the_rule_does() -> None:
    stage, sent = waiting()
    stage.run(1)
    stage.node("home").law_changed(law("home", OPEN + WAIT))
    stage.join("home", "lab")
    for id in sent:
        stage.ends("home", id, "held")
    assert stage.node("lab").inbox.open == {}
    stage.node("home").law_changed(law("home", OPEN))
    for id in sent:
        view = stage.ends("home", id, "received")
        assert "held" in states(view)
        assert stage.node("lab").inbox.open[1, id].row.late, "it has left its order, and says so"


def test_it_is_asked_again_after_a_restart_too() -> None:
    stage, sent = waiting()
    stage.run(1)
    stage.node("home").law_changed(law("home", OPEN + NO))
    stage.crash("home")
    stage.machines["home"].law = law("home", OPEN + NO)
    stage.boot("home")
    stage.join("home", "lab")
    for id in sent:
        stage.ends("home", id, "rejected")


def test_a_rule_that_has_ended_meanwhile_lets_nothing_more_go() -> None:
    granted = """
[[rule]]
id = "short"
allow = ["send"]
from = "*"
to = "*@*"
until = {until}
"""
    stage = Stage("home", "lab")
    now = stage.node("home").clock.now()
    until = f"{datetime.fromtimestamp(now / 1000 + 60, UTC):%Y-%m-%dT%H:%M:%SZ}"
    stage.node("home").law_changed(law("home", granted.replace("{until}", until)))
    stage.part("home", "lab")
    sent = stage.submit("home", "main", "bob@lab", verb="send").id
    stage.run(120)
    stage.join("home", "lab")
    assert stage.ends("home", sent, "rejected").reason == "policy.denied"


def test_under_the_same_law_nothing_is_asked_twice() -> None:
    stage, sent = waiting()
    asked: list[object] = []
    guard = stage.node("home").guard
    ask = guard.ask
    guard.ask = lambda *given, **more: asked.append(given) or ask(*given, **more)
    stage.join("home", "lab")
    for id in sent:
        stage.ends("home", id, "received")
    assert asked == []
