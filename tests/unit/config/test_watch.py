import os
from pathlib import Path

import pytest

from gatepost.config.files import write
from gatepost.config.watch import PolicyFiles
from gatepost.errors import GatepostError
from gatepost.policy.defaults import POLICY
from tests.unit.config.homes import judge, new_home

RULE = '[[rule]]\nid = "new"\nallow = ["ask"]\nfrom = "*@*"\nto = "*"\n'


def test_a_file_edited_by_hand_counts_at_the_next_look(tmp_path: Path):
    places = new_home(tmp_path)
    files = PolicyFiles(places, judge)
    first = files.current
    assert not files.refresh()
    assert files.current is first
    write(places.policy, POLICY + RULE)
    assert files.refresh()
    assert files.current.rule("new") is not None


def test_a_broken_file_never_replaces_the_last_good_policy(tmp_path: Path):
    places = new_home(tmp_path)
    files = PolicyFiles(places, judge)
    write(places.policy, POLICY + RULE.replace("ask", "aks"))
    assert files.refresh()
    assert files.current.rule("outbound") is not None
    assert files.fault is not None
    assert files.fault.code == "policy.invalid"
    assert "did you mean `ask`" in files.fault.what
    assert not files.refresh()
    write(places.policy, POLICY + RULE)
    assert files.refresh()
    assert files.fault is None
    assert files.current.rule("new") is not None


def test_a_file_that_is_gone_permits_nothing_more(tmp_path: Path):
    places = new_home(tmp_path)
    files = PolicyFiles(places, judge)
    os.unlink(places.policy)
    assert files.refresh()
    assert files.current.rules == ()


def test_a_policy_that_is_broken_at_the_start_is_an_error(tmp_path: Path):
    places = new_home(tmp_path)
    write(places.policy, "[[rule]]\n")
    with pytest.raises(GatepostError):
        PolicyFiles(places, judge)
