"""What an agent's mailbox accepts, and what it stamps on the way."""

import pytest

from gatepost.core.message import Submission, Text
from gatepost.errors import GatepostError
from tests.unit.node.stage import OPEN, Stage, law, texts


@pytest.mark.requirement("P5")
def test_an_ask_is_answered_across_two_nodes() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    asked = stage.submit("home", "main", "bob@lab", "what is it?")
    stage.until(lambda: bob.offers)
    run = bob.offers[0]
    assert (run.sender, run.node) == ("main@home", stage.machines["home"].keys.node)
    assert texts(run.parts) == ["what is it?"]
    stage.tell("lab", "bob", asked.id, text="a clock")
    assert stage.ends("home", asked.id, "done").text == "a clock"


@pytest.mark.requirement("P1", "J1")
def test_the_answer_to_a_submission_comes_after_its_commit() -> None:
    stage = Stage("home")
    heard: list[object] = []
    asked = Submission(verb="send", to="bob", parts=(Text("x"),))
    stage.desk("home", "main").submit(asked, heard.append)
    before = stage.machines["home"].disk.commits
    assert not heard
    stage.until(lambda: heard)
    assert stage.machines["home"].disk.commits > before


def test_a_message_to_an_agent_of_ones_own_node_takes_the_same_path() -> None:
    stage = Stage("home")
    bob = stage.worker("home", "bob")
    sent = stage.submit("home", "main", "bob", verb="delegate")
    stage.until(lambda: bob.offers)
    assert (bob.offers[0].sender, bob.offers[0].node) == ("main", "")
    stage.tell("home", "bob", sent.id, text="built")
    assert stage.ends("home", sent.id, "done").text == "built"


def test_the_own_name_and_the_own_id_name_this_node() -> None:
    stage = Stage("home")
    for node in ("home", stage.machines["home"].keys.node):
        sent = stage.submit("home", "main", f"bob@{node}", verb="send")
        assert stage.view("home", sent.id).direction == "local"


def test_unknown_agents_and_peers_are_named_with_their_code() -> None:
    stage = Stage("home", "lab")
    assert stage.refused("home", "main", "bbo").code == "agent.unknown"
    assert stage.refused("home", "main", "bob@lba").code == "peer.unknown"
    assert stage.refused("home", "main", "bob@@").code == "address.invalid"


def test_a_text_over_the_limit_is_refused_and_leaves_no_message() -> None:
    stage = Stage("home", "lab")
    assert stage.refused("home", "main", "bob@lab", text="x" * 300 * 1024).code.startswith(
        "message.too_large"
    )
    assert stage.node("home").store.messages.counts() == {}


@pytest.mark.requirement("P6")
def test_a_forbidden_message_is_refused_with_rule_and_place_and_leaves_no_message() -> None:
    deny = '\n[[rule]]\nid = "no"\ndeny = ["ask"]\nfrom = "main"\nto = "bob@lab"\n'
    stage = Stage("home", "lab", text=OPEN.replace("[limits]", deny + "\n[limits]"))
    error = stage.refused("home", "main", "bob@lab")
    assert (error.code, error.where[:12]) == ("policy.denied", "policy.toml:")
    assert "`no`" in error.why
    assert stage.node("home").store.messages.counts() == {}


@pytest.mark.requirement("P7")
def test_hops_and_turns_and_nodes_are_stamped_from_the_run_that_causes_a_message() -> None:
    stage = Stage("home", "lab", "work")
    bob = stage.worker("lab", "bob")
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    at_work = stage.worker("work", "bob")
    stage.submit("lab", "bob", "bob@work", run=bob.offers[0].run)
    stage.until(lambda: at_work.offers)
    header = next(iter(stage.node("work").agents["bob"].runs.values())).said
    homes = [stage.machines[name].keys.node for name in ("home", "lab")]
    assert (header.hops, header.turns, list(header.visited)) == (2, 1, homes)


def test_an_agent_that_names_no_run_is_stamped_from_its_newest_open_message() -> None:
    stage = Stage("home", "lab", "work")
    bob = stage.worker("lab", "bob")
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    at_work = stage.worker("work", "bob")
    stage.submit("lab", "bob", "bob@work")
    stage.until(lambda: at_work.offers)
    assert at_work.offers[0].hops == 2


def test_stamps_survive_a_restart_of_the_node_between_claim_and_message() -> None:
    stage = Stage("home", "lab", "work")
    bob = stage.worker("lab", "bob")
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    stage.crash("lab")
    stage.boot("lab")
    at_work = stage.worker("work", "bob")
    stage.submit("lab", "bob", "bob@work")
    stage.until(lambda: at_work.offers)
    assert at_work.offers[0].hops == 2


@pytest.mark.requirement("P7", "T13")
def test_a_message_does_not_return_to_a_node_it_came_through() -> None:
    stage = Stage("home", "lab")
    bob = stage.worker("lab", "bob")
    stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    error = stage.refused("lab", "bob", "main@home", run=bob.offers[0].run)
    assert error.code == "policy.cycle"


@pytest.mark.requirement("P7", "T13")
def test_hops_are_bounded_over_any_number_of_local_agents() -> None:
    stage = Stage("home", agents=[f"a{n}" for n in range(12)])
    workers = [stage.worker("home", f"a{n}") for n in range(12)]
    stage.submit("home", "a0", "a1", verb="send")
    reached = 1
    while True:
        here = workers[reached]
        stage.until(lambda here=here: here.offers)
        try:
            stage.submit("home", f"a{reached}", f"a{reached + 1}", verb="send")
        except GatepostError as error:
            assert error.code == "policy.hops"
            break
        reached += 1
    assert reached == 8


@pytest.mark.requirement("P7", "T13")
def test_automatic_turns_of_a_conversation_are_bounded() -> None:
    stage = Stage("home", text=OPEN + "turns = 2\n")
    workers = {name: stage.worker("home", name) for name in ("main", "bob")}
    stage.submit("home", "main", "bob", verb="send")
    stage.until(lambda: workers["bob"].offers)
    stage.submit("home", "bob", "main", verb="send")
    stage.until(lambda: workers["main"].offers)
    stage.submit("home", "main", "bob", verb="send")
    stage.until(lambda: len(workers["bob"].offers) == 2)
    assert stage.refused("home", "bob", "main", verb="send").code == "policy.turns"


def test_a_second_client_is_told_that_the_mailbox_is_taken() -> None:
    stage = Stage("home")
    first = stage.worker("home", "bob")
    with pytest.raises(GatepostError) as raised:
        stage.worker("home", "bob")
    assert raised.value.code == "mailbox.taken"
    assert first.claim is not None
    first.claim.release()
    stage.worker("home", "bob")


def test_a_held_message_is_accepted_and_goes_nowhere() -> None:
    hold = '\n[[rule]]\nid = "look"\nhold = ["ask"]\nfrom = "main"\nto = "bob@lab"\n'
    stage = Stage("home", "lab", text=OPEN.replace("[limits]", hold + "\n[limits]"))
    bob = stage.worker("lab", "bob")
    held = stage.submit("home", "main", "bob@lab")
    stage.run(30)
    assert (held.state, stage.state("home", held.id), bob.offers) == ("held", "held", [])
    stage.crash("home")
    stage.boot("home")
    assert stage.cancel("home", "main", held.id).state == "cancelled"


def test_a_law_that_changes_counts_from_the_next_message_on() -> None:
    stage = Stage("home")
    stage.submit("home", "main", "bob", verb="send")
    stage.node("home").law_changed(law("home", ""))
    assert stage.refused("home", "main", "bob", verb="send").code == "policy.denied"


@pytest.mark.requirement("T07")
def test_nobody_reads_or_ends_the_messages_of_others() -> None:
    stage = Stage("home", "lab", agents=("main", "bob", "eve"))
    bob = stage.worker("lab", "bob")
    sent = stage.submit("home", "main", "bob@lab")
    stage.until(lambda: bob.offers)
    for name in ("home", "lab"):
        with pytest.raises(GatepostError, match="names no message"):
            stage.view(name, sent.id, "eve")
        with pytest.raises(GatepostError):
            stage.tell(name, "eve", sent.id)
        with pytest.raises(GatepostError):
            stage.cancel(name, "eve", sent.id)
    assert stage.state("lab", sent.id) == "working"
