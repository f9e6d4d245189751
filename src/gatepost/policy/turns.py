"""Automatic turns of conversations, as far as they were seen since the node started.

What a message inherits from the run that causes it counts chains. An agent that asks, reads the
answer and asks again in one run makes no chain: its turns are counted here, by conversation and
peer. A message nobody's run caused (a person's) begins anew. What is remembered is bounded; of
too many conversations the oldest are forgotten.
"""

_MOST = 20_000


class Turns:
    """The count of each conversation. Mutable."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, str], int] = {}

    def next(self, peer: int, conversation: str, inherited: int) -> int:
        """Which automatic turn a message would be that its cause makes turn `inherited`."""
        return max(inherited, self._seen.get((peer, conversation), 0) + 1)

    def saw(self, peer: int, conversation: str, turns: int) -> None:
        """A message of a conversation was accepted, here or from the peer; 0: a person's."""
        key = peer, conversation
        self._seen.pop(key, None)
        if not turns:
            return
        self._seen[key] = turns
        if len(self._seen) > _MOST:
            for old in list(self._seen)[: _MOST // 2]:
                del self._seen[old]

    def __len__(self) -> int:
        return len(self._seen)
