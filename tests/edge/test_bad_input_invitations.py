"""Invitations that are expired, used, altered, or lead to another node; nodes with one name."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gatepost.core import pairing
from gatepost.core.message import InboxQuery
from gatepost.core.views import GrantIn
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, add_agent, connected, free_port, pair, peer
from tests.process.scene import WAIT

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealNode, ...]]:
    """Three nodes that know nobody."""
    root = tmp_path_factory.mktemp("invitations")
    three = tuple(RealNode(root / name, name).make().launch() for name in ("home", "lab", "eve"))
    try:
        for node in three:
            node.ready()
        yield three
        for node in three:
            assert (node.stop(), node.said) == (0, "")
    finally:
        for node in three:
            node.kill()


def refused(node: RealNode, text: str, alias: str = "") -> GatepostError:
    """Why a node does not accept an invitation. It then has no peer more than before."""
    with node.operator as operator:
        before = operator.peers()
        with pytest.raises(GatepostError) as error:
            operator.accept(text, alias)
        assert operator.peers() == before
    return error.value


def altered(text: str, **changes: object) -> str:
    """An invitation that says something else, with a checksum that fits."""
    invitation = pairing.parse_invitation(text)
    return pairing.show_invitation(msgspec.structs.replace(invitation, **changes))


@pytest.fixture
def text(nodes: tuple[RealNode, ...]) -> Iterator[str]:
    """A fresh invitation of home, and home without a peer afterwards."""
    home = nodes[0]
    with home.operator as operator:
        yield operator.invite("guest").text
        assert operator.peers() == []


@pytest.mark.requirement("T19")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text[:40] + ("b" if text[40] == "a" else "a") + text[41:],
        lambda text: text.upper(),
        lambda text: text + "a",
        lambda text: text.removeprefix("gp1-"),
        lambda text: "gp2-" + text.removeprefix("gp1-"),
        lambda text: "gp1-",
        lambda text: "please let me in",
        lambda text: "gp1-" + "a" * 5000,
        lambda text: "gp1-ünïcode",
    ],
    ids=["cut", "flipped", "upper", "longer", "bare", "v2", "empty", "words", "huge", "unicode"],
)
def test_an_altered_invitation_is_none(
    nodes: tuple[RealNode, ...], text: str, spoil: Callable[[str], str]
) -> None:
    assert refused(nodes[1], spoil(text)).code == "invitation.invalid"


def test_an_expired_invitation_is_refused_by_who_holds_it(
    nodes: tuple[RealNode, ...], text: str
) -> None:
    error = refused(nodes[1], altered(text, expires=1_700_000_000_000))
    assert (error.code, error.fix) == ("invitation.expired", "gatepost peers invite NAME")
    assert error.entry.who == "the other operator"


@pytest.mark.requirement("T19")
def test_an_expired_invitation_is_refused_by_who_made_it(nodes: tuple[RealNode, ...]) -> None:
    home, lab, _ = nodes
    with home.operator as operator:
        made = operator.invite("guest", minutes=0)
        late = altered(made.text, expires=made.expires + 3_600_000)
        assert refused(lab, late).code == "invitation.expired"
        assert operator.peers() == []


def test_a_guessed_secret_is_answered_with_silence(nodes: tuple[RealNode, ...], text: str) -> None:
    error = refused(nodes[1], altered(text, secret=bytes(16)))
    assert error.code == "invitation.invalid"


@pytest.mark.requirement("T02", "T19")
def test_an_invitation_whose_address_answers_as_another_node_is_told_nothing(
    nodes: tuple[RealNode, ...], text: str
) -> None:
    _, lab, eve = nodes
    assert refused(lab, altered(text, endpoints=(eve.endpoint,))).code == "peer.wrong_node"
    with eve.operator as operator:
        assert {event.kind for event in operator.events(100)} == {"node.started"}


def test_an_invitation_that_names_another_node_at_the_right_address_is_refused(
    nodes: tuple[RealNode, ...], text: str
) -> None:
    _, lab, eve = nodes
    with eve.operator as operator:
        other = pairing.parse_invitation(operator.invite("x").text)
    wrong = altered(text, node=other.node)
    assert refused(lab, wrong).code in ("peer.wrong_node", "invitation.invalid")


def test_an_address_where_nobody_listens_is_unreachable_and_the_invitation_still_good(
    nodes: tuple[RealNode, ...], text: str
) -> None:
    home, lab, _ = nodes
    nowhere = refused(lab, altered(text, endpoints=(f"127.0.0.1:{free_port()}",)))
    assert nowhere.code == "peer.unreachable"
    with lab.operator as one, home.operator as other:
        assert one.accept(text, "home").alias == "home"
        one.remove_peer("home")
        other.remove_peer("guest")


def test_an_address_that_talks_something_else_is_unreachable(
    nodes: tuple[RealNode, ...], text: str
) -> None:
    async def scene() -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example ESMTP\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        wrong = altered(text, endpoints=(f"{host}:{port}",))
        error = await asyncio.to_thread(refused, nodes[1], wrong)
        assert error.code == "peer.unreachable"
        server.close()
        await server.wait_closed()

    asyncio.run(scene())


def test_the_own_invitation_is_recognised(nodes: tuple[RealNode, ...], text: str) -> None:
    assert refused(nodes[0], text).code == "peer.wrong_node"


@pytest.mark.requirement("T19")
def test_an_invitation_is_used_once_and_by_its_user_as_often_as_it_likes(
    nodes: tuple[RealNode, ...],
) -> None:
    home, lab, eve = nodes
    with home.operator as inviter, lab.operator as guest:
        text = inviter.invite("lab").text
        first, again = guest.accept(text, "home"), guest.accept(text, "home")
        assert (first.node, first.alias) == (again.node, again.alias)
        assert again.words == peer(inviter, "lab").words
        error = refused(eve, text)
        assert (error.code, error.fix) == ("invitation.used", "gatepost peers invite NAME")
        assert [view.alias for view in inviter.peers()] == ["lab"]
        inviter.remove_peer("lab")
        guest.remove_peer("home")


@pytest.mark.requirement("T19")
def test_many_who_use_one_invitation_at_once_are_one_peer(nodes: tuple[RealNode, ...]) -> None:
    home, lab, eve = nodes

    async def scene(text: str) -> list[object]:
        async def use(node: RealNode) -> object:
            with node.operator as operator:
                return await asyncio.to_thread(operator.accept, text, "host")

        return await asyncio.gather(*map(use, (lab, eve)), return_exceptions=True)

    with home.operator as inviter:
        ended = asyncio.run(scene(inviter.invite("guest").text))
        errors = [one for one in ended if isinstance(one, GatepostError)]
        assert [error.code for error in errors] == ["invitation.used"]
        assert [view.alias for view in inviter.peers()] == ["guest"]
        inviter.remove_peer("guest")
    for node in (lab, eve):
        with node.operator as operator:
            for view in operator.peers():
                operator.remove_peer(view.alias)


@pytest.mark.parametrize("alias", ["Lab", "lab@home", "x" * 65])
def test_an_alias_that_is_none_makes_no_invitation(nodes: tuple[RealNode, ...], alias: str) -> None:
    typed = nodes[0].run("peers", "invite", alias, "--no-wait")
    assert (typed.returncode, typed.stdout) == (2, "")


def test_an_alias_that_is_taken_makes_no_invitation(nodes: tuple[RealNode, ...]) -> None:
    home, lab, _ = nodes
    pair(home, lab)
    with home.operator as operator, lab.operator as other:
        with pytest.raises(GatepostError) as taken:
            operator.invite("lab")
        assert taken.value.code == "peer.exists"
        operator.remove_peer("lab")
        other.remove_peer("home")


def test_a_node_that_listens_nowhere_says_so_instead_of_inviting(tmp_path: Path) -> None:
    node = RealNode(tmp_path / "n", "quiet").make()
    node.places.config.write_text('name = "quiet"\n')
    node.start()
    try:
        with node.operator as operator, pytest.raises(GatepostError) as nowhere:
            operator.invite("lab")
        assert nowhere.value.code == "listen.none"
        assert (node.stop(), node.said) == (0, "")
    finally:
        node.kill()


# two nodes both called home


def test_two_nodes_of_one_name_pair_and_each_is_told_apart_from_the_other(
    tmp_path: Path,
) -> None:
    one, other = (RealNode(tmp_path / str(n), "home").make().launch() for n in (1, 2))
    try:
        for node in (one, other):
            node.ready()
            add_agent(node, "main")
        with one.operator as inviter, other.operator as guest:
            paired = guest.accept(inviter.invite("twin").text)
            assert paired.alias != "home"
            with pytest.raises(GatepostError):
                inviter.invite("home")
            inviter.grant(GrantIn(sender="main@twin", verbs=("send",), to="main"))
        connected(other, paired.alias)
        with other.speaker("main") as main:
            sent = main.send(f"main@{paired.alias}", "to the other home")
            local = main.send("main@home", "to myself")
            with one.speaker("main") as there:
                (run,) = there.inbox(InboxQuery(wait=WAIT))
                assert (run.sender, run.id) == ("main@twin", sent.id)
                there.inbox(InboxQuery(seen=(run.id,)))
            assert main.check(sent.id, WAIT).state == "delivered"
            (run,) = main.inbox(InboxQuery(wait=WAIT))
            assert (run.sender, run.id) == ("main", local.id)
        for node in (one, other):
            assert (node.stop(), node.said) == (0, "")
    finally:
        for node in (one, other):
            node.kill()
