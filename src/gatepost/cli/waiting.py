"""Waits for a message to end, showing how long and in which state while somebody watches.

The wait is cut into slices only to redraw the line; an outcome ends a slice at once. Stops early
when the other agent asks back.
"""

from typing import TYPE_CHECKING

from gatepost.cli.render import Screen
from gatepost.cli.times import span
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import MessageView

if TYPE_CHECKING:
    from gatepost.ports import Mailbox

REDRAW = 1.0
LONGEST = 30.0  # seconds in one call to the node when nobody watches

EXIT = {"rejected": 3, "held": 4, "failed": 10, "expired": 10, "cancelled": 10, "unknown": 10}
DONE = {"done", "delivered"}


def exit_code(state: str) -> int:
    """The exit code that says how a message stands: 9 while it has not ended."""
    return 0 if state in DONE else EXIT.get(state, 9)


async def stand(mailbox: "Mailbox", message: str, wait: float, screen: Screen) -> MessageView:
    """The message after at most `wait` seconds: ended, asking back, or as it is then."""
    import asyncio

    loop = asyncio.get_running_loop()
    began = loop.time()
    view = await mailbox.check(message)
    while not (is_outcome(view.state) or view.state == "needs_input"):
        gone = loop.time() - began
        if gone >= wait:
            break
        screen.progress(
            f"{view.state}  {span(max(1.0, gone) * 1000)} of {span(wait * 1000)}  {view.why}"
        )
        view = await mailbox.check(message, min(wait - gone, REDRAW if screen.live else LONGEST))
    screen.clear()
    return view
