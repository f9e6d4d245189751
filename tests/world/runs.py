"""Worlds by seed, side by side in processes of their own."""

import multiprocessing
from collections.abc import Iterator, Sequence

from tests.world.options import draw
from tests.world.world import Result, World


def run_worlds(
    seeds: Sequence[int], pairs: list[str], log: int = 0, jobs: int = 1
) -> Iterator[Result]:
    """One result for each seed, in order. `pairs` fix options, as `name=value`."""
    todo = [(seed, pairs, log) for seed in seeds]
    if jobs <= 1 or len(todo) == 1:
        yield from map(run_world, todo)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(run_world, todo, chunksize=2)


def run_world(asked: tuple[int, list[str], int]) -> Result:
    """One world; its event log is printed when it is kept and something is wrong."""
    seed, pairs, log = asked
    world = World(draw(seed).having(pairs), seed, log)
    result = world.run()
    if result.wrong and log:
        print("\n".join(world.log.lines))
    return result
