import pytest

from gatepost.core import sealing
from tests.seeded import SeededEntropy, SeededKeys, hpke_seal_to_zero

NOW = 1_700_000_000_000
LAB = SeededKeys("lab")
INFO = sealing.seal_info("a" * 52, LAB.node, b"seal key")


class Counter:
    """Wraps as lab's peers do, and counts."""

    def __init__(self) -> None:
        self.wraps = 0
        self.unwraps = 0

    def wrap(self, public: bytes, info: bytes, key: bytes) -> bytes:
        self.wraps += 1
        return LAB.wrap(public, info, key)

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        self.unwraps += 1
        return LAB.unwrap(info, wrapped)


def content_key(counter: Counter) -> sealing.ContentKey:
    random = SeededEntropy("sealing").bytes
    return sealing.ContentKey(LAB.record.seal_bytes, INFO, wrap=counter.wrap, random=random)


def test_a_content_key_is_wrapped_once_for_an_hour() -> None:
    counter = Counter()
    holder = content_key(counter)
    first = holder.use(NOW)
    assert holder.use(NOW + sealing.REUSE_MS - 1) is first
    assert counter.wraps == 1
    assert holder.use(NOW + sealing.REUSE_MS).key != first.key
    assert counter.wraps == 2


def test_a_content_key_ends_with_its_last_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "REUSE_FRAMES", 3)
    counter = Counter()
    holder = content_key(counter)
    keys = [holder.use(NOW).key for _ in range(7)]
    assert [keys.count(key) for key in dict.fromkeys(keys)] == [3, 3, 1]
    assert counter.wraps == 3


def test_a_clock_set_back_renews_the_content_key() -> None:
    holder = content_key(Counter())
    assert holder.use(NOW).key != holder.use(NOW - 1).key


def test_the_wrapped_key_opens_for_its_node_and_purpose_only() -> None:
    made = content_key(Counter()).use(NOW)
    assert LAB.unwrap(INFO, made.wrapped) == made.key
    for info in (b"", INFO[:-1], sealing.seal_info(LAB.node, "a" * 52, b"seal key")):
        with pytest.raises(ValueError, match="open"):
            LAB.unwrap(info, made.wrapped)
    with pytest.raises(ValueError, match="open"):
        SeededKeys("other").unwrap(INFO, made.wrapped)


def test_a_key_wrapped_with_a_zero_secret_does_not_open() -> None:
    wrapped = hpke_seal_to_zero(LAB.record.seal_bytes, INFO, b"k" * 32)
    with pytest.raises(ValueError, match="open"):
        LAB.unwrap(INFO, wrapped)


def test_the_receiver_unwraps_each_content_key_once() -> None:
    counter = Counter()
    cache = sealing.ContentKeyCache(counter.unwrap)
    made = content_key(counter).use(NOW)
    assert [cache.unwrap(INFO, made.wrapped) for _ in range(3)] == [made.key] * 3
    assert counter.unwraps == 1


def test_the_receivers_memory_is_bounded_and_keeps_what_is_in_use() -> None:
    counter = Counter()
    cache = sealing.ContentKeyCache(counter.unwrap, limit=2)
    one, two, three = (LAB.wrap(LAB.record.seal_bytes, INFO, bytes([n]) * 32) for n in range(3))
    for wrapped in (one, two, one, three, one):
        cache.unwrap(INFO, wrapped)
    assert counter.unwraps == 3
    cache.unwrap(INFO, two)
    assert counter.unwraps == 4


def test_a_key_that_does_not_open_is_not_remembered() -> None:
    cache = sealing.ContentKeyCache(LAB.unwrap)
    for _ in range(2):
        with pytest.raises(ValueError, match="open"):
            cache.unwrap(INFO, bytes(80))


def test_every_flipped_bit_of_what_is_sealed_is_noticed() -> None:
    key, nonce, clear = b"k" * 32, b"n" * 16, b"clear"
    sealed = sealing.seal(key, nonce, b"plain", clear)
    assert len(sealed) == len(b"plain") + sealing.TAG_BYTES
    assert sealing.unseal(key, nonce, sealed, clear) == b"plain"
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        assert sealing.unseal(key, nonce, bytes(changed), clear) is None
    assert sealing.unseal(key, nonce, sealed, b"clean") is None
    assert sealing.unseal(key, b"m" * 16, sealed, clear) is None
    assert sealing.unseal(b"j" * 32, nonce, sealed, clear) is None
    assert sealing.unseal(key, nonce, sealed[:15], clear) is None
