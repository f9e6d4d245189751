"""Looking after peers: ping, block, remove, endpoint, alias, each on two real nodes."""

from collections.abc import Iterator

import pytest

from gatepost.core.views import GrantIn, MessagesQuery
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, connected, free_port, pair, peer, until
from tests.process.scene import WAIT, Scene, scene, watch_until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two nodes of this module; each test leaves them paired and connected."""
    with scene(tmp_path_factory.mktemp("peers")) as one:
        yield one


def code_of(refused: "pytest.ExceptionInfo[GatepostError]") -> str:
    return refused.value.code


# ping


def test_a_ping_goes_through_policy_and_one_of_the_wire_does_not(own: Scene) -> None:
    with own.home.operator as home, own.lab.operator as lab:
        ping = home.ping("lab")
        assert (ping.ok, ping.alias, ping.wire) == (True, "lab", False)
        rule = lab.grant(GrantIn(sender="*@home", verbs=("ping",), to="*", deny=True, id="quiet"))
        denied, wire = home.ping("lab"), home.ping("lab", wire=True)
        lab.revoke(rule.id)
        assert (denied.ok, denied.code) == (False, "peer.ping_denied")
        assert (wire.ok, wire.wire, wire.node) == (True, True, lab.status().node)
        assert home.ping("lab").ok


def test_a_ping_of_nobody_says_who_was_meant(own: Scene) -> None:
    with own.home.operator as home, pytest.raises(GatepostError) as unknown:
        home.ping("labb")
    assert code_of(unknown) == "peer.unknown"
    typed = own.home.run("peers", "ping", "labb")
    assert typed.returncode == 2 and "did you mean `lab`?" in typed.stderr


# block


def test_a_block_closes_the_link_takes_nothing_in_and_its_undo_lets_everything_on(
    own: Scene,
) -> None:
    worker = own.worker()
    with own.home.operator as home, own.lab.operator as lab, own.caller(worker) as main:
        before = main.ask(f"{worker}@lab", "done before", WAIT)
        undo = lab.block("home")
        assert undo == "gatepost peers unblock home"
        until(home, lambda: peer(home, "lab").state != "connected")
        assert peer(lab, "home").state == "blocked"
        waits = main.delegate(f"{worker}@lab", "done at last")
        until(home, lambda: peer(home, "lab").error.startswith("peer."))
        assert main.check(waits.id).state == "accepted"
        assert [one.id for one in lab.messages(MessagesQuery(limit=200))][:1] == [before.id]
        with pytest.raises(GatepostError) as refused:
            lab.ping("home", wire=True)
        assert code_of(refused) == "peer.blocked"
        lab.unblock("home")
        assert main.check(waits.id, WAIT).text == "at last"
    connected(own.home, "lab")


def test_what_is_sent_to_a_blocked_peer_is_refused_with_the_command_that_unblocks(
    own: Scene,
) -> None:
    worker = own.worker()
    with own.home.operator as home, own.caller(worker) as main:
        home.block("lab")
        home.block("lab")
        with pytest.raises(GatepostError) as refused:
            main.send(f"{worker}@lab", "done")
        assert code_of(refused) == "peer.blocked"
        assert refused.value.fix == "gatepost peers unblock lab"
        home.unblock("lab")
        assert main.check(main.send(f"{worker}@lab", "done").id, WAIT).state == "delivered"


def test_a_block_outlives_a_restart(own: Scene) -> None:
    with own.lab.operator as lab, own.home.operator as home:
        lab.block("home")
        own.lab.restart()
        assert peer(lab, "home").state == "blocked"
        with pytest.raises(GatepostError) as refused:
            home.ping("lab")
        assert code_of(refused) == "peer.unreachable"
        lab.unblock("home")
    connected(own.home, "lab")


@pytest.mark.requirement("T06")
def test_a_block_while_much_is_in_flight_ends_admission_at_once(own: Scene) -> None:
    poller = own.poller()
    with own.lab.operator as lab, own.caller(poller) as main:
        sent = [main.delegate(f"{poller}@lab", f"task {n}").id for n in range(64)]
        lab.block("home")
        there = {one.id for one in lab.messages(MessagesQuery(limit=200, agent=poller))}
        late = [main.delegate(f"{poller}@lab", f"late {n}").id for n in range(8)]
        assert {one.id for one in lab.messages(MessagesQuery(limit=200, agent=poller))} == there
        assert there <= set(sent)
        lab.unblock("home")
        watch_until(main, late[-1], "received", "working")
        assert len(lab.messages(MessagesQuery(limit=200, agent=poller))) == 72


# pause


def test_a_paused_peer_is_given_nothing_until_resume_over_a_restart_and_a_new_alias(
    own: Scene,
) -> None:
    worker = own.worker()
    with own.home.operator as home, own.caller(worker) as main:
        assert home.pause("lab") == "gatepost resume lab"
        home.rename_peer("lab", "workshop")
        waits = main.delegate(f"{worker}@workshop", "done now")
        own.home.restart()
        assert peer(home, "workshop").state == "paused"
        with pytest.raises(GatepostError) as paused:
            home.ping("workshop")
        assert (code_of(paused), paused.value.fix) == ("node.paused", "gatepost resume")
        assert main.check(waits.id).state == "accepted"
        home.resume("workshop")
        home.rename_peer("workshop", "lab")
        assert main.check(waits.id, WAIT).text == "now"
        own.home.restart()
        assert peer(home, "lab").state != "paused"
    connected(own.home, "lab")


def test_a_pause_of_nobody_is_no_pause(own: Scene) -> None:
    with own.home.operator as home, pytest.raises(GatepostError) as unknown:
        home.pause("labb")
    assert code_of(unknown) == "peer.unknown"


# endpoint


def test_a_peer_is_dialled_where_the_operator_says(own: Scene) -> None:
    with own.home.operator as home, own.lab.operator as lab:
        lab.set_endpoint("home", f"127.0.0.1:{free_port()}")
        undo = home.set_endpoint("lab", nowhere := f"127.0.0.1:{free_port()}")
        assert undo == "gatepost peers endpoint lab ''"
        until(home, lambda: peer(home, "lab").error)
        assert peer(home, "lab").endpoint == nowhere
        assert peer(home, "lab").error.startswith("peer.unreachable")
        with pytest.raises(GatepostError) as away:
            home.ping("lab")
        assert code_of(away) == "peer.unreachable"
        assert away.value.fix == "gatepost peers endpoint lab HOST:PORT"
        home.set_endpoint("lab", own.lab.endpoint)
        until(home, lambda: peer(home, "lab").state == "connected")
        assert home.ping("lab").ok
        home.set_endpoint("lab", "")
        lab.set_endpoint("home", "")
        assert peer(home, "lab").endpoint == own.lab.endpoint
    connected(own.home, "lab")


@pytest.mark.requirement("T02")
def test_another_node_at_a_peers_address_is_recognised_and_told_nothing(
    own: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = RealNode(tmp_path_factory.mktemp("other") / "home", "other").make().start()
    try:
        with own.home.operator as home, own.lab.operator as lab, other.operator as third:
            lab.set_endpoint("home", f"127.0.0.1:{free_port()}")
            home.set_endpoint("lab", other.endpoint)
            until(home, lambda: peer(home, "lab").error)
            assert peer(home, "lab").error.startswith("peer.wrong_node")
            assert [event.kind for event in third.events(50)] == ["node.started"]
            home.set_endpoint("lab", "")
            lab.set_endpoint("home", "")
        connected(own.home, "lab")
    finally:
        assert (other.stop(), other.trouble) == (0, [])


@pytest.mark.parametrize("wrong", ["nowhere", "lab.example", "127.0.0.1:0", "host:99999", "a b:1"])
def test_what_is_no_address_is_refused_and_changes_nothing(own: Scene, wrong: str) -> None:
    with own.home.operator as home:
        with pytest.raises(GatepostError) as refused:
            home.set_endpoint("lab", wrong)
        assert code_of(refused) == "usage.invalid"
        assert peer(home, "lab").endpoint == own.lab.endpoint


# alias


def test_a_peer_is_known_by_its_new_alias_and_no_longer_by_the_old_one(own: Scene) -> None:
    worker = own.worker()
    with own.home.operator as home, own.caller(worker) as main:
        assert home.rename_peer("lab", "workshop").undo == "gatepost peers alias workshop lab"
        with pytest.raises(GatepostError) as unknown:
            main.ask(f"{worker}@lab", "done", WAIT)
        assert code_of(unknown) == "peer.unknown"
        view = main.ask(f"{worker}@workshop", "done renamed", WAIT)
        assert (view.text, view.to) == ("renamed", f"{worker}@workshop")
        home.rename_peer("workshop", "lab")
        assert main.ask(f"{worker}@lab", "done again", WAIT).text == "again"


@pytest.mark.parametrize(
    ("new", "code"),
    [("lab", "peer.exists"), ("home", "usage.invalid"), ("No Name", "address.invalid")],
)
def test_an_alias_that_is_taken_or_none_is_refused(own: Scene, new: str, code: str) -> None:
    with own.home.operator as home:
        with pytest.raises(GatepostError) as refused:
            home.rename_peer("lab", new)
        assert code_of(refused) == code
        assert peer(home, "lab").state == "connected"


# remove


def test_a_peer_that_takes_an_old_name_is_shown_with_what_old_rules_let_it_do(
    own: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = RealNode(tmp_path_factory.mktemp("namesake") / "home", "namesake").make().start()
    try:
        with own.lab.operator as lab, other.operator as guest:
            guest.accept(lab.invite("namesake").text)
            lab.grant(GrantIn(sender="*@namesake", verbs=("ask",), to="*", id="old"))
            lab.remove_peer("namesake")
            guest.remove_peer("lab")
            text = lab.invite("namesake").text
            guest.accept(text)
            assert "ask *" in peer(lab, "namesake").may
            shown = lab.paired("namesake", 20.0)
            assert shown is not None and "ask *" in shown.may
            lab.revoke("old")
            shown = lab.paired("namesake", 20.0)
            assert shown is not None and "ask *" not in shown.may
            lab.remove_peer("namesake")
    finally:
        assert (other.stop(), other.trouble) == (0, [])


def test_what_waits_for_a_removed_peer_ends_as_cancelled_and_the_rest_stays_known(
    own: Scene,
) -> None:
    worker = own.worker()
    with own.home.operator as home, own.caller(worker) as main:
        done = main.ask(f"{worker}@lab", "done first", WAIT)
        home.pause("lab")
        waits = [main.delegate(f"{worker}@lab", "done never").id for _ in range(3)]
        assert home.remove_peer("lab") == "gatepost peers invite lab"
        assert home.peers() == []
        assert {main.check(id, WAIT).state for id in waits} == {"cancelled"}
        assert home.message(done.id).text == "first"
        with pytest.raises(GatepostError) as unknown:
            main.send(f"{worker}@lab", "done")
        assert code_of(unknown) == "peer.unknown"
        home.resume("lab")
        own.home.restart()
        assert home.peers() == []
        pair(own.home, own.lab)
        connected(own.home, "lab")
        assert main.ask(f"{worker}@lab", "done anew", WAIT).text == "anew"
    assert [own.starts(id) for id in waits] == [0, 0, 0]


@pytest.mark.parametrize("both", [False, True], ids=["one side", "both sides"])
def test_a_peer_that_was_removed_and_paired_again_goes_on_where_it_was(
    own: Scene, both: bool
) -> None:
    worker = own.worker()
    name, step = own.gate()
    with own.home.operator as home, own.lab.operator as lab, own.caller(worker) as main:
        open_ = main.delegate(f"{worker}@lab", f"{step};done after all")
        watch_until(main, open_.id, "working")
        home.remove_peer("lab")
        until(lab, lambda: peer(lab, "home").state != "connected")
        if both:
            lab.remove_peer("home")
        own.gates.open(name)
        pair(own.home, own.lab)
        assert main.check(open_.id, WAIT).text == "after all"
        assert main.ask(f"{worker}@lab", "done next", WAIT).text == "next"
        assert [view.alias for view in home.peers()] == ["lab"]
        assert [view.alias for view in lab.peers()] == ["home"]
    assert own.starts(open_.id) == 1
