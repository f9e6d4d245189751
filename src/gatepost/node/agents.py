"""The agents of this node: how each is woken, what waits for it, and who works for it now.

A message joins the lane of its conversation: lanes run side by side, up to the agent's limit, and
within a lane one run at a time in order. An agent has at most one claim: the client (adapter, SDK
connection, polling tool) that takes its runs.
"""

import hashlib
from collections import deque
from dataclasses import dataclass, field

from gatepost.core.entry import Message
from gatepost.core.message import Run
from gatepost.core.views import AgentSpec
from gatepost.node.opened import OpenMessage, content
from gatepost.ports import Client

Lane = tuple[int, str]
"""A conversation with a peer. Another peer that names the same one is in a lane of its own."""


@dataclass(slots=True)
class Worker:
    """A client with its claim.

    How many runs it takes at a time, and the runs it must still give evidence for.
    """

    client: Client
    kind: str
    capacity: int
    doubtful: dict[str, OpenMessage] = field(default_factory=dict[str, OpenMessage])


@dataclass(slots=True)
class Agent:
    """One agent: its spec, its lanes, its open runs by run token, and its worker.

    `looked` are messages whose text it was shown before they were handed over.
    """

    spec: AgentSpec
    ready: deque[OpenMessage] = field(default_factory=deque[OpenMessage])
    lanes: dict[Lane, deque[OpenMessage]] = field(default_factory=dict[Lane, deque[OpenMessage]])
    runs: dict[str, OpenMessage] = field(default_factory=dict[str, OpenMessage])
    looked: set[OpenMessage] = field(default_factory=set[OpenMessage])
    worker: Worker | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def waiting(self) -> int:
        """Messages that wait to be handed over."""
        return len(self.ready) + sum(len(lane) for lane in self.lanes.values())

    def enqueue(self, message: OpenMessage) -> None:
        """A message waits for its turn in its conversation."""
        lane = self.lanes.get(lane_of(message))
        if lane is None:
            self.lanes[lane_of(message)] = deque()
            self.ready.append(message)
        else:
            lane.append(message)

    def had(self, message: OpenMessage) -> None:
        """A run that was open before a start. What came late may stand before it in time."""
        lane = self.lanes.setdefault(lane_of(message), deque())
        first = next((one for one in self.ready if lane_of(one) == lane_of(message)), None)
        if first is not None:
            self.ready.remove(first)
            lane.appendleft(first)
        self.runs[run_token(message)] = message

    def put_back(self, message: OpenMessage) -> None:
        """A run was given back.

        Its message is the next of its lane, and its lane the next of all.
        """
        self.lanes.setdefault(lane_of(message), deque())
        self.ready.appendleft(message)

    def leave(self, message: OpenMessage) -> None:
        """A message ended, or is held, at whatever place: its lane goes on.

        One that has no place yet, or has left it before, leaves its lane as it is.
        """
        ran = self.runs.pop(run_token(message), None) is not None
        self.looked.discard(message)
        lane = self.lanes.get(lane_of(message))
        if lane is None:
            return
        if not ran and message in lane:
            lane.remove(message)
            return
        if not ran:
            if message not in self.ready:
                return
            self.ready.remove(message)
        if lane:
            self.ready.append(lane.popleft())
        else:
            del self.lanes[lane_of(message)]

    def free(self) -> int:
        """How many runs may start now, by the agent's and the worker's limits."""
        if self.worker is None:
            return 0
        return min(self.spec.concurrent, self.worker.capacity) - len(self.runs)

    def newest_run(self) -> OpenMessage | None:
        """The message handed over last among the open runs."""
        return next(reversed(self.runs.values()), None)


def lane_of(message: OpenMessage) -> Lane:
    """The lane a message is in."""
    return message.row.peer, message.row.conversation


def run_token(message: OpenMessage) -> str:
    """Names the current run of a message on this node: `seq.attempt`."""
    return f"{message.row.seq}.{message.row.attempt}"


def as_run(
    message: OpenMessage, entry: Message, body: bytes, sender: str, node: str, again: bool
) -> Run:
    """The current run of a message, as its agent is shown it."""
    row = message.row
    return Run(
        run=run_token(message),
        id=row.id,
        agent=row.recipient,
        sender=sender,
        verb=message.verb,
        parts=content(entry, body),
        conversation=row.conversation,
        created=row.created,
        received=row.accepted,
        expires=row.expires,
        attempt=row.attempt,
        node=node,
        re=entry.re,
        done_when=entry.done_when,
        hops=entry.hops,
        late=row.late,
        redelivered=row.redelivered,
        again=again,
        idempotency_key=idempotency_key(node, row.id, row.attempt),
    )


def idempotency_key(node: str, id: str, attempt: int) -> str:
    """What a gateway sees of run `attempt` of message `id` from a node; another run has another."""
    return f"{hashlib.sha256(f'{node} {id}'.encode()).hexdigest()[:32]}.{attempt}"
