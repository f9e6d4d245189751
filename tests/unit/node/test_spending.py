"""Tokens of a model: what runs say they used counts against the limits of whoever asked."""

import pytest

from gatepost.core.message import Text, UpdateIn
from gatepost.errors import GatepostError
from tests.unit.node.stage import OPEN, Stage, law

LIMITED = OPEN.replace('rate = "none"', 'rate = "none"\ntokens = "1000/day"')


def stage(text: str = LIMITED) -> Stage:
    made = Stage("home", "lab", "work")
    made.machines["lab"].law = law("lab", text)
    made.node("lab").law_changed(made.machines["lab"].law)
    return made


def use(made: Stage, tokens: int, kind: str = "done", peer: str = "home") -> str:
    """One message of `peer` to bob at lab, whose run says what it used; the message."""
    bob = made.worker("lab", "bob")
    sent = made.submit(peer, "main", "bob@lab").id
    made.until(lambda: sent in bob.ids)
    heard: list[GatepostError | None] = []
    said = UpdateIn(id=sent, kind=kind, parts=(Text("so"),), tokens=tokens)  # type: ignore[arg-type]
    made.desk("lab", "bob").update(said, heard.append)
    made.until(lambda: heard)
    assert heard == [None]
    if kind != "done":
        made.tell("lab", "bob", sent)
    assert bob.claim is not None
    bob.claim.release()
    return sent


def asks(made: Stage, peer: str = "home") -> str:
    sent = made.submit(peer, "main", "bob@lab").id
    made.run(2)
    return made.view(peer, sent).reason or made.state(peer, sent)


@pytest.mark.requirement("P7")
@pytest.mark.parametrize("kind", ["done", "progress"])
def test_a_sender_whose_runs_used_its_tokens_up_is_refused_until_there_is_room(kind: str) -> None:
    made = stage()
    use(made, 600, kind)
    assert asks(made) == "received"
    use(made, 600, kind)
    assert asks(made) == "limited"
    assert asks(made, "work") == "received"
    made.run(86_400 / 4)
    assert asks(made) == "received"


def test_what_was_used_is_not_forgotten_by_a_restart() -> None:
    made = stage()
    use(made, 2_000)
    made.crash("lab")
    made.boot("lab")
    made.until(made.linked, 900)
    assert asks(made) == "limited"


def test_a_limit_of_one_rule_counts_what_that_rule_let_in() -> None:
    rule = (
        '[[rule]]\nid = "one"\nallow = ["ask"]\nfrom = "*@home"\nto = "bob"\n'
        'limit = { tokens = "100/day" }\n'
    )
    made = stage(OPEN + rule)
    use(made, 5_000, peer="work")
    use(made, 500)
    assert asks(made) == "limited"
    assert asks(made, "work") == "received"
    made.node("lab").law_changed(law("lab", OPEN))
    assert asks(made) == "received"


def test_nothing_is_counted_or_kept_where_no_rule_limits_it() -> None:
    made = stage(OPEN)
    use(made, 10**9)
    assert asks(made) == "received"
    assert made.node("lab").guard.usage.kept("tokens") == {}
    assert made.node("lab").store.registry.mark("tokens used") == ""
