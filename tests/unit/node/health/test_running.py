"""Each check only a running node can make: broken for real, found, mended; and how a node tells."""

import dataclasses
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from gatepost.config.files import write
from gatepost.config.first import first_config
from gatepost.config.paths import create, layout
from gatepost.core.health import Checkup, Finding, Repair
from gatepost.core.machine import (
    DatabaseFacts,
    DiskFacts,
    HomeFacts,
    KeysFacts,
    Listener,
    ProcessFacts,
)
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.node.configbook import ConfigBook
from gatepost.node.health.catalogue import BY_CODE, CHECKS
from gatepost.node.health.check import Hit
from gatepost.node.health.facts import Facts
from gatepost.node.health.judge import judge
from gatepost.node.health.watch import EVERY, Health
from gatepost.policy.directory import Directory
from tests.unit.node.health import test_files
from tests.unit.node.stage import POLICY_ONLY_PING, Stage, law

HOUR = 3600.0
ROOM = 1 << 40
MEANT = """
[[rule]]
id = "out"
allow = ["send", "ask"]
from = "*"
to = ["*", "*@*"]

[[rule]]
id = "in"
allow = ["ping", "send", "ask"]
from = ["*@home", "*@lab"]
to = "*"

[[rule]]
id = "ping"
allow = ["ping"]
from = ["*", "*@*"]
to = ["*", "*@*"]

[limits]
rate = "none"
"""


@dataclass
class Well:
    """A machine on which all is well, but for what a test says."""

    free: int = ROOM
    looks: int = 0

    def home(self) -> HomeFacts:
        self.looks += 1
        tokens = frozenset({"main", "bot"})
        return HomeFacts(path="/srv/gatepost", node_there=True, tokens=tokens)

    def elsewhere(self) -> tuple[tuple[str, int], ...]:
        return ()

    def keys(self) -> KeysFacts:
        return KeysFacts()

    def process(self) -> ProcessFacts:
        return ProcessFacts(holder=811, answers=True)

    def listener(self, address: str) -> Listener:
        return Listener(taken=True, pid=811)

    def disk(self, deep: bool) -> DiskFacts:
        return DiskFacts(free=self.free)

    def database(self, deep: bool) -> DatabaseFacts:
        return DatabaseFacts()

    def command(self, spec: AgentSpec, /) -> str:
        return ""

    def repair(self, step: Repair) -> str:
        return ""


@dataclass
class NoBook:
    """The law of the stage, which has no files."""

    directory: Callable[[], Directory]
    fault: GatepostError | None = None


@dataclass
class Watched:
    """A stage of two nodes, the first of which looks after its health."""

    stage: Stage
    health: Health
    machine: Well
    config: ConfigBook
    settings: Path

    def checkup(self) -> Checkup:
        return self.health.checkup()

    def found(self, code: str) -> list[Finding]:
        return [one for one in self.checkup().findings if one.code == code]

    @property
    def kinds(self) -> list[str]:
        events = self.stage.node("home").events.recent()
        return [f"{one.kind} {one.text.split(':')[0]}" for one in events if "health" in one.kind]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    places = layout(tmp_path / "home")
    create(places)
    write(places.config, first_config("home", "127.0.0.1:7443"))
    agents = ["main", AgentSpec(name="bot", adapter="process", command=("true",))]
    return look(
        Stage("home", "lab", agents=agents, text=MEANT), places.config, ConfigBook(places, {})
    )


def look(stage: Stage, settings: Path, config: ConfigBook) -> Watched:
    node = stage.node("home")
    stage.worker("home", "bot")
    machine = Well()
    book = NoBook(node.overview.directory)
    health = Health(node, book, config, machine, node.clock)
    return Watched(stage, health, machine, config, settings)


Proof = Callable[[Watched], Generator[None, Finding, None]]
PROOFS: dict[str, Proof] = {}


def proves(code: str) -> Callable[[Proof], Proof]:
    """The function breaks what the check looks at, yields once, and mends it as its fix says."""

    def add(proof: Proof) -> Proof:
        assert code not in PROOFS, code
        PROOFS[code] = proof
        return proof

    return add


def away(watched: Watched) -> None:
    """The peer is gone, and the node has noticed."""
    watched.stage.part("home", "lab")
    peer = watched.stage.node("home").peers.by_alias["lab"]
    watched.stage.until(lambda: peer.error[0])


@proves("peer.unreachable")
def _(watched: Watched) -> Generator[None, Finding, None]:
    away(watched)
    found = yield
    assert found.subject == "lab"
    assert found.why
    watched.stage.join("home", "lab")


@proves("peer.wrong_node")
def _(watched: Watched) -> Generator[None, Finding, None]:
    watched.stage.part("home", "lab")
    watched.stage.node("home").peers.dial_failed(lab(watched), "peer.wrong_node", "another key")
    yield
    watched.stage.join("home", "lab")


@proves("peer.refused")
def _(watched: Watched) -> Generator[None, Finding, None]:
    theirs = watched.stage.node("lab").peers
    theirs.by_alias["home"].row.blocked = True
    theirs.drop_link(theirs.by_alias["home"], "blocked")
    watched.stage.until(lambda: not watched.stage.node("home").peers.by_alias["lab"].exchange.line)
    watched.stage.run(5.0)
    if not watched.found("peer.refused"):  # this wire says why a link closed
        peers = watched.stage.node("home").peers
        peers.dial_failed(lab(watched), "peer.refused", "it closed without a word")
    found = yield
    assert "ask its operator" in found.fix
    theirs.by_alias["home"].row.blocked = False
    watched.stage.until(watched.stage.linked, 900.0)


@proves("peer.credit")
def _(watched: Watched) -> Generator[None, Finding, None]:
    for _ in range(1030):  # more than one peer takes, and nobody works there
        watched.stage.submit("home", "main", "main@lab", verb="send")
    watched.stage.run(1.0)
    yield
    working = watched.stage.worker("lab", "main", 2000)
    watched.stage.until(lambda: len(working.offers) > 3)
    for run in list(working.offers)[:3]:
        watched.stage.tell("lab", "main", run.id)
    watched.stage.until(lambda: True)
    for _ in range(200):
        for run in list(working.offers):
            if run.id not in watched.stage.node("lab").inbox.ids:
                continue
            watched.stage.tell("lab", "main", run.id)
        watched.stage.run(0.2)
        if not watched.stage.node("home").outbox.queue(1).head:
            break


@proves("clock.skew")
def _(watched: Watched) -> Generator[None, Finding, None]:
    watched.stage.machines["lab"].offset = 120_000
    watched.health.start()
    watched.stage.run(1.0)
    found = yield
    assert found.what == "its clock is 2 min ahead of this one"
    watched.stage.machines["lab"].offset = 0
    watched.stage.run(700.0)  # until clocks are compared again


@proves("agent.down")
def _(watched: Watched) -> Generator[None, Finding, None]:
    agent = watched.stage.node("home").agents["bot"]
    agent.worker = None
    yield
    watched.stage.worker("home", "bot")


@proves("agent.unclear")
def _(watched: Watched) -> Generator[None, Finding, None]:
    watched.stage.submit("home", "main", "bot")
    watched.stage.run(1.0)
    assert watched.stage.node("home").agents["bot"].runs
    watched.stage.crash("home")
    watched.stage.boot("home")
    again = watched.stage.node("home")
    watched.health = Health(
        again, NoBook(again.overview.directory), watched.config, watched.machine, again.clock
    )
    yield
    worker = watched.stage.worker("home", "bot")
    assert worker.claim is not None
    for run in worker.claim.open_runs:
        worker.claim.evidence(run.run, "running")


@proves("node.paused")
def _(watched: Watched) -> Generator[None, Finding, None]:
    watched.stage.node("home").pause("")
    found = yield
    assert found.fix.startswith("gatepost resume")
    watched.stage.node("home").resume("")


@proves("config.restart")
def _(watched: Watched) -> Generator[None, Finding, None]:
    text = watched.settings.read_text()
    write(watched.settings, text.replace("127.0.0.1:7443", "127.0.0.1:7444"))
    found = yield
    assert (found.subject, found.where) == ("listen", "gatepost.toml:7")
    watched.health = Health(
        watched.stage.node("home"),
        NoBook(watched.stage.node("home").overview.directory),
        ConfigBook(layout(watched.settings.parent), {}),  # read anew, as at a start
        watched.machine,
        watched.stage.node("home").clock,
    )


def test_what_waits_for_a_person_is_told_by_the_node_too(watched: Watched) -> None:
    hold = '[[rule]]\nid = "wait"\nhold = ["ask"]\nfrom = "main"\nto = "*@lab"\n'
    watched.stage.node("home").law_changed(law("home", MEANT + hold))
    sent = watched.stage.submit("home", "main", "main@lab")
    (found,) = watched.found("holds.waiting")
    assert found.what.startswith("1 message waits for your yes or no")
    watched.stage.cancel("home", "main", sent.id)
    assert watched.found("holds.waiting") == []


def lab(watched: Watched) -> str:
    return watched.stage.machines["lab"].keys.node


@pytest.mark.parametrize("code", PROOFS)
def test_a_check_of_a_running_node_fails_for_real_and_passes_after_its_fix(
    code: str, watched: Watched
) -> None:
    proof = PROOFS[code](watched)
    assert watched.found(code) == []
    next(proof)
    (found,) = watched.found(code)
    assert found.severity == BY_CODE[code].severity
    assert found.fix
    with pytest.raises(StopIteration):
        proof.send(found)
    assert watched.found(code) == []


ELSEWHERE = {
    "node.stuck": "tests/process/test_doctor.py",
    "node.unreachable": "tests/process/test_doctor.py",
    "node.moved": "tests/process/test_doctor.py",
    "node.version": "tests/unit/cli/test_doctor.py",
    "node.broken": "tests/unit/cli/test_doctor.py",
    "node.untold": "tests/unit/cli/test_doctor.py",
}


def test_every_check_is_proved_somewhere() -> None:
    proved = {*test_files.PROOFS, *PROOFS, *ELSEWHERE}
    assert proved == {check.code for check in CHECKS}
    root = Path(__file__).parents[4]
    for code, file in ELSEWHERE.items():
        assert f'"{code}"' in (root / file).read_text()


# how a node tells


def test_all_is_well_with_two_nodes_that_are_in_contact(watched: Watched) -> None:
    wrong = [one for one in watched.checkup().findings if one.severity != "hint"]
    assert wrong == []


def test_a_fault_is_shown_once_it_lasts_and_told_once_until_it_is_mended(watched: Watched) -> None:
    watched.health.start()
    watched.stage.part("home", "lab")
    watched.stage.run(2 * EVERY)
    assert watched.kinds == []
    watched.stage.run(120.0)
    assert watched.kinds == ["health.found peer.unreachable"]
    (need,) = watched.health.needs_you()
    assert need.startswith("a peer cannot be reached: no link for ")
    watched.stage.join("home", "lab")
    watched.stage.run(2 * EVERY)
    assert watched.kinds == ["health.found peer.unreachable", "health.mended peer.unreachable"]
    assert watched.health.needs_you() == ()


def test_who_asks_is_told_at_once_and_since_when(watched: Watched) -> None:
    away(watched)
    (first,) = watched.found("peer.unreachable")
    watched.stage.run(60.0)
    (again,) = watched.found("peer.unreachable")
    assert again.since == first.since > 0


def test_a_blip_is_no_news(watched: Watched) -> None:
    watched.health.start()
    for _ in range(4):
        watched.stage.part("home", "lab")
        watched.stage.run(4.0)
        watched.stage.join("home", "lab")
        watched.stage.run(EVERY)
    assert watched.kinds == []


def test_the_machine_is_looked_at_once_a_minute(watched: Watched) -> None:
    watched.health.start()
    watched.stage.run(590.0)
    assert watched.machine.looks == 10


def test_a_disk_that_fills_up_is_told_within_a_minute(watched: Watched) -> None:
    watched.health.start()
    watched.machine.free = 500 * 1024 * 1024
    watched.stage.run(61.0)
    assert watched.kinds == ["health.found disk.low"]


def test_what_has_an_event_of_its_own_is_not_told_twice(watched: Watched) -> None:
    watched.health.start()
    watched.stage.node("home").pause("")
    watched.stage.run(61.0)
    assert watched.kinds == []
    assert watched.health.needs_you() == ()
    assert watched.found("node.paused")


def test_what_waits_for_a_peer_that_is_away_is_folded_under_it(watched: Watched) -> None:
    away(watched)
    watched.stage.submit("home", "main", "main@lab")
    watched.stage.run(2 * HOUR)
    (queue,) = watched.found("peer.queue")
    assert queue.cause == "peer.unreachable lab"


def test_a_look_that_breaks_off_is_told_and_the_next_one_is_made(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> HomeFacts:
        raise RuntimeError("no such look")

    with monkeypatch.context() as now:
        now.setattr(watched.machine, "home", broken)
        watched.health.start()
        watched.stage.run(2 * EVERY)
    assert set(watched.kinds) == {"health.failed RuntimeError"}
    watched.machine.free = 500 * 1024 * 1024
    watched.stage.run(2 * EVERY)
    assert watched.kinds[-1] == "health.found disk.low"


def test_a_check_that_breaks_off_is_a_finding_and_the_others_are_made() -> None:
    facts = Facts(now=0, home=HomeFacts(path="/srv/gatepost", node_there=False))

    def broken(facts: Facts) -> list[Hit]:
        raise RuntimeError("no such thing")

    odd = dataclasses.replace(BY_CODE["home.foreign"], probe=broken)
    found = judge(facts, [odd, BY_CODE["home.missing"]]).findings
    assert {one.code for one in found} == {"home.missing", "home.foreign"}
    assert "RuntimeError: no such thing" in "".join(one.what for one in found)


def test_a_stopped_health_looks_no_more(watched: Watched) -> None:
    watched.health.start()
    watched.health.stop()
    watched.stage.run(600.0)
    assert watched.machine.looks == 1


def test_the_law_is_looked_at_again_when_an_agent_comes(watched: Watched) -> None:
    stage = Stage("home", text=POLICY_ONLY_PING + odd("newcomer"), agents=("main",))
    node = stage.node("home")
    health = Health(
        node, NoBook(node.overview.directory), watched.config, watched.machine, node.clock
    )
    assert "policy.nobody" in codes(health)
    node.add_agent(AgentSpec(name="newcomer"))
    assert "policy.nobody" not in codes(health)


def codes(health: Health) -> set[str]:
    return {one.code for one in health.checkup().findings}


def odd(name: str) -> str:
    return f'[[rule]]\nid = "odd"\nallow = ["ask"]\nfrom = "main"\nto = "{name}"\n'


def test_an_agent_that_came_since_the_last_look_is_not_said_to_lack_what_it_has(
    watched: Watched,
) -> None:
    watched.health.checkup(fresh=60_000)
    watched.stage.node("home").add_agent(AgentSpec(name="late"))
    seen = watched.machine.home()
    watched.machine.home = lambda: msgspec.structs.replace(  # its token was written with it
        seen, tokens=frozenset({"main", "bot", "late"})
    )
    codes = [one.code for one in watched.health.checkup(fresh=60_000).findings]
    assert "agent.no_token" not in codes
