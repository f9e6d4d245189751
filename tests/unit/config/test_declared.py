"""Peers in gatepost.toml: read whole, or refused with the line."""

import pytest

from gatepost.config.declared import Declaration
from gatepost.config.sources import load
from gatepost.core.identity import show
from gatepost.core.origin import Document, Origin
from gatepost.errors import GatepostError
from tests.seeded import SeededKeys

LAB, DEN = SeededKeys("lab").node, SeededKeys("den").node


def peers(text: str) -> tuple[Declaration, ...]:
    return load(Document("gatepost.toml", text), {}).peers


def test_a_declared_peer_is_read_with_its_place() -> None:
    text = (
        'name = "home"\n\n'
        f'[peers.lab]\nnode = "{show(LAB).upper()}"\nendpoint = "lab.example:7443"\n'
        f'owner = "work"\n\n[peers."den"]\nnode = "{DEN}"\n'
    )
    assert peers(text) == (
        Declaration("lab", LAB, "lab.example:7443", "work", Origin("gatepost.toml", 3)),
        Declaration("den", DEN, "", "", Origin("gatepost.toml", 8)),
    )


def test_a_file_without_peers_declares_none() -> None:
    assert peers("") == ()
    assert peers("[peers]\n") == ()


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("peers = 3\n", 1, "[peers.NAME]"),
        ("[peers]\nlab = 3\n", 2, "[peers.lab]"),
        ("[peers.lab]\n", 1, "names no `node`"),
        ('[peers.lab]\nnode = ""\n', 1, "names no `node`"),
        ("[peers.lab]\nnode = 7\n", 2, "must be a text"),
        ('[peers.lab]\nnode = "lab"\n', 2, "not a node id"),
        (f'[peers.lab]\nnode = "{LAB[:-1]}"\n', 2, "not a node id"),
        (f'[peers.lab]\nnode = "{LAB}"\nendpoint = "lab"\n', 3, "HOST:PORT"),
        (f'[peers.lab]\nnode = "{LAB}"\nendpoint = "lab:0"\n', 3, "HOST:PORT"),
        (f'[peers.lab]\nnode = "{LAB}"\nowner = "Me!"\n', 3, "no name"),
        (f'[peers.lab]\nnod = "{LAB}"\n', 2, "did you mean `node`"),
        (f'[peers.Lab]\nnode = "{LAB}"\n', 1, "no peer can be called"),
        (f'[peers.{LAB}]\nnode = "{LAB}"\n', 1, "no peer can be called"),
        (f'[peers."a b"]\nnode = "{LAB}"\n', 1, "no peer can be called"),
        (f'[peers.lab]\nnode = "{LAB}"\n[peers.den]\nnode = "{LAB}"\n', 3, "one node"),
        ("[[peers]]\nnode = 1\n", 1, "[peers.NAME]"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(GatepostError) as raised:
        peers(text)
    assert raised.value.code == "config.invalid"
    assert raised.value.where == f"gatepost.toml:{line}"
    assert what in raised.value.what


def test_a_mistyped_letter_of_a_shown_id_is_found_by_its_check_characters() -> None:
    shown = show(LAB)
    wrong = shown[:3] + ("a" if shown[3] != "a" else "b") + shown[4:]
    with pytest.raises(GatepostError) as raised:
        peers(f'[peers.lab]\nnode = "{wrong}"\n')
    assert "mistyped in group 1 or 2" in raised.value.what
