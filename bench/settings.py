"""What one run of the bench does: which scenarios, how many in flight, for how long."""

from __future__ import annotations

from dataclasses import dataclass

SCENARIOS = ("gatepost", "floor", "bridge", "a2a-sdk", "a2a-sdk-sqlite")
PROCESS_SCENARIO = "gatepost-process"
FACTS = ("facts", "backlog", "policy")
CHOICES = (*SCENARIOS, PROCESS_SCENARIO, *FACTS)
IN_FLIGHT = (1, 16, 64, 256)
TEXT_BYTES = 2_048
BACKLOG_MESSAGES = 100_000
BACKLOG_PEERS = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """One run. `warm_s` is driven and thrown away before each window of `seconds`."""

    only: tuple[str, ...] = CHOICES
    in_flight: tuple[int, ...] = IN_FLIGHT
    rounds: int = 3
    seconds: float = 1.5
    warm_s: float = 0.5
    backlog_messages: int = BACKLOG_MESSAGES
    check: bool = False

    def wants(self, name: str) -> bool:
        return name in self.only
