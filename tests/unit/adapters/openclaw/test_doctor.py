"""The doctor: every pair, defaults nobody chose, bindings, drift between readers, no gateway."""

import json
from pathlib import Path

import pytest

from gatepost.adapters.openclaw.explain.lint import lint
from gatepost.adapters.openclaw.explain.machine import surroundings
from gatepost.adapters.openclaw.explain.surroundings import Gateway, Service, Surroundings
from gatepost.adapters.openclaw.explain.survey import MOST, survey
from gatepost.adapters.openclaw.explain.verdict import surveyed
from tests.unit.adapters.openclaw.field import BOTH, FILE, NEW, OLD, Json, agents, configuration

SECRET = "tok-0123456789abcdef"
QUIET: Json = {
    "tools": {
        "sessions": {"visibility": "all"},
        "agentToAgent": {"enabled": True, "allow": ["main", "pa"]},
    },
}


def content(version: str, **more: object) -> Json:
    clamp = {"defaults": {"sandbox": {"sessionToolsVisibility": "all"}}}
    return {**QUIET, "agents": {**agents(version, "main", "pa"), **clamp}, **more}


def running(**environ: str) -> Gateway:
    command = ("node", "/opt/openclaw.mjs", "gateway", "run")
    return Gateway(7, command, environ, FILE, 1, ("tini", "--"))


def findings(given: Json, version: str = NEW, **around: object) -> str:
    seen = Surroundings(**{"environ": {}, "answers": True, **around})
    told = lint(configuration(given, version), FILE, seen)
    return "\n".join(" ".join((one.text, *one.fix)) for one in told)


@pytest.mark.parametrize("version", BOTH)
def test_nothing_is_found_where_nothing_is_odd(version: str) -> None:
    assert findings(content(version), version) == ""


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (
            OLD,
            [
                "visibility is not set: tree",
                "on 2026.9.6 it would be all",
                "enabled is not set: off",
            ],
        ),
        (
            NEW,
            [
                "visibility is not set: all",
                "on 2026.3.13 it would be tree",
                "enabled is not set: on",
            ],
        ),
    ],
)
def test_what_nobody_set_is_said_with_what_it_does(version: str, said: list[str]) -> None:
    told = findings({"agents": agents(version, "main", "pa")}, version)
    assert [one for one in said if one not in told] == []
    assert "allow is not set" in told and "sessionToolsVisibility is not set: spawned" in told


def test_all_pairs_are_asked_and_one_fix_opens_them() -> None:
    given: Json = {
        "agents": agents(OLD, "a", "b", "c"),
        "tools": {"agentToAgent": {"allow": ["a"]}},
    }
    found = surveyed(survey(configuration(given, OLD)), ())
    assert found.verdict == "deny" and len(found.pairs) == 6
    assert {pair.gates for pair in found.pairs} == {
        ("visibility", "agentToAgent.enabled", "agentToAgent.allow")
    }
    assert [one.gate for one in found.blockers] == [*found.pairs[0].gates]
    assert found.blockers[2].fix[0].endswith("""'["a","b","c"]'""")
    assert surveyed(survey(configuration(content(NEW), NEW)), ()).verdict == "allow"


def test_no_agent_one_and_a_thousand_are_surveyed_too() -> None:
    assert len(survey(configuration({}, NEW)).pairs) == 1
    assert len(survey(configuration({"agents": {"list": []}}, OLD)).pairs) == 1
    for nobody in ({"entries": {}}, {"list": []}):
        empty = survey(configuration({"agents": nobody}, NEW))
        assert empty.pairs == () and "no agent" in next(iter(empty.warnings)).text
    many = [f"agent{n}" for n in range(1000)]
    found = survey(configuration({"agents": agents(NEW, *many)}, NEW))
    assert len(found.pairs) == MOST * (MOST - 1)
    assert f"only pairs of the first {MOST}" in next(iter(found.warnings)).text


def test_a_binding_that_leads_elsewhere_is_named() -> None:
    match = {"channel": "telegram", "accountId": "x"}
    bindings = [
        {"agentId": "pa", "match": match},
        {"agentId": "main", "match": dict(reversed(match.items()))},
        {"agentId": "ghost", "match": {"channel": "slack"}},
    ]
    told = findings(content(NEW, bindings=bindings))
    assert "a binding to `main` is never reached" in told
    assert "a binding names the agent `ghost`" in told
    assert told.count("\n") == 1


def test_a_setting_that_an_upgrade_refuses_is_named() -> None:
    given = content(OLD, session={"agentToAgent": {"maxPingPongTurns": 2}})
    assert "maxPingPongTurns is gone in 2026.9.6" in findings(given, OLD)


@pytest.mark.requirement("OC8")
def test_a_gateway_that_reads_another_file_is_named() -> None:
    elsewhere = Gateway(7, ("openclaw-gateway",), {}, "/var/oc/openclaw.json")
    told = findings(content(NEW), gateways=(elsewhere,))
    assert "pid 7 reads /var/oc/openclaw.json, not /srv/openclaw.json" in told
    assert "export OPENCLAW_CONFIG_PATH=/var/oc/openclaw.json" in told
    service = Service("/u/openclaw-gateway.service", {}, "/var/oc/openclaw.json")
    assert "/u/openclaw-gateway.service would read" in findings(content(NEW), services=(service,))


@pytest.mark.requirement("OC5")
def test_tokens_that_differ_are_named_by_place_and_never_shown() -> None:
    given = content(NEW, gateway={"auth": {"token": SECRET}})
    name = "OPENCLAW_GATEWAY_TOKEN"
    assert findings(given, environ={name: SECRET}) == ""
    told = findings(
        given,
        environ={name: "other-" + SECRET},
        gateways=(running(**{name: SECRET}),),
        services=(Service("/u/x.service", {name: "third-" + SECRET}),),
    )
    assert told.count("the gateway token differs") == 2
    assert f"{name} in this environment" in told and f"{name} in /u/x.service" in told
    assert SECRET not in told
    assert SECRET not in repr(Surroundings(environ={name: SECRET}, gateways=(running(),)))


@pytest.mark.requirement("OC7", "OC8")
@pytest.mark.parametrize(
    ("around", "said"),
    [
        ({"systemd": True, "services": (Service("/u/x.service", {}),)}, "openclaw gateway restart"),
        ({"systemd": False, "services": (Service("/u/x.service", {}),)}, "kill -TERM 7"),
        ({"systemd": True}, "kill -TERM 7"),
        ({"container": "pod"}, "restart the pod from outside"),
        ({"container": "container", "systemd": True, "services": (Service("/u/x", {}),)},
         "restart the container from outside"),
    ],
)  # fmt: skip
def test_a_restart_is_told_for_how_it_was_started(around: Json, said: str) -> None:
    told = findings(content(NEW), NEW, gateways=(running(),), **around)
    assert "was started as `node /opt/openclaw.mjs gateway run` by pid 1 (tini --)" in told
    assert said in told
    assert ("gateway restart" in told) == (said == "openclaw gateway restart")


@pytest.mark.requirement("OC8")
def test_no_gateway_at_all_is_said_with_what_starts_one() -> None:
    told = findings(content(NEW), answers=False, port=18789)
    assert "no gateway runs here: nothing listens on port 18789" in told
    assert "openclaw gateway run" in told
    managed = Service("/u/x.service", {})
    told = findings(content(NEW), answers=False, systemd=True, services=(managed,))
    assert "openclaw gateway start" in told
    told = findings(content(NEW), answers=False, systemd=True, services=(managed,), container="pod")
    assert "openclaw gateway start" not in told
    assert "processes cannot be seen" in findings(content(NEW), answers=False, seen=False)


def test_an_installed_release_with_other_defaults_is_named() -> None:
    assert "2026.9.6 is installed" in findings(content(OLD), OLD, installed="2026.9.6")
    assert findings(content(OLD), OLD, installed="2026.3.2") == ""


def process(root: Path, pid: int, command: str, parent: int = 1, **environ: str) -> None:
    place = root / "proc" / str(pid)
    place.mkdir(parents=True)
    (place / "cmdline").write_text("\0".join(command.split()) + "\0")
    (place / "environ").write_text("".join(f"{name}={value}\0" for name, value in environ.items()))
    (place / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")


def test_a_machine_is_looked_at_without_starting_anything(tmp_path: Path) -> None:
    root = tmp_path / "root"
    home = tmp_path / "home"
    process(root, 1, "tini -- sh")
    process(root, 20, "node /opt/openclaw/openclaw.mjs gateway run --port 1", 1)
    process(root, 21, "openclaw-gateway", 20)
    process(
        root, 30, "/usr/bin/openclaw-gateway", 1, OPENCLAW_CONFIG_PATH="/c.json", OTHER="secret"
    )
    process(root, 40, "node /opt/openclaw/openclaw.mjs config get gateway")
    process(root, 43, "openclaw --profile work gateway status")
    process(root, 44, "openclaw")
    process(root, 50, "node /opt/openclaw.mjs --profile work --verbose gateway --port 2")
    process(root, 41, "vi openclaw.json gateway")
    process(root, 42, "python gateway openclaw-notes.py")
    (root / ".dockerenv").touch()
    units = home / ".config/systemd/user"
    units.mkdir(parents=True)
    unit = units / "openclaw-gateway.service"
    unit.write_text('[Service]\nEnvironment="OPENCLAW_STATE_DIR=/s t" A=b\nEnvironment=\'broken\n')
    (units / "openclaw-gateway.service.d").mkdir()
    (units / "openclaw-gateway.service.d/x.conf").write_text(
        "[Service]\nEnvironment=OPENCLAW_GATEWAY_TOKEN=abc\n"
    )
    given = configuration({"gateway": {"port": 1}}, NEW)
    found = surroundings(given, {"HOME": str(home), "SECRET": "x"}, root)
    assert [one.pid for one in found.gateways] == [20, 30, 50]
    assert found.gateways[0].parent_command == ("tini", "--", "sh")
    assert (found.gateways[1].config, dict(found.gateways[1].environ)) == (
        "/c.json", {"OPENCLAW_CONFIG_PATH": "/c.json"},
    )  # fmt: skip
    (service,) = found.services
    assert (service.path, service.config) == (str(unit), "/s t/openclaw.json")
    assert service.environ["OPENCLAW_GATEWAY_TOKEN"] == "abc" and "A" not in service.environ
    assert (found.container, found.systemd, found.port, found.answers) == (
        "container",
        False,
        1,
        False,
    )
    assert "SECRET" not in found.environ


def test_a_machine_without_processes_to_look_at_is_said_to_be_one(tmp_path: Path) -> None:
    found = surroundings(configuration({}, NEW), {"HOME": str(tmp_path)}, tmp_path)
    assert (found.gateways, found.services, found.seen, found.port) == ((), (), False, 18789)


def test_answers_as_json_have_the_words_from_and_to() -> None:
    import msgspec

    found = surveyed(survey(configuration(content(NEW), NEW)), ())
    pairs = json.loads(msgspec.json.encode(found))["pairs"]
    assert pairs[0] == {"from": "main", "to": "pa", "verdict": "allow", "gates": []}
