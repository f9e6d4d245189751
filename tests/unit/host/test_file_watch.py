"""Both watches: a file that grows is told of, and no longer when nobody asks."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from gatepost.host.files import FileWatch
from gatepost.host.inotify import Inotify, file_watch

BOUND = 10.0


class Watch(Protocol):
    def follow(self, path: str, grew: Callable[[], None]) -> Callable[[], None]: ...
    def close(self) -> None: ...


WATCHES = [FileWatch] + ([Inotify] if sys.platform == "linux" else [])


@pytest.fixture(params=WATCHES, ids=lambda kind: kind.__name__)
def play(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Run a coroutine with a watch, and close the watch."""

    def run(scene: Callable[[Watch], Coroutine[None, None, None]]) -> None:
        async def whole() -> None:
            watch = request.param(asyncio.get_running_loop())
            try:
                async with asyncio.timeout(BOUND):
                    await scene(watch)
            finally:
                watch.close()

        asyncio.run(whole())

    return run


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_file_that_grows_is_told_of_each_time(play: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.touch()

    async def scene(watch: Watch) -> None:
        grown = asyncio.Event()
        watch.follow(str(path), grown.set)
        for _ in range(3):
            grown.clear()
            append(path, b"line\n")
            await grown.wait()

    play(scene)


def test_each_of_several_files_is_told_of_to_its_own_follower(
    play: Callable[..., None], tmp_path: Path
) -> None:
    paths = [tmp_path / str(n) for n in range(3)]

    async def scene(watch: Watch) -> None:
        grown = [asyncio.Event() for _ in paths]
        for path, event in zip(paths, grown, strict=True):
            path.touch()
            watch.follow(str(path), event.set)
        await asyncio.sleep(0)
        for event in grown:
            event.clear()
        append(paths[1], b"x")
        await grown[1].wait()
        append(paths[2], b"x")
        await grown[2].wait()
        assert not grown[0].is_set() or isinstance(watch, FileWatch)

    play(scene)


def test_a_follower_that_stopped_hears_nothing_and_the_others_go_on(
    play: Callable[..., None], tmp_path: Path
) -> None:
    gone, kept = tmp_path / "gone", tmp_path / "kept"
    gone.touch()
    kept.touch()

    async def scene(watch: Watch) -> None:
        heard: list[str] = []
        stop = watch.follow(str(gone), lambda: heard.append("gone"))
        stop()
        stop()
        heard.clear()
        grown = asyncio.Event()
        watch.follow(str(kept), grown.set)
        grown.clear()
        append(gone, b"x")
        append(kept, b"x")
        await grown.wait()
        assert heard == []

    play(scene)


def test_a_file_is_followed_again_after_its_first_follower_stopped(
    play: Callable[..., None], tmp_path: Path
) -> None:
    path = tmp_path / "out"
    path.touch()

    async def scene(watch: Watch) -> None:
        watch.follow(str(path), lambda: None)()
        grown = asyncio.Event()
        watch.follow(str(path), grown.set)
        grown.clear()
        append(path, b"x")
        await grown.wait()

    play(scene)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own watch is of Linux")
def test_when_the_kernel_lost_count_every_follower_looks(tmp_path: Path) -> None:
    async def scene() -> None:
        watch = Inotify(asyncio.get_running_loop())
        heard: list[str] = []
        for name in ("one", "two"):
            (tmp_path / name).touch()
            watch.follow(str(tmp_path / name), partial(heard.append, name))
        # A real overflow takes too long to bring about: its event comes through a pipe instead.
        reader, writer = os.pipe()
        os.write(writer, (-1).to_bytes(4, sys.byteorder, signed=True) + bytes(12))
        os.dup2(reader, watch._fd)
        watch._readable()
        assert heard == ["one", "two"]
        os.close(reader)
        os.close(writer)
        watch.close()

    asyncio.run(scene())


def test_the_best_watch_of_this_machine_is_chosen() -> None:
    async def scene() -> None:
        watch = file_watch(asyncio.get_running_loop())
        assert isinstance(watch, Inotify if sys.platform == "linux" else FileWatch)
        watch.close()

    asyncio.run(scene())


def test_without_the_kernels_watch_the_other_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(self: Inotify, loop: asyncio.AbstractEventLoop) -> None:
        raise OSError(24, "no more of them")

    async def scene() -> None:
        monkeypatch.setattr(Inotify, "__init__", none_left)
        watch = file_watch(asyncio.get_running_loop())
        assert isinstance(watch, FileWatch)
        watch.close()

    asyncio.run(scene())
