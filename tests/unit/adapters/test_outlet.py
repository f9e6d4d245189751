"""A child's stdout: whole lines, each told once, whatever the pieces they come in."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.adapters.process import outlet as module
from gatepost.adapters.process.files import Files
from gatepost.adapters.process.lines import LINE_MAX
from gatepost.adapters.process.outlet import Outlet, Printed, TooLong, told_to


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path, "child")
    Path(files.out).touch()
    return files


@pytest.fixture
def outlet(files: Files) -> Iterator[Outlet]:
    outlet = Outlet(files)
    yield outlet
    outlet.close()


def print_to(files: Files, data: bytes) -> None:
    with open(files.out, "ab") as out:
        out.write(data)


def everything(outlet: Outlet) -> list[Printed]:
    printed = []
    while batch := outlet.read():
        printed += batch
        for line in batch:
            outlet.told(line)
    return printed


def test_a_line_is_read_when_its_newline_is_there(files: Files, outlet: Outlet) -> None:
    print_to(files, b"on")
    assert outlet.read() == []
    print_to(files, b"e\ntw")
    assert [line.data for line in outlet.read()] == [b"one"]
    print_to(files, b"o\n")
    assert [line.data for line in outlet.read()] == [b"two"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    lines=st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=30),
    cuts=st.lists(st.integers(0, 1200), max_size=8),
    chunk=st.integers(1, 64),
)
def test_lines_are_the_same_in_whatever_pieces_they_come(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    cuts: list[int],
    chunk: int,
) -> None:
    files = Files(tmp_path_factory.mktemp("out"), "child")
    Path(files.out).touch()
    data = b"".join(line + b"\n" for line in lines)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        outlet = Outlet(files)
        read = []
        for start, end in pairwise(edges):
            print_to(files, data[start:end])
            read += everything(outlet)
        outlet.keep()
        outlet.close()
    assert [line.data for line in read] == lines
    assert [line.end for line in read] == [
        sum(len(one) + 1 for one in lines[: n + 1]) for n in range(len(lines))
    ]
    assert told_to(files) == len(data)


def test_the_last_line_of_a_child_that_ended_needs_no_newline(files: Files, outlet: Outlet) -> None:
    print_to(files, b"one\ntwo")
    assert [line.data for line in outlet.read()] == [b"one"]
    assert [line.data for line in outlet.last()] == [b"two"]
    assert outlet.last() == []


def test_only_what_is_told_without_a_gap_is_kept(files: Files, outlet: Outlet) -> None:
    print_to(files, b"1\n22\n333\n")
    one, two, three = outlet.read()
    outlet.told(two)
    outlet.keep()
    assert told_to(files) == 0
    outlet.told(one)
    outlet.keep()
    assert told_to(files) == 5
    outlet.told(three)
    outlet.keep()
    assert told_to(files) == 9


def test_the_next_life_begins_after_what_was_told(files: Files, outlet: Outlet) -> None:
    print_to(files, b"1\n22\n333\n")
    one, _, _ = outlet.read()
    outlet.told(one)
    outlet.keep()
    later = Outlet(files)
    assert [line.data for line in later.read()] == [b"22", b"333"]
    later.close()


@pytest.mark.parametrize("garbage", [b"", b"\0\0\0", b"x\n"])
def test_a_note_that_cannot_be_read_means_from_the_beginning(files: Files, garbage: bytes) -> None:
    Path(files.at).write_bytes(garbage)
    assert told_to(files) == 0


@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_a_line_over_the_limit_is_refused(files: Files, outlet: Outlet, tail: bytes) -> None:
    print_to(files, b"x" * LINE_MAX + tail)
    with pytest.raises(TooLong):
        everything(outlet)


def test_a_line_of_just_the_limit_is_read(files: Files, outlet: Outlet) -> None:
    print_to(files, b"x" * (LINE_MAX - 1) + b"\n")
    assert [len(line.data) for line in everything(outlet)] == [LINE_MAX - 1]


def test_reading_waits_while_too_much_is_untold(files: Files, outlet: Outlet) -> None:
    print_to(files, b"1\n" * 300)
    first = outlet.read()
    assert (len(first), outlet.full()) == (300, True)
    print_to(files, b"2\n")
    assert outlet.read() == []
    for line in first:
        outlet.told(line)
    assert [line.data for line in outlet.read()] == [b"2"]
