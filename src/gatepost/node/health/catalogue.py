"""All checks, in the order they are shown; docs/doctor.md is written from here."""

from gatepost.node.health import agents, home, law, peers, process, settings, storage
from gatepost.node.health.check import Check

CHECKS: tuple[Check, ...] = (
    *home.CHECKS,
    *process.CHECKS,
    *storage.CHECKS,
    *settings.CHECKS,
    *law.CHECKS,
    *peers.CHECKS,
    *agents.CHECKS,
)
BY_CODE: dict[str, Check] = {check.code: check for check in CHECKS}
