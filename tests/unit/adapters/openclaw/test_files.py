"""Finding and reading the file as OpenClaw does, release by release; all ways it can be broken."""

import json
import os
from pathlib import Path

import pytest

from gatepost.adapters.openclaw.explain.configuration import VISIBILITY
from gatepost.adapters.openclaw.explain.files import LARGEST, installed, source
from gatepost.adapters.openclaw.explain.places import candidates
from gatepost.errors import GatepostError
from tests.unit.adapters.openclaw.field import NEW, OLD


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def refused(path: Path, environ: dict[str, str] | None = None) -> GatepostError:
    with pytest.raises(GatepostError) as wrong:
        source(environ or {}, str(path))
    return wrong.value


def first(environ: dict[str, str], *, old: bool) -> str:
    return next(iter(candidates(environ, "/home/op", old=old))).path


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/home/op/.openclaw/openclaw.json"),
        ({"HOME": "/root"}, "/root/.openclaw/openclaw.json"),
        ({"OPENCLAW_HOME": "/srv/oc"}, "/srv/oc/.openclaw/openclaw.json"),
        ({"OPENCLAW_HOME": "~/oc", "HOME": "/h"}, "/h/oc/.openclaw/openclaw.json"),
        ({"OPENCLAW_STATE_DIR": "/var/oc"}, "/var/oc/openclaw.json"),
        ({"OPENCLAW_STATE_DIR": " ~/s ", "HOME": "/h"}, "/h/s/openclaw.json"),
        ({"OPENCLAW_CONFIG_PATH": "~/c.json5", "HOME": "/h"}, "/h/c.json5"),
        ({"OPENCLAW_CONFIG_PATH": "/c.json", "OPENCLAW_STATE_DIR": "/s"}, "/c.json"),
    ],
)
def test_the_file_is_looked_for_where_openclaw_looks(
    environ: dict[str, str], path: str, old: bool
) -> None:
    assert first(environ, old=old) == path


def test_only_older_releases_obey_the_variables_of_the_older_name() -> None:
    environ = {"CLAWDBOT_CONFIG_PATH": "/then.json"}
    assert first(environ, old=True) == "/then.json"
    assert first(environ, old=False) == "/home/op/.openclaw/openclaw.json"
    paths = [one.path for one in candidates({}, "/home/op", old=True)]
    assert "/home/op/.moltbot/moltbot.json" in paths
    paths = [one.path for one in candidates({}, "/home/op", old=False)]
    assert paths[-1] == "/home/op/.clawdbot/clawdbot.json" and len(paths) == 4


def test_the_first_file_that_exists_is_read(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": ""}
    with pytest.raises(GatepostError) as wrong:
        source(environ)
    assert (
        wrong.value.code == "openclaw.no_config" and ".openclaw/openclaw.json" in wrong.value.what
    )
    then = write(tmp_path / ".clawdbot/clawdbot.json", {})
    assert source(environ).path == str(then)
    now = write(tmp_path / ".openclaw/openclaw.json", {})
    assert source(environ).path == str(now)


@pytest.mark.requirement("OC6")
def test_the_release_is_named_or_told_by_the_file_or_installed_or_the_newest(
    tmp_path: Path,
) -> None:
    file = write(tmp_path / ".openclaw/openclaw.json", {"meta": {"lastTouchedVersion": OLD}})
    package = write(
        tmp_path / "lib/openclaw/package.json", {"name": "openclaw", "version": "2026.3.2"}
    )
    program = write(package.with_name("openclaw.mjs"), "#!/usr/bin/env node\n")
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/openclaw").symlink_to(program)
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}

    def taken(config: str = "", version: str = "") -> str:
        return source(environ, config, version).configuration.release.name

    assert installed(environ) == "2026.3.2"
    assert [taken(version=NEW), taken(version="v2026.9.6-2"), taken()] == [NEW, NEW, OLD]
    write(file, {"meta": {"lastTouchedVersion": "soon"}})
    assert [taken(), taken(str(file))] == ["2026.3.2", NEW]  # a file from elsewhere tells nothing
    environ["PATH"] = ""
    assert taken() == NEW
    with pytest.raises(GatepostError) as wrong:
        taken(version="newest")
    assert wrong.value.code == "openclaw.version_unknown"


def test_included_files_are_merged_and_keep_their_lines(tmp_path: Path) -> None:
    sub = "{\n sessions: {visibility: 'tree'},\n agentToAgent:\n  {allow: ['a'], enabled: false}}"
    write(tmp_path / "sub/tools.json5", sub)
    write(tmp_path / "more.json", {"agentToAgent": {"allow": ["b"]}})
    named = '{"tools": {"$include": ["sub/tools.json5", "./more.json"],\n'
    main = write(tmp_path / "openclaw.json", named + '"agentToAgent": {"enabled": true}}}')
    given = source({}, str(main), NEW).configuration
    visibility = given.written(VISIBILITY)
    allow = given.written("tools.agentToAgent.allow")
    enabled = given.written("tools.agentToAgent.enabled")
    assert visibility and visibility.where == f"{tmp_path}/sub/tools.json5:2"
    assert allow and [one.value for one in allow.elements()] == ["a", "b"]
    assert enabled and (enabled.value, enabled.where) == (True, f"{main}:2")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("../outside.json", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("link.json", "outside"),
        ("openclaw.json", "includes itself"),
        ("loop.json", "includes itself"),
        ("none.json", "no file"),
        ("list.json", "need an included object"),
        ("deep0.json", "more than"),
    ],
)
def test_an_include_that_openclaw_refuses_is_refused(tmp_path: Path, named: str, said: str) -> None:
    home = tmp_path / "home"
    write(tmp_path / "outside.json", {})
    main = write(home / "openclaw.json", {"tools": {"$include": named, "deny": []}})
    write(home / "loop.json", {"$include": "loop2.json"})
    write(home / "loop2.json", {"$include": "loop.json"})
    write(home / "list.json", [])
    (home / "link.json").symlink_to(tmp_path / "outside.json")
    for n in range(12):
        write(home / f"deep{n}.json", {"$include": f"deep{n + 1}.json"})
    wrong = refused(main)
    assert wrong.code in ("openclaw.config_invalid", "openclaw.no_config")
    assert said in f"{wrong.what} {wrong.why}"


def test_a_directory_that_is_named_may_hold_included_files(tmp_path: Path) -> None:
    write(tmp_path / "shared/tools.json", {"sessions": {"visibility": "agent"}})
    main = write(tmp_path / "home/openclaw.json", {"tools": {"$include": "../shared/tools.json"}})
    environ = {"OPENCLAW_INCLUDE_ROOTS": str(tmp_path / "shared")}
    assert source(environ, str(main)).configuration.written(VISIBILITY)
    assert "lies outside" in refused(main).why


def test_variables_are_filled_in(tmp_path: Path) -> None:
    main = write(tmp_path / "openclaw.json", {"tools": {"sessions": {"visibility": "${SEES}"}}})
    filled = source({"SEES": "agent"}, str(main)).configuration.written(VISIBILITY)
    assert filled and filled.value == "agent"
    unknown = source({}, str(main)).configuration.written(VISIBILITY)
    assert unknown and unknown.value == "${SEES}"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the end of the file"),
        ("{\n tools: {\n  x y", 3, "`y` where `:` belongs"),
        ("[" * 5000, 1, "nested deeper"),
        ("[]", 0, "it holds no object"),
        ("7", 0, "it holds no object"),
        ("\x00\x01", 1, "where a value belongs"),
    ],
)
def test_a_file_that_is_no_json5_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    wrong = refused(write(tmp_path / "openclaw.json", text))
    assert wrong.code == "openclaw.config_invalid"
    assert said in wrong.why
    assert wrong.where == f"{tmp_path}/openclaw.json" + (f":{line}" if line else "")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "is a directory" in refused(tmp_path).why
    assert refused(tmp_path / "none.json").code == "openclaw.no_config"
    large = write(tmp_path / "large.json", '{"a": "' + "x" * (10 * 1024 * 1024) + '"}')
    assert refused(large).why == f"it is larger than {LARGEST // 1024 // 1024} MiB"
    if os.getuid():
        large.chmod(0)
        assert "permission denied" in refused(large).why
