"""Whether an agent has the tool `sessions_send` at all, and whether its session runs in a sandbox.

The gates are asked only by an agent that can call the tool. Tools are given by a profile, narrowed
by allow and deny lists of the gateway and of the agent, and in a sandbox by further lists. Those
per model provider, chat group and plugin are not looked at.
"""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatepost.adapters.openclaw.explain.agents import Agent
from gatepost.adapters.openclaw.explain.configuration import MODE, Configuration
from gatepost.adapters.openclaw.explain.json5 import Node

TOOL = "sessions_send"
MEMBER_OF = (TOOL, "group:sessions", "group:openclaw")
WITHOUT = ("minimal",)
"""Profiles that leave the tool out; `coding`, `messaging` and `full` have it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A setting that takes the tool away, with its place."""

    key: str
    where: str
    because: str


def mode(given: Configuration, agent: Agent | None) -> tuple[str, str]:
    """The sandbox mode of an agent (`off`, `non-main`, `all`) and where it comes from."""
    own = given.of_agent(agent, "sandbox", "mode") or given.written(MODE)
    return (str(own.value), own.where) if own else ("off", given.release.default)


def missing(given: Configuration, agent: Agent | None, *, sandboxed: bool) -> Iterator[Missing]:
    """Every setting that takes the tool away from this agent."""
    own = agent.key if agent else "agents"
    scopes = [("tools", given.tree.at("tools")), (f"{own}.tools", given.of_agent(agent, "tools"))]
    yield from _profile(scopes)
    for key, tools in scopes:
        yield from _lists(key, tools)
    if sandboxed:
        for key, tools in scopes:
            inner = tools.at("sandbox", "tools") if tools else None
            yield from _lists(f"{key}.sandbox.tools", inner)


def _profile(scopes: Sequence[tuple[str, Node | None]]) -> Iterator[Missing]:
    """The agent's profile replaces the gateway's, and so does its list of what comes beside."""
    found = [(key, named) for key, tools in scopes if tools and (named := tools.at("profile"))]
    beside = [more for _, tools in scopes if tools and (more := tools.at("alsoAllow"))]
    if not found or (beside and _named(beside[-1])):
        return
    key, named = found[-1]
    if named.value in WITHOUT:
        because = f"the tool profile `{named.value}` leaves {TOOL} out"
        yield Missing(f"{key}.profile", named.where, because)


def _lists(key: str, tools: Node | None) -> Iterator[Missing]:
    denied, allowed = (tools.at("deny"), tools.at("allow")) if tools else (None, None)
    if denied and _named(denied):
        yield Missing(f"{key}.deny", denied.where, f"it denies {TOOL}")
    if allowed and allowed.elements() and not _named(allowed):
        yield Missing(f"{key}.allow", allowed.where, f"it allows others, but not {TOOL}")


def _named(listed: Node) -> bool:
    """True when one entry means the tool: by name, by a group it is in, or by a pattern."""
    entries = [str(one.value).strip().lower() for one in listed.elements()]
    return any(fnmatch.fnmatchcase(name, one) for one in entries for name in MEMBER_OF)
