"""What the bench tells a load process and what it hears back: one JSON line each way."""

from __future__ import annotations

import msgspec


class Target(msgspec.Struct, frozen=True):
    """Where a load process finds its scenario; unused fields stay at their defaults."""

    port: int = 0
    certificate: str = ""
    home: str = ""
    address: str = ""


class Order(msgspec.Struct, frozen=True):
    """Keep `in_flight` requests going for `warm_s` + `seconds`; measure only the second part.

    `nodes_a` and `nodes_b` are the process ids whose CPU and memory are read at both ends of
    the window (with their descendants).
    """

    in_flight: int
    warm_s: float
    seconds: float
    text_bytes: int
    nodes_a: list[int]
    nodes_b: list[int]


class Reading(msgspec.Struct, frozen=True):
    """One window. CPU in microseconds per finished request, memory in MB (10^6 bytes)."""

    finished: int
    failed: int
    first_failure: str
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us_a: float
    cpu_us_b: float
    cpu_us_load: float
    rss_mb_a: float
    rss_mb_b: float

    @property
    def rps(self) -> float:
        """Finished requests per second inside the window."""
        return self.finished / self.seconds
