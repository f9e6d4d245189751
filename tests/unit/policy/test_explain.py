import json

import msgspec

from gatepost.policy.evaluate import evaluate
from gatepost.policy.explain import explain, explained, refused_there
from gatepost.policy.patterns import Party
from tests.unit.policy.cases import (
    HERE,
    HOME,
    SPECIALIST,
    default_law,
    facts,
    inbound,
    law,
    outbound,
    rule,
)


def test_the_shape_for_machines_is_stable():
    shown = json.loads(msgspec.json.encode(explain(default_law(), inbound(), facts())))
    assert shown["verdict"] == "deny"
    assert [line["stage"] for line in shown["stages"]] == [
        "paused",
        "genuine",
        "allowed",
        "limits",
        "ready",
    ]
    for line in shown["stages"]:
        assert list(line) == ["stage", "verdict", "rule", "origin", "because", "fix"]


def test_three_reasons_are_told_at_once_each_with_its_own_command():
    request = inbound(to=Party("specialst"), turns=13)
    stand = facts(paused="home", unknown=("specialst",), agents=("main", "specialist"))
    shown = explain(default_law(), request, stand)
    assert shown.fixes == (
        "gatepost resume home",
        "gatepost policy grant main@home ask specialst",
        "gatepost policy limit turns 24",
        "gatepost agents add specialst",
    )
    assert "did you mean `specialist`?" in shown.stages[-1].because
    assert shown.headline == (
        "denied: main@home ask specialst: no rule lets main@home ask specialst (and 3 more)"
    )


def test_an_unknown_peer_is_met_with_the_nearest_alias():
    shown = explain(
        default_law(),
        outbound(to=Party("specialist", "", "lba")),
        facts(paired=False, peers=("lab", "work")),
    )
    assert "did you mean `lab`?" in shown.stages[1].because
    assert shown.fixes == ("gatepost peers invite lba",)


def test_a_rule_made_by_command_shows_the_command_and_the_time():
    made = 'by = "gatepost policy grant main@home ask specialist"\nmade = 2026-11-20T10:12:00Z'
    shown = explain(default_law(rule(more=made)), inbound(), facts())
    assert shown.stages[2].origin == (
        "grants.toml:1 (`gatepost policy grant main@home ask specialist`, 2026-11-20 10:12 UTC)"
    )


def test_a_block_is_lifted_by_unblocking_and_not_by_its_rule():
    block = rule("block-in", 'deny = ["ask"]', f"*@{HOME}", "*", 'by = "gatepost peers block home"')
    shown = explain(law(rule() + block), inbound(), facts())
    assert shown.fixes == ("gatepost peers unblock home",)


def test_patterns_in_commands_are_quoted_for_the_shell():
    node = Party("", HOME, "home")
    shown = explain(law(""), inbound("ping", node, Party("")), facts())
    assert shown.fixes == ("gatepost policy grant '*@home' ping '*'",)


def test_what_leaves_this_node_names_the_commands_of_the_other_side():
    request = outbound(sender=SPECIALIST, to=Party("main", HOME, "home"))
    shown = explain(default_law(), request, facts())
    assert (shown.verdict, shown.remote_node) == ("allow", "home")
    assert shown.remote == (
        "gatepost policy can specialist@lab ask main",
        "gatepost policy grant specialist@lab ask main",
    )
    assert explain(default_law(), request, facts(name="")).remote[1] == (
        f"gatepost policy grant specialist@{HERE} ask main"
    )
    assert explain(default_law(), inbound(), facts()).remote == ()


def test_one_word_from_the_other_side_becomes_a_sentence_and_its_operators_command():
    request = outbound(sender=SPECIALIST, to=Party("main", HOME, "home"))
    shown = refused_there("denied", request, facts())
    assert (shown.verdict, shown.code, shown.remote_node) == ("deny", "policy.denied", "home")
    assert "no such agent" in shown.headline
    assert shown.remote[1] == "gatepost policy grant specialist@lab ask main"
    assert refused_there("held", request, facts()).verdict == "hold"
    assert refused_there("limited", request, facts()).code == "policy.limited"
    assert refused_there("too_large", request, facts()).remote == ()
    assert "`home` answers `novel`" in refused_there("novel", request, facts()).headline


def test_a_recorded_decision_is_explained_as_it_was():
    decision = evaluate(default_law(), inbound(), facts())
    recorded = msgspec.json.decode(msgspec.json.encode(decision.steps), type=type(decision.steps))
    assert recorded
    shown = explained(decision, inbound(), facts())
    assert [line.stage for line in shown.stages] == ["allowed"]
