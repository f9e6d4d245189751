import fnmatch
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy.patterns import Party, Pattern, common, glob, parse_pattern, shell
from tests.unit.policy.cases import HERE, HOME, MAIN, WORK


def test_a_bare_pattern_is_of_this_node_only():
    assert parse_pattern("*").matches(Party("bob"))
    assert not parse_pattern("*").matches(MAIN)


def test_a_star_for_the_node_is_any_peer_and_never_this_node():
    assert parse_pattern("*@*").matches(MAIN)
    assert parse_pattern("*@*").matches(Party("x", "", "not-yet-paired"))
    assert not parse_pattern("*@*").matches(Party("bob"))


def test_a_peer_is_named_by_alias_or_by_id():
    assert parse_pattern("main@home").matches(MAIN)
    assert parse_pattern(f"main@{HOME}").matches(MAIN)
    assert not parse_pattern("main@work").matches(MAIN)
    assert not parse_pattern(f"main@{WORK}").matches(MAIN)


def test_an_alias_that_looks_like_a_node_id_inherits_nothing():
    assert not parse_pattern(f"*@{HOME}").matches(Party("main", WORK, HOME))


def test_the_own_name_and_id_of_a_node_mean_this_node():
    own = {"lab", HERE}
    assert parse_pattern("bob@lab", own) == Pattern("bob")
    assert parse_pattern(f"bob@{HERE}", own).matches(Party("bob"))


def test_an_empty_agent_as_of_a_ping_is_matched_by_a_star_alone():
    node = Party("", HOME, "home")
    assert parse_pattern("*@home").matches(node)
    assert not parse_pattern("main@home").matches(node)
    assert str(node) == "*@home"


@pytest.mark.parametrize(
    "text", ["", "@home", "Main", "a b", "main@", "main@HOME", "a" * 65, "a@b@c"]
)
def test_what_is_no_pattern_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        parse_pattern(text)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_glob_matches_what_the_shell_would(pattern: str, name: str):
    assert glob(pattern, name) == fnmatch.fnmatchcase(name, pattern)


def test_a_glob_made_to_be_slow_is_not():
    assert not glob("*a" * 32, "a" * 31 + "b" * 33)


def test_words_with_a_star_are_quoted_for_the_shell():
    assert shell("*@home") == "'*@home'"
    assert shell("main@home") == "main@home"


NAMES = ["".join(letters) for n in range(5) for letters in itertools.product("ab", repeat=n)]


@given(st.text("ab*", max_size=4), st.text("ab*", max_size=4))
def test_two_globs_have_a_name_in_common_when_one_matches_both(one: str, other: str):
    name = common(one, other)
    if name is None:
        assert not any(glob(one, name) and glob(other, name) for name in NAMES)
    else:
        assert glob(one, name)
        assert glob(other, name)


def test_a_former_name_still_is_a_name_of_its_node():
    renamed = Party("main", HOME, "home", former=("old",))
    assert parse_pattern("main@old").matches(renamed)
    assert parse_pattern("*@home").matches(renamed)
