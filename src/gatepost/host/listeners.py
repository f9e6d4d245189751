"""Who has a TCP port of this machine: the kernel's table of listeners, and the process behind one.

Where there is no such table, binding the address for a moment tells at least whether it is taken.
"""

import ipaddress
import os
import socket
from pathlib import Path

from gatepost.core.machine import Listener
from gatepost.host.processes import Processes

_LISTENING = "0A"
_TABLES = ("tcp", "tcp6")


def listener(address: str, processes: Processes) -> Listener:
    """Who listens on HOST:PORT, or on its port for every address."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    tables = [processes.proc / "net" / table for table in _TABLES]
    if not any(table.exists() for table in tables):
        return Listener(taken=_bound(host, int(port)))
    inodes = {
        inode for table in tables for inode in _listening(table, int(port), _address_of(host))
    }
    if not inodes:
        return Listener(taken=False)
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for pid in (os.getpid(), *processes.all()):
        if any(what in sockets for what in processes.opened(pid)):
            return Listener(True, pid, processes.name(pid))
    return Listener(taken=True)


def _listening(table: Path, port: int, host: str) -> list[str]:
    try:
        rows = table.read_text().splitlines()[1:]
    except OSError:
        return []
    found: list[str] = []
    for row in rows:
        fields = row.split()
        where, _, at = fields[1].rpartition(":")
        if fields[3] != _LISTENING or int(at, 16) != port:
            continue
        told = _address(where)
        if told.is_unspecified or not host or told == _plain(ipaddress.ip_address(host)):
            found.append(fields[9])
    return found


def _address_of(host: str) -> str:
    """The address to compare with; "" when any listener on the port stands in the way."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return "" if ipaddress.ip_address(host).is_unspecified else host
    except ValueError:
        return ""  # a name: what it resolves to is not looked up


def _address(hex_words: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address of the table: 32-bit words, each in the byte order of the machine."""
    words = [bytes.fromhex(hex_words[at : at + 8])[::-1] for at in range(0, len(hex_words), 8)]
    return _plain(ipaddress.ip_address(b"".join(words)))


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _bound(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
