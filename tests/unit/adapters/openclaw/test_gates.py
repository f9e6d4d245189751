"""Every gate of both releases: what it answers, in which words, from where, and what opens it."""

import pytest

from gatepost.adapters.openclaw.explain.explanation import Explanation
from tests.unit.adapters.openclaw.field import BOTH, FILE, NEW, OLD, Json, agents, ask, names, tools

SHORT = (
    "Session send visibility is restricted. "
    "Set tools.sessions.visibility=all to allow cross-agent access."
)
LONG = SHORT[:-1] + "; use tools.agentToAgent to restrict permitted agent pairs."
RESTRICTED = {OLD: SHORT, NEW: LONG}
DISABLED = (
    "Agent-to-agent messaging is disabled. "
    "Set tools.agentToAgent.enabled=true to allow cross-agent sends."
)
DENIED = "Agent-to-agent messaging denied by tools.agentToAgent.allow."
HIDDEN = "Session not visible from this sandboxed agent session: agent:pa:main"
SELF = (
    "Session send visibility is restricted to the current session (tools.sessions.visibility=self)."
)
TREE = (
    "Session send visibility is restricted to the current session tree "
    "(tools.sessions.visibility=tree)."
)
SEE = "openclaw config set tools.sessions.visibility all"
ENABLE = "openclaw config set tools.agentToAgent.enabled true"
CLAMP = "openclaw config set agents.defaults.sandbox.sessionToolsVisibility all"


def seen(visibility: str) -> Json:
    return {"visibility": visibility}


def on(*allow: str) -> Json:
    return {"enabled": True, "allow": list(allow)}


def errors(found: Explanation) -> list[str]:
    return [gate.error for gate in found.blockers]


@pytest.mark.requirement("OC1")
@pytest.mark.parametrize(
    ("version", "given", "shut"),
    [
        # nothing is set: the defaults alone
        (OLD, {}, ["visibility", "agentToAgent.enabled"]),
        (NEW, {}, []),
        # one of them after the other
        (OLD, {"sessions": seen("all")}, ["agentToAgent.enabled"]),
        (OLD, {"agentToAgent": {"enabled": True}}, ["visibility"]),
        (OLD, {"sessions": seen("all"), "agentToAgent": {"enabled": True}}, []),
        (NEW, {"agentToAgent": {"enabled": False}}, ["agentToAgent.enabled"]),
        (NEW, {"sessions": seen("all"), "agentToAgent": {"enabled": True}}, []),
        # only `all` reaches another agent
        *[
            (version, {"sessions": seen(narrow), "agentToAgent": on()}, ["visibility"])
            for version in BOTH
            for narrow in ("self", "tree", "agent")
        ],
        # everything shut
        *[
            (
                version,
                {"sessions": seen("self"), "agentToAgent": {"enabled": False, "allow": ["x"]}},
                ["visibility", "agentToAgent.enabled", "agentToAgent.allow"],
            )
            for version in BOTH
        ],
        # the list counts although the switch is off, for it is the next error
        (
            OLD,
            {"agentToAgent": {"allow": ["main"]}},
            ["visibility", "agentToAgent.enabled", "agentToAgent.allow"],
        ),
        (NEW, {"agentToAgent": {"allow": ["main"]}}, ["agentToAgent.allow"]),
    ],
)
def test_every_gate_that_is_shut_is_named_at_once(
    version: str, given: Json, shut: list[str]
) -> None:
    found = ask(tools(version, **given), version)
    assert names(found) == shut
    assert found.allowed == (not shut)


@pytest.mark.requirement("OC1", "OC2")
@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("entries", "passes"),
    [
        ([], True),
        (["main", "pa"], True),
        (["*"], True),
        (["ma*", "p*"], True),
        (["MA*", "P*"], True),
        (["*a"], False),
        (["*a*"], True),
        (["m*i*n", "*pa*"], True),
        (["main*main", "pa"], False),
        ([" main ", "\tpa"], True),
        (["main"], False),
        (["pa"], False),
        (["MAIN", "PA"], False),
        (["Main", "pa"], False),
        (["agent:main", "agent:pa"], False),
        (["agent:main:main", "agent:pa:main"], False),
        (["agent:*"], False),
        ([""], False),
        (["", "  "], False),
        (["", "main", "pa"], True),
        (["other"], False),
        (["ma.n", "pa"], False),
        (["m?in", "pa"], False),
    ],
)
def test_an_entry_matches_as_the_gateway_matches(
    version: str, entries: list[str], passes: bool
) -> None:
    found = ask(tools(version, sessions=seen("all"), agentToAgent=on(*entries)), version)
    assert names(found) == ([] if passes else ["agentToAgent.allow"])
    assert errors(found) == ([] if passes else [DENIED])


@pytest.mark.parametrize("version", BOTH)
def test_the_words_are_those_the_calling_agent_reads(version: str) -> None:
    given = {"sessions": seen("agent"), "agentToAgent": {"enabled": False, "allow": ["x"]}}
    assert errors(ask(tools(version, **given), version)) == [RESTRICTED[version], DISABLED, DENIED]


@pytest.mark.parametrize("version", BOTH)
def test_a_value_says_its_line_and_a_default_its_release(version: str) -> None:
    text = """{
      agents: %s,
      tools: {
        sessions: {
          visibility: 'tree', // ours
        },
        agentToAgent: { allow: ['x'] },
      },
    }""" % ('{list:[{id:"main"},{id:"pa"}]}' if version == OLD else
            '{ownership:"explicit",entries:{main:{},pa:{}}}')  # fmt: skip
    see, enable, allow = ask(text, version).gates
    assert (see.effective, see.origin) == ("tree", f"{FILE}:5")
    assert (enable.effective, enable.origin) == (version == NEW, f"default of {version}")
    assert (allow.effective, allow.origin) == (("x",), f"{FILE}:7")


@pytest.mark.parametrize(
    ("version", "given", "commands"),
    [
        (OLD, {}, [SEE, ENABLE]),
        (NEW, {"sessions": seen("agent")}, [SEE]),
        (NEW, {"agentToAgent": {"enabled": False}}, [ENABLE]),
        (
            NEW,
            {"agentToAgent": {"allow": ["Main", "x y'z"]}},
            [
                "openclaw config set tools.agentToAgent.allow "
                """'["Main","x y'"'"'z","main","pa"]'"""
            ],
        ),
        (
            NEW,
            {"agentToAgent": {"allow": ["", " "]}},
            ["""openclaw config set tools.agentToAgent.allow '["main","pa"]'"""],
        ),
        (
            NEW,
            {"agentToAgent": {"allow": ["m*"]}},
            ["""openclaw config set tools.agentToAgent.allow '["m*","pa"]'"""],
        ),
        (NEW, {}, []),
    ],
)
def test_one_block_of_commands_opens_everything(
    version: str, given: Json, commands: list[str]
) -> None:
    assert list(ask(tools(version, **given), version).commands) == commands


@pytest.mark.requirement("OC4")
@pytest.mark.parametrize(
    ("version", "given", "shut", "first"),
    [
        (OLD, {}, ["sandbox", "visibility", "agentToAgent.enabled"], HIDDEN),
        (NEW, {}, ["sandbox"], LONG),
        (OLD, {"sessions": seen("all"), "agentToAgent": on()}, ["sandbox"], HIDDEN),
        (NEW, {"sessions": seen("all"), "agentToAgent": on("x")},
         ["sandbox", "agentToAgent.allow"], LONG),
        (NEW, {"sessions": seen("self")}, ["sandbox", "visibility"], LONG),
    ],
)  # fmt: skip
def test_a_sandbox_clamps_whatever_visibility_says(
    version: str, given: Json, shut: list[str], first: str
) -> None:
    found = ask(tools(version, **given), version, sandboxed=True)
    assert (names(found), errors(found)[0]) == (shut, first)
    assert found.commands[0] == CLAMP


@pytest.mark.parametrize("version", BOTH)
def test_a_clamp_that_was_taken_off_is_open(version: str) -> None:
    content = tools(version, sessions=seen("all"), agentToAgent=on())
    clamp = {"sandbox": {"sessionToolsVisibility": "all"}}
    content["agents"] = {**agents(version, "main", "pa"), "defaults": clamp}
    assert ask(content, version, sandboxed=True).allowed


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("mode", "own", "clamped"),
    [
        ("all", None, True),
        ("off", "all", True),
        ("all", "off", False),
        ("non-main", None, False),
        (None, None, False),
    ],
)
def test_an_agent_that_is_always_sandboxed_is_asked_as_that(
    version: str, mode: str | None, own: str | None, clamped: bool
) -> None:
    sender = {"id": "main", **({"sandbox": {"mode": own}} if own else {})}
    here: Json = {"list": [sender, {"id": "pa"}]}
    if version == NEW:
        here = {"ownership": "explicit", "entries": {"main": sender, "pa": {}}}
    if mode:
        here["defaults"] = {"sandbox": {"mode": mode}}
    content: Json = {"agents": here, "tools": {"sessions": seen("all"), "agentToAgent": on()}}
    found = ask(content, version)
    assert ("sandbox" in names(found)) == clamped
    told = [one.text for one in found.warnings if "--sandboxed" in one.text]
    assert bool(told) == (mode == "non-main")


@pytest.mark.parametrize(
    ("version", "visibility", "error"),
    [
        (OLD, "self", SELF), (OLD, "tree", TREE), (OLD, "agent", ""), (OLD, "all", ""),
        (NEW, "self", SELF), (NEW, "tree", ""), (NEW, "agent", ""), (NEW, "all", ""),
    ],
)  # fmt: skip
def test_within_one_agent_only_visibility_is_asked(
    version: str, visibility: str, error: str
) -> None:
    given = {"sessions": seen(visibility), "agentToAgent": {"enabled": False, "allow": ["x"]}}
    found = ask(tools(version, **given), version, "pa", "pa")
    assert [gate.name for gate in found.gates] == ["visibility"]
    assert errors(found) == ([error] if error else [])
    assert found.commands == (
        ("openclaw config set tools.sessions.visibility agent",) if error else ()
    )


@pytest.mark.parametrize("version", BOTH)
def test_ids_are_compared_as_openclaw_spells_them(version: str) -> None:
    content = tools(version, sessions=seen("all"), agentToAgent=on("my-pa", "main"))
    content["agents"] = agents(version, "Main", "My PA")
    assert ask(content, version, "MAIN", "my pa").allowed


def test_the_same_can_be_sent_in_one_call_with_the_hash() -> None:
    sent = ask(tools(OLD), OLD).patch("abc123")
    assert sent == (
        "openclaw gateway call config.patch --params "
        r"""'{"raw":"{\"tools\":{\"sessions\":{\"visibility\":\"all\"},"""
        r"""\"agentToAgent\":{\"enabled\":true}}}","baseHash":"abc123"}'"""
    )
    assert ask(tools(NEW), NEW).patch("abc123") == ""
