"""What may be handed to a stranger: an examination without secrets, and without what was said.

Only what stands in the lists below is told, field by field; nothing is copied from a file. So no
key, token, message, command line, URL or webhook secret can come along. Errors about a broken
file quote it, so of those only place and title are told. Then every text is looked through once
more for what has the shape of a secret.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gatepost.core.health import Checkup, Finding
from gatepost.core.machine import AgentFacts, PeerFacts
from gatepost.node.health.facts import Facts

_QUOTING = frozenset({"config.invalid", "policy.invalid", "config.stray", "keys.damaged"})
_SECRET = re.compile(
    r"\b(?:gp1|gpr1|gpt|sk|ghp|xox[a-z])-[\w-]+"
    r"|-----BEGIN[^-]*-----.*?(?:-----END[^-]*-----|\Z)"
    r"|[A-Za-z0-9+_=-]{32,}",
    re.DOTALL,
)
_HIDDEN = "••••"


def texts(facts: Facts, checkup: Checkup, user: Path, system: str) -> dict[str, str]:
    """The files of a bundle by name.

    `user` is the user's own directory, which becomes `~`; `system` names the machine's kind.
    """
    told: dict[str, object] = {
        "findings.json": {
            "at": checkup.at,
            "looked": checkup.looked,
            "findings": [_finding(one) for one in checkup.findings],
        },
        "machine.json": {"system": system, **_machine(facts)},
        "settings.json": [
            {"key": one.key, "value": one.value, "source": one.source, "origin": one.origin}
            for one in (facts.config.settings if facts.config is not None else ())
            if not one.secret
        ],
        "rules.json": _rules(facts),
        "peers.json": [_peer(one) for one in facts.known_peers or ()],
        "agents.json": [_agent(one) for one in facts.known_agents or ()],
        "counts.json": dict(facts.database.counts) if facts.database is not None else {},
    }
    return {name: redacted(_text(value), user) for name, value in told.items()}


def redacted(text: str, user: Path) -> str:
    """The text without what has the shape of a secret, and without the user's name in paths."""
    plain = text.replace(str(user), "~") if str(user) not in ("", "/") else text
    return _SECRET.sub(_HIDDEN, plain)


def _text(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"


def _finding(one: Finding) -> dict[str, object]:
    quotes = one.code in _QUOTING
    return {
        "code": one.code,
        "severity": one.severity,
        "subject": one.subject,
        "what": one.title if quotes else one.what,
        "why": "" if quotes else one.why,
        "where": one.where,
        "since": one.since,
        "cause": one.cause,
    }


def _machine(facts: Facts) -> dict[str, object]:
    process, disk, database = facts.process, facts.disk, facts.database
    return {
        "version": facts.caller.version if facts.caller is not None else "",
        "node_version": facts.node.version if facts.node is not None else "",
        "running": process.running if process is not None else None,
        "kept": process.keeper.plain if process is not None else "",
        "evidence": process.keeper.evidence if process is not None else (),
        "variables": [name for name, _ in process.settings] if process is not None else [],
        "free": disk.free if disk is not None else None,
        "fsync_ms": disk.fsync if disk is not None else None,
        "database_bytes": database.size if database is not None else None,
        "schema": database.schema if database is not None else None,
        "sound": database.quick if database is not None else "",
    }


def _rules(facts: Facts) -> list[Mapping[str, object]]:
    return [
        {
            "id": rule.id,
            "allow": rule.allow,
            "hold": rule.hold,
            "deny": rule.deny,
            "from": [str(one) for one in rule.from_],
            "to": [str(one) for one in rule.to],
            "until": rule.until,
            "origin": str(rule.origin),
        }
        for rule in (facts.law.rules if facts.law is not None else ())
    ]


def _peer(one: PeerFacts) -> dict[str, object]:
    return {
        "alias": one.alias,
        "node": one.node[:7],
        "blocked": one.blocked,
        "stopped": one.stopped,
        "linked": one.linked,
        "waiting": one.waiting,
        "oldest": one.oldest,
        "credit": one.credit,
        "skew": one.skew,
    }


def _agent(one: AgentFacts) -> dict[str, object]:
    return {
        "name": one.spec.name,
        "adapter": one.spec.adapter,
        "mode": one.spec.mode,
        "attached": one.attached,
        "waiting": one.waiting,
        "oldest": one.oldest,
        "runs": one.runs,
        "doubtful": one.doubtful,
    }
