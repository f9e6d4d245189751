"""A clock that is set back or forward, here or there: nothing lost, nothing twice, no false end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.core.message import InboxQuery
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, connected, pair
from tests.process.scene import WAIT, Scene, watch_until

pytestmark = pytest.mark.process
HOUR = 3_600_000


class ShiftedNode(RealNode):
    """A node whose wall clock is `shift` ms ahead of this machine's."""

    def __init__(self, home: Path, name: str) -> None:
        super().__init__(home, name)
        self._file = home.with_name(f"{name}.shift")
        self._program = ["-m", "tests.process.shifted", str(self._file)]
        self.shift(0)

    def shift(self, ms: int) -> None:
        """Set the clock."""
        new = self._file.with_suffix(".new")
        new.write_text(str(ms))
        new.replace(self._file)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Scene]:
    home, lab = (ShiftedNode(tmp_path / name, name).make().launch() for name in ("home", "lab"))
    scene = Scene(tmp_path, home, lab)
    try:
        for node in (home, lab):
            node.ready()
        pair(home, lab)
        connected(home, "lab")
        yield scene
        scene.gates.close()
        assert [(node.stop(), node.trouble) for node in (home, lab)] == [(0, []), (0, [])]
    finally:
        for node in (home, lab):
            node.kill()


def set_clock(node: RealNode, ms: int) -> None:
    assert isinstance(node, ShiftedNode)
    node.shift(ms)


@pytest.mark.requirement("T20", "J20")
@pytest.mark.parametrize("who", ["home", "lab"])
@pytest.mark.parametrize("jump", [-HOUR, HOUR], ids=["back", "forward"])
def test_tasks_around_a_jump_of_a_clock_end_done_each_run_once(
    own: Scene, who: str, jump: int
) -> None:
    node = own.home if who == "home" else own.lab
    worker = own.worker()
    gate, step = own.gate()
    with own.caller(worker) as main:
        before = main.delegate(f"{worker}@lab", "done before", request_key="before")
        open_ = main.delegate(f"{worker}@lab", f"{step};done across")
        watch_until(main, open_.id, said=f"at {gate}")
        set_clock(node, jump)
        after = [main.delegate(f"{worker}@lab", f"done {n}").id for n in range(5)]
        assert [main.check(id, WAIT).text for id in after] == ["0", "1", "2", "3", "4"]
        node.restart()
        connected(own.home, "lab")
        last = main.delegate(f"{worker}@lab", "done last")
        own.gates.open(gate)
        assert main.check(open_.id, WAIT).text == "across"
        assert main.check(last.id, WAIT).text == "last"
        again = main.delegate(f"{worker}@lab", "done before", request_key="before")
        assert (again.id, again.state) == (before.id, "done")
        ids = [before.id, open_.id, *after, last.id]
        assert [own.starts(id) for id in ids] == [1] * len(ids)
        for id in ids:
            states = [moment.state for moment in main.check(id).timeline]
            assert states[:2] == ["accepted", "received"] and states[-1] == "done"


@pytest.mark.requirement("J20")
def test_a_message_that_expired_by_the_receivers_clock_ends_expired_and_never_runs(
    own: Scene,
) -> None:
    worker = own.worker()
    with own.caller(worker) as main:
        set_clock(own.lab, HOUR)
        late = main.delegate(f"{worker}@lab", "done late", expires_in=HOUR // 2)
        view = main.check(late.id, WAIT)
        assert (view.state, own.starts(late.id)) == ("expired", 0)
        good = main.ask(f"{worker}@lab", "done in time", WAIT)
        assert good.text == "in time"


def test_a_clock_set_back_expires_nothing_early_and_forward_only_what_waits_here(
    own: Scene,
) -> None:
    worker = own.worker()
    with own.home.operator as home, own.caller(worker) as main:
        home.pause("lab")
        short = main.delegate(f"{worker}@lab", "done short", expires_in=HOUR // 2)
        long = main.delegate(f"{worker}@lab", "done long", expires_in=HOUR * 2)
        set_clock(own.home, -HOUR)
        assert {main.check(short.id).state, main.check(long.id).state} == {"accepted"}
        set_clock(own.home, HOUR)
        own.home.restart()
        assert main.check(short.id, WAIT).state == "expired"
        set_clock(own.home, 0)
        home.resume("lab")
        assert main.check(long.id, WAIT).text == "long"
        assert main.check(short.id).state == "expired"
    assert (own.starts(short.id), own.starts(long.id)) == (0, 1)


@pytest.mark.requirement("T20")
def test_ids_stay_unique_and_messages_in_order_over_a_clock_set_back(own: Scene) -> None:
    poller = own.poller()
    with own.caller(poller) as main, own.lab.speaker(poller) as agent:
        sent: list[str] = []
        for shift in (0, -HOUR, HOUR, -HOUR, 0):
            set_clock(own.home, shift)
            sent += [main.send(f"{poller}@lab", f"{shift} {n}").id for n in range(4)]
        seen: list[str] = []
        while len(seen) < len(sent):
            runs = agent.inbox(InboxQuery(wait=WAIT, seen=tuple(seen), limit=50))
            seen += [run.id for run in runs]
        agent.inbox(InboxQuery(seen=tuple(seen)))
        assert seen == sent and len(set(sent)) == 20


def test_an_invitation_that_ran_out_while_the_clock_was_wrong_is_refused_and_a_new_one_works(
    tmp_path: Path,
) -> None:
    home, lab = (ShiftedNode(tmp_path / name, name) for name in ("home", "lab"))
    try:
        for node in (home, lab):
            node.make().launch()
        for node in (home, lab):
            node.ready()
        with home.operator as inviter, lab.operator as guest:
            text = inviter.invite("lab").text
            home.shift(HOUR)
            with pytest.raises(GatepostError) as late:
                guest.accept(text, "home")
            assert late.value.code == "invitation.expired"
            home.shift(-HOUR)
            with pytest.raises(GatepostError) as late:
                guest.accept(inviter.invite("lab").text, "home")
            assert late.value.code == "invitation.expired"
            home.shift(0)
            assert guest.accept(inviter.invite("lab").text, "home").alias == "home"
    finally:
        for node in (home, lab):
            node.kill()
