"""Who a secret speaks for."""

import pytest

from gatepost.core.views import TokenView
from gatepost.errors import GatepostError
from tests.unit.node.stage import Stage


def made(stage: Stage, agent: str, note: str = "") -> TokenView:
    heard: list[TokenView] = []
    stage.node("home").tokens.create(agent, note, heard.append)
    assert heard == []
    stage.until(lambda: heard)
    return heard[0]


@pytest.mark.requirement("T07", "T22")
def test_an_agent_token_speaks_for_its_agent_and_nobody_else() -> None:
    stage = Stage("home")
    tokens = stage.node("home").tokens
    token = made(stage, "bob")
    assert tokens.agent_of(token.secret) == "bob"
    assert not tokens.is_operator(token.secret)
    assert tokens.agent_of(token.secret + "x") is None
    assert tokens.agent_of("") is None


def test_an_operator_token_is_no_agents() -> None:
    stage = Stage("home")
    tokens = stage.node("home").tokens
    token = made(stage, "")
    assert tokens.is_operator(token.secret)
    assert tokens.agent_of(token.secret) is None


@pytest.mark.requirement("T11")
def test_a_secret_is_shown_once_and_kept_only_as_a_hash() -> None:
    stage = Stage("home")
    token = made(stage, "bob", "for the shell")
    (listed,) = stage.node("home").tokens.all()
    assert (listed.note, listed.secret) == ("for the shell", "")
    kept = stage.node("home").store.registry.tokens()
    assert token.secret.encode() not in b"".join(row.hash for row in kept)
    dump = "".join(
        str(row) for row in stage.machines["home"].disk.reader.execute("SELECT * FROM token")
    )
    assert token.secret not in dump


def test_tokens_are_there_after_a_restart_and_gone_once_revoked() -> None:
    stage = Stage("home")
    token = made(stage, "bob")
    stage.crash("home")
    stage.boot("home")
    tokens = stage.node("home").tokens
    assert tokens.agent_of(token.secret) == "bob"
    tokens.revoke(token.id)
    assert tokens.agent_of(token.secret) is None
    with pytest.raises(GatepostError) as raised:
        tokens.revoke(token.id)
    assert raised.value.code == "token.unknown"
    stage.run(1)
    stage.crash("home")
    stage.boot("home")
    assert stage.node("home").tokens.agent_of(token.secret) is None


def test_removing_an_agent_takes_its_tokens() -> None:
    stage = Stage("home")
    bob, main = made(stage, "bob"), made(stage, "main")
    node = stage.node("home")
    node.remove_agent("bob")
    assert node.tokens.agent_of(bob.secret) is None
    assert node.tokens.agent_of(main.secret) == "main"
