"""What a machine does to a node: its home, keys, disk, addresses and files."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from gatepost.config.paths import layout
from gatepost.errors import GatepostError
from gatepost.store import database
from tests.catalogue.place import Place, provokes
from tests.catalogue.typed import Said


@provokes("node.not_running")
def _(place: Place) -> Said:
    return place.type("status", place.bare())


@provokes("node.already_running")
def _(place: Place) -> Said:
    return place.type("start")


@provokes("node.paused")
def _(place: Place) -> Said:
    place.quietly("pause lab")
    try:
        return place.type("peers ping lab")
    finally:
        place.quietly("resume lab")
        place.connected()


@provokes("node.recovering")
def _(place: Place) -> Said:
    with place.attic.speaker("main", patience=0.2) as main, place.fault("mistake"):
        with pytest.raises(GatepostError):
            main.send("other", "hello")
        return _until_said(place, "node.recovering", "status")


@provokes("home.missing")
def _(place: Place) -> Said:
    return place.type("status", place.root / "nowhere")


@provokes("home.exists")
def _(place: Place) -> Said:
    return place.type("init --name home")


@provokes("home.unwritable")
def _(place: Place) -> Said:
    return place.type("init --name home", Path("/proc/gatepost"))


@provokes("home.exposed")
def _(place: Place) -> Said:
    home = place.bare()
    for key in layout(home).keys.iterdir():
        key.chmod(0o644)
    layout(home).keys.chmod(0o755)
    home.chmod(0o755)
    return place.type("start", home)


@provokes("keys.damaged")
def _(place: Place) -> Said:
    home = place.bare()
    for key in layout(home).keys.iterdir():
        key.write_bytes(b"")
    return place.type("start", home)


@provokes("listen.impossible")
def _(place: Place) -> Said:
    home = place.bare()
    place.type("config set listen nowhere.invalid:7443", home)
    return place.start(home)


@provokes("listen.taken")
def _(place: Place) -> Said:
    return place.start(place.bare(place.home.endpoint))


@provokes("listen.none")
def _(place: Place) -> Said:
    with place.running(place.bare("")) as node:
        return place.type("peers invite lab", node)


@provokes("token.unknown")
def _(place: Place) -> Said:
    return place.type("tokens revoke t99")


@provokes("store.full")
def _(place: Place) -> Said:
    with place.fault("full"):
        return _until_said(place, "store.full", "pause other")


@provokes("store.failed")
def _(place: Place) -> Said:
    with place.fault("broken"):
        return _until_said(place, "store.failed", "pause other")


@provokes("store.damaged")
def _(place: Place) -> Said:
    home = place.bare()
    layout(home).database.write_bytes(b"this is no database" * 4096)
    return place.type("start", home)


@provokes("store.newer")
def _(place: Place) -> Said:
    home = place.bare()
    connection = apsw.Connection(str(layout(home).database))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    return place.type("start", home)


@provokes("store.network_filesystem")
def _(place: Place) -> Said:
    home = place.bare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "NETWORK", _Every())
        return place.type("start", home)


@provokes("store.affected_sqlite")
def _(place: Place) -> Said:
    home = place.bare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.0")
        return place.type("start", home)


@provokes("config.changed")
def _(place: Place) -> Said:
    home = place.bare()
    with _held(layout(home).run / "edit.lock"):
        return place.type("config set listen 127.0.0.1:17444", home)


@provokes("config.invalid")
def _(place: Place) -> Said:
    home = place.bare()
    with layout(home).config.open("a") as file:
        file.write("listen = = 3\n")
    return place.type("config check", home)


@provokes("config.unknown_key")
def _(place: Place) -> Said:
    return place.type("config get lisen")


@provokes("policy.invalid")
def _(place: Place) -> Said:
    home = place.bare()
    with layout(home).policy.open("a") as file:
        file.write('\n[[rule]]\nid = "x"\nalow = ["ask"]\nfrom = "*"\nto = "*"\n')
    return place.type("start", home)


@provokes("policy.rule_unknown")
def _(place: Place) -> Said:
    return place.type("policy revoke nobody")


@provokes("bug.unknown_error")
def _(place: Place) -> Said:
    with place.impostor(b'{"error":{"code":"moon.full","what":"the moon is full"}}', 418) as home:
        return place.type("status", home)


@provokes("bug.internal")
def _(place: Place) -> Said:
    with place.impostor(b'{"name":7}', 200) as home:
        return place.type("status", home)


def _until_said(place: Place, code: str, *lines: str) -> Said:
    """Type lines at attic until it says so."""
    for word in lines * 500:
        said = place.type(word, place.attic)
        if code in said.text:
            del place.typed[:-1]
            return said
    raise AssertionError(f"nobody said {code}")


class _Every(frozenset[str]):
    """As if this file system were one of the network."""

    def __contains__(self, kind: object) -> bool:
        return True


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """Another command changes the files."""
    lock.parent.mkdir(mode=0o700, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
