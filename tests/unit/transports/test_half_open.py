"""How often one address may connect."""

from hypothesis import given
from hypothesis import strategies as st

from gatepost.transports.half_open import Rate


def test_a_burst_is_allowed_at_once_and_then_so_many_a_second() -> None:
    rate = Rate(10.0, 5)
    assert [rate.allows("a", 0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert rate.allows("b", 0.0), "another address"
    assert [rate.allows("a", 0.1001), rate.allows("a", 0.1002)] == [True, False]
    assert [rate.allows("a", 100.0) for _ in range(6)] == [True] * 5 + [False]


@given(st.lists(st.floats(0.0, 0.3), max_size=300))
def test_never_more_than_burst_and_rate_together(pauses: list[float]) -> None:
    rate, now, allowed = Rate(20.0, 7), 0.0, 0
    for pause in pauses:
        now += pause
        allowed += rate.allows("a", now)
        assert allowed <= 7 + 20.0 * now + 1e-6


def test_a_flood_of_addresses_does_not_grow_the_table_without_end() -> None:
    rate = Rate(1.0, 1)
    allowed = sum(rate.allows(f"10.0.{n // 256}.{n % 256}", 0.0) for n in range(10_000))
    assert allowed == 4096
    assert len(rate._next) == 4096
    assert rate.allows("10.9.9.9", 2.0), "they are forgotten once they may connect again"
    assert len(rate._next) == 1
