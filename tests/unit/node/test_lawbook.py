"""The law in its files: written by commands, by hand, broken, and blocked."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gatepost.config.files import write
from gatepost.config.first import first_config
from gatepost.config.paths import Layout, create, layout
from gatepost.core.views import AgentSpec, GrantIn, Question
from gatepost.errors import GatepostError
from gatepost.node.configbook import ConfigBook
from gatepost.node.guard import party
from gatepost.node.lawbook import LawFiles
from gatepost.node.lookout import EVERY, Lookout
from gatepost.node.operator import Operator
from gatepost.policy.defaults import GRANTS, POLICY
from gatepost.policy.law import Law
from tests.unit.node.stage import Stage


class NoRoster:
    """Wakes nobody."""

    def check(self, spec: AgentSpec) -> None: ...

    async def start(self, spec: AgentSpec) -> None: ...

    async def stop(self, name: str) -> None: ...

    def keep_token(self, agent: str, secret: str) -> None: ...


@dataclass
class Home:
    """A node on the stage with policy files of its own."""

    stage: Stage
    places: Layout
    law: LawFiles
    operator: Operator
    lookout: Lookout
    policy: Path
    pause: Path
    laws: list[Law] = field(default_factory=list[Law])

    def wait(self) -> None:
        self.stage.run(EVERY + 0.1)

    def again(self) -> LawFiles:
        """The law as a new start finds it."""
        node = self.stage.node("home")
        return LawFiles(self.places, node.clock, ("home", node.guard.node))

    def call(self, coroutine: object) -> object:
        """Run an operator's call whose commit the virtual timeline makes."""

        async def both() -> object:
            task = asyncio.ensure_future(coroutine)  # type: ignore[arg-type]
            for _ in range(200):
                await asyncio.sleep(0)
                self.stage.run(0.01)
                if task.done():
                    break
            return await task

        return asyncio.run(both())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    places = layout(tmp_path / "home")
    create(places)
    write(places.policy, POLICY)
    write(places.grants, GRANTS)
    write(places.config, first_config("home"))
    stage = Stage("home", "lab", text=POLICY)
    node = stage.node("home")
    law = LawFiles(places, node.clock, ("home", node.guard.node))
    lookout = Lookout(node, law, ConfigBook(places, {}), places, node.clock, lambda: 1 << 40)
    made = Home(
        stage, places, law, Operator(node, law, NoRoster()), lookout, places.policy, places.pause
    )

    def changed(new: Law) -> None:
        made.laws.append(new)
        node.law_changed(new)

    law.changed = changed
    law.directory = node.overview.directory
    lookout.start()
    yield made
    lookout.stop()


def grant(**changes: object) -> GrantIn:
    told: dict[str, object] = {"sender": "*@lab", "verbs": ("ask",), "to": "bob", **changes}
    return GrantIn(**told)  # type: ignore[arg-type]


def test_a_grant_counts_at_once_and_says_where_it_stands_and_how_to_take_it_back(
    home: Home,
) -> None:
    made = home.law.grant(grant())
    assert made.origin.startswith("grants.toml:")
    assert made.undo == f"gatepost policy revoke {made.id}"
    sent = home.stage.submit("lab", "main", "bob@home")
    home.stage.ends("lab", sent.id, "received")
    home.law.revoke(made.id)
    late = home.stage.submit("lab", "main", "bob@home")
    home.stage.ends("lab", late.id, "rejected")


def test_the_undo_of_a_revoke_is_the_whole_command_that_made_the_rule(home: Home) -> None:
    until = 1_800_000_000_000
    made = home.law.grant(grant(verbs=("ask", "send"), until=until, rate="30/min", id="g1"))
    assert home.law.revoke(made.id) == (
        "gatepost policy grant '*@lab' ask,send bob"
        " --until 2027-01-15T08:00:00Z --rate 30/min --id g1"
    )
    denied = home.law.grant(grant(deny=True))
    assert home.law.revoke(denied.id) == "gatepost policy grant '*@lab' ask bob --deny"


def test_a_deny_and_a_grant_of_the_same_words_are_two_rules_and_the_deny_wins(home: Home) -> None:
    allow, deny = home.law.grant(grant()), home.law.grant(grant(deny=True))
    assert allow.id != deny.id
    assert {rule.id for rule in home.law.law.rules} >= {allow.id, deny.id}
    sent = home.stage.submit("lab", "main", "bob@home")
    home.stage.ends("lab", sent.id, "rejected")


def test_a_rule_that_is_not_there_cannot_be_revoked(home: Home) -> None:
    with pytest.raises(GatepostError) as raised:
        home.law.revoke("nothing-like-it")
    assert raised.value.code == "policy.rule_unknown"


def test_a_rule_written_by_hand_counts_within_a_second(home: Home) -> None:
    text = home.policy.read_text()
    home.policy.write_text(text + '[[rule]]\nid = "in"\nallow = ["ask"]\nfrom = "*@*"\nto = "*"\n')
    home.wait()
    sent = home.stage.submit("lab", "main", "bob@home")
    home.stage.ends("lab", sent.id, "received")


def test_a_broken_file_changes_nothing_and_shows_until_it_is_mended(home: Home) -> None:
    good, text = home.law.grant(grant()), home.policy.read_text()
    home.policy.write_text(text + "[[rule]\nid = 3")
    home.wait()
    (need,) = home.operator.status().needs_you
    assert need.startswith("policy.toml")
    assert "last good policy" in need
    sent = home.stage.submit("lab", "main", "bob@home")
    home.stage.ends("lab", sent.id, "received")
    assert home.law.law.rule(good.id) is not None
    home.policy.write_text(text)
    home.wait()
    assert home.operator.status().needs_you == ()


def test_nothing_is_told_while_nothing_changes(home: Home) -> None:
    for _ in range(5):
        home.wait()
    assert home.laws == []


@pytest.mark.requirement("T28")
def test_the_file_pause_pauses_whatever_commands_say_and_its_end_ends_that(home: Home) -> None:
    home.law.grant(grant())
    home.pause.touch()
    home.wait()
    status = home.operator.status()
    assert (status.state, len(status.needs_you)) == ("paused", 1)
    home.stage.node("home").resume("")
    assert home.operator.status().state == "paused"
    bob = home.stage.worker("home", "bob")
    sent = home.stage.submit("lab", "main", "bob@home")
    home.stage.run(10)
    assert bob.offers == []
    home.pause.unlink()
    home.wait()
    assert home.operator.status().state == "running"
    home.stage.until(lambda: bob.ids == [sent.id], 400)


def test_the_end_of_the_file_pause_leaves_a_pause_by_command(home: Home) -> None:
    home.stage.node("home").pause("")
    home.pause.touch()
    home.wait()
    home.pause.unlink()
    home.wait()
    assert home.operator.status().state == "paused"
    home.stage.node("home").resume("")
    assert home.operator.status().state == "running"


@pytest.mark.requirement("T06", "P6")
def test_a_block_stands_in_the_rules_and_is_explained_from_there(home: Home) -> None:
    home.law.grant(grant())
    undo = home.call(home.operator.block("lab"))
    assert undo == "gatepost peers unblock lab"
    denies = [rule for rule in home.law.law.rules if rule.deny]
    assert {rule.by for rule in denies} == {"gatepost peers block lab"}
    home.stage.until(lambda: not home.stage.node("home").peers.by_alias["lab"].exchange.live)
    wish = Question(sender="main@lab", verb="ask", to="bob")
    found = home.call(home.operator.explain(wish))
    origins = [line.origin for line in found.stages if line.verdict == "deny"]  # type: ignore[attr-defined]
    assert any(origin.startswith("grants.toml:") for origin in origins)
    assert "gatepost peers unblock lab" in found.fixes  # type: ignore[attr-defined]
    assert home.stage.refused("home", "main", "bob@lab").code in ("peer.blocked", "policy.denied")
    home.call(home.operator.unblock("lab"))
    assert [rule for rule in home.law.law.rules if rule.deny] == []
    home.stage.until(lambda: home.stage.node("home").peers.by_alias["lab"].exchange.live, 900)


def test_a_block_whose_rules_were_cut_by_hand_is_lifted_all_the_same(home: Home) -> None:
    home.call(home.operator.block("lab"))
    for rule in [rule.id for rule in home.law.law.rules if rule.deny][:1]:
        home.law.revoke(rule)
    home.call(home.operator.unblock("lab"))
    assert [rule for rule in home.law.law.rules if rule.deny] == []
    assert not home.stage.node("home").peers.by_alias["lab"].row.blocked


def test_a_peer_cannot_be_called_like_this_node_or_like_a_node_id(home: Home) -> None:
    for name in ("home", "a" * 52):
        with pytest.raises(GatepostError) as raised:
            home.call(home.operator.rename_peer("lab", name))
        assert raised.value.code == "usage.invalid"
    home.call(home.operator.rename_peer("lab", "workshop"))
    assert "workshop" in home.stage.node("home").peers.by_alias


def test_explaining_names_what_is_paused_and_how_to_go_on(home: Home) -> None:
    home.law.grant(grant())
    wish = Question(sender="main@lab", verb="ask", to="bob")
    for what, fix in (("lab", "resume lab"), ("bob", "resume bob"), ("", "resume")):
        home.stage.node("home").pause(what)
        found = home.call(home.operator.explain(wish))
        assert f"gatepost {fix}" in found.fixes  # type: ignore[attr-defined]
        home.stage.node("home").resume(what)
    assert home.operator.can("main@lab", "ask", "bob")


def test_a_block_counts_even_when_its_rules_cannot_be_written(home: Home) -> None:
    home.policy.write_text(home.policy.read_text() + "[[rule]\n")
    with pytest.raises(GatepostError) as raised:
        home.call(home.operator.block("lab"))
    assert raised.value.code == "policy.invalid"
    peer = home.stage.node("home").peers.by_alias["lab"]
    assert peer.row.blocked
    home.stage.until(lambda: not peer.exchange.live)
    assert home.stage.refused("home", "main", "bob@lab").code == "peer.blocked"


NOT_BOB = '[[expect]]\nwho = "*@lab -> bob"\nverb = "ask"\nwant = "deny"\n'


def test_a_grant_that_breaks_an_expectation_is_refused_with_both_places(home: Home) -> None:
    home.policy.write_text(home.policy.read_text() + NOT_BOB)
    home.wait()
    grants = home.law.law
    with pytest.raises(GatepostError) as raised:
        home.law.grant(grant())
    assert raised.value.code == "policy.expectation"
    assert raised.value.where.startswith("policy.toml:")
    assert "rule `lab-ask-bob`" in raised.value.what.replace("any.", "")
    assert "grants.toml:" in raised.value.what
    assert home.law.law is grants
    assert home.law.grant(grant(to="main")).remarks == ()


def test_a_file_that_breaks_an_expectation_by_hand_is_not_taken(home: Home) -> None:
    text = home.policy.read_text() + NOT_BOB
    home.policy.write_text(text)
    home.wait()
    opened = '[[rule]]\nid = "open"\nallow = ["ask"]\nfrom = "*@*"\nto = "*"\n'
    home.policy.write_text(text + opened)
    home.wait()
    (need,) = home.operator.status().needs_you
    assert "expects `deny` for *@lab ask bob" in need
    assert "last good policy" in need
    assert home.law.law.rule("open") is None
    home.policy.write_text(text)
    home.wait()
    assert home.operator.status().needs_you == ()


def test_a_block_counts_whatever_is_expected_and_the_broken_expectation_is_shown(
    home: Home,
) -> None:
    home.law.grant(grant())
    home.policy.write_text(home.policy.read_text() + NOT_BOB.replace("deny", "allow"))
    home.wait()
    home.call(home.operator.block("lab"))
    assert [rule for rule in home.law.law.rules if rule.deny] != []
    (need,) = home.operator.status().needs_you
    assert "expects `allow` for *@lab ask bob" in need
    home.law.grant(grant(to="main"))
    home.call(home.operator.unblock("lab"))
    assert home.operator.status().needs_you == ()


def test_a_law_wider_than_expected_does_not_start_and_a_stricter_one_does(home: Home) -> None:
    text = home.policy.read_text()
    home.policy.write_text(text + NOT_BOB.replace("deny", "allow"))
    stricter = home.again()
    stricter.begin()
    assert len(stricter.failing) == 1
    opened = '[[rule]]\nid = "open"\nallow = ["ask"]\nfrom = "*@*"\nto = "*"\n'
    home.policy.write_text(text + opened + NOT_BOB)
    with pytest.raises(GatepostError) as raised:
        home.again().begin()
    assert raised.value.code == "policy.expectation"


def test_what_is_refused_is_told_once_and_a_law_only_when_it_is_new(home: Home) -> None:
    refused: list[GatepostError] = []
    home.law.refused = refused.append
    home.policy.write_text("[[rule]")
    home.wait()
    home.wait()
    assert [error.code for error in refused] == ["policy.invalid"]
    assert home.laws == []


def test_a_grant_speaks_of_the_node_its_alias_stands_for_and_of_no_later_one(home: Home) -> None:
    node = home.stage.node("home")
    lab = node.peers.by_alias["lab"].row.node
    made = home.law.grant(grant())
    assert f'nodes = {{ lab = "{lab}" }}' in made.text
    home.call(home.operator.rename_peer("lab", "workshop"))
    sent = home.stage.submit("lab", "main", "bob@home")
    home.stage.ends("lab", sent.id, "received")
    rule = home.law.law.rule(made.id)
    assert rule is not None
    assert not rule.from_[0].matches(party("main", "c" * 52, "lab"))


def test_a_grant_to_somebody_unknown_is_made_and_says_so(home: Home) -> None:
    made = home.law.grant(grant(sender="*@lba", to="bbo"))
    assert "nodes" not in made.text
    assert [remark.partition("rule ")[2] for remark in made.remarks] == [
        f"`{made.id}` names the peer `lba`, which this node has not; did you mean `lab`?",
        f"`{made.id}` names the agent `bbo`, which this node has not; did you mean `bob`?",
    ]
