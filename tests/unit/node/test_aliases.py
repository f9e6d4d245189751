"""A name means one node: what renames, removals and look-alikes may not silently change."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from gatepost.core.views import Paired, Renamed
from gatepost.errors import GatepostError
from gatepost.node.aliases import KEPT_MS
from gatepost.node.peering import Peering
from tests.unit.node.stage import OPEN, Stage, law

T = TypeVar("T")
DAY = 24 * 3600
RULES = """
[[rule]]
id = "lab-asks"
allow = ["ask"]
from = "*@lab"
to = "*"
"""


class NoBlocks:
    def block(self, alias: str, node: str) -> None: ...

    def unblock(self, alias: str, node: str) -> None: ...


def call(stage: Stage, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run an operator's call whose commits and links the virtual timeline makes."""

    async def both() -> T:
        task = asyncio.ensure_future(coroutine)
        for _ in range(2000):
            await asyncio.sleep(0)
            stage.run(0.01)
            if task.done():
                break
        return await task

    return asyncio.run(both())


class Town:
    """Nodes that are not paired, and the operator of each."""

    def __init__(self, *names: str, text: str = OPEN) -> None:
        self.stage = Stage(*names, text=text, paired=False)

    def operator(self, name: str) -> Peering:
        return Peering(self.stage.node(name), NoBlocks())

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return call(self.stage, coroutine)

    def pair(self, inviter: str, accepter: str, alias: str, name: str = "") -> Paired:
        """`inviter` calls the other `alias`; what the accepter is shown."""
        text = self.call(self.operator(inviter).invite(alias)).text
        return self.call(self.operator(accepter).accept(text, name))

    def aliases(self, name: str) -> dict[str, str]:
        """What each alias means at a node."""
        names = {self.stage.node(n).peers._ground.node: n for n in self.stage.machines}
        peers = self.stage.node(name).peers.by_alias
        return {alias: names[peer.row.node] for alias, peer in peers.items()}


@pytest.fixture
def town() -> Town:
    return Town("home", "lab", "eve", text=RULES)


def refused(town: Town, coroutine: Coroutine[Any, Any, object]) -> GatepostError:
    with pytest.raises(GatepostError) as raised:
        town.call(coroutine)
    return raised.value


@pytest.mark.requirement("P6")
@pytest.mark.parametrize("taken_back", ["removed", "renamed"])
def test_another_node_does_not_get_a_name_that_meant_one_until_lately(
    town: Town, taken_back: str
) -> None:
    town.pair("home", "lab", "lab")
    home = town.operator("home")
    if taken_back == "removed":
        town.call(home.remove_peer("lab"))
    else:
        town.call(home.rename_peer("lab", "workshop"))
    invitation = town.call(home.invite("lab"))
    assert any("kept until" in line for line in invitation.warnings)
    town.call(town.operator("eve").accept(invitation.text))
    ending = town.call(home.paired("lab-2", 0.0))
    assert ending is not None
    assert town.aliases("home")["lab-2"] == "eve"
    assert any(
        line.startswith("it is called `lab-2` here: `lab` is kept") for line in ending.warnings
    )
    assert not any("ask" in may for may in ending.may), "no rule written for lab holds for eve"
    error = refused(town, home.rename_peer("lab-2", "lab"))
    assert error.code == "peer.alias_kept"
    assert error.fix == "gatepost peers alias lab-2 lab --reuse"
    town.call(home.rename_peer("lab-2", "lab", reuse=True))
    assert town.aliases("home")["lab"] == "eve"


def test_an_accepter_names_no_other_node_so_either(town: Town) -> None:
    town.pair("lab", "home", "home", name="lab")
    town.call(town.operator("home").remove_peer("lab"))
    text = town.call(town.operator("eve").invite("home")).text
    error = refused(town, town.operator("home").accept(text, "lab"))
    assert (error.code, error.fix) == (
        "invitation.alias_kept", "gatepost peers accept STRING --name lab --reuse",
    )  # fmt: skip
    assert town.aliases("home") == {}
    ending = town.call(town.operator("home").accept(text, "lab", reuse=True))
    assert (ending.alias, town.aliases("home")) == ("lab", {"lab": "eve"})


def test_the_same_node_gets_its_name_back_unasked(town: Town) -> None:
    town.pair("home", "lab", "lab")
    town.call(town.operator("home").remove_peer("lab"))
    town.call(town.operator("lab").remove_peer("home"))
    ending = town.pair("home", "lab", "lab")
    assert ending.alias == "home"
    assert town.aliases("home") == {"lab": "lab"}


def test_a_name_is_kept_over_a_restart_and_free_after_thirty_days(town: Town) -> None:
    town.pair("home", "lab", "lab")
    town.call(town.operator("home").rename_peer("lab", "workshop"))
    town.stage.crash("home")
    town.stage.boot("home")
    node = town.stage.node("home")
    eve = town.stage.node("eve").peers._ground.node
    assert node.aliases.kept("lab", eve) is not None
    town.stage.machines["home"].offset = KEPT_MS + 1
    assert node.aliases.kept("lab", eve) is None
    assert node.aliases.free("lab", eve) == "lab"


def test_a_rename_there_and_back_leaves_nothing_behind(town: Town) -> None:
    town.pair("home", "lab", "lab")
    home = town.operator("home")
    made = town.call(home.rename_peer("lab", "workshop"))
    assert isinstance(made, Renamed)
    assert made.undo == "gatepost peers alias workshop lab"
    assert any("lab-asks" in line for line in made.warnings), "rules that use the old name are told"
    error = refused(town, home.ping("lab"))
    assert (error.code, error.why) == ("peer.unknown", "it is called `workshop` now")
    town.call(home.rename_peer("workshop", "lab"))
    assert town.aliases("home") == {"lab": "lab"}
    assert town.stage.node("home").aliases.about("workshop") == "it is called `lab` now"


@pytest.mark.requirement("T18")
def test_a_name_that_looks_like_another_is_told_when_it_is_given(town: Town) -> None:
    town.pair("home", "lab", "laboratory")
    home = town.operator("home")
    invitation = town.call(home.invite("iaboratory"))
    assert invitation.warnings == ("`iaboratory` is easily taken for `laboratory`",)
    ending = town.call(town.operator("eve").accept(invitation.text, "horne"))
    assert ending.warnings == ()
    joined = town.call(home.paired("iaboratory", 0.0))
    assert joined is not None
    assert joined.warnings == ("`iaboratory` is easily taken for `laboratory`",)
    made = town.call(home.rename_peer("iaboratory", "horne"))
    assert made.warnings[0] == "`horne` is easily taken for `home`"


@pytest.mark.parametrize("name", ["home", "a" * 52, "Lab", "läb", "", "la b", "-lab", "x" * 65])
def test_what_is_no_name_or_means_another_is_refused(town: Town, name: str) -> None:
    town.pair("home", "lab", "lab")
    error = refused(town, town.operator("home").rename_peer("lab", name))
    assert error.code in ("usage.invalid", "address.invalid")
    assert town.aliases("home") == {"lab": "lab"}


def test_a_rename_opens_nothing_that_a_rule_by_the_old_name_forbids() -> None:
    town = Town("home", "lab", "eve", text=OPEN)
    text = OPEN + '[[rule]]\nid = "no"\ndeny = ["ask"]\nfrom = "*@friend"\nto = "*"\n'
    town.pair("home", "lab", "friend")
    stage = town.stage

    def asks() -> str:
        sent = stage.submit("lab", "main", "bob@home").id
        stage.run(2)
        return stage.view("lab", sent).reason

    stage.machines["home"].law = law("home", text)
    stage.node("home").law_changed(stage.machines["home"].law)
    assert asks() == "denied"
    town.call(town.operator("home").rename_peer("friend", "workshop"))
    assert asks() == "denied"
    stage.crash("home")
    stage.boot("home")
    stage.run(60)
    assert asks() == "denied"
    assert stage.node("home").peers.by_alias["workshop"].former == ("friend",)
    town.pair("home", "eve", "new")
    town.call(town.operator("home").rename_peer("new", "friend", reuse=True))
    assert asks() == ""
