from datetime import UTC, datetime

import pytest

from gatepost.policy.conditions import Unless, parse_hours
from gatepost.policy.evaluate import evaluate
from gatepost.policy.request import Request
from tests.unit.policy.cases import BOB, MAIN, facts, law, outbound, rule


def at(hour: int, minute: int = 0, month: int = 1) -> int:
    return int(datetime(2030, month, 15, hour, minute, tzinfo=UTC).timestamp() * 1000)


def test_hours_cover_their_start_and_not_their_end():
    hours = parse_hours("08:00-18:00 UTC")
    assert [hours.covers(at(h)) for h in (7, 8, 17, 18)] == [False, True, True, False]


def test_hours_go_over_midnight():
    hours = parse_hours("18:00-08:00 UTC")
    assert [hours.covers(at(h)) for h in (7, 8, 17, 18)] == [True, False, False, True]


def test_hours_follow_the_clock_of_their_zone_through_the_year():
    hours = parse_hours("08:00-09:00 Europe/Berlin")
    assert hours.covers(at(7, 30, month=1))
    assert hours.covers(at(6, 30, month=7))
    assert hours.clock(at(7, 30, month=1)) == "08:30"


def test_a_day_may_end_at_24():
    assert parse_hours("23:00-24:00 UTC").covers(at(23, 59))


@pytest.mark.parametrize(
    "text",
    ["", "08:00-18:00", "8-18 UTC", "25:00-08:00 UTC", "08:00-24:01 UTC", "08:61-09:00 UTC",
     "08:00-08:00 UTC", "08:00-18:00 Mars/Olympus", "08:00-18:00 ../etc/passwd"],
)  # fmt: skip
def test_what_are_no_hours_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        parse_hours(text)


def test_any_condition_that_holds_sets_the_rule_aside():
    unless = Unless(hours=parse_hours("08:00-18:00 UTC"), conversation=("c1",))
    assert unless.holds(outbound(at=at(9)))
    assert unless.holds(outbound(at=at(20), conversation="c1"))
    assert not unless.holds(outbound(at=at(20), conversation="c2"))
    assert "20:00 is outside 08:00-18:00 UTC" in unless.says(outbound(at=at(20)))


def test_tainted_false_keeps_a_rule_for_tainted_speakers():
    unless = Unless(tainted=False)
    clean, tainted = outbound(), outbound(taint=("somebody",))
    assert unless.holds(clean)
    assert not unless.holds(tainted)
    assert "has read" in unless.says(tainted)
    assert "has not read" in unless.says(clean)


def test_a_reader_is_not_tainted_by_text_of_its_own_owner():
    to = outbound().to
    assert not outbound(taint=(to.node,)).tainted
    assert outbound(taint=(to.node, "other")).tainted


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        # The clocks go from 02:00 to 03:00: half past two is never.
        ("2030-03-31T00:59", True),
        ("2030-03-31T01:00", False),
        # They go from 03:00 back to 02:00: half past two is twice.
        ("2030-10-26T23:59", False),
        ("2030-10-27T00:00", True),
        ("2030-10-27T00:59", True),
        ("2030-10-27T01:00", True),
        ("2030-10-27T01:59", True),
        ("2030-10-27T02:00", False),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall_when_it_is_set(moment: str, inside: bool):
    begins = "00:30" if "-03-" in moment else "02:00"
    assert parse_hours(f"{begins}-03:00 Europe/Berlin").covers(utc(moment)) is inside


def test_a_night_over_the_change_of_clocks_has_no_gap():
    night = parse_hours("22:00-06:00 Europe/Berlin")
    for date, ends in (("2030-03-31", "04:00"), ("2030-10-27", "05:00")):
        start = utc(f"{date}T00:00") - 2 * 3_600_000
        end = utc(f"{date}T{ends}")
        assert all(night.covers(at) for at in range(start, end, 60_000))
        assert not night.covers(end)


@pytest.mark.parametrize("moment", [0, -(10**15), 253_402_300_800_000, 2**63, -(2**63)], ids=str)
def test_a_moment_beyond_all_calendars_is_no_way_in(moment: int):
    text = rule(says='allow = ["ask"]', from_="*@*", more='unless = { hours = "18:00-08:00 UTC" }')
    wish = Request("inbound", "ask", MAIN, BOB, moment)
    verdict = evaluate(law(text), wish, facts()).verdict
    assert verdict == "deny" or moment == 0
