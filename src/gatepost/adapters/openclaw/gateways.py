"""The connections of this node to OpenClaw gateways: one for each, shared by its agents."""

import asyncio
from dataclasses import dataclass

from gatepost.adapters.openclaw.device import Device
from gatepost.adapters.openclaw.gateway import Gateway, stopped
from gatepost.adapters.site import Site

_NAME = "openclaw"


@dataclass(slots=True)
class _Kept:
    gateway: Gateway
    task: asyncio.Task[None]
    users: int = 0


class Gateways:
    """Takes connections up when the first agent wants one, and gives them up after the last."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: dict[tuple[str, str], _Kept] = {}

    @classmethod
    def of(cls, site: Site) -> "Gateways":
        """Those of this node."""
        found = site.shared.get(_NAME)
        if not isinstance(found, cls):
            found = site.shared[_NAME] = cls(site)
        return found

    def take(self, url: str, token: str) -> Gateway:
        """The connection to a gateway; give it back with `leave`."""
        kept = self._kept.get((url, token))
        if kept is None:
            gateway = Gateway(url, token, Device.of(self._site.runs), self._site.clock)
            task = self._site.tasks.create_task(gateway.run())
            kept = self._kept[(url, token)] = _Kept(gateway, task)
        kept.users += 1
        return kept.gateway

    async def leave(self, url: str, token: str) -> None:
        """One agent needs it no more."""
        kept = self._kept[(url, token)]
        kept.users -= 1
        if kept.users == 0:
            del self._kept[(url, token)]
            await stopped(kept.task)
