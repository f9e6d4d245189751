from pathlib import Path

import pytest

from gatepost.config.grants import (
    NewRule,
    add_rules,
    blocking,
    grant_id,
    remove_rules,
    set_limit,
)
from gatepost.config.sources import policy_documents
from gatepost.errors import GatepostError
from gatepost.policy.defaults import GRANTS, POLICY
from tests.unit.config.homes import judge, new_home

AT = 1_795_000_000_000
COMMAND = "gatepost policy grant main@lab ask,delegate specialist --rate 30/min"


def grant(**changes: object) -> NewRule:
    fields: dict[str, object] = {
        "id": grant_id("main@lab", ("ask", "delegate"), "specialist"),
        "verbs": ("ask", "delegate"),
        "from_": "main@lab",
        "to": "specialist",
        "rate": "30/min",
        "by": COMMAND,
        "made": AT,
        **changes,
    }
    return NewRule(**fields)  # type: ignore[arg-type]


def test_a_grant_is_added_with_the_command_and_the_time_that_made_it(tmp_path: Path):
    places = new_home(tmp_path)
    done = add_rules(places, [grant(until=AT + 3_600_000)], judge)
    assert done.undo == "gatepost policy revoke main.lab-ask-delegate-specialist"
    assert done.line == 3
    assert places.grants.read_text() == GRANTS + (
        "\n[[rule]]\n"
        'id = "main.lab-ask-delegate-specialist"\n'
        'allow = ["ask", "delegate"]\n'
        'from = "main@lab"\n'
        'to = "specialist"\n'
        "until = 2026-11-18T12:06:40Z\n"
        'limit = { rate = "30/min" }\n'
        f'by = "{COMMAND}"\n'
        "made = 2026-11-18T11:06:40Z\n"
    )
    rule = judge(policy_documents(places)).rule("main.lab-ask-delegate-specialist")
    assert rule is not None
    assert (rule.by, rule.made, rule.origin.line) == (COMMAND, AT, done.line)
    assert places.policy.read_text() == POLICY


def test_the_same_grant_again_takes_the_place_of_the_first(tmp_path: Path):
    places = new_home(tmp_path)
    add_rules(places, [grant()], judge)
    add_rules(places, [grant(id="other")], judge)
    add_rules(places, [grant(rate="60/min")], judge)
    text = places.grants.read_text()
    assert text.count("[[rule]]") == 2
    assert "30/min" in text.split("[[rule]]")[1]
    assert "60/min" in text.split("[[rule]]")[2]
    assert "\n\n\n" not in text


def test_a_grant_that_is_wrong_is_not_written(tmp_path: Path):
    places = new_home(tmp_path)
    for wrong in (grant(verbs=("aks",)), grant(from_="Main@lab"), grant(id="outbound")):
        with pytest.raises(GatepostError) as caught:
            add_rules(places, [wrong], judge)
        assert caught.value.code == "policy.invalid"
    assert places.grants.read_text() == GRANTS


def test_revoking_cuts_the_rule_and_nothing_else(tmp_path: Path):
    places = new_home(tmp_path)
    add_rules(places, [grant(id="one"), grant(id="two"), grant(id="three")], judge)
    done = remove_rules(places, ["two"], judge)
    assert done.undo == COMMAND
    assert done.before.startswith("[[rule]]\nid")
    add_rules(places, [grant(id="two")], judge)
    assert [rule.id for rule in judge(policy_documents(places)).rules][-3:] == [
        "one",
        "three",
        "two",
    ]


def test_revoking_a_rule_of_the_operators_own_file_keeps_every_comment(tmp_path: Path):
    places = new_home(tmp_path)
    done = remove_rules(places, ["taint"], judge)
    assert (done.file, done.undo) == ("policy.toml", "")
    left = places.policy.read_text()
    gone = [row for row in POLICY.split("\n") if row and row not in left.split("\n")]
    assert gone == [
        'id = "taint"',
        'hold = ["send", "ask", "delegate"]',
        "unless = { tainted = false }",
    ]
    assert judge(policy_documents(places)).rule("taint") is None


def test_revoking_takes_tables_of_the_rule_along_and_leaves_the_next(tmp_path: Path):
    places = new_home(tmp_path)
    places.grants.write_text(
        '[[rule]]\nid = "a"\nallow = ["ask"]\nfrom = "*"\n'
        'to = [\n  "x", # ]\n]\n[rule.limit]\nturns = 1\n'
        '# of b\n[[rule]]\nid = "b"\nallow = ["ask"]\nfrom = "*"\nto = "y"\n'
    )
    remove_rules(places, ["a"], judge)
    assert places.grants.read_text() == (
        '# of b\n[[rule]]\nid = "b"\nallow = ["ask"]\nfrom = "*"\nto = "y"\n'
    )
    remove_rules(places, ["b"], judge)
    assert places.grants.read_text() == "# of b\n"


@pytest.mark.parametrize(
    "text",
    [
        'rule = [{id = "a", allow = [], from = [], to = []}]\n',
        '[[rule]]\nid = "a"\nallow = []\nfrom = []\nto = []\n'
        "[limits]\nturns = 9\n[rule.limit]\nturns = 1\n",
    ],
)
def test_a_rule_written_in_pieces_is_left_to_an_editor(tmp_path: Path, text: str):
    places = new_home(tmp_path)
    places.policy.write_text("")
    places.grants.write_text(text)
    with pytest.raises(GatepostError, match="only an editor"):
        remove_rules(places, ["a"], judge)
    assert places.grants.read_text() == text


def test_a_rule_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path):
    with pytest.raises(GatepostError, match="did you mean `outbound`") as caught:
        remove_rules(new_home(tmp_path), ["outbond"], judge)
    assert caught.value.code == "policy.rule_unknown"


def test_files_that_are_broken_already_are_told_and_not_touched(tmp_path: Path):
    places = new_home(tmp_path)
    places.grants.write_text("[[rule\n")
    for change in (
        lambda: add_rules(places, [grant()], judge),
        lambda: remove_rules(places, ["x"], judge),
        lambda: set_limit(places, "turns", "3", "", judge),
    ):
        with pytest.raises(GatepostError, match=r"grants\.toml:1") as caught:
            change()
        assert caught.value.code == "policy.invalid"
    assert places.grants.read_text() == "[[rule\n"
    assert places.policy.read_text() == POLICY


def test_a_block_is_two_rules_by_the_peers_id(tmp_path: Path):
    places = new_home(tmp_path)
    rules = blocking("lab", "a" * 52, AT)
    add_rules(places, rules, judge)
    law = judge(policy_documents(places))
    assert {rule.by for rule in law.rules if rule.deny} == {"gatepost peers block lab"}
    remove_rules(places, [rule.id for rule in rules], judge)
    assert not any(rule.deny for rule in judge(policy_documents(places)).rules)


def test_a_default_limit_is_set_in_its_place(tmp_path: Path):
    places = new_home(tmp_path)
    done = set_limit(places, "turns", "24", "", judge)
    assert (done.before, done.undo) == ("12", "gatepost policy limit turns 12")
    assert places.policy.read_text() == POLICY.replace("turns = 12  ", "turns = 24  ")
    assert judge(policy_documents(places)).limits.turns == 24


def test_a_limit_of_one_rule_is_set_or_made(tmp_path: Path):
    places = new_home(tmp_path)
    add_rules(places, [grant(id="g")], judge)
    assert set_limit(places, "rate", "60/min", "g", judge).before == "30/min"
    set_limit(places, "turns", "3", "g", judge)
    set_limit(places, "turns", "5", "local", judge)
    law = judge(policy_documents(places))
    limits = [rule.limit for rule in law.rules if rule.id in ("g", "local")]
    assert sorted(limit.turns or 0 for limit in limits) == [3, 5]
    row = 'to = "*"\nlimit = { turns = 5 }\n'
    assert row in places.policy.read_text()
    with pytest.raises(GatepostError, match="there is no rule `h`"):
        set_limit(places, "turns", "3", "h", judge)
    with pytest.raises(GatepostError, match="not a word of the policy"):
        set_limit(places, "spins", "3", "", judge)


def test_ids_made_from_what_a_grant_says_are_ids(tmp_path: Path):
    for from_, to in (("*@home", "*"), ("a" * 60 + "@b", "c"), ("*", "-x-")):
        add_rules(new_home(tmp_path), [grant(id=grant_id(from_, ("ask",), to))], judge)
    assert grant_id("*@home", ("ask",), "*") == "any.home-ask-any"
    assert grant_id("*@home", ("ask",), "*", "deny") == "deny-any.home-ask-any"


def test_the_nodes_of_a_rule_are_written_so_that_they_are_read_again(tmp_path: Path):
    places = new_home(tmp_path)
    nodes = {"lab": "a" * 52, "old.lab": "b" * 52}
    add_rules(places, [grant(id="one", from_="main@old.lab", nodes={"old.lab": "b" * 52})], judge)
    add_rules(places, [grant(id="two", nodes={"lab": nodes["lab"]})], judge)
    text = places.grants.read_text()
    assert 'nodes = { "old.lab" = "bbb' in text
    assert 'nodes = { lab = "aaa' in text
    rule = judge(policy_documents(places)).rule("one")
    assert rule is not None
    assert (rule.from_[0].node, str(rule.from_[0])) == (nodes["old.lab"], "main@old.lab")
