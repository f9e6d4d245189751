"""One timer for everything that expires, and clocks that are wrong."""

import pytest

from gatepost.core.entry import uuid7
from gatepost.core.records import MessageRow
from gatepost.node.expiry import BATCH
from tests.unit.node.stage import Stage
from tests.world.timeline import EPOCH

DAY = 24 * 3600.0


def test_messages_expire_each_at_its_time_and_no_earlier() -> None:
    stage = Stage("home", "lab")
    stage.part("home", "lab")
    ids = {
        seconds: stage.submit("home", "main", "bob@lab", expires_in=seconds * 1000).id
        for seconds in (300, 20, 4000)
    }
    start = stage.timeline.time
    for seconds in sorted(ids):
        stage.run(start + seconds - 1 - stage.timeline.time)
        assert stage.state("home", ids[seconds]) == "accepted"
        stage.run(3)
        assert stage.state("home", ids[seconds]) == "expired"


def test_what_expired_while_the_node_was_down_ends_when_it_is_up() -> None:
    stage = Stage("home", "lab")
    stage.part("home", "lab")
    sent = stage.submit("home", "main", "bob@lab", expires_in=20_000)
    stage.crash("home")
    stage.run(3600)
    stage.boot("home")
    stage.ends("home", sent.id, "expired")


def test_more_than_one_sweep_takes_expires_all_the_same() -> None:
    stage = Stage("home")
    store = stage.node("home").store
    for n in range(1, BATCH + 50):
        store.messages.add(
            MessageRow(
                seq=n,
                id=uuid7(EPOCH, n.to_bytes(10, "big")),
                direction="local",
                peer=0,
                sender="main",
                recipient="bob",
                want="answer",
                conversation="c",
                created=EPOCH,
                expires=EPOCH + 5000,
                accepted=EPOCH,
            )
        )
        store.messages.add_body(n, b"", b"")
    stage.run(1)
    stage.crash("home")
    stage.boot("home")
    stage.run(60)
    assert stage.node("home").store.messages.counts() == {"local.expired": BATCH + 49}


def test_nothing_is_looked_at_while_nothing_expires() -> None:
    stage = Stage("home")
    stage.run(10)
    before = stage.timeline.steps
    stage.run(10 * DAY)
    assert stage.timeline.steps - before < 10 * 24 * 5  # once an hour it looks for what is old


@pytest.mark.requirement("J20", "T20")
def test_a_clock_set_back_an_hour_expires_later_and_loses_nothing() -> None:
    stage = Stage("home", "lab")
    stage.part("home", "lab")
    short = stage.submit("home", "main", "bob@lab", expires_in=60_000)
    stage.machines["home"].offset = -3_600_000
    later = stage.submit("home", "main", "bob@lab", verb="send")
    stage.run(1800)
    assert stage.state("home", short.id) == "accepted"
    stage.run(7300)
    assert stage.state("home", short.id) == "expired"
    bob = stage.worker("lab", "bob")
    stage.join("home", "lab")
    stage.until(lambda: bob.ids == [later.id])
    stage.tell("lab", "bob", later.id)
    stage.ends("home", later.id, "delivered")


@pytest.mark.requirement("J20", "T20")
def test_a_clock_that_runs_ahead_there_refuses_but_never_lies() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    stage.machines["lab"].offset = 3_600_000
    sent = stage.submit("home", "main", "bob@lab", expires_in=60_000)
    assert stage.ends("home", sent.id, "expired").by == "node"
    stage.run(10)
    assert bob.offers == []
