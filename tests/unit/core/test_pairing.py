import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import pairing, words
from gatepost.core.pairing import Invitation, Joined, Refused
from gatepost.errors import GatepostError
from tests import forge
from tests.seeded import SeededKeys
from tests.unit.core import weak_keys

NOW = 1_700_000_000_000
HOME, LAB, MALLORY = SeededKeys("home"), SeededKeys("lab"), SeededKeys("mallory")
PIN = HOME.record.tls_bytes


def invitation(secret: bytes = b"s" * 16, by: SeededKeys = HOME) -> Invitation:
    return Invitation(
        endpoints=("127.0.0.1:7443", "home.example:7443"),
        node=by.node,
        tls=by.record.tls_bytes,
        secret=secret,
        expires=NOW + pairing.VALID_MS,
    )


def request(invited: Invitation, by: SeededKeys = LAB, nonce: bytes = b"a" * 16) -> bytes:
    return pairing.request(invited, by.record_bytes, "lab", nonce=nonce, sign=by.sign)


def check(
    asked: bytes, invited: Invitation, *, now: int = NOW, spki: bytes = PIN
) -> Joined | Refused:
    said = pairing.read_request(asked)
    if isinstance(said, Refused):
        return said
    return pairing.check_request(said, pairing.offer(invited), HOME.record, spki=spki, now=now)


def reply(asked: bytes, by: SeededKeys = HOME, code: str = "", nonce: bytes = b"i" * 16) -> bytes:
    spki = by.record.tls_bytes
    return pairing.reply(
        asked, by.record_bytes, "home", nonce=nonce, spki=spki, sign=by.sign, code=code
    )


def edited(data: bytes, **changes: object) -> bytes:
    return forge.plain_json({**msgspec.json.decode(data), **changes})


@given(
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**53),
    st.lists(
        st.from_regex(r"[a-z0-9.-]{1,60}:[1-9][0-9]{0,3}", fullmatch=True), min_size=1, max_size=8
    ),
)
def test_an_invitation_reads_back_from_its_string(
    secret: bytes, expires: int, endpoints: list[str]
) -> None:
    invited = msgspec.structs.replace(
        invitation(secret), expires=expires, endpoints=tuple(endpoints)
    )
    text = pairing.show_invitation(invited)
    assert pairing.parse_invitation(text) == invited
    assert pairing.parse_invitation(f"  {text}\n") == invited
    assert text.startswith("gp1-")
    assert text.removeprefix("gp1-").isalnum()


def test_every_altered_character_of_an_invitation_is_noticed() -> None:
    text = pairing.show_invitation(invitation())
    for at, right in enumerate(text):
        for wrong in {"a", "7", "x", "-", "0", " ", "é", right.upper()} - {right}:
            with pytest.raises(GatepostError) as caught:
                pairing.parse_invitation(text[:at] + wrong + text[at + 1 :])
            assert caught.value.code == "invitation.invalid"


def test_every_cut_of_an_invitation_is_noticed() -> None:
    text = pairing.show_invitation(invitation())
    for bad in [*(text[:n] for n in range(len(text))), text + "a", text + text, text[1:]]:
        with pytest.raises(GatepostError):
            pairing.parse_invitation(bad)


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoints": ()},
        {"endpoints": tuple(f"a:{n}" for n in range(1, 10))},
        {"endpoints": ("nowhere",)},
        {"endpoints": ("a:0",)},
    ],
)
def test_an_invitation_with_endpoints_outside_the_rules_is_no_invitation(
    changes: dict[str, tuple[str, ...]],
) -> None:
    invited = msgspec.structs.replace(invitation(), **changes)
    with pytest.raises(GatepostError):
        pairing.parse_invitation(pairing.show_invitation(invited))


@given(st.text(max_size=60))
def test_any_other_text_is_no_invitation(text: str) -> None:
    for bad in (text, "gp1-" + text):
        with pytest.raises(GatepostError):
            pairing.parse_invitation(bad)


@pytest.mark.requirement("T11")
def test_what_the_inviter_keeps_does_not_redeem_its_invitation() -> None:
    invited = invitation()
    kept = msgspec.json.encode(pairing.offer(invited))
    assert invited.secret not in kept
    assert invited.secret.hex().encode() not in kept
    assert base64.b64encode(invited.secret) not in kept
    assert pairing.offer(invited).id != pairing.offer(invitation(b"t" * 16)).id


def test_a_pairing_ends_with_each_others_record_and_the_same_six_words() -> None:
    invited = invitation()
    asked = request(invited)
    assert check(asked, invited) == Joined(LAB.record, LAB.record_bytes, "lab")
    said = reply(asked)
    assert pairing.check_reply(asked, said, invited) == Joined(
        HOME.record, HOME.record_bytes, "home"
    )
    phrase = pairing.phrase(asked, said)
    assert len(phrase.split()) == 6
    assert set(phrase.split()) <= set(words.WORDS)


def test_an_expired_invitation_is_refused() -> None:
    invited = invitation()
    assert isinstance(check(request(invited), invited, now=invited.expires - 1), Joined)
    found = check(request(invited), invited, now=invited.expires)
    assert isinstance(found, Refused)
    assert found.code == "invitation.expired"


def refused_code(found: Joined | Refused) -> str:
    assert isinstance(found, Refused)
    return found.code


def test_a_guessed_secret_is_refused() -> None:
    asked = request(invitation(b"guess" + bytes(11)))
    assert refused_code(check(asked, invitation())) == "invitation.invalid"
    named = edited(asked, invitation=pairing.offer(invitation()).id)
    assert refused_code(check(named, invitation())) == "invitation.invalid"


def test_a_request_taken_to_another_server_or_node_is_refused() -> None:
    invited = invitation()
    assert refused_code(check(request(invited), invited, spki=bytes(32))) == "invitation.invalid"
    elsewhere = msgspec.structs.replace(invited, node=MALLORY.node)
    assert refused_code(check(request(elsewhere), invited)) == "invitation.invalid"


def test_a_node_does_not_pair_with_itself() -> None:
    invited = invitation()
    assert refused_code(check(request(invited, by=HOME), invited)) == "peer.wrong_node"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "mallory"},
        {"name": "Lab"},
        {"nonce": "00" * 16},
        {"record": MALLORY.record_bytes.hex()},
        {"record": ""},
        {"v": [1, 2]},
        {"v": [2]},
        {"v": []},
        {"sig": ""},
        {"invited": ""},
        {"invitation": "x"},
        {"extra": 1},
    ],
)
def test_a_changed_request_is_refused(changes: dict[str, object]) -> None:
    invited = invitation()
    assert refused_code(check(edited(request(invited), **changes), invited)) == "invitation.invalid"


def test_a_request_with_a_weak_key_is_refused() -> None:
    invited = invitation()
    for key in weak_keys.SMALL_ORDER:
        record = msgspec.structs.replace(LAB.record, key=key.hex())
        signed = bytes(64) + msgspec.json.encode(record, order="sorted")
        asked = pairing.request(
            invited, signed, "lab", nonce=b"a" * 16, sign=lambda _, key=key: key + bytes(32)
        )
        assert refused_code(check(asked, invited)) == "invitation.invalid"


def test_a_request_not_signed_by_the_node_it_names_is_refused() -> None:
    invited = invitation()
    asked = pairing.request(invited, LAB.record_bytes, "lab", nonce=b"a" * 16, sign=MALLORY.sign)
    assert refused_code(check(asked, invited)) == "invitation.invalid"


@pytest.mark.parametrize("data", [b"", b"{}", b"GET / HTTP/1.1", bytes(pairing.MESSAGE_MAX + 1)])
def test_bytes_that_are_no_request_or_reply_are_refused(data: bytes) -> None:
    assert isinstance(pairing.read_request(data), Refused)
    assert isinstance(pairing.check_reply(request(invitation()), data, invitation()), Refused)


def test_another_node_answering_at_the_address_is_refused() -> None:
    invited = invitation()
    asked = request(invited)
    for said in (
        reply(asked, by=MALLORY),
        pairing.reply(
            asked, MALLORY.record_bytes, "home", nonce=b"i" * 16, spki=PIN, sign=MALLORY.sign
        ),
    ):
        assert isinstance(pairing.check_reply(asked, said, invited), Refused)
    assert refused_code(pairing.check_reply(asked, said, invited)) == "peer.wrong_node"


def test_a_reply_to_another_request_is_refused() -> None:
    invited = invitation()
    said = reply(request(invited, nonce=b"b" * 16))
    assert isinstance(pairing.check_reply(request(invited), said, invited), Refused)


def test_a_default_written_into_a_reply_is_refused() -> None:
    asked = request(invitation())
    said = edited(reply(asked), code="")
    assert isinstance(pairing.check_reply(asked, said, invitation()), Refused)


def test_a_refusal_arrives_as_its_code() -> None:
    invited = invitation()
    asked = request(invited)
    said = reply(asked, code="invitation.used")
    assert refused_code(pairing.check_reply(asked, said, invited)) == "invitation.used"
    forged = edited(reply(asked), code="invitation.used")
    assert refused_code(pairing.check_reply(asked, forged, invited)) == "invitation.invalid"


def test_every_flipped_bit_of_request_or_reply_is_noticed() -> None:
    invited = invitation()
    asked = request(invited)
    said = reply(asked)
    for bit in range(len(asked) * 8):
        changed = bytearray(asked)
        changed[bit // 8] ^= 1 << bit % 8
        assert isinstance(check(bytes(changed), invited), Refused)
    for bit in range(len(said) * 8):
        changed = bytearray(said)
        changed[bit // 8] ^= 1 << bit % 8
        assert isinstance(pairing.check_reply(asked, bytes(changed), invited), Refused)


@pytest.mark.requirement("T19")
def test_one_in_the_middle_shows_other_words_on_each_side() -> None:
    # Mallory has the invitation: it pairs with home as the accepter and invites lab in home's name.
    with_home = request(invitation(), by=MALLORY)
    homes = pairing.phrase(with_home, reply(with_home))
    with_lab = request(invitation(by=MALLORY))
    labs = pairing.phrase(with_lab, reply(with_lab, by=MALLORY))
    assert homes != labs


def test_the_words_depend_on_both_nonces() -> None:
    asked = request(invitation())
    again = request(invitation(), nonce=b"b" * 16)
    phrases = {
        pairing.phrase(asked, reply(asked)),
        pairing.phrase(asked, reply(asked, nonce=b"j" * 16)),
        pairing.phrase(again, reply(again)),
    }
    assert len(phrases) == 3
