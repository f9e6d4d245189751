"""Worlds in the test suite: a few seeds, the same seed twice, and a crash at every place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world.everywhere import HELD, converse, places
from tests.world.options import draw
from tests.world.runs import run_world

ROOT = Path(__file__).parents[2]
SEEDS = range(9000, 9012)


@pytest.mark.parametrize("number", SEEDS)
def test_every_accepted_message_ends_in_one_true_outcome_whatever_goes_wrong(number: int):
    result = run_world((number, [], 0))
    assert result.wrong == []
    assert result.counts["accepted"] > 0


def test_a_world_drawn_from_the_run_s_seed_holds_too(seed: int):
    result = run_world((seed, [], 0))
    assert result.wrong == [], f"python -m tests.world --seed {seed}"


@pytest.mark.parametrize("number", [9100, 9101])
def test_the_same_seed_makes_the_same_world(number: int):
    one, other = run_world((number, [], 0)), run_world((number, [], 0))
    assert (one.digest, one.events) == (other.digest, other.events)
    assert one.digest != run_world((number + 2, [], 0)).digest


def test_a_world_does_not_depend_on_the_hash_seed():
    digests = {_digest_with("0"), _digest_with("12345")}
    assert len(digests) == 1


def _digest_with(hash_seed: str) -> str:
    code = (
        "from tests.world.runs import run_world;"
        "print(*(run_world((seed, [], 0)).digest for seed in (9103, 9104)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return done.stdout


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("node", [0, 1])
def test_a_crash_before_any_effect_of_any_step_loses_and_doubles_nothing(node: int, part: int):
    found = places(node)
    assert len(found) > 200, "the conversation is too short to be a test"
    for index in found[part::4]:
        result = converse(node, index)
        assert result.counts["struck"] == 1, f"node {node} before effect {index}: no crash"
        assert result.wrong == [], f"node {node} before effect {index}"


@pytest.mark.requirement("T27")
@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("node", [0, 1])
def test_a_crash_at_any_moment_loses_neither_what_waits_for_a_person_nor_the_answer(
    node: int, part: int
):
    found = places(node, options=HELD)
    assert len(found) > 100, "the conversation is too short to be a test"
    for index in found[part::2]:
        result = converse(node, index, HELD)
        assert result.counts["struck"] == 1, f"node {node} before effect {index}: no crash"
        assert result.wrong == [], f"node {node} before effect {index}"


@pytest.mark.parametrize("number", range(9200, 9204))
def test_worlds_in_which_half_of_everything_waits_for_a_person_hold_too(number: int):
    result = run_world((number, ["holds=0.5", "person_every=1.0"], 0))
    assert result.wrong == []
    assert min(result.faults[what] for what in ("held", "said.yes")) > 0


def test_no_two_seeds_in_a_row_are_alike():
    assert len({draw(number).text() for number in range(50)}) == 50
