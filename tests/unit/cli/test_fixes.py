"""Every fix that `explain` prints, typed at the real command line, leaves nothing in the way.

Not flipped here: an invitation, whose other half is another operator's, and a fix that is a
sentence because nothing that can be typed would do.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatepost.errors import GatepostError
from tests.unit.cli.typist import Typist, typist
from tests.unit.node.stage import OPEN
from tests.unit.policy.cases import numbered, rule, rules

IN = rule("in", 'allow = ["ask"]', "*@*", "*") + rule("out", 'allow = ["ask"]', "*", "*@*")
WISH = "bob@home specialist ask"
OUT = "bob specialist@home ask"


def typed(word: str) -> Callable[[Typist], None]:
    """A situation that a command brings about."""

    def bring(at: Typist) -> None:
        said = at.type(word)
        assert said.code == 0, said

    return bring


def stopped(at: Typist) -> None:
    at.node.distrust(at.node.peers.by_alias["home"].row.node, "fork?")
    at.stage.run(0.1)


def spent(at: Typist) -> None:
    for _ in range(2):
        at.stage.submit("home", "bob", "specialist@lab", verb="ask")
    at.stage.run(0.5)


def busy(at: Typist) -> None:
    worker = at.stage.worker("lab", "specialist")
    at.stage.submit("home", "bob", "specialist@lab", verb="ask")
    at.stage.until(lambda: worker.offers)


def too_long(at: Typist) -> None:
    with pytest.raises(GatepostError):
        at.stage.submit("lab", "bob", "specialist@home", "twelve bytes", verb="ask")


def several(at: Typist, *situations: Callable[[Typist], None]) -> None:
    for bring in situations:
        bring(at)


HAND = "deny = ['ask']\nfrom = '*@home'\nto = 'specialist'\n"
CASES: dict[str, tuple[str, str, Callable[[Typist], None] | None, int]] = {
    "no rule": ("", WISH, None, 1),
    "a rule by hand": (IN + "[[rule]]\nid = 'no'\n" + HAND, WISH, None, 1),
    "a rule by command": (IN, WISH, typed("policy grant bob@home ask specialist --deny"), 1),
    "a hold": (IN + "[[rule]]\nid = 'wait'\n" + HAND.replace("deny", "hold"), WISH, None, 1),
    "a hold that no rule allows": (
        "[[rule]]\nid = 'w'\n" + HAND.replace("deny", "hold"), WISH, None, 2,
    ),
    "a rule that ended": (rule("old", more="until = 2000-01-01T00:00:00Z"), WISH, None, 1),
    "hours": (
        IN + rule("night", 'deny = ["ask"]', "*@*", "*", 'unless = { hours = "03:00-03:01 UTC" }'),
        WISH, None, 1,
    ),
    "a block, inbound": (IN, WISH, typed("peers block home"), 2),
    "a block, outbound": (IN, OUT, typed("peers block home"), 2),
    "the node paused": (IN, WISH, typed("pause"), 1),
    "a peer paused": (IN, WISH, typed("pause home"), 1),
    "an agent paused": (IN, WISH, typed("pause specialist"), 1),
    "all of them paused": (
        IN, WISH,
        lambda at: several(at, typed("pause"), typed("pause home"), typed("pause specialist")),
        3,
    ),
    "no such agent": (IN, "bob@home nobody ask", None, 1),
    "no such agent, outbound": (IN, "nobody specialist@home ask", None, 1),
    "a stopped pair": (IN, WISH, stopped, 1),
    "a rate": (IN.replace('id = "in"', 'id = "in"\nlimit = { rate = "2/day" }'), WISH, spent, 1),
    "the rate of the node": (IN + '[limits]\nrate = "2/h"\n', WISH, spent, 1),
    "runs at a time": (IN + "[limits]\nconcurrent = 1\n", WISH, busy, 1),
    "open conversations": (IN + "[limits]\nopen = 1\n", WISH, busy, 1),
    "bytes": (IN + "[limits]\nbytes = 5\n", OUT, too_long, 1),
    "many at once": (
        "[limits]\nbytes = 5\n" + rule("no", 'deny = ["ask"]', "bob", "*@home"),
        OUT,
        lambda at: several(at, too_long, typed("pause"), typed("peers block home")),
        6,
    ),
}  # fmt: skip


@pytest.mark.requirement("P6")
@pytest.mark.parametrize(("text", "wish", "situation", "blockers"), CASES.values(), ids=CASES)
def test_what_is_printed_flips_the_verdict(
    tmp_path: Path,
    text: str,
    wish: str,
    situation: Callable[[Typist], None] | None,
    blockers: int,
) -> None:
    with typist(tmp_path, text) as lab:
        if situation is not None:
            situation(lab)
        before = lab.asked(f"explain {wish}")
        found = [line for line in before["stages"] if line["verdict"] != "allow"]
        assert len(found) == blockers, found
        assert all(line["because"] and line["fix"] for line in found)
        apply(lab, before["fixes"])
        after = lab.asked(f"explain {wish}")
        assert after["verdict"] == "allow", (before["fixes"], after)


def apply(lab: Typist, fixes: list[str]) -> None:
    """Type them all."""
    for fix in fixes:
        word, _, line = fix.partition(" ")
        assert word == "gatepost", fix
        said = lab.type(line, "home\n" if line.startswith("peers trust") else "")
        assert said.code == 0, (fix, said)


SITUATIONS = ("pause", "pause home", "pause specialist", "peers block home", "peers block work")
WISHES = (
    "bob@home specialist {}", "bob@work bob {}", "ghost@home specialist {}", "bob@home ghost {}",
    "bob specialist {}", "bob specialist@home {}", "ghost bob@work {}", "specialist main@home {}",
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(rules(limits=False), max_size=4),
    st.sampled_from(WISHES),
    st.sampled_from(("ping", "see", "send", "ask", "delegate")),
    st.lists(st.sampled_from(SITUATIONS), unique=True, max_size=2),
)
def test_any_rules_and_situation_are_opened_by_what_is_printed(
    texts: list[str], wish: str, verb: str, situations: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as root, typist(Path(root), numbered(texts)) as lab:
        for situation in situations:
            typed(situation)(lab)
        before = lab.asked(f"explain {wish.format(verb)}")
        assume(before["verdict"] != "allow")
        assert before["fixes"]
        apply(lab, before["fixes"])
        after = lab.asked(f"explain {wish.format(verb)}")
        assert after["verdict"] == "allow", (before["fixes"], after)


def test_what_is_open_needs_no_command(tmp_path: Path) -> None:
    with typist(tmp_path, OPEN) as lab:
        assert lab.asked(f"explain {WISH}")["fixes"] == []
