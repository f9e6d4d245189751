"""What is told of a run, when the node takes it, delays it, or will never take it."""

from typing import cast

import pytest

from gatepost.adapters.telling import Telling
from gatepost.core.message import Text, UpdateIn, UpdateKind
from gatepost.errors import GatepostError
from gatepost.ports import Desk

from .fakes import FakeClock, FakeDesk


class Owner:
    """Hears what a telling has to say to its owner."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.overs = 0
        self.told: list[str] = []
        self.desk, self.clock = FakeDesk(), FakeClock()
        self.telling = Telling(
            cast(Desk, self.desk),
            self.clock,
            lambda error: self.refused.append(error.code),
            self.over,
        )

    def refuse(self, refusal: GatepostError) -> None:
        self.refused.append(refusal.code)

    def over(self) -> None:
        self.overs += 1

    def say(self, kind: UpdateKind, text: str = "") -> None:
        update = UpdateIn(id="m", kind=kind, parts=(Text(text),))
        self.telling.say(update, lambda: self.told.append(text))

    def kinds(self) -> list[str]:
        return [update.kind for update in self.desk.told]


def test_each_update_waits_for_the_one_before_it() -> None:
    owner = Owner()
    owner.say("progress", "1")
    owner.say("progress", "2")
    owner.say("done", "3")
    assert owner.kinds() == ["progress"]
    owner.desk.answer()
    assert (owner.kinds(), owner.told) == (["progress", "progress"], ["1"])
    owner.desk.answer()
    owner.desk.answer()
    assert (owner.kinds()[-1], owner.told, owner.overs) == ("done", ["1", "2", "3"], 1)


def test_nothing_is_said_after_an_outcome() -> None:
    owner = Owner()
    owner.say("done")
    owner.say("progress", "late")
    owner.say("failed", "later")
    owner.desk.answer()
    assert (owner.kinds(), owner.told) == (["done"], ["late", "later", ""])


def test_a_full_disk_is_asked_again_after_pauses_that_double() -> None:
    owner = Owner()
    owner.say("done")
    pauses = []
    for _ in range(9):
        owner.desk.answer("store.full")
        pauses += owner.clock.pending
        owner.clock.advance(owner.clock.pending[0])
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    owner.desk.answer()
    assert owner.overs == 1


@pytest.mark.parametrize("code", ["message.ended", "message.unknown", "run.not_yours"])
def test_a_run_that_ended_elsewhere_is_over_and_what_waits_is_dropped(code: str) -> None:
    owner = Owner()
    owner.say("progress", "1")
    owner.say("progress", "2")
    owner.desk.answer(code)
    owner.say("done", "3")
    assert (owner.kinds(), owner.overs, owner.told) == (["progress"], 1, ["1", "2", "3"])


def test_an_outcome_that_is_too_large_becomes_a_failure_that_says_so() -> None:
    owner = Owner()
    owner.say("done", "x" * 10)
    owner.desk.answer("message.too_large")
    failure = owner.desk.told[-1]
    assert (failure.kind, failure.reason) == ("failed", "message.too_large")
    owner.desk.answer()
    assert (owner.overs, owner.refused) == (1, [])


def test_progress_that_is_too_large_is_the_owners_to_answer_and_an_outcome_may_follow() -> None:
    owner = Owner()
    owner.say("progress", "x" * 10)
    owner.say("done", "lost")
    owner.desk.answer("message.too_large")
    assert (owner.refused, owner.telling.ending) == (["message.too_large"], False)
    owner.say("failed", "because")
    owner.desk.answer()
    assert (owner.kinds(), owner.overs) == (["progress", "failed"], 1)


def test_a_refusal_of_the_barest_failure_is_a_bug_and_is_raised() -> None:
    owner = Owner()
    owner.telling.say(UpdateIn(id="m", kind="failed", reason="message.too_large"))
    with pytest.raises(GatepostError, match="too_large"):
        owner.desk.answer("message.too_large")


def test_a_closed_telling_says_nothing_more() -> None:
    owner = Owner()
    owner.say("progress")
    owner.say("done")
    owner.telling.close()
    owner.desk.answer()
    owner.clock.advance(60)
    assert (owner.kinds(), owner.overs) == (["progress"], 0)


def test_a_retry_that_was_planned_is_not_made_after_the_close() -> None:
    owner = Owner()
    owner.say("done")
    owner.desk.answer("store.full")
    owner.telling.close()
    owner.clock.advance(60)
    assert owner.kinds() == ["done"]
