import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy.limits import Limits, Rate, combine, parse_rate, parse_size, show

LIMITS = st.builds(
    Limits,
    rate=st.none() | st.builds(Rate, st.integers(1, 99), st.sampled_from([1_000, 60_000])),
    turns=st.none() | st.integers(0, 9),
    bytes=st.none() | st.integers(0, 9),
)


def test_rates_are_read_and_shown():
    assert parse_rate("30/min") == Rate(30, 60_000)
    assert parse_rate(" 200k / day") == Rate(200_000, 86_400_000)
    assert str(parse_rate("5/second")) == "5/s"
    assert str(Rate(1, 7)) == "1/7ms"


@pytest.mark.parametrize("text", ["", "30", "30/", "30/fortnight", "-1/s", "0/s", "1.5/s", "x/min"])
def test_what_is_no_rate_is_refused(text: str):
    with pytest.raises(ValueError, match="rate"):
        parse_rate(text)


def test_sizes_are_read_and_shown():
    assert parse_size("256 KiB") == parse_size(262_144) == 262_144
    assert parse_size("2MB") == 2_000_000
    assert show("bytes", 262_144) == "256 KiB"
    assert show("bytes", 1_000) == "1000"
    assert show("turns", 2048) == "2048"


@pytest.mark.parametrize("text", ["", "many", "1 XiB", "-1", -1])
def test_what_is_no_size_is_refused(text: str | int):
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


def test_the_smaller_of_two_rates_is_that_which_lets_less_through():
    assert Rate(100, 3_600_000).less(Rate(30, 60_000))
    assert Rate(1, 1_000).less(Rate(60, 60_000))  # the same over time, in a smaller burst


@given(st.lists(LIMITS, max_size=4))
def test_combining_takes_the_smallest_of_each_in_any_order(several: list[Limits]):
    whole = combine(several)
    assert all(combine(order) == whole for order in itertools.permutations(several))
    for key in ("turns", "bytes"):
        values = [v for v in (getattr(one, key) for one in several) if v is not None]
        assert getattr(whole, key) == (min(values) if values else None)
    rates = [one.rate for one in several if one.rate]
    assert (whole.rate in rates) if rates else whole.rate is None
    assert not any(rate.less(whole.rate) for rate in rates if whole.rate)
