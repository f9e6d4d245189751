"""Gives each test of the suite an adapter under test, in a mailbox of its own."""

import asyncio
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from gatepost.adapters.process.files import Files
from gatepost.adapters.site import Adapter, Limits, Site
from gatepost.host.clock import LoopClock
from gatepost.host.inotify import file_watch

from .host import load
from .mailbox import BOUND, FakeMailbox, Held
from .steps import Gates, Ledger
from .subjects import NEEDED, OURS, Factory, Ground, Subject

LIMITS = Limits(output=1 << 20, stop=0.2, restart=0.1, answer=2.0)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--subject",
        action="append",
        default=[],
        help="test this adapter (package.module:factory) instead of our own",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" in metafunc.fixturenames:
        theirs = metafunc.config.getoption("--subject", default=[]) or []
        factories = {name: load(name) for name in theirs} or OURS
        needed: frozenset[str] = getattr(metafunc.function, NEEDED, frozenset())
        able = {name: one for name, one in factories.items() if not needed & one.cannot}
        metafunc.parametrize("factory", able.values(), ids=able)


class Stage:
    """An adapter under test, with everything around it."""

    def __init__(self, ground: Ground, subject: Subject) -> None:
        self.mailbox = ground.mailbox
        self.gates = ground.gates
        self.ledger = ground.ledger
        self.directory = ground.directory
        self.subject = subject

    def files(self, pattern: str) -> list[Path]:
        """What the adapter keeps on disk for its agent."""
        return sorted((self.directory / "runs" / self.mailbox.agent).glob(pattern))

    def written(self, *runs: Held) -> bool:
        """What the adapter knows of these runs is on the disk: that they were taken, or told."""
        if self.subject.spec.adapter != "process":
            return all(self.files(f"{held.run.run}-*.taken") for held in runs)
        outputs = self.files("*.out")
        return bool(outputs) and all(_told(path) for path in outputs)

    def pids(self) -> set[int]:
        """The processes of the commands there are."""
        return {int(path.read_text()) for path in self.files("*.lock") if path.stat().st_size}

    def clear(self) -> None:
        """End the commands that a killed host left, also those that are about to begin."""
        for path in self.files("*.lock"):
            files = Files(path.parent, path.stem)
            while files.held():
                if pid := files.pid():
                    with suppress(ProcessLookupError):
                        os.killpg(pid, signal.SIGKILL)

    async def free(self) -> None:
        """Wait until no command runs any more: until its lock is free."""
        loop = asyncio.get_running_loop()
        for path in self.files("*.lock"):
            with path.open("rb") as lock:
                await loop.run_in_executor(None, fcntl.flock, lock, fcntl.LOCK_EX)

    async def ended(self, held: Held) -> None:
        """Wait until the agent has done the last step of a message, as its ledger says."""
        line = ("end", held.run.run, held.run.id)
        await self.on_disk(lambda: line in self.ledger.read())

    async def on_disk(self, true: Callable[[], object]) -> None:
        """Wait, up to BOUND, until something can be seen on the disk, where nobody tells of it."""
        async with asyncio.timeout(BOUND):
            while not true():
                tick = asyncio.Event()
                asyncio.get_running_loop().call_later(0.01, tick.set)
                await tick.wait()

    def limit(self, **changes: object) -> None:
        """Change how the agent is woken, before it is started."""
        self.subject.spec = msgspec.structs.replace(self.subject.spec, **changes)

    @asynccontextmanager
    async def running(self, drain: float = 0.0, keep: bool = False) -> AsyncIterator[None]:
        """The adapter at work; afterwards it is stopped and, unless `keep`, its runs with it."""
        async with asyncio.TaskGroup() as tasks:
            loop = asyncio.get_running_loop()
            watch = file_watch(loop)
            site = Site(
                runs=self.directory / "runs",
                boot="this boot",
                clock=LoopClock(loop),
                watch=watch,
                tasks=tasks,
                environment={"PATH": "/usr/bin:/bin", "AWS_SECRET_ACCESS_KEY": "never"},
                socket="/run/agent.sock",
                token_of=lambda agent: f"token of {agent}",
                limits=LIMITS,
            )
            adapter: Adapter = load(self.subject.build)(self.subject.spec, self.mailbox, site)
            await adapter.start()
            try:
                yield
            finally:
                await adapter.stop(drain, keep)
                watch.close()

    def play(self, scene: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run a test's coroutine, with the agent's own needs met, in BOUND seconds."""

        async def whole() -> None:
            await self.subject.open()
            try:
                async with asyncio.timeout(2 * BOUND):
                    await scene()
            finally:
                await self.subject.close()

        asyncio.run(whole())


@contextmanager
def stage_in(directory: Path, factory: Factory) -> Iterator[Stage]:
    """A stage in an empty directory."""
    gates = directory / "gates"
    gates.mkdir()
    ledger = Ledger(str(directory / "ledger"))
    with ExitStack() as afterwards:
        ground = Ground(directory, FakeMailbox(), Gates(gates), ledger, afterwards)
        afterwards.callback(ground.gates.close)
        stage = Stage(ground, factory(ground))
        afterwards.callback(stage.clear)
        yield stage


@pytest.fixture
def stage(factory: Factory, tmp_path: Path) -> Iterator[Stage]:
    with stage_in(tmp_path, factory) as stage:
        yield stage


def _told(out: Path) -> bool:
    at = out.with_suffix(".at")
    return at.exists() and int(at.read_text() or 0) == out.stat().st_size
