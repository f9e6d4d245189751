"""The node as the local API sees it: desks, mailboxes, events, tokens, and the operator's calls."""

from typing import NoReturn

from gatepost.errors import GatepostError
from gatepost.node.configbook import ConfigBook
from gatepost.node.desk import Desk
from gatepost.node.health.watch import Health
from gatepost.node.hub import Hub
from gatepost.node.mailbox import AgentMailbox
from gatepost.node.node import Node
from gatepost.node.operator import Operator
from gatepost.node.polling import Poller
from gatepost.node.tokens import Tokens


class Inside:
    """A running node. `operator`, `config` and `health` are set by whoever composes it."""

    operator: Operator
    config: ConfigBook
    health: Health

    def __init__(self, node: Node) -> None:
        self._node = node
        self._pollers: dict[str, Poller] = {}

    @property
    def events(self) -> Hub:
        """What happens in the node."""
        return self._node.events

    @property
    def tokens(self) -> Tokens:
        """Who a token speaks for."""
        return self._node.tokens

    def desk(self, agent: str) -> Desk:
        """One agent's mailbox by callbacks."""
        return self._node.desk(agent)

    def mailbox(self, agent: str) -> AgentMailbox:
        """One agent's mailbox for tasks."""
        desk = self._node.desk(agent)
        poller = self._pollers.get(agent)
        if poller is None:
            poller = self._pollers[agent] = Poller()
        return AgentMailbox(desk, poller)


class Broken:
    """Stands in for a node that cannot run now: every call says why, but for its settings."""

    def __init__(self, error: GatepostError, config: ConfigBook) -> None:
        self._error = error
        self.config = config

    @property
    def operator(self) -> NoReturn:
        """Raises why."""
        raise self._error

    @property
    def health(self) -> NoReturn:
        """Raises why."""
        raise self._error

    @property
    def events(self) -> NoReturn:
        """Raises why."""
        raise self._error

    @property
    def tokens(self) -> NoReturn:
        """Raises why."""
        raise self._error

    def desk(self, agent: str) -> NoReturn:
        """Raises why."""
        raise self._error

    def mailbox(self, agent: str) -> NoReturn:
        """Raises why."""
        raise self._error
