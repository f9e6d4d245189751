"""How old a number is: by notes that never go back and believe a clock a day an hour."""

import random
from itertools import pairwise

from gatepost.node.ages import BELIEVED, FINE, HOUR, Ages
from gatepost.ports.store import Store
from tests.unit.node.stage import Stage
from tests.world.timeline import EPOCH


class Notes:
    """The notes of a node on the stage; `number` is the highest given by then."""

    def __init__(self) -> None:
        self.stage = Stage("home")
        self.ages = Ages(self.store)
        self.number = 0

    @property
    def store(self) -> Store:
        return self.stage.node("home").store

    def note(self, clock: int) -> None:
        self.number += 1
        number = self.number
        self.store.messages.last_seq = lambda: (number, 0)
        self.ages.note(clock)
        self.stage.run(0.01)


def test_a_number_is_as_old_as_the_first_note_that_covers_it() -> None:
    notes = Notes()
    assert notes.ages.through(EPOCH + HOUR) == 0
    for n in range(3):
        notes.note(EPOCH + n * HOUR)
    assert notes.ages.through(EPOCH - 1) == 0
    assert notes.ages.through(EPOCH) == 1
    assert notes.ages.through(EPOCH + 2 * HOUR - 1) == 2
    assert notes.ages.through(EPOCH + 99 * HOUR) == 3


def test_notes_stay_over_a_restart() -> None:
    notes = Notes()
    notes.note(EPOCH)
    notes.note(EPOCH + HOUR)
    again = Ages(notes.store)
    assert again.through(EPOCH + HOUR) == 2


def test_a_clock_that_jumps_is_believed_a_day_an_hour_and_never_back() -> None:
    notes = Notes()
    notes.note(EPOCH)
    ahead = EPOCH + 400 * BELIEVED
    notes.note(ahead)
    assert notes.ages.now(ahead) == EPOCH + BELIEVED + HOUR
    notes.note(EPOCH + 2 * HOUR)
    assert notes.ages.now(EPOCH + 2 * HOUR) == EPOCH + 2 * HOUR
    assert notes.ages.through(EPOCH + BELIEVED) == 3
    assert notes.ages.through(EPOCH + BELIEVED - 1) == 1


def test_years_of_notes_stay_few_and_err_towards_younger(seed: int) -> None:
    notes, given = Notes(), list[tuple[int, int]]()
    clock = EPOCH
    for _ in range(2 * 365 * 24 // 6):
        clock += 6 * HOUR
        notes.note(clock)
        given.append((clock, notes.number))
    kept = notes.ages._notes
    assert len(kept) < 400
    assert kept == sorted(kept) and kept[-1] == given[-1]
    for one, later in pairwise(kept):
        assert later[0] - one[0] <= max(12 * HOUR, 2 * (clock - one[0]) // FINE)
    rng = random.Random(seed)
    for _ in range(200):
        before = rng.randrange(EPOCH, clock)
        true = max((number for time, number in given if time <= before), default=0)
        assert notes.ages.through(before) <= true
