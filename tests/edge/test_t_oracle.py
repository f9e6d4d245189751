"""What a peer may learn by asking: nothing of agents it was not let in to."""

import msgspec
import pytest

from gatepost.core.entry import Entry, Update, encode_entry
from gatepost.core.message import WANT
from tests.edge.evil import Evil, EvilStage

LAW = """
[[rule]]
id = "evil"
allow = ["ask"]
from = "*@evil"
to = "bob"

[[rule]]
id = "not-main"
deny = ["send", "ask", "delegate"]
from = "*@*"
to = "main"
"""
OPEN_BUT = """
[[rule]]
id = "all"
allow = ["send", "ask", "delegate"]
from = "*@*"
to = "*"

[[rule]]
id = "not-private"
deny = ["send", "ask", "delegate"]
from = "*@*"
to = "private"
"""


def answers(text: str, to: str, verb: str = "ask", **changes: int) -> tuple[list[bytes], list[int]]:
    """All that comes back, as entries without what is random in any answer, and its sizes."""
    stage = EvilStage("home", text=text)
    evil = Evil(stage)
    evil.link()
    before = len(evil.raw)
    evil.say(evil.message(1, to_agent=to, want=WANT[verb], **changes))
    stage.run(5)
    entries = [entry for opened in evil.frames for entry, _, _ in opened.entries]
    assert len(entries) == 1
    return [encode_entry(plain(entry)) for entry in entries], [len(r) for r in evil.raw[before:]]


def plain(entry: Entry) -> Entry:
    assert isinstance(entry, Update)
    return msgspec.structs.replace(entry, at=0)


@pytest.mark.requirement("T25")
@pytest.mark.parametrize("verb", ["send", "ask", "delegate"])
@pytest.mark.parametrize(("text", "hidden"), [(LAW, ("private", "main")), (OPEN_BUT, ("private",))])
def test_an_agent_it_may_not_reach_answers_like_one_that_is_not_there(
    text: str, hidden: tuple[str, ...], verb: str
) -> None:
    nobody = answers(text, "nobody9", verb)
    for agent in hidden:
        assert answers(text, agent, verb) == nobody


@pytest.mark.requirement("T25")
@pytest.mark.parametrize("changes", [{"hops": 99}, {"turns": 99}])
def test_nor_do_limits_tell_them_apart(changes: dict[str, int]) -> None:
    there = answers(OPEN_BUT, "private", "ask", **changes)
    assert there == answers(OPEN_BUT, "nobody9", "ask", **changes)
