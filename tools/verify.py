"""Verify frames by the protocol alone: an independent reader of the golden files.

It imports nothing of the package. `python tools/verify.py DIR` reads keys, accepted and refused
(.json) in DIR, climbs the ladder over each frame, and fails where a verdict or content differs.
"""

import hmac
import json
import re
import struct
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import rfc8785
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
SUITE = (1, "x25519-hkdf-sha256-chacha20poly1305")
ENTRIES = "message void input cancel update skip start settled".split()
ENDS = "delivered|done|rejected|failed|expired|cancelled|unknown"
# One object each. `?name` may be absent, `a,b` is a list of just these, `type*n` a list of at most
# n, `a|b` one of these words, `type~` the type or nothing; `...` allows names that are not listed.
SHAPES = f"""
header v:num from:node to:node key:hex8 created:num size:num suite:s64 ?expires:num
control life:life committed:num have:num,hex32 ack:num,num,hex32 limit:num ?seen:life ?fork:life
 ?first:num ?prev:hex32~ ?gap:num ?carried:flag ?poke:flag ?again:num ?query:query ?answer:answer
query n:num op:ping|agents|explain|record ?args:texts
answer n:num ok:flag ?code:s64 ?data:object
part type:text|json|file size:size ?name:s255 ?media:s127 ...
message id:id from_agent:name to_agent:name conversation:id want:nothing|answer|result created:num
 expires:num ?re:id~ ?done_when:s4096 ?maybe:flag ?late:flag ?hops:num ?visited:node*64 ?turns:num
 ?chain:s128*64 ?labels:s128*32 ?budget:numbers ?trace:s128 ?parts:part*32 ?x:object ...
void id:id why:expired|cancelled expires:num digest:hex32 ?maybe:flag ...
input id:id ?parts:part*32 ...
cancel id:id ...
update id:id what:state|progress|artifact|outcome at:num ?run:num ?started:num ?reason:s64
 state:accepted|held|received|working|needs_input|{ENDS} ?by:|rule|agent|node ?late:flag
 ?redelivered:flag ?seq:num ?parts:part*32 ...
skip to:num h:hex32 ...
start open:id*9999 era:num out:num ...
settled outcomes:ended*9999 ...
"""
MAPS = {"texts": "s65536", "numbers": "num"}
ALIAS = {"life": "num,num,hex16", "ended": f"id,{ENDS}"}
ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TEXT = {f"s{n}": f"(?s:.{{0,{n}}})" for n in (64, 127, 128, 255, 4096, 65536)}
TEXT.update({f"hex{n}": f"[0-9a-f]{{{2 * n}}}" for n in (8, 16, 32)})
TEXT.update({"id": ID, "id~": f"({ID})?", "hex32~": "([0-9a-f]{64})?", "node": "[a-z2-7]{52}"})
TEXT["name"] = "[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?"


class Refused(Exception):
    """Names the rung a frame falls from."""


def need(rung: str, holds: object) -> None:
    """Refuse unless it holds."""
    if not holds:
        raise Refused(rung)


def fits(kind: str, value: Json) -> bool:
    """Whether a value is of a type as `SHAPES` writes them."""
    kind = ALIAS.get(kind, kind)
    if isinstance(value, list):
        one, many, most = kind.partition("*")
        kinds = [one] * len(value) if many else kind.split(",")
        short = len(value) <= int(most) if many else "," in kind
        return short and len(kinds) == len(value) and all(map(fits, kinds, value))
    if isinstance(value, dict) and kind in MAPS:
        return all(len(key) <= 128 and fits(MAPS[kind], value[key]) for key in value)
    if isinstance(value, dict):
        return kind == "object" or of_shape(kind, value)
    if isinstance(value, int):
        number = 0 <= value < {"num": 2**53, "size": 2**18 + 1}.get(kind, 0)
        return kind == "flag" if isinstance(value, bool) else number
    known = kind in TEXT or "|" in kind
    return known and isinstance(value, str) and bool(re.fullmatch(TEXT.get(kind, kind), value))


def of_shape(name: str, value: Json) -> bool:
    """Whether a value is an object as the line `name` of `SHAPES` says."""
    found = re.search(rf"\n{name} (.*(?:\n .*)*)", SHAPES)
    fields = found[1].split() if found else ["an:unknown-shape"]
    kinds = dict(field.lstrip("?").split(":") for field in fields if field != "...")
    needed = {field.split(":")[0] for field in fields if field[0] not in "?."}
    if not isinstance(value, dict) or not needed <= value.keys():
        return False
    return all(fits(kinds[k], v) if k in kinds else fields[-1] == "..." for k, v in value.items())


def narrow(value: Json, depth: int = 6) -> bool:
    """ASCII keys, no floats, no nulls, integers below 2^53, at most six levels."""
    if isinstance(value, dict):
        return all(map(str.isascii, value)) and narrow(list(value.values()), depth)
    if isinstance(value, list):
        return depth > 0 and all(narrow(one, depth - 1) for one in value)
    return isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < 2**53)


def read(data: bytes, rung: str = "") -> Json:
    """JSON in its canonical form, that of RFC 8785. Falls from `rung`, or parse or canonical."""
    try:
        value = json.loads(data.decode(), parse_constant=int)
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise Refused(rung or "parse") from None
    need(rung or "canonical", narrow(value) and rfc8785.dumps(value) == data)
    return value


def read_entry(data: bytes) -> Json:
    """The header and body of an entry."""
    size = int.from_bytes(data[:4], "big")
    need("lengths", 0 < size <= 16384 and size + 4 <= len(data))
    header: Any = read(data[4 : 4 + size])
    kind = [kind for kind in ENTRIES if of_shape(kind, header) and header.get("kind") == kind]
    ends = kind == ["update"] and header["state"] in ENDS.split("|")
    need("schema", kind and (kind != ["update"] or ends == (header["what"] == "outcome")))
    parts: list[Any] = header.get("parts", []) if kind[0] in ("message", "input", "update") else []
    need("lengths", sum(part["size"] for part in parts) == len(data) - 4 - size <= 2**18)
    return {"header": header, "body": b64encode(data[4 + size :]).decode()}


def prefixed(*fields: bytes) -> bytes:
    """What is signed or bound: the domain and each field after its length."""
    return b"".join(len(one).to_bytes(4, "big") + one for one in (b"gatepost/1", *fields))


def climb(data: bytes, me: str, seal: bytes, peers: dict[str, bytes]) -> dict[str, Json]:
    """What a frame says to node `me` with private key `seal`, knowing the keys of `peers`."""
    need("lengths", 12 <= len(data) <= 2**19 and data[:2] == b"GP")
    count, *sizes = struct.unpack(">BHHI", data[3:12])
    need("version", data[2] == 1)
    need("lengths", 1 <= count <= 65 and 0 < sizes[0] <= 1024 and 24 < sizes[1] <= 512)
    need("lengths", sizes[2] >= 16 and 76 + 32 * count + sum(sizes) == len(data))
    raw, digests = data[12 : 12 + sizes[0]], data[12 + sizes[0] :][: 32 * count]
    clear, rest = data[: 12 + len(raw + digests)], data[12 + len(raw + digests) :]
    signature, section, sealed = rest[:64], rest[64 : 64 + sizes[1]], rest[64 + sizes[1] :]
    header: Any = read(raw, "header")
    need("header", of_shape("header", header))
    need("version", (header["v"], header["suite"]) == SUITE)
    need("lengths", header["size"] == len(sealed))
    need("recipient", header["to"] == me)
    sender, public = header["from"], peers.get(header["from"], b"")
    key_id = sha256(b"gatepost/1 key\0" + public).hexdigest()[:16]
    need("key", public and header["key"] == key_id)
    info = prefixed(b"seal", sender.encode(), me.encode(), section[16:24])
    try:
        signed = prefixed(b"frame", key_id.encode(), raw, digests)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
        content = HPKE.decrypt(section[24:], X25519PrivateKey.from_private_bytes(seal), info)
        key = hmac.digest(content, section[:16], "sha256")
        plain = ChaCha20Poly1305(key).decrypt(bytes(12), sealed, clear)
    except (InvalidSignature, InvalidTag) as error:
        raise Refused("open" if isinstance(error, InvalidTag) else "signature") from None
    items, h = list[bytes](), sha256(f"gatepost/1 chain start\0{sender} {me} 1".encode()).digest()
    for at in range(0, len(digests), 32):
        end = 20 + int.from_bytes(plain[:4], "big")
        items.append(plain[20:end])
        digest = sha256(b"gatepost/1 entry\0" + plain[4:end]).digest()
        need("digests", digest == digests[at : at + 32])
        plain = plain[end:]
        h = sha256(b"gatepost/1 chain\0" + h + digest).digest() if at else h
    need("digests", not plain)
    control = read(items[0]) if len(items[0]) <= 2**16 else need("parse", False)
    need("schema", of_shape("control", control))
    entries = [read_entry(item) for item in items[1:]]
    return {"from": sender, "control": control, "entries": entries, "chain": h.hex()}


def main(directory: Path) -> str:
    """Climb every frame of the golden files. Ends the program where a verdict differs."""
    names = ("keys", "accepted", "refused")
    keys, accepted, refused = (json.loads((directory / f"{n}.json").read_text()) for n in names)
    records = [json.loads(b64decode(keys["nodes"][n]["record"])[64:]) for n in keys["peers"]]
    peers = {record["node"]: bytes.fromhex(record["key"]) for record in records}
    me = keys["nodes"][keys["receiver"]]
    for vector in [*accepted, *refused]:
        frame = b64decode(vector["frame"]) + bytes(vector.get("pad", 0))
        try:
            told = climb(frame, me["node"], bytes.fromhex(me["seal_private"]), peers)
        except Refused as fell:
            told: dict[str, Json] = {"rung": str(fell)}
        if any(vector.get(key) != told[key] for key in told):
            raise SystemExit(f"{vector['name']}: {told}")
    return f"{len(accepted)} accepted, {len(refused)} refused, as recorded"


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
