"""Every adapter: what an agent says reaches the one who asked, as it was said and in order."""

import asyncio
import json

import msgspec

from gatepost.core.message import Data, File, Text
from gatepost.errors import GatepostError

from .conftest import Stage
from .steps import FILE_ARTIFACT
from .subjects import needs


@needs("done")
def test_an_answer_brings_the_agents_own_words(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done it was the disk")
            assert await stage.mailbox.end(held) == "done"
            assert held.text == "it was the disk"

    stage.play(scene)


def test_a_send_is_delivered_once_the_agent_has_it(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("done", verb="send")
            assert await stage.mailbox.end(held) == "delivered"

    stage.play(scene)


def test_parts_of_every_kind_arrive_and_return_unchanged(stage: Stage) -> None:
    parts = (
        Text("echo"),
        Data(msgspec.Raw(b'{"depth":[1,2,{"x":null}],"y":"\xc3\xa9"}')),
        File(bytes(range(256)) * 64, "räksmörgås.bin", "application/x-all"),
    )

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand(*parts)
            assert await stage.mailbox.end(held) == "done"
            text, data, file = held.parts
            assert isinstance(data, Data)
            assert (text, file) == (parts[0], parts[2])
            assert json.loads(bytes(data.data)) == json.loads(bytes(parts[1].data))

    stage.play(scene)


def test_a_message_as_large_as_a_message_may_be_arrives_whole(stage: Stage) -> None:
    file = File(bytes(200 * 1024), "zeros", "application/octet-stream")

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("echo", file)
            assert await stage.mailbox.end(held) == "done"
            assert held.parts[1] == file

    stage.play(scene)


@needs("progress")
def test_progress_is_told_in_order_and_before_the_outcome(stage: Stage) -> None:
    words = [f"step {n}" for n in range(40)]

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand(";".join(f"progress {word}" for word in words) + ";done ok")
            assert await stage.mailbox.end(held) == "done"
            assert held.of_kind("progress") == words
            assert [update.kind for update in held.updates][-1] == "done"

    stage.play(scene)


@needs("artifact")
def test_artifacts_keep_their_kind_name_and_media_type(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("artifact text;artifact json;artifact file;done ok")
            assert await stage.mailbox.end(held) == "done"
            text, data, file = (update.parts[0] for update in held.updates[:3])
            assert isinstance(data, Data)
            assert text == Text("an artifact")
            assert b'"cause"' in bytes(data.data)
            assert file == File(FILE_ARTIFACT, "all.bin", "application/x-all")

    stage.play(scene)


@needs("ask")
def test_a_question_waits_for_its_reply_and_the_run_goes_on_with_it(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("ask which host?;ask which disk of $?;done it was $")
            await stage.mailbox.until(lambda: held.state == "needs_input")
            assert held.of_kind("needs_input") == ["which host?"]
            stage.mailbox.reply(held, "lab")
            await stage.mailbox.until(lambda: len(held.of_kind("needs_input")) == 2)
            stage.mailbox.reply(held, "sda")
            assert await stage.mailbox.end(held) == "done"
            assert held.of_kind("needs_input")[1] == "which disk of lab?"
            assert held.text == "it was sda"

    stage.play(scene)


@needs("decline")
def test_an_agent_may_decline(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("decline not my field")
            assert await stage.mailbox.end(held) == "rejected"
            assert held.text == "not my field"

    stage.play(scene)


@needs("fail")
def test_an_agent_may_fail_and_say_why(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("fail the log is empty")
            assert await stage.mailbox.end(held) == "failed"
            assert held.text == "the log is empty"

    stage.play(scene)


@needs("gate")
def test_a_cancelled_run_ends_and_does_not_end_as_done(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand(stage.gates.make("door") + ";done too late")
            await stage.mailbox.until(lambda: held.of_kind("progress") == ["at door"])
            stage.mailbox.cancel_message(held)
            assert await stage.mailbox.end(held) == "cancelled"
            stage.gates.open("door")

    stage.play(scene)


@needs("gate")
def test_runs_go_side_by_side_up_to_the_limit(stage: Stage) -> None:
    async def scene() -> None:
        stage.limit(concurrent=3)
        async with stage.running():
            step = stage.gates.make("door")
            held = [stage.mailbox.hand(f"{step};done {n}") for n in range(5)]

            def waiting() -> int:
                return sum(one.of_kind("progress") == ["at door"] for one in held)

            await stage.mailbox.until(lambda: waiting() == 3)
            assert stage.mailbox.open_count() == 3
            stage.gates.open("door")
            for n, one in enumerate(held):
                assert await stage.mailbox.end(one) == "done"
                assert one.text == str(n)

    stage.play(scene)


def test_many_messages_each_run_once(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = [stage.mailbox.hand("echo") for _ in range(40)]
            await asyncio.gather(*(stage.mailbox.end(one) for one in held))
            assert {one.state for one in held} == {"done"}
            if stage.ledger.read():
                assert all(stage.ledger.starts(one.run.id) == 1 for one in held)

    stage.play(scene)


def test_a_full_disk_delays_what_was_said_and_loses_none_of_it(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            stage.mailbox.refusals = [GatepostError("store.full")]
            held = stage.mailbox.hand("done", verb="send")
            assert await stage.mailbox.end(held) == "delivered"

    stage.play(scene)


def test_a_stopped_adapter_gives_the_mailbox_up_for_the_next(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running(drain=5.0):
            first = stage.mailbox.hand("echo")
            await stage.mailbox.end(first)
        waiting = stage.mailbox.hand("echo")
        assert waiting.state == "received"
        async with stage.running():
            assert await stage.mailbox.end(waiting) == "done"

    stage.play(scene)
