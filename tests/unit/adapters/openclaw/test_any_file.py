"""Whatever stands in the file where the rules look, there is an answer, and it can be printed."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.adapters.openclaw.explain.lint import lint
from gatepost.adapters.openclaw.explain.surroundings import Surroundings
from gatepost.adapters.openclaw.explain.survey import survey
from gatepost.adapters.openclaw.explain.verdict import surveyed, verdict
from tests.unit.adapters.openclaw.field import BOTH, FILE, ask, configuration

words = st.sampled_from(
    ["all", "tree", "self", "spawned", "main", "pa", "*", "ma*", "", " ", "agent:pa", "PA", "${X}"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 70000) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def object_of(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=known) | anything


sandbox = object_of(mode=words | anything, sessionToolsVisibility=words | anything)
policy = object_of(profile=words, allow=st.lists(words), deny=st.lists(words), sandbox=anything)
agent = object_of(id=words | anything, default=anything, sandbox=sandbox, tools=policy)
files = object_of(
    meta=object_of(lastTouchedVersion=words | anything),
    agents=object_of(
        list=st.lists(agent, max_size=3) | anything,
        entries=st.dictionaries(words, agent, max_size=3) | anything,
        ownership=anything,
        defaults=object_of(sandbox=sandbox),
    ),
    tools=object_of(
        sessions=object_of(visibility=words | anything),
        agentToAgent=object_of(enabled=anything, allow=st.lists(words | anything, max_size=4)),
        profile=words,
        deny=st.lists(words),
    ),
    bindings=st.lists(object_of(agentId=words, match=anything), max_size=3) | anything,
    gateway=object_of(port=anything, auth=object_of(token=anything), reload=anything),
    session=object_of(mainKey=words | anything, agentToAgent=anything),
)


@pytest.mark.parametrize("version", BOTH)
@given(content=files, sender=words, target=words, sandboxed=st.booleans())
def test_there_is_an_answer(
    version: str, content: Any, sender: str, target: str, sandboxed: bool
) -> None:
    text = json.dumps(content)
    found = ask(text, version, sender, target, sandboxed=sandboxed)
    said = verdict(found)
    assert (said.verdict == "allow") == found.allowed
    assert all(one.error and one.fix for one in said.blockers)
    assert found.allowed or said.blockers or said.warnings
    msgspec.json.encode(said)
    every = survey(configuration(text, version))
    around = Surroundings(environ={}, answers=True)
    msgspec.json.encode(surveyed(every, [*every.warnings, *lint(every.given, FILE, around)]))
