"""What the checks judge: everything that was seen, in groups, each None when nobody could look.

The same groups are filled from files by a command and from its rooms by a running node.
"""

from typing import TypeVar

import msgspec

from gatepost.core.configured import ConfigView
from gatepost.core.machine import (
    AgentFacts,
    DatabaseFacts,
    DiskFacts,
    Fault,
    HomeFacts,
    KeysFacts,
    Listener,
    PeerFacts,
    ProcessFacts,
)
from gatepost.core.views import NodeStatus
from gatepost.policy.directory import Directory
from gatepost.policy.expectations import Tried, try_all
from gatepost.policy.law import Law, Rule
from gatepost.policy.review import Remark, review

_T = TypeVar("_T")


def known(group: _T | None) -> _T:
    """A group of facts a check says it needs; without them it is not looked at."""
    if group is None:
        raise RuntimeError("a check judges facts it does not name among its needs")
    return group


class LawFacts(msgspec.Struct, frozen=True):
    """The law in force (None when there is none), what is wrong with its files, whom it knows.

    `remarks` is what is odd in it, `tried` its expectations; None when nobody has looked.
    """

    law: Law | None
    fault: Fault | None = None
    directory: Directory = Directory()
    remarks: tuple[Remark, ...] | None = None
    tried: tuple[Tried, ...] | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force."""
        return self.law.rules if self.law is not None else ()


def law_facts(
    law: Law, directory: Directory, now: int, fault: Fault | None = None, review_it: bool = True
) -> LawFacts:
    """A law, tried and (which costs 25 ms for each thousand rules) reviewed."""
    remarks = review(law, directory, now) if review_it else None
    return LawFacts(law, fault, directory, remarks, try_all(law, directory, now))


class Environment(msgspec.Struct, frozen=True):
    """What one process is told of settings: variables by name; `version` of its program."""

    settings: dict[str, str] = {}
    version: str = ""


class Holds(msgspec.Struct, frozen=True):
    """Messages that wait for a person here: how many, the oldest since when (ms)."""

    count: int
    oldest: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that was seen at `now` (ms).

    `inside`: a running node looks at itself. `home` to `law` can be read by anybody who can read
    the files; `node` is what a running node says of itself, `links` its peers and `desks` its
    agents as only it knows them, while `peers` and `agents` are those of the database. `caller` is
    the command that asks.
    """

    now: int
    inside: bool = False
    home: HomeFacts | None = None
    keys: KeysFacts | None = None
    process: ProcessFacts | None = None
    listener: Listener | None = None
    disk: DiskFacts | None = None
    database: DatabaseFacts | None = None
    config: ConfigView | None = None
    config_fault: Fault | None = None
    law: LawFacts | None = None
    node: NodeStatus | None = None
    paused: bool | None = None
    elsewhere: tuple[tuple[str, int], ...] = ()
    silence: Fault | None = None
    links: tuple[PeerFacts, ...] | None = None
    desks: tuple[AgentFacts, ...] | None = None
    peers: tuple[PeerFacts, ...] | None = None
    agents: tuple[AgentFacts, ...] | None = None
    holds: Holds | None = None
    caller: Environment | None = None

    @property
    def remarks(self) -> tuple[Remark, ...] | None:
        """What is odd in the law."""
        return self.law.remarks if self.law is not None else None

    @property
    def tried(self) -> tuple[Tried, ...] | None:
        """The expectations beside the law."""
        return self.law.tried if self.law is not None else None

    @property
    def known_peers(self) -> tuple[PeerFacts, ...] | None:
        """The peers, from whoever knows more of them."""
        return self.links if self.links is not None else self.peers

    @property
    def known_agents(self) -> tuple[AgentFacts, ...] | None:
        """The agents, from whoever knows more of them."""
        return self.desks if self.desks is not None else self.agents

    def setting(self, key: str) -> str:
        """A setting in force as text, "" when settings could not be read."""
        found = self.config.setting(key) if self.config is not None else None
        return str(found.value) if found is not None else ""
