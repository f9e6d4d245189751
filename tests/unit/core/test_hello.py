from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest

from gatepost.core import canonical, hello, identity
from gatepost.core.hello import Greeted, Proven, Refused
from gatepost.core.identity import NodeRecord
from tests import forge
from tests.seeded import SeededKeys

HOME, LAB = SeededKeys("home"), SeededKeys("lab")
PIN = bytes(range(32))
HOMES, LABS = forge.control(first=7), forge.control(first=9)

Change = Callable[[bytes], bytes]


def same(data: bytes) -> bytes:
    return data


@dataclass(kw_only=True)
class Meeting:
    """One hello from `dialler` to `listener`; each message may be changed on its way."""

    dialler: SeededKeys = HOME
    listener: SeededKeys = LAB
    known_dialler: NodeRecord = HOME.record
    known_listener: NodeRecord = LAB.record
    seen_pin: bytes = PIN
    own_pin: bytes = PIN
    change_hello: Change = same
    change_answer: Change = same
    change_proof: Change = same
    said: dict[str, bytes] = field(default_factory=dict)

    def held(self) -> tuple[Greeted | None, Greeted | None]:
        """What (dialler, listener) hold of each other in the end."""
        sent = hello.hello(self.dialler.record, self.known_listener, b"d" * 32)
        heard = self.change_hello(sent)
        claim = hello.read_hello(heard, self.listener.node)
        if isinstance(claim, Refused) or claim.node != self.known_dialler.node:
            return None, None
        answer = hello.answer(
            self.listener.record,
            self.listener.record_bytes,
            heard,
            peer=self.known_dialler,
            control=LABS,
            nonce=b"l" * 32,
            spki=self.own_pin,
            sign=self.listener.sign,
        )
        proven = hello.prove(
            self.dialler.record,
            self.dialler.record_bytes,
            sent,
            self.change_answer(answer),
            peer=self.known_listener,
            control=HOMES,
            spki=self.seen_pin,
            sign=self.dialler.sign,
        )
        self.said = {"hello": sent, "answer": answer}
        if not isinstance(proven, Proven):
            return None, None
        self.said["proof"] = proven.proof
        finished = hello.finish(
            heard,
            answer,
            self.change_proof(proven.proof),
            peer=self.known_dialler,
            spki=self.own_pin,
        )
        return proven.peer, finished if isinstance(finished, Greeted) else None


def edit(**changes: object) -> Change:
    def change(data: bytes) -> bytes:
        return forge.plain_json({**msgspec.json.decode(data), **changes})

    return change


def test_two_nodes_that_know_each_other_hold_each_others_greeting() -> None:
    listener, dialler = Meeting().held()
    assert listener == Greeted(LAB.record, LABS)
    assert dialler == Greeted(HOME.record, HOMES)


@pytest.mark.parametrize(
    "meeting",
    [
        Meeting(seen_pin=bytes(32)),
        Meeting(own_pin=bytes(32)),
        Meeting(listener=SeededKeys("mallory"), change_hello=edit(to=SeededKeys("mallory").node)),
        Meeting(change_hello=edit(v=[1, 9])),
        Meeting(change_hello=edit(nonce="00" * 32)),
        Meeting(change_hello=edit(seq=7)),
        Meeting(change_hello=edit(knows=7)),
        Meeting(change_answer=edit(v=2)),
        Meeting(change_answer=edit(nonce="00" * 32)),
        Meeting(change_answer=edit(seq=7)),
        Meeting(change_answer=edit(control="7b7d")),
        Meeting(change_answer=edit(node=HOME.node)),
        Meeting(change_answer=edit(extra=1)),
        Meeting(change_answer=edit(record="")),
        Meeting(change_answer=edit(sig="")),
    ],
)
def test_nobody_in_the_middle_gets_a_greeting(meeting: Meeting) -> None:
    assert meeting.held() == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        edit(control="7b7d"),
        edit(sig=""),
        edit(record=""),
        edit(extra=1),
        lambda _: b"",
        lambda p: p + b" ",
    ],
)
def test_a_changed_proof_authenticates_nobody(change: Change) -> None:
    listener, dialler = Meeting(change_proof=change).held()
    assert listener is not None
    assert dialler is None


def test_every_flipped_bit_of_any_message_is_noticed() -> None:
    whole = Meeting()
    assert None not in whole.held()
    for name in ("hello", "answer", "proof"):
        for bit in range(len(whole.said[name]) * 8):

            def flip(data: bytes, bit: int = bit) -> bytes:
                changed = bytearray(data)
                changed[bit // 8] ^= 1 << bit % 8
                return bytes(changed)

            meeting = Meeting()
            setattr(meeting, f"change_{name}", flip)
            listener, dialler = meeting.held()
            assert dialler is None
            assert listener is None or name == "proof"


def test_a_hello_sent_back_to_its_dialler_is_refused() -> None:
    sent = hello.hello(HOME.record, LAB.record, b"d" * 32)
    assert isinstance(hello.read_hello(sent, HOME.node), Refused)
    assert isinstance(hello.read_hello(edit(to=HOME.node)(sent), HOME.node), Refused)


def test_an_answer_reflected_as_a_proof_authenticates_nobody() -> None:
    meeting = Meeting()
    meeting.held()
    said = msgspec.json.decode(meeting.said["answer"])
    proof = forge.plain_json({"control": said["control"], "sig": said["sig"]})
    for peer in (HOME.record, LAB.record):
        found = hello.finish(
            meeting.said["hello"], meeting.said["answer"], proof, peer=peer, spki=PIN
        )
        assert isinstance(found, Refused)


def test_a_proof_of_an_older_meeting_authenticates_nobody() -> None:
    older = Meeting()
    older.held()
    answer = edit(nonce="00" * 32)(older.said["answer"])
    found = hello.finish(
        older.said["hello"], answer, older.said["proof"], peer=HOME.record, spki=PIN
    )
    assert isinstance(found, Refused)


@pytest.mark.parametrize(
    "change",
    [
        edit(v=[2]),
        edit(v=[]),
        edit(v=[1] * 17),
        edit(extra=1),
        edit(node="home"),
        edit(to=HOME.node),
        lambda _: b"",
        lambda _: b"GET / HTTP/1.1\r\n\r\n",
        lambda d: d + b" " * 2000,
        lambda d: d.replace(b'"v":[1]', b'"v":[1],"v":[1]'),
    ],
)
def test_a_hello_outside_the_rules_is_refused(change: Change) -> None:
    sent = hello.hello(HOME.record, LAB.record, b"d" * 32)
    assert isinstance(hello.read_hello(sent, LAB.node), hello.Hello)
    assert isinstance(hello.read_hello(change(sent), LAB.node), Refused)


def test_a_newer_version_and_ours_meet_at_ours() -> None:
    sent = edit(v=[1, 2])(hello.hello(HOME.record, LAB.record, b"d" * 32))
    answer = hello.answer(
        LAB.record,
        LAB.record_bytes,
        sent,
        peer=HOME.record,
        control=LABS,
        nonce=b"l" * 32,
        spki=PIN,
        sign=LAB.sign,
    )
    assert canonical.decode(answer, hello.Answer).v == 1


def test_a_newer_record_comes_with_the_hello_from_either_side() -> None:
    home = SeededKeys("home", seq=2, endpoints=("127.0.0.1:1",))
    lab = SeededKeys("lab", seq=5, generation=2)
    listener, dialler = Meeting(dialler=home, listener=lab).held()
    assert listener == Greeted(lab.record, LABS, True, lab.record_bytes)
    assert dialler == Greeted(home.record, HOMES, True, home.record_bytes)


def test_an_older_record_does_not_come_back_with_the_hello() -> None:
    newer = SeededKeys("lab", seq=2, generation=1)
    assert Meeting(known_listener=newer.record).held() == (None, None)
    fork = SeededKeys("home", endpoints=("127.0.0.1:1",)).record
    listener, dialler = Meeting(known_dialler=fork).held()
    assert listener is not None
    assert dialler == Greeted(fork, HOMES)  # same key and seq: nothing was sent to compare


def test_a_record_of_another_node_in_the_hello_is_refused() -> None:
    lab = SeededKeys("lab", seq=2)
    wrong = SeededKeys("mallory", seq=3)
    lab.record_bytes = wrong.record_bytes
    assert Meeting(listener=lab).held() == (None, None)
    lab.record_bytes = identity.sign_record(lab.record, wrong.sign)
    assert Meeting(listener=lab).held() == (None, None)


def test_a_greeting_too_large_is_refused() -> None:
    sent = hello.hello(HOME.record, LAB.record, b"d" * 32)
    answer = hello.answer(
        LAB.record,
        LAB.record_bytes,
        sent,
        peer=HOME.record,
        control=bytes(hello.GREETING_MAX + 1),
        nonce=b"l" * 32,
        spki=PIN,
        sign=LAB.sign,
    )
    found = hello.prove(
        HOME.record,
        HOME.record_bytes,
        sent,
        answer,
        peer=LAB.record,
        control=HOMES,
        spki=PIN,
        sign=HOME.sign,
    )
    assert isinstance(found, Refused)
