"""What a machine does to a node: its home, keys, disk, addresses and files."""

import fcntl
import subprocess
import sys
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


@provokes("output.failed")
def _(place: Place) -> Said:
    """The data of a command goes to a disk that is full."""
    with Path("/dev/full").open("w") as full:
        command = place.home.command("agents", "list")
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    said = Said("agents list > /dev/full", done.returncode, "", done.stderr)
    place.typed.append(said)
    return said


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


@provokes("config.stale")
def _(place: Place) -> Said:
    home = place.bare()
    return place.type(f"config set listen 127.0.0.1:7443 --base-hash {'0' * 12}", home)


@provokes("policy.expectation")
def _(place: Place) -> Said:
    text = '\n[[expect]]\nwho = "main -> shut@lab"\nverb = "ask"\nwant = "allow"\n'
    with place.home.places.policy.open("a") as policy:
        policy.write(text)
    place.quietly("policy show")  # the node reads its files again
    return place.type("policy grant main ask shut@lab --deny")


@provokes("keys.in_use")
def _(place: Place) -> Said:
    kit = place.kit("busy")
    with place.running(place.root / "busy"):
        return place.type("keys rotate -", place.root / "busy", stdin=kit)


@provokes("kit.invalid")
def _(place: Place) -> Said:
    return place.type("keys rotate -", place.bare(), stdin="gpr1-nothing")


@provokes("kit.other")
def _(place: Place) -> Said:
    return place.type("keys rotate -", place.bare(), stdin=place.kit("elsewhere"))


@provokes("mcp.missing")
def _(place: Place) -> Said:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mcp", None)  # as if it were not installed
        patch.setitem(sys.modules, "gatepost.api.mcp", None)
        return place.type("mcp --as main", stdin="")


@provokes("client.unreadable")
def _(place: Place) -> Said:
    (place.root / ".mcp.json").write_text("{not json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.root)
        patch.setenv("HOME", str(place.root))
        return place.type(f"agents add {place.name('coder')} --client claude-code --yes")


@provokes("openclaw.no_config")
def _(place: Place) -> Said:
    return place.type(f"openclaw explain main helper --config {place.root}/openclaw.json")


@provokes("openclaw.config_invalid")
def _(place: Place) -> Said:
    file = place.root / "bad.json"
    file.write_text("{not: [json")
    return place.type(f"openclaw explain main helper --config {file}")


@provokes("openclaw.version_unknown")
def _(place: Place) -> Said:
    return place.type("openclaw explain main helper --gateway-version latest")


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
