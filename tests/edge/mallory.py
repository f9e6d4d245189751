"""A peer of a real node that holds valid keys and sends whatever bytes a test wants.

It pairs by a real invitation and links over TLS as any node does. What it says by `say` continues
its journal truthfully; `send` takes any bytes. What the node answers is opened and kept.
"""

from gatepost.core import pairing
from gatepost.core.control import Ack, Control, Have, Life, decode_control, encode_control
from gatepost.core.entry import Entry, Update, chain, chain_start, encode_entry
from gatepost.core.frame import Item, Opened, Sender, build, item, open_frame
from gatepost.errors import GatepostError
from gatepost.ports import Line
from tests.linked import Linked, RealFleet
from tests.process.nodes import RealNode

NOW = 1_700_000_000_000


class Mallory:
    """The peer. `frames` is what the node sent, opened; `raw` the same as bytes."""

    def __init__(self, fleet: RealFleet, own: Linked, target: RealNode) -> None:
        self.fleet = fleet
        self.own = own
        self.target = target
        self.life = Life(0, 1, "4d" * 16)
        self.seen: Life | None = None
        self.slot = 0
        self.frames: list[Opened] = []
        self._acked = (0, b"")

    async def pair(self, alias: str) -> "Mallory":
        """Become a peer by an invitation."""
        with self.target.operator as operator:
            invitation = pairing.parse_invitation(operator.invite(alias).text)
        request = pairing.request(
            invitation, self.own.keys.record_bytes, alias, nonce=bytes(16), sign=self.own.keys.sign
        )
        replies: list[bytes | GatepostError] = []

        def heard(reply: bytes | GatepostError) -> None:
            replies.append(reply)
            self.fleet._told.set()

        self.own.transport.pair(invitation.endpoints, invitation.tls, request, heard)
        await self.fleet.until(lambda: replies)
        assert isinstance(replies[0], bytes), replies[0]
        joined = pairing.check_reply(request, replies[0], invitation)
        assert isinstance(joined, pairing.Joined), joined
        self.record = joined.record
        self.own.owner.peers[self.node] = joined.record
        self.own.owner.greeting = lambda node: encode_control(self.control())
        self.own.owner.on_up = self._up
        self.own.owner.on_frame = lambda line, data: self._heard(data)
        self.h = chain_start(self.own.id, self.node, 0)
        self._acked = (0, chain_start(self.node, self.own.id, 0))
        self.sender = Sender(
            self.own.keys.record,
            self.record,
            sign=self.own.keys.sign,
            wrap=self.own.keys.wrap,
            random=self.fleet.entropy.bytes,
        )
        return self

    async def link(self) -> "Mallory":
        """Link, and wait until the node is heard."""
        frames = len(self.frames)
        while self.node not in self.own.owner.lines:
            failed = len(self.own.owner.failures)
            self.own.transport.dial(self.node, (self.target.endpoint,), self.record.tls_bytes)
            await self.fleet.until(
                lambda failed=failed: (
                    self.node in self.own.owner.lines or len(self.own.owner.failures) > failed
                )
            )
        self.send(self.frame())
        await self.fleet.until(lambda: len(self.frames) > frames)
        return self

    @property
    def node(self) -> str:
        """The id of the node it is a peer of."""
        return self.record.node

    @property
    def line(self) -> Line:
        """The link."""
        return self.own.owner.lines[self.node]

    def control(self, **lies: object) -> Control:
        """Where it stands, but for the lies."""
        cursor, h = self._acked
        said: dict[str, object] = {
            "life": self.life,
            "committed": self.slot,
            "have": Have(0, chain_start(self.own.id, self.node, 0).hex()),
            "ack": Ack(0, cursor, h.hex()),
            "limit": cursor + 1024,
            "seen": self.seen,
            **lies,
        }
        return Control(**said)  # pyright: ignore[reportArgumentType]

    def frame(self, *entries: Entry) -> bytes:
        """A true frame with entries that continue its journal. Whether it is sent is not its."""
        items: list[Item] = []
        first, prev = self.slot + 1, self.h
        for entry in entries:
            one = item(self.fleet.entropy.bytes(16), encode_entry(entry))
            items.append(one)
            self.slot, self.h = self.slot + 1, chain(self.h, one.digest)
        where = {"first": first, "prev": prev.hex()} if items else {}
        return build(self.sender, self.control(**where), items, now=NOW)

    def send(self, frame: bytes) -> bool:
        """Send any bytes as one frame."""
        return self.line.send(frame)

    async def say(self, *entries: Entry) -> bytes:
        """Send entries and wait until the node has acknowledged them; the frame."""
        frame = self.frame(*entries)
        self.send(frame)
        await self.acked()
        return frame

    async def acked(self) -> None:
        """Wait until the node has acknowledged everything said so far."""
        await self.fleet.until(lambda: self.cursor >= self.slot)

    @property
    def cursor(self) -> int:
        """How far the node says it has this journal."""
        return self.frames[-1].control.ack.cursor

    async def outcome(self, id: str) -> Update:
        """The outcome of a message it sent."""
        await self.fleet.until(lambda: self.told(id, "outcome"))
        return self.told(id, "outcome")[0]

    def told(self, id: str, what: str = "") -> list[Update]:
        """What the node said about a message."""
        entries = [entry for opened in self.frames for entry, _, _ in opened.entries]
        return [
            entry
            for entry in entries
            if isinstance(entry, Update) and entry.id == id and what in ("", entry.what)
        ]

    def _up(self, line: Line) -> None:
        self.seen = decode_control(self.own.owner.ups[-1][1]).life

    def _heard(self, data: bytes) -> None:
        opened = open_frame(
            data,
            me=self.own.id,
            record_of=lambda node: self.record,
            unwrap=self.own.keys.unwrap,
        )
        assert isinstance(opened, Opened), opened
        self.frames.append(opened)
        cursor, h = self._acked
        if opened.control.first == cursor + 1:
            for _, _, one in opened.entries:
                cursor, h = cursor + 1, chain(h, one.digest)
            self._acked = cursor, h
            self.send(self.frame())
