"""Where agents and callers live: what they need of a node, and nothing more.

A world's machine is such a place; a real node behind its API can be one too. Scripts over it do not
know which.
"""

from collections.abc import Callable
from typing import Protocol

from gatepost.ports import Desk, Timer


class Tenant(Protocol):
    """Somebody at a node: told when it comes and goes, as a broken connection would tell."""

    def node_up(self) -> None: ...

    def node_down(self) -> None: ...


class Place(Protocol):
    """One node, seen by those who use it."""

    @property
    def name(self) -> str:
        """The node's name, which is its alias everywhere."""
        ...

    def desk(self, agent: str) -> Desk | None:
        """The mailbox of an agent; None while the node is down."""
        ...

    def later(self, seconds: float, fn: Callable[[], None]) -> Timer: ...

    def time(self) -> float: ...

    def join(self, tenant: Tenant) -> None: ...
