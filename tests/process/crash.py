"""kill -9 of either node at random during N tasks: nothing lost, nothing `unknown`, nothing twice.

    python -m tests.process.crash --tasks 2000 --seed 1

Two real nodes on loopback, an agent behind the `process` adapter on each, callers over the SDK. The
moment of a kill is drawn by how many tasks were answered since the last one, so that a quick
machine sees as many kills as a slow one (`--pause` draws it by seconds instead); tasks go on until
there was a kill for each hundred of them. The verdict is
made of two ledgers that read no database: what the callers were answered, and what the agents wrote
down. The last line is `lost 0 duplicated 0 kills K`; the exit code is 0 only then.
"""

import argparse
import asyncio
import random
import shlex
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.message import MessageView
from gatepost.sdk import Client, connect
from tests.process.nodes import RealNode, pair

IN_FLIGHT = 24
KILLS = 40
"""So many in a run, if nothing were answered while a node comes back."""
PATIENCE = 60.0
WORKER = Path(__file__).with_name("worker.py")
LIMITS = """
[limits]
rate = "none"
concurrent = 64
turns = 12
hops = 8
bytes = "256 KiB"
"""


class Run:
    """One crash run: two nodes, callers on both, and a killer.

    It ends after so many `tasks` and so many `kills` at least. Between two kills lies `pause` (s),
    or without one a share of the tasks.
    """

    def __init__(
        self,
        root: Path,
        tasks: int,
        seed: int,
        pause: tuple[float, float] | None = None,
        kills: int = 0,
    ) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.tasks = tasks
        self.pause = pause
        self.nodes = [RealNode(root / name, name) for name in ("home", "lab")]
        self.ledgers = [root / f"{node.name}.ledger" for node in self.nodes]
        self.views: list[MessageView] = []
        self.kills = 0
        self.enough = kills
        self.asked = 0
        self.answered = asyncio.Event()

    def set_up(self) -> None:
        """Make, start and pair the nodes; one agent each that may be asked by the other."""
        for node in self.nodes:
            node.init()
            policy = node.home / "policy.toml"
            text = policy.read_text()
            policy.write_text(text[: text.index("[limits]")] + LIMITS.lstrip())
            node.start()
        home, lab = self.nodes
        pair(home, lab)
        for node, ledger, other in zip(self.nodes, self.ledgers, (lab, home), strict=True):
            ledger.touch()
            worker = [sys.executable, str(WORKER), str(ledger), "0.02", str(self.seed)]
            node.do(
                *("agents", "add", "worker", "--adapter", "process", "--mode", "stay"),
                *("--concurrent", "32", "--command", shlex.join(worker)),
            )
            node.do("agents", "add", "caller")
            node.do("policy", "grant", f"caller@{other.name}", "ask", "worker")

    def play(self) -> tuple[int, int, list[str]]:
        """The whole run; its verdict."""
        try:
            self.set_up()
            asyncio.run(self.drive())
            return self.verdict()
        finally:
            for node in self.nodes:
                node.stop()

    async def drive(self) -> None:
        """Ask until all tasks are given and answered, while nodes are killed."""
        async with asyncio.TaskGroup() as group:
            killer = group.create_task(self.kill())
            async with asyncio.TaskGroup() as callers:
                for node, other in zip(self.nodes, reversed(self.nodes), strict=True):
                    callers.create_task(self.call(node, f"worker@{other.name}"))
            killer.cancel()

    async def call(self, node: RealNode, to: str) -> None:
        """Callers of one node, many asks at a time."""
        async with connect(home=node.home, agent="caller", patience=PATIENCE) as mailbox:
            async with asyncio.TaskGroup() as group:
                for _ in range(IN_FLIGHT // 2):
                    group.create_task(self.asks(mailbox, to))

    async def asks(self, mailbox: Client, to: str) -> None:
        """One caller: ask, wait for the outcome however long it takes, ask again."""
        while self.asked < self.tasks or self.kills < self.enough:
            self.asked += 1
            view = await mailbox.ask(to, f"task {self.asked}", wait=PATIENCE)
            while view.state not in OUTCOMES:
                view = await mailbox.check(view.id, wait=PATIENCE)
            self.views.append(view)
            self.answered.set()

    async def kill(self) -> None:
        """Kill a random node, start it again, and so on."""
        while True:
            await self.rest()
            node = self.chance.choice(self.nodes)
            node.kill()
            self.kills += 1
            await asyncio.sleep(self.chance.uniform(0.0, 0.3))
            await asyncio.to_thread(node.start)

    async def rest(self) -> None:
        """Let the nodes work for a while."""
        if self.pause is not None:
            await asyncio.sleep(self.chance.uniform(*self.pause))
            return
        enough = len(self.views) + self.chance.uniform(0.5, 1.5) * self.tasks / KILLS
        while len(self.views) < enough:
            self.answered.clear()
            await self.answered.wait()
        await asyncio.sleep(self.chance.uniform(0.0, 0.05))  # not just after an answer

    def verdict(self) -> tuple[int, int, list[str]]:
        """(lost, duplicated, what else is wrong), from the two ledgers."""
        starts = Counter[str]()
        ends = Counter[str]()
        for ledger in self.ledgers:
            for line in ledger.read_text().splitlines():
                word, message, _, _ = line.split()
                (starts if word == "start" else ends)[message] += 1
        done = {view.id for view in self.views if view.state == "done"}
        lost = self.asked - len(done)
        lost += sum(1 for message in done if not ends[message])
        twice = sum(count - 1 for count in starts.values() if count > 1)
        wrong = [
            f"{view.id} ended {view.state} {view.reason}"
            for view in self.views
            if view.state != "done"
        ]
        wrong += [f"{message} ran but nobody asked" for message in starts if message not in done]
        return lost, twice, wrong


def main() -> int:
    """Run it; 0 when nothing was lost, doubled or unknown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=float, nargs=2, metavar="S", help="between two kills")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gatepost-crash-") as place:
        pause = tuple(options.pause) if options.pause else None
        run = Run(Path(place), options.tasks, options.seed, pause, options.tasks // 100)
        print(f"seed {run.seed}: {run.tasks} tasks, limits raised in each policy.toml:{LIMITS}")
        lost, twice, wrong = run.play()
    for line in wrong[:20]:
        print(line)
    print(f"{time.monotonic() - started:.1f} s")
    print(f"lost {lost} duplicated {twice} kills {run.kills}")
    return 1 if lost or twice or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
