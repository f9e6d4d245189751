"""Types a command line in this process and keeps what it printed."""

import io
import shlex
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest

import gatepost.sdk
from gatepost.cli.app import main
from tests.unit.cli.fakes import NOW, FakeNode


@dataclass
class Said:
    """What one command line did."""

    code: int
    out: str
    err: str


class Stream(io.TextIOWrapper):
    """A text stream over bytes that may claim to be a terminal."""

    def __init__(self, text: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(text), encoding="utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        raw: Any = self.buffer
        return raw.getvalue().decode()


class Terminal:
    """A person (or a program) at a node. `watched` says whether its streams are a terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, node: FakeNode) -> None:
        self._patch = monkeypatch
        self.node = node
        monkeypatch.setattr(gatepost.sdk, "connect", node.connect, raising=False)
        monkeypatch.setattr(gatepost.sdk, "connect_operator", node.connect_operator, raising=False)
        monkeypatch.setenv("TZ", "UTC")
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("GATEPOST_HOME", "/srv/nowhere")
        monkeypatch.setattr(time, "time_ns", lambda: NOW * 1_000_000)
        time.tzset()

    def type(self, line: str, stdin: str | bytes | None = None, *, watched: bool = False) -> Said:
        """Run `gatepost LINE`."""
        out, err = Stream(terminal=watched), Stream(terminal=watched)
        self._patch.setattr(sys, "stdin", _stdin(stdin))
        self._patch.setattr(sys, "stdout", out)
        self._patch.setattr(sys, "stderr", err)
        code = main(shlex.split(line))
        return Said(code, out.text(), err.text())


def _stdin(given: str | bytes | None) -> Stream:
    data = given.encode() if isinstance(given, str) else given or b""
    return Stream(data, terminal=given is None)
