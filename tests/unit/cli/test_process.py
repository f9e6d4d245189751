"""The command as a process of its own: signals, pipes, start-up."""

import os
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
