"""What stands beside the gates: a file OpenClaw refuses, agents and tools that are not there."""

import pytest

from gatepost.adapters.openclaw.explain.verdict import verdict
from tests.unit.adapters.openclaw.field import BOTH, FILE, NEW, OLD, Json, agents, ask, names, tools

CURE = "openclaw doctor --fix --non-interactive"
OPEN: Json = {"sessions": {"visibility": "all"}, "agentToAgent": {"enabled": True}}


def texts(found: object) -> str:
    return "\n".join(one.text for one in getattr(found, "warnings", ()))


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("given", "gate", "error", "hand"),
    [
        (
            {"agentToAgent": {"enabled": True, "allow": [{"id": "main"}, "pa"]}},
            "agentToAgent.allow",
            "Invalid input: expected string, received object",
            """write tools.agentToAgent.allow: ["pa","main"]""",
        ),
        (
            {"agentToAgent": {"enabled": True, "allow": "main"}},
            "agentToAgent.allow",
            "Invalid input: expected array, received string",
            """write tools.agentToAgent.allow: ["main","pa"]""",
        ),
        (
            {"agentToAgent": {"enabled": "yes"}},
            "agentToAgent.enabled",
            "Invalid input: expected boolean, received string (allowed: true, false)",
            "write tools.agentToAgent.enabled: true",
        ),
        (
            {"agentToAgent": {"enabled": None}},
            "agentToAgent.enabled",
            "Invalid input: expected boolean, received null (allowed: true, false)",
            "write tools.agentToAgent.enabled: true",
        ),
        (
            {"sessions": {"visibility": "ALL"}, "agentToAgent": {"enabled": True}},
            "visibility",
            'Invalid option: expected one of "self"|"tree"|"agent"|"all"',
            'write tools.sessions.visibility: "all"',
        ),
    ],
)
def test_a_value_that_openclaw_refuses_is_mended_in_an_editor(
    version: str, given: Json, gate: str, error: str, hand: str
) -> None:
    found = ask(tools(version, **{**OPEN, **given}), version)
    assert (names(found), found.blockers[0].error) == ([gate], error)
    command, *others = found.commands
    assert command.startswith("${EDITOR:-vi} +") and command.endswith(f"{FILE}  # {hand}")
    assert others == [] and found.patch("x") == ""


def test_what_mends_the_file_is_typed_before_anything_is_set() -> None:
    content = tools(OLD, agentToAgent={"allow": [7]})
    said = verdict(ask(content, OLD))
    assert [one.gate for one in said.blockers] == [
        "visibility", "agentToAgent.enabled", "agentToAgent.allow",
    ]  # fmt: skip
    assert [line.split()[0] for line in said.blockers[0].fix] == ["${EDITOR:-vi}", "openclaw"]


def test_openclaws_own_doctor_comes_after_the_editor() -> None:
    content: Json = {"agents": agents(OLD, "main", "pa"), "tools": {"agentToAgent": {"allow": [7]}}}
    first, second = ask(content, NEW).commands
    assert first.startswith("${EDITOR:-vi}") and second == CURE
    assert ask(content, NEW).blockers[0].effective == "[7]"


def test_one_fault_hides_no_other() -> None:
    given = {"agentToAgent": {"enabled": True, "allow": [7], "odd": 1}, "sessions": {"odd": 2}}
    found = ask(tools(NEW, **given), NEW)
    assert names(found) == ["agentToAgent.allow"]
    assert texts(found).count('Unrecognized key: "odd"') == 2


def test_several_agents_without_an_owner_are_cured_by_openclaw_itself() -> None:
    content: Json = {
        "agents": agents(OLD, "main", "pa"),
        "tools": {"agentToAgent": {"allow": ["x"]}},
    }
    found = ask(content, NEW)
    assert 'multi-agent rosters require agents.ownership="explicit"' in texts(found)
    assert [line.split(" tools")[0] for line in found.commands] == [CURE, "openclaw config set"]
    assert verdict(found).blockers[0].fix[0] == CURE
    content["agents"] = {"list": [{"id": "main", "default": True}, {"id": "pa"}]}
    assert CURE not in ask(content, NEW).commands


@pytest.mark.parametrize(
    ("version", "content", "said"),
    [
        (NEW, {"agents": {**agents(OLD, "a"), **agents(NEW, "main", "pa")}},
         'agents: Unrecognized key: "list"'),
        (OLD, {"agents": {**agents(OLD, "main", "pa"), "entries": {}}},
         'agents: Unrecognized key: "entries"'),
        (NEW, {"agents": agents(NEW, "main", "pa"), "session": {"agentToAgent": {}}},
         'session: Unrecognized key: "agentToAgent"'),
        (NEW, {"agents": {"ownership": "explicit",
                          "entries": {"main": {"tools": {"sessions": {}}}, "pa": {}}}},
         'agents.entries.main.tools: Unrecognized key: "sessions"'),
        (OLD, {"agents": {"list": [{"id": "main"}, {"id": "pa", "tools": {"agentToAgent": {}}}]}},
         'agents.list.1.tools: Unrecognized key: "agentToAgent"'),
        (NEW, {"agents": {**agents(NEW, "main", "pa"),
                          "defaults": {"sandbox": {"sessionToolsVisibility": "tree"}}}},
         'Invalid input (allowed: "spawned", "all")'),
        *[(version, {"agents": agents(version, "main", "pa"), "tools": {**OPEN, **given}}, said)
          for version in BOTH
          for given, said in (
              ({"sessions": {"visibility": "all", "visible": 1}},
               'tools.sessions: Unrecognized key: "visible"'),
              ({"agentToAgent": {"enabled": True, "a": 1, "b": 2}},
               'tools.agentToAgent: Unrecognized keys: "a", "b"'),
          )],
        *[(version, {"agents": agents(version, "main", "pa"), "tools": {
            "sessions": {"visibility": "all"}, "agentToAgent": {"enabled": True},
            "sandbox": {}}, **over}, said)
          for version in BOTH
          for over, said in (
              ({"agents": {**agents(version, "main", "pa"), "defaults": []}},
               "agents.defaults: Invalid input: expected object, received array"),
          )],
    ],
)  # fmt: skip
def test_a_file_that_openclaw_refuses_lets_nothing_pass(
    version: str, content: Json, said: str
) -> None:
    content = {"tools": OPEN, **content}
    found = ask(content, version)
    assert not found.allowed and found.blockers == ()
    assert said in texts(found) and f"OpenClaw {version} refuses the file" in texts(found)
    assert f"({FILE}:" in texts(found) and found.commands


@pytest.mark.requirement("OC6")
@pytest.mark.parametrize("version", BOTH)
def test_an_agent_that_is_not_there_is_said_in_the_gateways_words(version: str) -> None:
    found = ask(tools(version, **OPEN), version, "main", "nope")
    assert not found.allowed
    assert 'Agent "nope" not found. Run openclaw agents list' in texts(found)
    assert "near: main, pa" in texts(found)


def test_a_configuration_without_agents_has_main() -> None:
    assert ask({"tools": OPEN}, OLD, "main", "main").allowed
    assert ask({}, NEW, "main", "main").allowed


@pytest.mark.requirement("OC2")
@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("entry", "because"),
    [
        ("agent:pa", "not a session key: write pa"),
        ("agent:PA:main", "not a session key: write pa"),
        ("PA", "this agent's is pa"),
        ("", "a blank entry matches no agent"),
        ("ghost", "no such agent"),
        ("gh*", "matches no agent of this gateway"),
    ],
)
def test_an_entry_that_matches_nobody_is_named_with_its_place(
    version: str, entry: str, because: str
) -> None:
    allow = {"enabled": True, "allow": ["main", "pa", entry]}
    found = ask(tools(version, **{**OPEN, "agentToAgent": allow}), version)
    assert found.allowed
    (one,) = [one.text for one in found.warnings if "tools.agentToAgent.allow: " in one.text]
    assert f"`{entry}`" in one and because in one and f"({FILE}:" in one


@pytest.mark.requirement("OC4")
@pytest.mark.parametrize("version", BOTH)
def test_a_value_that_is_not_read_is_said_to_be_none(version: str) -> None:
    own = {"id": "main", "sandbox": {"mode": "all", "sessionToolsVisibility": "all"}}
    roster: Json = {"list": [own, {"id": "pa"}]}
    if version == NEW:
        roster = {"ownership": "explicit", "entries": {"main": own, "pa": {}}}
    found = ask({"agents": roster, "tools": OPEN}, version)
    assert names(found) == ["sandbox"]
    assert "sandbox.sessionToolsVisibility is not read" in texts(found)


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("given", "own", "has"),
    [
        ({}, {}, True),
        ({"profile": "coding"}, {}, True),
        ({"profile": "messaging"}, {}, True),
        ({"profile": "minimal"}, {}, False),
        ({"profile": "minimal", "alsoAllow": ["sessions_send"]}, {}, True),
        ({"profile": "minimal"}, {"profile": "full"}, True),
        ({"profile": "full"}, {"profile": "minimal"}, False),
        ({"deny": ["sessions_send"]}, {}, False),
        ({"deny": ["group:sessions"]}, {}, False),
        ({"deny": ["Sessions_*"]}, {}, False),
        ({"deny": ["exec"]}, {}, True),
        ({"allow": ["exec"]}, {}, False),
        ({"allow": []}, {}, True),
        ({"allow": ["*"]}, {}, True),
        ({}, {"allow": ["group:openclaw"]}, True),
        ({}, {"deny": ["*"]}, False),
    ],
)
def test_an_agent_without_the_tool_sends_nothing(
    version: str, given: Json, own: Json, has: bool
) -> None:
    sender = {"id": "main", "tools": own}
    roster: Json = {"list": [sender, {"id": "pa"}]}
    if version == NEW:
        roster = {"ownership": "explicit", "entries": {"main": sender, "pa": {}}}
    found = ask({"agents": roster, "tools": {**OPEN, **given}}, version)
    assert found.allowed == has
    assert ("has no sessions_send" in texts(found)) == (not has)


@pytest.mark.requirement("OC3")
@pytest.mark.parametrize("version", BOTH)
def test_opening_for_all_is_said_before_it_is_done(version: str) -> None:
    shut = {"agentToAgent": {"enabled": False}}
    assert "every agent may message every other" in texts(ask(tools(version, **shut), version))
    two = {"agentToAgent": {"enabled": False, "allow": ["main", "pa"]}}
    assert "every agent" not in texts(ask(tools(version, **two), version))
    assert "every agent" not in texts(ask(tools(version, **OPEN), version))


@pytest.mark.parametrize(
    ("version", "verified"),
    [(OLD, True), (NEW, True), ("2026.5.2", False), ("2026.9.1", False), ("2027.1.3", False)],
)
def test_a_release_nobody_tried_is_said_to_be_one(version: str, verified: bool) -> None:
    content = tools(OLD if version < "2026.9" else NEW)
    assert ("was not tried" in texts(ask(content, version))) == (not verified)
