"""What a doctor sees around a configuration file: facts, gathered and judged elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that runs here: how it was started, by whom, and the environment it was given."""

    pid: int
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    config: str = ""
    parent: int = 0
    parent_command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service file that would start a gateway, with its environment."""

    path: str
    environ: Mapping[str, str] = field(repr=False)
    config: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The machine around one configuration.

    `container` names what kind it is, or nothing; `seen` is False where processes cannot be looked
    at; `answers` says whether something listens on the gateway's port.
    """

    environ: Mapping[str, str] = field(repr=False)
    gateways: tuple[Gateway, ...] = ()
    services: tuple[Service, ...] = ()
    container: str = ""
    systemd: bool = False
    seen: bool = True
    port: int = 0
    answers: bool = False
    installed: str = ""
