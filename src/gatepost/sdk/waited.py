"""How a call without `await` is made of one with it: the same name, arguments and result.

    class BlockingClient(Waited[Client]):
        send = waited(Client.send)
        watch = each(Client.watch)

`waited` and `each` keep the signature, for people (`help`), for type checkers and for `inspect`.
Nothing is said twice: what a call does stands at the asynchronous one.
"""

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from gatepost.sdk.portal import Portal

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Client = TypeVar("_Client", bound=AbstractAsyncContextManager[object])


class Waited(Generic[_Client]):
    """A client in a portal: a context manager that opens both."""

    def __init__(self, client: _Client) -> None:
        self.client = client
        self.portal = Portal()

    def __enter__(self) -> Self:
        """Start the thread and connect. Raises what connecting raises."""
        self.portal.open(self.client)
        return self

    def __exit__(self, *exc: object) -> None:
        """Close, and end the thread."""
        self.portal.close()


def waited(
    call: Callable[Concatenate[_Client, _P], Coroutine[Any, Any, _T]],
) -> Callable[Concatenate[Waited[_Client], _P], _T]:
    """The same call, which returns when it is done."""

    @functools.wraps(call)
    def wait(self: Waited[_Client], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return self.portal.call(call(self.client, *args, **kwargs))

    return wait


def each(
    call: Callable[Concatenate[_Client, _P], AsyncGenerator[_T, None]],
) -> Callable[Concatenate[Waited[_Client], _P], Iterator[_T]]:
    """The same items, each waited for."""

    @functools.wraps(call)
    def items(self: Waited[_Client], *args: _P.args, **kwargs: _P.kwargs) -> Iterator[_T]:
        return self.portal.each(call(self.client, *args, **kwargs))

    return items
