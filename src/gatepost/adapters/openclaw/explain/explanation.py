"""One question answered whole: may this agent `sessions_send` to that one, and if not, why not.

Every blocker at once, and beside the gates everything else that would stop the message or that the
operator does not mean: a file OpenClaw refuses, agents that are not there, entries that match
nobody, a tool the agent does not have, and what opening the gates would open to others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from shlex import quote

from gatepost.adapters.openclaw.explain import allow, fixes, tooling
from gatepost.adapters.openclaw.explain.agents import canonical
from gatepost.adapters.openclaw.explain.configuration import ALLOW, CLAMP, Configuration, Fault
from gatepost.adapters.openclaw.explain.gates import Gate, Wish, gates, shut

LISTED = 20


@dataclass(frozen=True, slots=True)
class Warned:
    """Something beside the gates.

    `stops`: the message cannot pass because of it; `paired`: it is about these two agents alone.
    """

    text: str
    fix: tuple[str, ...] = ()
    stops: bool = False
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. `gates` holds the open ones too."""

    wish: Wish
    given: Configuration
    gates: tuple[Gate, ...]
    warnings: tuple[Warned, ...]

    @property
    def blockers(self) -> tuple[Gate, ...]:
        """The gates that are shut."""
        return tuple(shut(self.gates))

    @property
    def allowed(self) -> bool:
        """True when the message passes."""
        return not (self.blockers or any(one.stops for one in self.warnings))

    @property
    def commands(self) -> tuple[str, ...]:
        """Everything to type, in order, each command once."""
        blocking = (line for one in self.blockers for line in one.fix)
        return tuple(dict.fromkeys((*self.mending, *blocking)))

    @property
    def mending(self) -> tuple[str, ...]:
        """What mends the file itself: typed first, for `config set` refuses a broken one.

        The editor comes before OpenClaw's doctor, which mends a file whole or not at all.
        """
        shut = [line for one in self.blockers for line in one.fix]
        warned = [line for one in self.warnings for line in one.fix if one.stops]
        lines = (line for line in (*shut, *warned) if not line.startswith(fixes.SET))
        return tuple(sorted(lines, key=lambda line: line == fixes.CURE))

    def patch(self, baseline: str) -> str:
        """All changes in one call to the gateway; empty without any, or when the file is broken."""
        changes = [(one.key, one.wanted) for one in self.blockers]
        return fixes.patch(changes, baseline) if changes and not self.mending else ""


def asked(sender: str, target: str, given: Configuration, *, sandboxed: bool = False) -> Wish:
    """The question; a sender that is always sandboxed is taken as that."""
    agent = given.roster.find(sender)
    always = tooling.mode(given, agent)[0] == "all"
    return Wish(canonical(sender), canonical(target), sandboxed or always)


def elsewhere(found: Explanation, path: str) -> Explanation:
    """The answer for a file OpenClaw does not find by itself: the commands would miss it."""
    if not found.commands:
        return found
    text = (
        "the commands change the file that OpenClaw finds by itself; for this one, first type:"
        f" export OPENCLAW_CONFIG_PATH={quote(path)}"
    )
    return replace(found, warnings=(*found.warnings, Warned(text, paired=True)))


def explain(wish: Wish, given: Configuration, *, entries: bool = True) -> Explanation:
    """Ask every gate, then look around; `entries`: at every entry of the list too."""
    found = gates(wish, given)
    around = (
        *_release(given),
        *_file(given, found),
        *_absent(wish, given),
        *_toolless(wish, given),
    )
    traps = (*(_traps(given) if entries else ()), *_ignored(wish, given), *_elsewhere(wish, given))
    return Explanation(wish, given, found, (*around, *traps, *_opened(wish, given, found)))


def _release(given: Configuration) -> Iterator[Warned]:
    if not given.release.verified:
        like = "the newer" if given.release.keyed else "the older"
        yield Warned(f"OpenClaw {given.release.name} was not tried; {like} rules are assumed")


def _file(given: Configuration, found: tuple[Gate, ...]) -> Iterator[Warned]:
    """What is wrong with the file beside the values of the gates that were asked."""
    for fault in given.faults:
        if not any(f"{fault.key}.".startswith(f"{gate.key}.") for gate in found):
            yield Warned(_refused(fault, given), _cure(fault, given), stops=True)


def _refused(fault: Fault, given: Configuration) -> str:
    name = given.release.name
    return f"OpenClaw {name} refuses the file: {fault.key}: {fault.error}   ({fault.where})"


def _cure(fault: Fault, given: Configuration) -> tuple[str, ...]:
    """The doctor of newer releases mends what older ones wrote; that of older ones only deletes."""
    curable = given.release.keyed and fault.key in ("agents", "agents.ownership", "session")
    return (fixes.CURE,) if curable else fixes.by_hand(fault)


def _absent(wish: Wish, given: Configuration) -> Iterator[Warned]:
    known = given.roster
    for agent in dict.fromkeys((wish.sender, wish.target)):
        if not known.find(agent):
            near = ", ".join(get_close_matches(agent, known.ids, 3) or known.ids[:LISTED])
            text = f'Agent "{agent}" not found. Run openclaw agents list to see configured agents.'
            yield Warned(f"{text}   near: {near}", stops=True)


def _toolless(wish: Wish, given: Configuration) -> Iterator[Warned]:
    agent = given.roster.find(wish.sender)
    for one in tooling.missing(given, agent, sandboxed=wish.sandboxed):
        text = f"{wish.sender} has no {tooling.TOOL}: {one.because}   {one.key}   ({one.where})"
        yield Warned(text, stops=True)


def _traps(given: Configuration) -> Iterator[Warned]:
    for trap in allow.traps(given.written(ALLOW), given.roster.ids):
        yield Warned(f"{ALLOW}: `{trap.entry}`: {trap.because}   ({trap.where})")


def _ignored(wish: Wish, given: Configuration) -> Iterator[Warned]:
    agent = given.roster.find(wish.sender)
    own = given.of_agent(agent, "sandbox", "sessionToolsVisibility")
    if own and agent:
        text = f"{agent.key}.sandbox.sessionToolsVisibility is not read; only {CLAMP} counts"
        yield Warned(f"{text}   ({own.where})")


def _elsewhere(wish: Wish, given: Configuration) -> Iterator[Warned]:
    """The answer is for the main session; under `non-main` every other one is sandboxed."""
    mode, where = tooling.mode(given, given.roster.find(wish.sender))
    clamp = given.written(CLAMP)
    if mode == "non-main" and not wish.sandboxed and not (clamp and clamp.value == "all"):
        text = f"sessions of {wish.sender} other than its main one run in a sandbox ({where})"
        yield Warned(f"{text} and would be refused: ask again with --sandboxed")


def _opened(wish: Wish, given: Configuration, found: tuple[Gate, ...]) -> Iterator[Warned]:
    """What else the fixes open, before anybody types them."""
    names = {gate.name for gate in shut(found)}
    if names & {"visibility", "agentToAgent.enabled"} and not allow.texts(given.written(ALLOW)):
        if not wish.crosses:
            return
        only = fixes.set(ALLOW, (wish.sender, wish.target))[0]
        text = (
            f"{ALLOW} is not set: with the gates open, every agent may message every other and read"
            f" its sessions. To open them for these two alone: {only}"
        )
        yield Warned(text, paired=True)
