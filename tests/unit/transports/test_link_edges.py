"""Hostile company on real sockets: threats T1, T2, T6, T12, T16 and bad input on a live link."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gatepost.core import hello
from gatepost.errors import GatepostError
from gatepost.transports.attempt import Failure
from gatepost.transports.limits import Limits
from tests.impostors import Middle, Puppet, Relay, TlsServer, old_tls
from tests.linked import Linked, RealFleet, acquainted
from tests.seeded import SeededKeys

Body = Callable[[RealFleet], Awaitable[None]]
Play = Callable[[Body], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    def run(body: Body) -> None:
        async def main() -> None:
            async with RealFleet(tmp_path) as fleet:
                await body(fleet)

        asyncio.run(main())

    return run


async def two(fleet: RealFleet, **limits: Any) -> tuple[Linked, Linked]:
    made = [await fleet.node(name, limits=Limits(**limits)) for name in ("home", "lab")]
    acquainted(made)
    home, lab = made
    return home, lab


async def linked(fleet: RealFleet, **limits: Any) -> tuple[Linked, Linked]:
    home, lab = await two(fleet, **limits)
    home.dial(lab)
    await fleet.until(lambda: home.linked(lab) and lab.linked(home))
    return home, lab


# ── T2: who answers is not who was called ───────────────────────────────────────────────────────


@pytest.mark.requirement("T02")
def test_t02a_a_server_with_another_key_gets_no_byte_of_the_application(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        await fleet.node("mallory", listen=False)
        mallory = TlsServer(fleet, "mallory", answer=b"x")
        home.dial(lab, await mallory.listen())
        await fleet.until(lambda: home.owner.failures)
        await fleet.settle()
        assert home.owner.failures[0][1] == "peer.wrong_node"
        assert mallory.connections == 1
        assert mallory.handshakes == 0, "it was hung up on before the handshake was complete"
        assert not mallory.got
        await mallory.close()

    play(body)


def test_t02b_a_server_that_speaks_tls_1_2_at_most_gets_no_byte_either(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        old = TlsServer(fleet, "lab", answer=b"x")
        old_tls(old.context)
        home.dial(lab, await old.listen())
        await fleet.until(lambda: home.owner.failures)
        await fleet.settle()
        assert home.owner.failures[0][1] == "peer.unreachable"
        assert old.connections == 1
        assert not old.got
        await old.close()

    play(body)


def test_t02b_a_client_that_speaks_tls_1_2_at_most_is_refused(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        import ssl

        _, lab = await two(fleet)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        old_tls(context)
        host, _, port = lab.endpoint.rpartition(":")
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection(host, int(port), ssl=context)

    play(body)


def call(dialler: SeededKeys, listener: SeededKeys) -> bytes:
    """What `dialler` says first to `listener`."""
    return hello.hello(
        dialler.record,
        dialler.record_bytes,
        listener.record,
        nonce=bytes(32),
        spki=listener.record.tls_bytes,
        sign=dialler.sign,
    )


def field(name: str, value: object) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        said = json.loads(data)
        assert name in said
        assert said[name] != value
        said[name] = value
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    return change


OTHER = SeededKeys("mallory").node
TAMPERINGS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "version list stretched": (0, field("v", [1, 2])),
    "version list repeated": (0, field("v", [1, 1])),
    "hello nonce swapped": (0, field("nonce", "00" * 32)),
    "hello from another": (0, field("node", OTHER)),
    "hello record stripped": (0, field("record", "")),
    "hello record older": (0, field("knows", "00" * 32)),
    "answer nonce swapped": (1, field("nonce", "00" * 32)),
    "answer of another": (1, field("node", OTHER)),
    "answer greeting altered": (1, field("control", "aGVsbG8=")),
    "answer version raised": (1, field("v", 2)),
    "proof greeting altered": (2, field("control", "aGVsbG8=")),
    "proof signature altered": (2, field("sig", "A" * 86 + "==")),
}


@pytest.mark.requirement("T02")
@pytest.mark.parametrize("name", TAMPERINGS)
def test_t02cd_whatever_is_altered_in_the_hello_no_side_is_up(play: Play, name: str) -> None:
    step, change = TAMPERINGS[name]

    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        middle = Middle(fleet, lab, lambda n, data: change(data) if n == step else data)
        home.dial(lab, await middle.listen())
        # Puppets pass messages on, but not the end of a connection.
        await fleet.until(lambda: home.owner.failures or (middle.back and middle.back.over))
        await middle.close()
        await fleet.until(lambda: home.owner.failures)
        assert len(middle.passed) > step
        assert home.owner.ups == lab.owner.ups == []

    play(body)


def test_t02_an_altered_welcome_is_no_welcome(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        middle = Middle(fleet, lab, lambda n, data: b"come in" if n == 3 else data)
        home.dial(lab, await middle.listen())
        await fleet.until(lambda: home.owner.failures)
        await middle.close()
        await fleet.until(lambda: lab.owner.downs)
        assert home.owner.ups == []

    play(body)


def test_an_answer_larger_than_a_frame_is_not_even_read(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        middle = Middle(fleet, lab, lambda n, data: bytes(600_000) if n == 1 else data)
        home.dial(lab, await middle.listen())
        await fleet.until(lambda: home.owner.failures)
        await middle.close()
        assert "broke the protocol" in home.owner.failures[0][2]

    play(body)


def test_t02_a_relay_that_alters_nothing_but_holds_the_key_links(play: Play) -> None:
    """The control of the tests above: it is the change that refuses, not the middle."""

    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        middle = Middle(fleet, lab, lambda n, data: data)
        home.dial(lab, await middle.listen())
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        await middle.close()
        await fleet.until(lambda: home.owner.downs and lab.owner.downs)

    play(body)


def test_t02e_a_hello_reflected_to_its_sender_or_as_its_own_answer_is_refused(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        to_lab = call(home.keys, lab.keys)
        as_sender = await Puppet(fleet).call(home)
        as_sender.send(to_lab)
        await fleet.until(lambda: as_sender.over)
        # Claim to be lab, and give home its own signature back as the proof.
        as_lab = await Puppet(fleet).call(home)
        as_lab.send(call(lab.keys, home.keys))
        await fleet.until(lambda: as_lab.log)
        answer = as_lab.log[0]
        assert isinstance(answer, bytes)
        said = json.loads(answer)
        proof = {"control": said["control"], "sig": said["sig"]}
        as_lab.send(json.dumps(proof, sort_keys=True, separators=(",", ":")).encode())
        await fleet.until(lambda: as_lab.over)
        echo = Middle(fleet, lab, lambda n, data: data)
        echo._pass = lambda data, to: echo.front.send(data)  # type: ignore[method-assign]
        home.dial(lab, await echo.listen())
        await fleet.until(lambda: home.owner.failures)
        await echo.close()
        assert home.owner.ups == lab.owner.ups == []

    play(body)


def test_a_hello_meant_for_another_node_is_refused(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        other = await fleet.node("other")
        other.knows(home)
        home.dial(lab, other.endpoint, pin=other.keys.record.tls_bytes)
        await fleet.until(lambda: home.owner.failures)
        assert home.owner.failures[0][1] == "peer.refused"
        assert other.owner.ups == []

    play(body)


# ── strangers ───────────────────────────────────────────────────────────────────────────────────


def test_unknown_blocked_and_misdirected_diallers_get_the_same_close(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        stranger = SeededKeys("stranger")
        forged = field("node", home.keys.node)(call(stranger, lab.keys))
        first_words = {
            "unknown": call(stranger, lab.keys),
            "unsigned": field("sig", "")(call(home.keys, lab.keys)),
            "forged": field("record", home.keys.record_bytes.hex())(forged),
            "misdirected": call(home.keys, stranger),
            "no hello": b"{}",
            "noise": bytes(range(256)),
            "too long": b" " * 4096,
        }
        logs: dict[str, list[bytes | str]] = {}
        for name, words in first_words.items():
            puppet = await Puppet(fleet).call(lab)
            puppet.send(words)
            await fleet.until(lambda puppet=puppet: puppet.over)
            logs[name] = puppet.log
        lab.owner.peers.clear()
        puppet = await Puppet(fleet).call(lab)
        puppet.send(call(home.keys, lab.keys))
        await fleet.until(lambda: puppet.over)
        logs["blocked"] = puppet.log
        assert set(map(tuple, logs.values())) == {("the peer does not take links from this node",)}
        assert lab.owner.ups == []

    play(body)


def test_a_known_node_with_a_bad_signature_gets_that_close_too(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        puppet = await Puppet(fleet).call(lab)
        puppet.send(call(home.keys, lab.keys))
        await fleet.until(lambda: puppet.log)
        proof = {"control": "", "sig": "A" * 86 + "=="}
        puppet.send(json.dumps(proof, sort_keys=True, separators=(",", ":")).encode())
        await fleet.until(lambda: puppet.over)
        assert puppet.log[1:] == ["the peer does not take links from this node"]
        assert lab.owner.ups == []

    play(body)


def test_a_stranger_that_asks_for_another_path_is_closed(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        _, lab = await two(fleet)
        puppet = await Puppet(fleet).call(lab, "/")
        await fleet.until(lambda: puppet.over)
        assert puppet.log == ["the peer does not take links from this node"]

    play(body)


def test_a_stranger_that_keeps_talking_without_a_hello_is_cut_off(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        _, lab = await two(fleet, handshake=600.0)
        puppet = await Puppet(fleet).call(lab)
        for _ in range(10_000):
            if puppet.over:
                break
            assert puppet.stream is not None
            puppet.stream._socket.send_ping(bytes(125))
            puppet.stream._flush()
            await asyncio.sleep(0)
        assert puppet.over

    play(body)


@pytest.mark.parametrize(
    "words",
    [
        b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"POST /link HTTP/1.1\r\nHost: lab\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /link HTTP/1.1\r\n" + b"X: " + b"y" * 9000 + b"\r\n\r\n",
        b"GET /link HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(200)) + b"\r\n",
        b"\x16\x03\x01" * 100 + b"\n\n",
        b"a" * 200_000,
    ],
    ids=["a browser", "a post", "a long header", "many headers", "noise", "an endless line"],
)
def test_what_is_no_websocket_is_closed_without_a_byte(play: Play, words: bytes) -> None:
    async def body(fleet: RealFleet) -> None:
        from gatepost.transports.tls import client_context

        _, lab = await two(fleet)
        host, _, port = lab.endpoint.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=client_context())
        writer.write(words)
        async with asyncio.timeout(10):
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                pass  # closed as well: it had not read all of it
        writer.transport.abort()
        await fleet.settle()

    play(body)


def test_what_is_no_tls_is_closed(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        host, _, port = lab.endpoint.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(10):
            assert b"HTTP" not in await reader.read()
        writer.transport.abort()
        home.dial(lab)
        await fleet.until(lambda: home.linked(lab))

    play(body)


# ── T12: floods before the hello ────────────────────────────────────────────────────────────────


async def silent(lab: Linked) -> socket.socket:
    host, _, port = lab.endpoint.rpartition(":")
    client = socket.socket()
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, (host, int(port)))
    return client


async def ended(client: socket.socket) -> bool:
    try:
        return await asyncio.get_running_loop().sock_recv(client, 1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.requirement("T12")
def test_t12_those_who_connect_and_say_nothing_are_dropped_at_the_deadline(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        _, lab = await two(fleet, handshake=0.1)
        clients = [await silent(lab) for _ in range(5)]
        async with asyncio.timeout(10):
            assert all([await ended(client) for client in clients])
        for client in clients:
            client.close()

    play(body)


@pytest.mark.requirement("T12")
def test_t12_half_open_connections_are_bounded_and_do_not_keep_a_peer_out(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet, handshake=600.0, half_open=8, burst=1000)
        clients = [await silent(lab) for _ in range(100)]
        home.dial(lab)
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        assert len(lab.transport._links.half_open) <= 8
        assert lab.transport.turned_away >= 92
        async with asyncio.timeout(10):
            assert await ended(clients[0])
        for client in clients:
            client.close()

    play(body)


def test_t12_one_address_connects_only_so_often(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        _, lab = await two(fleet, accepts=0.001, burst=3)
        clients = [await silent(lab) for _ in range(4)]
        async with asyncio.timeout(10):
            assert await ended(clients[3])
        assert lab.transport.turned_away == 1
        for client in clients:
            client.close()

    play(body)


def test_a_refused_dialler_leaves_no_half_open_connection_behind(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        lab.owner.peers.clear()
        for n in range(20):
            home.dial(lab)
            await fleet.until(lambda n=n: len(home.owner.failures) == n + 1)
        await fleet.settle()
        assert len(lab.transport._links.half_open) == 0
        assert lab.transport._links._waiting == {}

    play(body)


# ── a live link ─────────────────────────────────────────────────────────────────────────────────


def misbehave_text(channel: Any) -> None:
    channel._socket.send_text(b"hello")
    channel._flush()


def misbehave_fragment(channel: Any) -> None:
    channel._socket.send_binary(b"hello", fin=False)
    channel._flush()


def misbehave_websocket(channel: Any) -> None:
    channel._tls.write(b"\xff" * 64)
    channel._write()


def misbehave_tls(channel: Any) -> None:
    channel._transport.write(b"\xff" * 64)


@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        (misbehave_text, "a text or a fragment"),
        (misbehave_fragment, "a text or a fragment"),
        (misbehave_websocket, "it broke the protocol"),
        (misbehave_tls, "TLS failed"),
    ],
    ids=["text", "fragment", "websocket", "tls"],
)
def test_who_breaks_the_protocol_is_disconnected_and_the_reason_is_told(
    play: Play, misbehave: Callable[[Any], None], reason: str
) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await linked(fleet)
        misbehave(home.line(lab)._channel)  # type: ignore[attr-defined]
        await fleet.until(lambda: home.owner.downs and lab.owner.downs)
        assert reason in lab.owner.downs[0][1]
        assert lab.owner.frames == []

    play(body)


def test_compression_is_not_accepted_from_a_peer_that_offers_it(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await linked(fleet)
        for node, other in ((home, lab), (lab, home)):
            assert node.line(other)._channel._socket.extensions == []  # type: ignore[attr-defined]

    play(body)


def test_a_peer_killed_is_seen_at_once_and_can_link_again(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await linked(fleet)
        lab.line(home)._channel._transport.abort()  # type: ignore[attr-defined]
        await fleet.until(lambda: home.owner.downs and lab.owner.downs)
        home.dial(lab)
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        assert len(home.owner.ups) == 2

    play(body)


def test_a_peer_that_falls_silent_is_lost_after_an_unanswered_ping(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet, idle=0.05, answer=0.5)
        relay = Relay(lab.endpoint)
        home.dial(lab, await relay.listen())
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        relay.mute = True
        await fleet.until(lambda: home.owner.downs and lab.owner.downs)
        assert home.owner.downs[0][1].startswith("no sign of life for ")
        assert lab.owner.downs[0][1].startswith("no sign of life for ")
        await relay.close()

    play(body)


def test_a_peer_that_reads_nothing_cannot_keep_a_stopping_node(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        relay = Relay(lab.endpoint)
        home.dial(lab, await relay.listen())
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        for half in relay._halves:
            half._transport.pause_reading()  # type: ignore[union-attr]
        while home.line(lab).send(bytes(100_000)):
            await fleet.settle()
        async with asyncio.timeout(10):
            await home.transport.close()
        assert home.owner.lines == {}
        await relay.close()

    play(body)


# ── T1, T6, T16, ports ──────────────────────────────────────────────────────────────────────────


@pytest.mark.requirement("T01")
def test_t01_nothing_said_on_a_link_is_readable_on_the_network(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        canaries = [f"canary-{n:02}".encode() for n in range(40)]
        relay = Relay(lab.endpoint)
        home.dial(lab, await relay.listen())
        await fleet.until(lambda: home.linked(lab) and lab.linked(home))
        for canary in canaries:
            home.line(lab).send(b"from home " + canary)
            lab.line(home).send(b"from lab " + canary)
        await fleet.until(lambda: len(home.owner.frames) == len(lab.owner.frames) == 40)
        seen = bytes(relay.seen)
        assert len(seen) > 80 * 30, "the tap saw the traffic"
        for word in [*canaries, b"from ", home.id.encode(), lab.id.encode(), b"/link"]:
            assert word not in seen
        await relay.close()

    play(body)


@pytest.mark.requirement("T06")
def test_t06_closing_the_link_of_a_blocked_peer_stops_a_burst_within_the_call(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await linked(fleet)
        for _ in range(64):
            home.line(lab).send(bytes(1000))
        await fleet.until(lambda: lab.owner.frames)
        lab.owner.peers.clear()
        lab.line(home).close("blocked")
        before = len(lab.owner.frames)
        for _ in range(64):
            home.line(lab).send(bytes(1000))
        await fleet.until(lambda: home.owner.downs)
        home.dial(lab)
        await fleet.until(lambda: home.owner.failures)
        assert len(lab.owner.frames) == before
        assert home.owner.failures[0][1] == "peer.refused"

    play(body)


@pytest.mark.requirement("T16")
def test_t16_no_proxy_of_the_environment_is_used(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "wss_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")

    async def body(fleet: RealFleet) -> None:
        await linked(fleet)

    play(body)


@pytest.mark.requirement("T16")
def test_t16_a_redirect_is_not_followed(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet)
        canary = TlsServer(fleet, "lab")
        there = await canary.listen()
        headers = f"Location: https://{there}/link\r\nContent-Length: 0\r\n"
        moved = f"HTTP/1.1 302 Found\r\n{headers}\r\n".encode()
        server = TlsServer(fleet, "lab", answer=moved)
        home.dial(lab, await server.listen())
        await fleet.until(lambda: home.owner.failures)
        await fleet.settle()
        assert server.connections == 1
        assert canary.connections == 0
        await server.close()
        await canary.close()

    play(body)


def test_a_port_in_use_is_told_as_taken(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home = await fleet.node("home")
        port = int(home.endpoint.rpartition(":")[2])
        with pytest.raises(GatepostError) as caught:
            await home.transport.listen("127.0.0.1", port)
        assert caught.value.code == "listen.taken"

    play(body)


def test_both_dial_at_once_again_and_again_and_there_is_always_one_link(play: Play) -> None:
    async def body(fleet: RealFleet) -> None:
        home, lab = await two(fleet, burst=1000)
        smaller, larger = sorted((home, lab), key=lambda node: node.id)
        for n in range(40):
            first, second = (smaller, larger) if n % 2 else (larger, smaller)
            first.dial(second)
            for _ in range(n // 2):  # the second begins a few turns of the loop later
                await asyncio.sleep(0)
            second.dial(first)
            await fleet.until(lambda: home.linked(lab) and lab.linked(home))
            await fleet.settle()
            assert len(home.owner.ups) == len(lab.owner.ups) == n + 1, "no flapping"
            home.line(lab).send(b"%d" % n)
            await fleet.until(lambda n=n: lab.owner.frames[-1:] == [b"%d" % n])
            larger.line(smaller).close("next round")
            await fleet.until(lambda: not home.owner.lines and not lab.owner.lines)
        assert home.owner.failures == lab.owner.failures == []

    play(body)


@pytest.mark.parametrize("blocked", [False, True])
def test_an_arrival_that_waited_is_welcomed_when_the_own_dial_comes_to_nothing(
    play: Play, blocked: bool
) -> None:
    async def body(fleet: RealFleet) -> None:
        nodes = await two(fleet)
        smaller, larger = sorted(nodes, key=lambda node: node.id)
        mute = Middle(fleet, larger, lambda n, data: data)
        mute._pass = lambda data, to: None
        smaller.dial(larger, await mute.listen())
        dial = smaller.transport._links._dials[larger.id]
        while dial.attempt is None or not dial.attempt.greeting:
            await fleet.settle()
        larger.dial(smaller)
        while not smaller.transport._links._waiting:
            await fleet.settle()
        await fleet.settle()
        assert smaller.owner.ups == larger.owner.ups == []
        if blocked:
            smaller.owner.peers.clear()
        dial.attempt.end(Failure("peer.unreachable", "it does not answer"))
        if blocked:
            await fleet.until(lambda: larger.owner.failures)
            assert larger.owner.failures[0][1] == "peer.refused"
            assert smaller.owner.ups == larger.owner.ups == []
        else:
            await fleet.until(lambda: smaller.linked(larger) and larger.linked(smaller))
            assert smaller.owner.failures == larger.owner.failures == []
            assert smaller.line(larger).address.endswith("(accepted)")
        await mute.close()

    play(body)
