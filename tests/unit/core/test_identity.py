import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import nacl.bindings
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import canonical, identity, signing
from gatepost.core.address import is_node_id
from gatepost.errors import GatepostError
from tests.seeded import SeededKeys
from tests.unit.core import weak_keys

NODE = SeededKeys("home").node
ENDPOINTS = ("127.0.0.1:7443", "home.example:7443", "[::1]:7443")
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def signed_json(keys: SeededKeys, data: bytes) -> bytes:
    return keys.sign(signing.transcript("record", data)) + data


def altered(keys: SeededKeys, **changes: Any) -> bytes:
    record = msgspec.structs.replace(keys.record, **changes)
    return identity.sign_record(record, keys.sign)


def test_a_node_id_is_the_hash_of_its_first_key_and_the_promise_of_the_next() -> None:
    record = SeededKeys("home").record
    data = b"gatepost/1 node" + record.key_bytes + bytes.fromhex(record.next)
    n = int.from_bytes(hashlib.sha256(data).digest(), "big") << 4
    spelled = "".join(ALPHABET[n >> 5 * i & 31] for i in reversed(range(52)))
    assert record.node == spelled
    assert is_node_id(record.node)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_shown_node_id_reads_back_however_it_is_typed(key: bytes, promise: bytes) -> None:
    node = identity.node_id(key, promise)
    shown = identity.show(node)
    assert [len(group) for group in shown.split("-")] == [7] * 8
    assert shown.startswith(identity.short(node))
    for typed in (shown, shown.upper(), shown.replace("-", " "), shown.replace("-", ""), node):
        assert identity.parse_shown(typed) == node


def test_every_mistyped_character_of_a_shown_node_id_is_noticed() -> None:
    shown = identity.show(NODE)
    for at, right in enumerate(shown):
        for wrong in ALPHABET if right != "-" else "":
            if wrong != right:
                with pytest.raises(GatepostError, match=f"{at // 8 + 1}"):
                    identity.parse_shown(shown[:at] + wrong + shown[at + 1 :])


def test_every_exchange_of_two_characters_within_a_block_is_noticed() -> None:
    plain = identity.show(NODE).replace("-", "")
    for start in range(0, 56, 14):
        for i in range(start, start + 14):
            for j in range(i + 1, start + 14):
                swapped = list(plain)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                if "".join(swapped) != plain:
                    with pytest.raises(GatepostError):
                        identity.parse_shown("".join(swapped))


@pytest.mark.parametrize("text", ["", "home", NODE[:-1], NODE + "a", "1" * 56, "ä" * 56])
def test_what_is_no_node_id_is_refused(text: str) -> None:
    with pytest.raises(GatepostError) as caught:
        identity.parse_shown(text)
    assert caught.value.code == "address.invalid"


@pytest.mark.requirement("T18")
@pytest.mark.parametrize("key", weak_keys.ED25519, ids=bytes.hex)
def test_no_weak_signing_key_is_admitted(key: bytes) -> None:
    with pytest.raises(identity.BadKey):
        identity.check_key(key)
    with pytest.raises(identity.BadRecord):
        identity.verify_record(altered(SeededKeys("home"), key=key.hex()))


def test_a_key_outside_the_main_subgroup_is_not_admitted() -> None:
    key = SeededKeys("home").record.key_bytes
    torsion = weak_keys.SMALL_ORDER[4]  # y = -1, order 2
    p = 2**255 - 19
    # Adding the point of order 2 negates both coordinates.
    y = int.from_bytes(key, "little") & (1 << 255) - 1
    sign = 1 - (key[31] >> 7)
    mixed = (p - y | sign << 255).to_bytes(32, "little")
    assert torsion == (p - 1).to_bytes(32, "little")
    identity.check_key(key)
    with pytest.raises(identity.BadKey):
        identity.check_key(mixed)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_not_admitted(key: bytes) -> None:
    for check in (identity.check_key, identity.check_seal):
        with pytest.raises(identity.BadKey):
            check(key)


@pytest.mark.parametrize("key", weak_keys.X25519, ids=bytes.hex)
def test_no_seal_key_with_a_zero_secret_is_admitted(key: bytes) -> None:
    with pytest.raises(identity.BadKey):
        identity.check_seal(key)
    with pytest.raises(identity.BadRecord):
        identity.verify_record(altered(SeededKeys("home"), seal=key.hex()))


def test_sound_keys_are_admitted() -> None:
    for n in range(8):
        record = SeededKeys(str(n)).record
        identity.check_key(record.key_bytes)
        identity.check_seal(record.seal_bytes)


@pytest.mark.parametrize("generation", [0, 1, 5])
def test_a_record_reads_back_from_its_signed_bytes(generation: int) -> None:
    keys = SeededKeys("home", endpoints=ENDPOINTS, generation=generation)
    record = identity.verify_record(keys.record_bytes)
    assert record == keys.record
    assert record.node == NODE
    assert record.key_id == signing.key_id(record.key_bytes)


def test_every_flipped_bit_of_a_record_is_noticed() -> None:
    good = SeededKeys("home", endpoints=ENDPOINTS[:1], generation=1).record_bytes
    for bit in range(len(good) * 8):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(identity.BadRecord):
            identity.verify_record(bytes(changed))


@given(st.binary(max_size=300))
def test_any_other_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(identity.BadRecord):
        identity.verify_record(data)


def test_a_record_cut_short_or_too_long_is_refused() -> None:
    good = SeededKeys("home").record_bytes
    for bad in (good[:-1], good[:64], good + b" ", good + bytes(identity.RECORD_MAX)):
        with pytest.raises(identity.BadRecord):
            identity.verify_record(bad)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.replace(b'{"endpoints"', b'{"admin":true,"endpoints"'),
        lambda d: d.replace(b'"seq":1', b'"seq":1,"seq":1'),
        lambda d: d.replace(b'"seq":1', b'"seq":1.0'),
        lambda d: d.replace(b'"seq":1', b'"seq":-1'),
        lambda d: d.replace(b'"seq":1', b'"seq": 1'),
        lambda d: d.replace(b'"seq":1', b'"seq":null'),
        lambda d: d.replace(b"127.0.0.1:7443", b"127.0.0.1"),
        lambda d: d.replace(b"127.0.0.1:7443", b"127.0.0.1:0"),
        lambda d: d.replace(b"127.0.0.1:7443", b"127.0.0.1:65536"),
        lambda d: d.replace(b"127.0.0.1:7443", b"a b:1"),
        lambda d: d.replace(b"127.0.0.1:7443", b"user@host:1"),
    ],
)
def test_a_signed_record_outside_the_rules_is_refused(change: Callable[[bytes], bytes]) -> None:
    keys = SeededKeys("home", endpoints=ENDPOINTS[:1])
    data = keys.record_bytes[64:]
    assert identity.verify_record(signed_json(keys, data)) == keys.record
    assert change(data) != data
    with pytest.raises(identity.BadRecord):
        identity.verify_record(signed_json(keys, change(data)))


def test_a_record_may_not_claim_another_nodes_id() -> None:
    with pytest.raises(identity.BadRecord, match="first key"):
        identity.verify_record(altered(SeededKeys("mallory"), node=NODE))


def test_a_record_may_not_claim_a_past_that_did_not_promise_its_key() -> None:
    home = SeededKeys("home").record
    thief = SeededKeys("thief")
    forged = altered(thief, node=NODE, past=((home.key, home.next),))
    with pytest.raises(identity.BadRecord, match="promised"):
        identity.verify_record(forged)


def test_a_record_signed_by_an_older_key_is_refused() -> None:
    rotated = SeededKeys("home", generation=1)
    signed = identity.sign_record(rotated.record, SeededKeys("home").sign)
    with pytest.raises(identity.BadRecord, match="signature"):
        identity.verify_record(signed)


def test_a_signature_for_another_purpose_is_no_record_signature() -> None:
    keys = SeededKeys("home")
    data = canonical.encode(keys.record)
    with pytest.raises(identity.BadRecord, match="signature"):
        identity.verify_record(keys.sign(signing.transcript("frame", data)) + data)


def test_the_same_record_again_changes_nothing() -> None:
    record = SeededKeys("home").record
    assert identity.accept_successor(record, record) == identity.Accepted(record, changed=False)


def test_a_higher_seq_replaces_a_record() -> None:
    old, new = SeededKeys("home").record, SeededKeys("home", seq=2, endpoints=ENDPOINTS).record
    assert identity.accept_successor(old, new) == identity.Accepted(new, changed=True)


@pytest.mark.requirement("T24")
def test_a_lower_seq_is_a_rollback() -> None:
    old, new = SeededKeys("home", seq=3).record, SeededKeys("home", seq=2).record
    assert identity.accept_successor(old, new) == identity.Refused("rollback")


def test_two_records_of_one_seq_freeze_the_peer() -> None:
    old, new = SeededKeys("home").record, SeededKeys("home", endpoints=ENDPOINTS).record
    assert identity.accept_successor(old, new) == identity.Refused("freeze")


@pytest.mark.parametrize("generation", [1, 4])
def test_a_promised_key_replaces_the_key_also_when_steps_were_missed(generation: int) -> None:
    old = SeededKeys("home").record
    new = identity.verify_record(SeededKeys("home", seq=9, generation=generation).record_bytes)
    assert identity.accept_successor(old, new) == identity.Accepted(new, changed=True, rotated=True)


@pytest.mark.requirement("T10")
def test_a_thief_of_the_old_key_cannot_come_back_after_a_rotation() -> None:
    recovered = SeededKeys("home", seq=2, generation=1).record
    stolen = SeededKeys("home", seq=2**53 - 1, endpoints=ENDPOINTS).record
    assert identity.accept_successor(recovered, stolen) == identity.Refused("rollback")


@pytest.mark.requirement("T10")
def test_a_thief_of_the_old_key_cannot_outrun_the_owners_rotation() -> None:
    stolen = SeededKeys("home", seq=2**53 - 1, endpoints=ENDPOINTS).record
    recovered = SeededKeys("home", seq=2, generation=1).record
    assert identity.accept_successor(stolen, recovered) == identity.Accepted(
        recovered, changed=True, rotated=True
    )


def test_two_promises_by_one_later_key_freeze_the_peer() -> None:
    old = SeededKeys("home", seq=2, generation=1)
    _, other = nacl.bindings.crypto_sign_seed_keypair(bytes(32))
    promise = hashlib.sha256(other[32:]).hexdigest()
    fork = identity.verify_record(altered(old, seq=3, next=promise))
    assert identity.accept_successor(old.record, fork) == identity.Refused("freeze")


def test_another_nodes_record_replaces_nothing() -> None:
    old, new = SeededKeys("home").record, SeededKeys("lab", seq=2).record
    assert identity.accept_successor(old, new) == identity.Refused("node")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("localhost:1", True),
        ("[fe80::1]:65535", True),
        ("a.b-c_d:7443", True),
        ("a:65536", False),
        ("a:0", False),
        ("a:07", False),
        (":1", False),
        ("a", False),
        ("a:", False),
        ("::1:7443", False),
        ("a/b:1", False),
        ("http://a:1", False),
        ("ä:1", False),
        ("a:1\n", False),
        ("a:\u0661", False),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(text: str, good: bool) -> None:
    assert identity.is_endpoint(text) is good
