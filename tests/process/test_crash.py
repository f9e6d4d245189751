"""kill -9 of either node while tasks are under way, and what a start finds."""

from pathlib import Path

import pytest

from tests.process.crash import Run

pytestmark = pytest.mark.process


@pytest.mark.requirement("P2", "P3")
def test_nodes_killed_at_random_lose_nothing_double_nothing_and_know_every_end(
    tmp_path: Path, seed: int
) -> None:
    run = Run(tmp_path, tasks=80, seed=seed, pause=(0.05, 0.3), kills=3)
    lost, twice, wrong = run.play()
    assert (lost, twice, wrong) == (0, 0, []), f"seed {seed}"
    assert run.kills >= 3 and len(run.views) >= 80
