"""Dialling: one attempt after the other over a peer's endpoints, until one answers.

Each endpoint, and each address behind it, gets the same bounded time for everything from TCP to the
end of hello. The first that succeeds ends the dial; otherwise the failure that tells most is told:
that another node answers, then that the peer refuses, then that nobody is there. There is no proxy
and no redirect: what is dialled is what was given.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from gatepost.transports.attempt import Attempt, Failure
from gatepost.transports.endpoint import resolve

_TELLING: Final = ("peer.unreachable", "peer.refused", "invitation.invalid", "peer.wrong_node")


async def reach(
    endpoints: Sequence[str], make: Callable[[], Attempt], seconds: float
) -> Failure | None:
    """Try the endpoints in order with a fresh attempt each. None when one succeeded."""
    worst = Failure("peer.unreachable", "no endpoint of it is known")
    told: list[str] = []
    for endpoint in endpoints:
        failure = await _try(endpoint, make, seconds)
        if failure is None or failure.final:
            return failure
        told.append(f"{endpoint}: {failure.why}")
        if _TELLING.index(failure.code) >= _TELLING.index(worst.code):
            worst = failure
    return Failure(worst.code, "; ".join(told)) if told else worst


async def _try(endpoint: str, make: Callable[[], Attempt], seconds: float) -> Failure | None:
    """All addresses of one endpoint."""
    failure = Failure("peer.unreachable", "it has no address")
    try:
        addresses = await asyncio.wait_for(resolve(endpoint), seconds)
    except TimeoutError:
        return Failure("peer.unreachable", "its name was not resolved in time")
    except OSError as error:
        return Failure("peer.unreachable", error.strerror or str(error))
    for host, port in addresses:
        found = await _call(host, port, make(), seconds)
        if found is None or found.final:
            return found
        failure = found
    return failure


async def _call(host: str, port: int, attempt: Attempt, seconds: float) -> Failure | None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            await loop.create_connection(lambda: attempt.channel, host, port)
            return await attempt.outcome
    except TimeoutError:
        return Failure("peer.unreachable", f"no answer within {seconds:g} s")
    except OSError as error:
        return Failure("peer.unreachable", error.strerror or str(error))
    finally:
        attempt.give_up()
