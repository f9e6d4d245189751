"""Messages that wait for a person here: before they are sent, taken in, or handed over.

A held message has left the order of its conversation; when it comes back it is marked late. What
holds it is never kept: the law is asked again, with what a person answered, whenever that can have
changed: at an answer, a new law, a start, and once a minute, for rules have hours. Whatever the law
says then is done in that same step: it goes on, it is refused, or it goes on waiting. A message
that is withdrawn or expires meanwhile ends like any other, and is not looked at any more.

Kept is who asked (so that nobody makes too many prompts), whose text the speaker had read, and
what was answered, for exactly which content and rules.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from gatepost.core.entry import encode_entry
from gatepost.core.message import Text
from gatepost.core.records import ApprovalRow, HoldRow, MessageRow
from gatepost.node.agents import Agent
from gatepost.node.ground import Ground
from gatepost.node.guard import Guard, party
from gatepost.node.inbox import Inbox
from gatepost.node.opened import OpenMessage, header_of
from gatepost.node.outbox import Outbox
from gatepost.node.peers import Peers
from gatepost.node.releasing import Releasing
from gatepost.policy.approvals import Approval, answered
from gatepost.policy.evaluate import Decision, Facts, Request, evaluate
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.policy.request import Direction
from gatepost.ports import Timer

LOOK_EVERY = 60.0
REMEMBERED = 3_600_000
"""How long a refused message counts among those of its sender that wait (ms)."""
HELD = "policy.held"
REFUSED = "hold.refused"

_marks = msgspec.json.Decoder(dict[str, str])
_owners = msgspec.json.Decoder(tuple[str, ...])
_approval = msgspec.json.Decoder(Approval)


@dataclass(slots=True, eq=False)
class Held:
    """One message that waits. `law` is the one that held it; `durable` once it may be shown."""

    message: OpenMessage
    hold: HoldRow
    law: Law
    durable: bool = False

    @property
    def waits(self) -> bool:
        """False when it ended meanwhile."""
        return self.message.row.state == "held"


class Holds:
    """Everything that waits for a person, and what persons said. Implements `guard.Answers`."""

    def __init__(
        self,
        ground: Ground,
        guard: Guard,
        peers: Peers,
        outbox: Outbox,
        inbox: Inbox,
        releasing: Releasing,
    ) -> None:
        self.standing: dict[str, Approval] = {}
        self._waiting: dict[str, dict[int, Held]] = {}
        self._refused: deque[tuple[str, int]] = deque()
        self._ground = ground
        self._store = ground.store
        self._clock = ground.clock
        self._guard = guard
        self._peers = peers
        self._outbox = outbox
        self._inbox = inbox
        self._releasing = releasing
        self._timer: Timer | None = None
        self._closed = False

    # life

    def resume(self) -> None:
        """Take up what waits, and what was answered, after a start."""
        now, holds = self._clock.now(), self._store.holds
        for row in holds.approvals():
            if (approval := _approval.decode(row.data)).stands(now):
                self.standing[row.id] = approval
        self._refused.extend(holds.refused(now - REMEMBERED))
        rows = {row.message: row for row in holds.open()}
        for message in (*self._outbox.open.values(), *self._inbox.open.values()) if rows else ():
            message.hold = rows.get(message.row.seq)
            if message.hold is not None and message.row.state == "held" and _here(message.row):
                self._enter(Held(message, message.hold, self._guard.law, durable=True))

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    # what the guard asks

    def judge(
        self, law: Law, message: OpenMessage, request: Request, facts: Facts, decision: Decision
    ) -> Decision:
        """A hold, decided again with what persons answered, and with how much waits already."""
        yes = answered(
            law, request, _rules(decision), _answers(message.hold), self.standing.values()
        )
        key = _key(request.sender)
        held = self.count(key) if request.moment == "admit" else 0
        if yes or held:
            request = msgspec.structs.replace(request, approved=yes)
            decision = evaluate(law, request, msgspec.structs.replace(facts, held=held))
        if decision.verdict == "hold" and message.hold is None:
            taint = msgspec.json.encode(request.taint)
            message.hold = HoldRow(message=0, key=key, at=0, taint=taint)
        return decision

    def approved(self, request: Request, rules: tuple[str, ...]) -> tuple[str, ...]:
        """Those of these rules that a yes answers which stands for more than one message."""
        return answered(self._guard.law, request, rules, {}, self.standing.values())

    def count(self, sender: Party | str) -> int:
        """How many messages of a sender wait here, or were refused by a person within the hour."""
        key = sender if isinstance(sender, str) else _key(sender)
        since = self._clock.now() - REMEMBERED
        while self._refused and self._refused[0][1] <= since:
            self._refused.popleft()
        waiting = sum(1 for _ in self._of(key))
        return waiting + sum(1 for one, _ in self._refused if one == key)

    # holding

    def keep(self, message: OpenMessage) -> None:
        """A message, written in this step, waits for a person. Whoever sent it is told."""
        row, now = message.row, self._clock.now()
        hold = message.hold = message.hold or HoldRow(message=0, key=_key(self._sender(row)), at=0)
        hold.message, hold.at, hold.answer, hold.answered = row.seq, now, "", 0
        self._store.holds.save(hold)
        held = Held(message, hold, self._guard.law)
        self._enter(held)
        if row.direction == "out":
            self._releasing.note(message, "held", HELD)
        else:
            self._releasing.tell(message)
        self._store.then(partial(self._known, held))

    def hold_back(self, agent: Agent, message: OpenMessage) -> None:
        """A message that waited for its agent waits for a person first; its lane goes on."""
        row = message.row
        agent.leave(message)
        row.state, row.since, row.late = "held", self._clock.now(), True
        row.reason, row.by = HELD, ""
        self._store.messages.set_held(row.seq, row.since, row.redelivered)
        self._ground.hub.emit("message.held", message=row.id, agent=row.recipient)
        self.keep(message)

    def begin(self, message: OpenMessage) -> None:
        """A message of a peer is held, and now it is certain that it was sent."""
        if message.row.state == "held":
            self.keep(message)

    def _known(self, held: Held) -> None:
        held.durable = True
        if not held.waits:
            return
        row = held.message.row
        agent = row.recipient if row.direction == "in" else row.sender
        peer = self._peers.alias_of(row.peer) if row.peer else ""
        self._ground.hub.emit("hold.opened", message=row.id, peer=peer, agent=agent)
        if held.law is not self._guard.law:
            self.consider(held)

    def _enter(self, held: Held) -> None:
        self._waiting.setdefault(held.hold.key, {})[held.message.row.seq] = held
        if self._timer is None and not self._closed:
            self._timer = self._clock.call_later(LOOK_EVERY, self._look)

    def _leave(self, held: Held) -> None:
        waiting = self._waiting.get(held.hold.key, {})
        waiting.pop(held.message.row.seq, None)
        if not waiting:
            self._waiting.pop(held.hold.key, None)

    # what waits

    def all(self) -> list[Held]:
        """Everything that waits and may be shown, the oldest first."""
        found = [held for key in list(self._waiting) for held in self._of(key) if held.durable]
        return sorted(found, key=lambda held: (held.hold.at, held.message.row.seq))

    def _of(self, key: str) -> Iterator[Held]:
        for held in list(self._waiting.get(key, {}).values()):
            if held.waits:
                yield held
            else:
                self._leave(held)

    # deciding again

    def consider(self, held: Held) -> None:
        """Do what the law says of it now."""
        if not held.waits:
            return
        decision = self.decide(held.message)
        if decision.verdict == "hold":
            held.law = self._guard.law
        elif decision.verdict == "deny":
            self._settle(held, held.hold.answer or "denied")
            self._releasing.refuse(held.message, decision.word, decision.code)
        else:
            self._settle(held, held.hold.answer or "allowed")
            self._releasing.let_go(held.message)

    def consider_all(self) -> None:
        """The law changed, or time passed."""
        for held in self.all():
            self.consider(held)

    def decide(self, message: OpenMessage) -> Decision:
        """What the law says now, with what was answered.

        Asked as if nothing were paused: a pause stops a decision before its law is looked at, and
        keeps what goes on from leaving.
        """
        request = self.request(message)
        facts = msgspec.structs.replace(self._guard.facts(), paused="")
        decision = self._guard.ask(request, facts)
        if decision.verdict == "hold":
            return self.judge(self._guard.law, message, request, facts, decision)
        return decision

    def request(self, message: OpenMessage) -> Request:
        """A held message as the law is asked about it: what was counted is not counted again."""
        row, header = message.row, header_of(self._store, message)
        direction: Direction = "local"
        to = party(row.recipient)
        if row.direction == "in":
            direction = "inbound"
        elif row.direction == "out":
            direction, to = "outbound", self._peers.by_number[row.peer].party(row.recipient)
        return Request(
            direction=direction,
            verb=message.verb,
            sender=self._sender(row),
            to=to,
            at=self._clock.now(),
            moment="run",
            size=sum(part.size for part in header.parts),
            hops=header.hops,
            visited=header.visited,
            turns=header.turns,
            conversation=row.conversation,
            taint=_owners.decode(message.hold.taint) if message.hold else (),
            expires=row.expires,
        )

    def _look(self) -> None:
        self._timer = None
        if self._closed:
            return
        self.consider_all()
        if self._waiting and self._timer is None:
            self._timer = self._clock.call_later(LOOK_EVERY, self._look)

    # answers

    def approve(self, held: Held, rules: Mapping[str, str], digest: bytes) -> None:
        """A person's yes to exactly this content, as far as these rules are concerned."""
        hold = held.hold
        hold.approved = msgspec.json.encode({**_answers(hold), **rules})
        hold.digest, hold.answer, hold.answered = digest, "approved", self._clock.now()
        self._store.holds.save(hold)
        self._told("hold.approved", held)
        self.consider(held)

    def name(self) -> str:
        """An id for a yes that is to stand."""
        return f"y{self._ground.entropy.bytes(4).hex()}"

    def let_stand(self, approval: Approval) -> None:
        """A person's yes to more than one message."""
        now = self._clock.now()
        self.standing = {id: one for id, one in self.standing.items() if one.stands(now)}
        self.standing[approval.id] = approval
        self._store.holds.drop_ended(now)
        data = msgspec.json.encode(approval)
        self._store.holds.save_approval(
            ApprovalRow(id=approval.id, until=approval.until, data=data)
        )
        self.consider_all()

    def take_back(self, approval: Approval) -> None:
        """Such a yes stands no more. What it let go has gone."""
        del self.standing[approval.id]
        self._store.holds.drop_approval(approval.id)

    def refuse(self, held: Held, reason: str, digest: bytes) -> None:
        """A person's no."""
        hold = held.hold
        hold.digest, hold.reason = digest, reason
        self._settle(held, "refused")
        self._refused.append((hold.key, hold.answered))
        self._told("hold.refused", held)
        self._releasing.refuse(held.message, REFUSED, REFUSED, (Text(reason),) if reason else ())

    def _told(self, kind: str, held: Held) -> None:
        row = held.message.row
        agent = row.recipient if row.direction == "in" else row.sender
        self._ground.hub.emit(kind, message=row.id, agent=agent)

    def _settle(self, held: Held, answer: str) -> None:
        """The end of a hold, kept as its record."""
        self._leave(held)
        held.hold.answer, held.hold.answered = answer, self._clock.now()
        self._store.holds.save(held.hold)

    def _sender(self, row: MessageRow) -> Party:
        return self._peers.party_of(row) if row.direction == "in" else party(row.sender)


def set_back(message: OpenMessage) -> None:
    """Mark a message that is about to be kept as held: whenever it goes on, it is late.

    What a peer will get says so from the start, so that its bytes, and their digest, stay as they
    are shown to a person.
    """
    row = message.row
    row.state, row.late, row.reason = "held", True, HELD
    if row.direction == "out":
        message.header = msgspec.structs.replace(message.said, late=True)
        message.data = encode_entry(message.header, message.body)


def _here(row: MessageRow) -> bool:
    """Whether it waits here: one that has a slot of ours waits at its receiver."""
    return row.direction != "out" or not row.slot


def _rules(decision: Decision) -> tuple[str, ...]:
    return tuple(step.rule for step in decision.steps if step.verdict == "hold" and step.rule)


def _answers(hold: HoldRow | None) -> dict[str, str]:
    return _marks.decode(hold.approved) if hold is not None else {}


def _key(sender: Party) -> str:
    """Whom a message is counted under: an agent of this node, or a whole peer."""
    return sender.agent if sender.local else f"@{sender.node}"
