"""Adapters of commands: however an agent misbehaves, its run ends, and says for which reason."""

import asyncio
import json
import os

import pytest

from gatepost.core.message import Data
from gatepost.errors import CATALOGUE

from .conftest import Stage
from .subjects import needs


@pytest.mark.parametrize(
    ("step", "code", "words"),
    [
        ("crash 7", "adapter.crashed", "exit status 7"),
        ("crash", "adapter.crashed", "out of order"),
        ("quiet", "adapter.crashed", "exit status 0"),
        ("garbage", "adapter.garbage", "Hello, I am not JSON"),
        ('garbage {"type":"done","text":7}', "adapter.garbage", "Expected `str`"),
        ('garbage {"type":"sing"}', "adapter.garbage", "sing"),
        ("flood", "adapter.flood", "1048576 bytes"),
        ("long", "adapter.flood", "a line of more than"),
    ],
)
@needs("crash")
def test_a_run_that_goes_wrong_fails_with_its_reason(
    stage: Stage, step: str, code: str, words: str
) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand(f"progress begun;{step}")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == code
            assert words in held.text
            assert held.of_kind("progress")[:1] == ["begun"]

    stage.play(scene)


@needs("crash")
def test_a_run_that_hangs_fails_when_its_time_is_over(stage: Stage) -> None:
    async def scene() -> None:
        stage.limit(run_seconds=1)
        async with stage.running():
            held = stage.mailbox.hand("deaf;hang")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.timeout"

    stage.play(scene)


@needs("alone")
def test_a_run_that_floods_stderr_fails(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("noise")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.flood"

    stage.play(scene)


@needs("stays")
def test_a_command_that_stays_is_asked_first_when_a_run_takes_too_long(stage: Stage) -> None:
    async def scene() -> None:
        stage.limit(run_seconds=1)
        async with stage.running():
            held = stage.mailbox.hand(stage.gates.make("door") + ";done")
            assert await stage.mailbox.end(held) == "failed"
            assert (held.reason, held.text) == ("", "cancelled")  # its own words
            stage.gates.open("door")

    stage.play(scene)


@needs("alone")
def test_a_command_deaf_to_sigterm_is_killed(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("deaf;progress listening to nobody;hang")
            await stage.mailbox.until(lambda: held.of_kind("progress"))
            stage.mailbox.cancel_message(held)
            assert await stage.mailbox.end(held) == "cancelled"
            assert held.reason == "adapter.cancelled"

    stage.play(scene)


@needs("crash", "alone")
def test_what_a_run_started_ends_with_it(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            stage.gates.make("family")
            reader = os.open(stage.gates.directory / "family", os.O_RDONLY | os.O_NONBLOCK)
            held = stage.mailbox.hand(f"family family;{stage.gates.make('door')};crash")
            await stage.mailbox.until(lambda: len(held.of_kind("progress")) == 2)
            os.set_blocking(reader, True)
            stage.gates.open("door")
            assert await stage.mailbox.end(held) == "failed"
            # The pipe ends when the last process that has it open for writing has ended.
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, os.read, reader, 1) == b""
            os.close(reader)

    stage.play(scene)


@needs("crash")
def test_a_command_that_does_not_exist_fails_its_runs(stage: Stage) -> None:
    async def scene() -> None:
        stage.limit(command=("no-such-command", "--ever"))
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.no_command"
            assert "no-such-command" in held.text

    stage.play(scene)


@needs("crash")
def test_a_command_that_may_not_be_executed_fails_its_runs(stage: Stage) -> None:
    async def scene() -> None:
        program = stage.directory / "program"
        program.write_text("#!/bin/sh\n")
        stage.limit(command=(str(program),))
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.no_command"

    stage.play(scene)


@needs("crash")
def test_a_plain_command_that_knows_no_protocol_fails_with_its_words(stage: Stage) -> None:
    async def scene() -> None:
        stage.limit(command=("echo", "hello world " * 100))
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.garbage"
            assert "hello world" in held.text
            assert len(held.text) < 600

    stage.play(scene)


@needs("alone")
def test_a_last_line_without_a_newline_counts(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("torn")
            assert await stage.mailbox.end(held) == "done"
            assert held.text == "no newline"

    stage.play(scene)


@needs("crash")
def test_an_outcome_too_large_for_a_message_fails_and_says_so(stage: Stage) -> None:
    line = '{"type":"done","run":"1.1","text":"%s"}' % ("x" * 300_000)

    async def scene() -> None:
        script = stage.directory / "large"
        script.write_text(f"#!/bin/sh\nread line\ncat {stage.directory}/line\nread line\n")
        (stage.directory / "line").write_text(line + "\n")
        script.chmod(0o700)
        stage.limit(command=(str(script),))
        async with stage.running():
            held = stage.mailbox.hand("done")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "message.too_large"

    stage.play(scene)


@needs("gate", "crash")
def test_a_run_ended_elsewhere_is_stopped_and_no_more_is_told(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand(
                f"{stage.gates.make('one')};progress more;{stage.gates.make('two')};done"
            )
            await stage.mailbox.until(lambda: held.of_kind("progress") == ["at one"])
            held.open, held.state = False, "expired"
            stage.gates.open("one")
            other = stage.mailbox.hand("done fine")
            assert await stage.mailbox.end(other) == "done"
            await stage.mailbox.until(lambda: not list(stage.files(f"{held.run.run}-*")))
            assert held.of_kind("progress") == ["at one"]

    stage.play(scene)


@needs("alone")
def test_the_environment_names_the_node_and_leaks_nothing(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("environment")
            assert await stage.mailbox.end(held) == "done"
            (said,) = held.parts
            assert isinstance(said, Data)
            found = json.loads(bytes(said.data))
            assert {k: v for k, v in found.items() if k.startswith("GATEPOST")} == {
                "GATEPOST_AGENT": "worker",
                "GATEPOST_RUN": held.run.run,
                "GATEPOST_SOCKET": "/run/agent.sock",
                "GATEPOST_TOKEN": "token of worker",
            }
            assert "AWS_SECRET_ACCESS_KEY" not in found

    stage.play(scene)


@needs("stays")
def test_a_command_that_stays_is_started_again_after_a_crash(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            for _ in range(3):
                broken = stage.mailbox.hand("crash")
                assert await stage.mailbox.end(broken) == "failed"
                held = stage.mailbox.hand("done well again")
                assert await stage.mailbox.end(held) == "done"

    stage.play(scene)


@needs("crash")
def test_no_file_and_no_process_is_left_behind(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running(drain=5.0):
            for text in ("done", "crash", "garbage", "fail no", "artifact file;done"):
                await stage.mailbox.end(stage.mailbox.hand(text))
        assert [path.name for path in stage.files("*")] == ["house"]

    stage.play(scene)


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code.startswith("adapter.")])
def test_every_reason_says_who_can_act_and_how(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.title
    assert entry.fix
