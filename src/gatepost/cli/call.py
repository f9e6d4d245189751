"""One call to the node: who asks, of which node, and how a command runs the asynchronous SDK.

Imports the SDK when the first call is made, so that help and parsing stay quick.
"""

from collections.abc import Awaitable, Callable
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gatepost.cli.near import nearest
from gatepost.cli.render import Screen
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from pathlib import Path

    from gatepost.config.paths import Layout
    from gatepost.sdk import Client, OperatorClient

SPEAKING = ("send", "ask", "delegate", "reply", "inbox", "check", "cancel")
OPERATOR = "GATEPOST_OPERATOR_TOKEN"
Answer = TypeVar("Answer")


_GATES = frozenset(
    (
        "agent.unknown",
        "message.too_large",
        "node.paused",
        "peer.blocked",
        "peer.frozen",
        "peer.unknown",
        "policy.cycle",
    )
)
"""What refuses a wish and is mended by another command than `explain`."""


class Call:
    """One invocation. `goes_on` is what Ctrl-C says from now on."""

    def __init__(self, screen: Screen, home: str = "", speaker: str = "") -> None:
        self.screen = screen
        self.home = home or None
        self.speaker = speaker or None
        self.goes_on = ""

    def typed(self, words: str) -> str:
        """A command as it is typed here: with the home directory and speaker of this one."""
        home = f" --home {quote(self.home)}" if self.home else ""
        speaks = words.split(" ", 1)[0] in SPEAKING and self.speaker
        return f"gatepost {words}{home}" + (f" --as {quote(self.speaker or '')}" if speaks else "")

    def here(self, text: str) -> str:
        """A fix from elsewhere; when it is a command, as it is typed here."""
        word, _, rest = text.partition(" ")
        return self.typed(rest) if word == "gatepost" and "   " not in text else text

    def hint(self, label: str, text: str) -> None:
        """One line of talk with a command (or a sentence) that comes next."""
        self.screen.labelled(label, self.here(text))

    def fail(self, error: GatepostError, trace: BaseException | None) -> None:
        """Show an error, with the nearest known name and its fix as it is typed here."""
        report = error.report()
        wanted = report.details.get("peer") or report.details.get("agent", "")
        near = nearest(wanted, report.details.get("known", "").split()) if wanted else []
        why = "; ".join([report.why, *(f"did you mean `{one}`?" for one in near)]).removeprefix(
            "; "
        )
        fixed = msgspec.structs.replace(report, why=why, fix=self.here(report.fix))
        self.screen.error(fixed, trace)
        wish = [report.details.get(key, "") for key in ("sender", "to", "verb")]
        if error.code in _GATES and all(wish):
            # One gate is named above; there may be others behind it.
            self.hint("all", f"gatepost explain {' '.join(map(quote, wish))}")

    def directory(self) -> "Path":
        """The node's home directory: `--home`, GATEPOST_HOME, or this user's data directory."""
        from gatepost.config.paths import select_home
        from gatepost.config.sources import environment

        return select_home(self.home or "", environment())

    def layout(self) -> "Layout":
        """The places of the node; raises `home.missing` when there is none."""
        from gatepost.config.paths import check, layout

        places = layout(self.directory())
        check(places)
        return places

    def as_operator(
        self, work: "Callable[[OperatorClient], Awaitable[Answer]]", patience: float = 30.0
    ) -> Answer:
        """Run `work` with the operator's client; `patience` is how long calls wait, in seconds."""
        import asyncio

        from gatepost.config.sources import environment
        from gatepost.sdk import connect_operator

        token = environment().get(OPERATOR)

        async def main() -> Answer:
            async with connect_operator(home=self.home, token=token, patience=patience) as operator:
                return await work(operator)

        return asyncio.run(main())

    def as_agent(self, work: "Callable[[Client], Awaitable[Answer]]") -> Answer:
        """Run `work` with the mailbox of the agent that speaks."""
        import asyncio

        from gatepost.sdk import connect

        async def main() -> Answer:
            async with connect(home=self.home, agent=self.speaker) as mailbox:
                return await work(mailbox)

        return asyncio.run(main())
