"""Asks through the a2a-sdk client as installed: a blocking SendMessage, the answer in the task.

Only its timeout is raised, so that a slow store shows as slow and not as failed.
"""

from __future__ import annotations

from a2a.client import ClientCallContext, ClientConfig, ClientFactory
from a2a.client.client import Client
from a2a.helpers import get_message_text, new_text_message
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, Role, SendMessageRequest

from bench.meter import Meter, run_lanes
from bench.orders import Target
from bench.ports import LOOPBACK

_TIMEOUT_S = 60.0


class A2aCaller:
    """One client for all lanes, as the SDK's examples do."""

    def __init__(self, target: Target) -> None:
        self._url = f"http://{LOOPBACK}:{target.port}/"
        self._client: Client | None = None
        self._context = ClientCallContext(timeout=_TIMEOUT_S)

    async def open(self) -> None:
        interface = AgentInterface(
            protocol_binding="JSONRPC", url=self._url, protocol_version="1.0"
        )
        card = AgentCard(
            name="echo",
            supported_interfaces=[interface],
            capabilities=AgentCapabilities(streaming=False),
        )
        self._client = ClientFactory(ClientConfig(streaming=False)).create(card)

    async def run(self, in_flight: int, text_bytes: int, meter: Meter) -> None:
        await run_lanes(self._ask, in_flight, text_bytes, meter)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _ask(self, lane: int, text: str) -> str:
        if self._client is None:
            raise ConnectionError("the client is not open")
        request = SendMessageRequest(message=new_text_message(text, role=Role.ROLE_USER))
        async for answer in self._client.send_message(request, context=self._context):
            return get_message_text(answer.task.status.message)
        raise ConnectionError("no answer")


caller = A2aCaller
