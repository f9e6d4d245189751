"""The machine as an examination needs it: looks that change nothing, each cheap unless it says so.

`host` implements it over files and the kernel; the node and `doctor` ask it alike.
"""

from typing import Protocol

from gatepost.core.health import Repair
from gatepost.core.machine import (
    DatabaseFacts,
    DiskFacts,
    HomeFacts,
    KeysFacts,
    Listener,
    ProcessFacts,
)
from gatepost.core.views import AgentSpec


class Machine(Protocol):
    """The machine around one home directory."""

    def home(self) -> HomeFacts:
        """The home directory and what lies in it."""
        ...

    def elsewhere(self) -> tuple[tuple[str, int], ...]:
        """Other homes in which a node of this user runs, each with its process."""
        ...

    def keys(self) -> KeysFacts:
        """Whose keys lie there, or why they cannot be used."""
        ...

    def process(self) -> ProcessFacts:
        """The node's process, if there is one, and what runs it."""
        ...

    def listener(self, address: str) -> Listener:
        """Who has the port of HOST:PORT."""
        ...

    def disk(self, deep: bool) -> DiskFacts | None:
        """The file system, None when the home is gone; `deep` times a few real fsyncs."""
        ...

    def database(self, deep: bool) -> DatabaseFacts:
        """The database; `deep` reads all of it: about a second for each gigabyte."""
        ...

    def command(self, spec: AgentSpec, /) -> str:
        """Why the command of an agent cannot be started, "" when it can."""
        ...

    def repair(self, step: Repair) -> str:
        """Do one safe step; returns the command that takes it back, "" when there is none.

        Raises `home.unwritable`.
        """
        ...
