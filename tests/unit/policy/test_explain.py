import json

import msgspec

from gatepost.policy.evaluate import evaluate
from gatepost.policy.explain import explain, explained, said_there
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
        "gatepost explain specialist@lab main ask",
        "gatepost policy grant specialist@lab ask main",
    )
    assert explain(default_law(), request, facts(name="")).remote[1] == (
        f"gatepost policy grant specialist@{HERE} ask main"
    )
    assert explain(default_law(), inbound(), facts()).remote == ()


def test_one_word_from_the_other_side_becomes_a_sentence_and_its_operators_command():
    request = outbound(sender=SPECIALIST, to=Party("main", HOME, "home"))
    said = said_there("denied", request, facts(), at=7)
    assert (said.verdict, said.node, said.word, said.at) == ("deny", "home", "denied", 7)
    assert "no such agent" in said.because
    assert said.fixes[1] == "gatepost policy grant specialist@lab ask main"
    assert said_there("held", request, facts()).verdict == "hold"
    assert said_there("ok", request, facts()).verdict == "allow"
    assert said_there("too_large", request, facts()).fixes == ()
    assert "`home` answers `novel`" in said_there("novel", request, facts()).because


def test_a_node_that_said_nothing_is_not_spoken_for():
    said = said_there("", outbound(to=Party("main", HOME, "home")), facts())
    assert (said.verdict, said.word, said.at) == ("unknown", "", 0)
    assert said.fixes


def test_a_recorded_decision_is_explained_as_it_was():
    decision = evaluate(default_law(), inbound(), facts())
    recorded = msgspec.json.decode(msgspec.json.encode(decision.steps), type=type(decision.steps))
    assert recorded
    shown = explained(decision, inbound(), facts())
    assert [line.stage for line in shown.stages] == ["allowed"]


def test_a_hold_that_no_rule_allows_besides_needs_both_commands():
    held = law(rule("h", 'hold = ["ask"]'))
    assert explain(held, inbound(), facts()).fixes == (
        "gatepost policy revoke h",
        "gatepost policy grant main@home ask specialist",
    )
    allowed = law(rule("h", 'hold = ["ask"]') + rule("a"))
    assert explain(allowed, inbound(), facts()).fixes == ("gatepost policy revoke h",)


def test_a_size_is_raised_by_command_up_to_what_a_frame_carries():
    small = law(rule(more="limit = { bytes = 1000 }"))
    at = 256 * 1024
    assert explain(small, inbound(size=at), facts()).fixes == (
        "gatepost policy limit bytes 262144 --rule r",
    )
    more = explain(small, inbound(size=at + 1), facts()).fixes
    assert more == ("send a summary, or put the file where the other agent can reach it",)


def test_a_count_is_told_with_the_one_that_is_too_many():
    some = law(rule(more="limit = { open = 2, concurrent = 1 }"))
    lines = explain(some, inbound(), facts(open=2, running=1)).stages
    assert [(line.because, line.fix) for line in lines if line.stage == "limits"] == [
        (
            "this would be open conversation 3; the limit is 2",
            "gatepost policy limit open 4 --rule r",
        ),
        (
            "this would be run 2 at a time; the limit is 1, and it waits for one to end",
            "gatepost policy limit concurrent 2 --rule r",
        ),
    ]


def test_a_limit_of_a_rule_that_goes_is_not_raised():
    both = law(rule("h", 'hold = ["ask"]', more="limit = { turns = 1 }") + rule("a"))
    assert explain(both, inbound(turns=2), facts()).fixes == ("gatepost policy revoke h",)


def test_what_sets_a_rule_aside_is_told_as_it_stands_now():
    deny = rule("d", 'deny = ["ask"]', more='unless = { conversation = "c1" }')
    shown = explain(law(rule() + deny), inbound(conversation="c2"), facts())
    assert shown.stages[2].because == (
        "rule `d` refuses it: the conversation is not one the rule names"
    )
    aside = rule("a", more='unless = { conversation = "c1" }')
    shown = explain(law(aside), inbound(conversation="c1"), facts())
    assert shown.stages[2].because.endswith(
        "rule `a` (policy.toml:1) would, but steps aside: the conversation is one the rule names"
    )
