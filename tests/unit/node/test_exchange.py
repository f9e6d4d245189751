"""Two nodes and their journals: replays, lives that do not fit, and what stops a pair."""

import apsw
import pytest
from msgspec.structs import replace

from gatepost.core.control import decode_control
from gatepost.core.entry import Message, Update, encode_entry
from gatepost.core.frame import build, item
from gatepost.ports import Line
from tests.unit.node.stage import Stage, law
from tests.world.timeline import EPOCH

Disks = tuple[apsw.Connection, apsw.Connection]


def snapshot(stage: Stage, name: str) -> Disks:
    """The machine's disk as it is now."""
    disk = stage.machines[name].disk
    copies = apsw.Connection(":memory:"), apsw.Connection(":memory:")
    for source, copy in zip((disk.reader, disk.reader), copies, strict=True):
        with copy.backup("main", source, "main") as backup:
            backup.step()
    return copies


def restore(stage: Stage, name: str, old: Disks) -> None:
    """The machine starts again over an older disk, without a word to its node."""
    stage.crash(name)
    disk = stage.machines[name].disk
    for target, source in zip((disk.writer, disk.reader), old, strict=True):
        with target.backup("main", source, "main") as backup:
            backup.step()
    stage.boot(name)


def stops(stage: Stage) -> dict[str, str]:
    return {
        name: peer.row.stopped
        for name in stage.machines
        for peer in stage.node(name).peers.by_alias.values()
    }


def answered(stage: Stage) -> str:
    """One ask, there and back."""
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.tell("lab", "bob", sent.id, text="42")
    stage.ends("home", sent.id, "done")
    assert bob.claim is not None
    bob.claim.release()
    stage.run(2)
    return sent.id


@pytest.mark.requirement("P3", "J14", "T03")
def test_a_frame_repeated_a_thousand_times_is_acknowledged_and_admitted_once() -> None:
    stage = Stage("home", "lab")
    heard: list[tuple[str, str, bytes]] = []
    stage.wire.taps.append(lambda source, target, data: heard.append((source, target, data)))
    answered(stage)
    lab = stage.node("lab")
    line = lab.peers.by_alias["home"].exchange.line
    assert line is not None
    frames = [data for _, target, data in heard if target == lab.guard.node]
    refused: list[str] = []
    lab.events.subscribe(lambda event: refused.append(event.kind))
    for _ in range(1000 // len(frames) + 1):
        for data in frames:
            lab.peers.frame(line, data)
    stage.run(5)
    assert lab.store.messages.counts() == {"in.done": 1}
    assert set(stops(stage).values()) == {""}
    assert "message.received" not in refused
    answered(stage)


@pytest.mark.requirement("J9")
def test_a_frame_with_any_bit_flipped_is_dropped_and_changes_nothing() -> None:
    stage = Stage("home", "lab")
    heard: list[bytes] = []
    stage.wire.taps.append(
        lambda source, target, data: (
            heard.append(data) if target == stage.machines["lab"].keys.node else None
        )
    )
    answered(stage)
    lab = stage.node("lab")
    line = lab.peers.by_alias["home"].exchange.line
    assert line is not None
    data = max(heard, key=len)
    kinds: list[str] = []
    lab.events.subscribe(lambda event: kinds.append(event.kind))
    for at in range(0, len(data), 7):
        lab.peers.frame(line, data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
    assert set(kinds) == {"frame.refused"}
    assert set(stops(stage).values()) == {""}


@pytest.mark.requirement("T05")
def test_a_frame_of_one_peer_on_the_link_of_another_is_not_taken() -> None:
    stage = Stage("home", "lab", "eve")
    lab = stage.node("lab")
    heard: list[bytes] = []
    home = stage.machines["home"].keys.node
    stage.wire.taps.append(
        lambda source, target, data: (
            heard.append(data) if (source, target) == (home, lab.guard.node) else None
        )
    )
    stage.submit("home", "main", "bob@lab", verb="send")
    stage.until(lambda: heard)
    frame = max(heard, key=len)
    line: Line | None = lab.peers.by_alias["eve"].exchange.line
    assert line is not None
    before = lab.peers.by_alias["home"].exchange.incoming.cursor
    lab.peers.frame(line, frame)
    assert lab.peers.by_alias["home"].exchange.incoming.cursor == before


@pytest.mark.requirement("J10", "T24")
def test_a_receiver_restored_from_a_backup_stops_and_runs_nothing_again() -> None:
    stage = Stage("home", "lab")
    old = snapshot(stage, "lab")
    answered(stage)
    restore(stage, "lab", old)
    bob = stage.worker("lab", "bob")
    stage.until(lambda: stops(stage)["lab"])
    assert stops(stage)["lab"] in ("superseded", "behind")
    assert stops(stage)["home"] == ""
    waits = stage.submit("home", "main", "bob@lab")
    stage.run(120)
    assert bob.offers == []
    assert stage.state("home", waits.id) == "accepted"
    stage.crash("lab")
    stage.boot("lab")
    assert stops(stage)["lab"]


@pytest.mark.requirement("J10", "T24")
def test_a_sender_restored_from_a_backup_stops_and_its_peer_does_not() -> None:
    stage = Stage("home", "lab")
    old = snapshot(stage, "home")
    answered(stage)
    restore(stage, "home", old)
    stage.until(lambda: stops(stage)["home"])
    assert stops(stage)["lab"] == ""
    assert stage.refused("home", "main", "bob@lab").code == "peer.stopped"


def test_a_restart_is_no_restore_and_stops_nobody() -> None:
    stage = Stage("home", "lab")
    for name in ("home", "lab", "lab", "home"):
        answered(stage)
        stage.crash(name)
        stage.boot(name)
        stage.until(stage.linked, 900)
    assert set(stops(stage).values()) == {""}


def test_a_life_begins_before_anything_is_said_and_never_comes_back() -> None:
    stage = Stage("home")
    lives = [stage.node("home").life]
    for _ in range(3):
        stage.crash("home")
        stage.boot("home")
        lives.append(stage.node("home").life)
    assert [life.boot for life in lives] == [1, 2, 3, 4]
    assert len({life.nonce for life in lives}) == 4


def test_the_wait_between_dials_doubles_is_capped_and_ends_with_contact() -> None:
    stage = Stage("home", "lab")
    stage.crash("lab")
    peer = stage.node("home").peers.by_alias["lab"]
    stage.until(lambda: peer.exchange.tries >= 4)
    assert peer.error[0] == "peer.unreachable"
    stage.run(7200)
    wait = peer.next_dial - stage.node("home").clock.now()
    assert wait <= 300_000
    stage.boot("lab")
    stage.until(stage.linked, 400)
    assert (peer.exchange.tries, peer.error) == (0, ("", ""))


def test_the_reached_wait_outlives_a_restart() -> None:
    stage = Stage("home", "lab")
    stage.crash("lab")
    peer = stage.node("home").peers.by_alias["lab"]
    stage.until(lambda: peer.exchange.tries >= 5)
    stage.submit("home", "main", "bob@lab")
    stage.crash("home")
    stage.boot("home")
    assert stage.node("home").peers.by_alias["lab"].exchange.tries >= 5


# slots above what their sender has committed


def slip(stage: Stage, entry: Message | Update, committed: bool) -> None:
    """Home's next slot arrives at lab, sent before or after home's own commit of it."""
    home, lab = stage.node("home"), stage.node("lab")
    exchange = home.peers.by_alias["lab"].exchange
    before = exchange.outgoing.h_next
    one = item(bytes(16), encode_entry(entry))
    slot = exchange.outgoing.give("message", entry.id, one)
    said = decode_control(exchange.greeting())
    control = replace(
        said, first=slot.n, prev=before.hex(), committed=slot.n if committed else slot.n - 1
    )
    frame = build(exchange.sender, control, [one], now=home.clock.now())
    line = lab.peers.by_alias["home"].exchange.line
    assert line is not None
    lab.peers.frame(line, frame)


def early(n: int = 1) -> Message:
    return Message(
        id=f"018bcfe5-6800-7000-8000-{n:012x}",
        from_agent="main",
        to_agent="bob",
        conversation="018bcfe5-6800-7000-8000-000000000001",
        want="answer",
        created=EPOCH,
        expires=EPOCH + 10_000_000,
    )


@pytest.mark.requirement("J16")
def test_a_message_its_sender_has_not_committed_is_neither_acknowledged_nor_handed_over() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    slip(stage, early(), committed=False)
    stage.run(5)
    incoming = stage.node("lab").peers.by_alias["home"].exchange.incoming
    assert (incoming.cursor, incoming.firm()[0], bob.offers) == (1, 0, [])


@pytest.mark.requirement("J16", "C4")
def test_it_is_handed_over_once_its_sender_says_so_even_after_a_restart() -> None:
    stage = Stage("home", "lab")
    slip(stage, early(), committed=False)
    stage.run(1)
    stage.part("home", "lab")
    stage.crash("lab")
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    stage.run(30)
    assert bob.offers == []
    exchange = stage.node("lab").peers.by_alias["home"].exchange
    told = stage.node("home").peers.by_alias["lab"].exchange.greeting()
    exchange.receive(replace(decode_control(told), committed=1))
    stage.until(lambda: bob.ids == [early().id])
    assert exchange.incoming.firm()[0] == 1


@pytest.mark.requirement("C2", "J11")
def test_what_its_sender_lost_in_a_crash_is_cut_with_its_record_and_never_runs() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    slip(stage, early(), committed=False)
    stage.run(1)
    assert stage.node("lab").store.messages.counts() == {"in.received": 1}
    stage.crash("home")
    stage.boot("home")
    stage.until(stage.linked, 900)
    stage.run(1)
    assert stage.node("lab").store.messages.counts() == {}
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    assert bob.ids == [sent.id]
    assert stage.view("home", sent.id).state in ("accepted", "received", "working")
    assert set(stops(stage).values()) == {""}


@pytest.mark.requirement("J9")
def test_news_above_what_its_sender_has_committed_drops_the_frame() -> None:
    stage = Stage("home", "lab")
    news = Update(
        id=early().id, what="outcome", state="done", at=EPOCH, run=1, started=EPOCH, by="agent"
    )
    slip(stage, news, committed=False)
    incoming = stage.node("lab").peers.by_alias["home"].exchange.incoming
    assert incoming.cursor == 0
    stage.run(1)
    assert set(stops(stage).values()) == {""}


@pytest.mark.requirement("J12")
def test_an_ack_that_goes_by_an_earlier_boot_of_mine_is_taken_and_no_slot_is_given_for_it() -> None:
    stage = Stage("home", "lab")
    before = stage.node("home").life
    stage.submit("home", "main", "bob@lab")
    lab = stage.node("lab").peers.by_alias["home"].exchange
    stage.until(lambda: lab.incoming.firm()[0] == 1)
    stage.crash("home")
    said = replace(decode_control(lab.greeting()), seen=before)
    stage.crash("lab")
    stage.boot("home")
    home = stage.node("home").peers.by_alias["lab"].exchange
    assert home.outgoing.out == 0
    home.receive(said)
    assert (home.outgoing.out, home.live) == (1, False)


# crashes between two commits


@pytest.mark.requirement("C6", "J15")
def test_what_arrived_and_was_not_committed_comes_again_and_is_admitted_once() -> None:
    stage = Stage("home", "lab")
    stage.machines["lab"].latency = lambda: 3600.0
    sent = stage.submit("home", "main", "bob@lab")
    lab = stage.node("lab").peers.by_alias["home"].exchange
    stage.until(lambda: lab.incoming.cursor == 1)
    assert lab.incoming.firm()[0] == 0
    stage.crash("lab")
    stage.machines["lab"].latency = lambda: 0.001
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    stage.until(lambda: bob.ids == [sent.id], 900)
    stage.run(30)
    assert stage.node("lab").store.messages.counts() == {"in.working": 1}


@pytest.mark.requirement("C7")
def test_what_was_committed_and_not_acknowledged_is_acknowledged_by_the_hello() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    lab = stage.node("lab").peers.by_alias["home"].exchange
    stage.until(lambda: lab.incoming.firm()[0] == 1)
    stage.crash("lab")
    assert stage.state("home", sent.id) == "accepted"
    stage.boot("lab")
    stage.until(lambda: stage.state("home", sent.id) == "received", 900)
    assert stage.node("lab").store.messages.counts() == {"in.received": 1}


@pytest.mark.requirement("C8")
def test_an_ack_that_was_forgotten_in_a_crash_is_given_again() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.ends("home", sent.id, "received")
    stage.crash("home")
    stage.boot("home")
    stage.until(lambda: stage.state("home", sent.id) == "received", 900)
    assert stage.node("lab").store.messages.counts() == {"in.received": 1}


@pytest.mark.requirement("C9")
def test_a_message_nobody_had_claimed_is_handed_over_after_a_restart_unmarked() -> None:
    stage = Stage("home", "lab")
    sent = stage.submit("home", "main", "bob@lab")
    stage.ends("home", sent.id, "received")
    stage.crash("lab")
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    stage.until(lambda: bob.offers)
    run = bob.offers[0]
    assert (run.id, run.attempt, run.redelivered, run.again) == (sent.id, 1, False, False)


@pytest.mark.requirement("C13")
def test_an_outcome_that_was_not_committed_by_its_receiver_is_repeated() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.machines["home"].latency = lambda: 3600.0
    stage.tell("lab", "bob", sent.id, text="42")
    stage.run(5)
    stage.crash("home")
    stage.machines["home"].latency = lambda: 0.001
    stage.boot("home")
    stage.until(lambda: stage.state("home", sent.id) == "done", 900)
    assert stage.view("home", sent.id).text == "42"


@pytest.mark.requirement("J15")
def test_every_slot_leaves_a_record_of_its_decision_also_a_refusal_and_a_void() -> None:
    stage = Stage("home", "lab")
    stage.node("lab").law_changed(law("lab", ""))
    refused = stage.submit("home", "main", "bob@lab")
    stage.ends("home", refused.id, "rejected")
    home, lab = (stage.machines[name].keys.node for name in ("home", "lab"))
    stage.wire.cut(home, lab)
    stage.wire.cut(lab, home)
    gone = stage.submit("home", "main", "bob@lab")
    stage.cancel("home", "main", gone.id)
    stage.run(1)
    stage.wire.break_links(home, lab)
    stage.join("home", "lab")
    stage.ends("home", gone.id, "cancelled")
    assert stage.node("lab").store.messages.counts() == {"in.rejected": 1, "in.cancelled": 1}
    assert stage.node("lab").peers.by_alias["home"].exchange.incoming.cursor == 2


@pytest.mark.requirement("T09")
def test_who_is_judged_is_the_direct_peer_and_not_whoever_it_speaks_for() -> None:
    grant = '[[rule]]\nid = "g"\nallow = ["ask"]\nfrom = "*@eve"\nto = "bob"\n'
    stage = Stage("home", "lab", "eve")
    stage.node("home").law_changed(law("home", grant))
    bob = stage.worker("lab", "bob")
    stage.submit("eve", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    passed_on = stage.submit("lab", "bob", "bob@home", run=bob.offers[0].run)
    assert stage.ends("lab", passed_on.id, "rejected").reason == "denied"
    direct = stage.submit("eve", "main", "bob@home")
    stage.ends("eve", direct.id, "received")
