"""Prints what was measured: the rivals side by side, the facts, the targets with pass or fail."""

from __future__ import annotations

from collections.abc import Sequence

from bench.orders import Reading
from bench.results import Results
from bench.settings import PROCESS_SCENARIO, SCENARIOS
from bench.targets import Verdict

_HEADINGS = (
    "scenario",
    "in flight",
    "req/s",
    "% of floor",
    "× bridge",
    "p50 ms",
    "× floor p50",
    "p99 ms",
    "CPU µs A",
    "CPU µs B",
    "A + B",
    "RSS MB A",
    "RSS MB B",
    "failed",
)


def rivals(results: Results) -> str:
    """The main table, grouped by number in flight so that rivals stand under each other."""
    return _side_by_side(results, SCENARIOS)


def behind_a_process(results: Results) -> str:
    """The second table: the same echo as a child process behind the `process` adapter."""
    return _side_by_side(results, ("gatepost", PROCESS_SCENARIO, "floor"))


def _side_by_side(results: Results, scenarios: Sequence[str]) -> str:
    lines = [
        _line(results, scenario, number)
        for number in results.in_flight()
        for scenario in scenarios
        if (scenario, number) in results.windows
    ]
    return aligned(_HEADINGS, lines)


def _line(results: Results, scenario: str, number: int) -> list[str]:
    def mid(name: str) -> float | None:
        return results.median(scenario, number, lambda reading: _value(reading, name))

    def over(rival: str, name: str) -> float | None:
        return results.ratio(scenario, rival, number, lambda reading: _value(reading, name))

    cpu_a, cpu_b = mid("cpu_us_a"), mid("cpu_us_b")
    rss_b = mid("rss_mb_b")
    one_hop = not rss_b
    return [
        scenario,
        str(number),
        _show(mid("rps"), "{:,.0f}"),
        _show(over("floor", "rps"), "{:.1%}"),
        _show(over("bridge", "rps"), "{:.1f}"),
        _show(mid("p50_ms"), "{:.2f}"),
        _show(over("floor", "p50_ms"), "{:.2f}"),
        _show(mid("p99_ms"), "{:.2f}"),
        _show(cpu_a, "{:,.0f}"),
        "–" if one_hop else _show(cpu_b, "{:,.0f}"),
        _show((cpu_a or 0.0) + (cpu_b or 0.0), "{:,.0f}"),
        _show(mid("rss_mb_a"), "{:.0f}"),
        "–" if one_hop else _show(rss_b, "{:.0f}"),
        str(sum(reading.failed for reading in results.windows[scenario, number])),
    ]


def _value(reading: Reading, name: str) -> float:
    return float(getattr(reading, name))


def facts(results: Results) -> str:
    """Nodes at rest, the backlog and the law, line by line; empty when none was measured."""
    lines = [
        f"node {node.node}: ready after {node.ready_s:.2f} s, idle {node.idle_rss_mb:.0f} MB, "
        f"{node.idle_cpu_ms:.0f} ms CPU in {node.idle_s:.0f} s"
        for node in results.facts
    ]
    if (backlog := results.backlog) is not None:
        lines.append(
            f"backlog: {backlog.messages:,} messages over {backlog.peers} peers that are away; "
            f"accepted {backlog.rate_before:,.0f}/s at first, {backlog.rate_after:,.0f}/s at last; "
            f"{backlog.rss_mb:.0f} MB; restarted ready after {backlog.restart_ready_s:.2f} s "
            f"with {backlog.restart_rss_mb:.0f} MB"
        )
    if (law := results.law) is not None:
        lines += [
            f"policy: {one.rules:,} rules decide in {one.first_us:.1f} µs about new parties, "
            f"in {one.again_us:.1f} µs about known ones"
            for one in law.deciding
        ]
        lines.append(
            f"policy: {law.loaded:,} rules read in {law.loading_s:.2f} s; a forbidden agent is "
            f"refused in {law.forbidden_us:.1f} µs, an unknown one in {law.unknown_us:.1f} µs"
        )
    return "\n".join(lines)


def failures(results: Results) -> str:
    """For each scenario with failed or wrong answers: how many, and the first reason."""
    lines: list[str] = []
    for scenario in dict.fromkeys(name for name, _ in results.windows):
        count, why = results.failed(scenario)
        if count:
            lines.append(f"{scenario}: {count} failed or wrong, the first: {why}")
    return "\n".join(lines)


def targets(verdicts: Sequence[Verdict]) -> str:
    """All targets in one place."""
    words = {True: "pass", False: "FAIL", None: "not measured"}
    lines = [
        [verdict.name, verdict.wanted, verdict.measured, words[verdict.passed]]
        for verdict in verdicts
    ]
    return aligned(("target", "wanted", "measured", "verdict"), lines)


def aligned(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, the first to the left and the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *lines, strict=True)]
    rule = ["─" * width for width in widths]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (headings, rule, *lines)
    )


def _show(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
