"""The public face is small, and everything it names is there."""

import gatepost


def test_every_public_name_can_be_imported() -> None:
    assert [name for name in gatepost.__all__ if not hasattr(gatepost, name)] == []


def test_the_public_face_stays_small() -> None:
    assert 1 <= len(gatepost.__all__) <= 12


def test_the_public_names_are_listed_once() -> None:
    assert len(gatepost.__all__) == len(set(gatepost.__all__))
