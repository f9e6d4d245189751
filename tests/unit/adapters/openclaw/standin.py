"""A stand-in for a gateway's socket: greets, checks the device's proof, answers `config.get`."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nacl.signing import VerifyKey
from websockets.sync.server import ServerConnection, serve

TOKEN = "tok-of-the-operator"
NONCE = "n-0123456789"


class Standin:
    """What it is to say; `seen` are the parameters of every `connect` it got."""

    def __init__(self) -> None:
        self.url = ""
        self.version = "2026.3.13"
        self.config: dict[str, Any] = {"path": "/srv/openclaw.json", "hash": "h1", "resolved": {}}
        self.first: str | bytes | None = None
        self.seen: list[dict[str, Any]] = []

    def serve(self, line: ServerConnection) -> None:
        challenge = {"nonce": NONCE, "ts": 1795170708251}
        event = {"type": "event", "event": "connect.challenge", "payload": challenge}
        line.send(json.dumps(event) if self.first is None else self.first)
        for text in line:
            call = json.loads(text)
            line.send(json.dumps({"type": "event", "event": "tick", "payload": {"ts": 1}}))
            line.send(json.dumps({"type": "res", "id": call["id"], **self._answer(call)}))

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "connect":
            self.seen.append(call["params"])
            if call["params"]["auth"]["token"] != TOKEN:
                message = "unauthorized: gateway token mismatch (provide gateway auth token)"
                return {"ok": False, "error": {"code": "INVALID_REQUEST", "message": message}}
            prove(call["params"])
            return {"ok": True, "payload": {"server": {"version": self.version}}}
        assert call["method"] == "config.get"
        return {"ok": True, "payload": self.config}


def prove(said: dict[str, Any]) -> None:
    """Check a device's proof as a gateway does; raises when it is none."""
    device, client = said["device"], said["client"]
    public = _bytes(device["publicKey"])
    assert hashlib.sha256(public).hexdigest() == device["id"]
    scopes = ",".join(said["scopes"])
    signed = (
        f"v3|{device['id']}|{client['id']}|{client['mode']}|operator|{scopes}|"
        f"{device['signedAt']}|{said['auth']['token']}|{device['nonce']}|{client['platform']}|"
    )
    VerifyKey(public).verify(signed.encode(), _bytes(device["signature"]))
    assert device["nonce"] == NONCE


@contextmanager
def standin() -> Iterator[Standin]:
    made = Standin()
    with serve(made.serve, "127.0.0.1", 0) as server:
        made.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join(10)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
