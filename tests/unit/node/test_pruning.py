"""What is old goes, in small steps; what a journal still needs, and what has not ended, stays."""

import random
from itertools import pairwise

import pytest

from gatepost.core.views import MessagesQuery, Pruned
from gatepost.node.pruning import ALL, EVERY, FIRST, WINDOW
from tests.unit.node.stage import Stage, Worker

DAY = 86_400
DAY_MS = DAY * 1000
LONG = 300 * DAY_MS


def ids(stage: Stage, name: str) -> set[str]:
    found = stage.node(name).shown
    rows = stage.node(name).store.messages.recent(MessagesQuery(limit=10_000), None)
    return {found.brief(row).id for row in rows}


def counted(stage: Stage, name: str, table: str) -> int:
    (number,) = stage.machines[name].disk.reader.execute(f"SELECT count(*) FROM {table}")
    return int(number[0])


def prune(
    stage: Stage, name: str, older: int = DAY_MS, most: int = ALL, counting: bool = False
) -> Pruned:
    heard: list[Pruned] = []
    stage.node(name).pruning.prune(older, most, counting, heard.append)
    stage.until(lambda: heard)
    return heard[0]


def answered(stage: Stage, n: int, to: str = "bob@lab", by: Worker | None = None) -> list[str]:
    """Questions of main's at home, answered."""
    where = "lab" if to.endswith("@lab") else "home"
    worker = by or stage.worker(where, "bob")
    sent = [stage.submit("home", "main", to).id for _ in range(n)]
    for id in sent:
        stage.until(lambda id=id: id in worker.ids)
        stage.tell(where, "bob", id, text="an answer")
        stage.ends("home", id, "done")
    if by is None:
        assert worker.claim is not None
        worker.claim.release()
    return sent


def test_what_ended_long_ago_goes_from_both_nodes_with_all_that_speaks_of_it() -> None:
    stage = Stage("home", "lab", keep_ms=DAY_MS)
    old = answered(stage, 5)
    stage.run(2 * DAY)
    new = answered(stage, 2)
    stage.run(EVERY + FIRST)
    for name in ("home", "lab"):
        assert ids(stage, name) == set(new)
        assert counted(stage, name, "body") == 2
        messages = stage.machines[name].disk.reader.execute("SELECT seq FROM message").fetchall()
        about = stage.machines[name].disk.reader.execute("SELECT DISTINCT message FROM entry")
        assert {seq for (seq,) in about} <= {seq for (seq,) in messages}
    assert not set(old) & ids(stage, "home")


def test_nothing_younger_goes() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    sent = answered(stage, 3)
    stage.run(DAY - 600)
    assert prune(stage, "home") == Pruned(0, 0, 0)
    assert ids(stage, "home") == set(sent)


def test_what_has_not_ended_stays_however_old() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    answered(stage, 3)
    worker = stage.worker("lab", "bob")
    stuck = stage.submit("home", "main", "bob@lab").id
    stage.until(lambda: stuck in worker.ids)
    stage.run(9 * DAY)
    last = answered(stage, 1, by=worker)
    assert prune(stage, "lab").kept == 1
    assert stuck in ids(stage, "lab")
    stage.tell("lab", "bob", stuck, text="at last")
    assert stage.ends("home", stuck, "done").timeline
    assert ids(stage, "home") >= {stuck, *last}


@pytest.mark.requirement("J6")
def test_an_answer_its_sender_has_not_acknowledged_stays_and_arrives() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    worker = stage.worker("lab", "bob")
    asked = stage.submit("home", "main", "bob@lab", expires_in=30 * DAY_MS).id
    stage.until(lambda: asked in worker.ids)
    stage.part("home", "lab")
    stage.tell("lab", "bob", asked, text="nobody hears it")
    for _ in range(2):
        local = stage.submit("lab", "main", "bob", verb="send").id
        stage.until(lambda id=local: id in worker.ids)
        stage.tell("lab", "bob", local)
    stage.run(3 * DAY)
    assert prune(stage, "lab") == Pruned(1, 0, 2)  # the last one keeps the numbers
    assert asked in ids(stage, "lab")
    stage.crash("lab")
    stage.boot("lab")
    stage.join("home", "lab")
    assert stage.ends("home", asked, "done").state == "done"
    stage.run(1)
    stage.submit("lab", "main", "bob")  # the acknowledgement is kept with the next commit
    assert prune(stage, "lab").messages == 1
    assert asked not in ids(stage, "lab")


@pytest.mark.requirement("J6")
def test_a_message_that_may_still_be_in_its_slot_stays_when_it_ended_unknown() -> None:
    stage = Stage("home", "lab", keep_ms=LONG, horizon_ms=2 * DAY_MS)
    first = stage.submit("home", "main", "bob@lab", expires_in=60_000).id
    stage.until(lambda: stage.state("home", first) == "received")
    stage.wire.cut(stage.machines["home"].keys.node, stage.machines["lab"].keys.node)
    second = stage.submit("home", "main", "bob@lab", expires_in=60_000).id
    stage.run(5)
    row = stage.node("home").store.messages.find(second)[0]
    assert row.slot > 0
    stage.part("home", "lab")
    stage.run(9 * DAY)
    assert stage.state("home", second) == "unknown"
    prune(stage, "home")
    assert second in ids(stage, "home")
    stage.crash("home")
    stage.boot("home")  # its slot is taken up again, with its content
    stage.join("home", "lab")
    stage.run(60)
    assert not stage.machines["home"].failures


def test_numbers_are_never_given_twice() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    answered(stage, 3)
    stage.run(5 * DAY)
    before = {name: stage.node(name).store.messages.last_seq() for name in ("home", "lab")}
    for name in ("home", "lab"):
        prune(stage, name)
        stage.crash(name)
        stage.boot(name)
    assert before == {name: stage.node(name).store.messages.last_seq() for name in before}
    stage.until(stage.linked)
    answered(stage, 2)


def test_evidence_goes_with_the_last_message_it_can_be_about() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    answered(stage, 4)
    assert counted(stage, "home", "frame") > 0
    stage.run(2 * DAY)
    kept = answered(stage, 1)[0]
    before = counted(stage, "home", "frame")
    done = prune(stage, "home")
    assert done.messages == 4 and done.frames > 0
    assert counted(stage, "home", "frame") == before - done.frames
    times = [moment.state for moment in stage.view("home", kept).timeline]
    assert "received" in times


@pytest.mark.requirement("J6")
def test_evidence_about_a_message_that_stays_stays() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    worker = stage.worker("lab", "bob")
    stuck = stage.submit("home", "main", "bob@lab").id
    stage.until(lambda: stuck in worker.ids)
    stage.run(2 * DAY)
    answered(stage, 2, by=worker)
    before = counted(stage, "lab", "frame")
    assert prune(stage, "lab", older=3_600_000).frames == 0
    assert counted(stage, "lab", "frame") == before


def test_what_became_of_a_deleted_decision_is_known_to_be_unknown() -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    answered(stage, 2)
    expires = max(stage.view("lab", id).expires for id in ids(stage, "lab"))
    stage.run(9 * DAY)
    answered(stage, 1)
    prune(stage, "lab")
    peer = stage.node("lab").peers.by_alias["home"].row.number
    assert int(stage.node("lab").store.registry.mark(f"pruned.{peer}")) == expires


def test_a_large_store_is_pruned_in_small_batches_and_work_goes_on_between() -> None:
    stage = Stage("home", keep_ms=LONG)
    answered(stage, 3 * WINDOW, to="bob")
    stage.run(2 * DAY)
    sizes: list[int] = []
    heard: list[Pruned] = []
    stage.node("home").pruning.prune(DAY_MS, ALL, False, heard.append)
    fresh = stage.submit("home", "main", "bob", verb="send").id
    while not heard:
        stage.run(0.02)
        sizes.append(counted(stage, "home", "message"))
    drops = [one - other for one, other in pairwise(sizes)]
    assert max(drops, default=0) <= WINDOW and len([n for n in drops if n]) >= 2
    assert fresh in ids(stage, "home")


def test_counting_deletes_nothing_and_a_bounded_call_says_that_there_is_more() -> None:
    stage = Stage("home", keep_ms=LONG)
    sent = answered(stage, 2 * WINDOW, to="bob")
    stage.run(2 * DAY)
    answered(stage, 1, to="bob")
    assert prune(stage, "home", counting=True) == Pruned(2 * WINDOW, 0, 0)
    assert ids(stage, "home") >= set(sent)
    part = prune(stage, "home", most=10)
    assert part.more and part.messages == WINDOW
    assert prune(stage, "home").messages == WINDOW


def test_two_calls_at_once_follow_one_another() -> None:
    stage = Stage("home", keep_ms=LONG)
    answered(stage, WINDOW, to="bob")
    stage.run(2 * DAY)
    answered(stage, 1, to="bob")
    heard: list[Pruned] = []
    for _ in range(2):
        stage.node("home").pruning.prune(DAY_MS, ALL, False, heard.append)
    stage.until(lambda: len(heard) == 2)
    assert [one.messages for one in heard] == [WINDOW, 0]


@pytest.mark.requirement("T20")
def test_a_clock_that_jumps_ahead_deletes_nothing_for_a_day_and_more() -> None:
    stage = Stage("home", keep_ms=30 * DAY_MS)
    sent = answered(stage, 3, to="bob")
    stage.run(EVERY)
    stage.machines["home"].offset = 400 * DAY_MS
    stage.run(20 * 3600)
    assert prune(stage, "home", older=30 * DAY_MS).messages == 0
    stage.machines["home"].offset = 0
    stage.run(5 * 3600)
    assert ids(stage, "home") == set(sent)


@pytest.mark.requirement("T20")
def test_what_came_while_the_clock_stood_in_the_past_is_not_old_by_that() -> None:
    stage = Stage("home", keep_ms=30 * DAY_MS)
    stage.run(2 * EVERY)
    stage.machines["home"].offset = -400 * DAY_MS
    sent = answered(stage, 3, to="bob")
    stage.machines["home"].offset = 0
    stage.run(3 * EVERY)
    assert prune(stage, "home", older=30 * DAY_MS).messages == 0
    assert ids(stage, "home") == set(sent)


def test_a_node_that_was_down_for_long_catches_up() -> None:
    stage = Stage("home", keep_ms=30 * DAY_MS)
    answered(stage, 3, to="bob")
    stage.run(EVERY)
    stage.crash("home")
    stage.run(60 * DAY)
    stage.boot("home")
    last = answered(stage, 1, to="bob")
    stage.run(3 * DAY)
    assert ids(stage, "home") == set(last)


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.06, 0.11])
def test_a_crash_in_the_middle_leaves_whole_messages(moment: float) -> None:
    stage = Stage("home", "lab", keep_ms=LONG)
    answered(stage, 2 * WINDOW)
    stage.run(2 * DAY)
    answered(stage, 1)
    stage.node("lab").pruning.prune(DAY_MS, ALL, False, lambda pruned: None)
    stage.run(moment)
    stage.crash("lab")
    stage.boot("lab")
    assert counted(stage, "lab", "body") == counted(stage, "lab", "message")
    left = prune(stage, "lab")
    assert left.messages <= 2 * WINDOW
    assert len(ids(stage, "lab")) == 1
    stage.until(stage.linked)
    answered(stage, 1)


def test_any_mixture_of_ends_prunes_and_crashes_loses_nothing_that_is_open(seed: int) -> None:
    rng = random.Random(seed)
    stage = Stage("home", "lab", keep_ms=LONG)
    worker = stage.worker("lab", "bob")
    open_: list[str] = []
    for _ in range(40):
        match rng.randrange(5):
            case 0 | 1 if len(open_) < 4:
                receipt = stage.submit("home", "main", "bob@lab", expires_in=20 * DAY_MS)
                stage.until(lambda id=receipt.id: id in worker.ids)
                open_.append(receipt.id)
            case 2 if open_:
                id = open_.pop(rng.randrange(len(open_)))
                stage.tell("lab", "bob", id, text="x")
            case 3:
                stage.run(rng.uniform(0.0, 0.3 * DAY))
            case _:
                name = rng.choice(["home", "lab"])
                prune(stage, name, older=rng.choice([3_600_000, DAY_MS]))
    for name in ("home", "lab"):
        assert ids(stage, name) >= set(open_)
    for id in open_:
        stage.tell("lab", "bob", id, text="y")
        stage.ends("home", id, "done")
