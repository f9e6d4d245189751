"""Each exit code of the table in docs/cli.md happens, for what it stands for."""

import re
from pathlib import Path

import pytest

from tests.catalogue.place import Place
from tests.process.nodes import RealNode

pytestmark = pytest.mark.process
TABLE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
SHOWN = {130: "Ctrl-C: tests/edge/test_bad_input_interrupt.py", 70: "bug.internal: machine.py"}


def test_every_exit_code_of_the_table_is_what_a_command_ends_with(somewhere: Place) -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", TABLE.read_text(), re.M)}
    seen = {code: somewhere.type(line, at).code for code, (line, at) in lines(somewhere).items()}
    assert seen == {code: code for code in seen}
    assert set(seen) | set(SHOWN) == told


def lines(place: Place) -> dict[int, tuple[str, RealNode | Path | None]]:
    """A line for each, at home unless said otherwise."""
    place.quietly("policy grant other send bob@lab --deny --id shut")
    with place.home.places.policy.open("a") as policy:
        policy.write('\n[[rule]]\nid = "wait"\nhold = ["send"]\nfrom = "*"\nto = "slow@lab"\n')
    place.quietly("policy show")
    place.quietly("pause lab")
    task = place.quietly("delegate other nothing")
    place.quietly(f"cancel {task}")
    return {
        0: ("status", None),
        1: ("policy can main@lab delegate other", None),
        2: ("send", None),
        3: ("send bob@lab hello --as other", None),
        4: ("send slow@lab hello", None),
        5: ("peers ping home", _away(place)),
        6: ("start", None),
        7: ("config get nothing", None),
        8: ("status", place.bare()),
        9: ("ask other hello --wait 0s", None),
        10: (f"check {task}", None),
    }


def _away(place: Place) -> RealNode:
    place.quietly("peers endpoint home 127.0.0.1:1", place.lab)
    return place.lab


@pytest.fixture(autouse=True)
def mended(somewhere: Place) -> object:
    """The others find home and lab in contact."""
    yield
    somewhere.quietly("resume lab")
    somewhere.quietly("peers endpoint home ''", somewhere.lab)
    somewhere.connected()
