"""The SDK: an agent's mailbox and the operator's calls, from another process of the same machine.

    from gatepost.sdk import connect

    async with connect(agent="main") as mailbox:
        view = await mailbox.ask("specialist@lab", "Why did the nightly job fail?")
        print(view.text)

`blocking` has the same calls without `await`. Names are loaded when first used: importing this
package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.sdk import blocking
    from gatepost.sdk.client import Client, connect
    from gatepost.sdk.operator import OperatorClient, connect_operator
    from gatepost.sdk.work import Work

__all__ = ["Client", "OperatorClient", "Work", "blocking", "connect", "connect_operator"]

_PLACES = {
    "Client": "client",
    "connect": "client",
    "OperatorClient": "operator",
    "connect_operator": "operator",
    "Work": "work",
}


def __getattr__(name: str) -> object:
    if name == "blocking":
        return import_module("gatepost.sdk.blocking")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
