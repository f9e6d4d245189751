"""Types command lines at real nodes, in this process, and keeps what a person would see.

Nothing is faked but the streams and the width of the terminal: the parser, the SDK, the socket and
the node behind it are those of the product.
"""

import io
import itertools
import os
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatepost.cli.app import main


@dataclass(frozen=True)
class Said:
    """What one command line did."""

    line: str
    code: int
    out: str
    err: str
    screen: tuple[str, ...] = ()
    """The lines as they came, `! ` before those of stderr."""

    @property
    def text(self) -> str:
        """Everything that was shown."""
        return self.out + self.err


class Stream(io.TextIOWrapper):
    """A text stream over bytes that may claim to be a terminal; `written` is shared with others."""

    def __init__(
        self,
        text: bytes = b"",
        *,
        terminal: bool = False,
        mark: str = "",
        written: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(io.BytesIO(text), encoding="utf-8", write_through=True)
        self._terminal = terminal
        self._mark = mark
        self._written = [] if written is None else written

    def write(self, text: str, /) -> int:
        count = super().write(text)  # first: somebody may ask whether bytes are taken
        self._written.append((self._mark, text))
        return count

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        raw: Any = self.buffer
        return raw.getvalue().decode()


def type_line(
    line: str,
    home: Path,
    stdin: str | bytes | None = None,
    *,
    watched: bool = False,
    **environment: str,
) -> Said:
    """Run `gatepost LINE` with GATEPOST_HOME set. Without `stdin` a person sits at the keyboard."""
    data = stdin.encode() if isinstance(stdin, str) else stdin or b""
    written: list[tuple[str, str]] = []
    out = Stream(terminal=watched, mark="", written=written)
    err = Stream(terminal=watched, mark="! ", written=written)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GATEPOST_")]:
            patch.delenv(name)
        told = {"GATEPOST_HOME": str(home), "COLUMNS": "100", "NO_COLOR": "1", "TZ": "UTC"}
        for name, value in {**told, **environment}.items():
            patch.setenv(name, value)
        time.tzset()
        patch.setattr(sys, "stdin", Stream(data, terminal=stdin is None))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        before = os.umask(0o077)
        try:
            code = main(shlex.split(line))
        finally:
            os.umask(before)  # a node's own is for it alone
    time.tzset()
    return Said(line, code, out.text(), err.text(), tuple(_lines(written)))


def _lines(written: list[tuple[str, str]]) -> Iterator[str]:
    """Whole lines in the order in which they were written."""
    for mark, pieces in itertools.groupby(written, key=lambda one: one[0]):
        for line in "".join(text for _, text in pieces).splitlines():
            yield f"{mark}{line}".rstrip()
