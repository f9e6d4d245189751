from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy import usage as module
from gatepost.policy.limits import Rate
from gatepost.policy.usage import Charge, Usage


def charge(count: int = 3, per: int = 60_000, peer: str = "p", kind: str = "rate") -> Charge:
    return Charge.of("r", peer, kind, Rate(count, per))


def test_a_full_bucket_gives_its_whole_count_at_once_and_then_says_how_long():
    usage, one = Usage(), charge()
    for _ in range(3):
        assert usage.wait(one, 1_000) == 0
        usage.take((one,), 1_000)
    wait = usage.wait(one, 1_000)
    assert 20_000 <= wait <= 20_001
    assert usage.wait(one, 1_000 + wait) == 0


def test_looking_takes_nothing():
    usage, one = Usage(), charge(1)
    assert [usage.wait(one, 5) for _ in range(9)] == [0] * 9


def test_counters_of_two_peers_are_two():
    usage = Usage()
    usage.take((charge(1, peer="a"),), 0)
    assert usage.wait(charge(1, peer="a"), 0) > 0
    assert usage.wait(charge(1, peer="b"), 0) == 0


def test_a_clock_set_back_closes_the_door_for_one_period_at_most():
    usage, one = Usage(), charge(1)
    usage.take((one,), 10**12)
    assert usage.wait(one, 10**12 - 10**10) <= 60_001
    usage.take((one,), 10**12 - 10**10)
    assert usage.wait(one, 10**12 - 10**10 + 200_000) == 0


def test_a_clock_set_back_leaves_every_counter_where_it_was():
    usage, one, now = Usage(), charge(3), 10**12
    usage.take((one,), now)
    for back in (3_600_000, 90_000, 1):
        now -= back
        assert usage.wait(one, now) == 0
    usage.take((one,), now)
    usage.take((one,), now)
    now -= 3_600_000
    wait = usage.wait(one, now)
    assert 0 < wait <= 20_001
    assert usage.wait(one, now + wait) == 0


def test_tokens_are_taken_when_they_are_spent_and_may_overdraw_once():
    usage, tokens = Usage(), charge(100, kind="tokens")
    usage.take((tokens,), 0)
    assert usage.wait(tokens, 0) == 0
    usage.take((tokens,), 0, amount=150, kind="tokens")
    assert usage.wait(tokens, 0) > 0
    assert usage.wait(tokens, 120_000) == 0


def test_the_number_of_counters_is_bounded_and_full_buckets_go_first(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 4)
    usage = Usage()
    for n, now in enumerate((0, 0, 100_000, 100_000, 100_001)):
        usage.take((charge(1, peer=str(n)),), now)
    assert len(usage) == 3
    assert usage.wait(charge(1, peer="2"), 100_001) > 0
    for n in range(5, 20):
        usage.take((charge(1, peer=str(n)),), 100_002)
    assert len(usage) <= 4
    assert usage.wait(charge(1, peer="19"), 100_002) > 0


@given(st.integers(1, 20), st.lists(st.integers(0, 5_000), max_size=120))
def test_never_more_than_two_counts_in_one_period(count: int, gaps: list[int]):
    """The bound of a bucket: what it holds and what flows in meanwhile."""
    usage, one, now = Usage(), charge(count, 10_000), 10**12
    taken: list[int] = []
    for gap in gaps:
        now += gap
        if usage.wait(one, now) == 0:
            usage.take((one,), now)
            taken.append(now)
    for start in taken:
        within = [at for at in taken if start <= at < start + 10_000]
        assert len(within) <= 2 * count
