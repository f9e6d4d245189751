"""One agent's mailbox, by callbacks: submit, update, cancel, watch, claim.

Implements `ports.Desk`.

Who speaks was fixed when the desk was made; nothing here takes an agent's word for who it is. What
a message costs on its way in is in `submit`: resolve, stamp, decide, keep.
"""

from collections.abc import Callable

import msgspec

from gatepost.core import address
from gatepost.core.conversation import stamp
from gatepost.core.entry import SALT_BYTES, Message, Part, encode_entry
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import (
    WANT,
    MessageView,
    Receipt,
    Run,
    Submission,
    UpdateIn,
)
from gatepost.core.parts import pack
from gatepost.core.records import MessageRow
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent
from gatepost.node.claim import AgentClaim
from gatepost.node.guard import DISK, party
from gatepost.node.holds import set_back
from gatepost.node.opened import OpenMessage, cause_of, conversations, header_of, new_id
from gatepost.node.peers import Peer
from gatepost.node.rooms import Rooms
from gatepost.node.taint import written
from gatepost.policy.evaluate import Decision, Facts, Party
from gatepost.ports import Client, Waker

TOKENS_USED = "tokens used"
MAX_EXPIRES = 30 * 24 * 3600 * 1000


class Desk:
    """The mailbox of one agent."""

    def __init__(self, agent: Agent, rooms: Rooms) -> None:
        self._agent = agent
        self._rooms = rooms

    @property
    def agent(self) -> str:
        """The agent this desk speaks for."""
        return self._agent.name

    # sending

    def submit(
        self, submission: Submission, done: Callable[[Receipt | GatepostError], None]
    ) -> None:
        """Accept a message; `done` after the commit that holds it, or with the refusal."""
        try:
            self._submit(submission, done)
        except GatepostError as error:
            done(error)

    def _submit(
        self, submission: Submission, done: Callable[[Receipt | GatepostError], None]
    ) -> None:
        rooms, to = self._rooms, address.parse(submission.to)
        if DISK in rooms.guard.paused:
            what = "the disk has less room than `store.keep_free`, and nothing is taken in"
            raise GatepostError("store.full", what=what)
        peer = self._peer(to.node)
        message, to_party = self._compose(submission, to, peer)
        row = message.row
        if submission.request_key:
            key = (self.agent, submission.request_key)
            row.request_key = submission.request_key
            if rooms.requests.attach(key, message, done, submission.fresh):
                return
        decision = self._decide(message, peer, to_party)
        held = decision.verdict == "hold"
        if held:
            set_back(message)
        receipt = Receipt(row.id, row.state, row.conversation, row.accepted, why=_why(decision))
        if submission.request_key:
            answer = rooms.requests.begin((self.agent, row.request_key), message, receipt, done)
        else:

            def answer() -> None:
                done(receipt)

        rooms.ground.hub.emit(
            "message.accepted", message=row.id, agent=self.agent, text=submission.to
        )
        if peer is None:
            row.seq = rooms.ground.sequence.message()
            rooms.inbox.admit(message, ready=not held)
            rooms.ground.store.then(answer)
        else:
            rooms.outbox.accept(message, peer.exchange, answer)
        if held:
            rooms.holds.keep(message)
        rooms.expiry.note(row.expires)

    def _peer(self, node: str | None) -> Peer | None:
        if node in (None, self._rooms.ground.node, self._rooms.ground.settings.name):
            return None
        return self._rooms.peers.find(node)

    def _compose(
        self, submission: Submission, to: address.Address, peer: Peer | None
    ) -> tuple[OpenMessage, Party]:
        rooms, now = self._rooms, self._rooms.ground.clock.now()
        parts, body = pack(submission.parts)
        expires_in = submission.expires_in or rooms.ground.settings.expires_ms
        if not 0 < expires_in <= MAX_EXPIRES:
            raise GatepostError("usage.invalid", why="a message waits for 1 ms to 30 days")
        number = 0 if peer is None else peer.row.number
        header = self._header(submission, to.agent, number, parts, now, now + expires_in)
        row = MessageRow(
            seq=0,
            id=header.id,
            direction="local" if peer is None else "out",
            peer=number,
            sender=self.agent,
            recipient=to.agent,
            want=header.want,
            conversation=header.conversation,
            created=now,
            expires=header.expires,
            accepted=now,
            since=now,
        )
        data = encode_entry(header, body)
        message = OpenMessage(row, rooms.ground.entropy.bytes(SALT_BYTES), data, header, body)
        if peer is None:
            return message, party(to.agent)
        return message, peer.party(to.agent)

    def _header(
        self,
        submission: Submission,
        to_agent: str,
        peer: int,
        parts: tuple[Part, ...],
        now: int,
        expires: int,
    ) -> Message:
        ground = self._rooms.ground
        stamps, turns = stamp(self._cause(submission.run), ground.node), self._rooms.guard.turns
        id = new_id(now, ground.entropy)
        try:
            return Message(
                id=id,
                from_agent=self.agent,
                to_agent=to_agent,
                # A conversation nobody named yet has the name of its first message.
                conversation=submission.conversation or id,
                want=WANT[submission.verb],
                created=now,
                expires=expires,
                re=submission.re,
                done_when=submission.done_when,
                labels=submission.labels,
                parts=parts,
                hops=stamps.hops,
                turns=stamps.turns and turns.next(peer, submission.conversation, stamps.turns),
                visited=stamps.visited,
            )
        except ValueError as error:
            raise GatepostError("usage.invalid", why=str(error)) from None

    def _cause(self, run: str) -> Message | None:
        """The message that causes this one.

        That of the run it is said to be in, else the newest open one, else that of an ended run.
        """
        store, agent = self._rooms.ground.store, self._agent
        message = agent.runs.get(run) or agent.newest_run()
        if message is not None:
            return header_of(store, message)
        return cause_of(store, agent.name, run) if run else None

    def taint(self) -> tuple[str, ...]:
        """Whose text this agent has in hand."""
        agent = self._agent
        return self._rooms.taint.of(agent.name) if agent.runs or agent.looked else ()

    def _decide(self, message: OpenMessage, peer: Peer | None, to: Party) -> Decision:
        guard, agents = self._rooms.guard, self._rooms.inbox.agents
        if peer is None:
            unknown = () if to.agent in agents else (to.agent,)
            facts, taint = guard.facts(unknown=unknown), self.taint()
            message.row.read = written(taint)
            direction = "local"
        else:
            facts, taint = self._facts(message, peer), self.taint()
            direction = "outbound"
        decision = guard.admit(direction, message, party(self.agent), to, facts, taint)
        if decision.verdict in ("deny", "wait") and decision.stage != "paused":
            raise self._refusal(message, decision, to)
        return decision

    def _facts(self, message: OpenMessage, peer: Peer) -> Facts:
        guard, row = self._rooms.guard, peer.row
        there = 0
        if guard.law.counts_open:
            sent = self._rooms.outbox.open.values()
            there = conversations(sent, row.number, message.row.conversation)
        blocked = "blocked" if row.blocked else ""
        return guard.facts(blocked=blocked, frozen=row.stopped, open=there)

    def _refusal(self, message: OpenMessage, decision: Decision, to: Party) -> GatepostError:
        steps = [step for step in decision.steps if step.verdict == "deny"]
        step = steps[0] if steps else None
        return GatepostError(
            decision.code or "policy.denied",
            what=f"{self.agent} may not {message.verb} {to}",
            why=step.because if step else "",
            where=step.origin if step else "",
            sender=self.agent,
            to=str(to),
            verb=message.verb,
            agent=to.agent,
            peer=to.alias,
        )

    # news and ends

    def update(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        """Give news about, or end, a message this agent has.

        Or answer `needs_input` of one it sent.
        """
        rooms = self._rooms
        try:
            message = rooms.inbox.find(self.agent, update.id)
            if message is not None:
                rooms.inbox.update(message, update, lambda: done(None))
                if update.tokens:
                    self._spend(message, update.tokens)
                return
            self._reply(update)
            rooms.ground.store.then(lambda: done(None))
        except GatepostError as error:
            done(error)

    def _spend(self, message: OpenMessage, tokens: int) -> None:
        """Count what a run used, and keep the count: a day is longer than many lives of a node."""
        guard, sender = self._rooms.guard, self._rooms.peers.party_of(message.row)
        if guard.spend(message, sender, party(self.agent), tokens):
            kept = msgspec.json.encode(guard.usage.kept("tokens")).decode()
            self._rooms.ground.store.registry.set_mark(TOKENS_USED, kept)

    def _reply(self, update: UpdateIn) -> None:
        rooms = self._rooms
        message = rooms.outbox.open.get(update.id) or rooms.inbox.open.get((0, update.id))
        if message is None or message.row.sender != self.agent:
            raise rooms.shown.missing(update.id, self.agent)
        if message.row.state != "needs_input":
            raise GatepostError(
                "run.not_yours", what="the message asks for nothing now", id=update.id
            )
        if message.row.peer == 0:
            rooms.inbox.supply(message, update.parts)
            return
        exchange = rooms.peers.by_number[message.row.peer].exchange
        rooms.outbox.reply(message, exchange, update.parts)

    def cancel(self, message: str, done: Callable[[MessageView | GatepostError], None]) -> None:
        """Withdraw a message this agent sent, if that is still possible."""
        rooms = self._rooms
        found = rooms.outbox.open.get(message) or rooms.inbox.open.get((0, message))
        try:
            row = found.row if found else rooms.shown.find(message, self.agent)
            if row.sender != self.agent or row.direction == "in":
                raise GatepostError("message.unknown", id=message)
            rooms.shown.withdraw(row)
        except GatepostError as error:
            done(error)
            return
        rooms.ground.store.then(lambda: done(rooms.shown.message(row.id, self.agent)))

    def watch(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        """Call `seen` now and at every change of a message this agent sent or has."""
        found = self._rooms.shown.message(message, self.agent)
        watched, ended = True, False

        def show(view: MessageView) -> None:
            nonlocal ended
            if is_outcome(view.state) or not ended:  # a look may be ahead of what was still to tell
                ended = ended or is_outcome(view.state)
                seen(self._looked(view))

        stop = self._rooms.outbox.watch(found.id, show)

        def look_again() -> None:
            if watched:
                show(self.shown(found.id))

        def end() -> None:
            nonlocal watched
            watched = False
            stop()

        show(found)
        if not self._rooms.ground.store.idle:
            # A change that was written before this call, and cannot be read yet, told nobody here.
            self._rooms.ground.store.then(look_again)
        return end

    def late(self, message: str, session: str) -> bool:
        """Have the agent's client wake `session` for the answer; False when it cannot."""
        worker = self._agent.worker
        client = worker.client if worker is not None else None
        return isinstance(client, Waker) and client.late(message, session)

    def follow(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        """Call `seen` when a message just accepted ends or needs input; no look at it now."""
        return self._rooms.outbox.watch(message, seen, every=False)

    def shown(self, message: str) -> MessageView:
        """A message as it stands now."""
        return self._looked(self._rooms.shown.message(message, self.agent))

    def _looked(self, view: MessageView) -> MessageView:
        if view.parts and self._agent.runs:
            self._rooms.taint.seen(self.agent, view)
        return view

    # working

    def when_durable(self, done: Callable[[], None]) -> None:
        """Call `done` once everything written so far is on disk."""
        self._rooms.ground.store.then(done)

    @property
    def in_hand(self) -> int:
        """How many runs of the agent are open, those whose claim is being committed among them."""
        return len(self._agent.runs)

    def has(self, run: str) -> bool:
        """Whether this run of the agent is open."""
        return run in self._agent.runs

    def waiting(self, limit: int) -> tuple[Run, ...]:
        """What waits to be handed over, without claiming it."""
        inbox, messages = self._rooms.inbox, list(self._agent.ready)[:limit]
        self._agent.looked.update(messages)
        return tuple(inbox.run_of(message) for message in messages)

    def claim(self, client: Client, capacity: int, kind: str) -> AgentClaim:
        """Work for this agent. Raises `mailbox.taken` when another client does."""
        return AgentClaim(self._agent, client, capacity, kind, self._rooms.inbox)


def _why(decision: Decision) -> str:
    return next((step.because for step in decision.steps if step.verdict == "hold"), "")
