"""What a tool answers: one plain line, then the same as data.

What another agent wrote never stands among our own words: it is in a field of its own that says
so, with who sent it and when. `state` is a word of the product; what is not over has `next`.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import Content, Data, File, MessageView, Run, Text
from gatepost.core.views import AgentView
from gatepost.errors import GatepostError
from gatepost.policy.explain import Explanation

TEXT_SHOWN: Final = 32_000
"""Characters of one message that go into a model's context; the rest stays on the node."""

FILE_SHOWN: Final = 16 * 1024

Body = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """A line for a model to read, the data behind it, and whether the call failed."""

    line: str
    body: Body
    failed: bool = False

    @property
    def text(self) -> str:
        """Both as text, for clients that show models no structured content."""
        return f"{self.line}\n{msgspec.json.encode(self.body).decode()}"


_STANDS: dict[str, str] = {
    "accepted": "Accepted: stored here, on its way to {to}.",
    "held": "Held: a person has to approve it first.",
    "received": "Received: {to} has it in its mailbox.",
    "working": "Working: {to} is at it.",
    "needs_input": "Asked back: {to} needs an answer from you.",
    "delivered": "Delivered: {to} has read it.",
    "done": "Done: {to} answered.",
    "rejected": "Rejected: it was not taken.",
    "failed": "Failed: {to} could not do it.",
    "expired": "Expired: it was not taken up in time, and never will be.",
    "cancelled": "Cancelled: it was withdrawn.",
    "unknown": "Unknown: what became of it cannot be found out; it may have been done.",
}
_NEXT: dict[str, str] = {
    "accepted": "Carry on; look later with {check} id={id}. Do not send it again.",
    "held": "Tell your user that it waits for approval; carry on without the answer.",
    "received": "Carry on; look later with {check} id={id}. Do not send it again.",
    "working": "Carry on; look later with {check} id={id}. Do not send it again.",
    "needs_input": "Answer with {reply} to_message={id}, or {check} id={id} cancel=true.",
    "rejected": "{explain} message_id={id} says why; do not rephrase to get around it.",
    "unknown": "Find out in another way whether it was done before you send it again.",
}


_LOOK_UP = ("agent.unknown", "peer.unknown", "address.invalid")
"""What an agent can put right by itself."""


class Answers:
    """Makes answers for one client, in which tools are called with its `prefix`."""

    def __init__(self, prefix: str) -> None:
        names = ("check", "reply", "explain", "inbox", "agents_list")
        self._names = {name: prefix + name for name in names}

    def standing(self, view: MessageView) -> Answer:
        """How a message of this agent stands, with what was answered."""
        body: Body = {"state": view.state, "id": view.id, "conversation": view.conversation}
        line = _STANDS[view.state].format(to=view.to)
        reason = "; ".join(one for one in (view.reason, view.why) if one)
        if reason:
            body["reason"] = reason
            line = f"{line[:-1]} ({reason})."
        if view.state in _NEXT:
            body["next"] = _NEXT[view.state].format_map({**self._names, "id": view.id})
        if view.late or view.redelivered:
            body["notes"] = [word for word in ("late", "redelivered") if getattr(view, word)]
        if view.parts:
            key = "answer" if is_outcome(view.state) else "latest"
            body[key] = said(view.parts, view.to, view.since)
        return Answer(line, body)

    def inbox(self, runs: Sequence[Run]) -> Answer:
        """The messages an agent was given."""
        if not runs:
            return Answer("Nothing waits for you.", {"messages": []})
        shown = [self._run(run) for run in runs]
        many = "1 message" if len(shown) == 1 else f"{len(shown)} messages"
        return Answer(f"{many} for you.", {"messages": shown})

    def woken(self, runs: Sequence[Run]) -> Answer:
        """For an agent that an adapter wakes: there is nothing to fetch."""
        many = f"{len(runs)} wait for their turn" if runs else "none waits"
        return Answer(
            f"Messages come to you by themselves, each as a turn of its own; {many}.",
            {"messages": [], "waiting": len(runs)},
        )

    def _run(self, run: Run) -> Body:
        wants = {"send": "nothing", "ask": "an answer", "delegate": "a result"}[run.verb]
        body: Body = {
            "id": run.id,
            "wants": wants,
            "conversation": run.conversation,
            "message": {**said(run.parts, run.sender, run.received), "verified": run.verified},
        }
        if run.done_when:
            body["message"]["done_when"] = run.done_when
        marks = [word for word in ("late", "redelivered", "again") if getattr(run, word)]
        if marks:
            body["notes"] = marks
        if run.verb != "send":
            body["next"] = f"{self._names['reply']} to_message={run.id}"
        return body

    def agents(self, found: Sequence[AgentView]) -> Answer:
        """Who can be reached."""
        shown: list[Body] = []
        for one in found:
            entry: Body = {"address": one.address, "can": list(one.can)}
            if one.about:
                entry["about"] = one.about
            shown.append(entry)
        if not shown:
            return Answer("No agent you may know of matches.", {"agents": []})
        return Answer(f"{len(shown)} agents.".replace("1 agents", "1 agent"), {"agents": shown})

    def explained(self, found: Explanation) -> Answer:
        """Why, and whose commands would change it."""
        body: Body = {
            "verdict": found.verdict,
            "stages": [
                msgspec.to_builtins(stage) for stage in found.stages if stage.verdict != "allow"
            ],
        }
        if found.fixes:
            body["for_your_operator"] = list(found.fixes)
        if found.remote:
            body[f"for_the_operator_of_{found.remote_node}"] = list(found.remote)
        return Answer(found.headline, body)

    def error(self, error: GatepostError) -> Answer:
        """What went wrong, and whether it is worth another try."""
        report = error.report()
        body: Body = {"code": report.code, "retryable": report.retryable, "who": report.who}
        if report.why:
            body["why"] = report.why
        if report.code in _LOOK_UP:
            body["next"] = self._names["agents_list"]
        elif report.code != "usage.invalid":
            body["for_your_operator"] = [report.fix]
        line = f"{report.what}: {report.why}" if report.why else report.what
        return Answer(f"{line[:1].upper()}{line[1:]}", {"error": body}, failed=True)


def said(parts: Sequence[Content], by: str, at: int) -> Body:
    """What another agent wrote, marked as that."""
    body: Body = {"untrusted": True, "from": by, "received_at": _moment(at)}
    text = "\n".join(part.text for part in parts if isinstance(part, Text))
    if text:
        body["text"] = text[:TEXT_SHOWN]
    if len(text) > TEXT_SHOWN:
        body["cut"] = f"{len(text) - TEXT_SHOWN} more characters"
    data = [msgspec.json.decode(part.data) for part in parts if isinstance(part, Data)]
    if data:
        body["data"] = data
    files = [_file(part) for part in parts if isinstance(part, File)]
    if files:
        body["files"] = files
    return body


def _file(part: File) -> Body:
    body: Body = {"name": part.name, "media": part.media, "bytes": len(part.data)}
    if len(part.data) <= FILE_SHOWN:
        body["base64"] = base64.b64encode(part.data).decode()
    return body


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
