"""A node is killed with runs open: the next life says what is true, and nothing runs twice."""

import os

import pytest

from gatepost.core.message import File

from .conftest import Stage
from .hosting import hosted
from .subjects import needs


@needs("gate")
def test_a_run_that_goes_on_is_taken_over_and_brings_its_outcome(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand(f"progress one;{stage.gates.make('door')};progress two;done $ok")
            await mailbox.until(lambda: held.of_kind("progress") == ["one", "at door"])
            await stage.on_disk(lambda: stage.written(held))
        async with hosted(stage):
            assert mailbox.evidence_given == [(held.run.run, "running")]
            stage.gates.open("door")
            assert await mailbox.end(held) == "done"
            assert held.of_kind("progress") == ["one", "at door", "two"]
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)


@needs("gate")
def test_a_run_that_ended_while_the_node_was_away_brings_its_outcome(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand(f"{stage.gates.make('door')};done in the dark")
            await mailbox.until(lambda: held.of_kind("progress"))
            await stage.on_disk(lambda: stage.written(held))
        stage.gates.open("door")
        await stage.ended(held)
        async with hosted(stage):
            assert await mailbox.end(held) == "done"
            assert held.text == "in the dark"
        assert mailbox.evidence_given in ([(held.run.run, "running")], [])
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)


@pytest.mark.requirement("C11")
@needs("crash")
def test_an_outcome_that_was_not_committed_is_told_again(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            mailbox.commit_later = True
            held = mailbox.hand("done once")
            await mailbox.until(lambda: mailbox.uncommitted == 1)
        assert held.state == "working"
        mailbox.commit_later = False
        async with hosted(stage):
            assert await mailbox.end(held) == "done"
            assert held.text == "once"
        assert mailbox.evidence_given == [(held.run.run, "running")]
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)


@needs("gate", "crash")
def test_a_run_whose_command_died_without_a_word_is_unknown(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand(stage.gates.make("door") + ";crash")
            await mailbox.until(lambda: held.of_kind("progress"))
        stage.gates.open("door")
        await stage.free()
        async with hosted(stage):
            assert await mailbox.end(held) == "unknown"
            assert held.reason == "run.no_evidence"
        assert mailbox.evidence_given == [(held.run.run, "none")]

    stage.play(scene)


@needs("gate", "crash")
def test_it_runs_again_marked_when_the_agent_is_safe_to_repeat(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        mailbox.safe = True
        async with hosted(stage):
            held = mailbox.hand(stage.gates.make("door") + ";crash")
            await mailbox.until(lambda: held.of_kind("progress"))
        stage.gates.open("door")
        await stage.free()
        async with hosted(stage):
            assert await mailbox.end(held) == "failed"
            assert held.run.redelivered
            assert held.run.attempt == 2
        assert stage.ledger.starts(held.run.id) == 2

    stage.play(scene)


@pytest.mark.requirement("C14")
@needs("done")
def test_a_run_that_never_began_is_run_by_the_next_attempt(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            pass
        held = mailbox.hand("done at last")
        mailbox.claimed_but_not_offered(held)
        async with hosted(stage):
            assert await mailbox.end(held) == "done"
            assert held.run.attempt == 2
            assert not held.run.redelivered
        assert mailbox.evidence_given == [("1.1", "not_run")]
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)


@needs("done")
def test_a_run_that_another_kind_of_client_had_proves_nothing(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        held = mailbox.hand("done")
        mailbox.claimed_but_not_offered(held)
        async with hosted(stage):
            assert await mailbox.end(held) == "unknown"
        assert mailbox.evidence_given == [("1.1", "none")]

    stage.play(scene)


@needs("ask")
def test_a_question_survives_and_its_reply_is_given_once(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand("ask which?;ask really $?;done $")
            await mailbox.until(lambda: held.state == "needs_input")
            await stage.on_disk(lambda: stage.written(held))
        async with hosted(stage):
            assert mailbox.evidence_given == [(held.run.run, "running")]
            mailbox.reply(held, "sda")
            await mailbox.until(lambda: len(held.of_kind("needs_input")) == 2)
            assert held.of_kind("needs_input")[1] == "really sda?"
            mailbox.reply(held, "yes")
            assert await mailbox.end(held) == "done"
            assert held.text == "yes"
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)


@needs("gate")
def test_a_cancel_reaches_a_run_of_the_life_before(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand(stage.gates.make("door") + ";done")
            await mailbox.until(lambda: held.of_kind("progress"))
            await stage.on_disk(lambda: stage.written(held))
        async with hosted(stage):
            mailbox.cancel_message(held)
            assert await mailbox.end(held) == "cancelled"
            stage.gates.open("door")

    stage.play(scene)


@needs("gate")
def test_a_cancel_that_comes_with_the_next_life_reaches_the_run(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand(stage.gates.make("door") + ";done")
            await mailbox.until(lambda: held.of_kind("progress"))
            await stage.on_disk(lambda: stage.written(held))
        held.cancelling = True
        async with stage.running():
            assert await mailbox.end(held) == "cancelled"
            stage.gates.open("door")

    stage.play(scene)


@needs("gate")
def test_a_node_that_stops_leaves_its_runs_to_the_next_life(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with stage.running(keep=True):
            held = mailbox.hand(stage.gates.make("door") + ";done after all")
            await mailbox.until(lambda: held.of_kind("progress"))
            await stage.on_disk(lambda: stage.written(held))
        assert held.open
        async with stage.running(drain=5.0):
            stage.gates.open("door")
            assert await mailbox.end(held) == "done"
            assert held.of_kind("progress") == ["at door"]
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)


@needs("gate", "crash")
def test_an_agent_that_is_removed_takes_its_runs_with_it(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with stage.running():
            held = mailbox.hand(stage.gates.make("door") + ";done")
            await mailbox.until(lambda: held.of_kind("progress"))
        assert (held.state, held.reason) == ("failed", "adapter.stopped")
        assert stage.pids() == set()

    stage.play(scene)


@needs("gate")
def test_several_runs_open_at_once_are_all_taken_over_and_new_ones_go_on(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        step = stage.gates.make("door")
        async with hosted(stage):
            held = [mailbox.hand(f"{step};done {n}") for n in range(3)]
            await mailbox.until(lambda: all(one.of_kind("progress") for one in held))
            await stage.on_disk(lambda: stage.written(*held))
        async with hosted(stage):
            late = mailbox.hand("done late")
            assert await mailbox.end(late) == "done"
            stage.gates.open("door")
            for n, one in enumerate(held):
                assert await mailbox.end(one) == "done"
                assert one.text == str(n)
                assert stage.ledger.starts(one.run.id) == 1

    stage.play(scene)


@needs("gate", "stays")
def test_the_same_command_serves_the_next_life_and_another_command_replaces_it(
    stage: Stage,
) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        async with hosted(stage):
            held = mailbox.hand(stage.gates.make("door") + ";done")
            await mailbox.until(lambda: held.of_kind("progress"))
            first = stage.pids()
        async with hosted(stage):
            assert await mailbox.end(mailbox.hand("done")) == "done"
            assert stage.pids() == first
        stage.limit(command=(*stage.subject.spec.command, "changed"))
        async with hosted(stage):
            assert await mailbox.end(mailbox.hand("done")) == "done"
            assert len(stage.pids()) == 2
            stage.gates.open("door")
            assert await mailbox.end(held) == "done"
            await stage.on_disk(lambda: len(stage.pids()) == 1)
            assert stage.pids() != first

    stage.play(scene)


def _pieces(stage: Stage) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in stage.files("*.given"))


@needs("crash")
def test_a_long_message_on_its_way_in_is_finished_by_the_next_life(stage: Stage) -> None:
    async def scene() -> None:
        mailbox = stage.mailbox
        script = stage.directory / "slow"
        script.write_text(
            "#!/bin/sh\n"
            f"read go < {stage.gates.directory}/door\n"
            f"exec {' '.join(stage.subject.spec.command)}\n"
        )
        script.chmod(0o700)
        stage.limit(command=(str(script),))
        stage.gates.make("door")
        async with hosted(stage):
            held = mailbox.hand("echo", File(bytes(150_000), "zeros"))
            await stage.on_disk(lambda: _pieces(stage) > 10)
        async with hosted(stage):
            assert mailbox.evidence_given == [(held.run.run, "running")]
            stage.gates.open("door")
            door = os.open(stage.gates.directory / "door", os.O_RDWR | os.O_NONBLOCK)
            os.write(door, b"\n")
            assert await mailbox.end(held) == "done"
            assert held.parts == held.run.parts
            os.close(door)
        assert stage.ledger.starts(held.run.id) == 1

    stage.play(scene)
