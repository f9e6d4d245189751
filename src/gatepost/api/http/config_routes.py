"""The operator surface, settings: what counts in this node, and changing the file it comes from.

These answer also while the node cannot run, for a setting may be why.
"""

from typing import Any

from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import Nothing
from gatepost.core.configured import ConfigChange, ConfigPatch, ConfigView


async def config(given: Given[Nothing]) -> ConfigView:
    """All settings, each with its place."""
    return given.inside.config.config()


async def patch(given: Given[ConfigPatch]) -> ConfigChange:
    """Change several settings at once."""
    return given.inside.config.patch(given.body)


async def undo(given: Given[Nothing]) -> ConfigChange:
    """Take the last change back."""
    return given.inside.config.undo()


CONFIG: tuple[Operation[Any], ...] = (
    Operation("GET", "/v1/config", "All settings, with their places", Nothing, ConfigView, config),
    Operation("POST", "/v1/config", "Change settings", ConfigPatch, ConfigChange, patch),
    Operation("POST", "/v1/config/undo", "Take the last change back", Nothing, ConfigChange, undo),
)
