"""Lives: who is restarted, who was restored, who is a copy, and who must stop."""

import pytest
from msgspec.structs import replace

from gatepost.core.control import Ack, Control, Have, Life
from gatepost.core.journal.contact import Standing, doubt, standing, takes_entries
from tests.unit.core.journal.wire import LATER, LIFE, START, Pair

ME = Life(3, 7, "cc" * 16)
NEVER = Life(3, 7, "dd" * 16)


def said(pair: Pair, **changes: object) -> Control:
    """What a healthy peer says: it goes by my life and has acked nothing."""
    control = Control(
        life=LIFE,
        committed=pair.into.committed,
        have=Have(0, START.hex()),
        ack=Ack(ME.era, 0, START.hex()),
        limit=1024,
        seen=ME,
    )
    return replace(control, **changes)


def in_doubt(pair: Pair, **changes: object) -> str:
    return doubt(ME, said(pair, **changes), pair.out, pair.into)


def stands(pair: Pair, **changes: object) -> Standing:
    return standing(said(pair, **changes), pair.into, pair.out.out)


def test_a_healthy_peer_raises_no_doubt() -> None:
    assert in_doubt(Pair()) == ""


@pytest.mark.parametrize("life", [Life(3, 8, "ee" * 16), Life(4, 1, "ee" * 16)])
def test_a_peer_that_has_seen_a_newer_life_of_mine_stops_me(life: Life) -> None:
    assert in_doubt(Pair(), seen=life) == "superseded"


def test_a_peer_that_refuses_my_life_stops_me() -> None:
    assert in_doubt(Pair(), fork=ME) == "fork"
    assert in_doubt(Pair(), fork=Life(3, 6, "ee" * 16)) == ""


def test_an_ack_beyond_my_last_slot_says_i_am_behind() -> None:
    assert in_doubt(Pair(), ack=Ack(ME.era, 1, "11" * 32)) == "behind"


def test_an_ack_with_another_chain_says_i_am_behind() -> None:
    pair = Pair()
    pair.give()
    assert in_doubt(pair, ack=Ack(ME.era, 1, "11" * 32)) == "behind"
    assert in_doubt(pair, ack=Ack(ME.era, 1, pair.out.slots[1].h.hex())) == ""


def test_a_peer_that_was_acked_more_than_i_have_says_i_am_behind() -> None:
    assert in_doubt(Pair(), have=Have(1, "11" * 32)) == "behind"


def test_acks_of_another_era_say_nothing() -> None:
    assert in_doubt(Pair(), ack=Ack(2, 99, "11" * 32)) == ""
    assert in_doubt(Pair(), seen=Life(2, 9, "ee" * 16), ack=Ack(2, 99, "11" * 32)) == ""
    assert in_doubt(Pair(), seen=None, ack=Ack(3, 99, "11" * 32)) == ""


@pytest.mark.requirement("J10")
def test_my_own_doubt_comes_before_any_judgement_on_the_peer() -> None:
    pair = Pair()
    twin = Life(LIFE.era, LIFE.boot, "ff" * 16)
    behind = Ack(ME.era, 5, "11" * 32)
    assert in_doubt(pair, life=twin, ack=behind) == "behind"
    assert stands(pair, life=twin) is Standing.twin


def test_lives_are_ordered_by_era_and_then_by_boot() -> None:
    pair = Pair()
    assert stands(pair) is Standing.current
    assert stands(pair, life=LATER) is Standing.newer
    assert stands(pair, life=Life(0, 0, "aa" * 16)) is Standing.older
    assert stands(pair, life=Life(1, 1, "aa" * 16)) is Standing.other_era
    pair.into.life = Life(2, 1, "aa" * 16)
    assert stands(pair, life=Life(1, 9, "aa" * 16)) is Standing.older


def test_a_peer_never_met_is_taken_as_it_is() -> None:
    pair = Pair()
    pair.into.life = None
    assert stands(pair) is Standing.first


@pytest.mark.requirement("J11")
def test_one_boot_with_two_nonces_is_a_copy() -> None:
    assert stands(Pair(), life=Life(LIFE.era, LIFE.boot, "ff" * 16)) is Standing.twin


def test_a_newer_boot_that_knows_less_than_its_last_life_is_a_copy() -> None:
    pair = Pair()
    pair.give()
    sent = pair.send()
    assert sent is not None
    pair.deliver(sent)
    assert stands(pair, life=LATER, committed=1) is Standing.newer
    assert stands(pair, life=LATER, committed=0) is Standing.twin
    pair.ack()
    assert stands(pair, life=LATER, committed=1) is Standing.twin


def test_a_life_once_refused_stays_refused() -> None:
    pair = Pair()
    pair.into.fork = LATER
    assert stands(pair, life=LATER) is Standing.refused
    assert stands(pair) is Standing.current


@pytest.mark.requirement("J13")
def test_a_live_frame_must_quote_this_very_life_and_a_carried_one_its_era() -> None:
    pair = Pair()
    earlier = Life(ME.era, ME.boot - 1, "ee" * 16)
    assert takes_entries(ME, said(pair))
    assert not takes_entries(ME, said(pair, seen=earlier))
    assert not takes_entries(ME, said(pair, seen=NEVER))
    assert not takes_entries(ME, said(pair, seen=None))
    assert takes_entries(ME, said(pair, seen=earlier, carried=True))
    assert not takes_entries(ME, said(pair, seen=Life(2, 9, "ee" * 16), carried=True))
