"""Where to dial: an endpoint HOST:PORT as the addresses behind it.

A name is resolved once and the addresses found are what is dialled, so it cannot mean one thing
when checked and another when used. Addresses that are never one node (multicast, unspecified,
link-local with its metadata services) are not dialled whoever asks.
"""

import asyncio
import ipaddress
import socket

_ADDRESSES_MAX = 4


async def resolve(endpoint: str) -> list[tuple[str, int]]:
    """The addresses of HOST:PORT to try in order, at most four. Raises OSError without one."""
    host, _, port = endpoint.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        found = [str(ipaddress.ip_address(host))]
    except ValueError:
        found = await _look_up(host)
    allowed = [(address, int(port)) for address in found if is_dialable(address)]
    if not allowed:
        raise OSError(f"{host} is no address of a node")
    return allowed[:_ADDRESSES_MAX]


def is_dialable(address: str) -> bool:
    """False for addresses that are never one node's."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return not (ip.is_multicast or ip.is_unspecified or ip.is_link_local)


async def _look_up(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no host name") from error
    return list(dict.fromkeys(str(info[4][0]) for info in infos))
