"""Stories typed at real nodes, kept as transcripts: what somebody types, what they see.

`make golden` writes them anew; the difference is reviewed like code. Every command that a
transcript tells somebody to type is read by the real parser.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.catalogue.place import Place, place
from tests.catalogue.test_every_error import plain
from tests.process.nodes import RealNode, connected, peer, until
from tests.unit.cli.grammar import commands_in, read

pytestmark = pytest.mark.process
Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Nodes of their own: what a story shows is what it did."""
    with place(tmp_path_factory.mktemp("story")) as found:
        yield found


def keep(stage: Place, golden: Golden, name: str, *more: RealNode) -> None:
    """Compare what was typed since the last story with its transcript."""
    typed, stage.typed = stage.typed, []
    for said in typed:
        for command in commands_in(said.text):
            read(command)
    golden(f"cli/stories/{name}.txt", plain(stage, *more).transcript(typed))


def test_the_first_minutes_from_nothing_to_an_answer(stage: Place, golden: Golden) -> None:
    home = stage.root / "desk"
    stage.typed = []
    stage.type("", home)
    stage.type("init", home, stdin="\n")
    stage.type("init --name Desk!", home)
    stage.type("init --name desk --listen 127.0.0.1:17448", home)
    stage.type("", home)
    stage.type("send echo hello", home)
    desk = RealNode(home, "desk", 17448).start()
    try:
        stage.type("", home)
        stage.type("agents add me", home)
        stage.type("agents add parrot --adapter echo --about 'says it back'", home)
        stage.type("agents list", home)
        stage.type('ask parrot "Are you there?" --wait 20s', home)
        stage.type("status", home)
        stage.type("peers list", home)
        keep(stage, golden, "first-minutes", desk)
    finally:
        desk.stop()


def test_refused_then_explained_then_through(stage: Place, golden: Golden) -> None:
    stage.quietly("agents add reader --adapter echo", stage.lab)
    stage.typed = []
    stage.type("ask reader@lab 'What is in night.log?' --wait 20s")
    stage.type("explain main@home reader ask", stage.lab)
    stage.type("policy can main@home reader ask", stage.lab)
    stage.type("policy grant main@home ask reader --id readers", stage.lab)
    stage.type("ask reader@lab 'What is in night.log?' --wait 20s")
    stage.type("policy revoke readers", stage.lab)
    keep(stage, golden, "refused-then-through")


def test_a_peer_that_is_away(stage: Place, golden: Golden) -> None:
    stage.typed = []
    stage.lab.kill()
    with stage.home.operator as operator:
        until(operator, lambda: peer(operator, "lab").error)
    asked = stage.type("ask bob@lab hello --wait 0s").err
    message = asked.split("question ")[1].split()[0]
    stage.type(f"messages retry {message[:13]}")
    stage.type("peers ping lab")
    stage.lab.start()
    connected(stage.home, "lab")
    stage.type("inbox --as bob --wait 20s", stage.lab)
    stage.type(f"reply {message[:13]} 'here again' --as bob", stage.lab)
    stage.type(f"check {message[:13]} --wait 20s")
    stage.type(f"messages evidence {message}")
    keep(stage, golden, "away")


def test_slips_of_the_finger(stage: Place, golden: Golden) -> None:
    stage.typed = []
    for line in (
        "help peers",
        "peer list",
        "peers lst",
        "stop",
        "send --wiat 3s main hello",
        "peers ping lab --wir",
        "messages list --limit many",
        "messages list --state finished",
        "messages list --agent mian",
        "inbox --as mian",
        "send mian hello",
        "send bob@lap hello",
        "agents add 'My Agent'",
        "ask main hello --wait soon",
        "send main hello --expires 60d",
        "policy grant main@home aks bob",
        "explain peer.unreachabel",
        "tokens create",
    ):
        stage.type(line)
    keep(stage, golden, "slips")
