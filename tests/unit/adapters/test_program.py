"""The process of a child: what it is given, how it is seen to end, and how it is stopped."""

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from gatepost.adapters.process.files import Files
from gatepost.adapters.process.program import Program, environment, find, launch, lock
from gatepost.host.inotify import file_watch

from .fakes import FakeClock

BOUND = 10.0
PATH = {"PATH": "/usr/bin:/bin"}


class Bench:
    """A place to start a command in."""

    def __init__(self, directory: Path) -> None:
        self.files = Files(directory, "child")
        self.clock = FakeClock()
        self.ended: asyncio.Queue[str] = asyncio.Queue()

    def start(self, *command: str) -> Program:
        held = lock(self.files)
        os.mkfifo(self.files.inlet)
        Path(self.files.out).touch()
        pid = launch(self.files, held, command, PATH)
        os.close(held)
        return self.watch(pid, own=True)

    def watch(self, pid: int, own: bool) -> Program:
        loop = asyncio.get_running_loop()
        return Program(self.files, pid, own, self.clock, loop, self.ended.put_nowait)

    async def until_printed(self, words: str) -> None:
        watch, grew = file_watch(asyncio.get_running_loop()), asyncio.Event()
        watch.follow(self.files.out, grew.set)
        while words not in self.printed():
            await grew.wait()
            grew.clear()
        watch.close()

    def printed(self) -> str:
        return Path(self.files.out).read_text()


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    def run(scene: Callable[[Bench], Coroutine[None, None, None]]) -> None:
        async def whole() -> None:
            async with asyncio.timeout(BOUND):
                await scene(Bench(tmp_path))

        asyncio.run(whole())

    return run


def test_the_node_passes_on_what_is_harmless_and_how_to_reach_it() -> None:
    of_node = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "XDG_RUNTIME_DIR": "/run/user/1",
        "HOME": "/home/a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "GATEPOST_HOME": "/h",
        "GATEPOST_TOKEN": "the operator's",
        "PYTHONPATH": "/x",
    }
    assert environment(of_node, "/s", "t", "worker") == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "XDG_RUNTIME_DIR": "/run/user/1",
        "HOME": "/home/a",
        "GATEPOST_SOCKET": "/s",
        "GATEPOST_TOKEN": "t",
        "GATEPOST_AGENT": "worker",
    }


def test_a_command_is_looked_for_on_the_nodes_path(tmp_path: Path) -> None:
    program = tmp_path / "agent"
    program.touch(mode=0o755)
    assert find(("agent",), str(tmp_path)) is None
    assert find((str(program),), "") is None
    for command, path in ((("agent",), "/nowhere"), ((), str(tmp_path))):
        missing = find(command, path)
        assert missing is not None
        assert missing.code == "adapter.no_command"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("true",), "exit status 0"),
        (("sh", "-c", "exit 7"), "exit status 7"),
        (("sh", "-c", "kill -9 $$"), "signal 9"),
        (("/no/such/command",), "exit status 127"),
    ],
)
def test_the_end_is_said_in_words(
    play: Callable[..., None], command: tuple[str, ...], words: str
) -> None:
    async def scene(bench: Bench) -> None:
        bench.start(*command)
        assert words in await bench.ended.get()

    play(scene)


def test_arguments_reach_the_command_as_they_are(play: Callable[..., None]) -> None:
    async def scene(bench: Bench) -> None:
        bench.start("printf", "%s|", "a b", "$HOME", "; rm -rf /", "'\"", "")
        await bench.ended.get()
        assert bench.printed() == "a b|$HOME|; rm -rf /|'\"||"

    play(scene)


def test_the_mark_is_the_commands_own_process_id_and_the_lock_is_held_until_its_end(
    play: Callable[..., None],
) -> None:
    async def scene(bench: Bench) -> None:
        program = bench.start("sh", "-c", "echo $$; read line")
        await bench.until_printed("\n")
        assert bench.files.held()
        assert bench.files.pid() == program.pid == int(bench.printed())
        pipe = os.open(bench.files.inlet, os.O_RDWR | os.O_NONBLOCK)
        os.write(pipe, b"go\n")
        await bench.ended.get()
        os.close(pipe)
        assert not bench.files.held()

    play(scene)


def test_sigterm_first_and_sigkill_after_the_grace(play: Callable[..., None]) -> None:
    async def scene(bench: Bench) -> None:
        program = bench.start(
            "sh", "-c", "trap 'echo deaf' TERM; echo up; while :; do read x; done"
        )
        await bench.until_printed("up")
        program.stop(5.0)
        program.stop(5.0)
        await bench.until_printed("deaf")
        assert bench.clock.pending == [5.0]
        bench.clock.advance(5.0)
        assert "signal 9" in await bench.ended.get()

    play(scene)


def test_the_signals_a_node_ignores_work_in_its_children(play: Callable[..., None]) -> None:
    async def scene(bench: Bench) -> None:
        assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
        bench.start("sh", "-c", "kill -PIPE $$; echo still here")
        assert "signal 13" in await bench.ended.get()

    play(scene)


def test_a_process_of_another_life_is_seen_to_end(play: Callable[..., None]) -> None:
    async def scene(bench: Bench) -> None:
        first = bench.start("sh", "-c", "read line")
        first.close()  # that life is over; its watch too
        bench.watch(first.pid, own=False)
        os.killpg(first.pid, signal.SIGKILL)
        assert await bench.ended.get()

    play(scene)


def test_a_process_that_is_gone_already_is_seen_to_have_ended(play: Callable[..., None]) -> None:
    async def scene(bench: Bench) -> None:
        first = bench.start("true")
        await bench.ended.get()
        bench.watch(first.pid, own=False)
        bench.clock.advance(0)
        assert await bench.ended.get() == "ended"

    play(scene)


def test_after_close_nothing_is_told_and_the_process_goes_on(play: Callable[..., None]) -> None:
    async def scene(bench: Bench) -> None:
        program = bench.start("sh", "-c", "read line")
        program.stop(5.0)
        program.close()
        program.kill()
        bench.clock.advance(60)
        assert bench.ended.empty()
        await asyncio.to_thread(os.waitpid, program.pid, 0)

    play(scene)


def no_such_call(pid: int) -> int:
    raise OSError(errno.ENOSYS, "no such call")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gatepost.adapters.process.program.sys.platform", "other"),
        ("gatepost.adapters.process.program.os.pidfd_open", no_such_call),
    ],
    ids=["another system", "an old kernel"],
)
@pytest.mark.parametrize("own", [True, False])
def test_on_a_machine_without_pidfd_the_end_is_looked_for(
    play: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: object,
    own: bool,
) -> None:
    monkeypatch.setattr(name, value)

    async def scene(bench: Bench) -> None:
        program = bench.start("sh", "-c", "read line")
        if not own:
            program.close()
            program = bench.watch(program.pid, own=False)
        bench.clock.advance(0.5)
        assert bench.ended.empty()
        program.kill()
        while bench.ended.empty():
            bench.clock.advance(0.1)
            await asyncio.sleep(0)
        assert await bench.ended.get() in ("ended by signal 9 (Killed)", "ended")

    play(scene)
