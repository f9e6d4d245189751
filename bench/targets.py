"""What this stage of the product has to reach, each computed from what the run measured.

A target whose numbers are missing is not reached: it says so and never passes by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.orders import Reading
from bench.results import Results
from bench.settings import BACKLOG_MESSAGES

SHARE_OF_FLOOR = 0.20
P50_OVER_FLOOR = 3.5
CPU_US_BOTH = 250.0
OVER_BRIDGE = 10.0
OVER_A2A_SQLITE = 20.0
BATCHING = 8.0
READY_S = 1.0
IDLE_RSS_MB = 80.0
IDLE_CPU_MS = 10.0
"""One tick of the kernel's clock: the least it can show, and a tick may stand for microseconds."""
DECIDE_US = 50.0
DECIDE_GROWTH = 2.5
LOADING_S = 1.0
REFUSALS_APART_US = 10.0
BACKLOG_RATE_KEPT = 0.9
BACKLOG_RSS_MB = 200.0
BACKLOG_RESTART_S = 3.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target. `passed` is None when its numbers were not measured in this run."""

    name: str
    wanted: str
    measured: str
    passed: bool | None


def verdicts(results: Results) -> list[Verdict]:
    """All targets in the order they are printed."""
    return [*_speed(results), *_at_rest(results), *_backlog(results), *_policy(results)]


def _rps(reading: Reading) -> float:
    return reading.rps


def _p50(reading: Reading) -> float:
    return reading.p50_ms


def _cpu_both(reading: Reading) -> float:
    return reading.cpu_us_a + reading.cpu_us_b


def _speed(results: Results) -> list[Verdict]:
    def over(rival: str, in_flight: int, value: Callable[[Reading], float]) -> float | None:
        return results.ratio("gatepost", rival, in_flight, value)

    batching = _ratio(results.median("gatepost", 64, _rps), results.median("gatepost", 1, _rps))
    return [
        _at_least(
            "throughput, 256 in flight, share of the floor",
            SHARE_OF_FLOOR,
            over("floor", 256, _rps),
            "{:.0%}",
        ),
        _at_most("p50, 1 in flight, over the floor", P50_OVER_FLOOR, over("floor", 1, _p50)),
        _at_most(
            "CPU of both nodes per request, 256 in flight",
            CPU_US_BOTH,
            results.median("gatepost", 256, _cpu_both),
            "{:.0f} µs",
        ),
        _at_least("throughput, 256, over the bridge", OVER_BRIDGE, over("bridge", 256, _rps)),
        _ahead_of_a2a(results),
        _at_least(
            "throughput, 256, over a2a-sdk with SQLite",
            OVER_A2A_SQLITE,
            over("a2a-sdk-sqlite", 256, _rps),
        ),
        _at_least("throughput, 64 over 1 in flight", BATCHING, batching),
        _no_failures(results),
    ]


def _ahead_of_a2a(results: Results) -> Verdict:
    """Ahead means at every number in flight that was measured; all ratios are shown."""
    name, wanted = "throughput over a2a-sdk in memory, at each in flight", "> 1.0 ×"
    ratios = {
        number: results.ratio("gatepost", "a2a-sdk", number, _rps) for number in results.in_flight()
    }
    known = {number: ratio for number, ratio in ratios.items() if ratio is not None}
    if not known or len(known) < len(ratios):
        return Verdict(name, wanted, _text(None, ""), None)
    measured = "  ".join(f"{number}: {ratio:.1f} ×" for number, ratio in known.items())
    return Verdict(name, wanted, measured, min(known.values()) > 1.0)


def _no_failures(results: Results) -> Verdict:
    name = "requests failed or answered wrongly"
    if not any(scenario == "gatepost" for scenario, _ in results.windows):
        return Verdict(name, "0", _text(None, ""), None)
    failed, why = results.failed("gatepost")
    return Verdict(name, "0", f"{failed} ({why})" if failed else "0", failed == 0)


def _at_rest(results: Results) -> list[Verdict]:
    facts = results.facts
    ready = max((node.ready_s for node in facts), default=None)
    rss = max((node.idle_rss_mb for node in facts), default=None)
    cpu = max((node.idle_cpu_ms for node in facts), default=None)
    return [
        _at_most("node ready after its start", READY_S, ready, "{:.2f} s"),
        _at_most("idle memory of a node", IDLE_RSS_MB, rss, "{:.0f} MB"),
        _at_most("CPU of an idle node in 3 s", IDLE_CPU_MS, cpu, "{:.0f} ms"),
    ]


def _backlog(results: Results) -> list[Verdict]:
    backlog = results.backlog
    full = backlog is not None and backlog.messages >= BACKLOG_MESSAGES
    queued = f"{BACKLOG_MESSAGES:,} queued"
    kept = _ratio(backlog.rate_after, backlog.rate_before) if backlog and full else None
    rss = max(backlog.rss_mb, backlog.restart_rss_mb) if backlog and full else None
    restart = backlog.restart_ready_s if backlog and full else None
    return [
        _at_least(f"{queued}: accept rate kept", BACKLOG_RATE_KEPT, kept, "{:.0%}"),
        _at_most(f"{queued}: memory", BACKLOG_RSS_MB, rss, "{:.0f} MB"),
        _at_most(f"{queued}: ready after a restart", BACKLOG_RESTART_S, restart, "{:.2f} s"),
    ]


def _policy(results: Results) -> list[Verdict]:
    law = results.law
    first = {one.rules: one.first_us for one in law.deciding} if law else {}
    apart = abs(law.unknown_us - law.forbidden_us) if law else None
    many, most = first.get(1_000), first.get(100_000)
    return [
        _at_most("CPU of a decision among 1,000 rules", DECIDE_US, many, "{:.1f} µs"),
        _at_most("the same among 100,000, over that", DECIDE_GROWTH, _ratio(most, many)),
        _at_most("10,000 rules read", LOADING_S, law.loading_s if law else None, "{:.2f} s"),
        _at_most("unknown and forbidden agent, apart by", REFUSALS_APART_US, apart, "{:.1f} µs"),
    ]


def _ratio(over: float | None, under: float | None) -> float | None:
    return over / under if over is not None and under else None


def _text(value: float | None, form: str) -> str:
    return "not measured" if value is None else form.format(value)


def _at_least(name: str, bound: float, value: float | None, form: str = "{:.1f} ×") -> Verdict:
    passed = None if value is None else value >= bound
    return Verdict(name, f"≥ {form.format(bound)}", _text(value, form), passed)


def _at_most(name: str, bound: float, value: float | None, form: str = "{:.1f} ×") -> Verdict:
    passed = None if value is None else value <= bound
    return Verdict(name, f"≤ {form.format(bound)}", _text(value, form), passed)
