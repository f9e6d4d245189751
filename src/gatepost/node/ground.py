"""What every room of a node stands on: the ports, the settings, the counters, this life."""

from dataclasses import dataclass

from gatepost.core.control import Life
from gatepost.node.hub import Hub
from gatepost.node.sequence import Sequence
from gatepost.node.settings import Settings
from gatepost.ports import Clock, Entropy, Keys
from gatepost.ports.store import Store


@dataclass(frozen=True, slots=True)
class Ground:
    """One node's ports and what is fixed for its life."""

    store: Store
    clock: Clock
    entropy: Entropy
    keys: Keys
    hub: Hub
    settings: Settings
    sequence: Sequence
    life: Life

    @property
    def node(self) -> str:
        """This node's id."""
        return self.keys.node
