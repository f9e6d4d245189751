"""What an exchange hands on, as a Protocol: `delivery` is it."""

from typing import TYPE_CHECKING, Protocol

from gatepost.core.control import Answer, Query
from gatepost.core.journal.incoming import Taken
from gatepost.core.journal.outgoing import Slot

if TYPE_CHECKING:
    from gatepost.node.exchange import Exchange


class Handler(Protocol):
    """What an exchange hands on."""

    def decide(self, exchange: "Exchange", taken: Taken) -> None:
        """Decide one slot, now, writing the decision into the current batch."""
        ...

    def released(self, exchange: "Exchange", upto: int) -> None:
        """Slots up to `upto` became firm: what waited for that may go on."""
        ...

    def cut(self, exchange: "Exchange", slot: int) -> None:
        """What was taken above `slot` never happened."""
        ...

    def acked(self, exchange: "Exchange", slots: list[Slot]) -> None:
        """The peer has these slots."""
        ...

    def fill(self, exchange: "Exchange") -> None:
        """There may be room: give waiting messages their slots."""
        ...

    def open_items(self, exchange: "Exchange") -> int:
        """How many of the peer's messages are open here (bounds its credit)."""
        ...

    def stopped(self, exchange: "Exchange", reason: str, /) -> None:
        """The pair stopped, durably."""
        ...

    def asked(self, exchange: "Exchange", query: Query, /) -> Answer:
        """Answer a live question."""
        ...

    def answered(self, exchange: "Exchange", answer: Answer, /) -> None:
        """A live question of ours was answered."""
        ...

    def contact(self, exchange: "Exchange", live: bool, /) -> None:
        """Contact began or ended."""
        ...
