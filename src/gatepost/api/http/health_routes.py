"""The operator surface, health: what the node finds when it looks at itself."""

from typing import Any

from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import Nothing
from gatepost.core.health import Checkup


async def health(given: Given[Nothing]) -> Checkup:
    """Look now, at everything."""
    return given.inside.health.checkup()


HEALTH: tuple[Operation[Any], ...] = (
    Operation(
        "GET", "/v1/health", "What the node finds wrong with itself", Nothing, Checkup, health
    ),
)
