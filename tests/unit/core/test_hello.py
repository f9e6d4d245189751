from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest

from gatepost.core import canonical, hello, identity, signing
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
        sent = first(self.dialler, self.known_listener, self.seen_pin)
        heard = self.change_hello(sent)
        claim = hello.read_hello(heard, self.listener.node)
        if isinstance(claim, Refused):
            return None, None
        known = self.known_dialler if claim.node == self.known_dialler.node else None
        caller = hello.call(claim, known=known, me=self.listener.record, spki=self.own_pin)
        self.said = {"hello": sent}
        if isinstance(caller, Refused):
            return None, None
        answer = hello.answer(
            self.listener.record,
            self.listener.record_bytes,
            heard,
            control=LABS,
            nonce=b"l" * 32,
            spki=self.own_pin,
            sign=self.listener.sign,
        )
        proven = hello.prove(
            sent,
            self.change_answer(answer),
            peer=self.known_listener,
            control=HOMES,
            spki=self.seen_pin,
            sign=self.dialler.sign,
        )
        self.said["answer"] = answer
        if not isinstance(proven, Proven):
            return None, None
        self.said["proof"] = proven.proof
        finished = hello.finish(
            heard,
            answer,
            self.change_proof(proven.proof),
            caller=caller,
            spki=self.own_pin,
        )
        return proven.peer, finished if isinstance(finished, Greeted) else None


def first(dialler: SeededKeys, listener: NodeRecord, pin: bytes = PIN) -> bytes:
    """The dialler's first message."""
    return hello.hello(
        dialler.record,
        dialler.record_bytes,
        listener,
        nonce=b"d" * 32,
        spki=pin,
        sign=dialler.sign,
    )


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
        Meeting(change_hello=edit(knows="00" * 32)),
        Meeting(change_hello=edit(record="")),
        Meeting(change_hello=edit(sig="")),
        Meeting(change_answer=edit(v=2)),
        Meeting(change_answer=edit(nonce="00" * 32)),
        Meeting(change_answer=edit(record=LAB.record_bytes.hex())),
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
    sent = first(HOME, LAB.record)
    assert isinstance(hello.read_hello(sent, HOME.node), Refused)
    assert isinstance(hello.read_hello(edit(to=HOME.node)(sent), HOME.node), Refused)


def test_an_answer_reflected_as_a_proof_authenticates_nobody() -> None:
    meeting = Meeting()
    meeting.held()
    said = msgspec.json.decode(meeting.said["answer"])
    proof = forge.plain_json({"control": said["control"], "sig": said["sig"]})
    for peer in (HOME.record, LAB.record):
        found = hello.finish(
            meeting.said["hello"],
            meeting.said["answer"],
            proof,
            caller=hello.Caller(peer),
            spki=PIN,
        )
        assert isinstance(found, Refused)


def test_a_proof_of_an_older_meeting_authenticates_nobody() -> None:
    older = Meeting()
    older.held()
    answer = edit(nonce="00" * 32)(older.said["answer"])
    found = hello.finish(
        older.said["hello"],
        answer,
        older.said["proof"],
        caller=hello.Caller(HOME.record),
        spki=PIN,
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
        lambda d: d + b" " * hello.HELLO_MAX,
        lambda d: d.replace(b'"v":[1]', b'"v":[1],"v":[1]'),
    ],
)
def test_a_hello_outside_the_rules_is_refused(change: Change) -> None:
    sent = first(HOME, LAB.record)
    assert isinstance(hello.read_hello(sent, LAB.node), hello.Hello)
    assert isinstance(hello.read_hello(change(sent), LAB.node), Refused)


def test_a_newer_version_and_ours_meet_at_ours() -> None:
    sent = edit(v=[1, 2])(first(HOME, LAB.record))
    answer = hello.answer(
        LAB.record,
        LAB.record_bytes,
        sent,
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


def test_an_older_record_of_the_same_key_changes_nothing() -> None:
    newer = SeededKeys("lab", seq=2)
    listener, dialler = Meeting(known_listener=newer.record).held()
    assert listener == Greeted(newer.record, LABS)
    assert dialler is not None
    older = SeededKeys("home", seq=2)
    assert Meeting(known_dialler=older.record).held()[1] == Greeted(older.record, HOMES)


def test_who_holds_only_an_older_key_is_nobody() -> None:
    newer = SeededKeys("lab", seq=2, generation=1)
    assert Meeting(known_listener=newer.record).held() == (None, None)
    rotated = SeededKeys("home", seq=2, generation=1)
    assert Meeting(known_dialler=rotated.record).held() == (None, None)
    # Nor does the newest record help, which is no secret.
    thief = SeededKeys("home")
    thief.record_bytes = rotated.record_bytes
    meeting = Meeting(dialler=thief)
    assert meeting.held() == (None, None)
    assert "answer" not in meeting.said, "it heard nothing"


def call(meeting: Meeting) -> hello.Caller | Refused:
    """What the listener makes of the first message."""
    heard = meeting.change_hello(first(meeting.dialler, meeting.known_listener))
    said = hello.read_hello(heard, meeting.listener.node)
    assert isinstance(said, hello.Hello)
    return hello.call(said, known=meeting.known_dialler, me=meeting.listener.record, spki=PIN)


def test_two_records_that_cannot_both_be_true_are_a_conflict_on_either_side() -> None:
    fork = SeededKeys("home", endpoints=("127.0.0.1:1",))
    found = call(Meeting(known_dialler=fork.record))
    assert found == Refused("its record is refused: freeze", HOME.record_bytes)
    moved = SeededKeys("lab", endpoints=("127.0.0.1:1",))
    sent = first(HOME, moved.record)
    answer = hello.answer(
        LAB.record,
        LAB.record_bytes,
        sent,
        control=LABS,
        nonce=b"l" * 32,
        spki=PIN,
        sign=LAB.sign,
    )
    seen = hello.check_answer(sent, answer, peer=moved.record, spki=PIN)
    assert seen == Refused("its record is refused: freeze", LAB.record_bytes)


def test_nobody_but_the_node_itself_can_show_a_conflict_of_its_records() -> None:
    fork = SeededKeys("home", endpoints=("127.0.0.1:1",))
    mallory = SeededKeys("mallory")
    mallory.record_bytes = HOME.record_bytes
    stolen = edit(node=HOME.node)(first(mallory, LAB.record))
    found = call(Meeting(known_dialler=fork.record, change_hello=lambda _: stolen))
    assert isinstance(found, Refused)
    assert found.conflict == b""


@pytest.mark.requirement("T25")
def test_a_first_message_without_the_nodes_signature_hears_nothing() -> None:
    mallory = SeededKeys("mallory")
    forged = edit(node=HOME.node, record=HOME.record_bytes.hex())(first(mallory, LAB.record))
    meeting = Meeting(change_hello=lambda _: forged)
    assert meeting.held() == (None, None)
    assert "answer" not in meeting.said


@pytest.mark.requirement("T25")
def test_what_is_verified_for_a_stranger_is_what_is_verified_for_a_peer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mallory, verify = SeededKeys("mallory"), signing.verify
    counted: list[int] = []

    def count(public: bytes, signature: bytes, data: bytes) -> bool:
        counted[-1] += 1
        return verify(public, signature, data)

    monkeypatch.setattr(signing, "verify", count)
    records = (mallory.record_bytes, HOME.record_bytes, b"", bytes(200))
    rotated = SeededKeys("home", seq=2, generation=1).record_bytes
    for record in (*records, rotated):
        forged = edit(node=HOME.node, record=record.hex())(first(mallory, LAB.record))
        said = hello.read_hello(forged, LAB.node)
        assert isinstance(said, hello.Hello)
        for known in (HOME.record, None):
            counted.append(0)
            assert isinstance(hello.call(said, known=known, me=LAB.record, spki=PIN), Refused)
        assert counted[-1] == counted[-2]


def test_a_record_of_another_node_in_the_hello_is_refused() -> None:
    lab = SeededKeys("lab", seq=2)
    wrong = SeededKeys("mallory", seq=3)
    lab.record_bytes = wrong.record_bytes
    assert Meeting(listener=lab).held() == (None, None)
    lab.record_bytes = identity.sign_record(lab.record, wrong.sign)
    assert Meeting(listener=lab).held() == (None, None)


def test_a_greeting_too_large_is_refused() -> None:
    sent = first(HOME, LAB.record)
    answer = hello.answer(
        LAB.record,
        LAB.record_bytes,
        sent,
        control=bytes(hello.GREETING_MAX + 1),
        nonce=b"l" * 32,
        spki=PIN,
        sign=LAB.sign,
    )
    found = hello.prove(
        sent,
        answer,
        peer=LAB.record,
        control=HOMES,
        spki=PIN,
        sign=HOME.sign,
    )
    assert isinstance(found, Refused)
