"""One request to a called agent, and what its answer means.

Only the configured URL is called: no redirect is followed, no proxy is taken from the environment,
no cookie is kept, and of an answer nothing but its status is used. aiohttp is imported when the
first webhook agent starts, because it costs time and memory.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import aiohttp

_NOT_NOW = frozenset({408, 425, 429})
_BODY_READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`taken` (2xx), `not_now` (asked again) or `refused` (never asked again), and why."""

    meaning: Literal["taken", "not_now", "refused"]
    why: str


class Poster:
    """Posts to one URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes, headers: dict[str, str], seconds: float) -> Answer:
        """Make one request, which may take so many seconds."""
        import aiohttp

        session = self._open()
        try:
            async with session.post(
                self._url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                await response.content.read(_BODY_READ)
                return _answer(response.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            return Answer("not_now", f"no answer: {error or type(error).__name__}")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


def _answer(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer("taken", "")
    if status in _NOT_NOW or status >= 500:
        return Answer("not_now", f"it answered {status}")
    moved = " (redirects are not followed)" if 300 <= status < 400 else ""
    return Answer("refused", f"it answered {status}{moved}")
