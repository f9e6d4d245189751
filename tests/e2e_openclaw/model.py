"""A model that does as it is told, for gateways under test: OpenAI's chat completions on loopback.

It reads the last text of a user. `USE tool {json}` makes it call that tool once and then repeat
what the tool answered, behind `TOOL SAID `; `SAY words` makes it say them; `HOLD` makes it wait
for `gate`, `FAIL` fails; anything else it confirms. Asked to go on with an agent-to-agent
exchange it says the word that ends one, so that a test counts its own calls alone. It knows
nothing of Gatepost.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "obedient"
HELD = 120
SKIPS = {
    "Agent-to-agent reply step": "REPLY_SKIP",
    "Agent-to-agent announce step": "ANNOUNCE_SKIP",
}
ASIDE = re.compile(r"\s*<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>.*<<<END_[A-Z_]+>>>\s*", re.DOTALL)
USE = re.compile(r"USE (\w+) (?=\{)")
SAY = re.compile(r"SAY ([^\n]+)")


@dataclass
class Model:
    """A running model: where it listens, and every request it got."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)


@contextmanager
def model() -> Iterator[Model]:
    """Serve until the block ends."""
    found = Model()

    class Handler(_Completions):
        asked = found.requests
        gate = found.gate

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The message of the model to one request: `content`, or one tool call."""
    messages: list[dict[str, Any]] = request.get("messages", [])
    said = [n for n, one in enumerate(messages) if one["role"] == "user" and _text(one)]
    text = _text(messages[said[-1]]) if said else ""
    results = [one for one in messages[said[-1] if said else 0 :] if one["role"] == "tool"]
    if results:
        return {"role": "assistant", "content": f"TOOL SAID {_text(results[-1])}"}
    system = "\n".join(_text(one) for one in messages if one["role"] in ("system", "developer"))
    for step, skip in SKIPS.items():
        if step in system or step in text:
            return {"role": "assistant", "content": skip}
    if call := _call(text, request):
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    words = SAY.search(text)
    return {"role": "assistant", "content": words[1] if words else "understood"}


def _call(text: str, request: dict[str, Any]) -> dict[str, Any] | None:
    found = USE.search(text)
    if not found:
        return None
    arguments, _ = json.JSONDecoder().raw_decode(text, found.end())
    name = found[1]
    names = {one["function"]["name"] for one in request.get("tools", [])}
    if name not in names and "tool_call" in names:  # newer gateways keep most tools behind this one
        name, arguments = "tool_call", {"id": name, "args": arguments}
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"index": 0, "id": "call_0123456789", "type": "function", "function": function}


def _text(message: dict[str, Any]) -> str:
    """What a message says, without what the gateway puts beside it."""
    content = message.get("content") or ""
    if not isinstance(content, str):
        content = "\n".join(part.get("text") or "" for part in content)
    return ASIDE.sub("", content).strip()


class _Completions(BaseHTTPRequestHandler):
    """One request: the answer whole, or as a stream of two pieces."""

    asked: list[dict[str, Any]]
    gate: threading.Event
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(request)
        said = [_text(one) for one in request["messages"] if one["role"] == "user"]
        last = next((text for text in reversed(said) if text), "")
        if "HOLD" in last and not USE.search(last):  # else it is somebody else who is to wait
            self.gate.wait(HELD)
        if "FAIL" in last:
            return self.send_error(400)
        message = answer(request)
        end = "tool_calls" if message.get("tool_calls") else "stop"
        head = {"id": "chatcmpl-1", "created": 0, "model": NAME}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        if not request.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": end}
            whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
            return self._send(whole)
        pieces = [
            [{"index": 0, "delta": message, "finish_reason": None}],
            [{"index": 0, "delta": {}, "finish_reason": end}],
            [],
        ]
        self._stream(
            [{**head, "object": "chat.completion.chunk", "choices": one} for one in pieces]
        )
        return None

    def _send(self, value: object) -> None:
        self._write(json.dumps(value).encode(), "application/json")

    def _stream(self, values: list[dict[str, Any]]) -> None:
        lines = [json.dumps(one) for one in values] + ["[DONE]"]
        self._write("".join(f"data: {one}\n\n" for one in lines).encode(), "text/event-stream")

    def _write(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass
