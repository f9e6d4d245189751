"""What can be typed: fixes and examples parse, near misses are named, help is there."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from gatepost.cli.pages import first
from gatepost.errors import CATALOGUE, GatepostError
from tests.unit.cli import grammar
from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Terminal

SOURCE = Path(__file__).resolve().parents[3] / "src" / "gatepost"
FIXES = sorted(code for code, entry in CATALOGUE.items() if entry.fix.startswith("gatepost "))
EVERY = list(grammar.commands())
NAMED = re.compile(r'''f?"(gatepost [a-z][^"]*)"''')


@pytest.mark.requirement("F17")
@pytest.mark.parametrize("code", FIXES)
def test_the_fix_of_every_error_is_a_command_that_parses(code: str) -> None:
    details = {"command": "ask", "suggestion": "listen"}
    grammar.read(GatepostError(code, **details).fix)


@pytest.mark.requirement("F17")
def test_every_command_named_anywhere_in_the_source_has_words_that_exist() -> None:
    known = {path for path, _ in EVERY}
    nouns = {path.split()[0] for path in known}
    unknown: dict[str, list[str]] = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        for line in NAMED.findall(path.read_text(encoding="utf-8")):
            noun, verb, *_ = [*line.split()[1:], "", ""]
            filled_in = noun in nouns and verb.startswith("{")
            if not ({noun, f"{noun} {verb}"} & known or filled_in):
                unknown[str(path.relative_to(SOURCE))].append(line)
    assert unknown == {}


@pytest.mark.parametrize(("path", "one"), EVERY, ids=[path for path, _ in EVERY])
def test_every_command_has_examples_and_they_parse(path: str, one: object) -> None:
    examples = str(getattr(one, "epilog", "") or "").splitlines()
    assert examples
    for line in examples:
        assert line.startswith(f"gatepost {path}")
        grammar.read(re.split(r" [|<] ", line)[0])


@pytest.mark.parametrize(("path", "one"), EVERY, ids=[path for path, _ in EVERY])
def test_every_command_can_be_asked_for_json_and_for_another_home(path: str, one: object) -> None:
    grammar.read(f"gatepost {path} --help")
    names = {name for option in getattr(one, "params", ()) for name in option.opts}
    assert {"--home", "--json", "--quiet", "--verbose"} <= names


def test_the_first_screen_shows_exactly_the_words_that_exist(terminal: Terminal) -> None:
    shown = {word for several in first.GROUPS.values() for word, _ in several}
    assert shown == set(grammar.tree().commands)
    said = terminal.type("")
    assert said.code == 0 and all(f"{word} " in said.out for word in shown)
    assert said.out.startswith(terminal.type("--help").out)
    assert "no node in /srv/nowhere yet" in said.out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("peer list", "peers list"),
        ("peers lst", "peers list"),
        ("aks a@lab why", "ask"),
        ("grant a ask b", "policy grant"),
        ("invite lab", "peers invite"),
        ("agent add main", "agents add"),
        ("statu", "status"),
    ],
)
def test_a_near_miss_is_named(terminal: Terminal, node: FakeNode, typed: str, meant: str) -> None:
    said = terminal.type(typed)
    assert said.code == 2
    assert f"did you mean `gatepost {meant}`?" in said.err
    assert f"fix     gatepost {meant} --help" in said.err
    assert node.asked == []


def test_a_word_like_no_other_leads_to_the_first_screen(terminal: Terminal) -> None:
    said = terminal.type("qqqqqq")
    assert said.code == 2 and "fix     gatepost --help" in said.err


@pytest.mark.parametrize("typed", ["ask", "status --hom x", "agents add", "agents add a --mode x"])
def test_a_call_that_cannot_be_read_leads_to_its_own_help(terminal: Terminal, typed: str) -> None:
    said = terminal.type(typed)
    path = "agents add" if typed.startswith("agents") else typed.split()[0]
    assert said.code == 2 and f"fix     gatepost {path} --help" in said.err


@pytest.mark.parametrize(
    "line",
    ["--home /x status", "status --home /x", "--json --home=/x status", "-v status --home /x"],
)
def test_common_options_stand_anywhere(terminal: Terminal, node: FakeNode, line: str) -> None:
    assert terminal.type(line).code == 0
    assert node.asked[0] == ("connect_operator", "/x")


@pytest.mark.parametrize("line", ["ask a why --wait soon", "policy grant a ask b --for ever"])
def test_a_duration_that_is_none_is_named(terminal: Terminal, node: FakeNode, line: str) -> None:
    said = terminal.type(line)
    assert said.code == 2 and "is not a duration" in said.err and "72h" in said.err
    assert node.asked == []


def test_help_costs_no_engine() -> None:
    heavy = ("asyncio", "aiohttp", "websockets", "cryptography", "apsw", "starlette", "pydantic")
    code = (
        "import sys; from gatepost.cli.app import main; main(['--help']);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True,
        env={"PYTHONPATH": str(SOURCE.parent)},
    )  # fmt: skip
    assert done.stderr.strip() == "[]"


def test_common_options_stand_between_noun_and_verb(terminal: Terminal, node: FakeNode) -> None:
    assert terminal.type("peers --home /x list --json").code == 0
    assert node.asked[0] == ("connect_operator", "/x")


def test_an_unknown_name_is_answered_with_the_nearest_and_a_fix_for_this_home(
    terminal: Terminal, node: FakeNode
) -> None:
    node.refuse = GatepostError("peer.unknown", peer="lba", known="home lab")
    said = terminal.type("peers ping lba --home /srv/lab")
    assert said.code == 2 and "did you mean `lab`?" in said.err
    assert "fix     gatepost peers list --home /srv/lab" in said.err


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("help", "--help"),
        ("-h", "--help"),
        ("help send", "send --help"),
        ("send -h", "send --help"),
        ("help peers invite", "peers invite --help"),
        ("peers help", "peers --help"),
        ("peers -h", "peers --help"),
        ("-V", "--version"),
    ],
)
def test_help_is_where_people_look_for_it(terminal: Terminal, typed: str, same: str) -> None:
    said, meant = terminal.type(typed), terminal.type(same)
    assert (said.code, said.out, said.err) == (0, meant.out, "")
    assert said.out


@pytest.mark.parametrize(
    ("typed", "what", "why"),
    [
        ("peers ping lab --wir", "`gatepost peers ping` has no option --wir", "--wire"),
        ("status --jsn", "`gatepost status` has no option --jsn", "--json"),
        ("send --zzz a b", "`gatepost send` has no option --zzz", ""),
        ("inbox main", "`gatepost inbox` does not take `main`", "quoted as one"),
        ("messages list --limit ten", "'ten' is not a whole number", ""),
        ("messages list --limit 0", "0 is not in the range", ""),
        ("stop", "there is no command `gatepost stop`", "Ctrl-C or SIGTERM"),
        ("send a b --expires 60d", "--expires 60d is too long", "30 days"),
    ],
)
def test_a_slip_is_answered_in_plain_words(
    terminal: Terminal, node: FakeNode, typed: str, what: str, why: str
) -> None:
    said = terminal.type(typed)
    assert said.code == 2 and node.asked == []
    assert what in said.err and why in said.err
    assert ("did you mean" in said.err) == why.startswith("--")


@pytest.mark.parametrize("width", [30, 60, 80, 100, 200])
def test_the_first_screen_fits_its_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = terminal.type("--help").out.splitlines()
    widest = first.INTENT + first.WORD + first.TEXT
    assert max(map(len, lines)) <= max(width, widest)
    assert all(len(text) < first.TEXT for several in first.GROUPS.values() for _, text in several)


def test_ctrl_c_at_a_question_says_that_nothing_was_changed(
    terminal: Terminal, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object, *size: int) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("tests.unit.cli.terminal.Stream.readline", interrupted)
    said = terminal.type("messages drop 0199f3a2-7b1c")
    assert said.code == 130 and node.asked == []
    assert "stopped; nothing was changed" in said.err
