"""Nodes in which errors are provoked, for all tests of this directory."""

from collections.abc import Iterator

import pytest

from tests.catalogue.place import Place, place


@pytest.fixture(scope="session")
def somewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two paired nodes, made once."""
    with place(tmp_path_factory.mktemp("place")) as found:
        yield found
