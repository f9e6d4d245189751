"""The addresses a node's record names: where peers and invitations say that it can be reached."""

import ipaddress


def announced(listen: str, advertise: str) -> tuple[str, ...]:
    """`advertise`, else `listen` unless nobody can dial that; HOST:PORT each."""
    if advertise:
        return (advertise,)
    host = listen.rpartition(":")[0].strip("[]")
    return (listen,) if host and not _everywhere(host) else ()


def _everywhere(host: str) -> bool:
    """Whether this is the address of every interface, which nobody can dial."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
