from gatepost import ports
from gatepost.host.entropy import SystemEntropy

ENTROPY: ports.Entropy = SystemEntropy()


def test_bytes_have_the_length_asked_for_and_do_not_repeat() -> None:
    assert [len(ENTROPY.bytes(n)) for n in (0, 1, 16, 32)] == [0, 1, 16, 32]
    assert len({ENTROPY.bytes(16) for _ in range(1000)}) == 1000


def test_uniform_lies_in_its_interval_and_fills_it() -> None:
    drawn = [ENTROPY.uniform() for _ in range(4000)]
    assert all(0 <= x < 1 for x in drawn)
    assert {int(x * 8) for x in drawn} == set(range(8))
