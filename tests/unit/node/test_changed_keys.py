"""A key that follows is followed at once; one that does not stops traffic until a person acts."""

from collections.abc import Callable

import pytest

from gatepost.errors import GatepostError
from gatepost.node.peering import Peering
from tests.seeded import SeededKeys
from tests.unit.node.stage import Stage
from tests.unit.node.test_aliases import NoBlocks, call

Change = Callable[[SeededKeys], SeededKeys]


def again(**changes: object) -> Change:
    """The same node with other keys, from its next life on."""

    def change(keys: SeededKeys) -> SeededKeys:
        more = {"endpoints": keys.record.endpoints, "tls": keys.record.tls_bytes, **changes}
        return SeededKeys(keys.seed, **more)

    return change


def restart(stage: Stage, name: str, change: Change) -> None:
    stage.crash(name)
    machine = stage.machines[name]
    machine.keys = change(machine.keys)
    stage.boot(name)


@pytest.mark.requirement("T10")
@pytest.mark.parametrize("generation", [1, 3])
def test_a_key_that_follows_is_followed_and_what_waited_goes_on(generation: int) -> None:
    stage = Stage("home", "lab")
    open_ = stage.submit("home", "main", "bob@lab", verb="delegate")
    stage.until(lambda: stage.state("home", open_.id) == "received")
    restart(stage, "lab", again(seq=2, generation=generation))
    stage.until(stage.linked, 900)
    known = stage.node("home").peers.by_alias["lab"].record
    assert (len(known.past), known.seq) == (generation, 2)
    stage.worker("lab", "bob")
    stage.until(lambda: stage.state("home", open_.id) == "working")
    stage.tell("lab", "bob", open_.id, "done", "after all")
    stage.ends("home", open_.id, "done")


@pytest.mark.requirement("T10", "T24")
def test_after_it_the_old_key_is_nobody_and_stops_nothing() -> None:
    stage = Stage("home", "lab")
    owner = stage.machines["lab"].keys
    restart(stage, "lab", again(seq=2, generation=1))
    stage.until(stage.linked, 900)
    restart(stage, "lab", lambda keys: owner)
    stage.run(120)
    peer = stage.node("home").peers.by_alias["lab"]
    assert not peer.exchange.live
    assert peer.row.stopped == ""
    assert len(peer.record.past) == 1
    restart(stage, "lab", again(seq=2, generation=1))
    stage.until(stage.linked, 900)


@pytest.mark.requirement("T11")
def test_a_key_that_does_not_follow_stops_traffic_until_a_person_acts() -> None:
    stage = Stage("home", "lab")
    operator = Peering(stage.node("home"), NoBlocks())
    restart(stage, "lab", again(endpoints=("10.0.0.2:7443", "10.6.6.6:7443")))
    stage.until(lambda: stage.node("home").peers.by_alias["lab"].row.stopped, 900)
    refused = stage.refused("home", "main", "bob@lab")
    assert (refused.code, refused.fix) == ("peer.frozen", "gatepost peers trust lab")
    status = stage.node("home").overview.status()
    assert status.needs_you == (
        "peer lab stopped: it shows keys that do not follow from those it was paired with; "
        "gatepost peers trust lab",
    )
    key = stage.machines["lab"].keys.record.key[:16]
    (view,) = operator.peers()
    assert view.state == "frozen"
    assert f"known: key {key}… record 1; shown: key {key}… record 1" in view.error
    stage.crash("home")
    stage.boot("home")
    stage.run(300)
    peer = stage.node("home").peers.by_alias["lab"]
    assert (peer.row.stopped, peer.exchange.live) == ("key", False)
    with pytest.raises(GatepostError) as raised:
        call(stage, Peering(stage.node("home"), NoBlocks()).ping("lab"))
    assert raised.value.code == "peer.frozen"
    operator = Peering(stage.node("home"), NoBlocks())
    call(stage, operator.trust("lab"))
    stage.until(stage.linked, 900)
    peer = stage.node("home").peers.by_alias["lab"]
    assert peer.record == stage.machines["lab"].keys.record
    assert (peer.row.stopped, peer.row.shown) == ("", b"")
    stage.submit("home", "main", "bob@lab")


def test_a_stop_that_contradicts_the_journal_is_not_trusted_away() -> None:
    stage = Stage("home", "lab")
    stage.node("home").distrust(stage.machines["lab"].keys.node, "behind")
    operator = Peering(stage.node("home"), NoBlocks())
    with pytest.raises(GatepostError) as raised:
        call(stage, operator.trust("lab"))
    assert (raised.value.code, raised.value.fix) == ("peer.stopped", "gatepost peers remove lab")
    assert "run messages twice" in raised.value.why


def test_both_sides_that_remove_the_peer_and_pair_anew_begin_with_new_journals() -> None:
    stage = Stage("home", "lab", paired=False)
    home, lab = (Peering(stage.node(name), NoBlocks()) for name in ("home", "lab"))
    call(stage, lab.accept(call(stage, home.invite("lab")).text))
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: stage.state("home", sent.id) == "received")
    stage.node("home").distrust(stage.machines["lab"].keys.node, "behind")
    waits = stage.node("home").peers.by_alias["lab"].row.number
    call(stage, home.remove_peer("lab"))
    call(stage, lab.remove_peer("home"))
    call(stage, lab.accept(call(stage, home.invite("lab")).text))
    stage.until(stage.linked, 900)
    assert stage.node("home").peers.by_alias["lab"].row.number != waits
    again_ = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: stage.state("home", again_.id) == "received")


@pytest.mark.parametrize("stopped", ["inviter", "accepter"])
def test_who_still_lives_by_the_old_pairing_is_asked_to_remove_it_first(stopped: str) -> None:
    stage = Stage("home", "lab", paired=False)
    home, lab = (Peering(stage.node(name), NoBlocks()) for name in ("home", "lab"))
    call(stage, lab.accept(call(stage, home.invite("lab")).text))
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: stage.state("home", sent.id) == "received")
    breaks, keeps, alias = (home, lab, "lab") if stopped == "inviter" else (lab, home, "home")
    name, other = ("home", "lab") if stopped == "inviter" else ("lab", "home")
    stage.node(name).distrust(stage.machines[other].keys.node, "fork")
    call(stage, breaks.remove_peer(alias))
    text = call(stage, home.invite("lab-again" if stopped == "accepter" else "lab")).text
    with pytest.raises(GatepostError) as raised:
        call(stage, lab.accept(text))
    code = "invitation.begins_anew" if stopped == "inviter" else "invitation.goes_on"
    assert raised.value.code == code
    there = name if stopped == "inviter" else "lab"
    if stopped == "inviter":
        assert raised.value.fix == "gatepost peers remove home"
    call(stage, keeps.remove_peer(there))
    call(stage, lab.accept(text))
    stage.until(stage.linked, 900)
    again_ = stage.submit("lab", "main", "bob@home")
    stage.until(lambda: stage.state("lab", again_.id) == "received")


def test_a_pair_that_was_only_removed_goes_on_where_it_was() -> None:
    stage = Stage("home", "lab", paired=False)
    home, lab = (Peering(stage.node(name), NoBlocks()) for name in ("home", "lab"))
    call(stage, lab.accept(call(stage, home.invite("lab")).text))
    sent = stage.submit("home", "main", "bob@lab", verb="delegate")
    stage.until(lambda: stage.state("home", sent.id) == "received")
    call(stage, home.remove_peer("lab"))
    call(stage, lab.accept(call(stage, home.invite("lab")).text))
    stage.until(stage.linked, 900)
    assert len(stage.node("home").peers.by_number) == 1
    stage.worker("lab", "bob")
    stage.until(lambda: stage.state("lab", sent.id) == "working")
    stage.tell("lab", "bob", sent.id, "done", "after all")
    stage.ends("home", sent.id, "done")
