"""One scene of two real nodes for the tests of this directory that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.process.scene import Scene, scene


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two paired nodes; a test takes agents of its own and stops or blocks nothing."""
    with scene(tmp_path_factory.mktemp("scene")) as one:
        yield one
