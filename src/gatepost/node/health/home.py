"""Checks of the home directory and the keys in it."""

import shlex
from collections.abc import Iterator

from gatepost.core.health import Repair
from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known

DELETED = " (deleted)"
"""Marks a home that was deleted under its node."""


def _missing(facts: Facts) -> Iterator[Hit]:
    if not known(facts.home).node_there:
        yield Hit(f"there is no node in {known(facts.home).path}", where=known(facts.home).path)


def _elsewhere(facts: Facts) -> Iterator[Hit]:
    home, process = known(facts.home), facts.process
    if facts.inside or (process is not None and process.running):
        return
    for path, pid in facts.elsewhere:
        if path == home.path + DELETED:
            yield Hit(
                f"process {pid} is a node whose home directory was here and was deleted",
                path,
                fix=f"kill {pid}, then `gatepost start`",
            )
        elif not home.node_there and not path.endswith(DELETED):
            yield Hit(
                f"a node of this user runs in {path} (process {pid}); this command looks at"
                f" {home.path}",
                path,
                fix=f"gatepost doctor --home {shlex.quote(path)}",
            )


def _owner(facts: Facts) -> Iterator[Hit]:
    home = known(facts.home)
    if home.owner:
        yield Hit(
            f"{home.path} belongs to {home.owner}",
            where=home.path,
            fix=f"run gatepost as {home.owner}, or chown -R $(id -un) {shlex.quote(home.path)}",
        )


def _unwritable(facts: Facts) -> Iterator[Hit]:
    for path in known(facts.home).unwritable:
        yield Hit(f"{path} cannot be written", path, fix=f"chmod u+rwx {shlex.quote(path)}")


def _exposed(facts: Facts) -> Iterator[Hit]:
    for path, mode in known(facts.home).exposed:
        if not _secret(path, facts):
            yield _open(path, mode)


def _keys_exposed(facts: Facts) -> Iterator[Hit]:
    for path, mode in known(facts.home).exposed:
        if _secret(path, facts):
            yield _open(path, mode)


def _secret(path: str, facts: Facts) -> bool:
    return path.startswith(
        (f"{known(facts.home).path}/keys/", f"{known(facts.home).path}/run/tokens/")
    )


def _open(path: str, mode: int) -> Hit:
    return Hit(
        f"others can reach {path}",
        path,
        why=f"its mode is {mode:04o}",
        fix=f"chmod go-rwx {shlex.quote(path)}",
        repairs=(Repair("close", path),),
    )


def _incomplete(facts: Facts) -> Iterator[Hit]:
    for path in known(facts.home).missing:
        yield Hit(f"{path} is gone", path, repairs=(Repair("make", path),))


def _leftovers(facts: Facts) -> Iterator[Hit]:
    for path in known(facts.home).leftovers:
        yield Hit(f"{path} was left by a command that broke off", path, repairs=(_remove(path),))


def _remove(path: str) -> Repair:
    return Repair("remove", path)


def _keys(facts: Facts) -> Iterator[Hit]:
    fault = known(facts.keys).fault
    if fault is not None and fault.code != "home.exposed":
        yield Hit(fault.why or fault.what, where=fault.where)


CHECKS = (
    Check(
        code="home.missing",
        title="there is no node in this home directory",
        severity="error",
        group="Home",
        needs=("home",),
        probe=_missing,
        depends_on=("home.elsewhere", "home.foreign", "home.unwritable"),
        explain="The directory that --home, GATEPOST_HOME or the default names holds no"
        " gatepost.toml.",
        fix="gatepost init --name NAME --listen 127.0.0.1:7443",
    ),
    Check(
        code="home.elsewhere",
        title="a node runs on another home directory",
        severity="warning",
        group="Home",
        per="path",
        needs=("home",),
        probe=_elsewhere,
        explain="There is no node in the home directory this command looks at, but one of the same"
        " user runs on another: most often GATEPOST_HOME is set for one of the two and not for the"
        " other. Or the directory was deleted under its node. Found by the lock that every running"
        " node holds.",
        fix="gatepost doctor --home {subject}",
    ),
    Check(
        code="home.foreign",
        title="the home directory belongs to another user",
        severity="error",
        group="Home",
        needs=("home",),
        probe=_owner,
        explain="A node runs as the owner of its home directory; anybody else can neither start"
        " it nor speak to it as its operator.",
        fix="run gatepost as the owner of the home directory",
    ),
    Check(
        code="home.unwritable",
        title="a directory of the node cannot be written",
        severity="error",
        group="Home",
        per="path",
        needs=("home",),
        probe=_unwritable,
        depends_on=("home.foreign",),
        explain="The node writes its database, its keys' record and its sockets there. The kernel"
        " is asked, so a read-only file system counts too.",
        fix="chmod u+rwx {subject}",
    ),
    Check(
        code="home.exposed",
        title="others can reach the node's files",
        severity="error",
        group="Home",
        per="path",
        needs=("home",),
        probe=_exposed,
        safe=True,
        explain="The home directory, its sockets and the database with every message are for one"
        " user alone. A node does not start while others can reach them.",
        fix="chmod go-rwx {subject}",
    ),
    Check(
        code="keys.exposed",
        title="others can reach the node's secrets",
        severity="error",
        group="Home",
        per="path",
        needs=("home",),
        probe=_keys_exposed,
        safe=True,
        explain="Whoever reads a key is this node to all its peers; whoever reads a token is an"
        " agent. If somebody else may have read it already, closing it is not enough.",
        fix="chmod go-rwx {subject}",
    ),
    Check(
        code="keys.damaged",
        title="the node's keys cannot be used",
        severity="error",
        group="Home",
        needs=("keys",),
        probe=_keys,
        depends_on=("home.missing", "home.foreign", "home.unwritable"),
        explain="A key file is missing, cannot be read, or is not the one the node's signed record"
        " names. Peers know this node by these keys.",
        fix="set keys/ aside and restore a backup of it",
    ),
    Check(
        code="home.incomplete",
        title="a directory of the node is gone",
        severity="warning",
        group="Home",
        per="path",
        needs=("home",),
        probe=_incomplete,
        safe=True,
        depends_on=("home.missing",),
        explain="Tokens and sockets lie below run/. Something took a directory away that the node"
        " made.",
        fix="mkdir -m 700 {subject}",
    ),
    Check(
        code="home.leftover",
        title="a half-written file was left behind",
        severity="hint",
        group="Home",
        per="path",
        needs=("home",),
        probe=_leftovers,
        safe=True,
        explain="A command was killed while it wrote. The file that counts is the old one, whole;"
        " the half one is never read.",
        fix="rm {subject}",
    ),
)
