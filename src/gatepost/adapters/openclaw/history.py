"""Reading a session's history: what became of a turn. Pure.

The gateway keeps what it accepted: first among the pending inputs, then as a row of the transcript
whose key is the turn's. From there on the rows tell: an answer by the turn itself, or, after a
crash, by the turn with which the gateway resumed.
"""

from typing import Any, Literal, cast

import msgspec

Payload = dict[str, Any]
Fate = Literal["answered", "failed", "begun", "waiting", "interrupted", "absent"]


class Found(msgspec.Struct, frozen=True):
    """What history says of a turn, and the text when it was answered.

    "begun": its input stands in the transcript, and no answer yet. "waiting": accepted, not begun.
    "interrupted": accepted and lost before it began, for certain. "absent": never accepted.
    """

    fate: Fate
    text: str = ""


def find(history: Payload, key: str) -> Found:
    """What became of the turn `key`."""
    rows = [as_dict(row) for row in as_list(history.get("messages"))]
    begun = next((at for at, row in enumerate(rows) if _key(row) == f"{key}:user"), None)
    if begun is None:
        return Found(_pending(history, key))
    after = rows[begun + 1 :]
    mine = [row for row in after if _run(row) == key]
    for row in reversed(mine):
        if row.get("role") == "assistant" and _last(row):
            return _answer(row)
    resumed = _before_next_input(after)
    for row in resumed:
        if row.get("role") == "assistant" and _run(row) != key and _last(row):
            return _answer(row)
    return Found("begun")


def active(history: Payload) -> bool:
    """Whether a turn runs in the session now."""
    return as_dict(history.get("sessionInfo")).get("hasActiveRun") is True


def _pending(history: Payload, key: str) -> Fate:
    pending = as_dict(history.get("pendingInputs"))
    for item in (as_dict(one) for one in as_list(pending.get("items"))):
        if item.get("runId") == key:
            return "interrupted" if item.get("state") == "interrupted" else "waiting"
    return "absent"


def _before_next_input(rows: list[Payload]) -> list[Payload]:
    """Up to the next turn somebody asked for. The gateway's own words, to itself, are none."""
    for at, row in enumerate(rows):
        own = as_dict(row.get("provenance")).get("kind") == "internal_system"
        if row.get("role") == "user" and _key(row) and not own:
            return rows[:at]
    return rows


def _last(row: Payload) -> bool:
    """Whether an assistant's row is its last word, and not a call of a tool."""
    return row.get("stopReason") not in ("toolUse", "tool_use", "tool_calls")


def _answer(row: Payload) -> Found:
    if row.get("stopReason") in ("error", "aborted"):
        return Found("failed", str(row.get("errorMessage") or row.get("stopReason")))
    return Found("answered", text(row))


def text(row: Payload) -> str:
    """The text of a row."""
    content = row.get("content")
    if isinstance(content, str):
        return content
    parts = [as_dict(part) for part in as_list(content)]
    return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")


def _key(row: Payload) -> str:
    own = as_dict(row.get("__openclaw"))
    return str(row.get("idempotencyKey") or own.get("idempotencyKey") or "")


def _run(row: Payload) -> str:
    return str(as_dict(row.get("__openclaw")).get("runId") or "")


def as_dict(value: object) -> Payload:
    """An object of the gateway; an empty one for whatever else stands in its place."""
    return cast(Payload, value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """A list of the gateway; an empty one for whatever else stands in its place."""
    return cast("list[object]", value) if isinstance(value, list) else []
