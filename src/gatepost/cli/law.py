"""The law as a command gets it: from the node that runs, else from the files, which it says.

A draft, and the files as they are being changed, are read here in any case: what is not yet in
force no node knows.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from gatepost.cli.call import Call
from gatepost.cli.settings import DOWN
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.core.origin import Document
    from gatepost.node.atrest import Resting
    from gatepost.node.explaining import Explaining
    from gatepost.sdk import OperatorClient

Answer = TypeVar("Answer")


def known(
    call: Call,
    asked: "Callable[[OperatorClient], Awaitable[Answer]]",
    still: "Callable[[Explaining], Answer] | None",
) -> Answer:
    """The node's answer; with the node down, that of its files where they can give one."""
    try:
        return call.as_operator(asked)
    except GatepostError as error:
        if error.code not in DOWN or still is None:
            raise
        return still(resting(call).explaining)


def resting(call: Call, documents: "Sequence[Document] | None" = None) -> "Resting":
    """What the files say, or these texts. Raises `home.missing`, `policy.invalid`."""
    from gatepost.compose import at_rest

    return at_rest(call.layout(), documents)
