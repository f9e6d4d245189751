"""Settings over the local API: for the operator alone, and also while the node cannot run."""

import asyncio
import json
from pathlib import Path

import pytest

from gatepost.errors import GatepostError
from gatepost.node.configbook import ConfigBook
from gatepost.node.inside import Broken
from tests.unit.api.fake_node import FakeNode
from tests.unit.api.served import Served, served
from tests.unit.config.homes import new_home


def run(scene) -> None:
    asyncio.run(scene())


@pytest.fixture
def node(tmp_path: Path) -> FakeNode:
    made = FakeNode()
    made.config = ConfigBook(new_home(tmp_path), {})
    return made


async def change(api: Served, changes: object, base: str = ""):
    return await api.operator("POST", "/v1/config", {"changes": changes, "base": base})


def test_settings_are_read_changed_and_taken_back(tmp_path: Path, node: FakeNode):
    async def scene():
        async with served(tmp_path, node) as api:
            seen = (await api.operator("GET", "/v1/config")).body
            assert seen["file"] == "gatepost.toml" and seen["restart"] == []
            rows = {row["key"]: row for row in seen["settings"]}
            assert rows["delivery.expires"]["origin"] == "default"
            done = (await change(api, {"delivery.expires": "5h", "name": "lab"}, seen["hash"])).body
            assert {one["key"]: one["takes"] for one in done["settings"]} == {
                "name": "restart",
                "delivery.expires": "live",
            }
            assert done["undo"] == "gatepost config undo"
            again = (await api.operator("GET", "/v1/config")).body
            assert again["hash"] == done["hash"] and again["restart"] == ["name"]
            back = (await api.operator("POST", "/v1/config/undo", {})).body
            assert back["hash"] == seen["hash"]

    run(scene)


@pytest.mark.parametrize(
    ("changes", "base", "code"),
    [
        ({"delivery.expires": "5"}, "", "config.invalid"),
        ({"delivry.expires": "5h"}, "", "config.unknown_key"),
        ({"delivery.expires": True}, "", "usage.invalid"),
        ({"delivery.expires": 1.5}, "", "usage.invalid"),
        ({"delivery.expires": ["5h"]}, "", "usage.invalid"),
        ({"delivery": {"expires": "5h"}}, "", "usage.invalid"),
        ([], "", "usage.invalid"),
        ({"delivery.expires": "5h"}, "0" * 64, "config.stale"),
        ({"delivery.expires": "5h"}, "xyz", "usage.invalid"),
        ({"listen": "\ud800:1"}, "", "usage.invalid"),
        ({"listen": 10**40}, "", "config.invalid"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(
    tmp_path: Path, node: FakeNode, changes: object, base: str, code: str
):
    config = tmp_path / "home" / "gatepost.toml"
    before = config.read_bytes()

    async def scene():
        async with served(tmp_path, node) as api:
            answer = await change(api, changes, base)
            assert 400 <= answer.status < 500
            assert answer.code == code

    run(scene)
    assert config.read_bytes() == before


def test_agents_reach_no_setting(tmp_path: Path, node: FakeNode):
    async def scene():
        async with served(tmp_path, node) as api:
            for method, path in (
                ("GET", "/v1/config"),
                ("POST", "/v1/config"),
                ("POST", "/v1/config/undo"),
                ("POST", "/v1/messages/prune"),
            ):
                body = None if method == "GET" else {"changes": {"name": "x"}}
                assert (await api.agent(method, path, body)).status in (404, 405)

    run(scene)


def test_settings_can_be_mended_while_the_node_cannot_run(tmp_path: Path):
    book = ConfigBook(new_home(tmp_path), {})

    async def scene():
        async with served(tmp_path, Broken(GatepostError("store.full"), book)) as api:
            status = await api.operator("GET", "/v1/status")
            assert (status.status, status.code) == (507, "store.full")
            assert (await change(api, {"store.keep_free": "1MiB"})).status == 200
            assert json.loads((await api.operator("GET", "/v1/config")).raw)["fault"] == ""

    run(scene)
    assert book.settings.store.keep_free == 1024 * 1024
