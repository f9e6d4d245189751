"""Two nodes and their journals: replays, lives that do not fit, and what stops a pair."""

import apsw

from gatepost.ports import Line
from tests.unit.node.stage import Stage

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


def test_a_sender_restored_from_a_backup_stops_and_its_peer_does_not() -> None:
    stage = Stage("home", "lab")
    old = snapshot(stage, "home")
    answered(stage)
    restore(stage, "home", old)
    stage.until(lambda: stops(stage)["home"])
    assert stops(stage)["lab"] == ""
    assert stage.refused("home", "main", "bob@lab").code == "peer.frozen"


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
