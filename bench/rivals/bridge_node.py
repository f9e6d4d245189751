"""The bridge people write today: a FastAPI route that forwards with httpx, another that echoes.

`python -m bench.rivals.bridge_node echo` is node B; `… relay URL` is node A. Nothing is stored,
signed or retried. Prints its port when it listens.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from bench.rivals.serve import serve


class Envelope(BaseModel):
    """One message between agents; sender and recipient are addresses."""

    id: str
    sender: str
    recipient: str
    text: str


def echo() -> FastAPI:
    """Node B: answers each message with its own text."""
    app = FastAPI()

    @app.post("/messages")
    async def receive(message: Envelope) -> Envelope:
        return Envelope(
            id=message.id,
            sender=message.recipient,
            recipient=message.sender,
            text=message.text,
        )

    return app


def relay(url: str) -> FastAPI:
    """Node A: forwards each message to `url` through one shared client."""
    shared: dict[str, httpx.AsyncClient] = {}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            shared["client"] = client
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/messages")
    async def forward(message: Envelope) -> Envelope:
        answer = await shared["client"].post("/messages", json=message.model_dump())
        answer.raise_for_status()
        return Envelope.model_validate(answer.json())

    return app


def main(arguments: list[str]) -> None:
    serve(echo() if arguments[0] == "echo" else relay(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
