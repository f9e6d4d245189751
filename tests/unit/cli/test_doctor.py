"""Doctor as a person and a program meet it: its page, its exit codes, `--fix`, `--bundle`."""

import json
import os
import shutil
import socket
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatepost.config.paths import Layout
from gatepost.core.health import Checkup, Finding
from gatepost.errors import GatepostError
from gatepost.node.health.catalogue import BY_CODE
from gatepost.node.health.judge import fold
from gatepost.store.database import Lock
from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Said, Terminal
from tests.unit.node.health.place import Place

SECRETS = {
    "key": "5eedf00d" * 8,
    "token": "gpt-0123456789abcdef0123456789abcdef0123456789abcdef",
    "webhook": "whsec-planted-secret-of-a-webhook",
    "url": "planted-in-a-query",
    "argument": "sk-planted-argument",
    "message": "planted text of a message",
    "setting": "planted-value-of-a-setting",
    "rule": "planted-in-a-broken-policy",
    "variable": "planted-operator-token",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    one = Place(tmp_path / "home", monkeypatch).make()
    one.agent("main")
    yield one
    for undo in reversed(one.later):
        undo()


@pytest.fixture
def doctor(terminal: Terminal, place: Place) -> "Doctor":
    return Doctor(terminal, place)


class Doctor:
    """`gatepost doctor` on a real home whose node, if there is one, is a fake."""

    def __init__(self, terminal: Terminal, place: Place) -> None:
        self.terminal = terminal
        self.place = place

    def type(self, line: str = "") -> Said:
        return self.terminal.type(f"doctor --home {self.place.path} {line}")

    def json(self, line: str = "") -> dict[str, dict[str, str]]:
        said = self.type(f"--json --quick {line}")
        return {one["code"]: one for one in json.loads(said.out)["findings"]}

    def runs(self) -> None:
        """From now on somebody holds the lock and listens on both sockets and the port."""
        places: Layout = self.place.places
        self.place.later.append(Lock(places.run / "node.lock").release)
        for path in (places.operator_socket, places.agent_socket):
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(str(path))
            path.chmod(0o600)
            listening.listen()
            self.place.later.append(listening.close)
        host, _, port = self.place.facts().setting("listen").rpartition(":")
        self.place.later.append(socket.create_server((host, int(port))).close)


def test_a_home_that_is_well_says_so_and_exits_with_0(doctor: Doctor) -> None:
    said = doctor.type("--ignore node.down")
    assert said.code == 0
    assert "all is well" in said.out
    assert "not made: the node is not running" in said.out


def test_an_error_exits_with_1_and_shows_what_why_and_fix(doctor: Doctor) -> None:
    (doctor.place.places.keys / "node.key").chmod(0o644)
    said = doctor.type()
    assert said.code == 1
    path = doctor.place.places.keys / "node.key"
    assert f"✗ others can reach {path}  [keys.exposed]" in said.out
    assert "why   its mode is 0644" in said.out
    assert f"fix   chmod go-rwx {path}" in said.out


def test_lint_exits_with_1_for_a_warning_and_its_lines_begin_with_stable_words(
    doctor: Doctor,
) -> None:
    assert doctor.type().code == 0
    said = doctor.type("--lint")
    assert said.code == 1
    assert said.out.splitlines()[0].startswith("warning  node.down: ")
    assert doctor.type("--lint --ignore node.down").code == 0


def test_a_code_that_is_none_is_answered_with_the_nearest(doctor: Doctor) -> None:
    said = doctor.type("--ignore node.dwn")
    assert said.code == 2
    assert "did you mean `node.down`?" in said.err


def test_fix_prints_its_plan_does_only_safe_steps_and_tells_how_to_undo_them(
    doctor: Doctor,
) -> None:
    home = doctor.place.path
    home.chmod(0o755)
    doctor.place.policy('[[rule]]\nid = "odd"\nallow = ["ask"]\nfrom = []\nto = "main"\n')
    before = doctor.place.places.policy.read_text()
    said = doctor.type("--fix")
    assert said.err.splitlines()[:2] == ["plan", f"  chmod go-rwx {home}"]
    assert f"undo    chmod 0755 {home}" in said.err
    assert home.stat().st_mode & 0o777 == 0o700
    assert "[policy.never]" in said.out
    assert doctor.place.places.policy.read_text() == before


def test_fix_with_nothing_safe_to_do_says_so_and_changes_nothing(doctor: Doctor) -> None:
    said = doctor.type("--fix")
    assert said.err.splitlines()[0] == "nothing here is safe to do without you"


def test_fix_follows_no_link(doctor: Doctor) -> None:
    outside = doctor.place.path.with_name("outside")
    outside.write_text("somebody else's")
    outside.chmod(0o644)
    (doctor.place.places.keys / "linked").symlink_to(outside)
    said = doctor.type("--fix")
    assert said.code == 6
    assert outside.stat().st_mode & 0o777 == 0o644


def test_fix_as_json_tells_what_was_done_and_how_it_is_now(doctor: Doctor) -> None:
    shutil.rmtree(doctor.place.places.tokens)
    told = json.loads(doctor.type("--fix --json").out)
    path = str(doctor.place.places.tokens)
    assert told["done"] == [{"do": "make", "path": path, "undo": f"rmdir {path}"}]
    assert "home.incomplete" not in [one["code"] for one in told["checkup"]["findings"]]


def test_a_check_is_explained_by_its_code(doctor: Doctor) -> None:
    said = doctor.terminal.type("explain disk.low")
    assert said.code == 0
    assert said.out.startswith("warning[disk.low]: the disk is almost full")
    assert "near: disk.low" in doctor.terminal.type("explain disk.lo").err


# with a node that answers


def test_what_the_node_tells_and_what_the_command_sees_is_one_page(doctor: Doctor) -> None:
    doctor.runs()
    doctor.place.path.chmod(0o750)
    said = doctor.type("--quick")
    assert "✗ lab no link for 2 h; 14 messages waiting" in said.out
    assert f"✗ others can reach {doctor.place.path}  [home.exposed]" in said.out
    assert "not made" not in said.out


def test_another_version_and_another_home_of_the_node_are_seen(doctor: Doctor) -> None:
    doctor.runs()
    from gatepost import __version__

    found = doctor.json()
    assert "node.moved" in found  # the fake says /srv/gatepost
    assert ("node.version" in found) == (__version__ != "0.1.0")
    doctor.place.monkeypatch.setattr("gatepost.__version__", "9.9.9")
    assert doctor.json()["node.version"]["what"].endswith("this command is 9.9.9")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GatepostError("store.full", why="no space left"), "node.broken"),
        (GatepostError("call.unknown", why="there is no /v1/health"), "node.untold"),
        (GatepostError("node.not_running", what="the node does not answer"), "node.stuck"),
    ],
)
def test_a_node_that_answers_with_an_error_is_a_finding(
    doctor: Doctor, node: FakeNode, error: GatepostError, code: str
) -> None:
    doctor.runs()
    node.refuse = error
    assert code in doctor.json()
    node.refuse = None
    assert code not in doctor.json()


# the bundle


def planted(place: Place) -> None:
    """Secrets wherever a home may hold one."""
    (place.places.keys / "node.key").write_text(SECRETS["key"] + "\n")
    (place.places.tokens / "main").write_text(SECRETS["token"] + "\n")
    (place.places.tokens / "main").chmod(0o600)
    place.agent(
        "hook",
        adapter="webhook",
        url=f"https://bot.example/in?key={SECRETS['url']}",
        secret=SECRETS["webhook"],
        about=SECRETS["token"],
    )
    place.agent("bot", adapter="process", command=("/nowhere/bot", "--key", SECRETS["argument"]))
    place.peer()
    place.message()
    place.sql("UPDATE body SET data = ?", SECRETS["message"].encode())
    place.places.config.write_text(
        place.places.config.read_text() + f'[operator]\nauth = "{SECRETS["setting"]}"\n'
    )
    place.policy(f'[[rule]]\nid = "{SECRETS["rule"]}"\n')
    place.monkeypatch.setenv("GATEPOST_OPERATOR_TOKEN", SECRETS["variable"])


def test_a_bundle_holds_the_findings_and_none_of_the_secrets_of_the_home(
    doctor: Doctor, tmp_path: Path
) -> None:
    planted(doctor.place)
    out = tmp_path / "report.tar.gz"
    assert doctor.type(f"--bundle --out {out}").code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as archive:
        files = {one.name: archive.extractfile(one) for one in archive.getmembers()}
        text = {name: file.read().decode() for name, file in files.items() if file is not None}
    told = "\n".join(text.values())
    for name, secret in SECRETS.items():
        assert secret not in told, name
    found = json.loads(text["gatepost-bundle/findings.json"])["findings"]
    assert {"config.invalid", "policy.invalid", "keys.damaged"} <= {one["code"] for one in found}
    assert str(Path.home()) == "/" or str(Path.home()) not in told


def test_a_bundle_never_overwrites_a_file(doctor: Doctor, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.write_text("mine")
    said = doctor.type(f"--bundle --out {out}")
    assert said.code == 6
    assert out.read_text() == "mine"


def test_a_bundle_is_named_by_the_time_and_lies_where_one_is(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    doctor.type("--bundle")
    assert "gatepost-bundle-20261120-140000.tar.gz" in os.listdir(tmp_path)


# folding


def finding(code: str, subject: str = "") -> Finding:
    check = BY_CODE[code]
    return Finding(
        code=code, severity=check.severity, title=check.title, what="it is so", subject=subject
    )


def folded(*found: Finding) -> dict[str, str]:
    return {one.key: one.cause for one in fold(found, list(BY_CODE.values()))}


def test_a_consequence_names_its_first_cause_and_only_of_the_same_subject() -> None:
    causes = folded(
        finding("peer.queue", "lab"),
        finding("peer.queue", "work"),
        finding("peer.unreachable", "lab"),
    )
    assert causes["peer.queue lab"] == "peer.unreachable lab"
    assert causes["peer.queue work"] == ""


def test_a_chain_of_consequences_is_folded_under_its_beginning() -> None:
    causes = folded(
        finding("agent.unread", "main"),
        finding("node.down"),
        finding("keys.damaged"),
        finding("home.foreign"),
    )
    assert causes["keys.damaged"] == "home.foreign"
    assert causes["node.down"] == "home.foreign"
    assert causes["agent.unread main"] == "home.foreign"


def test_a_thousand_peers_that_are_away_are_folded_at_once() -> None:
    found = [finding("peer.unreachable", f"p{n}") for n in range(2000)]
    found += [finding("peer.queue", f"p{n}") for n in range(2000)]
    assert sum(1 for cause in folded(*found).values() if cause) == 2000


def test_every_consequence_names_checks_that_are_there_and_no_circle() -> None:
    for check in BY_CODE.values():
        seen, ahead = set[str](), [check.code]
        while ahead:
            one = ahead.pop()
            assert one in BY_CODE
            for cause in BY_CODE[one].depends_on:
                assert cause != check.code, check.code
                if cause not in seen:
                    seen.add(cause)
                    ahead.append(cause)


def test_many_alike_are_counted_and_shown_with_v(
    doctor: Doctor, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def health() -> Checkup:
        found = tuple(finding("peer.unreachable", f"p{n:02}") for n in range(20))
        return Checkup(at=0, findings=found, looked=("peer.unreachable",))

    monkeypatch.setattr(node, "health", health)
    doctor.runs()
    said = doctor.type("--quick")
    assert "15 more like that [peer.unreachable]   -v shows them" in said.out
    assert "p19" in doctor.type("--quick -v").out


# homes nobody meant


def _binary(place: Place) -> None:
    for path in (place.places.config, place.places.policy, place.places.grants):
        path.write_bytes(bytes(range(256)))


def _directories(place: Place) -> None:
    for path in (place.places.policy, place.places.grants, place.places.database):
        path.unlink()
        path.mkdir()


def _pipes(place: Place) -> None:
    (place.places.run / "node.lock").unlink(missing_ok=True)
    os.mkfifo(place.places.run / "node.lock")
    place.places.database.unlink()
    os.mkfifo(place.places.database)


def _long(place: Place) -> None:
    place.places.policy.write_text("# " + "x" * (5 * 1024 * 1024))
    place.places.config.write_text("name = " + "[" * 100_000)


def _empty(place: Place) -> None:
    for path in (*place.places.keys.iterdir(), place.places.config, place.places.database):
        path.write_bytes(b"")


def _no_keys(place: Place) -> None:
    shutil.rmtree(place.places.keys)
    shutil.rmtree(place.places.run)


def _loops(place: Place) -> None:
    place.places.policy.unlink()
    place.places.policy.symlink_to(place.places.policy)
    shutil.rmtree(place.places.keys)
    place.places.keys.symlink_to(place.places.keys)


def _surrogates(place: Place) -> None:
    (place.places.tokens / os.fsdecode(b"\xff\xfe\x1b[2Jname")).write_text("x")
    (place.places.tokens / os.fsdecode(b"\xff\xfe\x1b[2Jname")).chmod(0o644)


ODD = (_binary, _directories, _pipes, _long, _empty, _no_keys, _loops, _surrogates)


@pytest.mark.parametrize("spoil", ODD, ids=lambda one: one.__name__)
def test_whatever_a_home_is_doctor_says_what_is_wrong_and_does_not_stumble(
    doctor: Doctor, tmp_path: Path, spoil: Callable[[Place], None]
) -> None:
    spoil(doctor.place)
    for how in ("", "--json", "--lint", f"--bundle --out {tmp_path / 'bundle'}", "--fix"):
        said = doctor.type(f"--quick {how}")
        assert said.code in (0, 1), said.err
        assert "\x1b" not in said.out + said.err
        if how in ("", "--lint"):
            assert "error" in said.out


@pytest.mark.parametrize("what", ["file", "pipe", "loop", "nothing"])
def test_a_home_that_is_no_directory_is_a_home_without_a_node(
    terminal: Terminal, tmp_path: Path, what: str
) -> None:
    home = tmp_path / "home"
    if what == "file":
        home.write_text("")
    elif what == "pipe":
        os.mkfifo(home)
    elif what == "loop":
        home.symlink_to(home)
    said = terminal.type(f"doctor --home {home}")
    assert said.code == 1
    assert f"there is no node in {home}" in said.out or "home.elsewhere" in said.out


@pytest.mark.skipif(os.getuid() == 0, reason="no mode stops root")
@pytest.mark.parametrize(
    ("what", "code"),
    [
        (".", "home.unwritable"),
        ("keys", "home.unwritable"),
        ("run", "home.unwritable"),
        ("run/tokens", "home.unwritable"),
        ("node.db", "store.unreadable"),
        ("policy.toml", "policy.invalid"),
        ("gatepost.toml", "config.invalid"),
    ],
)
def test_what_may_not_be_read_is_said_to_be_so(doctor: Doctor, what: str, code: str) -> None:
    path = doctor.place.path / what
    mode = path.stat().st_mode & 0o777
    path.chmod(0)
    doctor.place.later.append(lambda: path.chmod(mode))
    assert code in doctor.json()
    assert "node.stuck" not in doctor.json()
