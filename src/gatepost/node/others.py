"""What another node thinks of a wish, as far as it says so.

Known without asking is the word it gave for the last such message. Asked, it answers what it
answers to every node it is paired with: a ping, and the agents it shows. Neither tells its rules,
and nothing here needs more of it than it says already.
"""

import msgspec

from gatepost.core.control import Answer
from gatepost.core.entry import is_code
from gatepost.core.message import WANT
from gatepost.core.records import MessageRow
from gatepost.core.views import MessagesQuery
from gatepost.errors import GatepostError
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.overview import Listed
from gatepost.node.peers import Peer
from gatepost.node.talk import Op
from gatepost.policy.explain import There, said_there
from gatepost.policy.request import Facts, Request
from gatepost.policy.usage import Usage

LATEST = 500
"""How far back the last word about such a message is sought, in messages of the agent."""

_LET_IN = ("received", "working", "needs_input", "done", "delivered", "failed")


class Others:
    """Other nodes, as this one hears them."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def said(self, row: MessageRow, request: Request) -> There | None:
        """What the peer said of one message; None when none had to."""
        if row.direction != "out":
            return None
        word = _word(row) or ""
        return said_there(word, request, self._facts(), row.since if word else 0)

    async def asked(self, request: Request, said: There | None = None) -> There:
        """What the peer says of such a wish: its last word, and what it answers now."""
        there = said if said is not None and said.word else self._last(request)
        peer = self._node.peers.by_node.get(request.to.node)
        if peer is None:
            return there
        news = await self._news(peer, request)
        return msgspec.structs.replace(there, because=f"{there.because}; {news}")

    def _last(self, request: Request) -> There:
        """Its word for the last message like this."""
        node = self._node
        peer = node.peers.by_node.get(request.to.node)
        if peer is not None and request.verb in WANT:
            query = MessagesQuery(agent=request.sender.agent, limit=LATEST)
            for row in node.store.messages.recent(query, peer.row.number):
                alike = (row.direction, row.recipient) == ("out", request.to.agent)
                word = _word(row) if alike and row.want == WANT[request.verb] else None
                if word:
                    return said_there(word, request, self._facts(), row.since)
        return said_there("", request, self._facts())

    async def _news(self, peer: Peer, request: Request) -> str:
        """What it answers now, in words."""
        alias, agent = peer.row.alias, request.to.agent
        if not peer.exchange.live:
            return f"there is no contact with `{alias}` now"
        try:
            pong = await self._ask(peer, "ping")
            listed = await self._ask(peer, "agents")
            shown = {one.name for one in msgspec.convert(listed.data, Listed).agents}
        except (GatepostError, msgspec.ValidationError) as error:
            return f"asked now, `{alias}` gives no answer ({error})"
        answers = "answers" if pong.ok else f"answers a ping with `{pong.code}`"
        if agent in shown:
            return f"asked now, it {answers} and shows an agent `{agent}`"
        return f"asked now, it {answers} and shows no agent `{agent}`, which it may still have"

    async def _ask(self, peer: Peer, op: Op) -> Answer:
        return await outcome(lambda done: self._node.talk.ask(peer, op, {}, done))

    def _facts(self) -> Facts:
        return Facts(self._node.guard.node, Usage(), name=self._node.settings.name)


def _word(row: MessageRow) -> str | None:
    """The word its peer gave for a message; None when it gave none."""
    if not row.slot:
        return None
    if row.state == "rejected":
        said = row.reason if is_code(row.reason) else "denied"
        return "ok" if row.by == "agent" else said
    if row.state == "held":
        return "held"
    return "ok" if row.state in _LET_IN else None
