"""Checks of the running node: whether it runs, who holds its places, what it is reachable by."""

import ipaddress
from collections.abc import Iterator

from gatepost.core.machine import ProcessFacts
from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known
from gatepost.node.health.home import DELETED


def _down(facts: Facts) -> Iterator[Hit]:
    process = known(facts.process)
    if process.running:
        return
    others = [f"{path} (process {pid})" for path, pid in _others(facts)]
    also = f"nodes of this user run in {', '.join(others)}" if others else ""
    why = "; ".join(part for part in (_last(process), also) if part)
    yield Hit("nobody holds the home's lock, and nobody answers at its socket", why=why)


def _others(facts: Facts) -> list[tuple[str, int]]:
    """Other homes of this user with a node that runs: perhaps one of them was meant."""
    there = facts.home is not None and facts.home.node_there
    return [one for one in facts.elsewhere if there and not one[0].endswith(DELETED)]


def _last(process: ProcessFacts) -> str:
    """What is left of the one that ran before."""
    if not process.written:
        return ""
    if process.written_is:
        said = f"{process.written} is `{process.written_is}` now and does not hold its lock"
        return f"the last one was process {process.written}; {said}"
    return f"the last one was process {process.written}, which is gone"


def _stuck(facts: Facts) -> Iterator[Hit]:
    process = known(facts.process)
    silent = facts.silence is not None and facts.silence.code == "node.not_running"
    if facts.inside or not process.running or (process.answers and not silent):
        return
    path, why = process.mute[0] if process.mute else ("its socket", "it takes calls, unanswered")
    name = f" (`{process.holder_is}`)" if process.holder_is else ""
    who = f"process {process.holder}{name}" if process.holder else "a process"
    yield Hit(
        f"{who} holds the node's lock and does not answer",
        why=f"{path}: {why}",
        where=path,
        fix=f"wait a moment if it has just begun; else {process.keeper.restart}",
    )


def _half_mute(facts: Facts) -> Iterator[Hit]:
    process = known(facts.process)
    if not process.running or (not process.answers and not facts.inside):
        return
    for path, why in process.mute:
        yield Hit(
            f"{path} takes no connection, though the node runs",
            path,
            why=why,
            fix=process.keeper.restart,
        )


def _broken(facts: Facts) -> Iterator[Hit]:
    if facts.silence is not None and facts.silence.code in _TROUBLE:
        yield Hit(
            f"the node runs, and answers every call with {facts.silence.code}:"
            f" {facts.silence.what}",
            why=facts.silence.why,
        )


_TROUBLE = frozenset({"store.full", "store.failed", "node.recovering"})
"""What a node says that is there and cannot work."""


def _untold(facts: Facts) -> Iterator[Hit]:
    silence = facts.silence
    if silence is not None and silence.code not in _TROUBLE | {"node.not_running"}:
        yield Hit(f"the node answered with {silence.code}: {silence.what}", why=silence.why)


def _moved(facts: Facts) -> Iterator[Hit]:
    if known(facts.node).home and known(facts.node).home != known(facts.home).path:
        yield Hit(
            f"the node that answers was started on {known(facts.node).home}, this command reads"
            f" {known(facts.home).path}",
            why="the directory was renamed, or one is a link to the other",
            where=known(facts.home).path,
            fix=restart(facts),
        )


def _version(facts: Facts) -> Iterator[Hit]:
    node, here = known(facts.node).version, known(facts.caller).version
    if node != here:
        yield Hit(
            f"the node runs version {node}, this command is {here}",
            fix=restart(facts),
        )


def _paused(facts: Facts) -> Iterator[Hit]:
    if known(facts.paused):
        yield Hit("the whole node is paused: messages wait, nothing is refused")


def _taken(facts: Facts) -> Iterator[Hit]:
    listen, listener = facts.setting("listen"), known(facts.listener)
    if not listen or known(facts.process).running or not listener.taken:
        return
    who = (
        f"process {listener.pid} (`{listener.name}`)" if listener.pid else "another user's process"
    )
    yield Hit(f"{who} listens on {listen}", where="listen")


def _silent(facts: Facts) -> Iterator[Hit]:
    listen, listener = facts.setting("listen"), known(facts.listener)
    holder = known(facts.process).holder
    if not listen or not known(facts.process).running:
        return
    if facts.node is not None and facts.node.listen != listen:
        return  # another address counts until the node is started again: `config.restart`
    if not listener.taken:
        yield Hit(f"nobody listens on {listen}, though the node runs", fix=restart(facts))
    elif listener.pid and holder and listener.pid != holder:
        yield Hit(
            f"process {listener.pid} (`{listener.name}`) listens on {listen}, not the node",
            fix=restart(facts),
        )


def _advertised(facts: Facts) -> Iterator[Hit]:
    listen, advertise = facts.setting("listen"), facts.setting("advertise")
    if not advertise or _loopback(advertise):
        return
    if not listen:
        yield Hit(f"invitations name {advertise}, but this node listens nowhere", where="advertise")
    elif _loopback(listen):
        port = listen.rpartition(":")[2]
        yield Hit(
            f"invitations name {advertise}, but this node listens on {listen}, for this machine"
            " alone",
            why="fine only if something here passes connections on to it",
            where="listen",
            fix=f"gatepost config set listen 0.0.0.0:{port}",
        )


def _unnamed(facts: Facts) -> Iterator[Hit]:
    listen = facts.setting("listen")
    if listen and not facts.setting("advertise") and _everywhere(listen):
        yield Hit(
            f"this node listens on {listen}, and its invitations name no address",
            where="advertise",
        )


def restart(facts: Facts) -> str:
    """How to start the node again, by what runs it."""
    return facts.process.keeper.restart if facts.process is not None else "gatepost start"


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(_host(address)).is_loopback
    except ValueError:
        return _host(address) == "localhost"


def _everywhere(address: str) -> bool:
    try:
        return ipaddress.ip_address(_host(address)).is_unspecified
    except ValueError:
        return False


_STARTS = (
    "home.missing",
    "home.foreign",
    "home.unwritable",
    "home.exposed",
    "keys.exposed",
    "keys.damaged",
    "config.invalid",
    "policy.invalid",
    "listen.taken",
    "store.damaged",
    "store.newer",
    "store.affected_sqlite",
    "store.network_filesystem",
)
"""What keeps a node from starting."""

CHECKS = (
    Check(
        code="listen.taken",
        title="the listening address is in use by another program",
        severity="error",
        group="Node",
        needs=("listener", "process", "config"),
        probe=_taken,
        explain="The node is not running, and the address it shall listen on is in use. The"
        " process is named when it is this user's.",
        fix="gatepost config set listen HOST:PORT",
    ),
    Check(
        code="node.down",
        title="the node is not running",
        severity="warning",
        group="Node",
        needs=("process",),
        probe=_down,
        depends_on=(*_STARTS, "home.elsewhere"),
        explain="Nobody holds the home's lock and nobody answers at its socket. Messages wait"
        " where they are. A process id left in run/node.lock means nothing by itself: what counts"
        " is who holds the lock.",
        fix="gatepost start",
    ),
    Check(
        code="node.stuck",
        title="a process holds the node's place and does not answer",
        severity="error",
        group="Node",
        needs=("process",),
        probe=_stuck,
        explain="The lock of the home directory is held, so no other node can start, and the"
        " operator's socket takes no connection: it is still starting, hangs, or is stopped by a"
        " signal.",
        fix="restart it",
    ),
    Check(
        code="node.unreachable",
        title="a socket of the node takes no connection",
        severity="error",
        group="Node",
        per="path",
        needs=("process",),
        probe=_half_mute,
        depends_on=("node.broken", "home.incomplete"),
        explain="The node runs, but the file of its socket is gone (something cleaned up) or"
        " another's. Agents or commands cannot reach it until it is started again.",
        fix="restart the node",
    ),
    Check(
        code="node.broken",
        title="the node cannot work now",
        severity="error",
        group="Node",
        needs=("process",),
        probe=_broken,
        depends_on=("disk.full", "store.damaged"),
        explain="The node's process is there, but its disk refused it, or it made a mistake. It"
        " tries again every second; nothing accepted is lost.",
        fix="gatepost log",
    ),
    Check(
        code="node.untold",
        title="the node did not tell this command how it is",
        severity="warning",
        group="Node",
        needs=("process",),
        probe=_untold,
        explain="It runs and answers, but not this question: with `operator.auth = token` only who"
        " has the operator token is told, and an older version does not know the question. What"
        " can be seen from outside is here all the same.",
        fix="set GATEPOST_OPERATOR_TOKEN, or restart the node when it is older than this command",
    ),
    Check(
        code="node.moved",
        title="the node runs on another directory than this command reads",
        severity="error",
        group="Node",
        needs=("node", "home"),
        probe=_moved,
        explain="Settings and rules this command edits may not be those the node reads.",
        fix="restart the node",
    ),
    Check(
        code="node.version",
        title="the node and this command are of different versions",
        severity="warning",
        group="Node",
        needs=("node", "caller"),
        probe=_version,
        explain="The program was upgraded and the node was not started again, or two are"
        " installed.",
        fix="restart the node",
    ),
    Check(
        code="node.paused",
        title="the node is paused",
        severity="warning",
        group="Node",
        needs=("paused",),
        probe=_paused,
        explain="By `gatepost pause`, or by a file PAUSE in the home directory. Links are closed"
        " and nothing is handed over until that ends.",
        fix="gatepost resume",
    ),
    Check(
        code="listen.silent",
        title="the node does not listen where it should",
        severity="error",
        group="Node",
        needs=("listener", "process", "config"),
        probe=_silent,
        depends_on=("node.stuck", "node.broken", "config.restart"),
        explain="The node runs, but the port in `listen` is free or another program's. Peers that"
        " dial this node do not reach it.",
        fix="restart the node",
    ),
    Check(
        code="listen.advertised",
        title="invitations name an address this node does not listen on",
        severity="warning",
        group="Node",
        needs=("config",),
        probe=_advertised,
        explain="`advertise` is what other machines are told; `listen` is on loopback or empty."
        " That is right behind a tunnel or proxy on this machine, and wrong otherwise.",
        fix="gatepost config set listen HOST:PORT",
    ),
    Check(
        code="listen.unnamed",
        title="invitations name no address",
        severity="warning",
        group="Node",
        needs=("config",),
        probe=_unnamed,
        explain="The node listens on every address and does not know by which of them others can"
        " reach it. An invitation of it cannot be accepted from another machine.",
        fix="gatepost config set advertise HOST:PORT",
    ),
)
