"""Declared peers: each side names the other, nobody is asked, and nobody else gets in."""

import pytest

from gatepost.config.declared import Declaration
from gatepost.core.origin import Origin
from gatepost.errors import GatepostError
from gatepost.node.peering import Peering
from tests.unit.node.stage import POLICY_ONLY_PING, Stage
from tests.unit.node.test_aliases import NoBlocks, call

PLACE = Origin("gatepost.toml", 12)


def node_of(stage: Stage, name: str) -> str:
    return stage.machines[name].keys.node


def one(
    stage: Stage, name: str, alias: str = "", *, dials: bool = True, owner: str = ""
) -> Declaration:
    keys = stage.machines[name].keys
    endpoint = keys.record.endpoints[0] if dials else ""
    return Declaration(alias or name, keys.node, endpoint, owner, PLACE)


def declare(stage: Stage, name: str, *declared: Declaration) -> None:
    stage.node(name).declaring.take(declared)


def operator(stage: Stage, name: str) -> Peering:
    return Peering(stage.node(name), NoBlocks())


def views(stage: Stage, name: str) -> dict[str, str]:
    return {view.alias: view.state for view in operator(stage, name).peers()}


def strangers(*names: str, text: str = POLICY_ONLY_PING) -> Stage:
    return Stage(*names, paired=False, text=text)


@pytest.mark.parametrize("dials", ["both", "home", "lab"])
def test_two_nodes_that_declare_each_other_are_peers_and_end_like_an_invitation(dials: str) -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab", dials=dials != "lab"))
    declare(stage, "lab", one(stage, "home", dials=dials != "home"))
    stage.until(lambda: stage.node("home").peers.by_alias and stage.node("lab").peers.by_alias)
    stage.until(stage.linked)
    endings = [
        call(stage, operator(stage, me).paired(other, 0.0))
        for me, other in (("home", "lab"), ("lab", "home"))
    ]
    here, there = endings
    assert here is not None
    assert there is not None
    assert here.words == there.words
    assert len(here.words.split()) == 6
    assert (here.alias, there.alias) == ("lab", "home")
    assert here.next == (
        "gatepost policy grant '*@lab' ask,delegate AGENT", "gatepost agents list --peer lab",
    )  # fmt: skip


@pytest.mark.requirement("P6")
def test_it_lets_a_peer_ping_and_nothing_more() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias and stage.node("lab").peers.by_alias)
    stage.until(stage.linked)
    assert call(stage, operator(stage, "home").ping("lab")).ok
    sent = stage.submit("home", "main", "bob@lab")
    assert stage.ends("home", sent.id, "rejected").reason == "denied"


@pytest.mark.requirement("T18")
def test_a_declaration_of_one_side_alone_pairs_nobody_and_says_why() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    stage.run(120)
    assert stage.node("lab").peers.by_alias == {}
    assert views(stage, "home") == {"lab": "declared"}
    view = operator(stage, "home").peers()[0]
    assert "must declare this node too" in view.error
    assert view.next_attempt > stage.node("home").clock.now() - 300_000
    assert stage.node("home").declaring.needs_you() == [
        "peer lab is declared in gatepost.toml:12 and not met: "
        "the node there does not know of this one: it must declare this node too"
    ]
    refused = stage.refused("home", "main", "bob@lab")
    assert refused.code == "peer.unknown"
    with pytest.raises(GatepostError) as raised:
        call(stage, operator(stage, "home").ping("lab"))
    assert raised.value.why.startswith("it is declared in gatepost.toml:12, but ")


@pytest.mark.requirement("T18")
def test_another_node_at_the_declared_address_is_not_taken_for_it() -> None:
    stage = strangers("home", "lab", "eve")
    declare(stage, "lab", one(stage, "home"))
    declare(stage, "eve", one(stage, "home"))
    wrong = Declaration("lab", node_of(stage, "lab"), one(stage, "eve").endpoint, "", PLACE)
    declare(stage, "home", wrong)
    stage.run(60)
    peers = stage.node("home").peers.by_alias
    assert {alias: peer.row.node for alias, peer in peers.items()} in (
        {}, {"lab": node_of(stage, "lab")},
    )  # fmt: skip
    assert stage.node("eve").peers.by_alias == {}


def test_what_the_file_says_of_a_known_peer_holds_at_once() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias)
    stage.until(stage.linked)
    declare(stage, "home", one(stage, "lab", "workshop", owner="work"))
    peer = stage.node("home").peers.by_alias["workshop"]
    assert (peer.row.owner, peer.row.declared) == ("work", True)
    assert stage.node("home").aliases.kept("lab", "x" * 52) is not None
    assert "it is called `workshop` now" in stage.node("home").peers.about("lab")
    stage.until(stage.linked)


def test_an_invited_peer_that_is_declared_later_becomes_the_files_to_say() -> None:
    stage = Stage("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    home = operator(stage, "home")
    for asked in (
        home.remove_peer("lab"), home.rename_peer("lab", "x"), home.set_endpoint("lab", "h:1"),
    ):  # fmt: skip
        with pytest.raises(GatepostError) as raised:
            call(stage, asked)
        assert (raised.value.code, raised.value.where) == ("peer.declared", "gatepost.toml:12")
    stage.until(stage.linked)


def test_a_peer_declared_no_more_is_linked_with_no_more_and_keeps_what_waits() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias and stage.node("lab").peers.by_alias)
    stage.until(stage.linked)
    declare(stage, "home")
    stage.run(60)
    assert views(stage, "home") == {"lab": "undeclared"}
    assert not stage.node("lab").peers.by_alias["home"].exchange.live
    with pytest.raises(GatepostError) as raised:
        call(stage, operator(stage, "home").ping("lab"))
    assert (raised.value.code, raised.value.fix) == (
        "peer.undeclared", "gatepost peers remove lab",
    )  # fmt: skip
    declare(stage, "home", one(stage, "lab"))
    stage.until(stage.linked, 900)
    declare(stage, "home")
    call(stage, operator(stage, "home").remove_peer("lab"))
    assert views(stage, "home") == {}
    text = call(stage, operator(stage, "home").invite("lab")).text
    call(stage, operator(stage, "lab").accept(text))
    declare(stage, "home")
    stage.run(60)
    assert views(stage, "home") == {"lab": "connected"}, "invited now, and no file's to say"


def test_a_restart_changes_nothing_and_asks_nobody_again() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias and stage.node("lab").peers.by_alias)
    stage.until(stage.linked)
    words = stage.node("home").peers.by_alias["lab"].row.words
    stage.crash("home")
    stage.boot("home")
    declare(stage, "home", one(stage, "lab"))
    stage.until(stage.linked, 900)
    assert stage.node("home").peers.by_alias["lab"].row.words == words
    assert len(stage.node("home").peers.by_number) == 1


def test_a_crash_between_the_two_commits_mends_itself() -> None:
    stage = strangers("home", "lab")
    declare(stage, "lab", one(stage, "home", dials=False))
    stage.machines["home"].latency = lambda: 3600.0
    declare(stage, "home", one(stage, "lab"))
    stage.until(lambda: "home" in stage.node("lab").peers.by_alias)
    stage.run(5)
    stage.crash("home")
    stage.machines["home"].latency = lambda: 0.001
    stage.boot("home")
    assert stage.node("home").peers.by_alias == {}
    declare(stage, "home", one(stage, "lab"))
    stage.until(lambda: stage.node("home").peers.by_alias)
    stage.until(stage.linked, 900)


def test_a_declared_pair_that_stopped_begins_anew_once_both_removed_it() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias and stage.node("lab").peers.by_alias)
    stage.until(stage.linked)
    sent = stage.submit("home", "main", "bob@lab")
    stage.ends("home", sent.id, "rejected")
    stage.node("home").distrust(node_of(stage, "lab"), "behind")
    call(stage, operator(stage, "home").remove_peer("lab"))
    declare(stage, "home", one(stage, "lab"))
    stage.run(60)
    assert "its operator removes this node first" in operator(stage, "home").peers()[0].error
    declare(stage, "lab")
    call(stage, operator(stage, "lab").remove_peer("home"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias and stage.node("lab").peers.by_alias, 900)
    stage.until(stage.linked, 900)


def test_a_name_taken_by_another_peer_and_this_node_itself_are_told() -> None:
    stage = Stage("home", "lab", "eve", paired=False)
    declare(stage, "home", one(stage, "lab", "lab"), one(stage, "home", "me"))
    declare(stage, "lab", one(stage, "home"))
    stage.until(lambda: stage.node("home").peers.by_alias)
    errors = {view.alias: view.error for view in operator(stage, "home").peers()}
    assert errors["me"] == "that is this node itself"
    declare(stage, "eve", one(stage, "home"))
    declare(stage, "home", one(stage, "lab", "lab"), one(stage, "eve", "home"))
    stage.run(30)
    errors = {view.alias: view.error for view in operator(stage, "home").peers()}
    assert "own name" in errors["home"]


def test_a_declared_name_that_was_not_met_is_not_invited() -> None:
    stage = strangers("home", "lab")
    declare(stage, "home", one(stage, "lab"))
    with pytest.raises(GatepostError) as raised:
        call(stage, operator(stage, "home").invite("lab"))
    assert (raised.value.code, raised.value.where) == ("peer.declared", "gatepost.toml:12")
