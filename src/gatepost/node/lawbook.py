"""The law in its files.

Read again when they changed, written by commands, and never replaced by a broken one, nor by one
that breaks an expectation it met. A block is never in the way of that: it is written and counts,
and the expectations it breaks are shown.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from gatepost.config.grants import NewRule, add_rules, blocking, grant_id, remove_rules
from gatepost.config.paths import Layout
from gatepost.config.watch import PolicyFiles
from gatepost.core.address import is_node_id
from gatepost.core.origin import Document
from gatepost.core.views import GrantIn, GrantView
from gatepost.errors import GatepostError
from gatepost.policy.directory import Directory
from gatepost.policy.expectations import Tried, broken_by, refusal
from gatepost.policy.law import Law
from gatepost.policy.patterns import shell
from gatepost.policy.review import review_of
from gatepost.policy.rules import read_law
from gatepost.ports import Clock


class LawFiles:
    """Implements `operator.LawBook` over `policy.toml` and `grants.toml`.

    `directory` tells whom this node knows. `changed` is called with every new law, `refused` with
    what is wrong with files that do not become the law.
    """

    def __init__(self, places: Layout, clock: Clock, own: Sequence[str]) -> None:
        self._places = places
        self._clock = clock
        self._own = tuple(own)
        self._files = PolicyFiles(places, self._read)
        self._failing: tuple[Tried, ...] = ()
        self.directory: Callable[[], Directory] = Directory
        self.changed: Callable[[Law], None] = _nobody
        self.refused: Callable[[GatepostError], None] = _nobody_either

    @property
    def law(self) -> Law:
        """The last good law."""
        return self._files.current

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now."""
        return self._files.fault

    @property
    def failing(self) -> tuple[str, ...]:
        """Which expectations the law in force did not meet when it was last read."""
        return tuple(one.says for one in self._failing)

    def begin(self) -> None:
        """Try the expectations of the law that was found at the start.

        One that is stricter than expected is only shown: time alone can make it so. Raises
        `policy.expectation` where the law permits more than it is expected to.
        """
        self._failing = self._broken(None, self.law)
        wider = tuple(one for one in self._failing if one.wider)
        if wider:
            raise refusal(wider)

    def reload(self) -> None:
        """Read the files again when they changed.

        A broken one changes nothing, nor does one that breaks an expectation.
        """
        self._reload(self._judge)

    def _reload(self, read: Callable[[Sequence[Document]], Law]) -> None:
        before = self._files.current
        if not self._files.refresh(read):
            return
        if self.fault is not None:
            self.refused(self.fault)
        elif self.law is not before:
            self._failing = self._broken(None, self.law)
            self.changed(self.law)

    def grant(self, grant: GrantIn) -> GrantView:
        """Write a rule made by command."""
        says = "deny" if grant.deny else "allow"
        rule = NewRule(
            id=grant.id or grant_id(grant.sender, grant.verbs, grant.to, says),
            says=says,
            verbs=grant.verbs,
            from_=grant.sender,
            to=grant.to,
            until=grant.until,
            rate=grant.rate,
            nodes=self._nodes(grant),
            by=_command(grant),
            made=self._clock.now(),
        )
        edited = add_rules(self._places, (rule,), self._judge)
        self.reload()
        return GrantView(
            id=rule.id,
            text=edited.after,
            origin=f"{edited.file}:{edited.line}",
            undo=edited.undo,
            remarks=self._remarks(rule.id),
        )

    def _remarks(self, rule_id: str) -> tuple[str, ...]:
        rule = self.law.rule(rule_id)
        if rule is None:
            return ()
        found = review_of(self.law, rule, self.directory(), self._clock.now())
        return tuple(one.text for one in found)

    def _nodes(self, grant: GrantIn) -> dict[str, str]:
        """The nodes its aliases stand for now; a name nobody has is whoever gets it."""
        peers = self.directory().peers
        named = (text.partition("@")[2] for text in (grant.sender, grant.to))
        return {name: peers[name].node for name in named if name in peers and not is_node_id(name)}

    def revoke(self, rule_id: str) -> str:
        """Cut a rule out of its file.

        Returns the command that made it, "" when it was written by hand.
        """
        edited = remove_rules(self._places, (rule_id,), self._judge)
        self.reload()
        return edited.undo

    def block(self, alias: str, node: str) -> None:
        """Write the rules that refuse everything from and to a peer, whatever was expected."""
        add_rules(self._places, blocking(alias, node, self._clock.now()), self._read)
        self._reload(self._read)

    def unblock(self, alias: str, node: str) -> None:
        """Cut the rules of a block out again, those that are still there."""
        self.reload()
        there = [rule.id for rule in blocking(alias, node, 0) if self.law.rule(rule.id)]
        if there:
            remove_rules(self._places, there, self._judge)
            self.reload()

    def _read(self, documents: Sequence[Document]) -> Law:
        return read_law(documents, self._own)

    def _judge(self, documents: Sequence[Document]) -> Law:
        """Read a law that shall follow the one in force. Raises what speaks against it."""
        law = self._read(documents)
        broken = self._broken(self._files.current, law)
        if broken:
            raise refusal(broken)
        return law

    def _broken(self, before: Law | None, after: Law) -> tuple[Tried, ...]:
        if not after.expectations:
            return ()
        return broken_by(before, after, self.directory(), self._clock.now())


def _command(grant: GrantIn) -> str:
    """The command that makes this grant, whole: given after a revoke, it makes it again."""
    words = ["gatepost policy grant", shell(grant.sender), ",".join(grant.verbs), shell(grant.to)]
    if grant.until:
        words.append(
            f"--until {datetime.fromtimestamp(grant.until // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
    if grant.rate:
        words.append(f"--rate {grant.rate}")
    if grant.id:
        words.append(f"--id {grant.id}")
    if grant.deny:
        words.append("--deny")
    return " ".join(words)


def _nobody(law: Law) -> None:
    """Nobody listens yet."""


def _nobody_either(fault: GatepostError) -> None:
    """Nobody listens yet."""
