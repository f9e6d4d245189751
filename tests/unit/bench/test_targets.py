"""The bench's verdicts: computed from measured windows, missing numbers never pass."""

import msgspec
import pytest

from bench.deciding import Deciding, LawCost
from bench.orders import Reading
from bench.results import Backlog, NodeFacts, Results
from bench.settings import BACKLOG_MESSAGES, SCENARIOS
from bench.targets import Verdict, verdicts


def window(rps: float, p50_ms: float = 1.0, cpu_us: float = 100.0, failed: int = 0) -> Reading:
    return Reading(
        finished=round(rps * 2),
        failed=failed,
        first_failure="lost" if failed else "",
        seconds=2.0,
        p50_ms=p50_ms,
        p99_ms=2 * p50_ms,
        cpu_us_a=cpu_us / 2,
        cpu_us_b=cpu_us / 2,
        cpu_us_load=0.0,
        rss_mb_a=50.0,
        rss_mb_b=60.0,
    )


def good() -> Results:
    """A run in which every target is just reached."""
    results = Results()
    rates = {"gatepost": 10_000, "floor": 50_000, "bridge": 1_000}
    for number, gatepost in ((1, 600), (64, 4_800), (256, 10_000)):
        results.add("gatepost", number, window(gatepost, p50_ms=3.5, cpu_us=250.0))
        results.add("floor", number, window(rates["floor"], p50_ms=1.0))
        results.add("bridge", number, window(rates["bridge"]))
        results.add("a2a-sdk", number, window(gatepost - 1))
        results.add("a2a-sdk-sqlite", number, window(500))
    results.facts = [NodeFacts("home", 1.0, 80.0, 0.0, 3.0), NodeFacts("lab", 0.4, 50.0, 0.0, 3.0)]
    results.backlog = Backlog(BACKLOG_MESSAGES, 10, 10_000, 9_000, 199.0, 3.0, 150.0)
    deciding = (Deciding(1_000, 50.0, 1.0), Deciding(100_000, 125.0, 1.0))
    results.law = LawCost(deciding, 10_000, 1.0, 2.0, 12.0)
    return results


def missed(results: Results) -> list[str]:
    return [verdict.name for verdict in verdicts(results) if verdict.passed is not True]


def named(results: Results, part: str) -> Verdict:
    [verdict] = [verdict for verdict in verdicts(results) if part in verdict.name]
    return verdict


def test_a_run_that_reaches_every_bound_misses_nothing() -> None:
    assert missed(good()) == []


def test_a_run_that_measured_nothing_passes_nothing() -> None:
    assert {verdict.passed for verdict in verdicts(Results())} == {None}


@pytest.mark.parametrize(
    ("number", "reading", "part"),
    [
        (256, window(9_900, 3.5, 250.0), "share of the floor"),
        (256, window(9_900, 3.5, 250.0), "over the bridge"),
        (256, window(9_900, 3.5, 250.0), "with SQLite"),
        (256, window(10_000, 3.5, 251.0), "CPU of both nodes"),
        (1, window(600, 3.6), "p50, 1 in flight"),
        (1, window(601, 3.5), "64 over 1"),
        (64, window(4_799, 3.5), "in memory"),
        (16, window(1_000, failed=1), "answered wrongly"),
    ],
)
def test_a_window_just_short_of_a_bound_fails_it(number: int, reading: Reading, part: str) -> None:
    results = good()
    results.windows[("gatepost", number)] = [reading]
    if number == 16:
        results.add("a2a-sdk", 16, window(1))
    assert named(results, part).passed is False


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        (NodeFacts("lab", 1.01, 50.0, 0.0, 3.0), "ready after its start"),
        (NodeFacts("lab", 0.4, 81.0, 0.0, 3.0), "idle memory"),
        (NodeFacts("lab", 0.4, 50.0, 20.0, 3.0), "idle node"),
    ],
)
def test_the_worse_of_two_nodes_decides(facts: NodeFacts, part: str) -> None:
    results = good()
    results.facts[1] = facts
    assert missed(results) == [named(results, part).name]


@pytest.mark.parametrize(
    ("backlog", "part"),
    [
        (Backlog(BACKLOG_MESSAGES, 10, 10_000, 8_900, 199.0, 3.0, 150.0), "accept rate"),
        (Backlog(BACKLOG_MESSAGES, 10, 10_000, 9_000, 100.0, 3.0, 201.0), "queued: memory"),
        (Backlog(BACKLOG_MESSAGES, 10, 10_000, 9_000, 199.0, 3.1, 150.0), "after a restart"),
    ],
)
def test_a_backlog_that_slows_or_swells_the_node_fails(backlog: Backlog, part: str) -> None:
    results = good()
    results.backlog = backlog
    assert missed(results) == [named(results, part).name]


@pytest.mark.parametrize(
    ("worse", "part"),
    [
        ({"deciding": (Deciding(1_000, 50.1, 1.0), Deciding(100_000, 50.1, 1.0))}, "among 1,000"),
        ({"deciding": (Deciding(1_000, 20.0, 1.0), Deciding(100_000, 51.0, 1.0))}, "among 100,000"),
        ({"loading_s": 1.01}, "rules read"),
        ({"unknown_us": 12.1}, "apart by"),
        ({"forbidden_us": 22.1}, "apart by"),
    ],
)
def test_a_law_that_costs_more_than_it_may_fails(worse: dict[str, object], part: str) -> None:
    results = good()
    assert results.law is not None
    results.law = msgspec.structs.replace(results.law, **worse)
    assert missed(results) == [named(results, part).name]


def test_a_smaller_backlog_than_asked_for_judges_nothing() -> None:
    results = good()
    results.backlog = Backlog(BACKLOG_MESSAGES // 10, 10, 10_000, 9_000, 50.0, 1.0, 50.0)
    assert {verdict.passed for verdict in verdicts(results) if "queued" in verdict.name} == {None}


def test_a_ratio_compares_neighbouring_windows() -> None:
    results = Results()
    for gatepost, floor in ((10_000, 40_000), (20_000, 80_000), (5_000, 20_000)):
        results.add("gatepost", 256, window(gatepost))
        results.add("floor", 256, window(floor))
    assert results.ratio("gatepost", "floor", 256, lambda reading: reading.rps) == 0.25


def test_rows_have_the_agreed_fields_and_take_the_larger_node() -> None:
    row = good().rows()[0]
    assert row.__struct_fields__ == (
        *("scenario", "in_flight", "rps", "p50_ms", "p99_ms"),
        *("cpu_us_a", "cpu_us_b", "rss_mb"),
    )
    assert row.rss_mb == 60.0
    assert {row.scenario for row in good().rows()} == set(SCENARIOS)
