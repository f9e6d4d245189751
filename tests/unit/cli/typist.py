"""The real command line at a real node: `lab`, on a stage of virtual time, with files of its own.

What is typed goes through the real parser to the node's own operator; only the socket between them
is left out.
"""

import asyncio
import contextlib
import inspect
import json
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import gatepost.sdk
from gatepost.cli.app import main
from gatepost.config.files import write
from gatepost.config.first import first_config
from gatepost.config.paths import Layout, create, layout
from gatepost.core.views import AgentSpec
from gatepost.node.configbook import ConfigBook
from gatepost.node.lawbook import LawFiles
from gatepost.node.operator import Operator
from tests.unit.cli.terminal import Said, Stream
from tests.unit.node.stage import Stage

AGENTS = ("bob", "specialist")


class NoRoster:
    """Wakes nobody."""

    def check(self, spec: AgentSpec) -> None: ...

    async def start(self, spec: AgentSpec) -> None: ...

    async def stop(self, name: str) -> None: ...

    def keep_token(self, agent: str, secret: str) -> None: ...


class Driven:
    """The operator as the SDK shows it: every call is awaited, and time goes on meanwhile."""

    def __init__(self, stage: Stage, operator: Operator, settings: ConfigBook) -> None:
        self._stage = stage
        self._operator = operator
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._settings if name == "config" else self._operator, name)

        async def driven(*args: Any) -> Any:
            answer = call(*args)
            if not inspect.isawaitable(answer):
                return answer
            task = asyncio.ensure_future(answer)
            for _ in range(2000):
                await asyncio.sleep(0)
                if task.done():
                    return task.result()
                self._stage.run(0.01)
            raise AssertionError(f"{name} never answered")

        return driven


class Typist:
    """Somebody at lab, whose node knows home and work."""

    def __init__(self, stage: Stage, places: Layout, patch: pytest.MonkeyPatch) -> None:
        self.stage = stage
        self.places = places
        self._patch = patch
        self.node = stage.node("lab")
        law = LawFiles(places, self.node.clock, ("lab", self.node.guard.node))
        law.changed = self.node.law_changed
        law.directory = self.node.overview.directory
        self.node.law_changed(law.law)
        self.operator = Operator(self.node, law, NoRoster())
        patch.setattr(gatepost.sdk, "connect_operator", self._connect, raising=False)
        patch.setenv("GATEPOST_HOME", str(places.home))

    def policy(self, text: str) -> None:
        """What policy.toml says from now on."""
        write(self.places.policy, text)
        self.operator.rules()

    def type(self, line: str, stdin: str = "") -> Said:
        """Run `gatepost LINE`."""
        out, err = Stream(), Stream()
        self._patch.setattr(sys, "stdin", Stream(stdin.encode()))
        self._patch.setattr(sys, "stdout", out)
        self._patch.setattr(sys, "stderr", err)
        code = main(shlex.split(line))
        return Said(code, out.text(), err.text())

    def asked(self, line: str) -> dict[str, Any]:
        """The answer to a question, as JSON."""
        said = self.type(f"{line} --json")
        assert said.code in (0, 1), (line, said)
        return json.loads(said.out)

    @contextlib.asynccontextmanager
    async def _connect(self, **how: object) -> AsyncIterator[Driven]:
        yield Driven(self.stage, self.operator, ConfigBook(self.places, {}))


@contextmanager
def typist(root: Path, text: str) -> Iterator[Typist]:
    """lab, with `text` as its policy.toml; home and work let everything in and out."""
    places = layout(root / "lab")
    create(places)
    write(places.policy, text)
    write(places.grants, "")
    write(places.config, first_config("lab"))
    stage = Stage("lab", "home", "work", agents=AGENTS)
    with pytest.MonkeyPatch.context() as patch:
        yield Typist(stage, places, patch)
