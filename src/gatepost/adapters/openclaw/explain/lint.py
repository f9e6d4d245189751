"""What a doctor finds beside the gates: defaults nobody chose, bindings that lead elsewhere, drift.

Pure: it judges the configuration that was read and the surroundings that were gathered. A token is
compared and never shown. Where no service manager runs, no command of one is told.
"""

import json
from collections.abc import Iterator, Mapping
from shlex import join

from gatepost.adapters.openclaw.explain.configuration import (
    ALLOW,
    CLAMP,
    ENABLED,
    VISIBILITY,
    Configuration,
)
from gatepost.adapters.openclaw.explain.explanation import Warned
from gatepost.adapters.openclaw.explain.json5 import plain
from gatepost.adapters.openclaw.explain.release import NEW, OLD, release
from gatepost.adapters.openclaw.explain.surroundings import Gateway, Surroundings

VARIABLE = "OPENCLAW_GATEWAY_TOKEN"
REDACTED = "__OPENCLAW_REDACTED__"
"""What a gateway says in place of a secret."""
SEES = {
    "self": "an agent sees its current session alone",
    "tree": "an agent sees its current session and those it spawned",
    "agent": "an agent sees the sessions of its own agent",
    "all": "every agent sees the sessions of every other",
}


def lint(given: Configuration, path: str, around: Surroundings) -> Iterator[Warned]:
    """Every finding; `path` is the configuration that was read."""
    yield from _unset(given)
    yield from _bindings(given)
    yield from _gone(given)
    yield from _readers(path, around)
    yield from _tokens(given, around)
    yield from _releases(given, around)
    yield from _reload(given)
    yield from _running(around)


def _unset(given: Configuration) -> Iterator[Warned]:
    like, other = given.release, OLD if given.release.keyed else NEW
    if not given.written(VISIBILITY):
        text = f"{VISIBILITY} is not set: {like.visibility}, {SEES[like.visibility]}"
        yield Warned(f"{text}; on {other.name} it would be {other.visibility}")
    if not given.written(ENABLED):
        state = "on" if like.enabled else "off"
        yield Warned(
            f"{ENABLED} is not set: {state}; on {other.name} it would be"
            f" {'on' if other.enabled else 'off'}"
        )
    listed = given.written(ALLOW)
    if not (listed and listed.elements()):
        word = "empty" if listed else "not set"
        yield Warned(f"{ALLOW} is {word}: where {ENABLED} is on, every pair of agents is allowed")
    if not given.written(CLAMP):
        yield Warned(f"{CLAMP} is not set: spawned, a sandboxed agent reaches no other agent")


def _bindings(given: Configuration) -> Iterator[Warned]:
    """Messages from channels that reach another agent than the file seems to say."""
    listed = given.tree.at("bindings")
    met: dict[str, str] = {}
    for one in listed.elements() if listed else ():
        agent, match = one.at("agentId"), one.at("match")
        wanted = str(agent.value) if agent else ""
        if not given.roster.find(wanted):
            text = f"a binding names the agent `{wanted}`, which is not there; its messages go to"
            yield Warned(f"{text} the default agent   ({one.where})")
        shape = json.dumps(plain(match), sort_keys=True) if match else ""
        if shape in met:
            text = f"a binding to `{wanted}` is never reached: {met[shape]} matches the same first"
            yield Warned(f"{text}   ({one.where})")
        met.setdefault(shape, one.where)


def _gone(given: Configuration) -> Iterator[Warned]:
    if not given.release.keyed and (found := given.tree.at("session", "agentToAgent")):
        yield Warned(
            f"session.agentToAgent.maxPingPongTurns is gone in {NEW.name}: the file would be"
            f" refused there   ({found.where})"
        )


def _reload(given: Configuration) -> Iterator[Warned]:
    found = given.written("gateway.reload.mode")
    if found and found.value == "off":
        text = "gateway.reload.mode is off: a change counts only after the gateway was started anew"
        yield Warned(f"{text}   ({found.where})")


def _readers(path: str, around: Surroundings) -> Iterator[Warned]:
    """The file that was read is not the one that counts."""
    for one in around.gateways:
        if one.config and one.config != path:
            yield Warned(
                f"the gateway with pid {one.pid} reads {one.config}, not {path}: what you change"
                " here does not reach it",
                (f"export OPENCLAW_CONFIG_PATH={one.config}",),
            )
    for one in around.services:
        if one.config and one.config != path and not around.gateways:
            yield Warned(f"the service {one.path} would read {one.config}, not {path}")


def _tokens(given: Configuration, around: Surroundings) -> Iterator[Warned]:
    """The same token must stand wherever one stands; two that differ end in `unauthorized`."""
    found = given.tree.at("gateway", "auth", "token")
    written = found.value if found and isinstance(found.value, str) else REDACTED
    stands = {found.where: written} if found and written != REDACTED else {}
    places: list[tuple[str, Mapping[str, str]]] = [
        ("this environment", around.environ),
        *((f"the environment of pid {one.pid}", one.environ) for one in around.gateways),
        *((one.path, one.environ) for one in around.services),
    ]
    for name, environ in places:
        if token := environ.get(VARIABLE, "").strip():
            stands[f"{VARIABLE} in {name}"] = token
    first, *others = stands.items() or [("", "")]
    for place, token in others:
        if token != first[1]:
            yield Warned(f"the gateway token differs: {first[0]} and {place}")


def _releases(given: Configuration, around: Surroundings) -> Iterator[Warned]:
    here = release(around.installed)
    if here and here.keyed != given.release.keyed:
        yield Warned(
            f"OpenClaw {here.name} is installed, but the file is read as {given.release.name}:"
            f" defaults differ; --gateway-version {here.name} shows the other reading"
        )


def _running(around: Surroundings) -> Iterator[Warned]:
    if not around.gateways and not around.answers:
        if around.seen:
            where = f"nothing listens on port {around.port} and no gateway process is to be seen"
            yield Warned(f"no gateway runs here: {where}", _start(around))
        else:
            yield Warned(f"nothing listens on port {around.port}; processes cannot be seen here")
    for one in around.gateways:
        yield Warned(_started(one, around))


def _start(around: Surroundings) -> tuple[str, ...]:
    """A service manager's command only where there is one and it has the service."""
    managed = around.systemd and around.services and not around.container
    return ("openclaw gateway start",) if managed else ("openclaw gateway run",)


def _started(one: Gateway, around: Surroundings) -> str:
    """How a gateway was started, and what restarts it there."""
    by = f"pid {one.parent} ({join(one.parent_command[:3])})" if one.parent else "nobody known"
    began = f"the gateway with pid {one.pid} was started as `{join(one.command)}` by {by}"
    if around.systemd and around.services and not around.container:
        return f"{began}; to restart it: openclaw gateway restart"
    if around.container:
        again = f"restart the {around.container} from outside"
    else:
        again = f"kill -TERM {one.pid}, then start it again the same way"
    return f"{began}; no service manager looks after it, so to restart it: {again}"
