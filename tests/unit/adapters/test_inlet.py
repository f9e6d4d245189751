"""A child's stdin: what went in is known afterwards, to the byte."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gatepost.adapters.process import inlet as module
from gatepost.adapters.process.files import Files
from gatepost.adapters.process.inlet import COMMAND, PIECE, Given, Inlet, Line, Past, tells_time

from .fakes import FakeClock

LONG = b"".join(b"%06d\n" % n for n in range(40_000))
BOUND = 10.0


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path, "child")
    os.mkfifo(files.inlet)
    Path(files.out).touch()
    return files


@pytest.fixture
def child(files: Files) -> Iterator[int]:
    """The pipe as the child holds it: for reading and writing."""
    fd = os.open(files.inlet, os.O_RDWR | os.O_NONBLOCK)
    yield fd
    os.close(fd)


def a_line(data: bytes, run: str = "1.1", kind: str = "message") -> Line:
    return Line(kind, run, f"id of {run}", data)


def in_a_loop(scene: Callable[[Callable[..., Inlet]], object]) -> None:
    """Run a scene with a maker of inlets, all of which are closed at the end."""

    async def whole() -> None:
        made: list[Inlet] = []

        def make(files: Files, last: int = 0) -> Inlet:
            made.append(Inlet(files, FakeClock(), asyncio.get_running_loop(), last))
            return made[-1]

        try:
            async with asyncio.timeout(BOUND):
                outcome = scene(make)
                if asyncio.iscoroutine(outcome):
                    await outcome
        finally:
            for one in made:
                one.close()

    asyncio.run(whole())


def records(files: Files) -> list[Given]:
    lines = Path(files.given).read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Given) for line in lines]


def forget_the_last(files: Files, count: int = 1) -> None:
    kept = Path(files.given).read_bytes().splitlines(keepends=True)[:-count]
    Path(files.given).write_bytes(b"".join(kept))


async def drained(fd: int, size: int) -> bytes:
    """Read a pipe until so many bytes have come."""
    got = b""
    while len(got) < size:
        try:
            got += os.read(fd, 1 << 20)
        except BlockingIOError:
            await asyncio.sleep(0)
    return got


def test_lines_go_in_whole_and_in_order(files: Files, child: int) -> None:
    def scene(make: Callable[..., Inlet]) -> None:
        one = make(files)
        one.write(a_line(b"first\n"))
        one.write(a_line(b"second\n", "2.1"))
        assert os.read(child, 100) == b"first\nsecond\n"

    in_a_loop(scene)
    past = Past(files, exact=True)
    assert set(past.messages) == {"1.1", "2.1"}
    assert (past.rest, past.doubt) == (b"", False)


def test_a_line_longer_than_the_pipe_flows_as_it_is_read(files: Files, child: int) -> None:
    async def scene(make: Callable[..., Inlet]) -> None:
        one = make(files)
        one.write(a_line(LONG))
        one.write(a_line(b"after\n", "2.1"))
        assert await drained(child, len(LONG) + 6) == LONG + b"after\n"

    in_a_loop(scene)
    assert Past(files, exact=True).rest == b""


@pytest.mark.parametrize("read", [0, 1, 3])
def test_the_next_life_finishes_a_long_line_where_the_last_one_stopped(
    files: Files, child: int, read: int
) -> None:
    in_a_loop(lambda make: make(files).write(a_line(LONG)))
    pipe = fcntl.fcntl(child, 1032)  # F_GETPIPE_SZ
    got = b"".join(os.read(child, PIECE) for _ in range(read))
    past = Past(files, exact=True)
    assert past.last is not None
    assert len(past.rest) == len(LONG) - pipe

    async def scene(make: Callable[..., Inlet]) -> None:
        assert past.last is not None
        make(files, past.last.n).finish(past.last, past.rest)
        assert got + await drained(child, len(LONG) - len(got)) == LONG

    in_a_loop(scene)
    assert Past(files, exact=True).rest == b""


def test_a_message_whose_record_was_the_last_thing_done_was_not_given(files: Files) -> None:
    """As after a crash between the record and the write."""
    child = os.open(files.inlet, os.O_RDWR | os.O_NONBLOCK)
    in_a_loop(lambda make: make(files).write(a_line(b"first\n")))
    record = Given(2, 0, "message", "2.1", "id", 10, 10, 0)
    os.utime(files.inlet, ns=(0, 2))
    with open(files.given, "ab") as given:
        given.write(msgspec.json.encode(record) + b"\n")
    assert set(Past(files, exact=True).messages) == {"1.1"}
    os.close(child)


def test_a_time_that_was_set_before_its_record_says_nothing_of_the_piece_before(
    files: Files, child: int
) -> None:
    """As after a crash between the time and the record."""
    in_a_loop(lambda make: make(files).write(a_line(b"first\n")))
    os.utime(files.inlet, ns=(0, 2))
    past = Past(files, exact=True)
    assert set(past.messages) == {"1.1"}
    assert past.rest == b""


@pytest.mark.parametrize("size", [PIECE + 1, 2 * PIECE, 2 * PIECE + 1])
def test_the_rest_of_a_line_is_known_at_every_piece(files: Files, child: int, size: int) -> None:
    line = bytes(i % 251 for i in range(size))
    in_a_loop(lambda make: make(files).write(a_line(line)))
    pieces = records(files)
    assert [one.left for one in pieces] == list(range(size, 0, -PIECE))
    for n in range(len(pieces), 0, -1):
        last = pieces[n - 1]
        written = Past(files, exact=True)
        assert len(written.rest) == max(0, last.left - PIECE)
        os.utime(files.inlet, ns=(0, last.n))  # as if the write had not come
        unwritten = Past(files, exact=True)
        assert unwritten.rest == line[size - last.left :]
        assert "1.1" in unwritten.messages
        forget_the_last(files)
        os.utime(files.inlet)


def test_a_reply_that_did_not_go_in_is_not_counted(files: Files, child: int) -> None:
    def scene(make: Callable[..., Inlet]) -> None:
        one = make(files)
        one.write(a_line(b"m\n"))
        one.write(Line("input", "1.1", "id of 1.1", b"i\n", "words"))

    in_a_loop(scene)
    assert Past(files, exact=True).inputs == {"1.1": ["words"]}
    os.utime(files.inlet, ns=(0, 2))
    assert Past(files, exact=True).inputs == {"1.1": []}


def test_where_pipes_tell_no_time_the_last_piece_is_in_doubt(files: Files, child: int) -> None:
    in_a_loop(lambda make: make(files).write(a_line(b"m\n")))
    past = Past(files, exact=False)
    assert past.doubt
    assert "1.1" in past.messages


def test_records_that_cannot_be_read_raise_doubt_and_nothing_else(files: Files, child: int) -> None:
    in_a_loop(lambda make: make(files).write(a_line(b"m\n")))
    Path(files.given).write_bytes(b"\0" * 30 + b"\n" + Path(files.given).read_bytes())
    past = Past(files, exact=True)
    assert past.doubt
    assert "1.1" in past.messages


def test_the_command_is_noted_and_is_no_message(files: Files, child: int) -> None:
    in_a_loop(lambda make: make(files).sign("digest"))
    past = Past(files, exact=True)
    assert (past.command, past.messages, past.last) == ("digest", {}, None)
    assert records(files)[0].kind == COMMAND


def test_a_child_that_was_given_nothing_has_no_past(files: Files) -> None:
    past = Past(files, exact=True)
    assert (past.messages, past.last, past.doubt) == ({}, None, False)


def test_numbers_go_on_from_life_to_life(files: Files, child: int) -> None:
    def scene(make: Callable[..., Inlet]) -> None:
        make(files).write(a_line(b"1\n"))
        past = Past(files, exact=True)
        assert past.last is not None
        make(files, past.last.n).write(a_line(b"2\n", "2.1"))

    in_a_loop(scene)
    assert [one.n for one in records(files)] == [1, 2]


def test_pipes_of_this_machine_tell_the_time_of_a_write(tmp_path: Path) -> None:
    assert tells_time(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_a_write_leaves_untouched_is_not_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "write", lambda fd, data: len(data))
    assert not tells_time(tmp_path)
