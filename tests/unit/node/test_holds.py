"""Messages that wait for a person: on the way out, on the way in, between agents of one node."""

from collections.abc import Callable

import pytest

from gatepost.core.entry import digest
from gatepost.core.holding import Answered, ApproveIn, HoldView, Scope
from gatepost.core.message import Text
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.node.approving import Approving
from tests.unit.node.driving import drive
from tests.unit.node.stage import OPEN, Stage, law, states, texts

HOUR = 3_600_000
HOLD = """
[[rule]]
id = "look"
hold = ["send", "ask", "delegate"]
from = "{}"
to = "{}"
{}
"""
DENY = """
[[rule]]
id = "no"
deny = ["send", "ask", "delegate"]
from = ["*", "*@*"]
to = ["*", "*@*"]
"""
WHERE = {
    "in": ("*@home", "*", "lab", "bob@lab"),
    "out": ("*", "*@lab", "home", "bob@lab"),
    "local": ("*", "*", "home", "bob"),
}


class Held:
    """A stage on which what `main` of home says to `bob` waits for a person at `node`."""

    def __init__(self, direction: str, agent: AgentSpec | str = "bob", queue: int = 2048):
        sender, to, self.node, self.to = WHERE[direction]
        self.direction = direction
        self.text = OPEN + HOLD.format(sender, to, "")
        self.stage = Stage("home", "lab", agents=("main", agent), queue_in_memory=queue)
        self.at = "home" if direction == "local" else "lab"
        self.legislate(self.text)
        self.bob = self.stage.worker(self.at, "bob")

    def legislate(self, text: str) -> None:
        self.stage.machines[self.node].law = law(self.node, text)
        self.stage.node(self.node).law_changed(self.stage.machines[self.node].law)

    def ask(self, text: str = "hello", **more: object) -> str:
        sent = self.stage.submit("home", "main", self.to, text, **more)  # type: ignore[arg-type]
        self.stage.until(lambda: self.state(sent.id) == "held")
        return sent.id

    def state(self, id: str) -> str:
        """As its sender sees it."""
        return self.stage.state("home", id)

    @property
    def calls(self) -> Approving:
        return Approving(self.stage.node(self.node), lambda: None)

    def shown(self, id: str) -> HoldView:
        return self.calls.hold(id)

    def approve(self, id: str, scope: Scope = "once", until: int = 0) -> Answered:
        return self.say(self.shown(id), scope, until)

    def say(self, seen: HoldView, scope: Scope = "once", until: int = 0) -> Answered:
        return drive(self.stage, self.calls.approve(seen.id, seen.yes(scope, until)))

    def refuse(self, id: str, reason: str = "") -> Answered:
        return drive(self.stage, self.calls.refuse(id, reason))

    def fails(self, work: Callable[[], object]) -> GatepostError:
        with pytest.raises(GatepostError) as raised:
            work()
        return raised.value

    def now(self) -> int:
        return self.stage.node(self.node).clock.now()

    def restart(self) -> None:
        self.stage.crash(self.node)
        self.stage.boot(self.node)
        if self.at == self.node:
            self.bob = self.stage.worker(self.at, "bob")


@pytest.fixture(params=WHERE)
def held(request: pytest.FixtureRequest) -> Held:
    return Held(request.param)


def test_a_held_message_is_shown_exactly_and_runs_only_after_a_yes(held: Held) -> None:
    id = held.ask("rebuild the index")
    held.stage.run(30)
    assert held.bob.offers == []
    (listed,) = held.calls.holds()
    assert (listed.id, listed.direction, listed.preview) == (
        id,
        held.direction,
        "rebuild the index",
    )
    assert listed.parts == ()
    seen = held.shown(id[:13])
    assert seen.parts == (Text("rebuild the index"),)
    assert [rule.id for rule in seen.rules] == ["look"]
    node = held.stage.node(held.node)
    (row,) = [one for one in node.store.messages.find(id) if one.state == "held"]
    kept = node.store.messages.body(row.seq)
    assert kept is not None and seen.digest == digest(*kept).hex()
    answer = held.approve(id)
    assert (answer.answer, answer.digest) == ("approved", seen.digest)
    held.stage.until(lambda: held.bob.offers)
    assert held.bob.offers[0].late
    assert texts(held.bob.offers[0].parts) == ["rebuild the index"]
    held.stage.tell(held.at, "bob", id, text="done")
    view = held.stage.ends("home", id, "done")
    assert texts(view.parts) == ["done"] and view.late
    assert "held" in states(view)
    assert held.calls.holds() == []


def test_its_sender_reads_where_it_waits_and_what_became_of_it(held: Held) -> None:
    id = held.ask()
    view = held.stage.view("home", id, "main")
    assert view.reason == "policy.held"
    assert view.where == ("lab" if held.direction == "in" else "here")
    answer = held.refuse(id, "not on a Friday")
    assert (answer.answer, answer.undo) == ("refused", "")
    view = held.stage.ends("home", id, "rejected")
    assert (view.reason, view.by, texts(view.parts)) == (
        "hold.refused",
        "rule",
        ["not on a Friday"],
    )
    assert states(view)[-2:] == ["held", "rejected"]
    assert view.where == ("lab" if held.direction == "in" else "here")
    held.stage.run(5)
    assert held.bob.offers == []


def test_the_receipt_says_that_it_waits_here() -> None:
    for direction in ("out", "local"):
        held = Held(direction)
        receipt = held.stage.submit("home", "main", held.to)
        assert receipt.state == "held"
        assert "`look`" in receipt.why


@pytest.mark.parametrize("answered", [False, True])
def test_a_restart_loses_neither_what_waits_nor_a_yes(held: Held, answered: bool) -> None:
    id = held.ask()
    seen = held.shown(id)
    if answered:
        bob = held.stage.node(held.at).agents["bob"]
        assert held.bob.claim is not None
        held.bob.claim.release()
        assert bob.worker is None
        held.approve(id)
    held.restart()
    if not answered:
        assert held.shown(id) == seen
        assert held.bob.offers == []
        held.say(seen)
    if answered and held.at != held.node:
        held.bob = held.stage.worker(held.at, "bob")
    held.stage.until(lambda: held.bob.offers)
    assert held.bob.ids == [id] and held.bob.offers[0].late


def test_a_yes_whose_commit_was_lost_was_never_said(held: Held) -> None:
    id = held.ask()
    seen = held.shown(id)
    machine = held.stage.machines[held.node]
    machine.latency = lambda: 5.0
    holds = held.stage.node(held.node).holds
    rules = {rule.id: rule.mark for rule in seen.rules}
    holds.approve(holds.all()[0], rules, bytes.fromhex(seen.digest))
    held.stage.run(1)
    held.stage.crash(held.node)
    machine.latency = lambda: 0.001
    held.stage.boot(held.node)
    assert held.shown(id).digest == seen.digest
    assert held.bob.offers == []


@pytest.mark.requirement("T27")
def test_a_yes_to_another_content_or_another_rule_is_none(held: Held) -> None:
    id = held.ask("look at this")
    seen = held.shown(id)
    rules = {rule.id: rule.mark for rule in seen.rules}
    other = "0" * 64
    for given in (
        ApproveIn(digest=other, rules=rules),
        ApproveIn(digest=seen.digest, rules={}),
        ApproveIn(digest=seen.digest, rules={"look": "0" * 16}),
        ApproveIn(digest=seen.digest, rules={**rules, "more": "0" * 16}),
    ):
        error = held.fails(lambda given=given: drive(held.stage, held.calls.approve(id, given)))
        assert (error.code, error.fix) == ("hold.changed", f"gatepost holds show {id}")
    held.legislate(held.text + HOLD.format(*WHERE[held.direction][:2], "").replace("look", "two"))
    assert held.fails(lambda: held.say(seen)).code == "hold.changed"
    held.legislate(held.text.replace('hold = ["send", "ask"', 'hold = ["ask", "see"'))
    assert held.fails(lambda: held.say(seen)).code == "hold.changed"
    held.stage.run(5)
    assert held.bob.offers == [] and held.state(id) == "held"
    held.approve(id)
    held.stage.until(lambda: held.bob.offers)


def test_two_rules_that_hold_it_are_answered_together(held: Held) -> None:
    second = HOLD.format(*WHERE[held.direction][:2], "").replace("look", "two")
    held.legislate(held.text + second)
    id = held.ask()
    assert [rule.id for rule in held.shown(id).rules] == ["look", "two"]
    held.approve(id)
    held.stage.until(lambda: held.bob.offers)


def test_a_yes_never_answers_a_deny(held: Held) -> None:
    id = held.ask()
    seen = held.shown(id)
    held.legislate(held.text + DENY)
    assert held.fails(lambda: held.say(seen)).code == "hold.unknown"
    view = held.stage.ends("home", id, "rejected")
    assert view.reason in ("policy.denied", "denied") and view.by == "rule"
    held.legislate(held.text)
    held.stage.run(5)
    assert held.bob.offers == []


def test_a_law_that_no_longer_holds_it_lets_it_go(held: Held) -> None:
    id = held.ask()
    held.legislate(OPEN)
    held.stage.until(lambda: held.bob.offers)
    assert held.bob.ids == [id] and held.bob.offers[0].late
    assert held.fails(lambda: held.shown(id)).code == "hold.unknown"


def test_a_law_that_changed_while_the_node_was_away_is_asked_at_its_start(held: Held) -> None:
    id = held.ask()
    held.stage.crash(held.node)
    held.stage.machines[held.node].law = law(held.node, OPEN)
    held.stage.boot(held.node)
    bob = held.bob if held.at != held.node else held.stage.worker(held.at, "bob")
    held.stage.until(lambda: bob.offers)
    assert bob.ids == [id]


def test_a_rule_that_holds_only_at_some_hours_lets_it_go_in_time(held: Held) -> None:
    # The stage's clock begins at 22:13 UTC.
    held.legislate(held.text + 'unless = { hours = "22:20-22:30 UTC" }\n')
    id = held.ask()
    held.stage.run(300)
    assert held.state(id) == "held"
    held.stage.run(300)
    assert held.bob.ids == [id]


def test_a_rule_changed_after_the_yes_wants_another_before_the_run() -> None:
    held = Held("in")
    assert held.bob.claim is not None
    held.bob.claim.release()
    id = held.ask()
    held.approve(id)
    held.stage.ends("home", id, "received")
    held.legislate(held.text.replace('hold = ["send"', 'hold = ["see", "send"'))
    bob = held.stage.worker("lab", "bob")
    held.stage.ends("home", id, "held")
    assert bob.offers == []
    held.approve(id)
    held.stage.until(lambda: bob.offers)


@pytest.mark.parametrize("direction", ["in", "local"])
def test_a_message_that_waits_for_its_agent_when_a_rule_comes_to_hold_it_is_held(
    direction: str,
) -> None:
    held = Held(direction)
    held.legislate(OPEN)
    assert held.bob.claim is not None
    held.bob.claim.release()
    stage = held.stage
    ids = [stage.submit("home", "main", held.to, f"{n}", conversation=TALK).id for n in range(3)]
    other = stage.submit("home", "main", held.to, "other", verb="send")
    stage.run(1)
    held.legislate(held.text.replace('hold = ["send", ', "hold = ["))
    bob = stage.worker(held.at, "bob")
    stage.until(lambda: all(held.state(id) == "held" for id in ids))
    assert bob.ids == [other.id], "what no rule holds is not kept up by it"
    for id in reversed(ids):
        held.approve(id)
    stage.until(lambda: len(bob.offers) == 2)
    assert [run.late for run in bob.offers] == [False, True]
    assert bob.ids[1] == ids[2], "approved first, and one at a time"


TALK = "0199f3a2-7b1c-7000-8000-000000000001"


def test_what_follows_a_held_message_in_its_conversation_goes_on_without_it(held: Held) -> None:
    held.legislate(held.text.replace('hold = ["send", "ask", ', "hold = ["))
    stage = held.stage
    first = held.ask("1", verb="delegate", conversation=TALK)
    second = stage.submit("home", "main", held.to, "2", conversation=TALK)
    third = stage.submit("home", "main", held.to, "3", conversation=TALK)
    stage.until(lambda: held.bob.offers)
    held.approve(first)
    stage.run(5)
    assert held.bob.ids == [second.id], "one of a conversation at a time"
    stage.tell(held.at, "bob", second.id)
    stage.until(lambda: len(held.bob.offers) == 2)
    stage.tell(held.at, "bob", held.bob.ids[1])
    stage.until(lambda: len(held.bob.offers) == 3)
    assert set(held.bob.ids) == {first, second.id, third.id}
    assert [run.late for run in held.bob.offers if run.id == first] == [True]
    assert [run.late for run in held.bob.offers if run.id != first] == [False, False]


@pytest.mark.parametrize("ends", ["cancelled", "expired", "rejected"])
def test_the_end_of_a_held_message_leaves_its_conversation_as_it_is(held: Held, ends: str) -> None:
    held.legislate(held.text.replace('hold = ["send", "ask", ', "hold = ["))
    stage = held.stage
    expires = 60_000 if ends == "expired" else 0
    first = held.ask("1", verb="delegate", conversation=TALK, expires_in=expires)
    rest = [stage.submit("home", "main", held.to, "more", conversation=TALK) for _ in range(3)]
    stage.until(lambda: held.bob.offers)
    if ends == "cancelled":
        stage.cancel("home", "main", first)
    elif ends == "rejected":
        held.refuse(first)
    view = stage.ends("home", first, ends)
    assert view.by == ("rule" if ends == "rejected" else "node")
    stage.run(5)
    assert held.bob.ids == [rest[0].id], "no second run beside the first"
    for n, sent in enumerate(rest):
        stage.until(lambda n=n: len(held.bob.offers) == n + 1)
        stage.tell(held.at, "bob", sent.id)
    assert held.calls.holds() == []
    assert held.fails(lambda: held.shown(first)).code == "hold.unknown"


def test_an_answer_to_what_ended_meanwhile_says_how_it_ended(held: Held) -> None:
    id = held.ask(expires_in=30_000)
    seen = held.shown(id)
    held.stage.run(60)
    error = held.fails(lambda: held.say(seen))
    assert (error.code, error.why) == ("hold.unknown", "it ended expired")
    assert held.fails(lambda: held.refuse(id)).code == "hold.unknown"
    assert held.stage.ends("home", id, "expired").by == "node"
    assert held.bob.offers == []


def test_a_second_answer_finds_nothing_that_waits(held: Held) -> None:
    id = held.ask()
    seen = held.shown(id)
    held.say(seen)
    assert held.fails(lambda: held.say(seen)).code == "hold.unknown"
    assert held.fails(lambda: held.refuse(id)).code == "hold.unknown"
    held.stage.until(lambda: held.bob.offers)
    held.stage.run(5)
    assert len(held.bob.offers) == 1


def test_a_pause_hides_no_hold_and_lets_nothing_go(held: Held) -> None:
    id = held.ask()
    node = held.stage.node(held.node)
    node.pause("")
    node.law_changed()
    held.stage.run(5)
    assert held.shown(id).rules
    held.approve(id)
    held.stage.run(5)
    assert held.bob.offers == []
    node.resume("")
    held.stage.until(lambda: held.bob.offers)


def test_a_yes_for_the_conversation_answers_what_follows_in_it_and_nothing_else(held: Held) -> None:
    stage = held.stage
    first = held.ask("1", conversation=TALK)
    second = held.ask("2", conversation=TALK)
    other = held.ask("other")
    answer = held.approve(first, "conversation")
    assert (answer.also, answer.undo) == (1, f"gatepost holds revoke {answer.approval}")
    third = stage.submit("home", "main", held.to, "3", conversation=TALK)
    for id in (first, second, third.id):
        stage.until(lambda: held.bob.offers)
        run = held.bob.offers.pop(0)
        assert run.id == id
        assert run.late == (id != third.id)
        stage.tell(held.at, "bob", run.id)
    assert held.state(other) == "held"
    delegated = stage.submit("home", "main", held.to, "4", verb="delegate", conversation=TALK)
    stage.until(lambda: held.state(delegated.id) == "held")
    held.restart()
    fifth = stage.submit("home", "main", held.to, "5", conversation=TALK)
    stage.until(lambda: held.state(fifth.id) == "working")
    (view,) = held.calls.approvals()
    assert (view.id, view.message, view.conversation) == (answer.approval, first, TALK)
    drive(stage, held.calls.revoke_approval(answer.approval[:4]))
    assert held.calls.approvals() == []
    held.ask("6", conversation=TALK)
    held.restart()
    held.ask("7", conversation=TALK)


def test_a_yes_for_a_time_ends_with_it(held: Held) -> None:
    id = held.ask()
    answer = held.approve(id, "time", held.now() + 60_000)
    assert answer.until == held.now() + 60_000 or answer.until > held.now()
    held.stage.submit("home", "main", held.to)
    held.stage.until(lambda: len(held.bob.offers) == 2)
    held.stage.run(60)
    assert held.calls.approvals() == []
    held.ask("again")


def test_a_standing_yes_ends_when_the_rule_says_something_else(held: Held) -> None:
    id = held.ask()
    held.approve(id, "time", held.now() + HOUR)
    held.legislate(held.text.replace('hold = ["send"', 'hold = ["see", "send"'))
    held.ask("again")
    (view,) = held.calls.approvals()
    assert not view.answers


def test_an_approval_without_sense_is_refused(held: Held) -> None:
    id = held.ask()
    for scope, until in (
        ("time", 0),
        ("time", 1),
        ("conversation", 1),
        ("once", held.now() + 9),
        ("time", 10**30),
    ):
        error = held.fails(lambda s=scope, u=until: held.approve(id, s, u))  # type: ignore[misc]
        assert error.code == "usage.invalid"
    assert held.fails(lambda: held.refuse(id, "x" * 1001)).code == "usage.invalid"
    assert held.fails(lambda: drive(held.stage, held.calls.revoke_approval("y0"))).code == (
        "approval.unknown"
    )
    assert held.state(id) == "held"


@pytest.mark.requirement("T27")
def test_a_hundred_requests_make_five_prompts(held: Held) -> None:
    stage, told = held.stage, list[str]()
    for n in range(100):
        try:
            told.append(stage.submit("home", "main", held.to, f"{n}").id)
        except GatepostError as error:
            assert error.code == "policy.limited"
    stage.run(30)
    outcomes = [stage.view("home", id) for id in told]
    assert [view.state for view in outcomes].count("held") == 5
    assert {view.reason for view in outcomes if view.state == "rejected"} <= {"limited"}
    assert len(held.calls.holds()) == 5
    assert held.bob.offers == []


def test_what_was_refused_counts_for_an_hour_and_what_was_approved_does_not(held: Held) -> None:
    stage = held.stage
    for n in range(7):
        held.approve(held.ask(f"yes {n}"))
    for n in range(5):
        held.refuse(held.ask(f"no {n}"))
    held.restart()

    def sixth() -> str:
        try:
            sent = stage.submit("home", "main", held.to, "once more").id
        except GatepostError as error:
            return error.code
        stage.until(lambda: held.state(sent) in ("held", "rejected"))
        return held.state(sent)

    assert sixth() in ("policy.limited", "rejected")
    stage.run(3601)
    assert sixth() == "held"


def test_one_sender_s_prompts_take_nothing_from_another_s() -> None:
    held = Held("out")
    for n in range(5):
        held.ask(f"{n}")
    assert held.stage.refused("home", "main", held.to).code == "policy.limited"
    assert held.stage.submit("home", "bob", held.to).state == "held"


def test_agents_of_one_peer_are_one_sender() -> None:
    held = Held("in")
    for n in range(5):
        held.ask(f"{n}")
    sent = held.stage.submit("home", "bob", "bob@lab")
    assert held.stage.ends("home", sent.id, "rejected").reason == "limited"


def test_the_taint_that_held_a_message_is_remembered() -> None:
    stage = Stage("lab", "work", "den", owners={"work": "w", "den": "d"})
    rule = 'hold = ["ask"]\nfrom = "*"\nto = "*@*"\nunless = { tainted = false }\n'
    text = OPEN + f'[[rule]]\nid = "taint"\n{rule}'
    stage.machines["lab"].law = law("lab", text)
    stage.node("lab").law_changed(stage.machines["lab"].law)
    bob = stage.worker("lab", "bob")
    read = stage.submit("work", "main", "bob@lab", "a secret")
    stage.until(lambda: bob.offers)
    sent = stage.submit("lab", "bob", "main@den", run=bob.offers[0].run)
    assert sent.state == "held"
    stage.tell("lab", "bob", read.id)
    stage.run(120)
    assert stage.state("lab", sent.id) == "held", "the run ended, what it read did not"
    stage.crash("lab")
    stage.boot("lab")
    stage.run(120)
    (view,) = Approving(stage.node("lab"), lambda: None).holds()
    assert view.taint == ("w",)
    assert stage.state("lab", sent.id) == "held"


def test_a_run_given_back_waits_for_a_person_and_keeps_its_mark() -> None:
    held = Held("in", agent=AgentSpec(name="bob", safe_to_repeat=True))
    held.legislate(OPEN)
    stage = held.stage
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: held.bob.offers)
    stage.ends("home", sent.id, "working")
    held.legislate(held.text)
    stage.crash("lab")
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None
    (run,) = bob.claim.open_runs
    bob.claim.evidence(run.run, "none")
    stage.ends("home", sent.id, "held")
    assert held.shown(sent.id).redelivered
    stage.crash("lab")
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None and bob.claim.open_runs == ()
    held.approve(sent.id)
    stage.until(lambda: bob.offers)
    assert (bob.offers[0].attempt, bob.offers[0].redelivered) == (2, True)


@pytest.mark.parametrize("end", ["refuse", "cancel", "expire", "deny"])
@pytest.mark.parametrize("ran", ["none", "not_run"])
def test_what_may_have_run_before_it_was_held_ends_unknown(end: str, ran: str) -> None:
    held = Held("in", agent=AgentSpec(name="bob", safe_to_repeat=True))
    held.legislate(OPEN)
    stage = held.stage
    sent = stage.submit("home", "main", "bob@lab", expires_in=600_000)
    stage.until(lambda: held.bob.offers)
    held.legislate(held.text)
    stage.crash("lab")
    stage.boot("lab")
    bob = stage.worker("lab", "bob")
    assert bob.claim is not None
    bob.claim.evidence(bob.claim.open_runs[0].run, ran)
    stage.ends("home", sent.id, "held")
    if end == "refuse":
        held.refuse(sent.id, "no")
    elif end == "cancel":
        stage.cancel("home", "main", sent.id)
    elif end == "deny":
        held.legislate(held.text + DENY)
    certain = {"refuse": "rejected", "cancel": "cancelled", "expire": "expired", "deny": "rejected"}
    stage.until(lambda: held.state(sent.id) not in ("held", "working"), 900)
    assert held.state(sent.id) == ("unknown" if ran == "none" else certain[end])
    assert bob.offers == []


def test_a_held_message_to_a_peer_that_is_away_goes_when_it_is_back() -> None:
    held = Held("out")
    held.stage.part("home", "lab")
    waiting = [held.ask(f"{n}") for n in range(3)]
    status = held.stage.node("home").overview.status()
    assert status.waiting == 0
    for id in waiting:
        held.approve(id)
    assert held.stage.node("home").overview.status().waiting == 3
    held.restart()
    held.stage.join("home", "lab")
    held.stage.until(lambda: len(held.bob.offers) == 3)
    assert all(run.late for run in held.bob.offers)


def test_a_message_let_go_while_a_long_queue_waits_goes_once() -> None:
    held = Held("out", queue=2)
    stage = held.stage
    id = held.ask("held")
    held.legislate(OPEN.replace('id = "all"', 'id = "any"') + HOLD.format("main", "*@lab", ""))
    stage.part("home", "lab")
    rest = [stage.submit("home", "bob", "bob@lab", f"{n}").id for n in range(5)]
    held.approve(id)
    stage.join("home", "lab")
    stage.until(lambda: len(held.bob.offers) == 4)
    for n in range(6):
        stage.tell("lab", "bob", held.bob.ids[n])
        stage.run(1)
    stage.run(30)
    assert sorted(held.bob.ids) == sorted([id, *rest])


def test_removing_a_peer_ends_what_was_held_for_it() -> None:
    held = Held("out")
    id = held.ask()
    held.stage.node("home").shown.withdraw(held.stage.node("home").shown.find(id))
    held.stage.ends("home", id, "cancelled")
    assert held.calls.holds() == []


@pytest.mark.parametrize("direction", ["in", "local"])
def test_a_held_message_for_an_agent_that_left_waits_for_one_of_its_name(direction: str) -> None:
    held = Held(direction)
    id = held.ask()
    assert held.bob.claim is not None
    held.bob.claim.release()
    node = held.stage.node(held.node)
    node.remove_agent("bob")
    held.approve(id)
    held.stage.run(5)
    node.add_agent(AgentSpec(name="bob"))
    bob = held.stage.worker(held.node, "bob")
    held.stage.until(lambda: bob.offers)
    assert bob.ids == [id]


def test_events_tell_of_holds_and_answers(held: Held) -> None:
    yes, no = held.ask("1"), held.ask("2")
    held.approve(yes)
    held.refuse(no)
    told = [
        (event.kind, event.message)
        for event in held.stage.node(held.node).events.recent(1000)
        if event.kind.startswith("hold.")
    ]
    assert told == [
        ("hold.opened", yes),
        ("hold.opened", no),
        ("hold.approved", yes),
        ("hold.refused", no),
    ]


@pytest.mark.parametrize("direction", ["in", "local"])
def test_a_message_let_go_late_runs_beside_none_of_its_conversation_after_a_start(
    direction: str,
) -> None:
    held = Held(direction)
    held.legislate(held.text.replace('hold = ["send", "ask", ', "hold = ["))
    stage = held.stage
    first = held.ask("1", verb="delegate", conversation=TALK)
    second = stage.submit("home", "main", held.to, "2", conversation=TALK)
    stage.until(lambda: held.bob.offers)
    held.approve(first)
    held.restart()
    assert held.bob.claim is not None
    held.bob.claim.evidence(held.bob.claim.open_runs[0].run, "running")
    stage.run(5)
    assert held.bob.ids == [], "the second still runs"
    stage.tell(held.at, "bob", second.id)
    stage.until(lambda: held.bob.ids == [first])


def test_a_message_let_go_after_its_time_leaves_its_conversation_as_it_is() -> None:
    held = Held("in")
    held.legislate(held.text.replace('hold = ["send", "ask", ', "hold = ["))
    stage = held.stage
    first = held.ask("1", verb="delegate", conversation=TALK, expires_in=60_000)
    rest = [stage.submit("home", "main", held.to, "more", conversation=TALK) for _ in range(2)]
    stage.until(lambda: held.bob.offers)
    node = stage.node("lab")
    stage.machines["lab"].offset += 120_000
    node.holds.consider_all()
    stage.ends("home", first, "expired")
    stage.run(5)
    assert held.bob.ids == [rest[0].id]
