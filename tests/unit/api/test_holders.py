"""Who held a mailbox last, across restarts."""

import pytest

from gatepost.api.http.holders import Holders
from gatepost.errors import GatepostError


def nothing() -> None:
    pass


def test_only_the_last_holder_is_sole(tmp_path):
    holders = Holders()
    holders.keep_in(tmp_path / "holders.json")
    assert holders.claimed("main", "one", nothing) is False
    assert holders.claimed("main", "one", nothing) is True
    assert holders.claimed("helper", "one", nothing) is False
    assert holders.claimed("main", "two", nothing) is False
    assert holders.claimed("main", "one", nothing) is False


def test_it_is_known_after_any_number_of_restarts(tmp_path):
    for expected in (False, True, True):
        holders = Holders()
        holders.keep_in(tmp_path / "holders.json")
        assert holders.claimed("main", "one", nothing) is expected


def test_polling_makes_nobody_sole(tmp_path):
    holders = Holders()
    holders.claimed("main", "one", nothing)
    holders.polled("main")
    assert holders.claimed("main", "one", nothing) is False


def test_a_client_without_a_name_is_never_sole():
    holders = Holders()
    assert [holders.claimed("main", "", nothing) for _ in range(2)] == [False, False]


def test_a_file_that_cannot_be_read_makes_nobody_sole(tmp_path):
    (tmp_path / "holders.json").write_text("{")
    holders = Holders()
    holders.keep_in(tmp_path / "holders.json")
    assert holders.claimed("main", "one", nothing) is False


def test_a_claim_that_cannot_be_noted_is_refused_and_leaves_the_last_holder(tmp_path):
    holders = Holders()
    holders.keep_in(tmp_path / "gone" / "holders.json")
    with pytest.raises(GatepostError) as caught:
        holders.claimed("main", "one", nothing)
    assert caught.value.code == "home.unwritable"
    (tmp_path / "gone").mkdir()
    assert holders.claimed("main", "one", nothing) is False


def test_only_the_same_client_takes_over(tmp_path):
    gone: list[str] = []
    holders = Holders()
    holders.claimed("main", "one", lambda: gone.append("one"))
    holders.take_over("main", "two")
    holders.take_over("main", "")
    assert gone == []
    holders.take_over("main", "one")
    holders.take_over("main", "one")
    assert gone == ["one"]
