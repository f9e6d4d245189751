"""The facts of a machine and of a home directory, as they were seen at one moment.

Plain data for the checks of `node.health`. Whoever looks fills it in: `host` and `store` from
files and the kernel, with the node up or down; the node itself what only it knows. Times in ms,
sizes in bytes.
"""

from typing import Literal

import msgspec

from gatepost.core.views import AgentSpec

KeeperKind = Literal["foreground", "detached", "container", "systemd", "launchd", "supervisor", ""]


class Fault(msgspec.Struct, frozen=True):
    """Why something cannot be used: a code of the catalogue, what, why and where."""

    code: str
    what: str
    why: str = ""
    where: str = ""


class KeysFacts(msgspec.Struct, frozen=True):
    """The node's keys: whose they are, or why they cannot be used."""

    node: str = ""
    fault: Fault | None = None


class HomeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A home directory.

    `node_there`: it has a `gatepost.toml`. `owner` is "" when it is this user's. `exposed` are
    paths with the mode that lets others in, `missing` directories a node needs, `leftovers`
    half-written files of a process that is gone, `tokens` the agents whose token lies
    here, None when that cannot be seen.
    """

    path: str
    node_there: bool
    owner: str = ""
    exposed: tuple[tuple[str, int], ...] = ()
    unwritable: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    tokens: frozenset[str] | None = None


class Keeper(msgspec.Struct, frozen=True):
    """What runs a process, as far as one can see: its kind, a name (unit, parent), the evidence.

    `contained`: it is in a container, whatever runs it there.
    """

    kind: KeeperKind = ""
    name: str = ""
    evidence: tuple[str, ...] = ()
    contained: bool = False

    @property
    def plain(self) -> str:
        """In words."""
        name = f" {self.name}" if self.name else ""
        said = {
            "foreground": f"in the foreground of{name or ' a terminal'}",
            "detached": "on its own, without a terminal",
            "container": "as the command of a container",
            "systemd": f"by systemd, unit{name}",
            "launchd": f"by launchd, job{name}",
            "supervisor": f"by{name}",
            "": "by something this machine does not show",
        }[self.kind]
        inside = self.contained and self.kind != "container"
        return f"{said}, in a container" if inside else said

    @property
    def restart(self) -> str:
        """How to start it again, by what runs it; it never asks for another way to run it."""
        match self.kind:
            case "systemd" if self.name.startswith("--user "):
                return f"systemctl --user restart {self.name.removeprefix('--user ')}"
            case "systemd":
                return f"systemctl restart {self.name}"
            case "launchd":
                return f"launchctl kickstart -k {self.name}"
            case "container":
                return "restart the container"
            case "supervisor":
                return f"restart it in {self.name}"
            case _:
                return "end it (Ctrl-C or SIGTERM), then `gatepost start`"


class ProcessFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The node's process.

    `holder` is the process that holds the home's lock (0: none that can be seen), `written` the one
    the lock file names and `written_is` what runs under that number now. `answers` says whether the
    operator's socket takes a connection, `mute` which sockets do not.
    """

    holder: int = 0
    holder_is: str = ""
    written: int = 0
    written_is: str = ""
    answers: bool = False
    mute: tuple[tuple[str, str], ...] = ()
    keeper: Keeper = Keeper()
    settings: tuple[tuple[str, str], ...] = ()
    """GATEPOST_* in the environment of the holder, where it can be read."""
    settings_seen: bool = False

    @property
    def running(self) -> bool:
        """A node runs on this home."""
        return self.holder > 0 or self.answers


class Listener(msgspec.Struct, frozen=True):
    """Who has a port: `taken`, and the process when it can be seen."""

    taken: bool
    pid: int = 0
    name: str = ""


class DiskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The file system below the home. `fsync` is the median of a few real ones in ms, -1 unseen."""

    free: int
    fsync: float = -1.0


class DatabaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The database as a second reader sees it.

    `quick` is what the integrity check said ("" when it was not made, "ok" when it is sound).
    `unbalanced` says where the books do not close: accepted = outcomes + open. `paused` are the
    names commands paused. `held` counts messages that wait for a person, `in_doubt` runs that were
    open when the node last ended.
    """

    fault: Fault | None = None
    size: int = 0
    schema: int = 0
    quick: str = ""
    unbalanced: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    held: int = 0
    held_oldest: int = 0
    in_doubt: int = 0
    counts: dict[str, int] = {}
    peers: tuple["PeerFacts", ...] = ()
    agents: tuple["AgentFacts", ...] = ()


class PeerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One peer. What only a running node knows has its default when read from the database.

    `error` is the last failed dial (code, why), `since` when the link came or went, `heard` when
    the peer was last heard, `credit` how many more messages it takes now (-1: unknown), `skew` how
    far its clock is ahead (None: not measured), `unsure` by how much that may be wrong. `former`
    are names it had.
    """

    alias: str
    node: str
    owner: str = ""
    former: tuple[str, ...] = ()
    blocked: bool = False
    stopped: str = ""
    paired: int = 0
    endpoints: tuple[str, ...] = ()
    waiting: int = 0
    oldest: int = 0
    held: int = 0
    linked: bool = False
    since: int = 0
    heard: int = 0
    error: tuple[str, str] = ("", "")
    next_dial: int = 0
    credit: int = -1
    skew: int | None = None
    unsure: int = 0


class AgentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One agent. `missing` says why its command cannot be started, "" when it can.

    `attached` is who works for it now, "" nobody; `waiting` messages wait to be handed over, the
    oldest since `oldest`; `doubtful` of its open runs wait for evidence.
    """

    spec: AgentSpec
    missing: str = ""
    attached: str = ""
    waiting: int = 0
    oldest: int = 0
    runs: int = 0
    doubtful: int = 0
    held: int = 0
