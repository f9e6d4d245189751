"""Everything an evil peer can say, in random order, beside a friend who must not notice."""

from collections.abc import Callable
from random import Random

import msgspec

from gatepost.core.control import Ack, Answer, Have, Life, Query
from gatepost.core.entry import Cancel, Entry, Input, Part, Settled, Skip, Start, Update
from gatepost.core.journal.incoming import BUFFER_BYTES, CREDIT, TAIL
from gatepost.core.journal.outgoing import WINDOW
from gatepost.core.message import Run
from gatepost.errors import GatepostError
from gatepost.node.backlog import KEPT
from tests.edge.evil import Evil, EvilStage, mine, outcome, void
from tests.unit.node.stage import Worker

LAW = """
[[rule]]
id = "friends"
allow = ["ping", "see", "send", "ask", "delegate"]
from = ["*", "*@home", "*@friend"]
to = ["*", "*@*"]

[[rule]]
id = "evil"
allow = ["ping", "send", "ask"]
from = ["*@evil", "*@evil1", "*@evil2"]
to = ["bob"]

[limits]
rate = "none"
"""
LATE = 2**53 - 1
CANARY = b"canary 7Q2"
STATES = ("accepted", "held", "received", "working", "needs_input")
OUTCOMES = ("delivered", "done", "rejected", "failed", "expired", "cancelled", "unknown")


class Busy(Worker):
    """Answers what it is given, now or later, and remembers who was handed what."""

    def __init__(self, chaos: "Chaos", name: str, agent: str) -> None:
        super().__init__()
        self._chaos, self.name, self._agent = chaos, name, agent
        self.open: dict[str, Run] = {}

    def offer(self, run: Run) -> None:
        super().offer(run)
        self.open[run.id] = run

    def work(self, chance: Random) -> None:
        for id in list(self.open):
            kind = chance.choice(["done", "done", "progress", "needs_input", "failed", "declined"])
            try:
                self._chaos.stage.tell(self.name, self._agent, id, kind, f"about {id[-4:]}")
            except GatepostError as error:
                assert error.code in ("message.ended", "run.not_yours", "message.too_large"), error
                self.open.pop(id)
                continue
            if kind in ("done", "failed", "declined"):
                self.open.pop(id)


class Chaos:
    """One world. `run` so many steps, then `end` looks whether all is well."""

    def __init__(self, seed: str) -> None:
        self.chance = Random(seed)
        self.stage = EvilStage("home", "friend", text=LAW, evils=3)
        self.evils = [Evil(self.stage, number=n) for n in range(3)]
        self.workers: dict[tuple[str, str], Busy] = {}
        self.handed: list[Run] = []
        self.asked: dict[str, str] = {}
        self.count = 0
        self._hire("home", "friend")

    def _hire(self, *names: str) -> None:
        """Workers are gone with their node."""
        for name in names:
            for agent in ("main", "bob", "private"):
                before = self.workers.pop((name, agent), None)
                self.handed += before.offers if before else []
                worker = self.workers[(name, agent)] = Busy(self, name, agent)
                claim = self.stage.desk(name, agent).claim(worker, 16, "test")
                for run in claim.open_runs:
                    claim.evidence(run.run, "running")
                    worker.open[run.id] = run

    def run(self, steps: int) -> None:
        acts: list[tuple[int, Callable[[Evil], None]]] = [
            (30, self.messages),
            (12, self.entries),
            (12, self.lies),
            (8, self.out_of_order),
            (8, self.replay),
            (5, self.noise),
            (8, self.links),
            (5, self.lives),
            (10, self.time),
            (8, self.agents),
            (3, self.era),
            (2, self.crash),
        ]
        weights = [weight for weight, _ in acts]
        for _ in range(steps):
            evil = self.chance.choice(self.evils)
            (_, act) = self.chance.choices(acts, weights)[0]
            act(evil)
            self.look()

    # what it does

    def messages(self, evil: Evil) -> None:
        self.resync(evil)
        evil.say(*[self.message(evil) for _ in range(self.chance.choice([1, 1, 2, 5, 64]))])

    def message(self, evil: Evil) -> Entry | tuple[Entry, bytes]:
        chance, now = self.chance, self.stage.timeline.now()
        self.count += 1
        said = evil.message(
            self.count,
            id=chance.choice([mine(self.count)] * 8 + [self.some_id(evil)]),
            from_agent=chance.choice(["mallory", "main", "bob", "a" * 31]),
            to_agent=chance.choice(["bob", "bob", "bob", "main", "private", "nobody"]),
            conversation=chance.choice([mine(self.count), mine(1), self.some_id(evil)]),
            want=chance.choice(["nothing", "answer", "result"]),
            expires=chance.choice([0, now - 1, now + 500, now + 3_600_000, LATE]),
            created=chance.choice([0, now, LATE]),
            hops=chance.choice([0, 0, 0, 3, LATE]),
            turns=chance.choice([0, 0, 0, LATE]),
            visited=chance.choice([(), (), (evil.keys.node,) * 64, (self.home,)]),
            late=chance.random() < 0.1,
            maybe=chance.random() < 0.1,
            done_when=chance.choice(["", "\x1b[2J" * 99, "\u202e"]),
            labels=("\x00",) * chance.choice([0, 32]),
        )
        body = chance.choice([b"", b"\xff\xfe", b'"\xff"', b"[" * 4000, b"1\n2", b"x" * 4000])
        if not body:
            return said
        part = Part(type="text", size=len(body), name="../../x\x00", media="\r\n")
        part = msgspec.structs.replace(part, type=chance.choice(["text", "json", "file"]))
        return (msgspec.structs.replace(said, parts=(part,)), body)

    def entries(self, evil: Evil) -> None:
        self.resync(evil)
        evil.say(*[self.entry(evil) for _ in range(self.chance.choice([1, 2, 8]))])

    def entry(self, evil: Evil) -> Entry | tuple[Entry, bytes]:
        id, chance = self.some_id(evil), self.chance
        body = chance.choice([b"", b'"\xff"', b"text"])
        parts = (Part(type=chance.choice(["text", "json"]), size=len(body)),)
        match chance.choice(["update", "update", "outcome", "cancel", "input", "void"]):
            case "update":
                said = Update(id=id, what="state", state="working", at=chance.choice([0, LATE]))
                what = chance.choice(["state", "progress", "artifact"])
                told = {"what": what, "state": chance.choice(STATES), "parts": parts}
                return (msgspec.structs.replace(said, **told), body)
            case "outcome":
                return outcome(id, chance.choice(OUTCOMES), reason="\x1b" * 9, run=LATE)
            case "cancel":
                return Cancel(id=id)
            case "input":
                return (Input(id=id, parts=parts), body)
            case _:
                return void(id, why=chance.choice(["expired", "cancelled"]), expires=LATE)

    def lies(self, evil: Evil) -> None:
        """Mostly such as cost the node something; few of those that stop the pair."""
        chance = self.chance
        self.resync(evil)
        zero = Ack(0, 0, evil.taken[0].hex())
        lies: list[dict[str, object]] = [
            {"ack": zero},
            {"ack": Ack(LATE, LATE, "00" * 32)},
            {"have": Have(0, "77" * 32)},
            {"limit": chance.choice([0, LATE])},
            {"committed": chance.choice([0, 1, LATE])},
            {"gap": chance.choice([1, 5, LATE])},
            {"again": LATE, "poke": True, "carried": chance.random() < 0.5},
            {"seen": None},
            {"seen": Life(0, 0, "00" * 16)},
            {"fork": Life(0, 1, "11" * 16)},
            {"query": Query(n=LATE, op=chance.choice(["ping", "agents", "explain", "record"]))},
            {"answer": Answer(n=chance.randrange(3), ok=True, data={"agents": [{"name": 1}]})},
            {"life": Life(0, 0, "00" * 16)},
        ]
        if chance.random() < 0.02:
            lies = [
                {"seen": Life(0, LATE, "00" * 16)},
                {"seen": Life(LATE, 0, "00" * 16)},
                {"fork": evil.node.life},
                {"ack": Ack(0, LATE, "00" * 32)},
                {"have": Have(LATE, "00" * 32)},
            ]
        some = [self.message(evil)] if chance.random() < 0.5 else []
        evil.say(*some, **chance.choice(lies))

    def out_of_order(self, evil: Evil) -> None:
        self.resync(evil)
        first = max(0, evil.slot + self.chance.choice([-3, 0, 2, 3, 40, 1000, 5000, LATE // 2]))
        prev = self.chance.choice([evil.h.hex(), "00" * 32, ""])
        said = self.chance.choice([{"committed": first + 64}, {"committed": 0}])
        some = [self.message(evil) for _ in range(self.chance.choice([1, 3]))]
        evil.say(*some, first=first, prev=prev, keep=True, **said)

    def replay(self, evil: Evil) -> None:
        """Its own frames, another's, and what it was sent itself."""
        frames = [*self.chance.choice(self.evils).sent[-50:], *evil.raw[-5:]]
        for frame in self.chance.sample(frames, min(3, len(frames))):
            evil.deliver(frame)

    def noise(self, evil: Evil) -> None:
        frames = [one for one in evil.sent[-50:] if one]
        if frames:
            frame = bytearray(self.chance.choice(frames))
            for _ in range(self.chance.choice([1, 8])):
                frame[self.chance.randrange(len(frame))] ^= 1 << self.chance.randrange(8)
            evil.deliver(bytes(frame[: self.chance.choice([len(frame), len(frame) // 2])]))
        evil.deliver(self.chance.randbytes(self.chance.choice([0, 11, 600])))

    def links(self, evil: Evil) -> None:
        match self.chance.choice(["link", "link", "drop", "full", "room"]):
            case "link" if evil.row.may_link:
                evil.link(**self.chance.choice([{}, {}, {"seen": None}, {"limit": 0}]))
            case "drop":
                evil.drop()
            case "full":
                evil.full = True
            case _:
                evil.full = False
                evil.machine.enter()
                evil.node.peers.link_ready(evil)

    def lives(self, evil: Evil) -> None:
        life, nonce = evil.life, self.chance.randbytes(16).hex()
        other = self.chance.choice([Life(0, life.boot + 1, nonce), Life(0, life.boot, nonce)])
        evil.say(life=other, committed=self.chance.choice([evil.slot, 0]))
        if other.boot > life.boot:
            evil.life = other

    def era(self, evil: Evil) -> None:
        if self.chance.random() < 0.05:
            self.resync(evil)
            said = [
                Skip(to=LATE, h="00" * 32),
                Start(open=(mine(1),), era=0, out=3),
                Settled(outcomes=()),
            ]
            evil.say(self.chance.choice(said))

    def time(self, evil: Evil) -> None:
        self.stage.run(self.chance.choice([0.0, 0.01, 0.1, 1.0, 30.0]))

    def agents(self, evil: Evil) -> None:
        """What those do who mean well."""
        stage, chance = self.stage, self.chance
        for worker in list(self.workers.values()):
            worker.work(chance)
        name, to = chance.choice([("home", "bob@friend"), ("friend", "bob@home")])
        self.asked[stage.submit(name, "main", to).id] = name
        try:
            id = stage.submit("home", "main", f"x@{evil.alias}", verb="delegate").id
        except GatepostError as error:
            assert error.code in ("peer.frozen", "peer.stopped"), error
            return
        if chance.random() < 0.3:
            stage.cancel("home", "main", id)

    def crash(self, evil: Evil) -> None:
        self.stage.crash("home")
        for one in self.evils:
            one.closed = "the node is gone"
        self.stage.boot("home")
        self._hire("home")
        for one in self.evils:
            if one.row.may_link:
                one.link()

    # what it knows

    @property
    def home(self) -> str:
        return self.stage.machines["home"].keys.node

    def resync(self, evil: Evil) -> None:
        """Mostly it says what follows, else nothing would ever be taken."""
        incoming = evil.row.exchange.incoming
        if self.chance.random() < 0.9:
            evil.slot, evil.h = incoming.cursor, incoming.h
            evil.life = incoming.life or evil.life
        if evil.closed and evil.row.may_link and self.chance.random() < 0.5:
            evil.link()

    def some_id(self, evil: Evil) -> str:
        known = [*evil.ids[-9:], *list(self.asked)[-3:], mine(max(1, self.count - 3)), mine(1)]
        return self.chance.choice(known)

    # what must hold

    def look(self) -> None:
        node = self.stage.node("home")
        for evil in self.evils:
            exchange = evil.row.exchange
            incoming, outgoing = exchange.incoming, exchange.outgoing
            assert incoming.buffered <= BUFFER_BYTES
            assert len(incoming.tail) <= TAIL
            assert incoming.committed <= incoming.cursor
            assert len(outgoing.slots) == outgoing.next - outgoing.out <= WINDOW
            assert len(exchange.waiting) <= KEPT
            assert node.inbox.counts.get(exchange.number, 0) <= CREDIT
            assert len(evil.row.parties) <= 4096
        opened = [message.row.id for message in node.inbox.open.values()]
        assert sorted(opened) == sorted(node.inbox.ids)

    def end(self) -> None:
        for worker in self.workers.values():
            self.handed += worker.offers
        self._handed_rightly()
        self._told_nothing()
        self._friends_served()
        self._taken_up()

    def _handed_rightly(self) -> None:
        strangers = {evil.keys.node: evil.alias for evil in self.evils}
        for run in self.handed:
            if run.node in strangers:
                assert run.agent == "bob", run
                assert run.verb in ("send", "ask"), run
                assert run.sender.endswith(f"@{strangers[run.node]}"), run
            else:
                assert run.id in self.asked, run
                assert run.sender.startswith("main@"), run

    def _told_nothing(self) -> None:
        for evil in self.evils:
            for opened in evil.frames:
                said = [opened.control_item.data, *(one.data for _, _, one in opened.entries)]
                assert not any(CANARY in data or b"private" in data for data in said)

    def _friends_served(self) -> None:
        """Within a minute, whatever the peer left behind."""
        stage = self.stage
        for name, to in (("home", "bob@friend"), ("friend", "bob@home")):
            id = stage.submit(name, "main", to).id
            bob = self.workers[(to.partition("@")[2], "bob")]
            stage.until(lambda bob=bob, id=id: self._serve(bob, id), 60.0)
            assert stage.ends(name, id, "done").text == "served"

    def _serve(self, bob: Busy, id: str) -> bool:
        """Bob clears his table until it is this one's turn."""
        for open in list(bob.open):
            kind, text = ("done", "served") if open == id else ("failed", "")
            try:
                self.stage.tell(bob.name, "bob", open, kind, text)
            except GatepostError as error:
                assert error.code in ("message.ended", "run.not_yours"), error
            bob.open.pop(open, None)
            if open == id:
                return True
        return False

    def _taken_up(self) -> None:
        """A restart takes up exactly what is open, and once more changes nothing."""
        stage = self.stage
        stage.run(1)
        stage.crash("home")
        stage.boot("home")
        before = self._kept()
        stage.crash("home")
        stage.boot("home")
        assert self._kept() == before

    def _kept(self) -> object:
        node = self.stage.node("home")
        stored = {
            row.id
            for peer in (0, *node.peers.by_number)
            for direction in ("in", "local")
            for row in node.store.messages.open(peer, direction)
        }
        assert stored == node.inbox.ids
        return stored, node.store.messages.counts()
