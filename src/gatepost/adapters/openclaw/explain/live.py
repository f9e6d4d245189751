"""Asks a running gateway for its configuration: one connection, one call, with admin rights.

The credential is the operator's, taken for this one question from where OpenClaw keeps it, and the
device that proves it is made for this one connection: nothing of either stays. It reads and never
changes. A node has no such right and never comes here.

The exchange: the gateway sends a challenge; a device key signs it together with the token; the
gateway greets and tells its version; `config.get` is answered with the authored values, secrets
taken out, and the hash that a change must name.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from gatepost import __version__
from gatepost.adapters.openclaw.device import Challenge, Device
from gatepost.adapters.openclaw.explain.configuration import (
    ALLOW,
    CLAMP,
    ENABLED,
    MODE,
    VISIBILITY,
    Configuration,
    read,
)
from gatepost.adapters.openclaw.explain.files import Source, source
from gatepost.adapters.openclaw.explain.json5 import Node, parse, plain
from gatepost.adapters.openclaw.explain.places import port
from gatepost.adapters.openclaw.explain.release import release
from gatepost.errors import GatepostError

PATIENCE = 10.0
"""Seconds for the connection and for each answer; a gateway that starts answers late."""
LARGEST = 32 * 1024 * 1024
SCOPES = ("operator.read", "operator.admin")


@dataclass(frozen=True, slots=True)
class Live:
    """What a gateway runs with: its file, the hash of that, its version, and what is written."""

    url: str
    version: str
    path: str
    baseline: str
    tree: Node


class _Fault(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Frame(msgspec.Struct):
    """One frame of the gateway; the payload is what the method makes of it."""

    type: str
    id: str = ""
    ok: bool = False
    event: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    error: _Fault = msgspec.field(default_factory=_Fault)


class _Server(msgspec.Struct):
    version: str = ""


class _Hello(msgspec.Struct):
    server: _Server = msgspec.field(default_factory=_Server)


class _Configured(msgspec.Struct):
    path: str = ""
    hash: str = ""
    resolved: msgspec.Raw = msgspec.Raw(b"{}")


def live(url: str, token: str, seed: bytes) -> Live:
    """Ask the gateway at `url`. `seed` is 32 random bytes.

    Raises `openclaw.unreachable` when nothing usable answers, `openclaw.refused` when it refuses.
    """
    try:
        with connect(url, open_timeout=PATIENCE, max_size=LARGEST, proxy=None) as line:
            challenge = msgspec.json.decode(_receive(line, "").payload, type=Challenge)
            hello = _call(
                line, "connect", Device(seed).connect(challenge, token, __version__, SCOPES)
            )
            version = msgspec.json.decode(hello, type=_Hello).server.version
            found = msgspec.json.decode(_call(line, "config.get", {}), type=_Configured)
    except (OSError, InvalidURI, InvalidHandshake, WebSocketException) as wrong:
        raise _unreachable(url, str(wrong) or type(wrong).__name__) from wrong
    except msgspec.MsgspecError as wrong:
        raise _unreachable(url, f"it does not speak OpenClaw's protocol: {wrong}") from wrong
    name = f"{url} ({found.path})"
    tree = _unlined(parse(bytes(found.resolved).decode(), name), name)
    return Live(url, version, found.path, found.hash, tree)


def _unlined(node: Node, name: str) -> Node:
    """The same values, from a source that has no lines."""
    if isinstance(node.value, tuple):
        return Node(tuple(_unlined(one, name) for one in node.value), name)
    if isinstance(node.value, Mapping):
        return Node({key: _unlined(one, name) for key, one in node.value.items()}, name)
    return Node(node.value, name)


def asked(environ: Mapping[str, str], found: Live, version: str = "") -> Source:
    """What the gateway runs with, as a source; with lines where its file can be read here.

    `version` overrides what the gateway says of itself.
    """
    because = f"live, {found.url}"
    told = release(version or found.version)
    if told is None:
        raise GatepostError("openclaw.version_unknown", what=f"the gateway is {found.version!r}")
    given = read(found.tree, told, environ)
    with suppress(GatepostError):
        lined = source(environ, found.path, told.name).configuration
        if _same(given, lined):
            given = lined
    basis = "--gateway-version" if version else "the gateway says so"
    return Source(found.path, because, given, basis, found.baseline)


def _same(one: Configuration, other: Configuration) -> bool:
    """True when no gate could tell them apart."""
    keys = (VISIBILITY, ENABLED, ALLOW, CLAMP, MODE)
    return one.roster.ids == other.roster.ids and all(
        plain(one.written(key)) == plain(other.written(key)) for key in keys
    )


def credential(here: Node | None, environ: Mapping[str, str]) -> str:
    """The gateway's token as OpenClaw's own command line finds it; empty when it stands nowhere."""
    found = here.at("gateway", "auth", "token") if here else None
    written = found.value if found and isinstance(found.value, str) else ""
    return environ.get("OPENCLAW_GATEWAY_TOKEN", "").strip() or written


def address(here: Node | None, environ: Mapping[str, str]) -> str:
    """Where the gateway of this machine listens."""
    return f"ws://127.0.0.1:{port(here, environ)}"


def _call(line: ClientConnection, method: str, parameters: Mapping[str, object]) -> msgspec.Raw:
    frame = {"type": "req", "id": method, "method": method, "params": parameters}
    line.send(msgspec.json.encode(frame).decode())
    answer = _receive(line, method)
    if not answer.ok:
        said = answer.error.message or answer.error.code
        raise GatepostError("openclaw.refused", what=f"the gateway says: {said}", where=method)
    return answer.payload


def _receive(line: ClientConnection, id: str) -> _Frame:
    """The answer to call `id`, or the first event when there is no id; other frames are skipped."""
    for _ in range(1000):
        frame = msgspec.json.decode(line.recv(timeout=PATIENCE), type=_Frame)
        if frame.id == id and (id or frame.event == "connect.challenge"):
            return frame
    raise TimeoutError("it talks without answering")


def _unreachable(url: str, why: str) -> GatepostError:
    return GatepostError("openclaw.unreachable", what=f"no gateway answers at {url}", why=why)
