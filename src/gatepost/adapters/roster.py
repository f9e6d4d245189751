"""Which agents are woken by what.

Starts and stops their adapters, and keeps their tokens for local use.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from gatepost.adapters.registry import build, check
from gatepost.adapters.site import Adapter, Site
from gatepost.core.views import AgentSpec
from gatepost.ports import Desk


class AgentRoster:
    """Implements `operator.Roster`. `desk` gives an agent's mailbox by its name."""

    def __init__(
        self,
        site: Site,
        tokens: Path,
        desk: Callable[[str], Desk],
    ) -> None:
        self._site = site
        self._tokens = tokens
        self._desk = desk
        self._adapters: dict[str, Adapter] = {}

    def check(self, spec: AgentSpec) -> None:
        """Raise what is wrong with how an agent shall be woken, before anything is kept."""
        check(spec, self._site.environment.get("PATH"))

    async def start(self, spec: AgentSpec) -> None:
        """Start waking an agent."""
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

    def keep_token(self, agent: str, secret: str) -> None:
        """Leave an agent's token where the operator's own programs find it."""
        path = self._tokens / agent
        fresh = path.with_name(f"{agent}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(secret + "\n")
        fresh.replace(path)
