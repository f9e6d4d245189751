"""Every test has a printed seed, golden files, and no network beyond loopback."""

import ipaddress
import os
import random
import signal
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

CI = bool(os.environ.get("CI"))
CI_SEED = 1  # the same worlds at every run; other seeds are explored at home, and printed
GOLDEN = Path(__file__).parent / "golden"

settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, database=None)


class UnexpectedNetwork(AssertionError):
    """A test reached for the network. No OSError, because product code may catch those."""


def _loopback(host: object) -> bool:
    if host in (None, "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, args: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not _loopback(address[0]):
            raise UnexpectedNetwork(f"{event} {address}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _loopback(args[0]):
        raise UnexpectedNetwork(f"{event} {args[0]}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="repeat a run with this seed")
    parser.addoption("--golden", action="store_true", help="write the golden files anew")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        config.option.seed = CI_SEED if CI else random.SystemRandom().randrange(1, 2**31)
    config.option.hypothesis_seed = config.option.hypothesis_seed or str(config.option.seed)
    settings.load_profile("ci" if CI else "dev")
    sys.addaudithook(_guard)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what runs in the background deaf to Ctrl-C, and so would be all it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    terminalreporter.write_line(f"seed {config.option.seed} (repeat with --seed)")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed of this test's own, the same for the same `--seed`."""
    return zlib.crc32(f"{request.config.option.seed} {request.node.nodeid}".encode())


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with `tests/golden/NAME`, or write it there under `--golden`."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.option.golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{name} differs; see `make golden`"

    return check
