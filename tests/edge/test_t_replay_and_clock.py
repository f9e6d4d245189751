"""What was said is said again, and clocks jump: nothing is done twice, and nothing is lost."""

from random import Random

import pytest

from gatepost.core.lifecycle import is_outcome
from tests.edge.evil import EvilStage
from tests.unit.node.stage import Stage, Worker
from tests.world.machine import Machine

HOUR = 3_600_000
DAY = 24 * HOUR


class Recorder:
    """Everything that went over the wire to one machine."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.node = stage.machines[name].keys.node
        self.heard: list[bytes] = []
        stage.wire.taps.append(self._listen)

    def _listen(self, source: str, target: str, message: bytes) -> None:
        if target == self.node:
            self.heard.append(message)

    def play(self, name: str) -> int:
        """Slip all of it into every link of a machine; how many links there were."""
        ends = self.stage.wire.lines_into(self.stage.machines[name].keys.node)
        for message in list(self.heard):
            for end in ends:
                if not end.over:
                    end.take(message, 0)
        self.stage.run(2)
        return len(ends)


def works(stage: Stage, worker: Worker, name: str, agent: str, done: set[str]) -> None:
    for run in worker.offers:
        if run.id not in done:
            done.add(run.id)
            stage.tell(name, agent, run.id, "answer", "done")


@pytest.mark.requirement("T03")
def test_frames_that_are_played_again_admit_nothing_and_wake_nobody() -> None:
    stage = EvilStage("home", "lab", "other", evils=0)
    recorder, worker, bystander = Recorder(stage, "lab"), stage.worker("lab", "bob"), None
    bystander = stage.worker("other", "bob")
    done: set[str] = set()
    for n in range(40):
        asked = stage.submit("home", "main", "bob@lab", expires_in=HOUR)
        stage.until(lambda id=asked.id: id in worker.ids)
        works(stage, worker, "lab", "bob", done)
        stage.ends("home", asked.id, "done")
        if n % 10 == 9:
            recorder.play("lab")
    assert recorder.play("lab") == 2  # at once
    kept = stage.node("lab").store.messages.counts()
    stage.crash("lab")
    stage.boot("lab")
    stage.until(stage.linked, 900)
    again = stage.worker("lab", "bob")
    assert recorder.play("lab") == 2  # after a restart
    stage.run(2 * HOUR / 1000)
    recorder.play("lab")  # after they expired
    stage.machines["lab"].offset = -30 * DAY
    recorder.play("lab")  # with the clock set back to where they had not
    recorder.play("other")  # to another node
    assert len(worker.ids) == len(set(worker.ids)) == 40
    assert again.offers == bystander.offers == []
    assert stage.node("lab").store.messages.counts() == kept


@pytest.mark.requirement("T20")
def test_clocks_that_jump_lose_nothing_and_run_nothing_twice(seed: int) -> None:
    stage = Stage("home", "lab")
    worker = stage.worker("lab", "bob")
    chance, done, asked = Random(seed), set[str](), dict[str, int]()
    jumps = [0, HOUR, -HOUR, 365 * DAY, -365 * DAY, 0]
    for step in range(60):
        expires = chance.choice([60_000, 10 * HOUR, 72 * HOUR])
        asked[stage.submit("home", "main", "bob@lab", expires_in=expires).id] = expires
        if step % 10 == 5:
            machine: Machine = stage.machines[chance.choice(["home", "lab"])]
            machine.offset = jumps[step // 10]
        if chance.random() < 0.3:
            stage.part("home", "lab")
            asked[stage.submit("home", "main", "bob@lab", expires_in=expires).id] = expires
            stage.run(chance.choice([1, 30]))
            stage.join("home", "lab")
        works(stage, worker, "lab", "bob", done)
        stage.run(chance.choice([0.01, 1]))
    for machine in stage.machines.values():
        machine.offset = 0

    def ended() -> bool:
        works(stage, worker, "lab", "bob", done)
        return all(is_outcome(stage.state("home", id)) for id in asked)

    stage.until(ended, 100 * HOUR / 1000)
    assert len(worker.ids) == len(set(worker.ids))
    for id in asked:
        state = stage.state("home", id)
        assert state == ("done" if id in worker.ids else "expired"), (id, state)
