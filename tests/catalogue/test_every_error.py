"""Every error of the catalogue happens to real nodes, is said as such, and its fix can be typed."""

import json
import re
from collections.abc import Callable

import pytest

from gatepost.errors import CATALOGUE
from tests.catalogue import adapters, calls, machine, openclaw, peers, people
from tests.catalogue.place import PROVOKED, Place
from tests.catalogue.plain import Plain
from tests.catalogue.typed import Said
from tests.process.nodes import RealNode
from tests.unit.cli.grammar import commands_in, read

pytestmark = pytest.mark.process
SUBJECTS = (adapters, calls, machine, openclaw, peers, people)


def test_no_error_is_without_its_provocation() -> None:
    counted = [name for one in SUBJECTS for name in vars(one) if name == "provokes"]
    assert len(counted) == len(SUBJECTS)
    assert set(PROVOKED) == set(CATALOGUE)


@pytest.mark.parametrize("code", sorted(PROVOKED))
def test_an_error_is_provoked_and_said(
    code: str, somewhere: Place, golden: Callable[[str, str], None]
) -> None:
    somewhere.typed.clear()
    said = PROVOKED[code](somewhere)
    assert code in said.text, said.text
    check_error(said, code)
    for line in somewhere.typed:
        for command in commands_in(line.text):
            read(command)
    golden(f"cli/errors/{code}.txt", plain(somewhere).transcript(somewhere.typed))


def check_error(said: Said, code: str) -> None:
    """What is said as an error has its exit code (or status), its words and its fields."""
    entry = CATALOGUE[code]
    if said.line.startswith("GET "):
        assert said.code == (entry.status or entry.family.value[1])
        assert json.loads(said.err)["fix"]
    elif (head := f"error[{code}]: {entry.title}") in said.err:
        assert said.code in (entry.family.value[0], 0), said.text  # 0: said to an agent, which ends
        block = said.err[said.err.index(head) :].splitlines()[1:]
        labels = [match[1] for line in block if (match := re.match(r"  (\w+) +\S", line))]
        assert labels == [one for one in ("what", "why", "where", "fix", "who") if one in labels]
        assert {"fix", "who"} <= set(labels)
    else:
        assert f"{entry.title} ({code})" in said.text or f"{code}: " in said.out or code in said.out


def plain(place: Place, *more: RealNode) -> Plain:
    """How transcripts of this place are made the same at every run."""
    names = dict(sorted(place.names.items(), key=lambda pair: -len(pair[0])))
    made = Plain({str(place.root): "/srv", **names})
    for node in (place.home, place.lab, *place.guests.values(), *more):
        made.node(json.loads(place.quietly("keys show --json", node))["node"], node.name)
    return made
