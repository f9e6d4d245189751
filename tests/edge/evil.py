"""A peer that holds valid keys and keeps to no rule: it says what a test makes it say.

It knows what an honest peer would (its own journal and chain, the node's life and what the node
sent it), so that what it says is as near to the truth as a test wants it. It talks to the
production node through a hand-made line; `home` runs on the stage, in virtual time.
"""

import msgspec

from gatepost.core.control import Ack, Control, Have, Life, encode_control
from gatepost.core.entry import (
    Entry,
    Message,
    Update,
    Void,
    chain,
    chain_start,
    encode_entry,
)
from gatepost.core.frame import Item, Opened, Sender, build, fit, item, open_frame
from gatepost.core.records import PeerRow
from gatepost.core.views import AgentSpec
from gatepost.node.node import Node
from gatepost.node.peers import Peer
from tests.seeded import SeededEntropy, SeededKeys
from tests.unit.node.stage import OPEN, Stage
from tests.world.timeline import EPOCH

PRIVATE = AgentSpec(name="private", about="the canary 7Q2 about")


class EvilStage(Stage):
    """The stage with one more peer of every node, that is nobody's machine."""

    def __init__(self, *names: str, text: str = OPEN, evils: int = 1) -> None:
        self.strangers = [SeededKeys(f"evil {n}") for n in range(evils)]
        super().__init__(*(names or ("home",)), agents=("main", "bob", PRIVATE), text=text)

    def _acquaint(self, owners: dict[str, str]) -> None:
        super()._acquaint(owners)
        for machine in self.machines.values():
            for n, keys in enumerate(self.strangers):
                machine.disk.add_peer(
                    PeerRow(
                        number=len(self.machines) + n,
                        node=keys.node,
                        alias=f"evil{n or ''}",
                        record=keys.record_bytes,
                        endpoint="",
                        words="",
                        paired=EPOCH,
                    )
                )

    def linked(self) -> bool:
        strangers = {keys.node for keys in self.strangers}
        return all(
            peer.exchange.live
            for name in self.machines
            for peer in self.node(name).peers.by_node.values()
            if peer.row.node not in strangers
        )


class Evil:
    """The peer. `line` of the node goes into `frames`, opened; `full` makes the line take nothing.

    `slot` and `h` are where its own journal stands, `have` and `have_h` what it took of the node's.
    """

    def __init__(self, stage: EvilStage, target: str = "home", number: int = 0) -> None:
        self.stage = stage
        self.machine = stage.machines[target]
        self.target = target
        self.keys = stage.strangers[number]
        self.alias = f"evil{number or ''}"
        self.entropy = SeededEntropy(f"evil entropy {number}")
        self.life = Life(0, 1, "ee" * 16)
        self.slot = 0
        self.h = self.start = chain_start(self.keys.node, self.machine.keys.node, 0)
        self.taken: dict[int, bytes] = {0: chain_start(self.machine.keys.node, self.keys.node, 0)}
        self.have = 0
        self.frames: list[Opened] = []
        self.raw: list[bytes] = []
        self.sent: list[bytes] = []
        self.ids: list[str] = []
        self.full = False
        self.closed = ""
        self._sender = Sender(
            self.keys.record,
            self.machine.keys.record,
            sign=self.keys.sign,
            wrap=self.keys.wrap,
            random=self.entropy.bytes,
        )

    # what the node sees

    @property
    def peer(self) -> str:
        return self.keys.node

    @property
    def address(self) -> str:
        return "10.6.6.6:666 (accepted)"

    def send(self, frame: bytes) -> bool:
        if self.full or self.closed:
            return False
        self.raw.append(frame)
        opened = open_frame(
            frame,
            me=self.keys.node,
            record_of=lambda node: self.machine.keys.record,
            unwrap=self.keys.unwrap,
        )
        assert isinstance(opened, Opened), opened
        self.frames.append(opened)
        self._follow(opened)
        return True

    def close(self, reason: str) -> None:
        if not self.closed:
            self.closed = reason
            node = self.node
            self.stage.timeline.after(0.0, lambda: node.peers.link_down(self, reason))

    def _follow(self, opened: Opened) -> None:
        slot, h = opened.control.first, bytes.fromhex(opened.control.prev)
        for entry, _, content in opened.entries:
            digest = bytes.fromhex(entry.digest) if isinstance(entry, Void) else content.digest
            h = chain(h, digest)
            self.taken[slot] = h
            if isinstance(entry, Message):
                self.ids.append(entry.id)
            slot += 1
        while self.have + 1 in self.taken:
            self.have += 1

    # what it is about

    @property
    def node(self) -> Node:
        return self.stage.node(self.target)

    @property
    def row(self) -> Peer:
        return self.node.peers.by_node[self.keys.node]

    @property
    def live(self) -> bool:
        return self.row.exchange.live

    def told(self, id: str) -> list[Update]:
        """What the node said about a message of this peer."""
        return [
            entry
            for opened in self.frames
            for entry, _, _ in opened.entries
            if isinstance(entry, Update) and entry.id == id
        ]

    # what it says

    def control(self, **lies: object) -> Control:
        said = Control(
            life=self.life,
            committed=self.slot,
            have=Have(0, self.start.hex()),
            ack=Ack(0, self.have, self.taken[self.have].hex()),
            limit=self.have + 1024,
            seen=self.node.life,
        )
        return msgspec.structs.replace(said, **lies)

    def link(self, **lies: object) -> None:
        """Come up, in whatever life, saying what it likes in its greeting."""
        self.closed, self.full = "", False
        self.machine.enter()
        self.node.peers.link_up(self, encode_control(self.control(**lies)))

    def drop(self) -> None:
        self.machine.enter()
        self.closed = "dropped"
        self.node.peers.link_down(self, "dropped")

    def say(self, *entries: Entry | tuple[Entry, bytes] | Item, **lies: object) -> None:
        """A frame with entries that continue its journal, unless the lies say otherwise.

        A lie `keep=True` forgets that they were said.
        """
        keep = lies.pop("keep", False)
        first, h = self.slot + 1, self.h
        items = [self.item(entry) for entry in entries]
        items = items[: fit(items)]
        digests = [self._chained(entry, one) for entry, one in zip(entries, items, strict=False)]
        slot, then = self.slot + len(items), h
        for digest in digests:
            then = chain(then, digest)
        told = {"committed": slot} | ({"first": first, "prev": h.hex()} if items else {}) | lies
        if not keep:
            self.slot, self.h = slot, then
        self.deliver(build(self._sender, self.control(**told), items, now=self.stage_now))

    def item(self, entry: Entry | tuple[Entry, bytes] | Item) -> Item:
        if isinstance(entry, Item):
            return entry
        said, body = entry if isinstance(entry, tuple) else (entry, b"")
        return item(self.entropy.bytes(16), encode_entry(said, body))

    def _chained(self, entry: Entry | tuple[Entry, bytes] | Item, one: Item) -> bytes:
        said = entry[0] if isinstance(entry, tuple) else entry
        return bytes.fromhex(said.digest) if isinstance(said, Void) else one.digest

    def deliver(self, frame: bytes) -> None:
        """Bytes come in over its line."""
        self.sent.append(frame)
        if not self.closed:
            self.machine.enter()
            self.node.peers.frame(self, frame)

    @property
    def stage_now(self) -> int:
        return self.stage.timeline.now()

    # entries

    def message(self, number: int = 0, **changes: object) -> Message:
        id = mine(number or self.slot + 1_000_000)
        said = Message(
            id=id,
            from_agent="mallory",
            to_agent="bob",
            conversation=id,
            want="answer",
            created=self.stage_now,
            expires=self.stage_now + 3_600_000,
        )
        return msgspec.structs.replace(said, **changes)


def mine(number: int) -> str:
    """An id of this peer's own making."""
    return f"018bcfe5-6800-7000-8666-{number:012x}"


def outcome(id: str, state: str = "done", **changes: object) -> Update:
    said = Update(id=id, what="outcome", state=state, at=EPOCH, run=1)  # type: ignore[arg-type]
    return msgspec.structs.replace(said, **changes)


def void(id: str, digest: str = "ab" * 32, **changes: object) -> Void:
    return msgspec.structs.replace(
        Void(id=id, why="cancelled", expires=EPOCH, digest=digest), **changes
    )
