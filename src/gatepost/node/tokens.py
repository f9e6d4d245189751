"""Tokens: who a secret speaks for. Kept as hashes; a secret is shown once.

An agent token is bound to one agent and nothing else; an operator token is no agent's.
"""

import hashlib
from collections.abc import Callable

from gatepost.core.records import TokenRow
from gatepost.core.views import TokenView
from gatepost.errors import GatepostError
from gatepost.ports import Clock, Entropy
from gatepost.ports.store import Store

OPERATOR = ""


class Tokens:
    """Every token of the node."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._by_hash = {row.hash: row for row in store.registry.tokens()}

    def agent_of(self, token: str) -> str | None:
        """The agent a token is bound to; None for unknown and operator tokens."""
        row = self._by_hash.get(_hash(token))
        return row.agent if row is not None and row.agent != OPERATOR else None

    def is_operator(self, token: str) -> bool:
        """Whether this is an operator token."""
        row = self._by_hash.get(_hash(token))
        return row is not None and row.agent == OPERATOR

    def create(self, agent: str, note: str, done: Callable[[TokenView], None]) -> None:
        """Make a token; `done` once it is durable."""
        secret = f"gpt-{self._entropy.bytes(24).hex()}"
        row = TokenRow(
            id=self._entropy.bytes(4).hex(),
            agent=agent,
            hash=_hash(secret),
            note=note,
            created=self._clock.now(),
        )
        self._by_hash[row.hash] = row
        self._store.registry.save_token(row)
        self._store.then(lambda: done(_view(row, secret)))

    def revoke(self, id: str) -> None:
        """Take a token back, effective at once. Raises `token.unknown`."""
        for row in list(self._by_hash.values()):
            if row.id == id:
                del self._by_hash[row.hash]
                self._store.registry.drop_token(id)
                return
        raise GatepostError("token.unknown", what=f"no token has the id `{id}`")

    def revoke_agent(self, agent: str) -> None:
        """Take every token of an agent back."""
        for row in list(self._by_hash.values()):
            if row.agent == agent:
                self.revoke(row.id)

    def all(self) -> list[TokenView]:
        """Every token, without its secret."""
        return [_view(row) for row in sorted(self._by_hash.values(), key=lambda row: row.created)]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _view(row: TokenRow, secret: str = "") -> TokenView:
    return TokenView(id=row.id, agent=row.agent, note=row.note, created=row.created, secret=secret)
