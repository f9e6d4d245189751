"""Each check that looks at files and the machine: broken for real, found, mended by its fix."""

import os
import shutil
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from gatepost import compose
from gatepost.core.health import Finding
from gatepost.host import disk as host_disk
from gatepost.node.health.catalogue import BY_CODE
from gatepost.store import database
from gatepost.store.database import Lock
from tests.unit.node.health.place import NOW, Place, free_port

Proof = Callable[[Place], Generator[None, Finding, None]]
PROOFS: dict[str, Proof] = {}
ROOT = os.getuid() == 0
HOUR = 3_600_000


def proves(code: str) -> Callable[[Proof], Proof]:
    """The function breaks what the check looks at, yields once, and mends it as its fix says."""

    def add(proof: Proof) -> Proof:
        assert code not in PROOFS, code
        PROOFS[code] = proof
        return proof

    return add


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Place]:
    one = Place(tmp_path / "home", monkeypatch).make()
    yield one
    for undo in reversed(one.later):
        undo()


def repaired(place: Place, found: Finding) -> None:
    """Do what `doctor --fix` does."""
    assert BY_CODE[found.code].safe
    machine = compose.machine(place.places)
    for one in place.found(found.code):
        for step in one.repairs:
            machine.repair(step)


# home


@proves("home.missing")
def _(place: Place) -> Generator[None, Finding, None]:
    shutil.rmtree(place.path)
    found = yield
    assert found.fix.startswith("gatepost init --name NAME")
    place.make()


@proves("home.elsewhere")
def _(place: Place) -> Generator[None, Finding, None]:
    other = Place(place.path.with_name("other"), place.monkeypatch).make()
    lock = Lock(other.places.run / "node.lock")
    place.later.append(lock.release)
    shutil.rmtree(place.path)
    found = yield
    fixes = [one.fix for one in place.found("home.elsewhere")]
    assert f"gatepost doctor --home {other.path}" in fixes
    assert found.code == "home.elsewhere"
    place.path = other.path


@proves("home.foreign")
def _(place: Place) -> Generator[None, Finding, None]:
    mine = os.geteuid()
    place.monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    found = yield
    assert found.fix.startswith("run gatepost as ")
    place.monkeypatch.setattr(os, "geteuid", lambda: mine)


@proves("home.unwritable")
def _(place: Place) -> Generator[None, Finding, None]:
    denied = place.places.run

    def access(path: Path, mode: int) -> bool:
        return Path(path) != denied and real(path, mode)

    real = os.access
    if ROOT:  # whom no mode stops
        place.monkeypatch.setattr(os, "access", access)
    denied.chmod(0o500)
    found = yield
    assert found.fix == f"chmod u+rwx {denied}"
    denied.chmod(0o700)
    place.monkeypatch.setattr(os, "access", real)


@proves("home.exposed")
def _(place: Place) -> Generator[None, Finding, None]:
    place.path.chmod(0o755)
    place.places.database.chmod(0o644)
    found = yield
    repaired(place, found)
    assert place.path.stat().st_mode & 0o777 == 0o700


@proves("keys.exposed")
def _(place: Place) -> Generator[None, Finding, None]:
    (place.places.keys / "node.key").chmod(0o640)
    found = yield
    assert "node.key" in found.subject
    repaired(place, found)


@proves("keys.damaged")
def _(place: Place) -> Generator[None, Finding, None]:
    backup = (place.places.keys / "seal.key").read_bytes()
    (place.places.keys / "seal.key").write_bytes(b"00" * 32 + b"\n")
    yield
    (place.places.keys / "seal.key").write_bytes(backup)


@proves("home.incomplete")
def _(place: Place) -> Generator[None, Finding, None]:
    shutil.rmtree(place.places.tokens)
    found = yield
    repaired(place, found)


@proves("home.leftover")
def _(place: Place) -> Generator[None, Finding, None]:
    half = place.path / ".policy.toml.4194999.new"
    half.write_text("[[rule")
    (place.path / f".grants.toml.{os.getpid()}.new").write_text("")  # of one that lives
    found = yield
    repaired(place, found)
    assert not half.exists()
    assert (place.path / f".grants.toml.{os.getpid()}.new").exists()


# node


@proves("listen.taken")
def _(place: Place) -> Generator[None, Finding, None]:
    taken = socket.create_server(("127.0.0.1", 0))
    place.later.append(taken.close)
    place.type(f"gatepost config set listen 127.0.0.1:{taken.getsockname()[1]}")
    found = yield
    assert f"process {os.getpid()}" in found.what
    assert place.type(found.fix.replace("HOST:PORT", f"127.0.0.1:{free_port()}")) == 0


@proves("listen.silent")
def _(place: Place) -> Generator[None, Finding, None]:
    place.later.append(Lock(place.places.run / "node.lock").release)
    yield
    address = place.facts().setting("listen").rpartition(":")
    listening = socket.create_server((address[0], int(address[2])))  # as a node does at its start
    place.later.append(listening.close)


@proves("listen.advertised")
def _(place: Place) -> Generator[None, Finding, None]:
    assert place.type("gatepost config set advertise node.example:7443") == 0
    found = yield
    assert place.type(found.fix) == 0


@proves("listen.unnamed")
def _(place: Place) -> Generator[None, Finding, None]:
    assert place.type(f"gatepost config set listen 0.0.0.0:{free_port()}") == 0
    found = yield
    assert place.type(found.fix.replace("HOST:PORT", "node.example:7443")) == 0


# disk


@proves("disk.full")
def _(place: Place) -> Generator[None, Finding, None]:
    assert place.type("gatepost config set store.keep_free 900000GiB") == 0
    yield
    assert place.type("gatepost config unset store.keep_free") == 0


@proves("disk.low")
def _(place: Place) -> Generator[None, Finding, None]:
    real = os.statvfs

    def small(path: Path) -> os.statvfs_result:
        found = real(path)
        room = 500 * 1024 * 1024 // found.f_frsize
        return os.statvfs_result((*found[:4], room, *found[5:]))

    place.monkeypatch.setattr(os, "statvfs", small)
    yield
    place.monkeypatch.setattr(os, "statvfs", real)


@proves("disk.slow")
def _(place: Place) -> Generator[None, Finding, None]:
    ticking = iter(range(1000))
    real = host_disk.ticks
    place.monkeypatch.setattr(host_disk, "ticks", lambda: float(next(ticking)))
    yield
    place.monkeypatch.setattr(host_disk, "ticks", real)


@proves("store.network_filesystem")
def _(place: Place) -> Generator[None, Finding, None]:
    usual = database.NETWORK
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    here = {row.partition(" - ")[2].split()[0] for row in mounts}
    place.monkeypatch.setattr(database, "NETWORK", here)
    found = yield
    assert "mounted at" in found.what
    place.monkeypatch.setattr(database, "NETWORK", usual)


@proves("store.affected_sqlite")
def _(place: Place) -> Generator[None, Finding, None]:
    place.monkeypatch.setattr(database, "SAFE_SQLITE", (99, 0, 0))
    yield
    place.monkeypatch.setattr(database, "SAFE_SQLITE", (3, 51, 3))


@proves("store.newer")
def _(place: Place) -> Generator[None, Finding, None]:
    place.sql("PRAGMA user_version = 99")
    yield
    place.sql("PRAGMA user_version = 1")


@proves("store.damaged")
def _(place: Place) -> Generator[None, Finding, None]:
    place.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = place.places.database.read_bytes()
    place.places.database.write_bytes(backup[:100] + b"\xff" * (len(backup) - 100))
    yield
    place.places.database.write_bytes(backup)


@proves("store.unreadable")
def _(place: Place) -> Generator[None, Finding, None]:
    aside = place.path / "aside.db"
    place.places.database.rename(aside)
    place.places.database.mkdir()
    yield
    place.places.database.rmdir()
    aside.rename(place.places.database)


@proves("store.unbalanced")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer()
    place.message()
    place.sql("UPDATE message SET state = 'done'")  # ended, and not marked as ended
    found = yield
    assert "1 messages whose state and end disagree" in found.what
    place.sql("UPDATE message SET ended = 1")


# settings


@proves("config.invalid")
def _(place: Place) -> Generator[None, Finding, None]:
    good = place.places.config.read_text()
    place.places.config.write_text(good + "\nlisten = 3\n")
    yield
    place.places.config.write_text(good)


@proves("config.differs")
def _(place: Place) -> Generator[None, Finding, None]:
    place.later.append(Lock(place.places.run / "node.lock").release)  # this process is the node
    place.environ["GATEPOST_LOG_LEVEL"] = "debug"
    found = yield
    assert found.subject == "log.level"
    del place.environ["GATEPOST_LOG_LEVEL"]


@proves("config.shadowed")
def _(place: Place) -> Generator[None, Finding, None]:
    assert place.type("gatepost config set log.level warning") == 0
    place.environ["GATEPOST_LOG_LEVEL"] = "debug"
    found = yield
    assert found.where == "gatepost.toml:13"
    assert place.type(found.fix.split("`")[1]) == 0


@proves("config.stray")
def _(place: Place) -> Generator[None, Finding, None]:
    place.environ["GATEPOST_LISTN"] = "127.0.0.1:7443"
    found = yield
    assert found.subject == "GATEPOST_LISTN"
    del place.environ["GATEPOST_LISTN"]


# policy


@proves("policy.invalid")
def _(place: Place) -> Generator[None, Finding, None]:
    good = place.places.policy.read_text()
    place.policy('[[rule]]\nid = "x"\nalow = ["ask"]\n')
    found = yield
    assert found.where.startswith("policy.toml:")
    place.places.policy.write_text(good)


@proves("policy.expectation")
def _(place: Place) -> Generator[None, Finding, None]:
    place.policy('[[expect]]\nwho = "main -> main"\nverb = "ask"\nwant = "deny"\n')
    found = yield
    assert found.where.startswith("policy.toml:")
    text = place.places.policy.read_text()
    place.places.policy.write_text(text.replace('want = "deny"\n', 'want = "allow"\n'))


def rule(more: str, id: str = "odd") -> str:
    return f'[[rule]]\nid = "{id}"\n{more}\n'


def revoked(place: Place, found: Finding) -> None:
    """What `policy revoke` does: the rule's lines are cut out of their file."""
    from gatepost.config.grants import remove_rules
    from gatepost.policy.rules import read_law

    assert f"gatepost policy revoke {found.subject}" in found.fix
    remove_rules(place.places, (found.subject,), lambda texts: read_law(texts, ("home",)))


@proves("policy.never")
def _(place: Place) -> Generator[None, Finding, None]:
    place.policy(rule('allow = ["ask"]\nfrom = []\nto = "main"'))
    revoked(place, (yield))


@proves("policy.nobody")
def _(place: Place) -> Generator[None, Finding, None]:
    place.policy(rule('allow = ["ask"]\nfrom = "main"\nto = "mian"'))
    found = yield
    assert "`main`" in found.fix
    revoked(place, found)


@proves("policy.moved")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer()
    bound = f'allow = ["ask"]\nfrom = "main@lab"\nto = "main"\nnodes = {{ lab = "{"c" * 52}" }}'
    place.policy(rule(bound))
    revoked(place, (yield))


@proves("policy.open")
def _(place: Place) -> Generator[None, Finding, None]:
    place.policy(rule('allow = ["ask"]\nfrom = "*@*"\nto = "*"'))
    revoked(place, (yield))


@proves("operator.open")
def _(place: Place) -> Generator[None, Finding, None]:
    place.agent("bot", adapter="process", command=("true",))
    found = yield
    assert place.type(found.fix) == 0


@proves("policy.nothing_granted")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer()
    found = yield
    assert found.fix == "gatepost policy grant '*@lab' ask,delegate AGENT"
    place.policy(rule('allow = ["ask", "delegate"]\nfrom = "*@lab"\nto = "main"'))


# peers and agents, from the database


@proves("peer.stopped")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer(stopped="key")
    found = yield
    assert found.fix == "gatepost peers trust lab"
    place.peer(stopped="")


@proves("peer.no_address")
def _(place: Place) -> Generator[None, Finding, None]:
    from tests.seeded import SeededKeys

    place.peer(record=SeededKeys("lab").record_bytes)
    found = yield
    assert found.fix == "gatepost peers endpoint lab HOST:PORT"
    place.peer(record=SeededKeys("lab").record_bytes, endpoint="127.0.0.1:9")


@proves("peer.blocked")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer(blocked=True)
    place.message()
    found = yield
    assert found.fix == "gatepost peers unblock lab"
    place.peer(blocked=False)


@proves("peer.queue")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer()
    place.message(accepted=NOW - 2 * HOUR)
    found = yield
    assert "the oldest for 2 h" in found.what
    place.sql("UPDATE message SET slot = 1")  # it went


@proves("agent.none")
def _(place: Place) -> Generator[None, Finding, None]:
    place.sql("DELETE FROM agent")
    yield
    place.agent("main")


@proves("agent.command_missing")
def _(place: Place) -> Generator[None, Finding, None]:
    program = place.path.with_name("program")
    place.agent("bot", adapter="process", command=(str(program),))
    yield
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)


@proves("agent.no_token")
def _(place: Place) -> Generator[None, Finding, None]:
    (place.places.tokens / "main").unlink()
    yield
    place.agent("main")


@proves("agent.unread")
def _(place: Place) -> Generator[None, Finding, None]:
    place.message(direction="local", peer=0, recipient="main", accepted=NOW - HOUR)
    found = yield
    assert found.fix == "gatepost inbox --as main"
    place.sql("UPDATE message SET attempt = 1")  # it was read


@proves("agent.full")
def _(place: Place) -> Generator[None, Finding, None]:
    place.message(direction="local", peer=0, recipient="main")
    place.more_messages(800)
    yield
    place.sql("UPDATE message SET state = 'done', ended = 1 WHERE seq > 10")


@proves("holds.waiting")
def _(place: Place) -> Generator[None, Finding, None]:
    place.peer()
    place.message(state="held", since=NOW - HOUR)
    yield
    place.sql("UPDATE message SET state = 'cancelled', ended = 1")


@proves("node.down")
def _(place: Place) -> Generator[None, Finding, None]:
    held = Lock(place.places.run / "node.lock")
    assert place.found("node.down") == []
    held.release()
    found = yield
    assert found.fix == "gatepost start"
    assert f"process {os.getpid()}" in found.why
    place.later.append(Lock(place.places.run / "node.lock").release)


@pytest.mark.parametrize("code", PROOFS)
def test_a_check_that_looks_at_files_fails_for_real_and_passes_after_its_fix(
    code: str, place: Place
) -> None:
    proof = PROOFS[code](place)
    place.agent("main")
    if code != "node.down":
        assert place.found(code) == []
    next(proof)
    (found, *_) = place.found(code)
    assert found.severity == BY_CODE[code].severity
    assert found.fix
    with pytest.raises(StopIteration):
        proof.send(found)
    assert place.found(code) == []
