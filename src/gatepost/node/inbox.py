"""Messages this node was given, by peers or by its own agents: admitted, handed over, and ended.

Every decision leaves a row. What is admitted waits in its agent's lane; a run is committed before
the agent is called, and its end is one commit with the last update. After a start, runs that were
open are shown to whoever claims the agent and go on only by evidence: it has it (goes on), it
provably did not start (next attempt), nobody knows (next attempt, marked, if the agent is safe to
repeat, else `unknown`). An admitted message that was never claimed may expire; a claimed one never
does.
"""

from collections.abc import Callable

from gatepost.core.entry import Part
from gatepost.core.frame import Item
from gatepost.core.lifecycle import State
from gatepost.core.message import Content, Run, UpdateIn
from gatepost.core.parts import pack
from gatepost.core.records import By, MessageRow
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent, as_run, run_token
from gatepost.node.ending import end_state, reason_of, spoken
from gatepost.node.exchange import Exchange
from gatepost.node.ground import Ground
from gatepost.node.guard import Guard, party
from gatepost.node.inputs import Inputs
from gatepost.node.opened import OpenMessage, load_body, message_of
from gatepost.node.telling import NO_PARTS, Telling
from gatepost.policy.evaluate import Party

POISON_AFTER = 3
MOST_PASSED = 256
"""Conversations that are looked at for one that may run, when those before it have to wait."""


class Inbox:
    """Every open message this node's agents were given."""

    def __init__(
        self,
        ground: Ground,
        guard: Guard,
        agents: dict[str, Agent],
        telling: Telling,
        party_of: Callable[[MessageRow], Party],
        node_of: Callable[[int], str],
    ) -> None:
        self.open: dict[tuple[int, str], OpenMessage] = {}
        self.ids: set[str] = set()
        self.counts: dict[int, int] = {}
        self.agents = agents
        self._store = ground.store
        self._clock = ground.clock
        self._hub = ground.hub
        self._settings = ground.settings
        self._guard = guard
        self._telling = telling
        self._inputs = Inputs(ground)
        self._party_of = party_of
        self._node_of = node_of
        self.hold_back: Callable[[Agent, OpenMessage], None]  # set by the node
        self._closed = False

    # admission

    def admit(self, message: OpenMessage, ready: bool = True) -> None:
        """Take an admitted message in. When it is `ready`, its run may start in the same commit."""
        row = message.row
        self._enter(message)
        agent = self.agents.get(row.recipient)
        salt, data = message.salt, message.data
        if ready and agent is not None:
            agent.enqueue(message)
            self._start_next(agent, fresh=message)
        self._store.messages.add(row)
        self._store.messages.add_body(row.seq, salt, data)
        message.data = message.body = b""
        if row.attempt == 0:
            message.header = None
            if ready and agent is not None:
                self._store.then(lambda: self.dispatch(agent))

    def _enter(self, message: OpenMessage) -> None:
        row = message.row
        self.open[(row.peer, row.id)] = message
        self.ids.add(row.id)
        self.counts[row.peer] = self.counts.get(row.peer, 0) + 1

    def restore(self, message: OpenMessage, ready: bool) -> None:
        """Take an open message back after a start. Runs that were open wait for evidence."""
        row = message.row
        self._enter(message)
        agent = self.agents.get(row.recipient)
        if agent is None:
            return
        if row.state in ("working", "needs_input"):
            agent.had(message)
            message.handed = True
            message.told = row.state == "needs_input"
        elif ready:
            agent.enqueue(message)

    def refuse(
        self, row: MessageRow, exchange: Exchange, firm: bool = True
    ) -> Callable[[], None] | None:
        """Record a decision that admits nothing, and tell the sender.

        While not `firm`, returns what to do when it is.
        """
        self._store.messages.add(row)
        self._hub.emit(f"message.{row.state}", message=row.id, agent=row.recipient, text=row.reason)
        message = OpenMessage(row)
        if firm:
            self._telling.tell(message, exchange, "outcome")
            return None
        return lambda: self._telling.tell(message, exchange, "outcome")

    def release(self, message: OpenMessage) -> None:
        """A held message was approved, or its slot became firm: it waits for its agent now."""
        if self.open.get((message.row.peer, message.row.id)) is not message:
            return
        if message.row.expires <= self._clock.now():
            self.end(message, "expired", by="node")
            return
        agent = self.agents.get(message.row.recipient)
        if agent is not None:
            agent.enqueue(message)
            self.dispatch(agent)

    # runs

    def dispatch(self, agent: Agent) -> None:
        """Start as many runs as the agent and its worker take."""
        self._start_next(agent, None)

    def _start_next(self, agent: Agent, fresh: OpenMessage | None) -> None:
        if self._closed:
            return
        at = 0  # those before it wait, and keep nobody behind them waiting
        while at < min(len(agent.ready), MOST_PASSED) and agent.free() > 0:
            message = agent.ready[at]
            if self._guard.paused and self._guard.is_paused(agent.name, self._alias(message)):
                at += 1
                continue
            if message is fresh and message.concurrent > len(agent.runs):
                # Decided a moment ago in this very transaction; only the room had to be looked at.
                del agent.ready[at]
                self._start(agent, message, fresh=True)
                continue
            decision = self._guard.run(
                message,
                self._party_of(message.row),
                party(agent.name),
                self._guard.facts(running=len(agent.runs)),
            )
            if decision.verdict == "wait":
                at += 1
                continue
            if decision.verdict == "hold":
                self.hold_back(agent, message)
                continue
            if decision.verdict == "deny":
                self.turn_away(message, decision.word)
                continue
            if not message.data and not load_body(self._store, message):
                return  # not committed yet; its commit dispatches again
            del agent.ready[at]
            self._start(agent, message, message is fresh)

    def _alias(self, message: OpenMessage) -> str:
        return self._party_of(message.row).alias if message.row.peer else ""

    def turn_away(
        self,
        message: OpenMessage,
        word: str,
        parts: tuple[Part, ...] = NO_PARTS,
        body: bytes = b"",
        shown: tuple[Content, ...] = (),
    ) -> None:
        """End what shall not run; of what may have run before, nobody can say that."""
        if message.row.redelivered:
            self.end(message, "unknown", reason="run.no_evidence", by="node")
        elif word in ("expired", "cancelled"):
            self.end(message, "expired" if word == "expired" else "cancelled", by="node")
        else:
            self.end(message, "rejected", word, "rule", parts, body, shown)

    def _start(self, agent: Agent, message: OpenMessage, fresh: bool) -> None:
        row = message.row
        row.attempt += 1
        row.started = row.since = self._clock.now()
        row.state = "working"
        if not fresh:
            self._store.messages.set_run(
                row.seq, row.attempt, row.started, row.redelivered, "working"
            )
        run = self.run_of(message)
        agent.runs[run.run] = message
        message.handed = False
        self._store.then(lambda: self._offer(agent, message, run))
        self._hub.emit("message.working", message=row.id, agent=agent.name)

    def _offer(self, agent: Agent, message: OpenMessage, run: Run) -> None:
        if agent.runs.get(run.run) is not message or self._closed:
            return
        message.handed = True
        self._telling.working(message)
        if agent.worker is not None and run.run not in agent.worker.doubtful:
            agent.worker.client.offer(run)

    def run_of(self, message: OpenMessage, again: bool = False) -> Run:
        """The current run of a message, as its agent is shown it."""
        row = message.row
        if message.at_hand:
            entry, body = message.said, message.body
        else:
            if not message.data:
                load_body(self._store, message)
            entry, body = message_of(message.data)
            message.header = entry
        message.data = b""
        sender, node = str(self._party_of(row)), self._node_of(row.peer)
        return as_run(message, entry, body, sender, node, again)

    def evidence(self, agent: Agent, message: OpenMessage, found: str) -> None:
        """What became of a run that was open when the claim began."""
        row = message.row
        if found == "running":
            self._supply_again(agent, message)
            if not message.told:
                self._telling.working(message)
            return
        agent.runs.pop(run_token(message), None)
        if found == "none" and not agent.spec.safe_to_repeat:
            agent.runs[run_token(message)] = message
            self.end(message, "unknown", reason="run.no_evidence", by="node")
            return
        if row.attempt >= POISON_AFTER:
            agent.runs[run_token(message)] = message
            self.end(message, "failed", reason="run.poison", by="node")
            return
        row.redelivered = row.redelivered or found == "none"
        agent.put_back(message)
        self.dispatch(agent)

    def _supply_again(self, agent: Agent, message: OpenMessage) -> None:
        """A reply that was durable before the crash may not have reached the worker."""
        reply = self._inputs.owed(message.row) if message.row.state == "working" else None
        if reply is not None and agent.worker is not None:
            agent.worker.client.supply(run_token(message), reply)

    # what the agent says

    def find(self, agent: str, id: str) -> OpenMessage | None:
        """The open message of an agent with this id, from whichever peer; the one in hand first."""
        of_agent = self.agents.get(agent)
        if of_agent is None:
            return None
        for message in of_agent.runs.values():
            if message.row.id == id:
                return message
        return None

    def update(self, message: OpenMessage, update: UpdateIn, done: Callable[[], None]) -> None:
        """News of the agent about a message it has.

        `done` after the commit. Raises `message.too_large`.
        """
        shown = spoken(update)
        parts, body = pack(shown)
        row = message.row
        if update.kind in ("progress", "artifact", "needs_input"):
            message.news += 1
            if message.news > self._settings.updates_per_message:
                raise GatepostError(
                    "message.too_large",
                    why=f"{message.news - 1} updates about one message",
                    id=row.id,
                )
            if update.kind == "needs_input":
                self.set_state(message, "needs_input", "", "agent")
            what = "state" if update.kind == "needs_input" else update.kind
            self._telling.news(message, what, parts, body, shown)
            self._store.then(done)
            return
        state = end_state(update, message)
        reason = reason_of(update)
        self.end(message, state, reason, "agent", parts, body, shown)
        self._store.then(done)

    def end(
        self,
        message: OpenMessage,
        state: State,
        reason: str = "",
        by: By = "node",
        parts: tuple[Part, ...] = NO_PARTS,
        body: bytes = b"",
        shown: tuple[Content, ...] = (),
    ) -> None:
        """The outcome of a message.

        Its state, its last update and the next run of its lane, in one commit.
        """
        row = message.row
        if self.open.pop((row.peer, row.id), None) is None:
            return
        self.ids.discard(row.id)
        self.counts[row.peer] -= 1
        agent = self.agents.get(row.recipient)
        if agent is not None:
            agent.leave(message)
        self.set_state(message, state, reason, by)
        self._telling.news(message, "outcome", parts, body, shown)
        if agent is not None and agent.ready:
            self.dispatch(agent)

    def set_state(self, message: OpenMessage, state: State, reason: str, by: By) -> None:
        """How a message stands now; telling its sender is another thing."""
        row = message.row
        row.state, row.since, row.reason, row.by = state, self._clock.now(), reason, by
        self._store.messages.set_state(row.seq, state, row.since, reason, by)
        self._hub.emit(f"message.{state}", message=row.id, agent=row.recipient, text=reason)

    # what the sender says

    def supply(
        self,
        message: OpenMessage,
        parts: tuple[Content, ...],
        content: Item | None = None,
        slot: int = 0,
    ) -> None:
        """The sender's reply to `needs_input`, for the open run; `content` is a peer's entry."""
        row = message.row
        if row.state != "needs_input":
            return
        self._inputs.keep(row, content or self._inputs.made(row, parts), slot)
        self.set_state(message, "working", "", "")
        agent = self.agents.get(row.recipient)
        if agent is not None:
            run = run_token(message)
            self._store.then(lambda: self._supply(agent, run, parts))

    def _supply(self, agent: Agent, run: str, parts: tuple[Content, ...]) -> None:
        """Hand a durable reply over; a worker that has yet to give evidence gets it then."""
        worker = agent.worker
        if worker is not None and run in agent.runs and run not in worker.doubtful:
            worker.client.supply(run, parts)

    def cancel(self, message: OpenMessage) -> None:
        """The sender withdraws: certain while no run was claimed, a wish afterwards."""
        agent = self.agents.get(message.row.recipient)
        if message.row.attempt == 0 or message.row.state == "held":
            self.turn_away(message, "cancelled")
            return
        if agent is None:
            self.end(message, "unknown", reason="run.no_evidence", by="node")
            return
        message.cancelling = True
        if agent.worker is not None and run_token(message) in agent.runs:
            self._store.then(lambda: self._stop(agent, run_token(message)))

    def _stop(self, agent: Agent, run: str) -> None:
        if run in agent.runs and agent.worker is not None:
            agent.worker.client.cancel(run, "cancelled")

    def expire(self, row: MessageRow) -> bool:
        """The time of a message nobody claimed is over."""
        message = self.open.get((row.peer, row.id))
        if message is None or (message.row.attempt and message.row.state != "held"):
            return False
        self.turn_away(message, "expired")
        return True

    def cut(self, peer: int, slot: int) -> None:
        """Messages taken above `slot` never happened."""
        for key, message in list(self.open.items()):
            if key[0] == peer and message.row.direction == "in" and message.row.slot > slot:
                del self.open[key]
                self.ids.discard(message.row.id)
                self.counts[peer] -= 1
        self._store.messages.cut(peer, slot)

    def close(self) -> None:
        """No more runs are started."""
        self._closed = True
        self._telling.close()
