"""The thread in which an operator with ten agents fails for an hour, in one run of explain.

Every round of that hour was: change what the error names, restart, meet the next error. The gateway
of that thread is played by its own rule (the first gate that is shut gives the error), so the test
shows that one block of commands ends all rounds at once.
"""

import json
import shlex
from typing import cast

import pytest

from gatepost.adapters.openclaw.explain.verdict import verdict
from tests.unit.adapters.openclaw.field import OLD, Json, ask, names

TEN = (
    "aialfred", "aialfred-pa", "aialfred-dev", "aialfred-ops", "aialfred-news",
    "aialfred-mail", "aialfred-home", "aialfred-cook", "aialfred-books", "aialfred-travel",
)  # fmt: skip
FRESH: Json = {
    "meta": {"lastTouchedVersion": OLD},
    "agents": {"list": [{"id": one} for one in TEN]},
    "tools": {"profile": "coding"},
}


def typed(content: Json, line: str) -> Json:
    """The file after `openclaw config set KEY VALUE`."""
    *words, key, value = shlex.split(line)
    assert words == ["openclaw", "config", "set"]
    changed = cast("Json", json.loads(json.dumps(content)))
    place = changed
    *above, last = key.split(".")
    for name in above:
        place = cast("Json", place.setdefault(name, {}))
    try:
        place[last] = json.loads(value)
    except ValueError:
        place[last] = value
    return changed


def rounds(content: Json) -> list[str]:
    """What the operator of the thread met: one error, one change, the next error."""
    met: list[str] = []
    while not (found := ask(content, OLD, "aialfred", "aialfred-pa")).allowed:
        first = found.blockers[0]
        met.append(first.name)
        content = typed(content, first.fix[0])
        assert len(met) < 10
    return met


@pytest.mark.requirement("OC1")
def test_one_run_gives_one_block_and_after_it_the_send_passes() -> None:
    found = ask(FRESH, OLD, "aialfred", "aialfred-pa")
    assert names(found) == rounds(FRESH) == ["visibility", "agentToAgent.enabled"]
    content = FRESH
    for line in found.commands:
        content = typed(content, line)
    assert ask(content, OLD, "aialfred", "aialfred-pa").allowed


@pytest.mark.requirement("OC2")
@pytest.mark.parametrize(
    "tried",
    [
        ["agent:aialfred", "agent:aialfred-pa"],
        ["agent:aialfred:main", "agent:aialfred-pa:main"],
        ["AIAlfred", "AIAlfred-PA"],
        ["aialfred-pa"],
        ["aialfred"],
        [""],
    ],
)
def test_whatever_was_tried_in_the_list_meanwhile_one_run_is_enough(tried: list[str]) -> None:
    content = typed(
        FRESH, f"openclaw config set tools.agentToAgent.allow {shlex.quote(json.dumps(tried))}"
    )
    found = ask(content, OLD, "aialfred", "aialfred-pa")
    assert names(found) == ["visibility", "agentToAgent.enabled", "agentToAgent.allow"]
    for line in found.commands:
        content = typed(content, line)
    assert ask(content, OLD, "aialfred", "aialfred-pa").allowed


@pytest.mark.requirement("OC3")
def test_before_everything_is_opened_the_operator_is_told_how_to_open_it_for_two() -> None:
    said = verdict(ask(FRESH, OLD, "aialfred", "aialfred-pa"))
    narrow = """openclaw config set tools.agentToAgent.allow '["aialfred","aialfred-pa"]'"""
    assert said.verdict == "deny"
    assert any(
        "every agent may message every other" in one and narrow in one for one in said.warnings
    )
