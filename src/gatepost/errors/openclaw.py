"""OpenClaw on this machine: its configuration and its gateway, as `gatepost openclaw` sees them."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "openclaw.no_config",
        Family.configuration,
        "there is no OpenClaw configuration",
        "gatepost openclaw doctor --config FILE",
    ),
    Entry(
        "openclaw.config_invalid",
        Family.configuration,
        "the OpenClaw configuration cannot be read",
        "openclaw config validate",
    ),
    Entry(
        "openclaw.version_unknown",
        Family.usage,
        "that is no version of OpenClaw",
        "gatepost openclaw doctor --gateway-version 2026.9.6",
    ),
    Entry(
        "openclaw.unreachable",
        Family.not_running,
        "no OpenClaw gateway answers there",
        "gatepost openclaw doctor",
        retryable=True,
    ),
    Entry(
        "openclaw.failed",
        Family.local,
        "OpenClaw did not do what it was asked",
        "gatepost openclaw doctor",
    ),
    Entry(
        "openclaw.refused",
        Family.refused,
        "the OpenClaw gateway refuses this credential",
        "gatepost openclaw doctor",
    ),
)
