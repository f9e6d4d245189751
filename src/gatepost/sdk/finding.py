"""Finding a node: which socket to speak to, and what to show there.

A run of the process adapter is told by its environment. Anybody else names a home directory (or
has the usual one) and an agent, whose token lies in it. Before a token is shown, the other end of
the socket must be this user's own process, or root's.
"""

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from gatepost.config import paths
from gatepost.config.sources import environment
from gatepost.errors import GatepostError

ROOT = 0
MOST = 8  # names that an error lists
_UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Place:
    """A socket and a token for it; `run` names the run this process is, if it is one."""

    socket: Path
    token: str = ""
    run: str = ""


def find_agent(
    home: str | Path | None, agent: str | None, at: str | Path | None, token: str | None
) -> Place:
    """Where an agent speaks. Raises `home.missing`, `agent.unknown`."""
    environ = environment()
    told = environ.get("GATEPOST_SOCKET", ""), environ.get("GATEPOST_TOKEN", "")
    if all(told) and home is None and agent is None and at is None and token is None:
        return Place(Path(told[0]), told[1], environ.get("GATEPOST_RUN", ""))
    if at is not None and token is not None:
        return Place(Path(at), token)
    layout = _layout(home)
    where = Path(at) if at is not None else layout.agent_socket
    return Place(where, token or _token(layout, agent))


def find_operator(home: str | Path | None, at: str | Path | None, token: str | None) -> Place:
    """Where the operator speaks. Raises `home.missing`."""
    where = Path(at) if at is not None else _layout(home).operator_socket
    return Place(where, token or "")


def reach(place: Place) -> socket.socket:
    """Connect to a node's socket.

    Raises `node.not_running`, and `call.foreign` when another user answers there.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(place.socket))
    except OSError as fault:
        connection.close()
        raise not_running(place, fault) from fault
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    _, uid, _ = _UCRED.unpack(credentials)
    if uid not in (os.getuid(), ROOT):
        connection.close()
        raise GatepostError("call.foreign", what=f"user {uid} answers at {place.socket}")
    connection.setblocking(False)
    return connection


def not_running(place: Place, fault: OSError | None = None) -> GatepostError:
    """The error for a node that does not answer."""
    why = f"nobody listens on {place.socket}"
    if fault is not None and not isinstance(fault, FileNotFoundError | ConnectionRefusedError):
        why = f"{place.socket}: {fault.strerror or fault}"
    return GatepostError("node.not_running", why=why)


def no_text(fault: UnicodeEncodeError) -> GatepostError:
    """The error for words that are no text, such as half a pair of surrogates."""
    return GatepostError("usage.invalid", what="a text cannot be written", why=str(fault))


def _layout(home: str | Path | None) -> paths.Layout:
    layout = paths.layout(paths.select_home(str(home or ""), environment()))
    if not layout.config.exists():
        raise GatepostError("home.missing", what=f"there is no node in {layout.home}")
    return layout


def _token(layout: paths.Layout, agent: str | None) -> str:
    names = sorted(path.name for path in layout.tokens.glob("*") if path.is_file())
    if agent is None and not names:
        why = "`gatepost agents add NAME` makes one"
        raise GatepostError("agent.unknown", what="this node has no agents", why=why)
    name = agent or names[0]
    if name not in names:
        some = ", ".join(names[:MOST]) + (", …" if len(names) > MOST else "")
        raise GatepostError(
            "agent.unknown",
            what=f"there is no agent `{name}`",
            why=f"known: {some or 'none'}",
            agent=name,
            known=" ".join(names),
        )
    return (layout.tokens / name).read_text().strip()
