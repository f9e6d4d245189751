"""A terminal at a node that is not there."""

import pytest

from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Terminal


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, node: FakeNode) -> Terminal:
    return Terminal(monkeypatch, node)
