"""What is told of a message: what was decided, by which law, and what would be decided now."""

import pytest

from gatepost.core.views import Question
from gatepost.errors import GatepostError
from gatepost.node.approving import Approving
from gatepost.node.questions import Questions
from gatepost.policy.answers import Difference, DiffIn
from gatepost.policy.explain import Explanation
from tests.unit.node.driving import drive
from tests.unit.node.stage import Stage, law

OUT = '[[rule]]\nid = "out"\nallow = ["ask", "send", "delegate"]\nfrom = "*"\nto = "*@*"\n'
IN = '[[rule]]\nid = "in"\nallow = ["ask"]\nfrom = "main@home"\nto = "bob"\n'
HOLD = '[[rule]]\nid = "wait"\nhold = ["ask"]\nfrom = "main@home"\nto = "bob"\n'
NO = '[[rule]]\nid = "no"\ndeny = ["ask"]\nfrom = "main@home"\nto = "bob"\n'


class Book:
    """A law that is exchanged by the test."""

    fault = None

    def reload(self) -> None:
        """Nothing to read."""


def stage(text: str = OUT + IN) -> Stage:
    return Stage("home", "lab", text=text)


def ask(here: Stage, node: str = "lab") -> Questions:
    return Questions(here.node(node), Book())


def change(here: Stage, node: str, text: str) -> None:
    here.run(1.0)
    here.node(node).law_changed(law(node, text))
    here.run(1.0)


def explained(here: Stage, message: str, node: str = "lab", **more: object) -> Explanation:
    question = Question(message=message, **more)  # type: ignore[arg-type]
    return drive(here, ask(here, node).explain(question))


def arrived(here: Stage, verb: str = "ask", text: str = "hello") -> str:
    """A message from home that lab has decided."""
    id = here.submit("home", "main", "bob@lab", text, verb=verb).id
    here.until(lambda: here.node("lab").store.messages.find(id))
    return id


def replayed(here: Stage, text: str | None = None, since: int = 0) -> Difference:
    return drive(here, ask(here).difference(DiffIn(since=since, policy=text)))


# one message


def test_a_message_let_in_by_a_rule_that_is_gone_tells_both() -> None:
    here = stage()
    id = arrived(here)
    change(here, "lab", OUT)
    found = explained(here, id)
    assert found.verdict == "deny"
    assert found.then is not None
    assert (found.then.verdict, found.then.differs) == ("allow", True)
    assert "rule `in` lets main@home ask bob" in found.then.because
    assert [(line.rule, line.origin) for line in found.then.stages if line.rule] == [
        ("in", "policy.toml:6")
    ]
    assert found.fixes == ("gatepost policy grant main@home ask bob",)
    assert "It was let through here; now it would be refused" in found.headline


def test_a_message_that_was_refused_tells_the_rule_of_then_though_it_is_gone() -> None:
    here = stage(OUT + IN + NO)
    id = arrived(here)
    change(here, "lab", OUT + IN)
    found = explained(here, id)
    assert (found.verdict, found.fixes) == ("allow", ())
    assert found.then is not None
    assert (found.then.verdict, found.then.stages[0].rule) == ("deny", "no")
    assert found.then.differs


def test_what_would_be_the_same_now_is_not_said_to_differ() -> None:
    here = stage()
    found = explained(here, arrived(here))
    assert found.then is not None and not found.then.differs
    assert "and would be now" in found.headline


def test_a_held_message_is_told_as_held_then_and_now() -> None:
    here = stage(OUT + IN + HOLD)
    id = arrived(here)
    found = explained(here, id)
    assert found.then is not None
    assert (found.verdict, found.then.verdict) == ("hold", "hold")
    assert found.fixes == (f"gatepost holds approve {id}",)
    here.run(1.0)
    at_home = explained(here, id, "home")
    assert at_home.there is not None
    assert (at_home.there.verdict, at_home.there.word) == ("hold", "held")


def test_what_a_standing_answer_let_in_is_no_change_and_would_be_let_in_again() -> None:
    here = stage(OUT + IN + HOLD)
    first = arrived(here)
    node = here.node("lab")
    calls = Approving(node, lambda: None)
    seen = calls.hold(first)
    drive(here, calls.approve(seen.id, seen.yes("time", node.clock.now() + 3_600_000)))
    second = arrived(here)
    assert node.shown.message(second).state != "held"
    found = explained(here, second)
    assert found.then is not None
    assert (found.verdict, found.then.verdict, found.then.differs) == ("allow", "allow", False)
    assert replayed(here).changed == 0
    assert [one.then for one in replayed(here, OUT + IN + NO).changes] == ["allow", "hold"]


def test_the_size_and_the_chain_of_a_message_are_those_it_came_with() -> None:
    here = stage()
    id = arrived(here, text="x" * 100)
    change(here, "lab", OUT + IN + "[limits]\nbytes = 50\n")
    found = explained(here, id)
    assert found.verdict == "deny"
    assert any("the message has 100; the limit is 50" in line.because for line in found.stages)


def test_both_are_told_after_the_node_was_killed() -> None:
    here = stage(OUT + IN + NO)
    refused = arrived(here)
    change(here, "lab", OUT + IN)
    let_in = arrived(here)
    here.run(1.0)
    here.crash("lab")
    here.machines["lab"].law = law("lab", OUT)  # the file says so at the next start
    here.boot("lab")
    then = [explained(here, id).then for id in (refused, let_in)]
    assert [one.verdict for one in then if one] == ["deny", "allow"]
    assert [one.stages[0].rule for one in then if one and one.verdict == "deny"] == ["no"]
    assert any("rule `in`" in one.because for one in then if one)


def test_a_message_that_was_withdrawn_on_its_way_was_never_decided() -> None:
    here = stage()
    here.part("home", "lab")
    id = here.submit("home", "main", "bob@lab").id
    here.cancel("home", "main", id)
    here.join("home", "lab")
    here.run(2.0)
    if here.node("lab").store.messages.find(id):
        assert "was withdrawn before it came in" in explained(here, id).headline
    found = explained(here, id, "home")
    assert found.verdict == "allow" and "is cancelled" in found.headline


def test_many_decisions_are_taken_again_a_few_at_a_time() -> None:
    here = stage(OUT + IN + '[limits]\nrate = "none"\n')
    for _ in range(120):
        here.submit("home", "main", "bob@lab")
    here.run(5.0)
    change(here, "lab", OUT)
    found = replayed(here)
    assert (found.replayed, found.changed, len(found.changes)) == (120, 120, 120)
    assert [one.at for one in found.changes] == sorted(one.at for one in found.changes)[::-1]


def test_a_message_nobody_knows_is_said_to_be_unknown() -> None:
    here = stage()
    with pytest.raises(GatepostError, match=r"message\.unknown"):
        explained(here, "0199")


# a wish


def test_a_wish_is_explained_with_the_content_it_was_just_refused_with() -> None:
    here = stage(OUT + IN + "[limits]\nbytes = 50\n")
    assert here.refused("home", "main", "bob@lab", text="x" * 100).code == "message.too_large"
    wish = Question(sender="main", verb="ask", to="bob@lab")
    found = drive(here, ask(here, "home").explain(wish))
    assert found.verdict == "deny"
    assert any("100 bytes" in note for note in found.notes)
    here.submit("home", "main", "bob@lab", "short")
    assert drive(here, ask(here, "home").explain(wish)).verdict == "allow"


def test_a_wish_at_another_time_is_explained_by_the_rules_of_then() -> None:
    here = stage(OUT + NO.replace("\nto", '\nunless = { hours = "08:00-09:00 UTC" }\nto') + IN)
    day = 86_400_000 * 20_000
    for hour, verdict in ((8, "allow"), (9, "deny")):
        at = day + hour * 3_600_000 + 60_000
        wish = Question(sender="main@home", verb="ask", to="bob", at=at)
        assert drive(here, ask(here).explain(wish)).verdict == verdict


def test_a_wish_of_two_other_nodes_is_not_this_nodes_to_explain() -> None:
    here = stage()
    wish = Question(sender="main@home", verb="ask", to="bob@work")
    with pytest.raises(GatepostError, match="is of this node"):
        drive(here, ask(here).explain(wish))


def test_the_other_node_is_asked_for_what_it_says_anyway() -> None:
    here = stage(OUT + '[[rule]]\nid = "ping"\nallow = ["ping"]\nfrom = "*@*"\nto = "*"\n')
    wish = Question(sender="main", verb="ask", to="bob@lab", remote=True)
    found = drive(here, ask(here, "home").explain(wish))
    assert found.there is not None
    assert (found.there.verdict, found.there.word) == ("unknown", "")
    assert "shows no agent `bob`" in found.there.because
    refused = arrived(here)
    here.ends("home", refused, "rejected")
    found = drive(here, ask(here, "home").explain(wish))
    assert found.there is not None
    assert (found.there.verdict, found.there.word) == ("deny", "denied")
    assert found.there.fixes[-1] == "gatepost policy grant main@home ask bob"
    here.part("home", "lab")
    found = drive(here, ask(here, "home").explain(wish))
    assert found.there is not None and "no contact with `lab`" in found.there.because


# what would be otherwise


def test_decisions_are_taken_again_by_the_rules_of_now() -> None:
    here = stage(OUT + IN + NO.replace("ask", "send"))
    kept = [arrived(here), arrived(here, "send")]
    change(here, "lab", OUT + NO)
    found = replayed(here)
    assert (found.replayed, found.changed) == (2, 1)
    (one,) = found.changes
    assert (one.message, one.then, one.now, one.rule) == (kept[0], "allow", "deny", "no")
    assert replayed(here, since=here.node("lab").clock.now() + 1).replayed == 0


def test_a_draft_is_tried_without_becoming_the_law() -> None:
    here = stage()
    id = arrived(here)
    assert replayed(here).changed == 0
    found = replayed(here, OUT + IN + HOLD)
    assert [(one.message, one.now) for one in found.changes] == [(id, "hold")]
    assert ask(here).can("main@home", "ask", "bob")
    with pytest.raises(GatepostError, match=r"policy\.toml:1"):
        replayed(here, "rule = 1")


def test_a_refusal_that_would_be_let_in_now_is_named_also_when_it_never_left() -> None:
    here = stage(IN)
    assert here.refused("home", "main", "bob@lab").code == "policy.denied"
    change(here, "home", OUT)
    found = drive(here, ask(here, "home").difference(DiffIn(since=0)))
    assert [(one.then, one.now, one.rule) for one in found.changes] == [("deny", "allow", "out")]


def test_what_a_used_up_rate_refused_is_said_not_to_be_known() -> None:
    here = stage(OUT + IN + '[limits]\nrate = "1/day"\n')
    arrived(here)
    here.ends("home", arrived(here), "rejected")
    found = replayed(here)
    assert (found.replayed, found.changed) == (1, 0)
    assert [(one.count, "rate" in one.why) for one in found.skipped] == [(1, True)]


def test_a_peer_that_was_renamed_is_judged_by_its_name_of_now() -> None:
    here = stage()
    arrived(here)
    node = here.node("lab")
    node.peers.save(node.peers.by_alias["home"], "attic")
    change(here, "lab", (OUT + IN).replace("@home", "@attic"))
    assert replayed(here).changed == 0
