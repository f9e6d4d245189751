"""The law at the command line: who may, what is expected, drafts, and what a change opens."""

import json
import stat
from pathlib import Path

import pytest

from gatepost.config.files import write
from tests.unit.cli.typist import Typist, typist
from tests.unit.policy.cases import rule

IN = rule("in", 'allow = ["ask"]', "*@home", "specialist") + rule(
    "out", 'allow = ["ask"]', "*", "*@*"
)
NO_EVE = rule("no-eve", 'deny = ["ask"]', "eve@home", "specialist")
EXPECT = '[[expect]]\nwho = "eve@home -> specialist"\nverb = "ask"\nwant = "deny"\n'


@pytest.fixture
def lab(tmp_path: Path):
    with typist(tmp_path, IN + NO_EVE) as one:
        yield one


def editor(lab: Typist, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """From now on $EDITOR is a shell script; `$1` is the file."""
    path = lab.places.home.parent / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(path))


def draft(lab: Typist) -> Path:
    return lab.places.policy.with_name("policy.toml.draft")


# can, who-can


def test_yes_and_no_are_the_exit_code_and_nobody_has_to_exist(lab: Typist) -> None:
    yes = lab.type("policy can stranger@home specialist ask")
    assert (yes.code, yes.out) == (0, "yes\n")
    no = lab.type("policy can eve@home specialist ask")
    assert (no.code, no.out) == (1, "no\n")
    assert "rule `no-eve` refuses it" in no.err
    assert "gatepost explain eve@home specialist ask" in no.err
    later = lab.type("policy can someone@attic ghost ask,send")
    assert (later.code, later.out) == (1, "no\n")
    assert "no agent `ghost` yet" in later.err and "no peer `attic` yet" in later.err


def test_a_hold_is_no_yes(lab: Typist) -> None:
    lab.policy(IN + rule("wait", 'hold = ["ask"]', "*@home", "specialist"))
    said = lab.type("policy can bob@home specialist ask --json")
    assert said.code == 1
    assert json.loads(said.out) == {"can": False, "verdicts": {"ask": "hold"}, "notes": []}


def test_a_pause_a_used_up_rate_and_an_absent_agent_change_no_permission(lab: Typist) -> None:
    assert lab.type("pause").code == 0
    assert lab.type("policy can bob@home specialist ask").out == "yes\n"


def test_who_may_is_told_from_the_widest_to_the_exceptions(lab: Typist) -> None:
    found = lab.asked("policy who-can ask specialist")
    rows = [(one["who"], one["verdict"], one["rule"]) for one in found["who"]]
    assert rows == [("*@home", "allow", "in"), ("eve@home", "deny", "no-eve")]
    nobody = lab.type("policy who-can delegate specialist")
    assert nobody.code == 1 and "nobody may delegate specialist" in nobody.out


def test_of_an_agent_elsewhere_the_rules_here_are_told_and_that_others_decide_too(
    lab: Typist,
) -> None:
    said = lab.type("policy who-can ask bob@home")
    assert said.code == 0 and "out" in said.out
    assert "home" in said.err


def test_what_only_some_of_them_may_not_is_told_beside(lab: Typist) -> None:
    taint = rule("taint", 'hold = ["ask"]', "*", "*@*", "unless = { tainted = false }")
    lab.policy(IN + taint)
    said = lab.type("policy who-can ask bob@home")
    assert said.code == 0 and "read text of another owner is held: rule `taint`" in said.err


# expectations


def test_expectations_that_hold_are_counted_and_one_that_fails_exits_with_1(lab: Typist) -> None:
    assert lab.type("policy test").out.startswith("no expectations")
    lab.policy(IN + NO_EVE + EXPECT)
    assert (lab.type("policy test").code, lab.type("policy test").out) == (0, "1 passed\n")
    other = lab.places.home / "draft.toml"
    write(other, IN + EXPECT)
    said = lab.type(f"policy test {other}")
    assert said.code == 1
    assert "wanted deny, got allow" in said.out and "rule `in`" in said.out
    assert "0 passed, 1 failed" in said.out


def test_a_command_that_breaks_an_expectation_changes_nothing(lab: Typist) -> None:
    lab.policy(IN + NO_EVE + EXPECT)
    before = lab.places.policy.read_text()
    said = lab.type("policy revoke no-eve")
    assert said.code == 7 and "policy.expectation" in said.err
    assert lab.places.policy.read_text() == before
    assert lab.type("policy can eve@home specialist ask").out == "no\n"


@pytest.mark.requirement("F15")
def test_every_right_a_command_gave_counts_and_none_is_taken_off_or_added(lab: Typist) -> None:
    given = ("see", "send", "delegate")
    assert lab.type(f"policy grant bob@home {','.join(given)} specialist --id given").code == 0
    for verb in ("ping", "see", "send", "ask", "delegate"):
        said = lab.type(f"policy can bob@home specialist {verb}")
        assert said.out == ("yes\n" if verb in (*given, "ask") else "no\n"), verb
    rows = {row["id"]: row["verbs"] for row in json.loads(lab.type("policy show --json").out)}
    assert rows["given"] == list(given)


@pytest.mark.requirement("F15")
def test_agents_of_one_node_need_no_pairing_and_a_refusal_among_them_names_the_rule(
    lab: Typist,
) -> None:
    lab.policy(IN + NO_EVE + rule("local", 'allow = ["send"]', "*", "*"))
    assert lab.stage.submit("lab", "bob", "specialist", verb="send").state == "accepted"
    error = lab.stage.refused("lab", "bob", "specialist", verb="delegate")
    assert error.code == "policy.denied" and "no rule lets bob delegate specialist" in error.why


# taking a rule away


def test_what_a_deny_held_back_is_said_before_it_goes(lab: Typist) -> None:
    dry = lab.type("policy revoke no-eve --dry-run")
    assert dry.code == 0 and "opens   eve@home → specialist may then ask: `in` allows it" in dry.err
    assert lab.type("policy can eve@home specialist ask").out == "no\n"
    assert lab.type("policy revoke in --dry-run").out == "opens nothing\n"
    gone = lab.type("policy revoke no-eve")
    assert gone.code == 0 and gone.err.index("opens") < gone.err.index("undo")
    assert "gatepost policy edit policy.toml --undo" in gone.err
    assert lab.type("policy edit policy.toml --undo").code == 0
    assert lab.type("policy can eve@home specialist ask").out == "no\n"


def test_an_undo_brings_back_nothing_over_what_came_after(lab: Typist) -> None:
    assert lab.type("policy revoke no-eve").code == 0
    write(lab.places.policy, lab.places.policy.read_text() + "# later\n")
    said = lab.type("policy edit policy.toml --undo")
    assert said.code == 7 and "config.changed" in said.err
    assert lab.places.policy.read_text().endswith("# later\n")


# editing


def test_an_edit_is_taken_and_says_what_it_changed_and_opened(
    lab: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lab.places.policy.read_text()
    new = IN + rule("more", 'allow = ["send"]', "*@home", "specialist")
    write(lab.places.home / "new.toml", new)
    editor(lab, monkeypatch, f'cp {lab.places.home}/new.toml "$1"')
    said = lab.type("policy edit")
    assert said.code == 0, said
    assert "added   more" in said.out and "removed no-eve" in said.out
    assert "without `no-eve` as it was, eve@home → specialist may then ask" in said.err
    assert lab.places.policy.read_text() == new
    assert lab.type("policy can bob@home specialist send").out == "yes\n"
    assert not draft(lab).exists()
    assert "policy edit policy.toml --undo" in said.err
    assert lab.type("policy edit --undo").code == 0
    assert lab.places.policy.read_text() == before


def test_a_draft_that_cannot_be_read_is_kept_and_goes_on(
    lab: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lab.places.policy.read_text()
    editor(lab, monkeypatch, 'echo "[[rul]]" >> "$1"')
    said = lab.type("policy edit")
    assert said.code == 7 and "policy.toml:" in said.err and "the draft is kept" in said.err
    assert lab.places.policy.read_text() == before
    assert draft(lab).read_text().endswith("[[rul]]\n")
    editor(lab, monkeypatch, "sed -i '/rul]]$/d' \"$1\"; echo '# better' >> \"$1\"")
    again = lab.type("policy edit")
    assert again.code == 0 and "goes on with the draft" in again.err
    assert lab.places.policy.read_text().endswith("# better\n")


def test_an_edit_that_breaks_an_expectation_is_refused_and_the_draft_kept(
    lab: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.policy(IN + NO_EVE + EXPECT)
    before = lab.places.policy.read_text()
    write(lab.places.home / "new.toml", IN + EXPECT)
    editor(lab, monkeypatch, f'cp {lab.places.home}/new.toml "$1"')
    said = lab.type("policy edit")
    assert said.code == 7 and "policy.expectation" in said.err
    assert lab.places.policy.read_text() == before and draft(lab).exists()


def test_a_file_that_somebody_else_changed_meanwhile_is_never_overwritten(
    lab: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(lab, monkeypatch, f'echo "# mine" >> "$1"; echo "# theirs" >> {lab.places.policy}')
    said = lab.type("policy edit")
    assert said.code == 7 and "config.changed" in said.err and "--anew" in said.err
    assert lab.places.policy.read_text().endswith("# theirs\n")
    editor(lab, monkeypatch, 'echo "# mine too" >> "$1"')
    assert lab.type("policy edit --anew").code == 0
    assert lab.places.policy.read_text().endswith("# theirs\n# mine too\n")


def test_nothing_typed_changes_nothing_and_leaves_no_draft(
    lab: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(lab, monkeypatch, "true")
    said = lab.type("policy edit")
    assert (said.code, said.out) == (0, "policy.toml is as it was\n")
    assert not draft(lab).exists()
    assert lab.type("policy edit --undo").code == 2


@pytest.mark.parametrize(
    ("script", "says"), [("exit 3", "ended with 3"), ("printf '\\377' > \"$1\"", "not UTF-8")]
)
def test_an_editor_that_fails_or_spoils_the_draft_leaves_the_file(
    lab: Typist, monkeypatch: pytest.MonkeyPatch, script: str, says: str
) -> None:
    before = lab.places.policy.read_bytes()
    editor(lab, monkeypatch, script)
    said = lab.type("policy edit")
    assert said.code in (2, 7) and says in said.err
    assert lab.places.policy.read_bytes() == before


def test_no_editor_is_said_so(lab: Typist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "/nowhere/edit")
    assert "cannot be started" in lab.type("policy edit").err
    assert lab.type("policy edit other.toml").code == 2


def test_an_answer_says_when_the_file_is_not_the_law(lab: Typist) -> None:
    write(lab.places.policy, IN + "[[rul]]\n")
    for line in ("explain eve@home specialist ask", "policy can eve@home specialist ask"):
        said = lab.type(line)
        assert said.code == 1
        assert "policy.toml:" in said.err and "the last good policy is in force" in said.err


# explain, the other forms


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("policy.denied", "error[policy.denied]: a rule refuses it"),
        ("delivery.expires", "delivery.expires = "),
        ("listen", "listen = (empty)"),
    ],
)
def test_an_error_code_and_a_setting_are_explained(lab: Typist, word: str, says: str) -> None:
    said = lab.type(f"explain {word}")
    assert said.code == 0 and said.out.startswith(says)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("polcy.denied", "policy.denied"),
        ("delivery.expire", "delivery.expires"),
        ("zzz", "FROM TO VERB"),
    ],
)
def test_a_word_that_is_neither_is_answered_with_what_is_near(
    lab: Typist, words: str, near: str
) -> None:
    said = lab.type(f"explain {words}")
    assert said.code == 2 and near in said.err


def test_at_takes_a_clock_or_a_date(lab: Typist) -> None:
    night = rule("night", 'deny = ["ask"]', "*@home", "*", 'unless = { hours = "08:00-18:00 UTC" }')
    lab.policy(IN + night)
    wish = "explain bob@home specialist ask --at"
    assert lab.type(f"{wish} 2027-01-31T12:00:00Z").code == 0
    assert lab.type(f"{wish} 2027-01-31T22:00:00Z").code == 1
    assert lab.type(f"{wish} 22:00").code in (0, 1)
    assert lab.type(f"{wish} soon").code == 2


def test_the_shape_for_programs_is_stable(lab: Typist) -> None:
    found = lab.asked("explain eve@home specialist ask")
    assert list(found) == [
        "verdict", "stages", "headline", "code", "fixes", "remote_node", "remote", "rules",
        "revision", "then", "there", "notes",
    ]  # fmt: skip
    assert all(
        list(line) == ["stage", "verdict", "rule", "origin", "because", "fix"]
        for line in found["stages"]
    )
    assert found["verdict"] == "deny" and found["rules"] == ["in", "no-eve"]
