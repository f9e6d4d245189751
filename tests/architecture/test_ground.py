"""What the tests stand on does what it says: the network guard and the seed."""

import random
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

OUTSIDE = "192.0.2.1"  # reserved for documents; nobody answers there


def test_a_test_that_connects_beyond_loopback_fails() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match=r"socket\.connect"):
        sock.connect((OUTSIDE, 9))


def test_a_test_that_listens_beyond_loopback_fails() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match=r"socket\.bind"):
        sock.bind(("0.0.0.0", 0))


def test_a_test_that_asks_for_a_name_beyond_loopback_fails() -> None:
    with pytest.raises(AssertionError, match=r"socket\.getaddrinfo"):
        socket.getaddrinfo("lab.example", 7443)


def test_loopback_is_open_to_tests() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=5) as client:
            assert client.getpeername() == server.getsockname()


def test_a_seed_belongs_to_one_test_and_one_session(
    seed: int, request: pytest.FixtureRequest
) -> None:
    assert seed != request.config.option.seed
    assert random.Random(seed).random() == random.Random(seed).random()


def test_hypothesis_draws_from_the_printed_seed(request: pytest.FixtureRequest) -> None:
    def draw() -> list[int]:
        drawn: list[int] = []

        @settings(max_examples=5, database=None)
        @given(st.integers())
        def one(n: int) -> None:
            drawn.append(n)

        one()
        return drawn

    assert request.config.option.hypothesis_seed == str(request.config.option.seed)
    assert draw() == draw()
