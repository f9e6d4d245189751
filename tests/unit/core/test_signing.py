import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import signing
from tests import forge
from tests.seeded import SeededKeys
from tests.unit.core import weak_keys

KEYS = SeededKeys("signer")
PUBLIC = KEYS.record.key_bytes
L = 2**252 + 27742317777372353535851937790883648493
FIELDS = st.lists(st.binary(max_size=8), max_size=4)


def test_a_signature_holds_for_its_key_and_data_only() -> None:
    signature = KEYS.sign(b"data")
    assert signing.verify(PUBLIC, signature, b"data")
    assert not signing.verify(PUBLIC, signature, b"date")
    assert not signing.verify(SeededKeys("other").record.key_bytes, signature, b"data")


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_a_signature_of_another_length_does_not_hold(length: int) -> None:
    signature = (KEYS.sign(b"data") * 2)[:length]
    assert not signing.verify(PUBLIC, signature, b"data")
    # The bytes left over must not count as data either.
    assert not signing.verify(PUBLIC, KEYS.sign(b"data") + b"da", b"ta")


def test_every_flipped_bit_of_a_signature_is_noticed() -> None:
    signature = KEYS.sign(b"data")
    for bit in range(512):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not signing.verify(PUBLIC, bytes(changed), b"data")


def test_a_malleated_signature_does_not_hold() -> None:
    signature = KEYS.sign(b"data")
    s = int.from_bytes(signature[32:], "little")
    for n in range(1, 15):
        malleated = signature[:32] + (s + n * L).to_bytes(32, "little")
        assert not signing.verify(PUBLIC, malleated, b"data")


def test_nothing_verifies_under_a_weak_key() -> None:
    # R = the identity and S = 0 satisfy the equation of every message when the key is the identity.
    forgery = weak_keys.IDENTITY + bytes(32)
    Ed25519PublicKey.from_public_bytes(weak_keys.IDENTITY).verify(forgery, b"whatever you like")
    for key in weak_keys.ED25519:
        for r in (weak_keys.IDENTITY, key):
            assert not signing.verify(key, r + bytes(32), b"whatever you like")


@given(FIELDS, FIELDS)
def test_different_fields_never_make_the_same_transcript(
    one: list[bytes], other: list[bytes]
) -> None:
    same = signing.transcript("frame", *one) == signing.transcript("frame", *other)
    assert same == (one == other)


def test_a_transcript_is_bound_to_its_purpose() -> None:
    assert signing.transcript("frame", b"x") != signing.transcript("record", b"x")
    assert signing.transcript("frame", b"x") == forge.prefixed(b"gatepost/1", b"frame", b"x")


def test_key_ids_tell_keys_apart() -> None:
    other = SeededKeys("other").record.key_bytes
    assert signing.key_id(PUBLIC) == forge.key_id(PUBLIC).hex()
    assert signing.key_id(PUBLIC) != signing.key_id(other)
