"""Agents that are called: what each kind of answer leads to, and what survives a crash."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from gatepost.adapters.telling import Telling
from gatepost.adapters.webhook.errand import Errand
from gatepost.adapters.webhook.marks import Marks
from gatepost.adapters.webhook.post import Answer
from gatepost.adapters.webhook.signing import signature
from gatepost.core.message import Run, Text
from gatepost.ports import Desk
from tests.conformance.conftest import Stage, stage_in
from tests.conformance.subjects import OURS, WebhookAgent

from .fakes import FakeClock, FakeDesk, a_run

TAKEN = Answer("taken", "")
NOT_NOW = Answer("not_now", "it answered 503")
REFUSED = Answer("refused", "it answered 403")


class Caller:
    """An errand with a scripted agent at the other end."""

    def __init__(self, run: Run, *answers: Answer) -> None:
        self.clock = FakeClock()
        self.desk = FakeDesk()
        self.posted: list[bytes] = []
        self.taken = 0
        self._answers = list(answers)
        self.errand = Errand(run, self.clock, self.take)
        self.errand.telling = Telling(
            cast(Desk, self.desk), self.clock, lambda refusal: None, self.errand.end
        )

    def take(self) -> None:
        self.taken += 1

    async def post(self, body: bytes) -> Answer:
        self.posted.append(body)
        return self._answers.pop(0)

    def work(self, *, between: Callable[[], None] = lambda: None, turns: int = 60) -> list[float]:
        """Let it work, with time passing whenever it waits; the pauses it made."""
        pauses: list[float] = []

        async def whole() -> None:
            task = asyncio.get_running_loop().create_task(self.errand.work(self.post))
            for _ in range(turns):
                for _ in range(5):
                    await asyncio.sleep(0)
                if task.done():
                    break
                between()
                pauses.extend(self.clock.pending)
                self.clock.advance(self.clock.pending[0] if self.clock.pending else 0.0)
            await task

        asyncio.run(asyncio.wait_for(whole(), 10))
        return pauses

    @property
    def reasons(self) -> list[str]:
        return [update.reason for update in self.desk.told]


def test_a_message_that_is_taken_is_posted_once() -> None:
    caller = Caller(a_run(), TAKEN)
    caller.errand.message()
    assert caller.work() == []
    assert (caller.taken, len(caller.posted), caller.reasons) == (1, 1, [])


def test_a_refused_message_fails_the_run_and_is_not_posted_again() -> None:
    caller = Caller(a_run(), REFUSED)
    caller.errand.message()
    caller.errand.reply((Text("never posted"),))
    caller.work()
    assert (caller.reasons, len(caller.posted)) == (["adapter.refused"], 1)
    assert caller.desk.told[0].parts == (Text("it answered 403"),)


def test_an_agent_that_is_away_is_asked_again_after_pauses_that_double() -> None:
    caller = Caller(a_run(), *[NOT_NOW] * 8, TAKEN)
    caller.errand.message()
    assert caller.work() == [1, 2, 4, 8, 16, 32, 60, 60]
    assert caller.taken == 1


def test_it_is_not_asked_after_the_message_has_expired() -> None:
    caller = Caller(a_run(expires=5_000), *[NOT_NOW] * 20)
    caller.errand.message()
    assert sum(caller.work()) == 5
    assert caller.reasons == ["adapter.unreachable"]


def test_a_cancel_ends_the_asking() -> None:
    caller = Caller(a_run(), *[NOT_NOW] * 20)
    caller.errand.message()
    caller.work(between=lambda: caller.errand.cancel("cancelled"))
    assert (caller.reasons, len(caller.posted)) == (["adapter.cancelled"], 1)


def test_a_reply_and_a_cancel_follow_the_message_in_order() -> None:
    caller = Caller(a_run(), TAKEN, NOT_NOW, TAKEN, REFUSED)
    caller.errand.message()
    caller.errand.reply((Text("sda"),))
    caller.errand.cancel("cancelled")
    caller.work()
    kinds = [body.split(b'"')[3] for body in caller.posted]
    assert kinds == [b"message", b"input", b"input", b"cancel"]
    assert caller.reasons == []  # that a cancel is refused says nothing of the run


def test_a_reply_the_agent_refuses_fails_the_run() -> None:
    caller = Caller(a_run(), TAKEN, REFUSED)
    caller.errand.message()
    caller.errand.reply((Text("sda"),))
    caller.work()
    assert caller.reasons == ["adapter.refused"]


def test_nothing_is_posted_for_a_run_that_is_over() -> None:
    caller = Caller(a_run(), *[NOT_NOW] * 3)
    caller.errand.message()
    caller.work(between=caller.errand.end)
    assert (len(caller.posted), caller.reasons) == (1, [])


def test_the_signature_is_over_timestamp_and_body() -> None:
    right = hmac.new(b"secret", b'1700000000000.{"a":1}', hashlib.sha256).hexdigest()
    assert signature("secret", 1_700_000_000_000, b'{"a":1}') == f"v1={right}"


def test_marks_say_what_is_known(tmp_path: Path) -> None:
    marks, run = Marks(tmp_path), a_run()
    assert marks.evidence(run) == ""
    marks.begin(run)
    assert marks.evidence(run) == "none"
    marks.take(run)
    assert marks.evidence(run) == "running"
    assert marks.since(run) > 0
    marks.sweep([run])
    assert marks.evidence(run) == "running"
    marks.sweep([])
    assert list(tmp_path.iterdir()) == []
    marks.begin(run)
    marks.forget(run)
    assert list(tmp_path.iterdir()) == []


# over real HTTP


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with stage_in(tmp_path, OURS["webhook"]) as stage:
        yield stage


def agent_of(stage: Stage) -> WebhookAgent:
    return cast(WebhookAgent, stage.subject)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_status_that_refuses_is_final(stage: Stage, status: int) -> None:
    agent_of(stage).statuses = [status]

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert (held.reason, held.text) == ("adapter.refused", f"it answered {status}")

    stage.play(scene)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(stage: Stage, status: int) -> None:
    agent_of(stage).statuses = [status]

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.refused"
            assert "redirects are not followed" in held.text
            assert agent_of(stage).seen == []

    stage.play(scene)


@pytest.mark.parametrize("status", [500, 503, 429, 408, 425])
def test_a_status_that_means_later_is_tried_again(stage: Stage, status: int) -> None:
    agent_of(stage).statuses = [status]

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done at the second try")
            assert await stage.mailbox.end(held) == "done"

    stage.play(scene)


def test_a_wrong_secret_is_refused_by_the_agent(stage: Stage) -> None:
    stage.limit(secret="another secret than the agent's")

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.refused"

    stage.play(scene)


def test_where_nobody_listens_the_message_is_offered_until_it_expires(stage: Stage) -> None:
    stage.limit(url="http://127.0.0.1:1/hook")

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done", expires=1)
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.unreachable"

    stage.play(scene)


def test_an_agent_that_takes_a_run_and_falls_silent_fails_when_its_time_is_over(
    stage: Stage,
) -> None:
    stage.limit(run_seconds=1)

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand(stage.gates.make("door") + ";done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.timeout"
            stage.gates.open("door")

    stage.play(scene)


def test_what_was_posted_carries_the_sender_and_what_repeats_it(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done")
            await stage.mailbox.end(held)
            (kind, body), headers = agent_of(stage).seen[0], agent_of(stage).headers[0]
            assert (kind, body["from"], body["verified"]) == ("message", "main@home", True)
            assert headers["Idempotency-Key"] == held.run.idempotency_key
            assert headers["Gatepost-Run"] == held.run.run
            assert headers["Gatepost-Message"] == held.run.id
            assert stage.files("*.taken") == stage.files("*.begun") == []

    stage.play(scene)


def test_a_post_whose_answer_was_never_seen_is_no_evidence(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with stage.running():
            pass  # the house is its own now
        posted, waiting = mailbox.hand("done"), mailbox.hand("done")
        mailbox.claimed_but_not_offered(posted)
        mailbox.claimed_but_not_offered(waiting)
        Marks(stage.directory / "runs" / mailbox.agent).begin(posted.run)
        async with stage.running():
            assert await mailbox.end(posted) == "unknown"
            assert await mailbox.end(waiting) == "done"
        assert mailbox.evidence_given == [("1.1", "none"), ("2.1", "not_run")]

    stage.play(scene)


def test_a_send_that_was_taken_before_the_crash_is_delivered_after_it(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        held = mailbox.hand("done", verb="send")
        mailbox.claimed_but_not_offered(held)
        directory = stage.directory / "runs" / mailbox.agent
        directory.mkdir(parents=True)
        marks = Marks(directory)
        marks.begin(held.run)
        marks.take(held.run)
        async with stage.running():
            assert await mailbox.end(held) == "delivered"
        assert mailbox.evidence_given == [("1.1", "running")]

    stage.play(scene)
