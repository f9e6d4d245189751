"""Every setting, once: its type, default, help, when a change counts, and whether it is secret.

The structs below are the schema. A field is a setting; its `About` says the rest. What people see
(`config list`, help, JSON Schema, errors) and what the node reads is made from the same fields,
so neither can know a setting the other does not. Peers, agents and rules are no settings.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec

from gatepost.core.address import NAME, NODE_ID
from gatepost.core.events import LEVELS

Kind = Literal["name", "choice", "whole", "duration", "size", "address", "loopback"]
Applies = Literal["live", "restart"]
Value = str | int

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
KIB, MIB = 1_024, 1_048_576


class About(msgspec.Struct, frozen=True):
    """What a setting is, beside its default."""

    kind: Kind
    help: str
    applies: Applies = "restart"
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**53 - 1
    secret: bool = False


class Operator(msgspec.Struct, frozen=True):
    """The operator's side of the local API."""

    auth: Annotated[
        Literal["uid", "token"],
        About(
            "choice",
            "who is the operator: every process of this user, or who has the operator token",
            choices=("uid", "token"),
        ),
    ] = "uid"
    listen: Annotated[
        str, About("loopback", "also answer the operator on this loopback address, by token only")
    ] = ""


class Agent(msgspec.Struct, frozen=True):
    """The agents' side of the local API."""

    listen: Annotated[
        str, About("loopback", "also answer agents on this loopback address, by token only")
    ] = ""


class RunLimits(msgspec.Struct, frozen=True):
    """Bounds of a run, beside those of the policy."""

    run_seconds: Annotated[
        int,
        About(
            "whole",
            "how long a run may take, for agents that have no limit of their own; 0 is no limit",
            "live",
            most=30 * 86_400,
        ),
    ] = 0


class Delivery(msgspec.Struct, frozen=True):
    """How long messages wait. Milliseconds."""

    expires: Annotated[
        int,
        About(
            "duration",
            "how long a message may wait to be handed over, when its sender does not say",
            "live",
            least=SECOND,
            most=30 * DAY,
        ),
    ] = 72 * HOUR
    horizon: Annotated[
        int,
        About(
            "duration",
            "how long a peer must be silent before an expired message it took ends as `unknown`",
            "live",
            least=HOUR,
        ),
    ] = 7 * DAY


class Store(msgspec.Struct, frozen=True):
    """What is kept, and when the disk counts as full. Milliseconds and bytes."""

    keep_messages: Annotated[
        int,
        About(
            "duration",
            "how long messages that have ended are kept, with their text and evidence",
            "live",
            least=HOUR,
        ),
    ] = 30 * DAY
    keep_free: Annotated[
        int, About("size", "take in nothing new while the disk has less room than this", "live")
    ] = 128 * MIB


class Log(msgspec.Struct, frozen=True):
    """What a running node says where it was started; `gatepost log` shows everything."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        About(
            "choice",
            "what `start` prints: every message (debug), links and changes (info), what needs you",
            "live",
            LEVELS,
        ),
    ] = "warning"


class ProcessAdapter(msgspec.Struct, frozen=True):
    """Agents that are commands."""

    output: Annotated[int, About("size", "how much one run may print", "live", least=KIB)] = (
        16 * MIB
    )
    stop: Annotated[
        int, About("duration", "how long a command may take to end when told to", "live")
    ] = 5 * SECOND
    restart: Annotated[
        int,
        About("duration", "the longest pause before a command that fails is started again", "live"),
    ] = 5 * MINUTE


class WebhookAdapter(msgspec.Struct, frozen=True):
    """Agents that are called by HTTP."""

    timeout: Annotated[
        int, About("duration", "how long a called agent may take to answer", "live", least=SECOND)
    ] = 30 * SECOND


class Adapters(msgspec.Struct, frozen=True):
    """Defaults of the adapters."""

    process: ProcessAdapter = ProcessAdapter()
    webhook: WebhookAdapter = WebhookAdapter()


class Settings(msgspec.Struct, frozen=True):
    """All settings of a node."""

    name: Annotated[str, About("name", "this node's own name, which peers see first")] = "node"
    listen: Annotated[
        str, About("address", "where peers reach this node; empty: it only dials")
    ] = ""
    advertise: Annotated[
        str, About("address", "the address put into invitations, when it is not `listen`", "live")
    ] = ""
    operator: Operator = Operator()
    agent: Agent = Agent()
    limits: RunLimits = RunLimits()
    delivery: Delivery = Delivery()
    store: Store = Store()
    log: Log = Log()
    adapters: Adapters = Adapters()


class Setting(msgspec.Struct, frozen=True):
    """One row of the schema. `key` is dotted; `variable` the name in the environment."""

    key: str
    default: Value
    about: About

    @property
    def variable(self) -> str:
        """The environment variable that overrides the file."""
        return "GATEPOST_" + self.key.replace(".", "_").upper()

    def parse(self, value: object) -> Value:
        """The value in its own unit, from TOML or text. Raises ValueError saying what it takes."""
        parsed = _PARSERS[self.about.kind](value, self.about)
        if isinstance(parsed, int) and parsed < self.about.least:
            raise ValueError(f"must be at least {self.show(self.about.least)}")
        if isinstance(parsed, int) and parsed > self.about.most:
            raise ValueError(f"must be at most {self.show(self.about.most)}")
        return parsed

    def plain(self, value: Value) -> Value:
        """The value as TOML and JSON hold it: text, or a number where it is a count."""
        return value if self.about.kind == "whole" else self.show(value)

    def show(self, value: Value) -> str:
        """The value as it is written in the file, without quotes."""
        if isinstance(value, str):
            return value
        units = {"duration": _DURATIONS, "size": _SIZES}.get(self.about.kind, {})
        for unit, factor in reversed(units.items()):
            if value and value % factor == 0:
                return f"{value // factor}{unit}"
        return str(value)


_DURATIONS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SIZES = {"B": 1, "KiB": KIB, "MiB": MIB, "GiB": 1_024 * MIB}
_AMOUNT = re.compile(r"([0-9]{1,15}) *([A-Za-z]+)")
_LOOPBACK = re.compile(r"127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\]|localhost")
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):([1-9][0-9]{0,4})")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _name(value: object, about: About) -> str:
    text = _text(value)
    if not NAME.fullmatch(text):
        raise ValueError("must be 1 to 64 of a-z 0-9 . _ - with a letter or digit at both ends")
    if NODE_ID.fullmatch(text):
        raise ValueError("must not look like a node id")
    return text


def _choice(value: object, about: About) -> str:
    if value not in about.choices or not isinstance(value, str):
        raise ValueError(f"must be one of: {', '.join(about.choices)}")
    return value


def _whole(value: object, about: About) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def _address(value: object, about: About) -> str:
    text = _text(value)
    match = _ADDRESS.fullmatch(text)
    if text and (match is None or int(match[2]) > 65_535):
        raise ValueError("must be HOST:PORT, as 127.0.0.1:7443")
    return text


def _loopback(value: object, about: About) -> str:
    text = _address(value, about)
    if text and not _LOOPBACK.fullmatch(text.rpartition(":")[0]):
        raise ValueError("must be on loopback, as 127.0.0.1:7440")
    return text


def _amount(units: dict[str, int], example: str) -> Callable[[object, About], int]:
    def parse(value: object, about: About) -> int:
        if value == "0" or (isinstance(value, int) and not isinstance(value, bool) and value == 0):
            return 0
        match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
        factor = units.get(match[2]) if match else None
        if match is None or factor is None:
            raise ValueError(f"must be a number with a unit ({' '.join(units)}), as {example}")
        return int(match[1]) * factor

    return parse


_PARSERS: dict[Kind, Callable[[object, About], Value]] = {
    "name": _name,
    "choice": _choice,
    "whole": _whole,
    "address": _address,
    "loopback": _loopback,
    "duration": _amount(_DURATIONS, "72h"),
    "size": _amount(_SIZES, "16MiB"),
}


def settings_of(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, Setting]:
    """All settings within `struct` by dotted key, in order."""
    found: dict[str, Setting] = {}
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        key, hint = prefix + field.name, hints[field.name]
        about = next((one for one in get_args(hint) if isinstance(one, About)), None)
        if about is not None:
            found[key] = Setting(key, field.default, about)
        else:
            found.update(settings_of(hint, key + "."))
    return found
