"""T27: an approval is a person's, for exactly what was shown; an agent can give none.

Between two real nodes: who may read and answer what waits, over every way in that an agent has.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.api.http import Surface
from gatepost.api.http.session import Session
from gatepost.api.mcp.texts import TOOLS
from gatepost.core.message import InboxQuery, MessageView
from gatepost.errors import GatepostError
from gatepost.sdk.blocking import BlockingClient
from tests.process.scene import WAIT, Scene
from tests.unit.api.served import Answer, request, routes_of

SECRET = "the index of the north tower"
RULE = """
[[rule]]
id = "{id}"
hold = ["ask"]
from = "*@home"
to = "{to}"
"""
WORDS = ("hold", "approv", "refuse")


@pytest.fixture
def waiting(shared: Scene) -> Iterator[tuple[BlockingClient, str, str]]:
    """A question that waits for a person at lab: its sender, its id, and whom it is for."""
    to = shared.poller()
    with (shared.lab.places.policy).open("a") as law:
        law.write(RULE.format(id=shared.name("look"), to=to))
    with shared.caller(to) as mailbox:
        view = mailbox.ask(f"{to}@lab", SECRET, wait=0)
        while view.state != "held":
            view = mailbox.check(view.id, wait=0.2)
        yield mailbox, view.id, to
        if mailbox.check(view.id).state == "held":
            mailbox.cancel(view.id)


def asked(where: Path, method: str, target: str, token: str, body: object = None) -> Answer:
    return asyncio.run(request(where, method, target, body, token=token))


@pytest.mark.requirement("T27")
def test_t27_no_way_in_for_agents_knows_holds() -> None:
    ways = [route.path for route in routes_of(Surface.agent)]
    ways += [tool.name for tool in TOOLS] + [name for name in dir(Session) if name[0] != "_"]
    assert [way for way in ways if any(word in way.lower() for word in WORDS)] == []
    there = [route.path for route in routes_of(Surface.operator)]
    assert {"/v1/holds", "/v1/holds/{id}/approve", "/v1/holds/{id}/refuse"} <= set(there)


@pytest.mark.requirement("T27")
def test_t27_an_agent_reads_and_answers_nothing_that_waits(
    shared: Scene, waiting: tuple[BlockingClient, str, str]
) -> None:
    sender, id, to = waiting
    with shared.lab.operator as operator:
        shown = operator.hold(id)
    token = (shared.lab.places.tokens / to).read_text().strip()
    yes = {"digest": shown.digest, "rules": {rule.id: rule.mark for rule in shown.rules}}
    calls = (
        ("GET", "/v1/holds", None),
        ("GET", f"/v1/holds/{id}", None),
        ("POST", f"/v1/holds/{id}/approve", yes),
        ("POST", f"/v1/holds/{id}/refuse", {"reason": "no"}),
        ("GET", "/v1/approvals", None),
        ("DELETE", "/v1/approvals/y1", None),
    )
    for method, target, body in calls:
        as_agent = asked(shared.lab.places.agent_socket, method, target, token, body)
        as_operator = asked(shared.lab.places.operator_socket, method, target, token, body)
        assert (as_agent.status, as_operator.status) == (404, 401), target
        assert SECRET.encode() not in as_agent.raw + as_operator.raw
    with shared.lab.speaker(to) as mailbox:
        assert mailbox.inbox(InboxQuery(peek=True)) == ()
        assert mailbox.inbox(InboxQuery()) == ()
        assert SECRET not in repr(mailbox.check(id))
        with pytest.raises(GatepostError):
            mailbox.reply(id, "mine")
    assert sender.check(id).state == "held"


@pytest.mark.requirement("T27")
def test_t27_only_what_was_shown_is_approved_and_then_it_goes(
    shared: Scene, waiting: tuple[BlockingClient, str, str]
) -> None:
    sender, id, to = waiting
    refused = shared.lab.run("holds", "approve", id, "--digest", "00")
    assert refused.returncode == 2 and "hold.changed" in refused.stderr
    view = sender.check(id)
    assert (view.state, view.where, view.late) == ("held", "lab", True)
    shown = shared.lab.do("holds", "show", id)
    digest = next(line.split()[1] for line in shown.splitlines() if "digest" in line)
    assert SECRET in shown
    why = shared.lab.run("explain", id)
    assert f"gatepost holds approve {id}" in why.stdout
    assert f"gatepost holds approve {id}" in shared.home.run("explain", id).stdout
    assert "for your yes or no" in shared.lab.do("status")
    said = shared.lab.do("holds", "approve", id[:23], "--digest", digest[:12])
    assert digest in said
    with shared.lab.speaker(to) as mailbox:
        (run,) = mailbox.inbox(InboxQuery(wait=WAIT))
        assert (run.id, run.late) == (id, True)
        mailbox.reply(id, "found it")
    assert done(sender, id).text == "found it"
    assert shared.lab.run("holds", "approve", id).returncode == 2


@pytest.mark.requirement("T27")
def test_t27_a_refusal_and_its_reason_reach_the_sender(
    shared: Scene, waiting: tuple[BlockingClient, str, str]
) -> None:
    sender, id, _ = waiting
    shared.lab.do("holds", "refuse", id, "not on a Friday")
    view = done(sender, id)
    assert (view.state, view.reason, view.text) == ("rejected", "hold.refused", "not on a Friday")


def done(mailbox: BlockingClient, id: str) -> MessageView:
    view = mailbox.check(id, wait=WAIT)
    assert view.state in ("done", "rejected"), view.state
    return view
