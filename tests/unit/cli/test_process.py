"""The command as a process of its own: signals, pipes, start-up."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src"
WAIT = 30


def command(home: Path, *words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "gatepost", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "GATEPOST_HOME": str(home)},
    )


def read_until(process: "subprocess.Popen[bytes]", text: bytes) -> bytes:
    assert process.stderr is not None
    said = b""
    while text not in said:
        more = os.read(process.stderr.fileno(), 4096)
        assert more, said
        said += more
    return said


@pytest.mark.parametrize("words", [("init",), ("peers", "accept")])
def test_ctrl_c_at_a_prompt_ends_with_130_and_makes_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    home = tmp_path / "home"
    process = command(home, *words)
    read_until(process, b":")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=WAIT)
    assert process.returncode == 130 and b"Traceback" not in err
    assert not home.exists()


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    process = command(tmp_path, "explain", "--help")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(WAIT) in (0, 1, 141)  # typer itself may notice first
    process.stderr.close()
    assert process.stdin is not None
    process.stdin.close()


def test_no_home_is_exit_8_and_leads_to_init(tmp_path: Path) -> None:
    process = command(tmp_path / "none", "config", "list")
    out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out) == (8, b"")
    assert b"error[home.missing]" in err and b"gatepost init --name NAME" in err


@pytest.mark.parametrize(
    ("line", "code"),
    [("--version >&-", 0), ("--help <&-", 0), ("status 2>&-", 8), ("init <&-", 1)],
)
def test_a_stream_that_is_closed_for_it_is_no_mistake(tmp_path: Path, line: str, code: int) -> None:
    shell = f"exec {shlex.quote(sys.executable)} -m gatepost {line}"
    place = {**os.environ, "PYTHONPATH": str(SOURCE), "GATEPOST_HOME": str(tmp_path / "none")}
    done = subprocess.run(["sh", "-c", shell], env=place, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


def test_a_page_that_cannot_be_written_is_a_fault_of_the_machine() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gatepost", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
    assert done.returncode == 6 and "error[output.failed]" in done.stderr
