"""Hears of every exception on a loop that no code of ours caught, and says it on stderr.

A step of the node is one callback of the loop: what an exception leaves behind is half of a step.
So whoever owns the core is told at once, before anything else runs on the loop, and can see to it
that nothing of that half is ever committed. What the alarm does not hear of are the errors of
connections (`OSError`), which are no mistakes, and of `harmless` protocols, which touch no core.
"""

import asyncio
import sys
import traceback
from collections.abc import Callable
from typing import Any


class Alarm:
    """Listens on one loop. `told` gets each exception; whoever has a core to protect sets it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, harmless: type[asyncio.BaseProtocol]
    ) -> None:
        self.told: Callable[[Exception], None] | None = None
        self._harmless = harmless
        loop.set_exception_handler(self._heard)

    def raised(self, error: Exception) -> None:
        """Tell of an exception that was caught at the edge of the core."""
        if isinstance(error, OSError):
            return
        say(error)
        if self.told is not None:
            self.told(error)

    def _heard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error, protocol = context.get("exception"), context.get("protocol")
        if not isinstance(error, Exception):
            loop.default_exception_handler(context)
        elif isinstance(protocol, self._harmless):
            say(error)
        else:
            self.raised(error)


def say(error: Exception) -> None:
    """Write the trace to stderr; text in it may be by others, so a terminal must not obey it."""
    text = "".join(traceback.format_exception(error))
    plain = text.encode("ascii", "backslashreplace").decode()
    sys.stderr.write("".join(c if c == "\n" or c.isprintable() else repr(c)[1:-1] for c in plain))
    sys.stderr.flush()
