"""Somebody on the network without keys: records every message, plays them again, forges new ones.

What it slips into a link arrives as if the peer had sent it. None of it may ever reach an agent or
change what a caller is told; its own words carry a mark.
"""

from random import Random

from tests.forge import Forged, entry, key_id, message, prefixed
from tests.seeded import SeededKeys
from tests.world.checker import FORGED
from tests.world.machine import Machine
from tests.world.wire import WorldWire

KEPT = 400


class Attacker:
    """`struck` counts what it slipped in."""

    def __init__(self, wire: WorldWire, machines: list[Machine], chance: Random) -> None:
        self.struck = 0
        self._wire = wire
        self._machines = machines
        self._chance = chance
        self._keys = SeededKeys("attacker")
        self._heard: list[tuple[str, bytes]] = []
        self._count = 0
        wire.taps.append(self._listen)

    def _listen(self, source: str, target: str, message: bytes) -> None:
        """Keep a fair sample of all that was ever sent."""
        self._count += 1
        if len(self._heard) < KEPT:
            self._heard.append((target, message))
        elif (at := self._chance.randrange(self._count)) < KEPT:
            self._heard[at] = (target, message)

    def strike(self) -> None:
        """Slip something into one link."""
        machine = self._chance.choice(self._machines)
        ends = self._wire.lines_into(machine.keys.node)
        if not ends or not self._heard:
            return
        end = self._chance.choice(ends)
        if self._chance.random() < 0.75:
            mine = [data for target, data in self._heard if target == machine.keys.node]
            data = self._chance.choice(mine or [self._heard[0][1]])
        else:
            data = self._forge(machine)
        self.struck += 1
        end.take(data, 0)

    def _forge(self, machine: Machine) -> bytes:
        peers = [other for other in self._machines if other is not machine]
        peer = self._chance.choice(peers)
        said = message(
            self._chance.randrange(2**40),
            from_agent="caller0",
            to_agent="agent0",
            created=1_700_000_000_000,
            expires=1_900_000_000_000,
            done_when=FORGED,
        )
        header = {"from": peer.keys.node}
        if self._chance.random() < 0.7:
            header["key"] = peer.keys.record.key_id
        seal_id = key_id(machine.keys.record.seal_bytes)
        nodes = (peer.keys.node.encode(), machine.keys.node.encode())
        info = prefixed(b"gatepost/1", b"seal", *nodes, seal_id)
        return Forged(
            sender=self._keys,
            receiver=machine.keys,
            entries=[entry(said)],
            header=header,
            change_info=lambda _: info,
            seed=f"forged {self.struck}",
        ).frame()
