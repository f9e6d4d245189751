"""Which adapter an agent has: what is wrong with its spec, and from the spec to what wakes it.

The adapters are imported when the first agent needs them: a node whose agents poll pays for none.
"""

from urllib.parse import urlsplit

from gatepost.adapters.site import Adapter, Site
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.ports import Desk

SECRET_MIN = 16
"""Characters of the secret that signs what a webhook is called with."""
_MODES = ("once", "stay")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build(spec: AgentSpec, desk: Desk, site: Site) -> Adapter | None:
    """The adapter of an agent, not started; None for one that polls.

    A command that is not there is no error here: it may come back, and until then its runs end as
    `failed`.
    """
    match spec.adapter:
        case "":
            return None
        case "echo":
            from gatepost.adapters.echo import EchoAdapter

            return EchoAdapter(desk, site.clock, spec.concurrent)
        case "process":
            from gatepost.adapters.process.adapter import ProcessAdapter

            return ProcessAdapter(spec, desk, site)
        case "webhook":
            from gatepost.adapters.webhook.adapter import WebhookAdapter

            return WebhookAdapter(spec, desk, site)
        case "openclaw":
            from gatepost.adapters.openclaw.adapter import OpenClawAdapter

            return OpenClawAdapter(spec, desk, site)
        case _:
            raise _wrong(spec, _unknown(spec))


def check(spec: AgentSpec, path: str | None) -> None:
    """Raise what is wrong with a spec, before the agent is kept. `path` is the node's PATH.

    Raises `usage.invalid`, or `adapter.no_command`.
    """
    match spec.adapter:
        case "" | "echo":
            why = ""
        case "process":
            why = "" if spec.mode in _MODES else f"its mode is `{spec.mode}`, not once or stay"
            why = why or ("" if spec.command else "the process adapter needs a command")
        case "webhook":
            why = _url_fault(spec.url) or _secret_fault(spec.secret)
        case "openclaw":
            why = _gateway_fault(spec.url)
            why = why or ("" if spec.secret else "the gateway wants its token")
        case _:
            why = _unknown(spec)
    if spec.concurrent < 1:
        why = why or "it would have no run at a time"
    if why:
        raise _wrong(spec, why)
    if spec.adapter == "process":
        from gatepost.adapters.process.program import find

        missing = find(spec.command, path)
        if missing is not None:
            raise missing


def missing(spec: AgentSpec, path: str | None) -> str:
    """Why the command of an agent cannot be started, "" when it can or needs none."""
    if spec.adapter != "process":
        return ""
    from gatepost.adapters.process.program import find

    fault = find(spec.command, path)
    return fault.what if fault is not None else ""


def _wrong(spec: AgentSpec, why: str) -> GatepostError:
    return GatepostError("usage.invalid", what=f"agent `{spec.name}` cannot be woken so", why=why)


def _unknown(spec: AgentSpec) -> str:
    return f"there is no adapter `{spec.adapter}`: it is echo, process, webhook, openclaw, or none"


def _url_fault(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"`{url}` is not an http or https URL"
    return "its URL holds a user or a password" if parts.username or parts.password else ""


def _gateway_fault(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        return f"`{url}` is not a ws or wss URL of a gateway"
    if parts.scheme == "ws" and parts.hostname not in _LOOPBACK:
        return f"`{url}` would carry the gateway's token in the clear: only wss leaves this machine"
    return "its URL holds a user or a password" if parts.username or parts.password else ""


def _secret_fault(secret: str) -> str:
    if len(secret) >= SECRET_MIN:
        return ""
    return f"the webhook adapter needs a secret of at least {SECRET_MIN} characters"
