"""Commands that stay: when they are started again, and when they are replaced."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.adapters.process import child, crew
from gatepost.adapters.process.child import Ground
from gatepost.adapters.process.crew import Crew
from gatepost.adapters.site import Limits
from gatepost.host.inotify import file_watch
from tests.conformance.conftest import Stage, stage_in
from tests.conformance.subjects import OURS

from .fakes import FakeClock

PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with stage_in(tmp_path, OURS["process-stay"]) as stage:
        yield stage


def test_a_command_whose_files_have_grown_large_is_replaced_when_its_runs_are_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_LARGE", 200)

    async def scene() -> None:
        mailbox = stage.mailbox
        async with stage.running():
            first = mailbox.hand(stage.gates.make("door") + ";progress " + "x" * 300 + ";done")
            await mailbox.until(lambda: first.of_kind("progress"))
            assert len(stage.pids()) == 1
            stage.gates.make("other")
            second = mailbox.hand("progress " + "x" * 300 + ";gate other;done")
            await mailbox.until(lambda: len(second.of_kind("progress")) == 2)
            third = mailbox.hand("done by another")
            assert await mailbox.end(third) == "done"
            assert len(stage.pids()) == 2
            stage.gates.open("door")
            stage.gates.open("other")
            assert await mailbox.end(first) == "done"
            assert await mailbox.end(second) == "done"
            await stage.on_disk(lambda: len(stage.pids()) == 1)

    stage.play(scene)


def test_a_command_that_floods_without_speaking_of_any_run_is_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_STAY_MAX", 1 << 20)

    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand("noise")
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.flood"

    stage.play(scene)


def test_a_command_that_never_stays_up_is_started_after_pauses_that_double(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        loop, clock, gone = asyncio.get_running_loop(), FakeClock(), asyncio.Event()
        watch = file_watch(loop)
        ground = Ground(clock, loop, watch, Limits(restart=3.0))
        failing = Crew(("sh", "-c", "exit 1"), True, tmp_path, PATH, ground, gone.set)
        failing.open()
        pauses = []
        for _ in range(5):
            async with asyncio.timeout(10):
                await gone.wait()
            gone.clear()
            pauses += clock.pending
            clock.advance(clock.pending[0])
        assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0]
        failing.close()
        watch.close()

    asyncio.run(scene())


def test_a_run_that_comes_while_the_command_is_down_waits_for_its_next_start(
    stage: Stage,
) -> None:
    stage.limit(command=("sh", "-c", "exit 1"))

    async def scene() -> None:
        async with stage.running():
            held = [stage.mailbox.hand("done") for _ in range(3)]
            for one in held:
                assert await stage.mailbox.end(one) == "failed"
                assert one.reason == "adapter.crashed"
                assert "exit status 1" in one.text

    stage.play(scene)


def test_after_a_run_that_hangs_the_command_is_started_again(stage: Stage) -> None:
    stage.limit(run_seconds=1)

    async def scene() -> None:
        async with stage.running():
            hanging = stage.mailbox.hand("deaf;hang")
            assert await stage.mailbox.end(hanging) == "failed"
            assert hanging.reason == "adapter.timeout"
            again = stage.mailbox.hand("done fine")
            assert await stage.mailbox.end(again) == "done"

    stage.play(scene)


def test_lines_of_a_run_that_is_over_are_ignored(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            first = stage.mailbox.hand("done")
            assert await stage.mailbox.end(first) == "done"
            late = f'garbage {{"type":"progress","run":"{first.run.run}","text":"late"}}'
            second = stage.mailbox.hand(f"{late};done")
            assert await stage.mailbox.end(second) == "done"
            assert first.of_kind("progress") == second.of_kind("progress") == []

    stage.play(scene)


def test_a_line_that_names_no_run_is_garbage(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.running():
            held = stage.mailbox.hand('garbage {"type":"done"}')
            assert await stage.mailbox.end(held) == "failed"
            assert held.reason == "adapter.garbage"
            assert "name the run" in held.text

    stage.play(scene)
