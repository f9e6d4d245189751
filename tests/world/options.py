"""What a world is like: drawn from its seed, and printable, so a failure can be replayed."""

from dataclasses import dataclass, fields, replace
from random import Random

from gatepost.transports.loopback import Faults


@dataclass(frozen=True, slots=True)
class Options:
    """One world. Times in seconds of virtual time; chances are per message or per event.

    `length` is how long faults go on. The `*_every` are mean times between two faults of a kind, 0
    where the kind is off. `holds` is the share of kinds of messages that wait for a person, who
    looks every `person_every` and is asked by one sender `prompts` times at once (0: no limit).
    """

    nodes: int = 3
    length: float = 90.0
    lanes: int = 10
    calls: int = 12
    pause: float = 2.0
    keyed: float = 0.8
    short: float = 0.25
    cancels: float = 0.08
    sends: float = 0.3
    large: float = 0.02
    latency: float = 0.002
    jitter: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    delay_max: float = 3.0
    flip: float = 0.0
    loss: float = 0.0
    storms: float = 0.5
    cut_every: float = 0.0
    break_every: float = 0.0
    crash_every: float = 0.0
    stop_every: float = 0.0
    stall_every: float = 0.0
    full_every: float = 0.0
    step_every: float = 0.0
    policy_every: float = 0.0
    block_every: float = 0.0
    pause_every: float = 0.0
    agent_every: float = 0.0
    attack_every: float = 0.0
    work: float = 0.5
    asks: float = 0.0
    fails: float = 0.05
    declines: float = 0.05
    forgetful: bool = False
    unsafe: bool = False
    credit: int = 1024
    window: int = 512
    queue: int = 2048
    holds: float = 0.0
    noes: float = 0.2
    person_every: float = 4.0
    prompts: int = 0

    @property
    def faults(self) -> Faults:
        """The wire in a storm."""
        return Faults(
            latency=self.latency,
            jitter=self.jitter,
            drop=self.drop,
            duplicate=self.duplicate,
            reorder=self.reorder,
            delay=self.delay,
            delay_max=self.delay_max,
            flip=self.flip,
            loss=self.loss,
        )

    @property
    def fair(self) -> Faults:
        """The wire in fair weather."""
        return Faults(latency=self.latency, jitter=self.jitter)

    def text(self) -> str:
        """What differs from the defaults, as `name=value`."""
        plain = Options()
        given = [
            f"{one.name}={getattr(self, one.name)}"
            for one in fields(self)
            if getattr(self, one.name) != getattr(plain, one.name)
        ]
        return " ".join(given)

    def having(self, pairs: list[str]) -> "Options":
        """These options with some set by `name=value`."""
        kinds = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        changes: dict[str, float | bool] = {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            kind = kinds[name]
            changes[name] = value == "True" if kind is bool else kind(value)
        return replace(self, **changes)


def draw(seed: int) -> Options:
    """The options of a seed. About half of the faults are on in any one world."""
    chance = Random(f"options {seed}")

    def sometimes(odds: float, low: float, high: float) -> float:
        return round(chance.uniform(low, high), 3) if chance.random() < odds else 0.0

    small = chance.random() < 0.4
    return Options(
        nodes=chance.choice((2, 2, 3, 3, 4, 5)),
        length=chance.choice((60.0, 90.0, 150.0)),
        lanes=chance.randint(6, 20),
        calls=chance.randint(8, 24),
        pause=chance.choice((0.05, 0.5, 2.0, 6.0)),
        short=chance.choice((0.0, 0.1, 0.4)),
        cancels=chance.choice((0.0, 0.1, 0.3)),
        latency=chance.choice((0.0005, 0.005, 0.05)),
        jitter=chance.choice((0.0, 0.01, 0.1)),
        drop=sometimes(0.6, 0.01, 0.25),
        duplicate=sometimes(0.5, 0.01, 0.3),
        reorder=sometimes(0.5, 0.01, 0.3),
        delay=sometimes(0.5, 0.01, 0.3),
        delay_max=chance.choice((0.2, 3.0, 20.0, 60.0)),
        flip=sometimes(0.4, 0.005, 0.1),
        loss=sometimes(0.4, 0.002, 0.05),
        cut_every=sometimes(0.5, 5, 30),
        break_every=sometimes(0.5, 3, 20),
        crash_every=sometimes(0.85, 2, 20),
        stop_every=sometimes(0.3, 10, 40),
        stall_every=sometimes(0.5, 4, 20),
        full_every=sometimes(0.35, 10, 40),
        step_every=sometimes(0.4, 10, 40),
        policy_every=sometimes(0.4, 8, 30),
        block_every=sometimes(0.3, 15, 40),
        pause_every=sometimes(0.3, 15, 40),
        agent_every=sometimes(0.6, 3, 20),
        attack_every=sometimes(0.6, 0.2, 2),
        work=chance.choice((0.0, 0.1, 1.0, 3.0)),
        asks=chance.choice((0.0, 0.0, 0.3)),
        forgetful=chance.random() < 0.3,
        unsafe=chance.random() < 0.15,
        credit=chance.choice((2, 4, 16)) if small else 1024,
        window=chance.choice((4, 16, 64)) if small else 512,
        queue=chance.choice((1, 4, 16)) if chance.random() < 0.4 else 2048,
        holds=sometimes(0.4, 0.1, 0.6),
        noes=chance.choice((0.0, 0.2, 0.5)),
        person_every=chance.choice((0.3, 2.0, 8.0)),
        prompts=chance.choice((0, 2, 5)),
    )
