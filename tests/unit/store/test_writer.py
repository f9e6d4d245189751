"""Group commit: what is one commit, who is told when, and what a failure takes with it."""

import threading

import apsw
import pytest

from gatepost.store.writer import ThreadCommitter
from tests.unit.store.batches import Bench


def test_what_one_turn_writes_is_one_commit() -> None:
    bench = Bench()
    for n in range(3):
        bench.add(n)
    bench.clock.turn()
    bench.committer.finish()
    assert bench.statements == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]


def test_nothing_is_executed_before_the_turn_ends() -> None:
    bench = Bench()
    bench.add(1)
    assert bench.statements == []
    assert not bench.writer.idle


def test_an_idle_writer_commits_at_once_and_then_is_idle() -> None:
    bench = Bench()
    bench.add(1)
    bench.clock.turn()
    assert len(bench.committer.waiting) == 1
    bench.committer.finish()
    assert bench.writer.idle
    assert bench.rows() == [1]


def test_what_arrives_during_a_commit_is_the_next_one_and_no_two_run_together() -> None:
    bench = Bench()
    bench.add(1)
    bench.clock.turn()
    bench.add(2)
    bench.add(3)
    bench.clock.turn()
    assert len(bench.committer.waiting) == 1
    bench.committer.finish()
    bench.clock.turn()
    assert len(bench.committer.waiting) == 1
    bench.committer.finish()
    assert bench.statements.count("COMMIT") == 2
    assert bench.rows() == [1, 2, 3]


@pytest.mark.requirement("P1")
def test_callbacks_come_after_the_commit_that_holds_what_was_written_before_them() -> None:
    bench = Bench()
    told: list[str] = []
    bench.add(1)
    bench.writer.then(lambda: told.append("a"))
    bench.clock.turn()
    bench.add(2)
    bench.writer.then(lambda: told.append("b"))
    bench.writer.then(lambda: told.append("c"))
    bench.clock.turn()
    assert told == []
    bench.committer.finish()
    assert told == ["a"]
    bench.clock.turn()
    bench.committer.finish()
    assert told == ["a", "b", "c"]


def test_a_callback_without_a_row_waits_for_what_was_written_before_it() -> None:
    bench = Bench()
    told: list[int] = []
    bench.add(1)
    bench.clock.turn()
    bench.writer.then(lambda: told.append(1))
    bench.committer.finish()
    bench.clock.turn()
    bench.committer.finish()
    assert told == [1]


def test_a_callback_may_write_and_is_never_in_its_own_commit() -> None:
    bench = Bench()
    bench.add(1)
    bench.writer.then(lambda: bench.add(2))
    bench.clock.turn()
    bench.committer.finish()
    assert bench.statements == ["BEGIN", "INSERT", "COMMIT", "BEGIN", "INSERT"]
    bench.committer.finish()
    assert bench.rows() == [1, 2]


@pytest.mark.requirement("P1")
def test_a_failed_commit_fails_the_whole_batch_and_calls_nobody() -> None:
    bench = Bench()
    told: list[int] = []
    bench.add(1)
    bench.writer.then(lambda: told.append(1))
    bench.clock.turn()
    bench.add(2)
    bench.writer.then(lambda: told.append(2))
    error = apsw.FullError("the disk is full")
    bench.committer.finish(error)
    bench.clock.turn()
    assert (bench.failures, told, bench.rows()) == ([error], [], [])


def test_a_row_that_cannot_be_written_fails_its_batch() -> None:
    bench = Bench()
    told: list[int] = []
    bench.add(1)
    bench.add(1)
    bench.writer.then(lambda: told.append(1))
    bench.clock.turn()
    assert [type(error) for error in bench.failures] == [apsw.ConstraintError]
    assert (told, bench.rows()) == ([], [])


def test_a_broken_writer_takes_nothing_more_and_reports_once() -> None:
    bench = Bench()
    bench.add(1)
    bench.clock.turn()
    bench.committer.finish(apsw.IOError("gone"))
    bench.add(2)
    bench.clock.turn()
    assert (len(bench.failures), list(bench.committer.waiting)) == (1, [])
    bench.writer.close()
    assert bench.rows() == []


def test_what_goes_before_runs_once_per_key_just_before_the_rows() -> None:
    bench = Bench()
    calls: list[str] = []

    def save() -> None:
        calls.append("save")
        bench.add(9)

    for _ in range(3):
        bench.writer.before("journal", save)
    bench.writer.before("other", lambda: calls.append("other"))
    bench.add(1)
    bench.clock.turn()
    bench.committer.finish()
    assert (calls, bench.rows()) == (["save", "other"], [1, 9])


def test_what_rides_makes_no_commit_of_its_own_and_is_in_the_next() -> None:
    bench = Bench()
    bench.writer.ride("journal", lambda: bench.add(9))
    bench.clock.turn()
    assert bench.writer.idle
    assert list(bench.committer.waiting) == []
    bench.add(1)
    bench.clock.turn()
    bench.committer.finish()
    assert bench.rows() == [1, 9]


def test_closing_commits_what_rides() -> None:
    bench = Bench()
    bench.writer.ride("journal", lambda: bench.add(9))
    bench.writer.close()
    assert (bench.rows(), bench.committer.closed) == ([9], True)


def test_a_writer_is_not_closed_under_a_running_commit() -> None:
    bench = Bench()
    bench.add(1)
    bench.clock.turn()
    with pytest.raises(RuntimeError, match="between commits"):
        bench.writer.close()
    bench.committer.finish()
    bench.writer.close()


def test_the_commit_thread_commits_elsewhere_and_tells_through_post() -> None:
    told: list[tuple[str, Exception | None]] = []
    ready = threading.Semaphore(0)

    def post(fn: object) -> None:
        assert callable(fn)
        fn()
        ready.release()

    committer = ThreadCommitter(post)
    where: list[str] = []
    failure = apsw.FullError("full")

    def fail() -> None:
        raise failure

    committer.run(
        lambda: where.append(threading.current_thread().name),
        lambda error: told.append(("good", error)),
    )
    committer.run(fail, lambda error: told.append(("bad", error)))
    for _ in range(2):
        assert ready.acquire(timeout=10)
    committer.close()
    assert where == ["commit"]
    assert told == [("good", None), ("bad", failure)]


def test_a_step_that_broke_off_is_dropped_with_its_whole_batch() -> None:
    bench = Bench()
    told: list[str] = []
    bench.add(1)
    bench.writer.then(lambda: told.append("a"))
    error = ValueError("half a step")
    bench.writer.fail(error)
    bench.writer.fail(ValueError("once is enough"))
    bench.add(2)
    bench.clock.turn()
    assert (bench.statements, bench.failures, told) == ([], [error], [])
    assert bench.writer.broken


def test_rows_that_cannot_be_executed_are_rolled_back() -> None:
    bench = Bench()
    bench.add(1)
    bench.add(2**64)
    with pytest.raises(OverflowError) as broken:
        bench.clock.turn()
    bench.writer.fail(broken.value)
    assert bench.statements[-1] == "ROLLBACK"
    assert bench.rows() == []


def test_a_commit_under_way_ends_as_it_does_when_a_later_step_breaks_off() -> None:
    bench = Bench()
    told: list[str] = []
    bench.add(1)
    bench.writer.then(lambda: told.append("a"))
    bench.clock.turn()
    bench.add(2)
    bench.writer.fail(ValueError("half a step"))
    bench.committer.finish()
    bench.clock.turn()
    assert (bench.rows(), told, len(bench.failures)) == ([1], [], 1)
