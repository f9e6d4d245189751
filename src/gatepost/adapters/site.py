"""What an adapter is, and what it is given of the machine it stands on.

An adapter wakes one agent from its mailbox. `compose` builds the `Site` once and hands it to every
adapter; an adapter reads no environment, no clock and no configuration of its own.
"""

from asyncio import TaskGroup
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gatepost.config.schema import Settings
from gatepost.core.views import AgentSpec
from gatepost.ports import Clock


class Adapter(Protocol):
    """Wakes one agent: holds the claim on its mailbox from `start` to `stop`."""

    async def start(self) -> None:
        """Settle the runs that were open, by evidence, then take new ones.

        Raises `mailbox.taken`.
        """
        ...

    async def stop(self, drain: float, keep: bool = True) -> None:
        """Take nothing new, wait `drain` seconds for the runs in hand, give the mailbox up.

        What still runs then goes on by itself and is found again by the next `start`; without
        `keep` (the agent is removed) it is stopped instead.
        """
        ...


class Watch(Protocol):
    """Tells when files grow."""

    def follow(self, path: str, grew: Callable[[], None]) -> Callable[[], None]:
        """Call `grew` soon after something was written to the file.

        Returns the function that stops it.
        """
        ...


@dataclass(slots=True)
class Limits:
    """Bounds on agents, read when they are needed: they may change under a running node.

    Times in seconds, sizes in bytes.
    """

    output: int = 8 * 1024 * 1024
    """What one run may print, on stdout and stderr together."""
    stop: float = 5.0
    """From SIGTERM to SIGKILL."""
    restart: float = 60.0
    """The longest pause before a command that stays is started again."""
    answer: float = 30.0
    """How long a called webhook may take to answer one request."""
    run_seconds: int = 0
    """How long a run may take, for agents without a limit of their own; 0 is no limit."""

    def tune(self, configured: Settings) -> None:
        """Take up what the settings say."""
        process, webhook = configured.adapters.process, configured.adapters.webhook
        self.output = process.output
        self.stop = process.stop / 1000
        self.restart = process.restart / 1000
        self.answer = webhook.timeout / 1000
        self.run_seconds = configured.limits.run_seconds


@dataclass(frozen=True, slots=True)
class Site:
    """The machine as adapters see it.

    `runs` is the directory below which each agent keeps what its adapter must find again after a
    crash. `boot` names the current start of the machine ("" when that cannot be known).
    `environment` is the node's own, from which children get a harmless part; `socket` the path of
    the agent socket and `token_of` gives an agent's token for it.
    """

    runs: Path
    boot: str
    clock: Clock
    watch: Watch
    tasks: TaskGroup
    environment: Mapping[str, str]
    socket: str
    token_of: Callable[[str], str]
    limits: Limits = field(default_factory=Limits)
    shared: dict[str, object] = field(default_factory=dict[str, object])
    """What adapters of one kind have in common, under the name of the kind."""

    def allowed(self, spec: AgentSpec) -> int:
        """How many seconds a run of this agent that begins now may take; 0 is no limit."""
        return spec.run_seconds or self.limits.run_seconds
