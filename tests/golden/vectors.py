"""The golden frames: what must be accepted, and at which rung the rest must be refused.

Everything follows from seeds, so the files are the same wherever they are made.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from gatepost.core import hello, identity
from tests import forge
from tests.forge import CONTROL, LIFE, NOW, Forged, control, entry, message, plain_json, update
from tests.seeded import SeededKeys, hpke_seal_to_zero
from tests.unit.core import weak_keys

HOME = SeededKeys("home", endpoints=("127.0.0.1:7443",))
LAB = SeededKeys("lab", endpoints=("127.0.0.1:7444", "[::1]:7444"))
OFFICE = SeededKeys("office", seq=4, generation=2)
OFFICE_BEFORE = SeededKeys("office", seq=1)
STRANGER = SeededKeys("stranger")

H = "44" * 32
L = 2**252 + 27742317777372353535851937790883648493


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def frame(**changes: Any) -> Forged:
    return Forged(**{"sender": HOME, "receiver": LAB, **changes})


def one(header: bytes | dict[str, Any], body: bytes = b"", size: int | None = None) -> Forged:
    return frame(entries=[entry(header, body, size)])


def keys() -> dict[str, Any]:
    """Who is who. The receiver of every frame is `lab`; it knows `home` and `office`."""
    nodes = {"home": HOME, "lab": LAB, "office": OFFICE, "stranger": STRANGER}
    return {
        "receiver": "lab",
        "peers": ["home", "office"],
        "nodes": {
            name: {
                "node": node.node,
                "record": b64(node.record_bytes),
                "seal_private": node.seal_secret.hex(),
                "sign_seed": node.secret[:32].hex(),
            }
            for name, node in nodes.items()
        },
    }


def part(type: str, size: int, **more: str) -> dict[str, Any]:
    return {"type": type, "size": size, **more}


def full_message() -> bytes:
    text, data, file = (
        "Why did the nightly job fail? ∑ 🚪".encode(),
        b'{"tries":[1,2]}',
        b"\0\xff\n",
    )
    parts = [
        part("text", len(text)),
        part("json", len(data)),
        part("file", len(file), name="nightly log.txt", media="text/plain"),
    ]
    header = message(
        want="result",
        re="018bcfe5-6800-7000-8000-00000000abcd",
        done_when="the cause is named",
        maybe=True,
        late=True,
        hops=2,
        visited=[HOME.node, OFFICE.node],
        turns=3,
        chain=["main@home"],
        labels=["nightly", 'é\u2028\x7f\x1f"\\/'],
        budget={"tokens": 2**53 - 1},
        trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        parts=parts,
        x={"vendor": {"deep": [[{}]], "yes": True, "n": -(2**53) + 1}},
    )
    return entry(header, text + data + file)


def accepted() -> Iterator[tuple[str, Forged]]:
    ids = [message(n)["id"] for n in range(1, 5)]
    yield "control part alone", frame()
    yield "smallest control part", frame(control=control(first=..., prev=..., seen=...))
    everything = control(
        fork=[1, 1, "cd" * 16], gap=9, carried=True, poke=True, again=7, limit=2**53 - 1
    )
    yield "every flag of the control part", frame(control=everything)
    query = {"n": 1, "op": "explain", "args": {"from": "main", "to": "specialist"}}
    yield "a query", frame(control=control(query=query))
    answer = {"n": 1, "ok": True, "data": {"agents": [{"can": ["ask"], "name": "specialist"}]}}
    yield "an answer", frame(control=control(answer=answer))
    failed = {"n": 2, "ok": False, "code": "policy.denied"}
    yield "an answer that is a refusal", frame(control=control(answer=failed))
    text = b"hello"
    yield "a message", one(message(parts=[part("text", 5)]), text)
    yield "a message without parts", one(message(want="nothing"))
    yield "a message with every field", frame(entries=[full_message()])
    yield "a message with 32 parts", one(message(parts=[part("file", 1)] * 32), bytes(32))
    yield "a message with empty parts", one(message(parts=[part("text", 0), part("file", 0)]))
    yield "an entry field of a newer version", one(message(zeal=[1, {"a": True}]))
    yield "an entry default written out", one(message(hops=0, late=False, x={}))
    yield "a part field of a newer version", one(message(parts=[{**part("text", 5), "z": 1}]), text)
    yield "a control default written out", frame(control=control(gap=0, poke=False))
    void = {"kind": "void", "id": ids[0], "why": "expired", "expires": NOW, "digest": H}
    yield "a void", one(void)
    yield (
        "a void of a cancelled message that may have run",
        one({**void, "why": "cancelled", "maybe": True}),
    )
    yield "an input", one({"kind": "input", "id": ids[0], "parts": [part("text", 5)]}, text)
    yield "a cancel", one({"kind": "cancel", "id": ids[0]})
    yield "a skip", one({"kind": "skip", "to": 40, "h": H})
    yield "a start", one({"kind": "start", "open": ids, "era": 2, "out": 17})
    yield "a settled", one({"kind": "settled", "outcomes": [[ids[0], "done"], [ids[1], "failed"]]})
    states = ["received", "held", "working", "needs_input"]
    said = [update(n, what="state", state=state, seq=n) for n, state in enumerate(states, 1)]
    yield "updates of every state", frame(entries=[entry(header) for header in said])
    outcomes = ["delivered", "done", "rejected", "failed", "expired", "cancelled", "unknown"]
    said = [update(n, state=state) for n, state in enumerate(outcomes, 1)]
    yield "updates of every outcome", frame(entries=[entry(header) for header in said])
    busy = update(what="progress", state="working", seq=2, started=NOW - 5, parts=[part("text", 5)])
    yield "progress", one(busy, text)
    result = update(
        reason="ok", by="agent", started=NOW - 9, late=True, redelivered=True, run=2, seq=9
    )
    yield "an outcome with every field", one({**result, "parts": [part("json", 4)]}, b"true")
    found = update(what="artifact", state="working", parts=[part("file", 5, name="ä/../b")])
    yield "an artifact", one(found, text)
    many = [entry(message(n, parts=[part("text", 5)]), text) for n in range(64)]
    yield "64 entries", frame(entries=many)
    yield "a frame for a carrier", frame(header={"expires": NOW + 1}, control=control(carried=True))
    yield "a header default written out", frame(header={"expires": 0})
    yield "a key twice rotated", frame(sender=OFFICE)


def flip(at: int, bit: int = 0) -> forge.Change:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        return bytes(changed)

    return change


def replaced(old: bytes, new: bytes) -> forge.Change:
    def change(data: bytes) -> bytes:
        assert data.count(old) == 1
        return data.replace(old, new)

    return change


def malleated(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little") + L
    return signature[:32] + s.to_bytes(32, "little")


def refused_lengths() -> Iterator[tuple[str, Forged]]:
    for name, prelude in {
        "another magic": {"magic": b"GQ"},
        "no digests": {"count": 0},
        "66 digests": {"count": 66},
        "a digest more than there are": {"count": 2},
        "no header": {"header": 0},
        "a header over its limit": {"header": 1025},
        "a key section too short": {"section": 24},
        "a key section over its limit": {"section": 513},
        "a sealed part longer than the frame": {"sealed": 2**32 - 1},
        "a sealed part without its tag": {"sealed": 15},
    }.items():
        yield name, frame(prelude=prelude)
    yield "a header that tells another size", frame(header={"size": 1})
    yield "65 entries", frame(entries=[entry(message(n)) for n in range(65)])
    yield "an entry shorter than its length", frame(entries=[b"\0\0\0"])
    yield "an entry without a header", one(message(), size=0)
    yield "an entry header longer than the entry", one(message(), size=2**32 - 1)
    yield "an entry header over its limit", one(message(x={"a": "x" * 16_384}))
    yield "a body that no part announces", one(message(), b"x")
    yield "a part that is not there", one(message(parts=[part("text", 5)]), b"hell")
    yield (
        "a part in an entry that has none",
        one({"kind": "cancel", "id": message()["id"], "parts": [part("text", 1)]}, b"x"),
    )


def refused_clear() -> Iterator[tuple[str, str, Forged]]:
    yield "version", "frame version 0", frame(prelude={"version": 0})
    yield "version", "frame version 2", frame(prelude={"version": 2})
    yield "version", "header version 2", frame(header={"v": 2})
    yield "version", "an unknown suite", frame(header={"suite": "none"})
    for name, header in {
        "an unknown header field": {"admin": True},
        "no recipient in the header": {"to": ...},
        "a node id in capitals": {"from": HOME.node.upper()},
        "a key id that is none": {"key": "home"},
        "a negative time": {"created": -1},
        "a null in the header": {"expires": None},
        "a float in the header": {"created": 1.5},
        "a boolean for a number": {"expires": True},
    }.items():
        yield "header", name, frame(header=header)
    for name, change in {
        "a header that is not JSON": lambda _: b"hello",
        "white space in the header": replaced(b'"v":1', b'"v": 1'),
        "a header key twice": replaced(b'"v":1', b'"v":1,"v":1'),
        "header keys in another order": replaced(b'{"created"', b'{"v":1,"created"'),
        "an escape in the header": replaced(b'"suite"', b'"s\\u0075ite"'),
    }.items():
        yield "header", name, frame(change_header=change)
    yield "recipient", "a frame to another node", frame(header={"to": OFFICE.node})
    yield "recipient", "a frame sent back to its sender", frame(header={"to": HOME.node})
    yield "key", "a stranger", frame(sender=STRANGER)
    yield "key", "a key since replaced", frame(sender=OFFICE_BEFORE)
    yield "key", "another node's key id", frame(header={"from": OFFICE.node})
    stale = forge.key_id(OFFICE.record.key_bytes).hex()
    yield (
        "signature",
        "another node's name and key id",
        frame(header={"from": OFFICE.node, "key": stale}),
    )
    for name, signature in {
        "a bit of R": flip(0),
        "a bit of S": flip(33),
        "a signature of zeros": lambda _: bytes(64),
        "a malleated signature": malleated,
        "the identity's universal signature": lambda _: weak_keys.IDENTITY + bytes(32),
    }.items():
        yield "signature", name, frame(change_signature=signature)
    for name, signed in {
        "a signature for another purpose": replaced(b"\0\0\0\5frame", b"\0\0\0\6record"),
        "a signature without lengths": lambda d: d.replace(b"\0\0\0", b""),
        "a signature over an older header": replaced(b'"v":1', b'"v":0'),
        "a signature over other digests": flip(-1),
    }.items():
        yield "signature", name, frame(change_signed=signed)


def refused_sealed() -> Iterator[tuple[str, str, Forged]]:
    for name, change in {
        "a bit of the frame nonce": flip(0),
        "a bit of the seal key id": flip(16),
        "a bit of the ephemeral key": flip(24),
        "a bit of the wrapped key": flip(60),
        "a wrapped key cut short": lambda d: d[:-1],
        "a wrapped key with more behind it": lambda d: d + b"\0",
    }.items():
        yield "open", name, frame(change_section=change)
    yield "open", "a bit of the sealed part", frame(change_sealed=flip(0))
    yield "open", "a bit of the tag", frame(change_sealed=flip(-1))

    def to_other(_: bytes, info: bytes, key: bytes) -> bytes:
        return HOME.wrap(OFFICE.record.seal_bytes, info, key)

    yield "open", "a content key sealed to another node", frame(wrap=to_other)
    yield "open", "a content key with a zero secret", frame(wrap=hpke_seal_to_zero)
    swap = replaced(
        HOME.node.encode() + b"\0\0\0\x34" + LAB.node.encode(),
        LAB.node.encode() + b"\0\0\0\x34" + HOME.node.encode(),
    )
    yield "open", "a content key for the other direction", frame(change_info=swap)
    two = [entry(message(n)) for n in (1, 2)]
    size = len(two[0]) + 20
    for name, change in {
        "a bit of a salt": flip(4),
        "a bit of the control part": flip(40),
        "a bit of an entry": flip(-1),
        "entries in another order": lambda d: d[: -2 * size] + d[-size:] + d[-2 * size : -size],
        "an entry left out": lambda d: d[:-size],
        "an entry more than digests": lambda d: d + d[-size:],
        "an item longer than the sealed part": flip(0, 7),
        "a byte left over": lambda d: d + b"\0",
        "nothing at all": lambda _: b"",
    }.items():
        yield "digests", name, frame(entries=two, change_plain=change)


def refused_control() -> Iterator[tuple[str, str, Forged]]:
    for rung, name, changes in (
        ("schema", "an unknown control field", {"mood": 1}),
        ("schema", "a control part without a life", {"life": ...}),
        ("schema", "a control part without an ack", {"ack": ...}),
        ("schema", "a life of four", {"life": [*LIFE, 1]}),
        ("schema", "a life of two", {"life": LIFE[:2]}),
        ("schema", "a nonce in capitals", {"life": [1, 2, "AB" * 16]}),
        ("schema", "an ack with a short hash", {"ack": [1, 2, "11" * 31]}),
        ("schema", "a negative slot", {"first": -1}),
        ("schema", "a limit that is text", {"limit": "1024"}),
        ("schema", "a chain that is no hash", {"prev": "33"}),
        ("schema", "an unknown question", {"query": {"n": 1, "op": "shutdown"}}),
        ("schema", "an unknown field of a question", {"query": {"n": 1, "op": "ping", "as": "me"}}),
        ("schema", "an answer that is neither", {"answer": {"n": 1, "ok": 1}}),
        ("canonical", "a null life", {"seen": None}),
        ("canonical", "a slot of 2^53", {"committed": 2**53}),
        (
            "canonical",
            "an answer too deep",
            {"answer": {"n": 1, "ok": True, "data": {"a": [[[[]]]]}}},
        ),
        ("canonical", "a float in an answer", {"answer": {"n": 1, "ok": True, "data": {"a": 0.5}}}),
    ):
        yield rung, name, frame(control=control(**changes))
    for rung, name, data in (
        ("parse", "a control part that is not JSON", b"slots please"),
        ("parse", "an empty control part", b""),
        ("parse", "a control part over its limit", control(x="x" * 65_536)),
        ("schema", "a control part that is a list", b"[]"),
        ("canonical", "a control key twice", control().replace(b'"limit"', b'"limit":0,"limit"')),
        ("canonical", "white space after the control part", control() + b"\n"),
        ("parse", "an entry for a control part", entry(message())),
    ):
        yield rung, name, frame(control=data)


def refused_entries() -> Iterator[tuple[str, str, Forged]]:
    good = plain_json(message())
    for rung, name, header in (
        ("parse", "an entry that is not JSON", b"hello"),
        ("parse", "an entry cut short", good[:-1]),
        ("parse", "a comma too many", good[:-1] + b",}"),
        ("parse", "an entry that is not UTF-8", good.replace(b'"main"', b'"m\xffin"')),
        ("parse", "a lone surrogate", good.replace(b'"main"', b'"m\\ud800in"')),
        ("parse", "not a number", good.replace(b'"created":17', b'"created":NaN17')),
        ("canonical", "an entry key twice", good.replace(b'"want"', b'"want":"result","want"')),
        ("canonical", "white space in an entry", good.replace(b":", b": ")),
        ("canonical", "entry keys in another order", b'{"want":"answer",' + good[1:-17] + b"}"),
        ("canonical", "an exponent", good.replace(b'"created":1700000000000', b'"created":17e11')),
        (
            "canonical",
            "an integer with a point",
            good.replace(b"1700000000000", b"1700000000000.0"),
        ),
        ("canonical", "minus nought", good.replace(b"1700000000000", b"-0")),
        ("canonical", "escaped ASCII", good.replace(b'"main"', b'"m\\u0061in"')),
        ("canonical", "an escaped slash", plain_json(message(trace="/")).replace(b"/", b"\\/")),
        (
            "canonical",
            "escaped pairs",
            plain_json(message(trace="~")).replace(b"~", b"\\ud83d\\ude00"),
        ),
        ("canonical", "a null in an entry", message(re=None)),
        ("canonical", "a float in an entry", message(x={"a": 1.5})),
        ("canonical", "an integer of 2^53", message(x={"a": 2**53})),
        ("canonical", "seven levels", message(x={"a": [[[[[]]]]]})),
        ("canonical", "a key that is not ASCII", message(x={"ä": 1})),
        ("canonical", "a key twice inside", good.replace(b"}", b',"x":{"a":1,"a":1}}')),
        ("schema", "an unknown kind of entry", message(kind="massage")),
        ("schema", "an entry without a kind", message(kind=...)),
        ("schema", "a message without an id", message(id=...)),
        ("schema", "a message without an end", message(expires=...)),
        ("schema", "an id that is none", message(id="m_8F3P")),
        ("schema", "an id in capitals", message(id=message()["id"].upper())),
        ("schema", "a name in capitals", message(to_agent="Specialist")),
        ("schema", "a name with a space", message(from_agent="main main")),
        ("schema", "an address for a name", message(to_agent="specialist@lab")),
        ("schema", "no name", message(from_agent="")),
        ("schema", "an unknown want", message(want="everything")),
        ("schema", "a time before time", message(created=-1)),
        ("schema", "a number that is a boolean", message(hops=True)),
        ("schema", "a number that is text", message(hops="1")),
        ("schema", "a visited node that is none", message(visited=["lab"])),
        ("schema", "33 parts", message(parts=[part("text", 0)] * 33)),
        ("schema", "an unknown type of part", message(parts=[part("html", 0)])),
        ("schema", "a part of negative size", message(parts=[part("text", -1)])),
        ("schema", "33 labels", message(labels=["a"] * 33)),
        ("schema", "a budget that is text", message(budget={"tokens": "all"})),
        ("schema", "a trace too long", message(trace="x" * 129)),
        ("schema", "an unknown state", update(state="finished")),
        ("schema", "an outcome that is a state", update(state="working")),
        ("schema", "a state that is an outcome", update(what="state")),
        ("schema", "an outcome by nobody known", update(by="weather")),
        (
            "schema",
            "a void without a digest",
            {"kind": "void", "id": message()["id"], "why": "expired", "expires": 1},
        ),
        ("schema", "a skip with a short hash", {"kind": "skip", "to": 1, "h": H[:-2]}),
        (
            "schema",
            "a settled that is not",
            {"kind": "settled", "outcomes": [[message()["id"], "held"]]},
        ),
        ("schema", "an entry that is a list", b"[]"),
    ):
        yield rung, name, one(header)


def refused() -> Iterator[tuple[str, str, Forged]]:
    for name, made in refused_lengths():
        yield "lengths", name, made
    yield from refused_clear()
    yield from refused_sealed()
    yield from refused_control()
    yield from refused_entries()


def refused_raw() -> Iterator[tuple[str, str, bytes, int]]:
    """(rung, name, frame, zero bytes to append): bytes that no forging of sections makes."""
    good = frame(entries=[entry(message())]).frame()
    yield "lengths", "no bytes", b"", 0
    yield "lengths", "eleven bytes", good[:11], 0
    yield "lengths", "half a frame", good[: len(good) // 2], 0
    yield "lengths", "all but one byte", good[:-1], 0
    yield "lengths", "one byte more", good, 1
    yield "lengths", "two frames at once", good + good, 0
    yield "lengths", "a frame over 512 KiB", good, 512 * 1024


def accepted_json() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = []
    for name, made in accepted():
        made.seed = name
        data = made.frame()
        start = f"{made.sender.node} {LAB.node} 1".encode()
        h = hashlib.sha256(b"gatepost/1 chain start\0" + start).digest()
        at = 12 + int.from_bytes(data[4:6], "big") + 32
        for n in range(len(made.entries)):
            digest = data[at + 32 * n : at + 32 * n + 32]
            h = hashlib.sha256(b"gatepost/1 chain\0" + h + digest).digest()
        vectors.append(
            {
                "name": name,
                "from": made.sender.node,
                "control": json.loads(made.control),
                "entries": [_told(one) for one in made.entries],
                "chain": h.hex(),
                "frame": b64(data),
            }
        )
    return vectors


def _told(data: bytes) -> dict[str, Any]:
    end = 4 + int.from_bytes(data[:4], "big")
    return {"header": json.loads(data[4:end]), "body": b64(data[end:])}


def refused_json() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = []
    for rung, name, made in refused():
        made.seed = name
        vectors.append({"name": name, "rung": rung, "frame": b64(made.frame())})
    for rung, name, data, pad in refused_raw():
        vectors.append({"name": name, "rung": rung, "frame": b64(data), "pad": pad})
    return vectors


def records_json() -> list[dict[str, Any]]:
    """Node records: the signed bytes and whether they hold."""

    def signed(by: SeededKeys, **changes: Any) -> bytes:
        return identity.sign_record(msgspec.structs.replace(by.record, **changes), by.sign)

    def raw(by: SeededKeys, old: bytes, new: bytes) -> bytes:
        data = by.record_bytes[64:]
        assert data.count(old) == 1
        data = data.replace(old, new)
        return by.sign(forge.prefixed(b"gatepost/1", b"record", data)) + data

    home = HOME.record
    good = [
        ("a first record", HOME),
        ("a record twice rotated", OFFICE),
        ("no endpoints", STRANGER),
    ]
    vectors = [(name, True, by.record_bytes) for name, by in good]
    vectors += [
        (f"weak key {n}", False, signed(HOME, key=key.hex()))
        for n, key in enumerate(weak_keys.SMALL_ORDER)
    ]
    vectors += [
        (f"weak seal key {n}", False, signed(HOME, seal=key.hex()))
        for n, key in enumerate(weak_keys.X25519)
    ]
    vectors += [
        ("another node's id", False, signed(STRANGER, node=home.node)),
        (
            "a key nobody promised",
            False,
            signed(STRANGER, node=home.node, past=((home.key, home.next),)),
        ),
        ("another promise by the first key", False, signed(HOME, next=H)),
        (
            "signed by the key before",
            False,
            identity.sign_record(OFFICE.record, OFFICE_BEFORE.sign),
        ),
        ("an endpoint without a port", False, signed(HOME, endpoints=("localhost",))),
        ("an unknown field", False, raw(HOME, b'{"endpoints"', b'{"admin":true,"endpoints"')),
        ("a key twice", False, raw(HOME, b'"seq":1', b'"seq":1,"seq":1')),
        ("white space", False, raw(HOME, b'"seq":1', b'"seq": 1')),
        ("a bit of the signature", False, flip(5)(HOME.record_bytes)),
        ("cut short", False, HOME.record_bytes[:-1]),
        ("nothing", False, b""),
    ]
    return [{"name": name, "holds": holds, "record": b64(data)} for name, holds, data in vectors]


def hellos_json() -> list[dict[str, Any]]:
    """Hellos of `office` to `lab` as `lab` hears them: the record `lab` knows, and what is said."""
    vectors: list[dict[str, Any]] = []
    for name, known in (
        ("a dialler whose record is known", OFFICE),
        ("a dialler whose key and record are newer than known", OFFICE_BEFORE),
    ):
        spki, greeting = LAB.record.tls_bytes, control()
        sent = hello.hello(
            OFFICE.record,
            OFFICE.record_bytes,
            LAB.record,
            nonce=b"d" * 32,
            spki=spki,
            sign=OFFICE.sign,
        )
        answer = hello.answer(
            LAB.record,
            LAB.record_bytes,
            sent,
            control=greeting,
            nonce=b"l" * 32,
            spki=spki,
            sign=LAB.sign,
        )
        proven = hello.prove(
            sent, answer, peer=LAB.record, control=greeting, spki=spki, sign=OFFICE.sign
        )
        assert isinstance(proven, hello.Proven)
        vectors.append(
            {
                "name": name,
                "known": b64(known.record_bytes),
                "spki": spki.hex(),
                "hello": sent.decode(),
                "answer": answer.decode(),
                "proof": proven.proof.decode(),
            }
        )
    return vectors


def text(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


FILES = {
    "keys.json": keys,
    "accepted.json": accepted_json,
    "refused.json": refused_json,
    "records.json": records_json,
    "hellos.json": hellos_json,
}

assert CONTROL["first"] == 1  # the chains above begin at slot 1
