"""`gatepost openclaw explain` against a real gateway: every denial, its words, and what opens it.

For each configuration the gateway is asked first (an agent really calls `sessions_send`), then each
command that explain printed is typed in turn: after each of them the gateway must say the next
error that explain foretold, in its words, and after the last one the message must arrive.
"""

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.e2e_openclaw.conftest import BOXED, Field
from tests.e2e_openclaw.gateway import until

pytestmark = [pytest.mark.e2e_openclaw, pytest.mark.timeout(900)]
FROM, TO = "aialfred", "aialfred-pa"
TAKES_UP = 45
Tools = dict[str, Any]


def on(*allow: str) -> Tools:
    return {"enabled": True, **({"allow": list(allow)} if allow else {})}


def sees(visibility: str) -> Tools:
    return {"visibility": visibility}


NOTHING_SET: Tools = {}
CASES: dict[str, Tools] = {
    "nothing is set": NOTHING_SET,
    "self": {"sessions": sees("self"), "agentToAgent": {"enabled": False, "allow": ["x"]}},
    "tree": {"sessions": sees("tree"), "agentToAgent": on()},
    "agent": {"sessions": sees("agent"), "agentToAgent": on("AIAlfred", "aialfred-pa")},
    "off": {"sessions": sees("all"), "agentToAgent": {"enabled": False}},
    "the requester is missing": {"sessions": sees("all"), "agentToAgent": on("aialfred-pa")},
    "the target is missing": {"sessions": sees("all"), "agentToAgent": on("aialfred")},
    "session keys": {
        "sessions": sees("all"),
        "agentToAgent": on("agent:aialfred", "agent:aialfred-pa:main"),
    },
    "blank": {"sessions": sees("all"), "agentToAgent": on("", " ")},
    "a pattern for one": {"sessions": sees("all"), "agentToAgent": on("*-PA")},
    "a pattern for both": {"sessions": sees("all"), "agentToAgent": on("AIA*")},
    "blanks around": {"sessions": sees("all"), "agentToAgent": on(" aialfred ", "aialfred-pa")},
}


def met(field: Field, error: str, sender: str = FROM) -> None:
    """Wait until the gateway has taken up its file: the send then ends in these words."""
    said: dict[str, Any] = {}

    def reached() -> bool:
        said.clear()
        said.update(field.gateway.send(sender, TO))
        return (said.get("error", "") if said["status"] != "ok" else "") == error

    until(reached, TAKES_UP, lambda: f"wanted {error or 'a reply'!r}, the gateway says {said}")
    assert said["status"] == ("forbidden" if error else "ok")
    assert error or said["reply"] == "received"


@pytest.mark.requirement("OC1", "OC7")
@pytest.mark.parametrize("tools", CASES.values(), ids=list(CASES))
def test_each_error_is_foretold_and_each_command_leads_to_the_next(
    field: Field, tools: Tools
) -> None:
    field.gateway.write(field.config(tools=tools))
    code, said = field.gatepost(f"explain {FROM} {TO}")
    errors = [one["error"] for one in said["blockers"]]
    assert (code, said["verdict"]) == ((1, "deny") if errors else (0, "allow"))
    for error, blocker in zip(errors, said["blockers"], strict=True):
        met(field, error)
        for line in blocker["fix"]:
            field.gateway.shell(line)
    met(field, "")
    assert field.gatepost(f"explain {FROM} {TO}")[0] == 0


@pytest.mark.requirement("OC1")
def test_the_hour_of_that_thread_is_one_block_of_commands(field: Field) -> None:
    tried = on("agent:aialfred", "AIAlfred-PA", "")
    field.gateway.write(
        field.config(tools={"sessions": sees("tree"), "agentToAgent": {**tried, "enabled": False}})
    )
    code, said = field.gatepost(f"explain {FROM} {TO}")
    assert code == 1 and len(said["blockers"]) == 3
    met(field, said["blockers"][0]["error"])
    block = "\n".join(line for one in said["blockers"] for line in one["fix"])
    field.gateway.shell(f"set -e\n{block}")
    met(field, "")


@pytest.mark.requirement("OC7")
def test_the_same_goes_in_one_call_to_the_gateway(field: Field) -> None:
    shut = {"sessions": sees("self"), "agentToAgent": {"enabled": False, "allow": ["x"]}}
    field.gateway.write(field.config(tools=shut))
    code, said = field.gatepost(f"explain {FROM} {TO} --live")
    assert (code, len(said["blockers"])) == (1, 3)
    assert said["blockers"][0]["origin"].startswith(f"{field.gateway.config}:")
    met(field, said["blockers"][0]["error"])
    page = field.gateway.shell(f"gatepost openclaw explain {FROM} {TO} --live", ends=1)
    (call,) = [line for line in page.splitlines() if "config.patch" in line]
    if field.old:
        field.gateway.restarts(lambda: field.gateway.shell(call))
    else:
        field.gateway.shell(call)
    met(field, "")


@pytest.mark.requirement("OC4")
@pytest.mark.parametrize(
    "tools", [NOTHING_SET, {"sessions": sees("self")}], ids=["default", "self"]
)
def test_a_sandboxed_agent_is_told_what_really_holds_it(field: Field, tools: Tools) -> None:
    field.gateway.write(field.config(tools=tools))
    code, said = field.gatepost(f"explain {BOXED} {TO}")
    first, *others = said["blockers"]
    assert (code, first["gate"]) == (1, "sandbox")
    met(field, first["error"], BOXED)
    for blocker in (first, *others):
        met(field, blocker["error"], BOXED)
        for line in blocker["fix"]:
            field.gateway.shell(line)
    met(field, "", BOXED)


def test_the_doctor_sees_the_gateway_and_what_it_reads(field: Field, tmp_path: Path) -> None:
    field.gateway.write(field.fresh)
    _, said = field.gatepost("doctor --live")
    assert {(one["from"], one["to"]) for one in said["pairs"]} >= {(FROM, TO), (TO, FROM)}
    pid = field.gateway.pid
    told = "\n".join(said["warnings"])
    assert f"the gateway with pid {pid} was started" in told
    assert f"pid {pid} reads" not in told
    assert "differs" not in told and "no gateway runs" not in told
    elsewhere = tmp_path / "other.json"
    elsewhere.write_text(field.gateway.config.read_text())
    _, said = field.gatepost(f"doctor --config {elsewhere}")
    drift = f"pid {pid} reads {field.gateway.config}, not {elsewhere}"
    assert any(drift in one for one in said["warnings"])


@pytest.mark.requirement("OC5")
def test_a_wrong_token_and_no_gateway_are_said_as_that(field: Field) -> None:
    field.gateway.write(field.fresh)
    line = f"explain {FROM} {TO} --live"
    code, said = field.gatepost(line, OPENCLAW_GATEWAY_TOKEN="wrong")
    assert (code, said["error"]["code"]) == (3, "openclaw.refused")
    assert "token mismatch" in said["error"]["what"] and "wrong" not in said["error"]["what"]
    code, said = field.gatepost(f"{line} --url ws://127.0.0.1:1")
    assert (code, said["error"]["code"]) == (8, "openclaw.unreachable")


BROKEN: dict[str, Tools] = {
    "objects": {"agentToAgent": {"enabled": True, "allow": [{"id": FROM}, TO]}},
    "a word for the list": {"agentToAgent": {"allow": FROM}},
    "a word for the switch": {"agentToAgent": {"enabled": "yes"}},
    "null": {"agentToAgent": {"enabled": None}},
    "another case": {"sessions": sees("ALL")},
}
ODD: dict[str, Tools] = {
    "an unknown key": {"agentToAgent": {**on(), "allowed": []}, "sessions": sees("all")},
    "two unknown keys": {"agentToAgent": on(), "sessions": {"visibility": "all", "a": 1, "b": 2}},
    "no object": {"agentToAgent": "on", "sessions": sees("all")},
}


@pytest.mark.requirement("OC2")
@pytest.mark.parametrize("tools", BROKEN.values(), ids=list(BROKEN))
def test_a_file_openclaw_refuses_is_refused_in_its_own_words(field: Field, tools: Tools) -> None:
    field.gateway.write(field.config(tools=tools))
    _, said = field.gatepost(f"explain {FROM} {TO}")
    errors = [one["error"] for one in said["blockers"] if one["error"].startswith("Invalid")]
    assert said["verdict"] == "deny" and len(errors) == 1
    validated = field.gateway.shell("openclaw config validate --json", ends=1).replace('\\"', '"')
    assert errors[0] in validated
    refused = field.gateway.shell(
        "openclaw config set tools.sessions.visibility all && exit 1 || true"
    )
    assert "Updated" not in refused
    editor = said["blockers"][0]["fix"][0]
    assert editor.startswith("${EDITOR:-vi} +") and str(field.gateway.config) in shlex.split(editor)


@pytest.mark.parametrize("tools", ODD.values(), ids=list(ODD))
def test_a_file_refused_for_what_is_no_gate_lets_nothing_pass(field: Field, tools: Tools) -> None:
    field.gateway.write(field.config(tools=tools))
    code, said = field.gatepost(f"explain {FROM} {TO}")
    validated = field.gateway.shell("openclaw config validate --json", ends=1).replace('\\"', '"')
    (told,) = [one for one in said["warnings"] if "refuses the file" in one]
    assert (code, said["verdict"]) == (1, "deny")
    assert told.split(": ", 2)[2].partition("   (")[0] in validated
