"""A claim: one client's hold on an agent's mailbox, and its evidence for runs left open."""

from gatepost.core.message import Run
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent, Worker, run_token
from gatepost.node.inbox import Inbox
from gatepost.ports import Client

POLLS = "polls"
"""The kind of the client that stands in for an agent nobody is attached to."""


class AgentClaim:
    """One client's hold on an agent. Implements `ports.Claim`."""

    def __init__(
        self, agent: Agent, client: Client, capacity: int, kind: str, inbox: Inbox
    ) -> None:
        if agent.worker is not None and agent.worker.kind != POLLS:
            raise GatepostError(
                "mailbox.taken",
                what=f"a client ({agent.worker.kind}) works for `{agent.name}` already",
                agent=agent.name,
            )
        self._agent = agent
        self._inbox = inbox
        # A run whose commit is under way was never offered: it will be, and to this client.
        handed = {run: message for run, message in agent.runs.items() if message.handed}
        self._worker = Worker(client, kind, capacity, handed)
        agent.worker = self._worker
        self.open_runs: tuple[Run, ...] = tuple(
            inbox.run_of(message, again=True) for message in self._worker.doubtful.values()
        )
        inbox.dispatch(agent)

    @property
    def holds(self) -> bool:
        """Whether the agent is still this client's; a polling one gives way to any other."""
        return self._agent.worker is self._worker

    def evidence(self, run: str, found: str) -> None:
        """What became of a run that was open before: "running", "not_run" or "none".

        "none" may be said later too, of a run whose trace got lost.
        """
        message = self._worker.doubtful.pop(run, None)
        if message is None and found == "none":
            message = self._agent.runs.get(run)
        if message is None or self._agent.runs.get(run) is not message:
            raise GatepostError("run.not_yours", what=f"run {run} is not open")
        self._inbox.evidence(self._agent, message, found)
        if found == "running" and message.cancelling:
            self._worker.client.cancel(run_token(message), "cancelled")

    def capacity(self, n: int) -> None:
        """At most `n` runs at a time."""
        self._worker.capacity = n
        if self._agent.worker is self._worker:
            self._inbox.dispatch(self._agent)

    def release(self) -> None:
        """Give the mailbox up; open runs are shown to the next claim."""
        if self._agent.worker is self._worker:
            self._agent.worker = None
