"""Coroutines of the node's edges, driven while the stage's virtual time moves on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.unit.node.stage import Stage

T = TypeVar("T")
TURNS = 2000
STEP = 0.01


def drive(stage: Stage, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; fails when it needs more than 20 virtual seconds."""

    async def both() -> T:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(work)
            for _ in range(TURNS):
                await asyncio.sleep(0)
                if task.done():
                    return task.result()
                stage.run(STEP)
            task.cancel()
        raise AssertionError("it never answered")

    try:
        return asyncio.run(both())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
