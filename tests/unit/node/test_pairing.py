"""One invitation, one peer on both sides, and every way that it is not."""

import pytest
from msgspec.structs import replace

from gatepost.core import pairing
from gatepost.core.views import Invitation
from gatepost.errors import GatepostError
from gatepost.node.peers import Peer
from tests.unit.node.stage import POLICY_ONLY_PING, Stage, unpacked


def strangers(*names: str) -> Stage:
    return Stage(*(names or ("home", "lab")), paired=False)


def invite(stage: Stage, name: str = "lab", alias: str = "home", minutes: int = 15) -> Invitation:
    heard: list[Invitation | GatepostError] = []
    stage.node(name).pairing.invite(alias, minutes, heard.append)
    stage.until(lambda: heard)
    return unpacked(heard[0])


def accept(stage: Stage, text: str, name: str = "home", alias: str = "") -> Peer:
    heard: list[Peer | GatepostError] = []
    stage.node(name).pairing.accept(text, alias, heard.append)
    stage.until(lambda: heard)
    return unpacked(heard[0])


def code_of(stage: Stage, text: str, **more: str) -> str:
    with pytest.raises(GatepostError) as raised:
        accept(stage, text, **more)
    return raised.value.code


def test_both_sides_become_peers_and_see_the_same_six_words() -> None:
    stage = strangers()
    peer = accept(stage, invite(stage).text)
    other = stage.node("lab").peers.by_alias["home"]
    assert (peer.row.alias, other.row.alias) == ("lab", "home")
    assert peer.row.words == other.row.words
    assert len(peer.row.words.split()) == 6
    stage.until(stage.linked)


@pytest.mark.requirement("P6")
def test_pairing_grants_a_ping_and_nothing_more() -> None:
    stage = Stage("home", "lab", paired=False, text=POLICY_ONLY_PING)
    accept(stage, invite(stage).text)
    stage.until(stage.linked)
    node = stage.node("home")
    heard: list[object] = []
    node.talk.ask(node.peers.by_alias["lab"], "ping", {}, heard.append)
    stage.until(lambda: heard)
    assert getattr(heard[0], "ok", False) is True
    sent = stage.submit("home", "main", "bob@lab")
    assert stage.ends("home", sent.id, "rejected").reason == "denied"


@pytest.mark.requirement("T19")
def test_an_invitation_is_used_once() -> None:
    stage = strangers("home", "lab", "eve")
    text = invite(stage).text
    accept(stage, text)
    assert code_of(stage, text, name="eve") == "invitation.used"
    assert set(stage.node("lab").peers.by_alias) == {"home"}


def test_the_node_that_used_it_may_repeat_itself_and_gets_the_same_answer() -> None:
    stage = strangers()
    text = invite(stage).text
    first = accept(stage, text)
    again = accept(stage, text)
    assert again is first
    assert len(stage.node("lab").peers.by_number) == 1


@pytest.mark.requirement("T19")
def test_a_crash_of_the_accepter_before_its_commit_mends_itself() -> None:
    stage = strangers()
    text = invite(stage).text
    stage.machines["home"].latency = lambda: 3600.0
    heard: list[Peer | GatepostError] = []
    stage.node("home").pairing.accept(text, "", heard.append)
    stage.until(lambda: "home" in stage.node("lab").peers.by_alias)
    stage.run(5)
    stage.crash("home")
    stage.machines["home"].latency = lambda: 0.001
    stage.boot("home")
    assert (heard, stage.node("home").peers.by_alias) == ([], {})
    peer = accept(stage, text)
    assert peer.row.words == stage.node("lab").peers.by_alias["home"].row.words
    stage.until(stage.linked, 900)


def test_an_invitation_outlives_a_restart_of_its_inviter() -> None:
    stage = strangers()
    text = invite(stage).text
    stage.crash("lab")
    stage.boot("lab")
    assert accept(stage, text).row.alias == "lab"


@pytest.mark.requirement("T19")
def test_an_expired_invitation_is_refused_on_both_sides() -> None:
    stage = strangers()
    text = invite(stage, minutes=1).text
    stage.run(61)
    assert code_of(stage, text) == "invitation.expired"
    stage.machines["home"].offset = -3_600_000
    assert code_of(stage, text) == "invitation.expired"
    assert stage.node("lab").peers.by_alias == {}


@pytest.mark.requirement("T19")
def test_an_altered_invitation_is_none() -> None:
    stage = strangers()
    text = invite(stage).text
    assert code_of(stage, text[:-1] + ("a" if text[-1] != "a" else "b")) == "invitation.invalid"
    assert code_of(stage, "hello") == "invitation.invalid"


def test_an_invitation_of_ones_own_is_refused() -> None:
    stage = strangers()
    assert code_of(stage, invite(stage).text, name="lab") == "peer.wrong_node"


def test_an_invitation_with_another_secret_gets_no_answer() -> None:
    stage = strangers()
    said = pairing.parse_invitation(invite(stage).text)
    forged = replace(said, secret=bytes(16))
    assert code_of(stage, pairing.show_invitation(forged)) == "invitation.invalid"
    assert stage.node("lab").peers.by_alias == {}


def test_an_address_that_answers_as_another_node_is_refused() -> None:
    stage = strangers("home", "lab", "eve")
    said = pairing.parse_invitation(invite(stage).text)
    there = stage.machines["eve"].endpoint
    forged = replace(said, endpoints=(there,))
    assert code_of(stage, pairing.show_invitation(forged)) == "peer.wrong_node"
    assert stage.node("home").peers.by_alias == {}


def test_a_name_that_is_taken_is_refused_before_anything_is_said() -> None:
    stage = strangers("home", "lab", "eve")
    accept(stage, invite(stage).text)
    for node, alias in (("lab", "home"), ("lab", "lab"), ("lab", "a" * 52)):
        with pytest.raises(GatepostError):
            invite(stage, node, alias)
    text = invite(stage, "eve").text
    assert code_of(stage, text, alias="lab") == "peer.exists"
    assert code_of(stage, text, alias="home") == "usage.invalid"
    assert code_of(stage, text, alias="b" * 52) == "usage.invalid"


@pytest.mark.requirement("T18")
def test_two_nodes_both_called_home_are_told_apart() -> None:
    stage = Stage("home", "lab", paired=False)
    stage.rename("lab", "home")
    stage.crash("lab")
    stage.boot("lab")
    peer = accept(stage, invite(stage, "lab", "", 15).text)
    assert peer.row.alias == "home-2"
    assert stage.node("lab").peers.by_node[stage.machines["home"].keys.node].row.alias == "home-2"
    stage.until(stage.linked)
    bob = stage.worker("lab", "bob")
    local = stage.submit("home", "main", "bob@home", verb="send")
    away = stage.submit("home", "main", "bob@home-2", verb="send")
    assert stage.view("home", local.id).direction == "local"
    stage.until(lambda: bob.ids == [away.id])
    assert bob.offers[0].sender == "main@home-2"


def test_a_node_that_listens_nowhere_cannot_invite_but_can_accept() -> None:
    stage = strangers()
    keys = stage.machines["home"].keys
    keys.record = replace(keys.record, endpoints=())
    with pytest.raises(GatepostError) as raised:
        invite(stage, "home", "lab")
    assert raised.value.code == "listen.none"


def test_whoever_waits_for_the_other_side_is_told_when_it_has_accepted() -> None:
    stage = strangers()
    text = invite(stage).text
    told: list[Peer] = []
    stage.node("lab").pairing.waiting.setdefault("home", []).append(told.append)
    stage.run(5)
    assert told == []
    accept(stage, text)
    stage.until(lambda: told)
    assert told[0].row.alias == "home"


def test_an_unreachable_inviter_is_said_so() -> None:
    stage = strangers()
    text = invite(stage).text
    stage.crash("lab")
    assert code_of(stage, text) == "peer.unreachable"
