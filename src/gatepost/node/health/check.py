"""A check, as data: what is looked at, what it means when it fails, and what mends it.

A probe is a function of the facts that yields one hit for each thing that is wrong. It looks at
nothing itself, so it can be tried with any facts, and the same check runs in the node and in a
command.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from gatepost.core.health import Repair, Severity
from gatepost.node.health.facts import Facts

Group = Literal["Home", "Node", "Disk", "Config", "Policy", "Peers", "Agents"]
Per = Literal["", "path", "setting", "rule", "peer", "agent"]
Need = Literal[
    "home",
    "keys",
    "process",
    "listener",
    "disk",
    "database",
    "config",
    "law",
    "remarks",
    "tried",
    "paused",
    "node",
    "links",
    "desks",
    "known_peers",
    "known_agents",
    "holds",
    "caller",
]


class Hit(msgspec.Struct, frozen=True):
    """One thing that is wrong: what, of which subject, why, where; `fix` replaces the check's."""

    what: str
    subject: str = ""
    why: str = ""
    where: str = ""
    fix: str = ""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check. `code` never changes its meaning.

    `per` says what a finding is about ("" is the whole node). `needs` are the facts it judges:
    without them it is not looked at. `depends_on` are checks whose failure (of the same subject,
    where both have one) explains this one. `after` is how many seconds a fault must last before a
    watching node shows it. `deep`: only looked at on demand. `fix` is a command or a sentence, with
    `{subject}`.
    """

    code: str
    title: str
    severity: Severity
    group: Group
    needs: tuple[Need, ...]
    probe: Callable[[Facts], Iterable[Hit]]
    explain: str
    fix: str
    per: Per = ""
    depends_on: tuple[str, ...] = ()
    after: int = 0
    deep: bool = False
    safe: bool = False
