"""Why: a message, a wish, or an error code, explained from what the node knows now."""

from gatepost.core.address import parse
from gatepost.core.views import Question
from gatepost.errors import CATALOGUE, GatepostError
from gatepost.node.guard import party
from gatepost.node.node import Node
from gatepost.policy.explain import Explanation, StageLine, explain
from gatepost.policy.patterns import Party
from gatepost.policy.request import Direction, Request


class Explaining:
    """Answers the operator's questions; decides nothing and takes from no counter."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def answer(self, question: Question) -> Explanation:
        """Explain what is asked."""
        if question.code:
            return _code(question.code)
        if question.message:
            return self._message(question.message)
        return self.wish(question.sender, question.verb, question.to, question.at)

    def _message(self, id: str) -> Explanation:
        found = self._node.shown.message(id)
        view = self.wish(found.sender, found.verb, found.to, 0)
        past = StageLine(
            stage="then",
            verdict=found.state,
            rule="",
            origin="",
            because=f"{found.state}{': ' + found.reason if found.reason else ''}"
            f"{' (by ' + found.by + ')' if found.by else ''}",
            fix=f"gatepost messages show {found.id}",
        )
        return Explanation(
            verdict=view.verdict,
            stages=(past, *view.stages),
            headline=f"{found.id} is {found.state}. Asked again now: {view.headline}",
            code=view.code,
            fixes=view.fixes,
            remote_node=view.remote_node,
            remote=view.remote,
            rules=view.rules,
            revision=view.revision,
        )

    def wish(self, sender: str, verb: str, to: str, at: int) -> Explanation:
        """May `sender` do `verb` to `to`, at a time (ms, 0: now), and why."""
        node = self._node
        one, other = self._party(sender), self._party(to)
        direction: Direction = "local"
        if not one.local:
            direction = "inbound"
        elif not other.local:
            direction = "outbound"
        taint = node.desk(one.agent).taint() if one.local and one.agent in node.agents else ()
        request = Request(direction, verb, one, other, at or node.clock.now(), taint=taint)
        return explain(node.guard.law, request, node.overview.facts_for(one, other))

    def _party(self, text: str) -> Party:
        address = parse(text.removeprefix("*@") and text.replace("*@", "any@"))
        agent = "" if text.startswith("*@") else address.agent
        if address.node is None or address.node == self._node.settings.name:
            return party(agent)
        peers = self._node.peers
        peer = peers.by_alias.get(address.node) or peers.by_node.get(address.node)
        if peer is None:
            return party(agent, "", address.node)
        return peer.party(agent)


def _code(code: str) -> Explanation:
    entry = CATALOGUE.get(code)
    if entry is None:
        raise GatepostError("usage.invalid", what=f"no error has the code `{code}`")
    line = StageLine("error", "deny", "", "", entry.title, entry.fix)
    return Explanation("deny", (line,), f"{code}: {entry.title} (to fix by {entry.who})", code)
