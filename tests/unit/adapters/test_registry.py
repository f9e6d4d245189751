"""What is said of a spec before an agent is kept, and which adapter it gets."""

import subprocess
import sys
from pathlib import Path
from typing import cast

import msgspec
import pytest

from gatepost.adapters.echo import EchoAdapter
from gatepost.adapters.process.adapter import ProcessAdapter
from gatepost.adapters.registry import build, check
from gatepost.adapters.site import Limits, Site
from gatepost.adapters.webhook.adapter import WebhookAdapter
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.ports import Desk

from .fakes import FakeClock, FakeDesk

SECRET = "sixteen characters"
GOOD = {
    "polls": AgentSpec(name="a"),
    "echo": AgentSpec(name="a", adapter="echo"),
    "process": AgentSpec(name="a", adapter="process", command=("sh", "-c", "true")),
    "webhook": AgentSpec(name="a", adapter="webhook", url="https://x.example/h", secret=SECRET),
}


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD)
def test_a_good_spec_has_nothing_wrong(spec: AgentSpec) -> None:
    check(spec, "/usr/bin:/bin")


@pytest.mark.parametrize(
    ("kind", "changes", "code", "words"),
    [
        ("polls", {"adapter": "pigeon"}, "usage.invalid", "pigeon"),
        ("polls", {"concurrent": 0}, "usage.invalid", "no run"),
        ("process", {"command": ()}, "usage.invalid", "command"),
        ("process", {"mode": "twice"}, "usage.invalid", "twice"),
        ("process", {"command": ("no-such-thing",)}, "adapter.no_command", "no-such-thing"),
        ("process", {"command": ("/etc/passwd",)}, "adapter.no_command", "/etc/passwd"),
        ("webhook", {"url": ""}, "usage.invalid", "URL"),
        ("webhook", {"url": "file:///etc/passwd"}, "usage.invalid", "URL"),
        ("webhook", {"url": "https://user:pass@x.example/"}, "usage.invalid", "password"),
        ("webhook", {"secret": ""}, "usage.invalid", "secret"),
        ("webhook", {"secret": "short"}, "usage.invalid", "16"),
    ],
)
def test_a_bad_spec_is_refused_in_words(
    kind: str, changes: dict[str, object], code: str, words: str
) -> None:
    with pytest.raises(GatepostError) as refused:
        check(msgspec.structs.replace(GOOD[kind], **changes), "/usr/bin:/bin")
    assert refused.value.code == code
    assert words in f"{refused.value.what} {refused.value.why}"
    assert SECRET not in str(refused.value)


def a_site(tmp_path: Path, **limits: int) -> Site:
    return Site(
        runs=tmp_path,
        boot="b",
        clock=FakeClock(),
        watch=cast("object", None),  # pyright: ignore[reportArgumentType]
        tasks=cast("object", None),  # pyright: ignore[reportArgumentType]
        environment={},
        socket="s",
        token_of=lambda agent: "t",
        limits=Limits(**limits),
    )


@pytest.mark.parametrize(
    ("kind", "adapter"),
    [
        ("polls", None),
        ("echo", EchoAdapter),
        ("process", ProcessAdapter),
        ("webhook", WebhookAdapter),
    ],
)
def test_each_kind_gets_its_adapter(tmp_path: Path, kind: str, adapter: type | None) -> None:
    built = build(GOOD[kind], cast(Desk, FakeDesk()), a_site(tmp_path))
    assert built is None if adapter is None else isinstance(built, adapter)


def test_an_adapter_of_another_version_is_an_error_and_not_a_polling_agent(tmp_path: Path) -> None:
    with pytest.raises(GatepostError, match="pigeon"):
        build(AgentSpec(name="a", adapter="pigeon"), cast(Desk, FakeDesk()), a_site(tmp_path))


def test_a_node_without_webhook_agents_never_loads_the_http_client() -> None:
    code = (
        "import sys, gatepost.adapters.registry, gatepost.adapters.process.adapter;"
        "sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
