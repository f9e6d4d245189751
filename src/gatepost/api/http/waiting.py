"""Waiting within one request: for the answer, the client to hang up, the node to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


async def first_of(*waits: Coroutine[Any, Any, object]) -> int:
    """Run `waits` together until one ends, then stop the others.

    Returns the lowest index of those that ended. An error within a wait comes out as an
    ExceptionGroup.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait) for wait in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = next(index for index, task in enumerate(tasks) if task.done())
        for task in tasks:
            task.cancel()
    return ended


async def hang_up(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
