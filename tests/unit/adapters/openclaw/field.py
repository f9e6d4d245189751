"""Configurations as they are met in the field, as text, and one call that explains a pair."""

import json

from gatepost.adapters.openclaw.explain.configuration import Configuration, read
from gatepost.adapters.openclaw.explain.explanation import Explanation, asked, explain
from gatepost.adapters.openclaw.explain.json5 import parse
from gatepost.adapters.openclaw.explain.release import release

OLD = "2026.3.13"
NEW = "2026.9.6"
BOTH = (OLD, NEW)
FILE = "/srv/openclaw.json"
Json = dict[str, object]


def configuration(content: Json | str, version: str, **environ: str) -> Configuration:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    like = release(version)
    assert like
    return read(parse(text, FILE), like, environ)


def agents(version: str, *ids: str) -> Json:
    """The agents, in the shape of that release."""
    if version == OLD:
        return {"list": [{"id": one} for one in ids]}
    return {"ownership": "explicit", "entries": {one: {} for one in ids}}


def tools(version: str, **given: object) -> Json:
    """Two agents, `main` and `pa`, and some `tools`."""
    return {"agents": agents(version, "main", "pa"), "tools": given}


def ask(
    content: Json | str,
    version: str,
    sender: str = "main",
    target: str = "pa",
    *,
    sandboxed: bool = False,
) -> Explanation:
    given = configuration(content, version)
    return explain(asked(sender, target, given, sandboxed=sandboxed), given)


def names(found: Explanation) -> list[str]:
    return [gate.name for gate in found.blockers]
