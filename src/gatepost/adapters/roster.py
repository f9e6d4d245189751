"""Which agents are woken by what.

Starts and stops their adapters, and keeps their tokens for local use.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from gatepost.adapters.echo import EchoAdapter
from gatepost.adapters.site import Adapter, Site
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
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
        if spec.adapter not in ("", "echo", "process", "webhook"):
            raise GatepostError(
                "usage.invalid",
                what=f"there is no adapter `{spec.adapter}`",
                why="it is one of echo, process, webhook, or none (the agent polls)",
            )
        if spec.adapter == "process" and not spec.command:
            raise GatepostError("usage.invalid", what="the process adapter needs a command")
        if spec.adapter == "webhook" and not spec.url:
            raise GatepostError("usage.invalid", what="the webhook adapter needs a url")

    async def start(self, spec: AgentSpec) -> None:
        """Start waking an agent."""
        adapter = self._build(spec)
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
        """The node stops: runs go on by themselves and are found again."""
        for adapter in self._adapters.values():
            await adapter.stop(drain)
        self._adapters.clear()

    def keep_token(self, agent: str, secret: str) -> None:
        """Leave an agent's token where the operator's own programs find it."""
        path = self._tokens / agent
        fresh = path.with_name(f"{agent}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(secret + "\n")
        fresh.replace(path)

    def _build(self, spec: AgentSpec) -> Adapter | None:
        if spec.adapter == "echo":
            return EchoAdapter(self._desk(spec.name), self._site.clock, spec.concurrent)
        if not spec.run_seconds:
            spec = msgspec.structs.replace(spec, run_seconds=self._site.limits.run_seconds)
        if spec.adapter == "process":
            from gatepost.adapters.process.adapter import ProcessAdapter

            return ProcessAdapter(spec, self._desk(spec.name), self._site)
        if spec.adapter == "webhook":
            from gatepost.adapters.webhook.adapter import WebhookAdapter

            return WebhookAdapter(spec, self._desk(spec.name), self._site)
        return None
