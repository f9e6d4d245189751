"""`gatepost openclaw` as a person and a program meet it; it needs no node."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Terminal

FRESH = """{
  // as onboarding leaves it
  meta: { lastTouchedVersion: "2026.3.13" },
  agents: { list: [{ id: "aialfred" }, { id: "aialfred-pa" }] },
  tools: { agentToAgent: { allow: ["AIAlfred"] } },
}
"""
SHUT = ["visibility", "agentToAgent.enabled", "agentToAgent.allow"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OPENCLAW_CONFIG_PATH", "OPENCLAW_STATE_DIR", "OPENCLAW_HOME"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / ".openclaw/openclaw.json"
    path.parent.mkdir()
    path.write_text(FRESH)
    monkeypatch.setenv("HOME", str(tmp_path))
    return path


@pytest.mark.parametrize(
    "line",
    [
        "aialfred aialfred-pa",
        "--from aialfred --to aialfred-pa",
        "aialfred --to aialfred-pa",
        "aialfred-pa --from aialfred",
    ],
)
def test_the_pair_is_named_either_way(
    terminal: Terminal, node: FakeNode, file: Path, line: str
) -> None:
    said = terminal.type(f"openclaw explain {line} --json")
    found = json.loads(said.out)
    assert (said.code, said.err) == (1, "")
    assert list(found) == ["verdict", "blockers", "warnings"]
    assert found["verdict"] == "deny"
    assert [one["gate"] for one in found["blockers"]] == SHUT
    assert [list(one) for one in found["blockers"]] == [
        ["gate", "effective", "origin", "error", "fix"]
    ] * 3
    assert found["blockers"][1]["effective"] is False
    assert found["blockers"][2]["effective"] == ["AIAlfred"]
    assert found["blockers"][2]["origin"] == f"{file}:5"
    assert all(isinstance(one, str) for one in found["warnings"])
    assert node.asked == []


def test_a_person_reads_every_gate_each_error_and_one_block_to_type(
    terminal: Terminal, file: Path
) -> None:
    said = terminal.type("openclaw explain aialfred aialfred-pa")
    lines = said.out.splitlines()
    assert (said.code, said.err) == (1, "")
    assert lines[0] == "deny  sessions_send  aialfred → aialfred-pa"
    assert f"{file} (home)" in lines[1] and "2026.3.13 (meta.lastTouchedVersion)" in lines[2]
    at = lines.index("type")
    assert lines[at + 1 : at + 4] == [
        "  openclaw config set tools.sessions.visibility all",
        "  openclaw config set tools.agentToAgent.enabled true",
        "  openclaw config set tools.agentToAgent.allow "
        """'["AIAlfred","aialfred","aialfred-pa"]'""",
    ]
    assert "Agent-to-agent messaging denied by tools.agentToAgent.allow." in said.out
    assert '"baseHash":"HASH"' in said.out


def test_what_passes_ends_with_0(terminal: Terminal, file: Path) -> None:
    file.write_text(FRESH.replace("AIAlfred", "aialfred*"))
    line = "openclaw explain aialfred aialfred-pa --gateway-version 2026.9.6"
    found = json.loads(terminal.type(f"{line} --json").out)
    assert found["blockers"] == [] and found["verdict"] == "deny"  # nobody owns: 9.6 refuses it
    owned = FRESH.replace("{ list", '{ ownership: "explicit", list').replace("AIAlfred", "a*")
    file.write_text(owned)
    said = terminal.type(f"{line} --json")
    assert (said.code, json.loads(said.out)["verdict"]) == (0, "allow")
    said = terminal.type(line)
    assert said.code == 0 and said.out.startswith("allow  sessions_send")
    assert "type" not in said.out.splitlines()


def test_a_file_that_openclaw_does_not_find_is_named_before_it_is_changed(
    terminal: Terminal, file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "an other.json"
    other.write_text(FRESH)
    line = "openclaw explain aialfred aialfred-pa --json --config"
    named = f"export OPENCLAW_CONFIG_PATH='{other}'"
    assert named in json.loads(terminal.type(f"{line} '{other}'").out)["warnings"][-1]
    assert "export" not in terminal.type(f"{line} {file}").out


def test_a_sandboxed_sender_is_asked_as_that(terminal: Terminal, file: Path) -> None:
    said = terminal.type("openclaw explain aialfred aialfred-pa --sandboxed --json")
    assert [one["gate"] for one in json.loads(said.out)["blockers"]] == ["sandbox", *SHUT]
    said = terminal.type("openclaw explain aialfred aialfred-pa --sandboxed")
    assert "aialfred → aialfred-pa (sandboxed)" in said.out


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("explain aialfred", 2, "usage.invalid"),
        ("explain", 2, "usage.invalid"),
        ("explain a b --to c", 2, "usage.invalid"),
        ("explain a b --gateway-version newest", 2, "openclaw.version_unknown"),
        ("explain a b --config /nowhere/openclaw.json", 7, "openclaw.no_config"),
        ("explain a b --config /", 7, "openclaw.config_invalid"),
        ("doctor --gateway-version newest", 2, "openclaw.version_unknown"),
        ("doctor --live --url ws://127.0.0.1:1", 8, "openclaw.unreachable"),
    ],
)
def test_a_call_that_goes_nowhere_is_an_error_with_its_code(
    terminal: Terminal, file: Path, line: str, code: int, error: str
) -> None:
    said = terminal.type(f"openclaw {line} --json")
    assert (said.code, json.loads(said.err)["error"]["code"]) == (code, error)
    assert said.out == ""


def test_a_file_of_garbage_is_named_with_its_line(terminal: Terminal, file: Path) -> None:
    file.write_text("{\n tools: {\n   sessions visibility")
    said = terminal.type("openclaw explain a b")
    assert (
        said.code == 7
        and f"{file}:3" in said.err
        and "fix     openclaw config validate" in said.err
    )


def test_words_of_the_file_cannot_steer_the_terminal(terminal: Terminal, file: Path) -> None:
    allow = json.dumps(["\x1b[2J\u202eevil\nfix     rm -rf /", "aialfred"])
    file.write_text(FRESH.replace('["AIAlfred"]', allow))
    said = terminal.type("openclaw explain aialfred aialfred-pa")
    assert "\x1b" not in said.out and "\u202e" not in said.out
    assert not any(line.startswith("fix     rm") for line in said.out.splitlines())


def test_the_doctor_counts_pairs_and_says_what_is_odd(terminal: Terminal, file: Path) -> None:
    said = terminal.type("openclaw doctor")
    assert said.code == 1 and said.out.startswith("deny  sessions_send  0 of 2 pairs pass")
    assert "tools.sessions.visibility is not set: tree" in said.out
    found = json.loads(terminal.type("openclaw doctor --json").out)
    assert list(found) == ["verdict", "blockers", "warnings", "pairs"]
    assert found["pairs"][0] == {
        "from": "aialfred", "to": "aialfred-pa", "verdict": "deny", "gates": SHUT,
    }  # fmt: skip


def test_an_explanation_costs_no_engine(file: Path) -> None:
    heavy = ("asyncio", "aiohttp", "websockets", "cryptography", "apsw", "starlette", "pydantic")
    code = (
        "import sys; from gatepost.cli.app import main;"
        f"main(['openclaw', 'explain', 'a', 'b', '--config', {str(file)!r}, '--json']);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src")},
    )  # fmt: skip
    assert done.stderr.strip() == "[]"
