"""Every command with `--json`, on real nodes: one JSON value a line, stable shapes, no talk."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.catalogue.place import Place
from tests.catalogue.typed import Said
from tests.unit.cli.grammar import commands

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
Line = tuple[str, str]
NO_JSON = {"mcp": "it speaks its own protocol on stdin and stdout"}


class Player:
    """Types lines with `--json`; what it said is kept by the words of the command."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.said: dict[str, Said] = {}
        self.words = sorted((path for path, _ in commands()), key=len, reverse=True)

    def type(self, line: str, at: object = None, **how: str) -> object:
        """The first value it said."""
        word = next(word for word in self.words if f"{line} ".startswith(f"{word} "))
        said = self.place.type(f"{line} --json", at, **how)  # pyright: ignore[reportArgumentType]
        assert "--json" not in said.err
        self.said.setdefault(word, said)
        assert said.out or said.err, line
        return json.loads(said.out.splitlines()[0] if said.out else said.err)


def play(player: Player, tmp: Path) -> None:
    """Every command once, each where it does something."""
    place, home, lab = player.place, player.place.home, player.place.lab
    do = player.type
    do("init --name shed --listen 127.0.0.1:17445", tmp / "shed")
    do("start")
    do("status")
    do("doctor --quick")
    do("log --limit 2")
    do("keys show")
    do("agents add x-json --about 'reads JSON'")
    do("agents list x-json")
    (sent,) = _ids(do("send bob@lab hello"))
    do(f"check {sent} --wait 20s")
    do("ask bob@lab hello --wait 0s")
    (task,) = _ids(do("delegate x-json work --done-when 'it is done'"))
    do("inbox --as x-json")
    do(f"reply {task} fine --as x-json")
    (gone,) = _ids(do("send x-json good-bye"))
    do(f"cancel {gone}")
    do("messages list --limit 1")
    do(f"messages show {task}")
    do(f"messages evidence {sent}")
    (again,) = _ids(do(f"messages replay {gone} --reason 'once more'"))
    do(f"messages retry {again}")
    do(f"messages drop {again} --reason 'not that again'")
    do("messages prune --older 30d --dry-run")
    do("explain main bob@lab ask")
    do("pause x-json")
    do("resume x-json")
    _peers(player)
    _law(player, tmp)
    _settings(player, tmp)
    do("tokens create x-json --note 'for a test'")
    tokens = do("tokens list")
    assert isinstance(tokens, list)
    do(f"tokens revoke {tokens[-1]['id']}")
    do("agents remove x-json")
    do("openclaw explain main helper")
    do("openclaw doctor")
    config = tmp / "openclaw.json"
    config.write_text('{"agents": {"list": [{"id": "main"}]}}')
    do(f"openclaw status --config {config}")
    do(f"openclaw connect --config {config} --program {tmp}/none --yes")
    do(f"openclaw disconnect --config {config} --program {tmp}/none --yes")
    _holds(player)
    assert home and lab and place


def _peers(player: Player) -> None:
    do, attic = player.type, player.place.attic
    made = do("peers invite loft --no-wait")
    assert isinstance(made, dict)
    do(f"peers accept {made['text']} --name house", attic)
    do("peers list")
    do("peers show loft")
    do("peers ping loft")
    do("peers block loft")
    do("peers unblock loft")
    do("peers trust loft", stdin="loft\n")
    do("peers endpoint loft ''")
    do("peers alias loft garret")
    do("peers remove garret")


def _law(player: Player, tmp: Path) -> None:
    do = player.type
    do("policy grant main@lab ask x-json --id json")
    do("policy show")
    do("policy can main@lab ask x-json")
    do("policy who-can ask x-json")
    do("policy test")
    do("policy limit rate 60/min --rule json")
    draft = tmp / "draft.toml"
    draft.write_text(player.place.home.places.policy.read_text())
    do(f"policy diff {draft}")
    do(f"policy edit {draft}")
    do("policy revoke json")


def _settings(player: Player, tmp: Path) -> None:
    do, bare = player.type, player.place.bare()
    do("config list --changed", bare)
    do("config get listen", bare)
    do("config set listen 127.0.0.1:17446", bare)
    do("config undo", bare)
    do("config unset listen", bare)
    do("config patch -", bare, stdin='{"listen": "127.0.0.1:17447"}')
    do("config check", bare)
    do("config schema", bare)
    kit = do("init --name barn --listen 127.0.0.1:17448", tmp / "barn")
    assert isinstance(kit, dict)
    kit = do("keys rotate -", tmp / "barn", stdin=str(kit["kit"]))
    assert isinstance(kit, dict)
    do("keys recover -", tmp / "barn", stdin=str(kit["kit"]))


def _holds(player: Player) -> None:
    do, home = player.type, player.place.home
    with home.places.policy.open("a") as policy:
        policy.write('\n[[rule]]\nid = "ask-me"\nhold = ["send"]\nfrom = "*"\nto = "yes@lab"\n')
    player.place.quietly("policy show")
    (one,), (other,) = (_ids(do("send yes@lab hello")) for _ in range(2))
    do("holds list")
    do(f"holds show {one}")
    do(f"holds approve {one} --for 1h", stdin="yes\n")
    do(f"holds refuse {other} 'not this one'")
    standing = do("holds list --standing")
    assert isinstance(standing, list)
    do(f"holds revoke {standing[0]['id']}")


def _ids(value: object) -> tuple[str]:
    assert isinstance(value, dict) and "id" in value, value
    return (str(value["id"]),)


def shape(value: object) -> object:
    """The kinds of a JSON value: what a program that reads it relies on."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool):
        return "yes or no"
    names = {str: "text", int: "number", float: "number", type(None): "nothing"}
    return names[type(value)]


@pytest.fixture(scope="module")
def player(somewhere: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    one = Player(somewhere)
    play(one, tmp_path_factory.mktemp("json"))
    yield one


def test_every_command_was_typed(player: Player) -> None:
    assert set(player.said) | set(NO_JSON) == {path for path, _ in commands()}


def test_what_it_says_is_json_on_one_line_and_talk_is_silent(player: Player) -> None:
    for word, said in player.said.items():
        assert all(json.loads(line) is not None for line in said.out.splitlines()), word
        talk = (
            "" if said.err.rstrip().endswith(":") else said.err
        )  # a question is talk that must be
        assert bool(said.out) != bool(talk), (word, said)
        if talk:
            assert set(json.loads(said.err)) == {"error"}, word


def test_its_shapes_stay_as_they_are(player: Player, golden: Callable[[str, str], None]) -> None:
    lines: list[str] = []
    for word, said in sorted(player.said.items()):
        first, *_ = (said.out or said.err).splitlines()
        known = {} if word == "config schema" else shape(json.loads(first))
        lines += [f"{word}  {json.dumps(known, sort_keys=True)}"]
    golden("cli/json-shapes.txt", "\n".join(lines) + "\n")
