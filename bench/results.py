"""What a run has measured: windows by scenario and number in flight, and the single facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import msgspec

from bench.deciding import LawCost
from bench.orders import Reading


class Row(msgspec.Struct, frozen=True):
    """One line of `latest.json`: medians over the rounds. `rss_mb` is the larger node's.

    CPU is in microseconds per finished request; `cpu_us_b` is 0 where there is no second node.
    """

    scenario: str
    in_flight: int
    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us_a: float
    cpu_us_b: float
    rss_mb: float


class NodeFacts(msgspec.Struct, frozen=True):
    """One node of the pair at rest: from the start of its process to ready, and idle after."""

    node: str
    ready_s: float
    idle_rss_mb: float
    idle_cpu_ms: float
    idle_s: float


class Backlog(msgspec.Struct, frozen=True):
    """`messages` queued over `peers` that are away; rates are accepted messages per second."""

    messages: int
    peers: int
    rate_before: float
    rate_after: float
    rss_mb: float
    restart_ready_s: float
    restart_rss_mb: float


@dataclass(slots=True)
class Results:
    """Everything of one run. `missing` says why a scenario has no (or no full) numbers."""

    windows: dict[tuple[str, int], list[Reading]] = field(
        default_factory=dict[tuple[str, int], list[Reading]]
    )
    missing: dict[str, str] = field(default_factory=dict[str, str])
    facts: list[NodeFacts] = field(default_factory=list[NodeFacts])
    backlog: Backlog | None = None
    law: LawCost | None = None

    def add(self, scenario: str, in_flight: int, reading: Reading) -> None:
        self.windows.setdefault((scenario, in_flight), []).append(reading)

    def median(
        self, scenario: str, in_flight: int, value: Callable[[Reading], float]
    ) -> float | None:
        """The median over the rounds, or None where nothing was measured."""
        readings = self.windows.get((scenario, in_flight))
        return median(value(reading) for reading in readings) if readings else None

    def ratio(
        self, over: str, under: str, in_flight: int, value: Callable[[Reading], float]
    ) -> float | None:
        """`over` : `under`, or None where one of them was not measured.

        Windows that stand side by side in time are compared with each other, and the median of
        those ratios is taken: a shared machine may run at half speed for some seconds, and both
        then do. Where the numbers of windows differ it is the ratio of the medians.
        """
        above = [value(reading) for reading in self.windows.get((over, in_flight), [])]
        below = [value(reading) for reading in self.windows.get((under, in_flight), [])]
        if not above or not below or not all(below):
            return None
        if len(above) != len(below):
            return median(above) / median(below)
        return median(one / other for one, other in zip(above, below, strict=True))

    def in_flight(self) -> list[int]:
        """The numbers in flight that were measured, ascending."""
        return sorted({number for _, number in self.windows})

    def failed(self, scenario: str) -> tuple[int, str]:
        """How many requests failed or came back wrong in all windows, and the first reason."""
        readings = [
            reading
            for (name, _), group in self.windows.items()
            if name == scenario
            for reading in group
        ]
        reasons = [reading.first_failure for reading in readings if reading.first_failure]
        return sum(reading.failed for reading in readings), reasons[0] if reasons else ""

    def rows(self) -> list[Row]:
        """One row per scenario and number in flight, in the order they were first measured."""
        return [_row(*key, readings) for key, readings in self.windows.items()]


def _row(scenario: str, in_flight: int, readings: list[Reading]) -> Row:
    def mid(value: Callable[[Reading], float]) -> float:
        return round(median(value(reading) for reading in readings), 3)

    return Row(
        scenario=scenario,
        in_flight=in_flight,
        rps=mid(lambda reading: reading.rps),
        p50_ms=mid(lambda reading: reading.p50_ms),
        p99_ms=mid(lambda reading: reading.p99_ms),
        cpu_us_a=mid(lambda reading: reading.cpu_us_a),
        cpu_us_b=mid(lambda reading: reading.cpu_us_b),
        rss_mb=mid(lambda reading: max(reading.rss_mb_a, reading.rss_mb_b)),
    )
