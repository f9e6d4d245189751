"""Short conversations, crashed at every index of every step of either node.

In one of them nearly everything waits for a person, who says yes, no, or nothing in time.

`python -m tests.world.everywhere` tries every effect of both nodes; the tests try those that can
differ. Writes and timers leave no trace when the node dies before the commit, so dying before the
second of two writes is dying before the first: only the first effect of a step, and those that
follow an effect the world can see, are places of their own.
"""

import multiprocessing
import sys
from collections.abc import Iterator
from dataclasses import replace

from tests.world.options import Options
from tests.world.world import Result, World

SEED = 3
HIDDEN = frozenset({"write", "timer"})
Place = tuple[int, int, Options]
CONVERSATION = Options(
    nodes=2,
    length=6.0,
    lanes=4,
    calls=4,
    pause=0.4,
    short=0.2,
    cancels=0.3,
    work=0.1,
    asks=0.5,
    fails=0.1,
    declines=0.1,
)
HELD = replace(CONVERSATION, calls=3, holds=0.9, noes=0.3, person_every=0.8)


def converse(node: int, index: int, options: Options = CONVERSATION) -> Result:
    """The conversation with a crash of node `node` before its effect number `index`."""
    world = World(options, SEED)
    machine = world.machines[node]
    machine.away = lambda: 0.5
    machine.fuse.left = index
    result = world.run()
    result.counts["struck"] = sum(machine.fuse.struck.values())
    return result


def places(node: int, every: bool = False, options: Options = CONVERSATION) -> list[int]:
    """Where to crash: indices of effects of one node in the undisturbed conversation."""
    world = World(options, SEED)
    trace = world.machines[node].fuse.trace = list[tuple[str, int]]()
    result = world.run()
    assert not result.wrong, result.wrong
    found: list[int] = []
    before = ""
    for number, (what, index) in enumerate(trace):
        if every or index == 0 or before not in HIDDEN:
            found.append(number)
        before = what
    return found


def crash_at(places: list[Place], jobs: int = 1) -> Iterator[tuple[int, int, Result]]:
    """Every (node, index) with what it came to."""
    if jobs <= 1:
        for place in places:
            yield _one(place)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(_one, places, chunksize=16)


def _one(place: Place) -> tuple[int, int, Result]:
    return place[0], place[1], converse(*place)


def main() -> int:
    every = "--few" not in sys.argv
    options = HELD if "--held" in sys.argv else CONVERSATION
    where = [(node, index, options) for node in (0, 1) for index in places(node, every, options)]
    bad = struck = 0
    for node, index, result in crash_at(where, jobs=2):
        struck += result.counts["struck"]
        if result.wrong:
            bad += 1
            print(f"node {node} before effect {index}: {result.wrong[0]}", flush=True)
    print(f"crashes {struck} of {len(where)} places, bad {bad}")
    return 1 if bad or struck < len(where) else 0


if __name__ == "__main__":
    sys.exit(main())
