"""What differs between OpenClaw releases in who may `sessions_send` to whom.

Executed on 2026.3.13 and 2026.9.6. The defaults opened in early September 2026: before that, one
agent could not reach another until three settings were made. For a release between the two that
were executed the nearer behaviour is taken, and `verified` is False so that whoever shows an answer
can say so.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

Visibility = Literal["self", "tree", "agent", "all"]
VISIBILITIES: tuple[Visibility, ...] = ("self", "tree", "agent", "all")
Number = tuple[int, int, int]

_TEXT = re.compile(r"v?(\d{4})\.(\d{1,2})\.(\d{1,3})(?:[-+.][0-9A-Za-z.+-]*)?")
_OPENED: Number = (2026, 9, 0)


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as far as `sessions_send` between agents of one gateway is concerned.

    `keyed`: agents are members of `agents.entries`, not elements of `agents.list`.
    `hides_first`: a sandboxed caller is told that the session is not visible before anything else.
    `main_sees_own`: under `tree` the main session of an agent sees all sessions of that agent.
    `names_agents`: `sessions_send` takes an `agentId` alone.
    """

    name: str
    visibility: Visibility
    enabled: bool
    restricted: str
    keyed: bool
    hides_first: bool
    main_sees_own: bool
    names_agents: bool
    verified: bool = True

    @property
    def default(self) -> str:
        """What the origin of an unset value is called."""
        return f"default of {self.name}"


OLD = Release(
    name="2026.3.13",
    visibility="tree",
    enabled=False,
    restricted="Session send visibility is restricted. "
    "Set tools.sessions.visibility=all to allow cross-agent access.",
    keyed=False,
    hides_first=True,
    main_sees_own=False,
    names_agents=False,
)
NEW = Release(
    name="2026.9.6",
    visibility="all",
    enabled=True,
    restricted="Session send visibility is restricted. "
    "Set tools.sessions.visibility=all to allow cross-agent access; "
    "use tools.agentToAgent to restrict permitted agent pairs.",
    keyed=True,
    hides_first=False,
    main_sees_own=True,
    names_agents=True,
)


def release(text: str) -> Release | None:
    """The release of a version like `2026.3.13` or `v2026.9.6-1`; None when it is no version."""
    found = _TEXT.fullmatch(text.strip())
    if not found:
        return None
    number = (int(found[1]), int(found[2]), int(found[3]))
    name = ".".join(map(str, number))
    like = NEW if number >= _OPENED else OLD
    return like if name == like.name else replace(like, name=name, verified=False)
