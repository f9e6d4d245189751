"""Two nodes that were told of each other meet; nobody in between, and nobody else, is either."""

from collections.abc import Callable

import msgspec
import pytest

from gatepost.core import meeting
from gatepost.core.pairing import Joined, Refused
from tests import forge
from tests.seeded import SeededKeys

HOME, LAB = SeededKeys("home"), SeededKeys("lab")
MALLORY = SeededKeys("mallory")
PIN = LAB.record.tls_bytes


def meet(by: SeededKeys = HOME, to: str = LAB.node, spki: bytes = PIN, memory: str = "") -> bytes:
    return meeting.meet(
        by.record_bytes,
        to,
        nonce=b"h" * 16,
        spki=spki,
        sign=by.sign,
        memory=memory,  # type: ignore[arg-type]
    )


def met(heard: bytes, by: SeededKeys = LAB, spki: bytes = PIN, **more: object) -> bytes:
    return meeting.met(
        heard,
        by.record_bytes,
        nonce=b"l" * 16,
        spki=spki,
        sign=by.sign,
        **more,  # type: ignore[arg-type]
    )


def edit(data: bytes, **changes: object) -> bytes:
    return forge.plain_json({**msgspec.json.decode(data), **changes})


def test_both_hold_each_others_record_and_show_the_same_six_words() -> None:
    heard = meet(memory="kept")
    found = meeting.check_meet(heard, LAB.record, spki=PIN)
    assert found == Joined(HOME.record, HOME.record_bytes, "", memory="kept")
    reply = met(heard, anew=True)
    back = meeting.check_met(heard, reply, LAB.node, spki=PIN)
    assert back == Joined(LAB.record, LAB.record_bytes, "", anew=True)
    words = meeting.phrase(HOME.node, LAB.node)
    assert words == meeting.phrase(LAB.node, HOME.node)
    assert len(words.split()) == 6
    assert words != meeting.phrase(HOME.node, MALLORY.node)


@pytest.mark.requirement("T02", "T18")
@pytest.mark.parametrize(
    "data",
    [
        edit(meet(), record=MALLORY.record_bytes.hex()),
        edit(meet(MALLORY), record=HOME.record_bytes.hex()),
        edit(meet(), nonce="00" * 16),
        edit(meet(), memory="active"),
        edit(meet(), to=MALLORY.node),
        edit(meet(), sig=""),
        edit(meet(), v=[2]),
        edit(meet(), extra=1),
        meet(spki=MALLORY.record.tls_bytes),
        meet(to=MALLORY.node),
        meet(LAB, to=LAB.node),
        b"",
        b"{}",
        meet() + b" ",
        bytes(200_000),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_whatever_is_altered_or_meant_for_another_meets_nobody(data: bytes) -> None:
    assert isinstance(meeting.check_meet(data, LAB.record, spki=PIN), Refused)


@pytest.mark.requirement("T02", "T18")
@pytest.mark.parametrize(
    "reply",
    [
        lambda heard: met(heard, MALLORY, MALLORY.record.tls_bytes),
        lambda heard: edit(met(heard, MALLORY), record=LAB.record_bytes.hex()),
        lambda heard: edit(met(heard), anew=True),
        lambda heard: edit(met(heard), code="invitation.goes_on"),
        lambda heard: edit(met(heard), sig=""),
        lambda heard: met(meet(MALLORY)),
        lambda heard: met(edit(heard, nonce="00" * 16)),
        lambda heard: heard,
        lambda heard: b"",
    ],
)
def test_nobody_answers_for_the_declared_node(reply: Callable[[bytes], bytes]) -> None:
    heard = meet()
    assert isinstance(meeting.check_met(heard, reply(heard), LAB.node, spki=PIN), Refused)


@pytest.mark.requirement("T02")
def test_one_in_the_middle_with_a_tls_key_of_its_own_can_pass_nothing_on() -> None:
    own = MALLORY.record.tls_bytes
    heard = meet(spki=own)  # home sees mallory's TLS key
    assert isinstance(meeting.check_meet(heard, LAB.record, spki=PIN), Refused)
    reply = met(heard)  # and even if lab had answered it
    assert isinstance(meeting.check_met(heard, reply, LAB.node, spki=own), Refused)


def test_a_refusal_comes_with_its_code() -> None:
    heard = meet()
    found = meeting.check_met(heard, met(heard, code="invitation.goes_on"), LAB.node, spki=PIN)
    assert isinstance(found, Refused)
    assert found.code == "invitation.goes_on"
