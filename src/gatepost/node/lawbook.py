"""The law in its files.

Read again when they changed, written by commands, and never replaced by a broken one.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from gatepost.config.grants import NewRule, add_rules, blocking, grant_id, remove_rules
from gatepost.config.paths import Layout
from gatepost.config.watch import PolicyFiles
from gatepost.core.origin import Document
from gatepost.core.views import GrantIn, GrantView
from gatepost.errors import GatepostError
from gatepost.policy.law import Law
from gatepost.policy.patterns import shell
from gatepost.policy.rules import read_law
from gatepost.ports import Clock


class LawFiles:
    """Implements `operator.LawBook` over `policy.toml` and `grants.toml`.

    `changed` is called with every new law.
    """

    def __init__(self, places: Layout, clock: Clock, own: Sequence[str]) -> None:
        self._places = places
        self._clock = clock
        self._own = tuple(own)
        self._files = PolicyFiles(places, self._read)
        self.changed: Callable[[Law], None] = _nobody

    @property
    def law(self) -> Law:
        """The last good law."""
        return self._files.current

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now."""
        return self._files.fault

    def reload(self) -> None:
        """Read the files again when they changed; a broken one changes nothing."""
        if self._files.refresh():
            self.changed(self._files.current)

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
            by=_command(grant),
            made=self._clock.now(),
        )
        edited = add_rules(self._places, (rule,), self._read)
        self.reload()
        return GrantView(
            id=rule.id, text=edited.after, origin=f"{edited.file}:{edited.line}", undo=edited.undo
        )

    def revoke(self, rule_id: str) -> str:
        """Cut a rule out of its file.

        Returns the command that made it, "" when it was written by hand.
        """
        edited = remove_rules(self._places, (rule_id,), self._read)
        self.reload()
        return edited.undo

    def block(self, alias: str, node: str) -> None:
        """Write the rules that refuse everything from and to a peer."""
        add_rules(self._places, blocking(alias, node, self._clock.now()), self._read)
        self.reload()

    def unblock(self, alias: str, node: str) -> None:
        """Cut the rules of a block out again, those that are still there."""
        self.reload()
        there = [rule.id for rule in blocking(alias, node, 0) if self.law.rule(rule.id)]
        if there:
            remove_rules(self._places, there, self._read)
            self.reload()

    def _read(self, documents: Sequence[Document]) -> Law:
        return read_law(documents, self._own)


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
