"""The little language in which the suite tells an agent what to do.

A message's text is a list of steps, parted by `;`.

    progress TEXT      say it
    artifact KIND      give a text, json or file artifact
    ask TEXT           ask the sender, wait for the reply; `$` in later steps is its text
    gate NAME          say "at NAME" as progress, then wait until the test opens the gate
    done TEXT          end with it (also: decline TEXT, fail TEXT)
    echo               end with the message's own parts

An agent under test does these through its own gateway. A command knows some more, with which it
misbehaves (`command.py`). Only the standard library is needed here, so that the command can use it.
"""

import base64
import json
import os
from pathlib import Path

JSON_ARTIFACT = {"cause": "disk", "lines": [3, 5]}
FILE_ARTIFACT = bytes(range(256))


def parse(text: str) -> list[tuple[str, str]]:
    """The steps of a text, each as (word, rest)."""
    steps = []
    for step in text.split(";"):
        word, _, rest = step.strip().partition(" ")
        steps.append((word, rest))
    return steps


def artifact(kind: str) -> list[dict]:
    """The parts of an artifact, as JSON."""
    if kind == "json":
        return [{"type": "json", "data": JSON_ARTIFACT}]
    if kind == "file":
        data = base64.b64encode(FILE_ARTIFACT).decode()
        return [{"type": "file", "data": data, "name": "all.bin", "media": "application/x-all"}]
    return [{"type": "text", "text": "an artifact"}]


class Gates:
    """Doors that agents wait at: named pipes, so that nobody has to look again and again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._open: list[int] = []

    def make(self, name: str) -> str:
        """Build a closed gate; the step that waits at it."""
        os.mkfifo(self.directory / name)
        return f"gate {name}"

    def open(self, name: str) -> None:
        """Let everyone through, now and later."""
        fd = os.open(self.directory / name, os.O_RDWR | os.O_NONBLOCK)
        self._open.append(fd)
        os.write(fd, b"open" * 16)

    def close(self) -> None:
        """Forget the gates that were opened."""
        for fd in self._open:
            os.close(fd)


def wait_at(directory: str, name: str) -> None:
    """Wait until a gate is open."""
    with open(os.path.join(directory, name), "rb", buffering=0) as gate:
        gate.read(1)


class Ledger:
    """What agents really did, by themselves: one line for each start and each end of a run."""

    def __init__(self, path: str) -> None:
        self._path = path

    def write(self, what: str, run: str, id: str) -> None:
        """Add a line, in one write."""
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(fd, json.dumps([what, run, id]).encode() + b"\n")
        os.close(fd)

    def read(self) -> list[tuple[str, str, str]]:
        """All lines."""
        if not os.path.exists(self._path):
            return []
        with open(self._path, encoding="utf-8") as file:
            return [tuple(json.loads(line)) for line in file]

    def starts(self, id: str) -> int:
        """How often a message was begun."""
        return sum(what == "start" and of == id for what, _, of in self.read())
