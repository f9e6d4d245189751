import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core.address import NAME
from gatepost.core.likeness import alike

NAMES = st.from_regex(NAME, fullmatch=True)


@pytest.mark.requirement("T18")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lab", "1ab"),
        ("lab", "iab"),
        ("office", "0ffice"),
        ("modern", "modem"),
        ("work-shop", "workshop"),
        ("work.shop", "work-shop"),
        ("vvork", "work"),
        ("desk5", "desks"),
        ("alice", "alcie"),
        ("alice", "alic"),
        ("alice", "alices"),
        ("alice", "alixe"),
        ("cellar", "ceilar"),
    ],
)
def test_names_that_people_take_for_each_other_are_alike(one: str, other: str) -> None:
    assert alike(one, (other, "somewhere-else")) == (other,)
    assert alike(other, (one,)) == (one,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lab", "home"),
        ("lab-1", "lab-2"),
        ("node07", "node08"),
        ("node9", "node10"),
        ("cat", "car"),
        ("office", "offshore"),
        ("alice", "bob"),
    ],
)
def test_names_that_only_count_or_differ_plainly_are_not(one: str, other: str) -> None:
    assert alike(one, (other,)) == ()
    assert alike(other, (one,)) == ()


def test_a_name_is_not_told_of_itself() -> None:
    assert alike("lab", ("lab",)) == ()


@given(NAMES, NAMES)
def test_likeness_goes_both_ways(one: str, other: str) -> None:
    assert bool(alike(one, (other,))) == bool(alike(other, (one,)))


@given(NAMES, st.integers(0, 70))
def test_one_letter_left_out_of_a_long_name_is_always_told(name: str, at: int) -> None:
    cut = name[: at % len(name)] + name[at % len(name) + 1 :]
    if len(cut) < 4 or cut == name or name[-1].isdigit() or cut[-1].isdigit():
        return
    assert alike(cut, (name,)) == (name,)
