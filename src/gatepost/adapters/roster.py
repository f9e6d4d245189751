"""Which agents are woken by what.

Starts and stops their adapters, and keeps their tokens for local use.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gatepost.adapters.registry import build, check
from gatepost.adapters.site import Adapter, Site
from gatepost.core.views import AgentSpec, TokenView
from gatepost.errors import GatepostError
from gatepost.ports import Desk

DURABLE = 10.0
"""Seconds a token may take to be kept."""


class TokenMaker(Protocol):
    """Makes tokens."""

    def create(self, agent: str, note: str, done: Callable[[TokenView], None]) -> None:
        """Make a token; `done` once it is durable."""
        ...


class AgentRoster:
    """Implements `operator.Roster`. `desk` gives an agent's mailbox by its name."""

    def __init__(
        self,
        site: Site,
        tokens: Path,
        desk: Callable[[str], Desk],
        maker: TokenMaker,
    ) -> None:
        self._site = site
        self._tokens = tokens
        self._desk = desk
        self._maker = maker
        self._adapters: dict[str, Adapter] = {}

    def check(self, spec: AgentSpec) -> None:
        """Raise what is wrong with how an agent shall be woken, before anything is kept."""
        check(spec, self._site.environment.get("PATH"))

    async def start(self, spec: AgentSpec) -> None:
        """Start waking an agent. One whose token is gone from here gets another."""
        if not (self._tokens / spec.name).exists():
            await self._renew(spec.name)
        adapter = build(spec, self._desk(spec.name), self._site)
        if adapter is not None:
            await adapter.start()
            self._adapters[spec.name] = adapter

    async def stop(self, name: str) -> None:
        """Stop waking an agent, and its runs."""
        adapter = self._adapters.pop(name, None)
        if adapter is not None:
            await adapter.stop(0.0, keep=False)
        (self._tokens / name).unlink(missing_ok=True)

    async def close(self, drain: float) -> None:
        """The node stops: after one `drain` for all, runs go on alone, to be found again."""
        async with asyncio.TaskGroup() as tasks:
            for adapter in self._adapters.values():
                tasks.create_task(adapter.stop(drain))
        self._adapters.clear()

    async def _renew(self, agent: str) -> None:
        made: asyncio.Future[TokenView] = asyncio.get_running_loop().create_future()
        self._maker.create(agent, "made again: it was gone", made.set_result)
        done, _ = await asyncio.wait([made], timeout=DURABLE)
        if not done:
            raise GatepostError("store.failed", why=f"the token of {agent} was not kept in time")
        self._tokens.mkdir(mode=0o700, exist_ok=True)
        self.keep_token(agent, made.result().secret)

    def keep_token(self, agent: str, secret: str) -> None:
        """Leave an agent's token where the operator's own programs find it."""
        path = self._tokens / agent
        fresh = path.with_name(f"{agent}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(secret + "\n")
        fresh.replace(path)
