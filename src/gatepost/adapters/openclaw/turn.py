"""One run as a turn of an OpenClaw agent.

    give it once  ── final answer ──────────────────────────────▶ over
         │ line broke, or a former life gave it
         ▼
    read the history ─ answered / failed ───────────────────────▶ over
         ├─ begun, waiting: let the gateway wait for its end, read again
         ├─ absent, same life of the gateway: give it again, same key (the gateway knows the key)
         ├─ absent or interrupted, otherwise: it never ran; give it again, next key
         └─ begun, and nothing for the whole recovery budget: nobody can know ──▶ lost

A key that the gateway may have answered is never given again blindly: what it would answer then is
not what became of the turn. A `send` is over once its input stands in the transcript.
"""

from typing import Any, Protocol, cast

import msgspec

from gatepost.adapters.openclaw import history, wording
from gatepost.adapters.openclaw.gateway import Broken, Gateway, Payload, Refused
from gatepost.adapters.openclaw.history import Found, as_dict
from gatepost.adapters.openclaw.trace import Trace
from gatepost.adapters.pausing import pause
from gatepost.core.message import Run
from gatepost.ports import Clock

WAIT = 25.0
"""Seconds the gateway is asked to wait for the end of a turn at a time."""

RECOVERY = 330.0
"""Seconds a restarted gateway has to resume a turn: before, it drains for up to 315."""

ROWS = 200
AGAIN = 2.0


class End(msgspec.Struct, frozen=True):
    """How a turn ended: "answered" with its text, "failed" with a code and why, or "lost"."""

    how: str
    text: str = ""
    code: str = ""


class Ground(Protocol):
    """What a turn stands on."""

    async def words(self) -> str:
        """What the agent is given to read."""
        ...

    def keep(self, trace: Trace) -> None:
        """Write the trace."""
        ...


class Turn:
    """One run at one gateway. `trace` is what a former life, or a former turn, left of it.

    It takes place in `session`, or in the one of its sender and conversation.
    """

    def __init__(
        self,
        run: Run,
        target: str,
        gateway: Gateway,
        ground: Ground,
        clock: Clock,
        trace: Trace | None,
        session: str = "",
    ) -> None:
        self.run = run
        self.session = session or wording.session(target, run)
        self.trace = trace
        self._target = target
        self._gateway = gateway
        self._ground = ground
        self._clock = clock
        self._idle = 0.0

    @property
    def key(self) -> str:
        """The key of the turn under way."""
        return wording.key(self.run, self.trace.turn if self.trace else 1)

    async def play(self) -> End:
        """Bring the turn to its end."""
        while True:
            boot = await self._gateway.connected()
            try:
                end = await self._step(boot)
            except (Broken, TimeoutError):
                await pause(self._clock, AGAIN)  # it comes back, or is slow: look again
                continue
            if end is not None:
                return end

    async def stop(self) -> bool:
        """Ask the gateway to stop the turn. False when it does not."""
        asked: Payload = {"key": self.session, "runId": self.key}
        try:
            await self._gateway.call("sessions.abort", asked)
        except (Refused, Broken, TimeoutError):
            return False
        return True

    async def _step(self, boot: str) -> End | None:
        trace = self.trace
        if trace is None or not trace.boot:
            return await self._give(trace.turn if trace else 1, boot)
        found = await self._look()
        match found.fate:
            case "answered":
                return End("answered", found.text)
            case "failed":
                return End("failed", found.text, "adapter.refused")
            case "absent" | "interrupted":
                known = found.fate == "absent" and trace.boot == boot
                return await self._give(trace.turn if known else trace.turn + 1, boot)
            case "begun" if self.run.verb == "send":
                return End("answered")
            case "waiting" | "begun":
                return await self._wait(found, trace.boot == boot)

    async def _give(self, turn: int, boot: str) -> End | None:
        """Give the turn to the gateway and stay for its answer."""
        message = await self._ground.words()
        past = self.trace or Trace(turn, boot, self._clock.now())
        self.trace = msgspec.structs.replace(past, turn=turn, boot=boot)
        self._ground.keep(self.trace)
        call: Payload = {
            "message": message,
            "agentId": self._target,
            "sessionKey": self.session,
            "idempotencyKey": self.key,
            "deliver": False,
            "inputProvenance": {
                "kind": "inter_session",
                "sourceSessionKey": self.run.sender,
                "sourceChannel": "gatepost",
                "sourceTool": self.run.verb,
            },
        }
        try:
            async with self._gateway.calling("agent", call) as calling:
                answer = await calling.answer()
                if self.run.verb == "send":
                    return None  # history says when its input stands there
                while answer.get("status") == "accepted":
                    answer = await calling.answer()
        except Refused as refused:
            return await self._refused(refused)
        return _end(answer)

    async def _refused(self, refused: Refused) -> End | None:
        fault = refused.fault
        if fault.details.get("reason") == "startup-sidecars" or fault.retryAfterMs:
            await pause(self._clock, max(AGAIN, fault.retryAfterMs / 1000))
            return None
        if "Pending input ownership ended" in fault.message:
            await pause(self._clock, AGAIN)
            return None  # history says `interrupted`: the next key
        return End("failed", fault.message or fault.code, "adapter.refused")

    async def _look(self) -> Found:
        asked: Payload = {"sessionKey": self.session, "limit": ROWS}
        try:
            said = await self._gateway.call("chat.history", asked)
        except Refused as refused:
            if "not found" in refused.fault.message.lower():
                return Found("absent")
            raise Broken(refused.fault.message) from refused
        found = history.find(said, self.key)
        if found.fate != "begun" or history.active(said):
            self._idle = 0.0
        return found

    async def _wait(self, found: Found, known: bool) -> End | None:
        """It is there and not over: wait for its end, within what a recovery may take.

        A gateway that was restarted resumes it under another name: only its history tells of it.
        """
        if not known:
            await pause(self._clock, AGAIN)
            return self._patience(found, AGAIN)
        wait = AGAIN if self.run.verb == "send" else WAIT
        asked: Payload = {"runId": self.key, "timeoutMs": round(wait * 1000)}
        before = self._clock.now()
        try:
            said = await self._gateway.call("agent.wait", asked, wait + 10)
        except Refused as refused:
            raise Broken(refused.fault.message) from refused
        reply = as_dict(said.get("terminalReply"))
        if said.get("status") == "ok" and reply.get("text"):
            return End("answered", str(reply["text"]))
        took = (self._clock.now() - before) / 1000
        if took < AGAIN:
            await pause(self._clock, AGAIN)
        return self._patience(found, max(took, AGAIN))

    def _patience(self, found: Found, waited: float) -> End | None:
        self._idle += waited
        return End("lost") if found.fate == "begun" and self._idle > RECOVERY else None


def _end(answer: Payload) -> End:
    """How the last answer of a turn ends it."""
    status, summary = answer.get("status"), str(answer.get("summary") or "the run failed")
    payloads = as_dict(answer.get("result")).get("payloads")
    said = (
        [as_dict(one) for one in cast("list[Any]", payloads)] if isinstance(payloads, list) else []
    )
    text = "\n".join(str(one["text"]) for one in said if one.get("text"))
    if status == "ok" and not any(one.get("isError") for one in said):
        return End("answered", text)
    code = "adapter.timeout" if status == "timeout" else "adapter.refused"
    return End("failed", text or summary, code)
