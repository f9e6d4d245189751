"""The golden frames, read by the package and by the independent verifier."""

import ast
import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from gatepost.core import entry as e
from gatepost.core import frame as f
from gatepost.core import hello, identity
from gatepost.core.control import Ack, Control, Have, Life
from tests import forge
from tests.forge import Forged, message, plain_json, update
from tests.golden import vectors
from tests.seeded import SeededEntropy
from tools import verify

FRAMES = Path(__file__).parent / "frames"
VERIFIER = Path(verify.__file__)
PEERS = {node.node: node.record for node in (vectors.HOME, vectors.OFFICE)}
PEER_KEYS = {node: record.key_bytes for node, record in PEERS.items()}
ME = vectors.LAB


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((FRAMES / f"{name}.json").read_text(encoding="utf-8"))


def opened(data: bytes) -> f.Opened | f.Rejected:
    return f.open_frame(data, me=ME.node, record_of=PEERS.get, unwrap=ME.unwrap)


def verdicts(data: bytes) -> tuple[str, str]:
    """What (the package, the verifier) say of a frame: the rung it fell from, or "accepted"."""
    found = opened(data)
    ours = found.rung if isinstance(found, f.Rejected) else "accepted"
    try:
        verify.climb(data, ME.node, ME.seal_secret, PEER_KEYS)
    except verify.Refused as fell:
        return ours, str(fell)
    return ours, "accepted"


@pytest.mark.parametrize("said", load("hellos"), ids=lambda said: said["name"])
def test_the_golden_hellos_hold_and_each_part_signs_all_that_was_said_before(
    said: dict[str, Any],
) -> None:
    spki, known = (
        bytes.fromhex(said["spki"]),
        identity.verify_record(base64.b64decode(said["known"])),
    )
    heard, answer, proof = (said[name].encode() for name in ("hello", "answer", "proof"))
    claim = hello.read_hello(heard, ME.node)
    assert isinstance(claim, hello.Hello)
    caller = hello.call(claim, known=known, me=ME.record, spki=spki)
    assert isinstance(caller, hello.Caller)
    assert isinstance(hello.finish(heard, answer, proof, caller=caller, spki=spki), hello.Greeted)
    before: list[bytes] = []
    for purpose, name, key in (
        (b"hello call", "hello", caller.record.key_bytes),
        (b"hello listener", "answer", ME.record.key_bytes),
        (b"hello dialler", "proof", caller.record.key_bytes),
    ):
        spoken = json.loads(said[name])
        signature = bytes.fromhex(spoken.pop("sig"))
        signed = forge.prefixed(b"gatepost/1", purpose, *before, plain_json(spoken), spki)
        VerifyKey(key).verify(signed, signature)
        before.append(said[name].encode())


@pytest.mark.parametrize("name", vectors.FILES)
def test_the_golden_frames_follow_from_their_seeds(
    name: str, golden: Callable[[str, str], None]
) -> None:
    golden(f"frames/{name}", vectors.text(vectors.FILES[name]()))


def test_there_are_frames_for_every_rung() -> None:
    rungs = {vector["rung"] for vector in load("refused")}
    assert rungs == {
        *("lengths", "version", "header", "recipient", "key", "signature", "open"),
        *("digests", "parse", "canonical", "schema"),
    }
    assert len(load("accepted")) + len(load("refused")) >= 60


def test_every_accepted_frame_opens_to_what_it_says() -> None:
    for vector in load("accepted"):
        found = opened(base64.b64decode(vector["frame"]))
        assert isinstance(found, f.Opened), vector["name"]
        assert found.sender == vector["from"]
        assert found.control == msgspec.convert(vector["control"], Control)
        h = e.chain_start(found.sender, ME.node, 1)
        for (entry, body, item), told in zip(found.entries, vector["entries"], strict=True):
            assert entry == msgspec.convert(told["header"], e.Entry)
            assert body == base64.b64decode(told["body"])
            h = e.chain(h, item.digest)
        assert h.hex() == vector["chain"]


def test_every_refused_frame_falls_from_its_rung() -> None:
    fell: dict[str, str] = {}
    for vector in load("refused"):
        found = opened(base64.b64decode(vector["frame"]) + bytes(vector.get("pad", 0)))
        fell[vector["name"]] = found.rung if isinstance(found, f.Rejected) else "accepted"
    assert fell == {vector["name"]: vector["rung"] for vector in load("refused")}


def test_every_record_holds_or_not_as_recorded() -> None:
    for vector in load("records"):
        signed = base64.b64decode(vector["record"])
        if vector["holds"]:
            identity.verify_record(signed)
        else:
            with pytest.raises(identity.BadRecord):
                identity.verify_record(signed)


def run_verifier(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(VERIFIER), str(directory)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def test_the_independent_verifier_reproduces_every_verdict() -> None:
    run = run_verifier(FRAMES)
    counts = len(load("accepted")), len(load("refused"))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"{counts[0]} accepted, {counts[1]} refused, as recorded\n"


@pytest.mark.parametrize(
    ("file", "field", "value"),
    [
        ("accepted", "from", "a" * 52),
        ("accepted", "chain", "00" * 32),
        ("accepted", "control", {}),
        ("accepted", "entries", [{}]),
        ("refused", "rung", "weather"),
        ("refused", "frame", ...),
        ("accepted", "frame", ...),
    ],
)
def test_the_verifier_fails_when_one_verdict_differs(
    tmp_path: Path, file: str, field: str, value: object
) -> None:
    shutil.copytree(FRAMES, tmp_path / "frames")
    changed = load(file)
    other = load("refused" if file == "accepted" else "accepted")
    changed[-1][field] = other[0]["frame"] if value is ... else value
    if field == "frame":
        changed[-1].pop("pad", None)
    (tmp_path / "frames" / f"{file}.json").write_text(json.dumps(changed))
    run = run_verifier(tmp_path / "frames")
    assert run.returncode == 1
    assert changed[-1]["name"] in run.stderr


def test_the_verifier_is_short_and_knows_nothing_of_the_package() -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 200
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert imported <= {*sys.stdlib_module_names, "cryptography", "nacl", "rfc8785"}


# ── two readers, one verdict ────────────────────────────────────────────────────────────────────

PIECES = [
    *('"', ",", ":", "{", "}", "[", "]", "\\", " ", "0", "1", "-", ".", "e5", "null", "true"),
    *("\\u0061", "\\ud800", "é", "9007199254740992", '"late":true', '"x":{"a":1}', '"kind":"void"'),
    *('"hops":0', '"parts":[]', "1.0", "-0", "NaN", "[[[[[[]]]]]]", "id", "done", "working"),
]
BASES = [
    plain_json(message()),
    plain_json(message(parts=[{"size": 2, "type": "text"}], x={"a": [{"b": 1}]}, late=True)),
    plain_json(update(parts=[{"size": 2, "type": "json", "name": "n"}])),
    plain_json(
        {"kind": "void", "id": message()["id"], "why": "expired", "expires": 1, "digest": vectors.H}
    ),
    plain_json({"kind": "settled", "outcomes": [[message()["id"], "done"]]}),
    plain_json({"kind": "start", "open": [message()["id"]], "era": 1, "out": 0}),
]


def assert_alike(data: bytes) -> None:
    ours, theirs = verdicts(data)
    # JSON parsers disagree on whether 1e999 can be read. It is refused in either case.
    assert ours == theirs or {ours, theirs} == {"parse", "canonical"}


@st.composite
def mangled(draw: st.DrawFn, base: bytes) -> bytes:
    """Canonical JSON after a few edits: pieces put in, cut out, doubled or moved."""
    text = base.decode()
    for _ in range(draw(st.integers(0, 3))):
        at, to = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        match draw(st.sampled_from(["insert", "cut", "double", "replace"])):
            case "insert":
                text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 9)) :]
            case "double":
                text = text[:to] + text[at:to] + text[to:]
            case _:
                piece = draw(st.sampled_from(PIECES))
                text = text[:at] + piece + text[at + len(piece) :]
    return text.encode()


@pytest.mark.requirement("T23")
@settings(max_examples=600)
@given(st.sampled_from(BASES).flatmap(mangled), st.sampled_from([b"", b"{}", b"12"]))
def test_both_readers_judge_every_entry_alike(header: bytes, body: bytes) -> None:
    frame = Forged(sender=vectors.HOME, receiver=ME, entries=[forge.entry(header, body)]).frame()
    assert_alike(frame)


@settings(max_examples=400)
@given(
    mangled(forge.control(query={"n": 1, "op": "ping"}, answer={"n": 1, "ok": True, "data": {}}))
)
def test_both_readers_judge_every_control_part_alike(control: bytes) -> None:
    assert_alike(Forged(sender=vectors.HOME, receiver=ME, control=control).frame())


@settings(max_examples=400)
@given(st.data())
def test_both_readers_judge_every_header_alike(data: st.DataObject) -> None:
    def change(header: bytes) -> bytes:
        return data.draw(mangled(header))

    assert_alike(Forged(sender=vectors.HOME, receiver=ME, change_header=change).frame())


@settings(max_examples=400)
@given(st.integers(0, 2**20), st.integers(0, 255), st.integers(0, 2))
def test_both_readers_judge_every_damage_alike(at: int, byte: int, cut: int) -> None:
    good = Forged(sender=vectors.HOME, receiver=ME, entries=[forge.entry(message())]).frame()
    changed = bytearray(good)
    changed[at % len(good)] = byte
    assert_alike(bytes(changed)[: len(good) - cut])


def test_the_verifier_reads_what_the_package_builds() -> None:
    random = SeededEntropy("verifier").bytes
    zero = "00" * 32
    by = f.Sender(
        vectors.OFFICE.record,
        ME.record,
        sign=vectors.OFFICE.sign,
        wrap=vectors.OFFICE.wrap,
        random=random,
    )
    control = Control(
        life=Life(1, 1, "ab" * 16),
        committed=1,
        have=Have(0, zero),
        ack=Ack(1, 0, zero),
        limit=9,
        first=1,
    )
    said = e.Input(id=e.uuid7(1, random(10)), parts=(e.Part("text", 5),))
    item = f.item(random(16), e.encode_entry(said, b"hello"))
    frame = f.build(by, control, [item], now=forge.NOW)
    told = verify.climb(frame, ME.node, ME.seal_secret, PEER_KEYS)
    assert told["from"] == vectors.OFFICE.node
    assert told["chain"] == e.chain(e.chain_start(by.me, ME.node, 1), item.digest).hex()
    header = msgspec.to_builtins(said) | {"parts": [{"size": 5, "type": "text"}]}
    assert told["entries"] == [{"header": header, "body": base64.b64encode(b"hello").decode()}]
