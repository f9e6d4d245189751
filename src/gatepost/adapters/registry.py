"""Which adapter an agent has: from its spec to the thing that wakes it."""

from urllib.parse import urlsplit

from gatepost.adapters.echo import EchoAdapter
from gatepost.adapters.process import program
from gatepost.adapters.process.adapter import ProcessAdapter
from gatepost.adapters.site import Adapter, Site
from gatepost.adapters.webhook.adapter import WebhookAdapter
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.ports import Desk

_SECRET_MIN = 16


def build(spec: AgentSpec, desk: Desk, site: Site) -> Adapter | None:
    """The adapter of an agent, not started.

    None for one that polls. Raises `config.invalid` as `check` does.

    A command that is not there is no error here: it may come, and until then its runs end as
    `failed`.
    """
    fault = _fault(spec)
    if fault is not None:
        raise fault
    match spec.adapter:
        case "echo":
            return EchoAdapter(desk, site.clock, spec.concurrent)
        case "process":
            return ProcessAdapter(spec, desk, site)
        case "webhook":
            return WebhookAdapter(spec, desk, site)
        case _:
            return None


def check(spec: AgentSpec, path: str | None) -> GatepostError | None:
    """What is wrong with a spec, as an operator should hear it when adding an agent.

    `path` is the node's PATH.
    """
    fault = _fault(spec)
    if fault is None and spec.adapter == "process":
        return program.find(spec.command, path)
    return fault


def _fault(spec: AgentSpec) -> GatepostError | None:
    why = ""
    match spec.adapter:
        case "" | "echo":
            pass
        case "process":
            if spec.mode not in ("once", "stay"):
                why = f"its mode is `{spec.mode}`, not once or stay"
        case "webhook":
            why = _url_fault(spec.url)
            if len(spec.secret) < _SECRET_MIN:
                why = why or f"its secret has fewer than {_SECRET_MIN} characters"
        case _:
            why = f"there is no adapter `{spec.adapter}`"
    if spec.concurrent < 1:
        why = why or "it may have no run at a time"
    return GatepostError("config.invalid", what=f"agent `{spec.name}`", why=why) if why else None


def _url_fault(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"`{url}` is not an http or https URL"
    return "its URL holds a user or password" if parts.username or parts.password else ""
