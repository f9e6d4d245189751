"""Checks of this node's agents: whether each is woken, reads what it is given, and keeps up."""

from collections.abc import Iterator

from gatepost.core.journal.incoming import CREDIT
from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known
from gatepost.node.health.process import restart
from gatepost.node.health.words import age, count

UNREAD = 300_000
FULL = CREDIT * 3 // 4


def _down(facts: Facts) -> Iterator[Hit]:
    for agent in known(facts.desks):
        if agent.spec.adapter and not agent.attached:
            yield Hit(
                f"nothing wakes {agent.spec.name}: its {agent.spec.adapter} adapter is not there",
                agent.spec.name,
                why=f"{count(agent.waiting, 'message')} waiting" if agent.waiting else "",
                fix=facts.process.keeper.restart if facts.process is not None else "",
            )


def _missing(facts: Facts) -> Iterator[Hit]:
    for agent in known(facts.known_agents):
        if agent.missing:
            yield Hit(
                f"{agent.spec.name}: {agent.missing}",
                agent.spec.name,
                why="it must be on the PATH the node was started with, and executable",
            )


def _tokenless(facts: Facts) -> Iterator[Hit]:
    there = known(facts.home).tokens
    for agent in known(facts.known_agents):
        if there is not None and agent.spec.name not in there:
            running = facts.process is not None and facts.process.running
            yield Hit(
                f"the token of {agent.spec.name} is gone from run/tokens",
                agent.spec.name,
                fix=restart(facts) if running else "gatepost start",
            )


def _unread(facts: Facts) -> Iterator[Hit]:
    for agent in known(facts.known_agents):
        if agent.spec.adapter or agent.attached not in ("", "polls") or not agent.waiting:
            continue
        if facts.now - agent.oldest > UNREAD:
            yield Hit(
                f"nobody reads what {agent.spec.name} is given:"
                f" {count(agent.waiting, 'message')} waiting, the oldest for"
                f" {age(facts.now - agent.oldest)}",
                agent.spec.name,
                why="" if agent.attached else "it polls, and has not since the node began",
            )


def _full(facts: Facts) -> Iterator[Hit]:
    for agent in known(facts.known_agents):
        if agent.waiting >= FULL:
            yield Hit(
                f"{count(agent.waiting, 'message')} wait for {agent.spec.name}",
                agent.spec.name,
                why=f"a peer may have {CREDIT} open messages here, and then must wait",
            )


def _unclear(facts: Facts) -> Iterator[Hit]:
    for agent in known(facts.desks):
        if agent.doubtful:
            yield Hit(
                f"{count(agent.doubtful, 'run')} of {agent.spec.name} were open when the node"
                " last ended, and nobody has said what became of them",
                agent.spec.name,
            )


def _held(facts: Facts) -> Iterator[Hit]:
    holds = known(facts.holds)
    if holds.count:
        for_ = f", the oldest for {age(facts.now - holds.oldest)}" if holds.oldest else ""
        wait = "waits" if holds.count == 1 else "wait"
        yield Hit(f"{count(holds.count, 'message')} {wait} for your yes or no{for_}")


def _none(facts: Facts) -> Iterator[Hit]:
    if not known(facts.known_agents):
        yield Hit("this node has no agents: nobody can speak, and nobody can be spoken to")


CHECKS = (
    Check(
        code="agent.none",
        title="there are no agents",
        severity="hint",
        group="Agents",
        needs=("known_agents",),
        probe=_none,
        explain="Agents speak and are spoken to; a node carries nothing for anybody else.",
        fix="gatepost agents add NAME",
    ),
    Check(
        code="agent.command_missing",
        title="an agent's command is not there",
        severity="error",
        group="Agents",
        per="agent",
        needs=("known_agents",),
        probe=_missing,
        explain="It was there when the agent was added. Until it is back, each of its runs ends as"
        " `failed`.",
        fix="put it back, or `gatepost agents remove {subject}` and"
        " `gatepost agents add {subject} --command COMMAND`",
    ),
    Check(
        code="agent.no_token",
        title="an agent's token is gone",
        severity="warning",
        group="Agents",
        per="agent",
        needs=("home", "known_agents"),
        probe=_tokenless,
        explain="Commands with `--as` cannot speak as the agent, and a command the node starts for"
        " it is told no token. At its start the node makes another.",
        fix="restart the node",
    ),
    Check(
        code="agent.down",
        title="an agent's adapter is down",
        severity="error",
        group="Agents",
        per="agent",
        needs=("desks",),
        probe=_down,
        after=30,
        depends_on=("agent.command_missing", "node.broken"),
        explain="What wakes the agent does not hold its mailbox. Its messages wait.",
        fix="restart the node",
    ),
    Check(
        code="agent.unread",
        title="nobody reads an agent's mailbox",
        severity="warning",
        group="Agents",
        per="agent",
        needs=("known_agents",),
        probe=_unread,
        depends_on=("node.down", "node.stuck", "node.broken", "node.paused"),
        explain="The agent polls, and its oldest message has been waiting for more than five"
        " minutes. Its senders are told `accepted` or `received`, and nothing more.",
        fix="gatepost inbox --as {subject}",
    ),
    Check(
        code="agent.full",
        title="an agent's mailbox is filling up",
        severity="warning",
        group="Agents",
        per="agent",
        needs=("known_agents",),
        probe=_full,
        depends_on=("agent.unread", "agent.down", "agent.command_missing"),
        explain="The agent is slower than its senders. Beyond a bound per peer, further messages"
        " wait at their senders; none is lost.",
        fix="gatepost messages list --agent {subject}",
    ),
    Check(
        code="agent.unclear",
        title="runs wait for evidence",
        severity="warning",
        group="Agents",
        per="agent",
        needs=("desks",),
        probe=_unclear,
        after=60,
        depends_on=("agent.down",),
        explain="They go on once whoever works for the agent is back and says whether they ran;"
        " until then they are neither run again nor ended.",
        fix="start the program that works for {subject}",
    ),
    Check(
        code="holds.waiting",
        title="messages wait for a person",
        severity="warning",
        group="Agents",
        needs=("holds",),
        probe=_held,
        explain="A rule holds them until somebody says yes or no, or until they expire. Their"
        " senders see `held`.",
        fix="gatepost holds list",
    ),
)
