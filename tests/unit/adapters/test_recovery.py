"""What the files of a former life prove about a run, row by row."""

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gatepost.adapters.house import name_of
from gatepost.adapters.process.files import Files, found
from gatepost.adapters.process.inlet import PIECE, Given
from gatepost.adapters.process.recovery import Remains, remains
from gatepost.core.message import Run

from .fakes import a_run

RUN = a_run()
DONE = b'{"type":"done","run":"1.1"}\n'
PROGRESS = b'{"type":"progress","run":"1.1","text":"on it"}\n'
ASKED = b'{"type":"needs_input","run":"1.1","text":"which?"}\n'


class Left:
    """The files of one child, as a test wants them."""

    def __init__(self, directory: Path, name: str) -> None:
        self.files = Files(directory, name)
        os.mkfifo(self.files.inlet)
        for path in (self.files.lock, self.files.out, self.files.err):
            Path(path).touch()
        self._n = 0

    def began(self) -> "Left":
        Path(self.files.lock).write_text("1\n")
        return self

    def given(self, run: Run = RUN, size: int = 10, left: int = 0, written: bool = True) -> "Left":
        self._n += 1
        record = Given(self._n, 1000, "message", run.run, run.id, size, left or size, 0)
        with open(self.files.given, "ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")
        os.utime(self.files.inlet, ns=(0, self._n) if not written else (0, 10**18))
        return self

    def printed(self, *lines: bytes) -> "Left":
        Path(self.files.out).write_bytes(b"".join(lines))
        return self


def look(directory: Path, exact: bool = True) -> Remains:
    (one,) = asyncio.run(remains(directory, exact))
    return one


def evidence(directory: Path, run: Run = RUN, exact: bool = True) -> str:
    one = look(directory, exact)
    return one.evidence(run, one.heard([run]))


@pytest.fixture
def once(tmp_path: Path) -> Left:
    return Left(tmp_path, name_of(RUN))


@pytest.fixture
def stay(tmp_path: Path) -> Left:
    return Left(tmp_path, "stay-1")


@pytest.fixture
def holder() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that hold a lock, ended after the test."""
    held: list[subprocess.Popen[bytes]] = []
    yield held
    for one in held:
        one.kill()
        one.communicate(timeout=10)


def hold(files: Files, holder: list[subprocess.Popen[bytes]]) -> None:
    fd = os.open(files.lock, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    code = "import sys; sys.stdin.read()"
    holder.append(
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[fd])
    )
    os.close(fd)


def test_a_child_whose_command_never_began_proves_nothing_by_itself(
    once: Left, tmp_path: Path
) -> None:
    once.given()
    assert evidence(tmp_path) == ""  # then the house says "not_run", or "none" after a power cut


def test_a_child_that_ended_with_an_outcome_ran(once: Left, tmp_path: Path) -> None:
    once.began().given().printed(PROGRESS, DONE)
    assert evidence(tmp_path) == "running"


@pytest.mark.parametrize("lines", [(), (PROGRESS,), (b"garbage\n", DONE), (DONE[:-9],)])
def test_a_child_that_ended_without_an_outcome_may_have_had_effects(
    once: Left, tmp_path: Path, lines: tuple[bytes, ...]
) -> None:
    once.began().given().printed(*lines)
    assert evidence(tmp_path) == "none"


def test_an_outcome_without_its_newline_counts(once: Left, tmp_path: Path) -> None:
    once.began().given().printed(DONE[:-1])
    assert evidence(tmp_path) == "running"


def test_a_child_that_holds_its_lock_runs(
    once: Left, tmp_path: Path, holder: list[subprocess.Popen[bytes]]
) -> None:
    once.began().given()
    hold(once.files, holder)
    assert look(tmp_path).alive
    assert evidence(tmp_path) == "running"


def test_a_child_that_is_about_to_begin_is_waited_for(
    once: Left, tmp_path: Path, holder: list[subprocess.Popen[bytes]]
) -> None:
    once.given()
    hold(once.files, holder)

    async def scene() -> Remains:
        looking = asyncio.get_running_loop().create_task(remains(tmp_path, True))
        await asyncio.sleep(0)
        once.began()
        return (await looking)[0]

    one = asyncio.run(scene())
    assert (one.alive, one.pid) == (True, 1)


def test_the_same_token_of_another_message_is_another_run(once: Left, tmp_path: Path) -> None:
    other = msgspec.structs.replace(RUN, id="01890000-0000-7000-8000-0000000000ff")
    once.began().given(other).printed(DONE)
    assert not look(tmp_path).has(RUN) or evidence(tmp_path) == ""


def test_a_run_that_the_staying_child_was_never_given_is_not_its(
    stay: Left, tmp_path: Path
) -> None:
    stay.began().given(a_run(2))
    assert not look(tmp_path).has(RUN)


def test_a_run_whose_line_did_not_go_in_is_not_the_staying_childs(
    stay: Left, tmp_path: Path
) -> None:
    stay.began().given(written=False)
    assert not look(tmp_path).has(RUN)


def test_a_long_line_of_which_nothing_went_in_is_finished(stay: Left, tmp_path: Path) -> None:
    line = b"x" * (PIECE + 10)
    Path(stay.files.rest).write_bytes(line)
    stay.began().given(size=len(line), written=False)
    one = look(tmp_path)
    assert one.has(RUN)
    assert one.past.rest == line


def test_where_pipes_tell_no_time_the_last_line_of_a_living_child_is_in_doubt(
    stay: Left, tmp_path: Path, holder: list[subprocess.Popen[bytes]]
) -> None:
    stay.began().given(a_run(2)).given()
    hold(stay.files, holder)
    assert evidence(tmp_path, RUN, exact=False) == "none"
    assert evidence(tmp_path, a_run(2), exact=False) == "running"
    stay.printed(PROGRESS)
    assert evidence(tmp_path, RUN, exact=False) == "running"


def test_questions_the_node_has_are_counted_and_others_are_not(once: Left, tmp_path: Path) -> None:
    once.began().given().printed(ASKED, ASKED)
    assert look(tmp_path).heard([RUN]).questions == {}
    Path(once.files.at).write_text(f"{len(ASKED):020}\n")
    assert look(tmp_path).heard([RUN]).questions == {"1.1": 1}


def test_a_child_of_which_only_the_lock_was_made_is_found(tmp_path: Path) -> None:
    Path(Files(tmp_path, name_of(RUN)).lock).touch()
    one = look(tmp_path)
    assert (one.alive, one.pid, one.has(RUN)) == (False, 0, True)
    assert one.evidence(RUN, one.heard([RUN])) == ""


def test_removing_leaves_nothing_and_may_be_done_again(once: Left, tmp_path: Path) -> None:
    once.began().given().files.remove()
    once.files.remove()
    assert (list(tmp_path.iterdir()), found(tmp_path)) == ([], [])
